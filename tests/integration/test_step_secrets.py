"""Real runs with secrets: they reach who names them, and show nowhere."""

from __future__ import annotations

import json

from tests.integration.full_stack import (
    API_KEY,
    TOKEN,
    TRACKED,
    detached,
    everything,
    notes,
    refused,
    register,
    run,
)
from tests.integration.user import User, statuses

SECRET_STEPS = """
@step(secrets=["openai"], enable_cache=False)
def ask() -> bool:
    key = os.environ["api_key"]
    assert Client().get_secret("openai").secret_values["api_key"] == key
    try:
        Client().get_secret("server")
    except Exception as error:
        print("not declared:", error)
    print("the key is", key)
    sys.stdout.write(key[:6]); sys.stdout.flush(); time.sleep(0.05); print(key[6:])
    print(repr(key), file=sys.stderr)
    import base64, logging, urllib.parse
    print(base64.b64encode(b"ab" + key.encode()).decode(), urllib.parse.quote(key))
    logging.getLogger("asking").warning("with %s", key)
    log_metadata({"used": {"key": key}})
    get_step_context().add_output_metadata({"key": key})
    os.environ["api_key"] += "changed"
    return len(key) == 15

@step(enable_cache=False)
def after(asked: bool) -> bool:
    print(os.environ)
    return "api_key" in os.environ or any(name.startswith("STACKYARD_SECRET") for name in os.environ)

@step(secrets=["openai"], enable_cache=False)
def fail(there: bool) -> None:
    assert not there
    raise ValueError("refused with " + os.environ["api_key"])

@pipeline
def training():
    fail(after(ask()))
"""


def test_secrets_reach_their_step_alone_and_show_nowhere(own: User) -> None:
    result = run(own, SECRET_STEPS, "--stack", "full")
    assert result.code == 1, result
    assert statuses(own.last_run()) == {"ask": "completed", "after": "completed", "fail": "failed"}, result
    assert "does not declare the secret 'server'" in result.out
    assert "the key is ***" in result.out
    assert "ValueError: refused with ***" in result.out
    step = own.last_run().steps[0]
    assert step.metadata == {"used": {"key": "***"}}
    shown = json.loads(own.do("artifact", "show", step.outputs[0].artifact_version_id, "--json").out)
    assert shown["metadata"] == {"key": "***"}
    assert notes(own)[-1][0]["error"] == "Step 'fail' failed: refused with ***"
    traces = [
        API_KEY,
        repr(API_KEY)[1:-1],
        "aHVudGVyMi",
        "h1bnRlcjIt",
        "VudGVyMi",
        "hunter2",
        "%C3%A4",
        TOKEN,
        "correct-horse",
    ]
    for name, data in everything(own, result).items():
        for trace in traces:
            assert trace not in data, f"{trace} in {name}"


def test_a_detached_run_shows_no_secret_either(own: User) -> None:
    """Given: a run that an editor starts. Then: its own log has what its alerter printed, masked."""
    own.write("work.py", "import os, sys, time\nfrom stackyard import *\n" + SECRET_STEPS)
    result = detached(own)
    assert result.code == 1, result
    assert "telling with ***" in result.out
    for name, data in everything(own, result).items():
        assert "hunter2" not in data, name
        assert TOKEN not in data, name


def test_an_unknown_secret_is_refused_before_anything_runs(own: User) -> None:
    said = refused(own, run(own, SECRET_STEPS.replace('secrets=["openai"]', 'secrets=["opnai"]')), 4)
    assert "There is no secret 'opnai', which the step 'ask' names." in said
    lines = (own.folder / "work.py").read_text().splitlines()
    assert f"work.py:{lines.index('    fail(after(ask()))') + 1}:" in said, "the call of the step"
    assert "stackyard secret" in said


def test_a_secret_without_the_key_that_a_component_needs_is_refused(own: User) -> None:
    register(own, "experiment-tracker", "broken", token="{{server.tokn}}")  # a reference
    own.do("stack", "update", "full", "--experiment-tracker", "broken")
    said = refused(own, run(own, TRACKED, "--stack", "full"), 4)
    assert "no key 'tokn'" in said or "server.tokn" in said
