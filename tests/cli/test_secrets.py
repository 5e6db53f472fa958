"""`stackyard secret`: every way to give a value, and no way to see one but by its key."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.cli.shell import PROGRAMS, Result, Shell
from tests.cli.test_bad_input import refused, unchanged

USER, PASSWORD = "some-user-name", "hunter2-hunter2"


def with_input(shell: Shell, text: str, *arguments: str) -> Result:
    done = subprocess.run(
        [str(PROGRAMS / "stackyard"), *arguments],
        cwd=shell.folder, env=shell.environment(), input=text, capture_output=True, encoding="utf-8", timeout=300,
    )  # fmt: skip
    return Result(" ".join(arguments), done.returncode, done.stdout, done.stderr)


def at_a_terminal(shell: Shell, typed: list[tuple[str, str]], *arguments: str) -> tuple[int, str]:
    """Run a command in a terminal; type each text once what comes before it is on the screen.

    The blank behind a hidden question comes when all that was typed before is thrown away; what precedes it, earlier.
    """
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [str(PROGRAMS / "stackyard"), *arguments],
        cwd=shell.folder, env=shell.environment(), stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    screen = b""

    def look() -> bool:
        nonlocal screen
        try:
            part = os.read(master, 4096)
        except OSError:  # the other end is closed
            part = b""
        screen += part
        return bool(part)

    seen = 0
    for prompt, text in typed:
        while prompt.encode() not in screen[seen:]:
            assert look(), screen.decode()
        seen = len(screen)
        os.write(master, text.encode() + b"\n")
    while look():
        pass
    os.close(master)
    return process.wait(timeout=180), screen.decode()


@pytest.fixture
def created(shell: Shell) -> Shell:
    shell.do("secret", "create", "db", f"--user={USER}", f"--password={PASSWORD}")
    return shell


def test_no_command_shows_a_value_unasked(created: Shell) -> None:
    shown = [
        created.do("secret", "list"),
        created.do("secret", "list", "--json"),
        created.do("secret", "list", "--output=csv", "--columns=name,keys,backend,used_by,updated,created"),
        created.do("secret", "describe", "db"),
        created.do("secret", "describe", "db", "--json"),
        created.do("secret", "get", "db"),
        created.do("secret", "update", "db", f"--password={PASSWORD}", "--json"),
        created.stackyard("secret", "get", "db", "--show", "password", "--json"),
        created.stackyard("secret", "create", "db", f"--password={PASSWORD}"),
        created.stackyard("secret", "create", "other", PASSWORD),
        created.stackyard("secret", "create", "other", f"-p={PASSWORD}"),
        created.stackyard("secret", "create", "other", "-v", f'{{"password": ["{PASSWORD}"]}}'),
        created.stackyard("secret", "create", "other", "-v", f'{{"password": {PASSWORD}}}'),
        created.stackyard("secret", "create", "other", f"--a={PASSWORD}", f"--a={PASSWORD}"),
        created.do("secret", "rename", "db", "base"),
        created.do("secret", "delete", "base", "--yes", "--json"),
    ]
    for result in shown:
        assert USER not in result.text
        assert PASSWORD not in result.text


def test_a_value_is_shown_by_its_key_alone_on_stdout(created: Shell) -> None:
    result = created.do("secret", "get", "db", "--show", "password")
    assert (result.out, result.err) == (f"{PASSWORD}\n", "")


def test_every_way_to_give_a_value(shell: Shell) -> None:
    shell.write("token", "from-a-file\n")
    shell.write("key.pem", "-----BEGIN-----\nabc\n")
    shell.write("all.json", json.dumps({"first": "one-one", "port": 5432}))
    typed = shell.do("secret", "create", "typed", "--word=typed-word", "--other", "two words", "--at=@@literally")
    assert "shell's history" in typed.err
    assert shell.do("secret", "get", "typed", "--show=at").out == "@literally\n"
    assert shell.do("secret", "get", "typed", "--show=other").out == "two words\n"
    for quiet in (
        shell.do("secret", "create", "files", "--token=@token", "--pem=@key.pem"),
        shell.do("secret", "create", "document", "--values=@all.json"),
        with_input(shell, "from-stdin\n", "secret", "create", "input", "--token=-"),
    ):
        assert quiet.code == 0, quiet
        assert "history" not in quiet.err
    assert shell.do("secret", "get", "files", "--show=token").out == "from-a-file\n"
    assert shell.do("secret", "get", "files", "--show=pem").out == "-----BEGIN-----\nabc\n"
    assert shell.do("secret", "get", "document", "--show=port").out == "5432\n"
    assert shell.do("secret", "get", "input", "--show=token").out == "from-stdin\n"


def test_a_terminal_is_asked_without_echo(shell: Shell) -> None:
    code, screen = at_a_terminal(
        shell,
        [("Key", "password"), ("Value of password: ", PASSWORD), ("Key", "")],
        "secret", "create", "asked", "-i",
    )  # fmt: skip
    assert code == 0, screen
    assert PASSWORD not in screen
    assert shell.do("secret", "get", "asked", "--show=password").out == f"{PASSWORD}\n"
    code, screen = at_a_terminal(
        shell, [("Value of password: ", "changed-it")], "secret", "update", "asked", "--password=-"
    )
    assert code == 0, screen
    assert "changed-it" not in screen
    assert shell.do("secret", "get", "asked", "--show=password").out == "changed-it\n"


def test_what_can_not_be_masked_is_said(shell: Shell) -> None:
    result = shell.do("secret", "create", "db", "--pin=?%~", "--password=long-enough")
    assert "can't be masked in logs: pin." in result.err
    assert "?%~" not in result.text


def test_the_new_key_file_is_named_once(shell: Shell) -> None:
    key = shell.home.parent / "secrets.key"
    assert str(key) in shell.do("secret", "create", "one", "--x=abcd").err
    assert str(key) not in shell.do("secret", "create", "two", "--x=abcd").err


def test_what_uses_a_secret_is_shown_and_protected(created: Shell) -> None:
    created.do("alerter", "register", "mine", "--flavor=webhook", "--url=https://example.org/{{db.user}}")
    assert "alerter mine" in created.do("secret", "list").out
    assert "alerter mine" in created.do("secret", "describe", "db").out
    before = created.snapshot()
    refused(created.stackyard("secret", "delete", "db", "-y"), 5, "'db'", "alerter mine", "--force")
    refused(created.stackyard("secret", "rename", "db", "other"), 5, "'db'", "alerter mine")
    refused(created.stackyard("secret", "update", "db", "--remove=user"), 5, "user", "alerter mine")
    unchanged(created, before)
    created.do("secret", "update", "db", "--remove=password")
    created.do("secret", "delete", "db", "-y", "--force")
    assert created.json("secret", "list")["items"] == []


REFUSED = {
    "unknown": (("secret", "describe", "dbb"), 4, ("'dbb'", "Did you mean 'db'?", "stackyard secret list")),
    "unknown: show": (("secret", "get", "bd", "--show=user"), 4, ("'bd'", "stackyard secret list")),
    "unknown: update": (("secret", "update", "bd", "--user=abcd"), 4, ("'bd'", "stackyard secret list")),
    "unknown: rename": (("secret", "rename", "bd", "dd"), 4, ("'bd'", "stackyard secret list")),
    "unknown: delete": (("secret", "delete", "bd", "-y"), 4, ("'bd'", "stackyard secret list")),
    "unknown key": (("secret", "get", "db", "--show=usr"), 4, ("'usr'", "Did you mean 'user'?")),
    "unknown key: remove": (("secret", "update", "db", "--remove=usr"), 4, ("'usr'", "Did you mean 'user'?")),
    "taken": (("secret", "create", "db", "--user=abcd"), 5, ("'db'", "stackyard secret update db")),
    "taken: rename": (("secret", "rename", "db", "other"), 5, ("'other'", "exists already")),
    "no name": (("secret", "create", "1db", "--user=abcd"), 3, ("'1db'", "a letter")),
    "name forgotten": (("secret", "create", "--user=w0rd"), 2, ("name of the secret is missing", "NAME --KEY=VALUE")),
    "name forgotten: update": (("secret", "update", "--user=w0rd"), 2, ("name of the secret is missing", "NAME")),
    "no key": (("secret", "create", "new", "--1=abcd"), 3, ("'1'", "a letter")),
    "no value": (("secret", "create", "new"), 2, ("No value", "--interactive")),
    "empty value": (("secret", "create", "new", "--user="), 3, ("'user'", "no value")),
    "no file": (("secret", "create", "new", "--user=@gone"), 2, ("gone", "--user")),
    "no json": (("secret", "create", "new", "-v", "x"), 2, ("--values", "no JSON")),
    "nobody to ask": (("secret", "create", "new", "-i"), 2, ("Nobody can be asked", "@FILE")),
    "nobody to ask: delete": (("secret", "delete", "db"), 2, ("'db'", "--yes")),
    "nothing left": (("secret", "update", "db", "--remove=user", "--remove=password"), 3, ("'db'", "secret delete db")),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_mistake_is_refused(created: Shell, case: str) -> None:
    arguments, code, words = REFUSED[case]
    created.do("secret", "create", "other", "--x=abcd")
    before = created.snapshot()
    done = created.stackyard(*arguments)
    refused(done, code, *words)
    assert "w0rd" not in done.out + done.err
    unchanged(created, before)


def test_a_store_that_can_not_be_opened_is_refused(created: Shell) -> None:
    before = created.snapshot()
    gone = {"STACKYARD_SECRETS_KEY_FILE": str(created.folder / "gone.key")}
    for arguments in (
        ("secret", "get", "db", "--show=user"),
        ("secret", "create", "new", "--x=abcd"),
        ("secret", "update", "db", "--user=abcd"),
        ("secret", "delete", "db", "-y"),
    ):
        refused(created.stackyard(*arguments, **gone), 6, "gone.key", "STACKYARD_SECRETS_KEY_FILE")
    unchanged(created, before)
    assert created.stackyard("secret", "list", **gone).code == 0


def test_a_damaged_file_is_named_and_left(created: Shell) -> None:
    path = created.home / "secrets.enc"
    path.write_bytes(path.read_bytes()[:-30])
    before = created.snapshot()
    refused(created.stackyard("secret", "get", "db", "--show=user"), 6, str(path), "damaged", "backup")
    refused(created.stackyard("secret", "update", "db", "--user=abcd"), 6, str(path))
    unchanged(created, before)


def test_ci_sets_secrets_by_variables(shell: Shell) -> None:
    variable = {"STACKYARD_SECRET__CI_TOKEN__API_KEY": "value-of-ci", "STACKYARD_SECRETS_BACKEND": "environment"}
    assert "STACKYARD_SECRET__CI_TOKEN__API_KEY" in shell.stackyard("secret", "describe", "ci-token", **variable).out
    assert shell.stackyard("secret", "get", "ci_token", "--show=api_key", **variable).out == "value-of-ci\n"
    refused(shell.stackyard("secret", "delete", "ci_token", "-y", **variable), 6, "environment", "API_KEY")
    refused(shell.stackyard("secret", "create", "db", "--x=abcd", **variable), 6, "STACKYARD_SECRETS_BACKEND")
    assert not shell.home.exists()


def test_values_never_reach_the_disk_in_plain_text(created: Shell, tmp_path: Path) -> None:
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert PASSWORD.encode() not in path.read_bytes(), path
