"""Installing Stackyard into the user's environment, offline, from a server laid out as the extension ships it."""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from scripts.pythons import find_pythons

from stackyard.api.environments import check_environment, probe_interpreter
from stackyard.model.errors import InterpreterError, PackageMissingError
from stackyard_ls.wheelhouse import build_wheels, own_wheel
from tests.lsp.client import ROOT, Client, RequestError

INSTALL = "stackyard/environment/install"
FOUND = find_pythons()
OLDEST, NEWEST = next(iter(FOUND)), next(reversed(FOUND))
NO_NETWORK = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "UV_INDEX_URL": "http://127.0.0.1:9/", "PIP_NO_CACHE_DIR": "1"}
UV = {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension's ``bundled`` folder as in the .vsix: Stackyard unpacked in libs, its wheel in wheels."""
    bundled = tmp_path_factory.mktemp("extension") / "bundled"
    wheels, libs = bundled / "wheels", bundled / "libs"
    libs.mkdir(parents=True)
    shutil.copytree(ROOT / "bundled" / "tool", bundled / "tool", ignore=shutil.ignore_patterns("__pycache__"))
    for entry in (ROOT / "bundled" / "libs").iterdir():
        (libs / entry.name).symlink_to(entry)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(wheels), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    with zipfile.ZipFile(next(wheels.glob("*.whl"))) as archive:
        archive.extractall(libs)
    return bundled


@pytest.fixture
def server(start: Callable[..., Client], shipped: Path) -> Client:
    return start(command=[sys.executable, "-I", "-S", str(shipped / "tool" / "lsp_server.py")], env=NO_NETWORK | UV)


def environment(folder: Path, python: str, *options: str) -> str:
    subprocess.run([python, "-m", "venv", *options, str(folder)], check=True, capture_output=True)
    return str(folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


def test_a_fresh_environment_runs_before_and_after_the_install(server: Client, project: Path, tmp_path: Path) -> None:
    own = environment(tmp_path / "my env", FOUND[OLDEST])
    before = server.request("stackyard/environment/check", {"interpreter": own})
    assert (before["usable"], before["importable"], before["stackyard"]) == (True, False, "")
    assert before["python"].startswith(OLDEST)

    server.notify("stackyard/configure", {"interpreter": own})
    adding = {"file": str(project / "adding.py"), "function": "add_up"}
    assert server.request("stackyard/run/start", adding)["run_id"], "the extension's own copy helps out"

    done = server.request(INSTALL, {"interpreter": own})
    assert done["stackyard"]
    assert done["output"]
    after = server.request("stackyard/environment/check", {"interpreter": own})
    assert (after["usable"], after["importable"], after["stackyard"]) == (True, True, done["stackyard"])
    subprocess.run([own, "-m", "pip", "check"], check=True, capture_output=True)
    program = Path(own).with_name("stackyard")
    listed = subprocess.run([program, "stack", "list"], check=True, capture_output=True, text=True, cwd=project)
    assert "default" in listed.stdout


def test_an_environment_without_pip_is_served_by_uv(server: Client, tmp_path: Path) -> None:
    own = environment(tmp_path / "env", FOUND[NEWEST], "--without-pip")
    done = server.request(INSTALL, {"interpreter": own})
    found = server.request("stackyard/environment/check", {"interpreter": own})
    assert (found["importable"], found["stackyard"]) == (True, done["stackyard"])
    assert found["python"].startswith(NEWEST)


def test_without_pip_and_uv_the_remedy_is_named(start: Callable[..., Client], shipped: Path, tmp_path: Path) -> None:
    own = environment(tmp_path / "env", sys.executable, "--without-pip")
    client = start(
        command=[sys.executable, "-I", "-S", str(shipped / "tool" / "lsp_server.py")], env={"PATH": "/nowhere"}
    )
    with pytest.raises(RequestError) as caught:
        client.request(INSTALL, {"interpreter": own})
    assert caught.value.data["hint"] == f"Give it pip: {own} -m ensurepip"


def test_a_python_of_the_operating_system_is_left_alone(server: Client, tmp_path: Path) -> None:
    (tmp_path / "EXTERNALLY-MANAGED").write_text("[externally-managed]\n")
    patch = (
        "import sys, sysconfig; real = sysconfig.get_path; "
        f"sysconfig.get_path = lambda name, *rest: {str(tmp_path)!r} if name == 'stdlib' else real(name, *rest); "
        "exec(sys.argv[1])"
    )
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec \'{next(iter(FOUND.values()))}\' -c "{patch}" "$2"\n')
    python.chmod(0o755)
    with pytest.raises(RequestError) as caught:
        server.request(INSTALL, {"interpreter": str(python)})
    assert caught.value.data["code"] == "E103"
    assert "operating system" in caught.value.message
    assert f"{python} -m venv .venv" in caught.value.data["hint"]


def test_an_installer_that_fails_says_why(server: Client, tmp_path: Path) -> None:
    own = environment(tmp_path / "env", sys.executable, "--without-pip")
    pip = next((tmp_path / "env").glob("**/site-packages")) / "pip"
    pip.mkdir()
    (pip / "__init__.py").write_text("")
    (pip / "__main__.py").write_text("import sys\nsys.exit('ERROR: the disk is full')\n")
    with pytest.raises(RequestError, match="the disk is full"):
        server.request(INSTALL, {"interpreter": own})


@pytest.mark.parametrize(("version", "python"), FOUND.items())
def test_wheels_are_whole_and_serve_one_python(shipped: Path, tmp_path: Path, version: str, python: str) -> None:
    interpreter = probe_interpreter(python)
    wheels = build_wheels(shipped, interpreter, tmp_path)
    names = {wheel.name.split("-")[0] for wheel in wheels}
    assert {"stackyard", "pydantic", "pydantic_core", "click", "annotated_types"} <= names
    assert not names & {"pygls", "lsprotocol", "tree_sitter"}
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            assert archive.testzip() is None
            record = next(name for name in archive.namelist() if name.endswith(".dist-info/RECORD"))
            rows = list(csv.reader(archive.read(record).decode().splitlines()))
            assert {row[0] for row in rows} == set(archive.namelist())
            for path, digest, _ in rows:
                if digest:
                    found = base64.urlsafe_b64encode(hashlib.sha256(archive.read(path)).digest()).rstrip(b"=")
                    assert digest == f"sha256={found.decode()}"
            compiled = [name for name in archive.namelist() if name.endswith((".so", ".pyd"))]
            assert all(name.endswith(interpreter.ext_suffix) for name in compiled)


def test_a_bundle_without_a_wheel_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(PackageMissingError) as caught:
        own_wheel(tmp_path / "bundled")
    assert "npm run package" in caught.value.hint


def test_a_python_that_the_bundle_does_not_serve_is_named(shipped: Path, tmp_path: Path) -> None:
    strange = probe_interpreter(sys.executable).replace(ext_suffix=".cpython-399-odd.so")
    with pytest.raises(InterpreterError) as caught:
        build_wheels(shipped, strange, tmp_path)
    assert sys.executable in caught.value.message
    assert "pip install stackyard" in caught.value.hint


@pytest.mark.parametrize("content", [None, "", "not a program", "#!/bin/sh\necho hello\n", "#!/bin/sh\nexit 3\n"])
def test_what_is_no_python_is_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "python"
    if content is not None:
        path.write_text(content)
        path.chmod(0o755)
    found = check_environment(str(path))
    assert not found.usable
    assert str(path) in found.problem
    assert found.hint


def test_an_interpreter_that_gives_no_answer_is_named(tmp_path: Path) -> None:
    path = tmp_path / "python"
    path.write_text("#!/bin/sh\nexec sleep 30\n")
    path.chmod(0o755)
    with pytest.raises(InterpreterError, match=r"no answer in 0\.5 s"):
        probe_interpreter(str(path), timeout_s=0.5)


def test_what_an_environment_prints_at_its_start_is_no_trouble(tmp_path: Path) -> None:
    own = environment(tmp_path / "env", sys.executable, "--without-pip")
    site = next((tmp_path / "env").glob("**/site-packages"))
    (site / "sitecustomize.py").write_text("print('hello')\nimport atexit\natexit.register(print, 'bye')\n")
    (site / "stackyard.py").write_text("raise RuntimeError('damaged')\n")
    found = check_environment(own, ROOT / "bundled")
    assert found.python
    assert not found.importable
