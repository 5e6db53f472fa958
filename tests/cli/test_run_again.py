"""Going on with runs, repeating them, running parts of them, and what is left when that is not possible."""

from __future__ import annotations

import shutil

from tests.cli.shell import Shell

MEND = """
from pathlib import Path
from stackyard import pipeline, step

HERE = Path(__file__).parent

def note(word: str) -> None:
    with (HERE / "notes.txt").open("a") as file:
        file.write(word + "\\n")

@step
def load(n: int = 3) -> int:
    note("load")
    return n

@step
def train(x: int) -> float:
    note("train")
    if not (HERE / "mended").exists():
        raise ValueError("no luck")
    return x / 2

@step
def report(x: float) -> str:
    note("report")
    return str(x)

@pipeline(enable_cache=False)
def mend(n: int = 3) -> None:
    report(train(load(n)))
"""

SCRIPT = """
import sys
from mend import mend, note
from stackyard import pipeline, step

@step
def one(k: int) -> int:
    note(f"one {k}")
    return k

@pipeline(enable_cache=False)
def before(k: int) -> None:
    one(k)

@pipeline(enable_cache=False)
def behind(k: int) -> None:
    one(k)

if __name__ == "__main__":
    before(1)
    mend(n=int(sys.argv[1]))
    behind(2)
    print("the script is through")
"""


def _notes(shell: Shell) -> list[str]:
    """Return which steps ran, in order, and forget them."""
    path = shell.folder / "notes.txt"
    found = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return found


def test_a_failed_run_goes_on_is_repeated_and_taken_apart(shell: Shell) -> None:
    """Given a step that fails, when it is mended, then the run goes on; each way to run it again runs just its part."""
    shell.write("mend.py", MEND)
    failed = shell.stackyard("run", "mend.py", "-p", "n=8", "--tag", "night")
    assert failed.code == 1, failed
    line = MEND.splitlines().index('        raise ValueError("no luck")') + 1
    assert f'mend.py", line {line}' in failed.out, failed
    assert failed.err.endswith("When that is mended, go on with: stackyard run resume mend-1\n"), failed
    assert _notes(shell) == ["load", "train"]
    silent = shell.do("run", "logs", "mend-1", "--step", "train")
    assert silent.text == "Nothing was printed. Why it failed: stackyard run show mend-1\n"
    shell.write("mended", "")
    # The code's default is another one now; the run goes on with what it was given.
    resumed = shell.do("run", "resume")
    assert resumed.out.startswith("Going on with mend-1, a run of mend on stack 'default' (that of the run)"), resumed
    assert "load: completed before\n" in resumed.out
    assert _notes(shell) == ["train", "report"]
    run = shell.json("run", "show", "mend-1")
    assert (run["status"], run["parameters"], run["tags"]) == ("completed", {"n": 8}, ["night"])
    assert shell.json("run", "list", "--tag", "night")["total"] == 1
    refused = shell.stackyard("run", "resume", "latest")
    assert (refused.code, "stackyard run retry mend-1" in refused.err) == (5, True), refused

    again = shell.do("run", "retry", "mend-1", "--json").json
    assert (again["name"], again["parameters"], again["status"]) == ("mend-2", {"n": 8}, "completed")
    assert again["id"] != run["id"]
    assert _notes(shell) == ["load", "train", "report"]
    only = shell.do("run", "mend.py", "--only", "report")
    assert "load: skipped, not asked for\ntrain: cached in mend-2\n" in only.out, only
    assert _notes(shell) == ["report"]
    elsewhere = shell.do("run", "logs", "latest", "--step", "train").err
    assert elsewhere.endswith("in the run 'mend-2': stackyard run logs mend-2 --step train\n"), elsewhere
    shell.do("run", "mend.py", "--from", "train", "--inputs-of", "mend-1")
    assert _notes(shell) == ["train", "report"]
    unknown = shell.stackyard("run", "mend.py", "--from", "tarin")
    assert (unknown.code, "Did you mean 'train'?" in unknown.err) == (2, True), unknown

    (shell.folder / "mended").unlink()
    assert shell.stackyard("run", "mend.py").code == 1
    (shell.folder / "mend.py").rename(shell.folder / "moved.py")
    for verb in ("resume", "retry"):
        gone = shell.stackyard("run", verb, "latest")
        assert (gone.code, "mend.py" in gone.err, "Put it back" in gone.err) == (5, True, True), gone


def test_a_script_goes_on_where_its_pipeline_failed(shell: Shell) -> None:
    """Given a script with three pipelines whose second failed, the first is not run again, and the third is run."""
    shell.write("mend.py", MEND)
    shell.write("package/__init__.py", "")
    for target in (["python", "script.py", "4"], ["stackyard", "run", "-m", "package.script", "4"]):
        shell.write("script.py" if target[0] == "python" else "package/script.py", SCRIPT)
        assert shell.run(*target).code == 1
        assert _notes(shell) == ["one 1", "load", "train"]
        shell.write("mended", "")
        resumed = shell.do("run", "resume", "latest")
        assert resumed.out.endswith("the script is through\n"), resumed
        assert _notes(shell) == ["train", "report", "one 2"]
        newest = [(run["pipeline"], run["status"]) for run in shell.json("run", "list")["items"][:3]]
        assert newest == [("behind", "completed"), ("mend", "completed"), ("before", "completed")]
        (shell.folder / "mended").unlink()

    # The script does something else now.
    assert shell.run("python", "script.py", "4").code == 1
    shell.write("script.py", SCRIPT.replace("    before(1)\n", ""))
    other = shell.stackyard("run", "resume", "latest")
    assert (other.code, "'mend'" in other.err) == (5, True), other
    shell.write("script.py", "print('nothing')\n")
    nothing = shell.stackyard("run", "resume", "latest")
    assert (nothing.code, "without calling the pipeline 'mend'" in nothing.err) == (5, True), nothing


def test_code_in_no_file_goes_on_where_it_is(shell: Shell) -> None:
    """Given code on stdin, its run is not resumed from outside but says how; a stack that is gone is named."""
    shell.write("mend.py", MEND)
    shell.do("artifact-store", "register", "other", "--flavor=local")
    shell.do("stack", "register", "second", "-o", "default", "-a", "other")
    code = "from mend import load, train\nfrom stackyard import pipeline\n\n\n@pipeline(enable_cache=False{})\n"
    call = "def typed() -> None:\n    train(load(6))\n\n\ntyped{}()\n"
    assert shell.run("python", "-c", code.format(', stack="second"') + call.format("")).code == 1
    refused = shell.stackyard("run", "resume", "latest")
    assert refused.code == 5, refused
    assert "typed.with_options(resume='typed-1')" in refused.err
    shell.write("mended", "")
    _notes(shell)
    resumed = shell.run("python", "-c", code.format("") + call.format(".with_options(resume='typed-1')"))
    assert resumed.code == 0, resumed
    assert _notes(shell) == ["train"]
    assert "'second'" in resumed.out
    shutil.rmtree(shell.folder / "mended", ignore_errors=True)
    shell.do("run", "mend.py", "--stack", "second")
    shell.do("stack", "delete", "second", "--yes")
    gone = shell.stackyard("run", "retry", "latest")
    assert (gone.code, "second" in gone.err) == (4, True), gone
    assert shell.do("run", "retry", "latest", "--stack", "default").code == 0
