"""Real runs that use their whole stack: experiment tracker, alerter, a store from outside, settings."""

from __future__ import annotations

import json
import sys

import pytest

from stackyard.model.enums import Status
from tests.integration.full_stack import TOKEN, TRACKED, detached, everything, notes, refused, register, run
from tests.integration.user import User, statuses, wait_for

# experiment tracker ---------------------------------------------------------------------------------------------------


def test_a_tracker_follows_the_steps_that_name_it(own: User) -> None:
    first = run(own, TRACKED, "--stack", "full")
    assert first.code == 0
    begin, end, _ = notes(own)
    assert begin == ["begin", "train", "training-1", {"experiment": "churn"}, TOKEN]
    assert end == ["end", "train", "completed"]
    found = own.last_run()
    link = {"tiny_url": "http://tiny/training-1/train"}
    assert found.metadata == {"train": link}
    assert [list(step.metadata.items()) for step in found.steps] == [[("accuracy", 0.9), *link.items()], []]
    again = run(own, TRACKED, "--stack", "full")
    assert own.last_run().metadata == {"train": link}, "a reused step links to where it was tracked"
    shown = own.do("run", "show", "training-2").out
    assert "train: tiny_url  http://tiny/training-1/train" in shown
    for table in (first.out, again.out, *shown.split("STEP")[1:]):
        assert "accuracy 0.9" in table
        assert "tiny_url" not in table, "results are what the step itself logged"


def test_a_step_that_is_tracked_for_the_first_time_really_runs_and_then_is_reused(own: User) -> None:
    """A reused step logs nothing; but who asks for a tracker must get something into it once."""
    untracked = TRACKED.replace("experiment_tracker=True, ", "")
    for text, expected in (
        (untracked, "completed"),
        (untracked, "cached"),
        (TRACKED, "completed"),
        (TRACKED, "cached"),
    ):
        assert run(own, text, "--stack", "full").code == 0
        assert statuses(own.last_run())["train"] == expected, text
    assert [note[0] for note in notes(own) if note[0] in ("begin", "end")] == ["begin", "end"]


@pytest.mark.parametrize("named", ["True", '"notes"', '"othr"'])
def test_a_tracker_that_the_stack_lacks_is_refused_before_anything_runs(own: User, named: str) -> None:
    text = TRACKED.replace("=True", f"={named}")
    stack = "full" if named == '"othr"' else "default"
    said = refused(own, run(own, text, "--stack", stack), 3)
    assert "work.py:15" in said, "the call of the step"
    assert f"the stack '{stack}' has {repr('notes') if stack == 'full' else 'none'}" in said
    assert "--experiment-tracker" in said
    assert "stack update full" in said or "stack register" in said


def test_the_run_configuration_names_and_unnames_the_tracker(own: User) -> None:
    own.write("on.yaml", "steps: {plain: {experiment_tracker: notes}, train: {experiment_tracker: false}}\n")
    assert run(own, TRACKED, "--stack", "full", "--config", "on.yaml").code == 0
    assert [note[1] for note in notes(own)[:-1]] == ["plain", "plain"]
    own.write("bad.yaml", "steps:\n  train:\n    experiment_tracker: other\n")
    result = own.stackyard("run", "work.py", "--stack", "full", "--config", "bad.yaml")
    assert result.code == 3
    assert "bad.yaml:3" in result.err, result


def test_a_tracker_that_can_not_start_fails_its_step_and_shows_no_secret(own: User) -> None:
    register(own, "experiment-tracker", "broken", fails="start")
    own.do("stack", "update", "full", "--experiment-tracker", "broken")
    result = run(own, TRACKED, "--stack", "full")
    assert result.code == 1
    assert "The experiment tracker 'broken' could not start: OSError: no route to the server, token ***" in result.text
    assert TOKEN not in result.text
    assert statuses(own.last_run()) == {"train": "failed", "plain": "skipped"}


