"""Pipelines run however their file is laid out and started, and their steps reach the workers."""

from __future__ import annotations

import shutil

import pytest

from tests.integration.user import User, statuses

BODY = """
from stackyard import pipeline, step

OFFSET = 40

def helper(value: int) -> int:
    return value + OFFSET

@step
def make() -> int:
    return helper(2)

@step
def check(value: int) -> int:
    assert value == 42
    print("checked", value)
    return value

@pipeline(enable_cache=False)
def laid_out() -> None:
    check(make())
"""
GUARD = '\nif __name__ == "__main__":\n    laid_out()\n'
CALL = "\nlaid_out()\n"


def completed(user: User, before: int) -> None:
    runs = user.runs()
    assert len(runs) == before + 1, "the pipeline ran once"
    assert statuses(runs[-1]) == {"make": "completed", "check": "completed"}
    assert [line.text for line in user.logs(runs[-1], "check")] == ["checked 42"]


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("run.py", "zygote"),
        ("run.py", "spawn"),
        ("my-pipeline.py", "zygote"),
        ("my-pipeline.py", "spawn"),
        ("ordner mit leerzeichen/übung.py", "zygote"),
        ("class.py", "zygote"),
    ],
)
def test_a_script_with_and_without_a_main_guard(user: User, name: str, method: str) -> None:
    user.variables["STACKYARD_WORKER_START"] = method
    script = user.write(name, BODY + GUARD)
    result = user.python(script)
    assert result.code == 0, result
    completed(user, 0)
    result = user.stackyard("run", str(script))
    assert result.code == 0, result
    completed(user, 1)
    script.write_text(BODY + CALL, encoding="utf-8")
    result = user.python(script)
    assert result.code == 0, result
    completed(user, 2)
    result = user.stackyard("run", str(script))
    assert result.code == 0, result
    completed(user, 3)


def test_a_mistake_in_a_decorator_ends_a_script_as_other_errors_do(user: User) -> None:
    script = user.write("bad.py", "from stackyard import step\n\n@step(enable_cahce=False)\ndef load(): ...\n")
    result = user.python("bad.py")
    said = result.err.splitlines()
    assert (result.code, len(said)) == (3, 2), result
    assert said[0] == f"Error: {script}:3: The step 'load' has the unknown option 'enable_cahce'."
    assert said[1].startswith("Hint:  Did you mean 'enable_cache'?")
    script.write_text("import sys; sys.ps1 = '>>> '\n" + script.read_text(encoding="utf-8"), encoding="utf-8")
    assert user.python("bad.py").code == 1, "a shell goes on"


def test_a_module_of_a_package_with_relative_imports(user: User) -> None:
    user.write("src/shop/__init__.py", "")
    user.write("src/shop/tools.py", "OFFSET = 40\n\ndef helper(value: int) -> int:\n    return value + OFFSET\n")
    relative = BODY.replace("OFFSET = 40\n\ndef helper(value: int) -> int:\n    return value + OFFSET\n", "")
    user.write("src/shop/steps.py", relative.replace("from stackyard", "from .tools import helper\nfrom stackyard", 1))
    module = user.write("src/shop/main.py", "from .steps import laid_out\n" + GUARD)
    user.folder = user.folder / "src"
    result = user.python("-m", "shop.main")
    assert result.code == 0, result
    completed(user, 0)
    result = user.stackyard("run", str(module))
    assert result.code == 0, result
    completed(user, 1)
    result = user.stackyard("run", f"{module}:laid_out")
    assert result.code == 0, result
    completed(user, 2)
    # Another working folder changes nothing.
    user.folder = user.folder.parent
    result = user.stackyard("run", "src/shop/steps.py")
    assert result.code == 0, result
    completed(user, 3)


def test_steps_of_main_reach_modules_beside_the_script_and_globals_of_it(user: User) -> None:
    user.write("beside.py", "def helper(value: int) -> int:\n    return value + 40\n")
    body = BODY.replace("def helper(value: int) -> int:\n    return value + OFFSET\n", "from beside import helper\n")
    script = user.write("deep/er/run.py", body + GUARD)
    shutil.move(user.folder / "beside.py", script.parent / "beside.py")
    result = user.python("deep/er/run.py")
    assert result.code == 0, result
    completed(user, 0)


def test_functions_without_a_file_as_in_a_notebook(user: User) -> None:
    cells = [BODY.partition("@pipeline")[0], "@pipeline" + BODY.partition("@pipeline")[2], "laid_out()"]
    user.write(
        "notebook.py",
        f"""
        import linecache
        scope = {{"__name__": "__main__"}}
        for number, cell in enumerate({cells!r}):
            name = f"<ipython-input-{{number}}>"
            linecache.cache[name] = (len(cell), None, cell.splitlines(True), name)
            exec(compile(cell, name, "exec"), scope)
        """,
    )
    result = user.python("notebook.py")
    assert result.code == 0, result
    completed(user, 0)
    piped = (
        user.run("sh", "-c", f"cat cell.py | '{user.interpreter}' -") if user.write("cell.py", BODY + CALL) else None
    )
    assert piped is not None
    assert piped.code == 0, piped
    completed(user, 1)
    result = user.python("-c", BODY + CALL)
    assert result.code == 0, result
    completed(user, 2)
