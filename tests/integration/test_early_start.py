"""Workers start with the script's first name of ours, long before its run, and show nothing of it."""

from __future__ import annotations

import json

from tests.integration.user import ROOT, User

CHANGES = """
import json, os, resource, sys
from pathlib import Path
from stackyard import pipeline, step

@step
def look(number: int) -> None:
    import os, resource, sys, time
    import helper
    found = {
        "word": os.environ.get("WORD"), "gone": os.environ.get("GONE"), "threads": os.environ.get("OMP_NUM_THREADS"),
        "secret": os.environ.get("STACKYARD_SECRETS_KEY_FILE"), "zone": time.tzname[0], "helper": helper.WORD,
        "files": resource.getrlimit(resource.RLIMIT_NOFILE)[0], "folder": os.getcwd(),
    }
    Path(os.environ["OUT"], f"{number}.json").write_text(json.dumps(found))

@pipeline(enable_cache=False)
def looking(number: int) -> None:
    look(number)

def modules(folder, word):
    Path(folder).mkdir()
    Path(folder, "helper.py").write_text(f"WORD = {word!r}\\n")
    sys.path.append(str(Path(folder).absolute()))

if __name__ == "__main__":
    os.environ.update(WORD="first \\udcff", OMP_NUM_THREADS="3", TZ="XXX3", OUT=os.getcwd())
    del os.environ["GONE"]
    modules("one", "of one")
    looking(1)
    os.environ.update(WORD="second", TZ="YYY3")
    del os.environ["OMP_NUM_THREADS"]
    sys.path.pop()
    modules("two", "of two")
    os.chdir("two")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
    os.umask(0o027)
    looking(2)
"""

TRIVIAL = """
import os, sys
from stackyard import pipeline, step
from tests.integration.processes import descendants_of, family_of

@step
def one() -> int:
    return os.getppid()

@pipeline(enable_cache=False)
def trivial() -> None:
    one()
"""

FORKS = (
    TRIVIAL
    + """
def run() -> int:
    return trivial().steps["one"].output.load()

if __name__ == "__main__":
    import multiprocessing

    before = family_of(os.getpid(), 2)  # guard and zygote
    for _ in range(2):  # with a zygote that was not used yet, and with one that was
        child = os.fork()
        if child == 0:
            zygote = run()
            assert zygote not in before, "it used the zygote of its parent"
            sys.exit()  # as a process that was never forked
        assert os.waitpid(child, 0)[1] == 0
        assert run() in before, "the child ended the zygote of its parent"
    child = multiprocessing.get_context("fork").Process(target=run)
    child.start()
    child.join()
    assert child.exitcode == 0
    assert run() in before
"""
)

INTERRUPTED = """
import os, signal, sys

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "pydantic":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupt())
from stackyard import pipeline
"""


def test_steps_see_what_the_script_changed_before_its_run(user: User) -> None:
    user.write("run.py", CHANGES)
    result = user.python("run.py", GONE="there before")
    assert result.code == 0, result
    first, second = (json.loads((user.folder / f"{number}.json").read_text()) for number in (1, 2))
    assert first.pop("files") != 200
    assert first == {
        "word": "first \udcff", "gone": None, "threads": "3", "secret": None, "zone": "XXX", "helper": "of one",
        "folder": str(user.folder),
    }  # fmt: skip
    assert second.pop("threads") != "3"
    assert second == {
        "word": "second", "gone": None, "secret": None, "zone": "YYY", "helper": "of two", "files": 200,
        "folder": str(user.folder / "two"),
    }  # fmt: skip
    assert (user.folder / "1.json").stat().st_mode & 0o777 != 0o640
    assert (user.folder / "2.json").stat().st_mode & 0o777 == 0o640, "the file mask"


def test_a_child_of_the_script_has_workers_of_its_own(user: User) -> None:
    user.write("run.py", FORKS)
    result = user.python("run.py", PYTHONPATH=str(ROOT))
    assert result.code == 0, result
    assert len(user.runs()) == 6


def test_who_runs_nothing_notices_nothing(user: User) -> None:
    """Nobody else starts a process; that a script's ends with it is what `user` looks at in the end."""
    count = "print(len(descendants_of(os.getpid())))"
    two = "print(len(family_of(os.getpid(), 2)))"
    user.write("imports.py", TRIVIAL + two)
    user.write("pipelines.py", TRIVIAL)
    user.write("main.py", f"import os\nfrom pipelines import family_of\n{two}")
    user.write("killed.py", TRIVIAL + "os.kill(os.getpid(), 9)")
    user.write("loaded.py", f"import multiprocessing, os\n{TRIVIAL}\ndef look():\n    {count}\n"
               "if __name__ == '__main__':\n    child = multiprocessing.get_context('spawn').Process(target=look)\n"
               "    child.start()\n    child.join()\n")  # fmt: skip
    expected = {
        ("imports.py",): (0, "2\n", ""),  # guard and zygote
        ("main.py",): (0, "2\n", ""),
        ("loaded.py",): (0, "0\n", ""),
        ("-c", f"{TRIVIAL}{count}"): (0, "0\n", ""),
        ("-m", "timeit", "-n1", "-r1", "-s", f"{TRIVIAL}{count}"): (0, "0\n", ""),
        ("killed.py",): (-9, "", ""),
    }
    for words, (code, out, err) in expected.items():
        result = user.python(*words, PYTHONPATH=str(ROOT))
        assert (result.code, result.out[:2] if out else result.out, result.err) == (code, out, err), result
    user.write("interrupted.py", INTERRUPTED)
    result = user.python("interrupted.py")
    assert result.code == -2, result
    assert result.err.splitlines()[-1] == "KeyboardInterrupt"
    assert not user.runs()


def test_what_the_end_of_a_run_needs_is_loaded_while_its_first_step_runs(user: User) -> None:
    user.write(
        "run.py",
        """
        import time
        from pathlib import Path
        from stackyard import pipeline, step
        from stackyard.api import session

        LOADED = Path("loaded")

        @step
        def one() -> None:
            deadline = time.monotonic() + 180
            while not LOADED.exists():
                assert time.monotonic() < deadline
                time.sleep(0.01)

        @step
        def two() -> None: ...

        @pipeline(enable_cache=False)
        def waiting() -> None:
            two(after=[one()])

        def load() -> None:
            real()
            with LOADED.open("a") as file:
                file.write("once")

        if __name__ == "__main__":
            real, session.load_for_the_end = session.load_for_the_end, load
            waiting()
            assert LOADED.read_text() == "once"
        """,
    )
    result = user.python("run.py")
    assert result.code == 0, result
