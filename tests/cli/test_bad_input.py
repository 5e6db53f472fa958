"""Every mistake gets a short message that names the thing and the remedy, the right exit code, and changes nothing."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.cli.shell import PROGRAMS, ROOT, Result, Shell

SMALL = """
from stackyard import pipeline, step

@step
def make(n: int = 3) -> int:
    return n

@pipeline
def small(n: int = 3) -> None:
    make(n)
"""


def refused(result: Result, exit_code: int, *words: str) -> None:
    """Check one error as a person reads it: short, with its thing and its remedy, on stderr."""
    assert result.code == exit_code, result
    assert "Traceback" not in result.text, result
    lines = [line for line in result.err.splitlines() if line.strip()]
    assert 0 < len(lines) < 5, result
    said = " ".join(result.err.split())
    for word in words:
        assert word in said, f"{word!r} is not in: {result}"


def unchanged(shell: Shell, before: dict[str, str]) -> None:
    """Check that a refusal left no trace."""
    assert shell.snapshot() == before


# name: (arguments, exit code, error code, words of the message: the thing, and what to do)
COMMANDS = {
    "unknown stack: describe": (("stack", "describe", "nope"), 4, "N101", ("nope", "stackyard stack list")),
    "unknown stack: set": (("stack", "set", "nope"), 4, "N101", ("nope", "stackyard stack list")),
    "unknown stack: a typo": (("stack", "set", "defalt"), 4, "N101", ("defalt", "Did you mean 'default'?")),
    "unknown stack: run": (("run", "small.py", "--stack", "nope"), 4, "N101", ("nope", "stackyard stack list")),
    "unknown flavor": (
        ("artifact-store", "register", "other", "--flavor=lokal"), 3, "C102", ("lokal", "Did you mean 'local'?"),
    ),
    "unknown attribute of a flavor": (
        ("artifact-store", "register", "other", "--flavor=local", "--pth=/x"), 3, "C103", ("pth", "path"),
    ),
    "wrong attribute of a flavor": (
        ("orchestrator", "register", "other", "--flavor=local", "--max_workers=many"), 3, "C103", ("max_workers",),
    ),
    "duplicate component": (("artifact-store", "register", "taken", "--flavor=local"), 5, "X101", ("taken",)),
    "duplicate stack": (("stack", "register", "taken", "-o", "default", "-a", "taken"), 5, "X101", ("taken",)),
    "the default stack again": (
        ("stack", "register", "default", "-o", "default", "-a", "default"), 5, "X101", ("default",),
    ),
    "stack without artifact store": (("stack", "register", "half", "-o", "default"), 3, "C101", ("half", "-a")),
    "stack without orchestrator": (("stack", "register", "half", "-a", "default"), 3, "C101", ("half", "-o")),
    "stack of an unknown component": (
        ("stack", "register", "half", "-o", "default", "-a", "nope"), 4, "N102", ("nope", "artifact-store list"),
    ),
    "unusable name": (("artifact-store", "register", "a/b", "--flavor=local"), 3, "C106", ("a/b",)),
    "unknown component": (("artifact-store", "describe", "nope"), 4, "N102", ("nope", "stackyard artifact-store list")),
    "unknown run": (("run", "show", "nope"), 4, "N103", ("nope", "stackyard run list")),
    "logs of an unknown run": (("run", "logs", "nope"), 4, "N103", ("nope", "stackyard run list")),
    "stop of an unknown run": (("run", "stop", "nope"), 4, "N103", ("nope", "stackyard run list")),
    "unknown artifact": (("artifact", "show", "nope"), 4, "N105", ("nope", "stackyard artifact list")),
    "unknown pipeline": (("run", "small.py:other"), 4, "N107", ("other", "small")),
    "mistyped command": (("run", "lst"), 2, "U100", ("'lst'", "stackyard run list")),
    "missing file": (("run", "missing.py"), 3, "D103", ("missing.py",)),
    "parameter of the wrong type": (("run", "small.py", "--param", "n=abc"), 3, "D104", ("'n'", "abc", "int")),
    "unknown parameter": (("run", "small.py", "--param", "m=1"), 3, "D104", ("'m'", "It has: n")),
    "missing run configuration": (("run", "small.py", "--config", "missing.yaml"), 3, "C104", ("missing.yaml",)),
    "two pipelines in one file": (("run", "two.py"), 2, "U100", ("one", "other", "two.py:one")),
    "syntax error": (("run", "broken.py"), 3, "D103", ("broken.py", "3")),
    "import that fails": (("run", "imports.py"), 3, "D103", ("imports.py", "not_there")),
    "run configuration with an unknown key": (
        ("run", "small.py", "--config", "bad.yaml"), 3, "C104", ("bad.yaml", "enable_chache", "enable_cache"),
    ),
    "unknown stack: run configuration": (
        ("run", "small.py", "--config", "lost.yaml"), 4, "N101", ("lost.yaml:2", "nope"),
    ),
    "run configuration that is no YAML": (("run", "small.py", "--config", "no.yaml"), 3, "C104", ("no.yaml:3",)),
}  # fmt: skip


@pytest.fixture
def prepared(shell: Shell) -> Shell:
    """A project with a component and a stack named `taken`, and some files that can't be run."""
    shell.do("artifact-store", "register", "taken", "--flavor=local")
    shell.do("stack", "register", "taken", "-o", "default", "-a", "taken")
    shell.write("small.py", SMALL)
    shell.write("two.py", SMALL.replace("def small", "def one") + "\n@pipeline\ndef other() -> None:\n    make()\n")
    shell.write("broken.py", "from stackyard import pipeline\n\ndef broken(:\n    pass\n")
    shell.write("imports.py", "import not_there\n" + SMALL)
    shell.write("bad.yaml", "enable_chache: false\n")
    shell.write("lost.yaml", "parameters: {}\nstack: nope\n")
    shell.write("no.yaml", "parameters:\n  n: [1\n")
    return shell


