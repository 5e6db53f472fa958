"""Every verb meets every kind of fault that it can meet: a short message with thing and remedy, and nothing changed.

The table is made from the commands themselves. ``USES`` has one use of each verb that works; a fault is a change to
that use, or to what it finds, so a new verb without a line here fails the first test. Component types share one
definition: the artifact store stands for all, and one test goes through the others.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stackyard.cli.main import main
from tests.cli.faults import (
    FAULTS,
    LEFT_OUT,
    NOTHING_OF_THE_REGISTRY,
    OTHER_TYPES,
    SPECIFIC,
    USES,
    VERBS,
    WRITES,
    Fault,
)
from tests.cli.shell import ROOT


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home and a project with something of everything."""
    folder = tmp_path_factory.mktemp("prepared")
    (folder / "project").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        _enter(folder, patch)
        for words in (
            "init",
            "artifact-store register spare --flavor=local --label team=blue",
            "artifact-store register used --flavor=local",
            "secret create known --key=a-long-value",
            "secret create unused --key=a-long-value",
            "alerter register team --flavor=webhook --url={{known.key}}",
            "stack register mine -o default -a used --alerter team",
            "stack register active -o default -a default",
            "stack set active",
            "stack export mine -o exported.yaml",
            "stack export mine -o differs.yaml",
        ):
            assert main(words.split()) == 0, words
        _write_files(folder / "project")
        _run_something(folder / "project")
        _twins(folder / "home" / "registry.json")
    return folder


