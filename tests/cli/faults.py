"""The table of faults: what each verb of the command line can meet, and what it must answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import click

from stackyard.cli.main import cli
from stackyard.model.enums import ComponentType

ELSEWHERE = {"artifact", "model", "tag", "pipeline"}
"""Groups whose mistakes (and those of `run FILE`) are in test_bad_input.py, test_models.py and test_pipelines.py."""
FLAVOR_SOURCE = "stackyard_blobs.flavors:BLOBS"

# verb: the words of a use that works in the prepared home and project.
USES: dict[str, str] = {
    "stack list": "",
    "stack get": "",
    "stack set": "mine",
    "stack describe": "mine",
    "stack register": "new -o default -a spare",
    "stack update": "mine -a spare",
    "stack remove-component": "mine --alerter",
    "stack rename": "mine yours",
    "stack copy": "mine yours",
    "stack delete": "mine --yes",
    "stack apply": "stackyard.yaml --yes",
    "stack export": "mine -o new.yaml",
    "stack import": "new_stack.yaml --yes",
    "stack export-requirements": "mine -o new.txt",
    "stack check": "active",
    "artifact-store list": "",
    "artifact-store get": "",
    "artifact-store describe": "spare",
    "artifact-store register": "new --flavor=local",
    "artifact-store update": "spare --path=/tmp/elsewhere",
    "artifact-store remove-attribute": "spare --label team",
    "artifact-store rename": "spare other",
    "artifact-store copy": "spare other",
    "artifact-store delete": "spare --yes",
    "artifact-store explain": "",
    "artifact-store check": "spare",
    "artifact-store flavor list": "",
    "artifact-store flavor describe": "local",
    "artifact-store flavor register": FLAVOR_SOURCE,
    "artifact-store flavor refresh": "",
    "artifact-store flavor delete": "described --yes",
    "component-type list": "",
    "secret list": "",
    "secret create": "new --key=value-of-it",
    "secret get": "known",
    "secret describe": "known",
    "secret update": "known --key=other-value",
    "secret rename": "unused other",
    "secret delete": "unused --yes",
    "integration list": "",
    "integration requirements": "numpy",
    "integration install": "numpy -y",
    "integration uninstall": "",
    "run list": "",
    "run show": "small-1",
    "run logs": "small-1",
    "run graph": "small-1",
    "run explain": "small-1",
    "run wait": "small-1",
    "run stop": "small-1",
    "run resume": "small-2",
    "run retry": "small-2",
    "run delete": "small-1 small-2 --yes",
    "init": "",
    "schema": "",
    "doctor": "",
    "completion": "bash",
}
LEFT_OUT = {
    "integration uninstall": "would take packages away from the tests themselves",
    "run stop": "needs a run that goes on; see test_run_manners.py",
    "run resume": "runs a pipeline; see test_run_again.py",
    "run retry": "runs a pipeline; see test_run_again.py",
}
"""Verbs whose use is not tried; their faults are."""

NOTHING_OF_THE_REGISTRY = {
    "integration list", "integration requirements", "integration install", "integration uninstall", "init",
    "completion", "secret get", "secret describe", "secret create", "secret update", "run list", "run show", "run logs",
    "run graph", "run explain", "run wait", "run stop", "run delete",
}  # fmt: skip
"""Verbs that a damaged registry does not stop."""
WRITES = {
    "stack register", "stack update", "stack remove-component", "stack rename", "stack copy", "stack delete",
    "stack apply", "stack import", "artifact-store register", "artifact-store update",
    "artifact-store remove-attribute", "artifact-store rename", "artifact-store copy", "artifact-store delete",
    "artifact-store flavor register", "artifact-store flavor delete", "secret create", "secret update", "secret rename",
    "secret delete",
}  # fmt: skip
"""Verbs that change something in the home."""


@dataclass(frozen=True)
class Fault:
    """One cell of the table."""

    verb: str
    kind: str
    words: tuple[str, ...]
    """What is typed behind ``stackyard``."""
    code: int
    """The exit code."""
    says: tuple[str, ...]
    """Texts of the message: the thing, and what to do."""

    def __str__(self) -> str:
        return f"{self.verb}: {self.kind}"


# What only some verbs can meet: (verb, kind): words, exit code, what is said.
SPECIFIC: dict[tuple[str, str], tuple[str, int, tuple[str, ...]]] = {
    ("stack register", "taken name"): ("stack register mine -o default -a spare", 5, ("mine", "describe mine")),
    ("stack register", "bad name"): ("stack register a/b -o default -a spare", 3, ("a/b", "characters")),
    ("stack register", "no orchestrator"): ("stack register new -a spare", 3, ("orchestrator", "-o default")),
    ("stack register", "no artifact store"): ("stack register new -o default", 3, ("artifact store", "-a default")),
    ("stack register", "unknown component"): (
        "stack register new -o default -a spaer", 4, ("spaer", "Did you mean 'spare'?"),
    ),
    ("stack register", "bad label"): ("stack register new -o default -a spare --label team", 2, ("team", "=")),
    ("stack update", "unknown component"): ("stack update mine -a spaer", 4, ("spaer", "Did you mean 'spare'?")),
    ("stack update", "protected"): ("stack update default -a spare", 5, ("default", "stack copy default")),
    ("stack update", "nothing to change"): ("stack update mine", 2, ("mine", "--help")),
    ("stack remove-component", "nothing to change"): (
        "stack remove-component mine", 2, ("stack remove-component --help",),
    ),
    ("stack remove-component", "not part of it"): ("stack remove-component mine --annotator", 4, ("mine", "annotator")),
    ("stack remove-component", "protected"): ("stack remove-component default --alerter", 5, ("default",)),
    ("stack rename", "taken name"): ("stack rename mine default", 5, ("default", "another name")),
    ("stack rename", "bad name"): ("stack rename mine a/b", 3, ("a/b",)),
    ("stack rename", "protected"): ("stack rename default other", 5, ("default", "stack copy default")),
    ("stack copy", "taken name"): ("stack copy default mine", 5, ("mine", "another name")),
    ("stack copy", "bad name"): ("stack copy mine a/b", 3, ("a/b",)),
    ("stack delete", "protected"): ("stack delete default --yes", 5, ("default",)),
    ("stack delete", "active"): ("stack delete active --yes", 5, ("active", "stackyard stack set default")),
    ("stack apply", "missing file"): ("stack apply nope.yaml --yes", 3, ("nope.yaml",)),
    ("stack apply", "not YAML"): ("stack apply broken.yaml --yes", 3, ("broken.yaml:3", "not valid YAML")),
    ("stack apply", "unknown key"): ("stack apply typo.yaml --yes", 3, ("typo.yaml:2", "'stakcs'", "stacks")),
    ("stack apply", "unquoted secret"): ("stack apply unquoted.yaml --yes", 3, ("unquoted.yaml:7", '"{{known.key}}"')),
    ("stack apply", "drift"): ("stack apply stackyard.yaml --check", 5, ("stackyard stack apply",)),
    ("stack import", "missing file"): ("stack import nope.yaml --yes", 3, ("nope.yaml",)),
    ("stack import", "not YAML"): ("stack import broken.yaml --yes", 3, ("broken.yaml:3",)),
    ("stack import", "taken name"): ("stack import differs.yaml --yes", 5, ("mine",)),
    ("stack export", "file that is there"): ("stack export mine -o exported.yaml", 5, ("exported.yaml", "--force")),
    ("stack export-requirements", "file that is there"): (
        "stack export-requirements mine -o exported.yaml", 5, ("exported.yaml", "--force"),
    ),
    ("artifact-store register", "taken name"): (
        "artifact-store register spare --flavor=local", 5, ("spare", "describe spare"),
    ),
    ("artifact-store register", "bad name"): ("artifact-store register a/b --flavor=local", 3, ("a/b",)),
    ("artifact-store register", "unknown flavor"): (
        "artifact-store register new --flavor=lokal", 3, ("lokal", "Did you mean 'local'?"),
    ),
    ("artifact-store register", "no flavor"): ("artifact-store register new", 2, ("--flavor",)),
    ("artifact-store register", "unknown attribute"): (
        "artifact-store register new --flavor=local --pth=/x", 3, ("pth", "Did you mean 'path'?"),
    ),
    ("artifact-store register", "wrong path"): (
        "artifact-store register new --flavor=local --path=stackyard.yaml", 3, ("stackyard.yaml", "folder"),
    ),
    ("artifact-store register", "path of another kind of store"): (
        "artifact-store register new --flavor=local --path=s3://bucket/x", 3, ("s3://bucket/x",),
    ),
    ("artifact-store register", "path from a secret"): (
        "artifact-store register new --flavor=local --path={{known.key}}", 3, ("this path", "Write the folder itself"),
    ),
    ("artifact-store register", "attribute without a value"): (
        "artifact-store register new --flavor=local --path", 2, ("--path",),
    ),
    ("artifact-store register", "attribute given twice"): (
        "artifact-store register new --flavor=local --path=/a --path=/b", 2, ("--path", "twice"),
    ),
    ("artifact-store register", "bad label"): ("artifact-store register new --flavor=local --label team", 2, ("team",)),
    ("artifact-store update", "unknown attribute"): (
        "artifact-store update spare --pth=/x", 3, ("pth", "Did you mean 'path'?"),
    ),
    ("artifact-store update", "protected"): (
        "artifact-store update default --path=/x", 5, ("default", "artifact-store copy default"),
    ),
    ("artifact-store update", "nothing to change"): (
        "artifact-store update spare", 2, ("artifact-store update --help",),
    ),
    ("artifact-store remove-attribute", "unknown attribute"): (
        "artifact-store remove-attribute spare pth", 3, ("pth", "path"),
    ),
    ("artifact-store remove-attribute", "unknown label"): (
        "artifact-store remove-attribute spare --label tema", 3, ("tema", "team"),
    ),
    ("artifact-store remove-attribute", "nothing to change"): (
        "artifact-store remove-attribute spare", 2, ("artifact-store remove-attribute --help",),
    ),
    ("artifact-store remove-attribute", "protected"): ("artifact-store remove-attribute default path", 5, ("default",)),
    ("artifact-store rename", "taken name"): ("artifact-store rename spare default", 5, ("default",)),
    ("artifact-store rename", "bad name"): ("artifact-store rename spare a/b", 3, ("a/b",)),
    ("artifact-store rename", "protected"): ("artifact-store rename default other", 5, ("default",)),
    ("artifact-store copy", "taken name"): ("artifact-store copy spare default", 5, ("default",)),
    ("artifact-store copy", "bad name"): ("artifact-store copy spare a/b", 3, ("a/b",)),
    ("artifact-store delete", "in use"): (
        "artifact-store delete used --yes", 5, ("used", "'mine'", "stackyard stack update mine"),
    ),
    ("artifact-store delete", "protected"): ("artifact-store delete default --yes", 5, ("default",)),
    ("artifact-store flavor describe", "unknown flavor"): ("artifact-store flavor describe lokal", 3, ("lokal",)),
    ("artifact-store flavor delete", "unknown flavor"): ("artifact-store flavor delete lokal --yes", 3, ("lokal",)),
    ("artifact-store flavor delete", "protected"): ("artifact-store flavor delete local --yes", 5, ("local",)),
    ("artifact-store flavor register", "no such module"): (
        "artifact-store flavor register nowhere.at:ALL", 7, ("nowhere.at",),
    ),
    ("artifact-store flavor register", "no such attribute"): (
        "artifact-store flavor register json:nothing", 3, ("nothing",),
    ),
    ("artifact-store flavor register", "no flavor at all"): (
        "artifact-store flavor register json:dumps", 3, ("json:dumps",),
    ),
    ("artifact-store flavor register", "not MODULE:ATTRIBUTE"): (
        "artifact-store flavor register nonsense", 3, ("MODULE:ATTRIBUTE",),
    ),
    ("secret create", "taken name"): ("secret create known --key=value-of-it", 5, ("known", "secret update known")),
    ("secret create", "bad name"): ("secret create a.b --key=value-of-it", 3, ("a.b",)),
    ("secret create", "bad key"): ("secret create new --9=value-of-it", 3, ("9",)),
    ("secret create", "no value"): ("secret create new", 2, ("--KEY=VALUE",)),
    ("secret create", "missing file"): ("secret create new --key=@nope.txt", 2, ("nope.txt",)),
    ("secret create", "values that are no JSON"): ("secret create new --values nonsense", 2, ("JSON",)),
    ("secret get", "unknown key"): ("secret get known --show kye", 4, ("kye", "key")),
    ("secret update", "nothing to change"): ("secret update known", 2, ()),
    ("secret update", "unknown key"): ("secret update known --remove kye", 4, ("kye",)),
    ("secret rename", "taken name"): ("secret rename unused known", 5, ("known",)),
    ("secret rename", "bad name"): ("secret rename unused a.b", 3, ("a.b",)),
    ("secret delete", "in use"): ("secret delete known --yes", 5, ("known", "team")),
    ("integration requirements", "unknown integration"): (
        "integration requirements nunpy", 4, ("nunpy", "Did you mean 'numpy'?"),
    ),
    ("integration install", "unknown integration"): ("integration install nunpy -y", 4, ("nunpy", "numpy")),
    ("integration install", "nobody to ask"): ("integration install torch", 2, ("torch", "--yes")),
    ("integration uninstall", "unknown integration"): ("integration uninstall nunpy -y", 4, ("nunpy", "numpy")),
    ("run list", "no time"): ("run list --since yesterday", 2, ("--since", "2h")),
    ("run list", "cursor with filters"): ("run list --status failed --cursor x", 2, ("--cursor", "--limit")),
    ("run logs", "unknown step"): ("run logs small-1 --step maek", 4, ("maek", "Did you mean 'make'?")),
    ("run logs", "no time"): ("run logs small-1 --since yesterday", 2, ("--since", "2h")),
    ("run stop", "over already"): ("run stop small-1", 5, ("'small-1'", "completed already")),
    ("run stop", "unknown step"): ("run stop small-1 --step maek", 4, ("maek", "Did you mean 'make'?")),
    ("run resume", "complete"): ("run resume small-1", 5, ("'small-1'", "stackyard run retry small-1")),
    ("run resume", "started by code in no file"): ("run resume typed-1", 5, ("'typed-1'", "with_options(resume=")),
    ("run resume", "options that exclude each other"): ("run resume small-2 --detach --in-process", 2, ("--detach",)),
    ("run retry", "unknown stack"): ("run retry small-2 --stack mien", 4, ("mien", "Did you mean 'mine'?")),
    ("run retry", "started by code in no file"): ("run retry typed-1", 5, ("'typed-1'", "Where that code is")),
    ("run delete", "nothing named"): ("run delete --yes", 2, ("--older-than", "run list")),
    ("run delete", "pipeline of named ones"): ("run delete small-1 --pipeline small", 2, ("--older-than",)),
    ("init", "missing folder"): ("init nope", 4, ("nope", "mkdir")),
    ("init", "unknown template"): ("init --template nope", 3, ("nope", "starter")),
    ("init", "bad name"): ("init --name a/b", 3, ("a/b",)),
    ("init", "defaults of no template"): ("init --template-with-defaults", 2, ("--template",)),
    ("completion", "unknown shell"): ("completion tcsh", 2, ("tcsh", "bash")),
}  # fmt: skip


def _leaves(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _leaves(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


OTHER_TYPES = [t.command for t in ComponentType if t is not ComponentType.ARTIFACT_STORE]
VERBS = {
    verb: command
    for verb, command in _leaves(cli)
    if verb.split()[0] not in ELSEWHERE and verb.split()[0] not in OTHER_TYPES
}


def _general(verb: str, command: click.Command) -> Iterator[Fault]:
    """Yield what a verb can meet because of the options that it has, and of the files that it reads and writes."""
    use = (*verb.split(), *USES.get(verb, "").split())
    options = {name for parameter in command.params for name in parameter.opts}
    if not command.context_settings.get("ignore_unknown_options"):
        yield Fault(verb, "unknown option", (*use, "--nonsense"), 2, ("--nonsense",))
    if "--columns" in options:
        yield Fault(verb, "unknown column", (*use, "--columns", "naem"), 2, ("naem", "name"))
        yield Fault(verb, "unknown sort key", (*use, "--sort", "naem"), 2, ("naem", "name"))
    if "--output" in options:
        yield Fault(verb, "unknown format", (*use, "--output", "xml"), 2, ("xml", "json"))
    if "--yes" in options and "--yes" in use:
        yield Fault(verb, "nobody to ask", tuple(w for w in use if w != "--yes"), 2, ("--yes",))
    if verb not in NOTHING_OF_THE_REGISTRY and verb != "doctor":
        yield Fault(verb, "damaged registry", use, 6, ("registry.json", "doctor --repair"))
        yield Fault(verb, "registry of a newer major version", use, 6, ("registry.json", "9.0", "Upgrade"))
    if verb in WRITES:
        yield Fault(verb, "home that can't be written", use, 6, ("STACKYARD_HOME",))


def _naming(verb: str, command: click.Command) -> Iterator[Fault]:
    """Yield what a verb can meet because of the arguments that it takes."""
    start = len(verb.split())
    use = (*verb.split(), *USES.get(verb, "").split())
    arguments = [p for p in command.params if isinstance(p, click.Argument)]
    if all(argument.nargs != -1 for argument in arguments):
        yield Fault(verb, "a word too many", (*use, "surplus", "surplus"), 2, ("surplus",))
    if any(argument.required for argument in arguments):
        yield Fault(verb, "nothing named", tuple(verb.split()), 2, ("Hint:",))
    takes_name = any(argument.name in ("name", "words", "run", "wanted") for argument in arguments)
    if not takes_name or verb.endswith(("register", "create")) or "flavor" in verb:
        return
    yield Fault(verb, "unknown name", (*use[:start], "nope", *use[start + 1 :]), 4, ("nope", "list"))
    if not verb.startswith(("secret", "run")):
        several = (*use[:start], "01234567-89ab", *use[start + 1 :])
        yield Fault(verb, "beginning of several ids", several, 2, ("01234567-89ab", "id"))


FAULTS = [fault for verb, command in VERBS.items() for fault in (*_general(verb, command), *_naming(verb, command))] + [
    Fault(verb, kind, tuple(words.split()), code, says) for (verb, kind), (words, code, says) in SPECIFIC.items()
]