def test_a_tracker_that_can_not_end_is_a_warning(own: User) -> None:
    register(own, "experiment-tracker", "broken", fails="end")
    own.do("stack", "update", "full", "--experiment-tracker", "broken")
    result = run(own, TRACKED, "--stack", "full")
    assert result.code == 0, result
    assert "could not end properly: OSError: the server is gone, token ***" in result.out
    (line,) = [line for line in own.logs(own.last_run(), "train") if line.level == "warning"]
    assert "token ***" in line.text


# alerter --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("body", "status"), [("return 1", "completed"), ("raise ValueError('key')", "failed")])
def test_tracker_and_alerter_are_told_how_step_and_run_ended(own: User, body: str, status: str) -> None:
    result = run(own, TRACKED.replace("return 1", body), "--stack", "full")
    assert result.code == (0 if status == "completed" else 1)
    (told,) = notes(own)[-1]
    found = own.last_run()
    failed = status == "failed"
    assert (told["run_id"], told["status"], told["stack"]) == (found.id, status, "full")
    assert (told["pipeline"], told["run_name"], told["duration_s"]) == ("training", "training-1", found.duration_s)
    assert (told["started_at"], told["ended_at"]) == (found.started_at, found.ended_at)
    assert told["failed_steps"] == (["train"] if failed else [])
    assert told["error"] == ("Step 'train' failed: key" if failed else "")
    assert TOKEN not in result.text, "what an alerter prints is masked too"
    assert "telling with ***" in result.out
    assert ["end", "train", "ValueError" if failed else "completed"] in notes(own)
    assert found.steps[0].metadata["tiny_url"] == "http://tiny/training-1/train"


def test_the_alerter_is_told_that_a_run_was_stopped(own: User) -> None:
    text = TRACKED.replace("return 1", "open('there', 'w').close(); time.sleep(600)")
    own.write("work.py", "import os, sys, time\nfrom stackyard import *\n" + text)
    process = own.start(sys.executable, "-m", "stackyard", "run", "work.py", "--stack", "full")
    wait_for((own.folder / "there").exists, 180, own.started_output)
    own.do("run", "stop", "training-1")
    assert process.wait(180) == 1
    assert own.last_run().status is Status.STOPPED
    assert notes(own)[-1][0]["status"] == "stopped"
    assert ["end", "train", "StopRequested"] in notes(own)


def test_an_alerter_that_fails_changes_nothing_but_a_warning(own: User) -> None:
    register(own, "alerter", "broken", fails="start")
    own.do("stack", "update", "full", "--alerter", "broken")
    result = run(own, TRACKED, "--stack", "full")
    assert result.code == 0, result
    assert own.last_run().status is Status.COMPLETED
    warning = "Warning: the alerter 'broken' could not tell how the run ended: refused with ***\n"
    assert result.err == warning
    assert TOKEN not in result.text
    assert detached(own).err.endswith(warning), "nobody sees it at once: it is in the driver's log"


# settings -------------------------------------------------------------------------------------------------------------


LOAD = "from stackyard import Client; print(*[Client().get_artifact_version(name).load() for name in {}], sep=';')"


def test_settings_of_the_orchestrator_take_effect(own: User) -> None:
    """Given: four steps that could run side by side. Then: one worker runs all; a failure stops what comes after."""
    text = """
@step
def one(number: int) -> int:
    if number == 0:
        raise ValueError("the first one")
    return os.getpid()

@pipeline(settings={"orchestrator": {"max_workers": 1}})
def training():
    for number in range(3, -1, -1):
        one(number)
"""
    assert run(own, text).code == 1
    found = own.last_run()
    assert list(statuses(found).values()) == ["completed"] * 3 + ["failed"]
    loaded = own.python("-c", LOAD.format([step.outputs[0].artifact_version_id for step in found.steps[:3]]))
    pids = loaded.out.split(";")
    assert (len(pids), len({int(pid) for pid in pids})) == (3, 1), loaded
    own.write("fast.yaml", "settings: {orchestrator.local: {execution_mode: stop_on_failure}}\n")
    other = text.replace("range(3, -1, -1)", "range(4)")
    assert run(own, other, "--config", "fast.yaml", "--no-cache").code == 1
    assert list(statuses(own.last_run()).values()) == ["failed"] + ["skipped"] * 3