def _enter(folder: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("STACKYARD_HOME", str(folder / "home"))
    patch.setenv("STACKYARD_SECRETS_KEY_FILE", str(folder / "config" / "secrets.key"))
    patch.setenv("STACKYARD_SECRETS_BACKEND", "file")
    patch.delenv("STACKYARD_ACTIVE_STACK", raising=False)
    patch.syspath_prepend(str(ROOT / "tests" / "packages" / "stackyard-blobs" / "src"))
    patch.chdir(folder / "project")


def _write_files(project: Path) -> None:
    head = "version: 1\n"
    files = {
        "stackyard.yaml": head + "stacks:\n  declared:\n    orchestrator: default\n    artifact_store: spare\n",
        "new_stack.yaml": head + "stacks:\n  imported:\n    orchestrator: default\n    artifact_store: spare\n",
        "broken.yaml": head + "stacks: [\n",
        "typo.yaml": head + "stakcs: {}\n",
        "unquoted.yaml": head + "components:\n  alerter:\n    loud:\n      flavor: webhook\n"
        "      configuration:\n        url: {{known.key}}\n",
    }
    files["small.py"] = (
        "from stackyard import pipeline, step\n\n@step\ndef make(n: int) -> float:\n    return 1 / n\n\n"
        "@pipeline\ndef small(n: int = 1) -> None:\n    make(n)\n"
    )
    for name, text in files.items():
        (project / name).write_text(text, encoding="utf-8")
    path = project / "differs.yaml"
    path.write_text(path.read_text("utf-8").replace("artifact_store: used", "artifact_store: default"), "utf-8")


def _run_something(project: Path) -> None:
    """Leave a run that completed, one that failed, and one that was started by code in no file."""
    call = (
        "from small import make\nfrom stackyard import pipeline\n\n\n@pipeline\ndef typed():\n    make(0)\n\n\ntyped()"
    )
    stackyard = (sys.executable, "-m", "stackyard", "run", "small.py", "-p")
    for command, code in (((*stackyard, "n=1"), 0), ((*stackyard, "n=0"), 1), ((sys.executable, "-c", call), 1)):
        done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
        assert done.returncode == code, done


def _twins(registry: Path) -> None:
    """Add two stacks and two artifact stores whose ids begin alike, and a flavor that can be deleted."""
    import json

    document = json.loads(registry.read_bytes())
    for kind, like in (("stacks", "mine"), ("components", "spare")):
        model = next(item for item in document[kind] if item["name"] == like)
        for n in (1, 2):
            document[kind].append({**model, "name": f"twin{n}", "id": f"01234567-89ab-7000-8000-00000000000{n}"})
            if kind == "components":
                document[kind][-1]["configuration"] = {"path": f"artifact_stores/twin{n}"}
    flavor = {"name": "described", "component_type": "artifact_store", "source": "nowhere:X", "doc": "Of a test."}
    document["flavors"].append(flavor)
    registry.write_text(json.dumps(document), encoding="utf-8")


@pytest.fixture
def place(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh copy of the prepared home and project; the working folder is the project."""
    for name in ("home", "project", "config"):
        shutil.copytree(template / name, tmp_path / name)
    _enter(tmp_path, monkeypatch)
    monkeypatch.setattr(sys, "stdin", io.StringIO())  # nobody can be asked, whoever runs the tests
    return tmp_path


def _content(folder: Path) -> dict[str, bytes]:
    files = (p for top in ("home", "project") for p in (folder / top).rglob("*") if p.is_file())
    return {str(p): p.read_bytes() for p in files if p.suffix != ".lock" and "__pycache__" not in p.parts}


def test_the_table_knows_every_verb() -> None:
    assert set(USES) == set(VERBS)
    assert {verb for verb, _ in SPECIFIC} <= set(VERBS)
    assert set(VERBS) >= WRITES | NOTHING_OF_THE_REGISTRY
    assert len(set(map(str, FAULTS))) == len(FAULTS)


def test_the_table_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Print verb by kind of fault, as ``pytest -s`` shows it; each verb has some."""
    kinds: dict[str, list[str]] = {verb: [] for verb in VERBS}
    for fault in FAULTS:
        kinds[fault.verb].append(fault.kind)
    with capsys.disabled():
        print(f"\n{len(FAULTS)} faults of {len(kinds)} verbs")
    for verb, found in kinds.items():
        print(f"{verb:32} {', '.join(sorted(found))}")
        assert found, verb


@pytest.mark.parametrize("verb", [verb for verb in USES if verb not in LEFT_OUT])
def test_the_use_that_the_faults_change_works(place: Path, verb: str) -> None:
    assert main([*verb.split(), *USES[verb].split()]) == 0


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_refused(
    place: Path, fault: Fault, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a fault, the verb says what is wrong with what and what helps, in under five lines, and changes nothing."""
    registry = place / "home" / "registry.json"
    if fault.kind == "damaged registry":
        registry.write_bytes(registry.read_bytes()[:100])
    elif fault.kind == "registry of a newer major version":
        text = registry.read_text("utf-8")
        registry.write_text(re.sub(r'"format": ?"[\d.]+"', '"format": "9.0"', text), encoding="utf-8")
    elif fault.kind == "home that can't be written":
        _make_unwritable(place, monkeypatch)
    before = _content(place)
    code = main(list(fault.words))
    said = capsys.readouterr()
    shown = f"$ stackyard {' '.join(fault.words)}\n{said.out}{said.err}(exit code {code})"
    assert code == fault.code, shown
    lines = [line for line in said.err.splitlines() if line.strip() and not line.startswith("Warning:")]
    assert 0 < len(lines) < 5, shown
    assert "Traceback" not in said.err, shown
    assert any(line.startswith("Hint:") for line in lines), shown
    for text in fault.says:
        assert text in " ".join(said.err.split()) or text in said.err, f"{text!r} is not in:\n{shown}"
    assert _content(place) == before, shown


def _make_unwritable(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the home hold a file where each file that is written must go: permissions do not stop the superuser."""
    home = place / "home"
    for name in ("registry.lock", "secrets.lock", "registry.json.lock"):
        path = home / name
        if path.exists():
            path.unlink()
        path.mkdir()


@pytest.mark.parametrize("command", OTHER_TYPES)
def test_the_other_component_types_answer_alike(place: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Given the same mistakes with any component type, the same exit codes come, and a hint each time."""
    for words, code in (
        (f"{command} describe nope", 4),
        (f"{command} rename nope other", 4),
        (f"{command} copy nope other", 4),
        (f"{command} delete nope --yes", 4),
        (f"{command} update nope --label a=b", 4),
        (f"{command} remove-attribute nope x", 4),
        (f"{command} register new --flavor=nonsense", 3),
        (f"{command} register new", 2),
        (f"{command} flavor describe nonsense", 3),
        (f"{command} list --columns nonsense", 2),
    ):
        before = _content(place)
        assert main(words.split()) == code, words
        error = capsys.readouterr().err
        assert "Hint:" in error, words
        assert len(error.splitlines()) < 5, words
        assert _content(place) == before