@pytest.mark.parametrize("case", COMMANDS)
def test_a_mistake_is_refused(prepared: Shell, case: str) -> None:
    """Given a mistake, when the command runs, then it is refused as the error tree says and nothing changed."""
    arguments, exit_code, code, words = COMMANDS[case]
    before = prepared.snapshot()
    refused(prepared.stackyard(*arguments), exit_code, *words)
    as_data = prepared.stackyard(*arguments, "--json")
    assert as_data.code == exit_code, as_data
    assert as_data.err == ""
    error = as_data.json["error"]
    assert set(error) == {"code", "message", "hint", "location"}
    assert (error["code"], bool(error["message"]), bool(error["hint"])) == (code, True, True), as_data
    unchanged(prepared, before)
    assert prepared.json("run", "list")["total"] == 0


def test_a_syntax_error_has_its_place(prepared: Shell) -> None:
    """Given a file with a syntax error, the error as data names file and line."""
    result = prepared.stackyard("run", "broken.py", "--json")
    location = result.json["error"]["location"]
    assert location["file"] == str(prepared.folder / "broken.py")
    assert location["line"] == 3


def test_a_step_that_raises(shell: Shell) -> None:
    """Given a step that raises, the run fails with the user's exception and line, and no frame of Stackyard."""
    path = shell.write("raises.py", SMALL.replace("return n", "raise ValueError('no luck with %d' % n)"))
    line = path.read_text(encoding="utf-8").splitlines().index("    raise ValueError('no luck with %d' % n)") + 1
    result = shell.stackyard("run", "raises.py")
    assert result.code == 1, result
    for word in ("make", "ValueError", "no luck with 3", f'raises.py", line {line}', "stackyard run logs"):
        assert word in result.text, result
    assert str(ROOT / "src" / "stackyard") not in result.text, result
    run = shell.json("run", "list")["items"][0]
    assert run["status"] == "failed"
    step = shell.json("run", "show", run["id"])["steps"][0]
    assert step["status"] == "failed"
    assert step["error"]["type"] == "ValueError"
    assert step["error"]["message"] == "no luck with 3"
    assert (step["error"]["file"], step["error"]["line"]) == (str(path), line)
    assert shell.json("artifact", "list")["total"] == 0


def test_a_script_whose_pipeline_fails(shell: Shell) -> None:
    """Given `python raises.py`, the exception that ends the script is the error tree's, with its hint."""
    shell.write("raises.py", SMALL.replace("return n", "raise ValueError('no luck')") + "\nsmall()\n")
    result = shell.run("python", "raises.py")
    assert result.code != 0
    assert "no luck" in result.text, result
    assert str(ROOT / "src" / "stackyard") not in result.text, result