def test_bad_settings_are_refused_before_anything_runs(own: User) -> None:
    said = refused(own, run(own, TRACKED.replace('{"experiment"', '{"experimnt"'), "--stack", "full"), 3)
    assert "work.py:4" in said
    assert "Did you mean 'experiment'" in said


# requirements ---------------------------------------------------------------------------------------------------------


def test_a_missing_package_of_the_stack_is_named_before_anything_runs(own: User) -> None:
    own.do("alerter", "flavor", "register", "tiny_flavors:DEMANDING")
    own.do("alerter", "register", "demanding", "--flavor", "demanding")
    own.do("stack", "update", "full", "--alerter", "demanding")
    said = refused(own, run(own, TRACKED, "--stack", "full"), 7)
    assert "alerter 'demanding' of the stack 'full' needs stackyard-nothing-of-the-kind>=2" in said
    assert "stackyard integration install nothing" in said


# artifact store -------------------------------------------------------------------------------------------------------


CHAIN = """
from typing import Annotated

@step
def first() -> Annotated[int, "number"]:
    return 3

@step
def second(x: int) -> Annotated[list[int], "numbers"]:
    return [x] * 3

@pipeline
def training():
    second(first())
"""


def test_a_store_from_outside_keeps_what_steps_return(own: User) -> None:
    assert run(own, CHAIN, "--stack", "boxed").code == 0
    found = own.last_run()
    assert not list((own.home / "artifact_stores").glob("**/manifest.json"))
    assert own.python("-c", LOAD.format(["numbers"])).out == "[3, 3, 3]\n"
    shown = json.loads(own.python("-m", "stackyard", "artifact", "show", "numbers", "--json").out)
    assert (shown["status"], shown["preview"]["data"]) == ("available", [3, 3, 3])
    assert shown["uri"].startswith("tiny://box/")
    assert shown["files"][0]["path"].startswith("tiny://box/")
    opened = (own.folder.parent / "box.opened").read_text().count("\n")
    assert opened <= 5, "driver, one or two workers, two commands: not once a step"
    own.do("run", "work.py", "--stack", "boxed")
    assert set(statuses(own.last_run()).values()) == {"cached"}
    assert found.artifact_store == "box"


def test_a_version_of_another_store_is_an_input(own: User) -> None:
    """Given: versions in both stores. Then: a run on either stack takes the one of the other."""
    own.do("run", str(own.write("work.py", "from stackyard import *\n" + CHAIN)), "--stack", "boxed")
    text = CHAIN.replace("second(first())", "second(Client().get_artifact_version('number', {}))")
    assert run(own, text.replace("{}", "1"), "--stack", "default").code == 0
    assert run(own, CHAIN, "--stack", "default").code == 0
    assert run(own, text.replace("{}", "2"), "--stack", "boxed").code == 0
    stores = {run.artifact_store for run in own.runs()}
    assert stores == {"default", "box"}


def test_what_a_store_refuses_with_is_shown_without_its_secret(own: User) -> None:
    own.variables["STACKYARD_SECRET__BOX__KEY"] = "wrong-sesame"
    result = run(own, CHAIN, "--stack", "boxed")
    assert result.code == 1, result
    assert "The box does not open with ***" in result.text
    assert "wrong-sesame" not in "".join(everything(own, result).values())


def test_a_store_whose_place_shows_a_secret_is_refused(own: User) -> None:
    own.do("artifact-store", "update", "box", "--place=tiny://{{box.key}}@box")
    said = refused(own, run(own, CHAIN, "--stack", "boxed"), 3)
    assert "contains a secret" in said
    assert "open-sesame" not in said


def test_a_flavor_whose_module_is_gone_is_named(own: User) -> None:
    (own.folder / "tiny_flavors.py").unlink()
    said = refused(own, run(own, CHAIN, "--stack", "boxed"), 7)
    assert "tiny_flavors" in said
