"""A run that an editor's server starts is no descendant of that server, and survives its end."""

from __future__ import annotations

import contextlib
import json
import os
import signal

from tests.integration.processes import ancestors_of, descendants_of, is_running
from tests.integration.user import ROOT, User, statuses, wait_for

DRIVER = ROOT / "bundled" / "tool" / "run_driver.py"

PIPELINE = """
import os, time
from pathlib import Path
from stackyard import pipeline, step

FOLDER = Path(__file__).parent

@step
def waits() -> int:
    (FOLDER / "zygote.pid").write_text(str(os.getppid()))
    while not (FOLDER / "go").exists():
        time.sleep(0.05)
    return 1

@pipeline(enable_cache=False)
def detached(number: int = 1, words: list[str] = ["a"]) -> None:
    waits()
"""

# Stands for the server: asks for a run, then hangs until it is killed.
CALLER = """
import sys, time
from pathlib import Path
from stackyard.api.context import open_context
from stackyard.api.launch import start_run
from stackyard.api.run_request import RunRequest

run_id, name = start_run(
    open_context(sys.argv[2]), RunRequest(file=sys.argv[2], function="detached", parameters={"number": "5"}),
    driver=[sys.executable, sys.argv[1], "--request"],
)
print(name, flush=True)
(Path(sys.argv[2]).parent / "run.id").write_text(run_id)
time.sleep(600)
"""


def test_the_driver_survives_the_kill_of_the_callers_whole_tree(user: User) -> None:
    file = user.write("pipelines.py", PIPELINE)
    script = user.write("caller.py", CALLER)
    caller = user.start(user.interpreter, script, DRIVER, file)
    wait_for((user.folder / "run.id").exists, 180, "the run's id")
    user.pid_from("zygote.pid")
    run = user.last_run()
    assert run.id == (user.folder / "run.id").read_text()
    assert caller.pid not in ancestors_of(run.pid)
    assert os.getpid() not in ancestors_of(run.pid)
    tree = [caller.pid, *descendants_of(caller.pid)]
    assert run.pid not in tree
    for pid in tree:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    caller.wait(180)
    assert is_running(run.pid)
    (user.folder / "go").touch()
    wait_for(lambda: user.last_run().status.is_finished, 180, "the run's end")
    finished = user.last_run()
    assert finished.status == "completed"
    assert finished.parameters["number"] == 5
    assert statuses(finished) == {"waits": "completed"}


ASK = """
import json, sys
from stackyard.api.context import open_context
from stackyard.api.launch import start_run
from stackyard.api.run_request import RunRequest
from stackyard.model.errors import StackyardError

try:
    start_run(
        open_context(sys.argv[2]),
        RunRequest(file=sys.argv[2], function=sys.argv[4], parameters=json.loads(sys.argv[5])),
        driver=[sys.argv[3], sys.argv[1], "--request"],
    )
except StackyardError as error:
    print(json.dumps(error.as_dict()))
"""


def test_what_keeps_a_run_from_starting_is_told_to_the_caller(user: User) -> None:
    script = user.write("ask.py", ASK)
    good = user.write("pipelines.py", PIPELINE)
    cases = {
        "D103": (user.write("broken.py", "def broken(:\n"), user.interpreter, "f", "{}"),
        "N107": (good, user.interpreter, "no_such_pipeline", "{}"),
        "D104": (good, user.interpreter, "detached", '{"number": "many"}'),
        "E103": (good, str(user.folder / "no-python"), "detached", "{}"),
    }
    for code, (file, interpreter, function, parameters) in cases.items():
        result = user.python(script, DRIVER, file, interpreter, function, parameters)
        assert result.code == 0, result
        error = json.loads(result.out)
        assert error["code"] == code, error
        assert error["message"], error
    dies = user.write("dies.py", "import os\nos._exit(9)\n")
    result = user.python(script, DRIVER, dies, user.interpreter, "f", "{}")
    assert json.loads(result.out)["code"] == "R100", result
    assert user.runs() == [], "nothing ran"
    assert not list((user.home / "logs").iterdir()), "and nothing of it stays"