def test_a_killed_worker(shell: Shell) -> None:
    """Given a worker that is killed by -9, its step alone fails and the message names the signal."""
    shell.write(
        "killed.py",
        SMALL.replace("return n", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
        + "\n@step\ndef sibling() -> int:\n    import time; time.sleep(1); return 1\n"
        + "\n@pipeline\ndef both() -> None:\n    make()\n    sibling()\n",
    )
    result = shell.stackyard("run", "killed.py:both")
    assert result.code == 1, result
    assert "SIGKILL" in result.text, result
    assert "Traceback" not in result.text, result
    run = shell.json("run", "list")["items"][0]
    steps = {step["name"]: step for step in shell.json("run", "show", run["id"])["steps"]}
    assert steps["make"]["status"] == "failed"
    assert "SIGKILL" in steps["make"]["error"]["message"]
    assert steps["sibling"]["status"] == "completed"


@pytest.mark.parametrize(
    "arguments",
    [
        ("artifact-store", "register", "other", "--flavor=local"),
        ("stack", "register", "other", "-o", "default", "-a", "default"),
        ("run", "small.py"),
    ],
    ids=lambda a: " ".join(a[:2]),
)
def test_a_home_below_a_regular_file(shell: Shell, arguments: tuple[str, ...]) -> None:
    """Given a home whose parent is a file, each command that must write says so, and what to do."""
    shell.write("small.py", SMALL)
    (shell.folder.parent / "occupied").write_text("a file", encoding="utf-8")
    shell.home = shell.folder.parent / "occupied" / "home"
    before = shell.snapshot()
    refused(shell.stackyard(*arguments), 6, str(shell.home), "STACKYARD_HOME")
    unchanged(shell, before)


if sys.platform == "linux":  # mount namespaces are Linux's; a folder's mode does not stop root

    @pytest.mark.parametrize(
        "arguments",
        [
            ("artifact-store", "register", "other", "--flavor=local"),
            ("stack", "set", "taken", "--global"),
            ("run", "small.py"),
        ],
        ids=lambda a: " ".join(a[:2]),
    )
    def test_a_home_on_a_read_only_mount(prepared: Shell, arguments: tuple[str, ...]) -> None:
        """Given a home that is mounted read-only, each command that must write says so; reading works."""
        before = prepared.snapshot()
        namespace = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
        mount = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'

        def inside(*command: str) -> Result:
            return prepared.run(
                *namespace, "sh", "-c", mount, str(prepared.home), str(PROGRAMS / "stackyard"), *command
            )

        refused(inside(*arguments), 6, str(prepared.home), "STACKYARD_HOME")
        unchanged(prepared, before)
        reading = inside("stack", "list", "--json")
        assert reading.code == 0, reading
        assert {stack["name"] for stack in reading.json["items"]} == {"default", "taken"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("stack", "list"),
        ("stack", "get"),
        ("artifact-store", "register", "other", "--flavor=local"),
        ("stack", "set", "taken"),
        ("run", "small.py"),
    ],
    ids=lambda a: " ".join(a[:2]),
)
def test_a_registry_cut_in_half(prepared: Shell, arguments: tuple[str, ...]) -> None:
    """Given half a registry file, every command names it and the copy that mends it; nothing overwrites it."""
    registry = prepared.home / "registry.json"
    whole = registry.read_bytes()
    registry.write_bytes(whole[: len(whole) // 2])
    before = prepared.snapshot()
    refused(prepared.stackyard(*arguments), 6, "registry.json", "registry.last-good.json")
    unchanged(prepared, before)
    shutil.copy(prepared.home / "registry.last-good.json", registry)
    names = {stack["name"] for stack in prepared.json("stack", "list")["items"]}
    assert names == {"default", "taken"}


def test_an_active_stack_that_is_gone(prepared: Shell) -> None:
    """Given a choice of a stack that is no more, commands that need it name the command that mends it."""
    prepared.do("init")
    choice = prepared.folder / ".stackyard" / "active_stack.json"
    choice.write_text('{"format": "1.0", "id": "00000000-0000-7000-8000-0000000000ff", "name": "gone"}\n')
    before = prepared.snapshot()
    refused(prepared.stackyard("run", "small.py"), 4, "gone", "stackyard stack set")
    unchanged(prepared, before)
    prepared.do("stack", "set", "default")
    assert prepared.do("run", "small.py").code == 0


def _with_pydantic(version: str, folder: Path) -> str:
    """Make a folder in which an import finds this version of pydantic first, as an environment may hold it."""
    package = folder / "pydantic"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(f'VERSION = __version__ = "{version}"\n', encoding="utf-8")
    metadata = folder / f"pydantic-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: pydantic\nVersion: {version}\n")
    return str(folder)


@pytest.mark.parametrize("arguments", [("stack", "list"), ("run", "small.py"), ("secret", "list")])
def test_a_pydantic_that_is_too_old(shell: Shell, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Given an environment whose pydantic is of the first generation, it is named with the command that mends it."""
    shell.write("small.py", SMALL)
    before = shell.snapshot()
    result = shell.stackyard(*arguments, PYTHONPATH=_with_pydantic("1.10.13", tmp_path / "old"))
    refused(result, 7, "pydantic", "1.10.13", "pip install")
    unchanged(shell, before)


def _old_pythons() -> list[str]:
    """Return the interpreters of this machine that are too old."""
    home = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    return [str(path / "bin" / "python3") for path in sorted(home.glob("versions/3.[7-9].*"))]


def _pretending(folder: Path) -> str:
    """Make a folder with which this very interpreter says that it is too old, for machines that have no such one."""
    folder.mkdir()
    text = "import sys\nsys.version_info = (3, 9, 18, 'final', 0)\nsys.version = '3.9.18 (pretending)'\n"
    (folder / "sitecustomize.py").write_text(text, encoding="utf-8")
    return str(folder)


def test_a_python_that_is_too_old(shell: Shell, tmp_path: Path) -> None:
    """Given a Python older than 3.10, starting Stackyard with it says which versions serve, and nothing else."""
    before = shell.snapshot()
    source = str(ROOT / "src")
    interpreters = [(python, source) for python in _old_pythons()]
    interpreters.append((sys.executable, os.pathsep.join([_pretending(tmp_path / "old"), source])))
    for interpreter, path in interpreters:
        result = shell.run(interpreter, "-m", "stackyard", "stack", "list", PYTHONPATH=path)
        refused(result, 7, "3.10")
    unchanged(shell, before)
