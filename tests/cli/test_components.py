"""Components as a user keeps them: one definition for all types, from register to delete."""

from __future__ import annotations

import yaml

from tests.cli.shell import PROGRAMS, Shell
from tests.cli.terminal import on_terminal


def test_a_component_from_register_to_delete(shell: Shell) -> None:
    """Given a registered component, each command changes what it says and nothing else, and names what comes next."""
    shell.write("where.txt", "stores/first\n")
    registered = shell.do(
        "artifact-store", "register", "first", "--flavor=local", "--path=@where.txt", "--label", "team=vision"
    )
    assert registered.out == "Artifact store 'first' registered.\n"
    assert "stackyard stack register NAME --artifact-store first --orchestrator default" in registered.err
    before = shell.json("artifact-store", "describe", "first")
    assert before["configuration"] == {"path": str(shell.folder / "stores/first")}
    assert before["labels"] == {"team": "vision"}

    shell.do("artifact_store", "update", before["id"][:20], "--path", "stores/second", "--label", "stage=test")
    shell.do("artifact-store", "remove-attribute", "first", "--label", "team")
    shell.do("artifact-store", "rename", "first", "renamed")
    copied = shell.do("artifact-store", "copy", "renamed", "copied")
    path = str(shell.folder / "stores/second")
    assert f"Both use the same path: {path}" in copied.err
    described = shell.do("artifact-store", "describe", "renamed").out
    for part in ("Artifact store renamed", f"path         {path}", "Label stage  test", "no stack", before["id"]):
        assert part in described
    assert "team" not in described

    refused = shell.stackyard("artifact-store", "delete", "copied")
    assert refused.code == 2
    assert "--yes" in refused.err
    deleted = shell.do("artifact-store", "delete", "copied", "--yes")
    assert deleted.out == "Artifact store 'copied' deleted.\n"
    assert path in deleted.err
    left = shell.json("artifact-store", "list")["items"]
    assert [(v["name"], v["id"]) for v in left if v["name"] != "default"] == [("renamed", before["id"])]


def test_deleting_on_a_terminal_asks(shell: Shell) -> None:
    """Given a terminal, deletion happens after a yes and not after a no; what is in use is refused unasked."""
    shell.do("alerter", "register", "hook", "-f", "webhook", "--url=http://localhost:9/x")
    words = [str(PROGRAMS / "stackyard"), "alerter", "delete", "hook"]
    before = shell.snapshot()
    code, text = on_terminal(words, shell.folder, shell.environment(), typed="n\n")
    assert (code, "Delete the alerter 'hook'? [y/N]" in text) == (130, True)
    assert shell.snapshot() == before
    code, text = on_terminal(words, shell.folder, shell.environment(), typed="y\n")
    assert (code, "Alerter 'hook' deleted." in text) == (0, True)
    code, text = on_terminal(
        [*words[:1], "orchestrator", "delete", "default"], shell.folder, shell.environment(), typed="y\n"
    )
    assert (code, "[y/N]" in text) == (5, False)


def test_the_active_stacks_component(shell: Shell) -> None:
    """Given an active stack, `get`, and `describe` without a name, show its component, or how to come to one."""
    assert "'default' has the artifact store 'default' (flavor local)" in shell.do("artifact-store", "get").out
    assert shell.json("orchestrator", "describe")["name"] == "default"
    missing = shell.stackyard("alerter", "get")
    assert missing.code == 4
    assert "The active stack 'default' has no alerter." in missing.err
    assert "stackyard stack register NAME -o default -a default --alerter" in missing.err


def test_a_type_without_a_flavor_says_how_to_add_one(shell: Shell) -> None:
    """Given a type that nothing implements yet, its commands name the two ways to a flavor."""
    command = "stackyard annotator flavor register MODULE:ATTRIBUTE"
    for words, code in (
        (("list",), 0),
        (("flavor", "list"), 0),
        (("flavor", "--list"), 0),
        (("explain",), 0),
        (("register", "mine", "--flavor=labels"), 3),
        (("register", "--help"), 0),
    ):
        result = shell.stackyard("annotator", *words)
        assert result.code == code, result
        assert command in " ".join(result.text.split()), result
        assert (not result.out) == (words[-1] in ("list", "--list", "--flavor=labels")), result
    assert not shell.snapshot()


def test_flavors_tell_their_attributes(shell: Shell) -> None:
    """Given a flavor, the help of register and the flavor's description name each attribute, its type and default."""
    for words in (("register", "--help"), ("flavor", "describe", "webhook")):
        text = " ".join(shell.do("alerter", *words).out.split())
        for part in ("--url", "(string, required) Where to post", "--retries", "(integer, default 1)"):
            assert part in text
    assert [v["name"] for v in shell.json("artifact-store", "flavor", "list")["items"]] == ["local"]
    assert "Keeps artifacts in a folder" in shell.do("artifact-store", "flavor", "--list").out


def test_a_secret_is_shown_as_a_reference(shell: Shell) -> None:
    """Given a component that refers to a secret, its description has the reference and never the value."""
    shell.do("alerter", "register", "hook", "-f", "webhook", "--url={{hook.url}}")
    value = "http://localhost/s3cr3t-path"
    as_yaml = ("describe", "hook", "--output", "yaml")
    for words in (("describe", "hook"), ("describe", "hook", "--json"), as_yaml, ("list", "--output", "yaml")):
        shown = shell.do("alerter", *words, STACKYARD_SECRET__HOOK__URL=value)
        assert "{{hook.url}}" in shown.out
        assert value not in shown.text


def test_descriptions_come_as_yaml_too(shell: Shell) -> None:
    """Given one of each kind of thing, its description as YAML holds what the one as JSON holds."""
    shell.do("secret", "create", "hook", "--values", '{"url": "http://localhost/"}')
    for words in ("stack describe", "orchestrator describe", "alerter flavor describe webhook", "secret describe hook"):
        printed = shell.do(*words.split(), "--output", "yaml").out
        assert not printed.startswith("{")
        assert yaml.safe_load(printed) == shell.json(*words.split()), words


def test_what_zenml_calls_otherwise(shell: Shell) -> None:
    """Given the spellings that ZenML's users have in their fingers, the commands do the same."""
    created = shell.do("secret", "create", "db", "--values", '{"user": "somebody", "password": "made-up"}')
    assert created.code == 0
    assert "keys: password." in shell.do("secret", "update", "db", "--remove-keys", "user").out.lower()
    shell.do("secret", "rename", "db", "--new-name", "base")
    shell.do("orchestrator", "register", "mine", "-f", "local", "-l", "team=x")
    shell.do("orchestrator", "update", "mine", "-l", "for=tests")
    shell.do("orchestrator", "remove-attribute", "mine", "-l", "team")
    mine = shell.json("orchestrator", "list", "--user", shell.json("orchestrator", "describe", "mine")["owner"])
    assert [(view["name"], view["labels"]) for view in mine["items"]] == [("mine", {"for": "tests"})]


def test_a_secret_that_is_not_there_yet(shell: Shell) -> None:
    """Given a reference that leads nowhere, the component is registered, and stderr says what is missing."""
    early = shell.do("alerter", "register", "hook", "-f", "webhook", "--url={{chat.url}}")
    assert "Give it a value with: stackyard secret create chat --url=-" in early.err
    shell.do("secret", "create", "chat", "--other=something")
    later = shell.do("alerter", "update", "hook", "--retries=2")
    assert "Give it a value with: stackyard secret update chat --url=-" in later.err
