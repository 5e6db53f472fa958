"""A user whose stack has everything, of small flavors that the test brings."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from tests.integration.user import Result, User

FLAVORS = Path(__file__).with_name("tiny_flavors.py")
DRIVER = FLAVORS.parents[2] / "bundled" / "tool" / "run_driver.py"
TOKEN = "t0ken/of&the=tracker"  # made up
API_KEY = "hunter2-äöü-%41"  # made up
NOTES = "notes.jsonl"


REGISTER = f"""
from stackyard import Client
client, stack = Client(), dict(orchestrator="default", artifact_store="default")
for kind, source in (("experiment_tracker", "TRACKER"), ("alerter", "ALERTER")):
    client.create_flavor(f"tiny_flavors:{{source}}", kind)
    client.create_stack_component("notes", "tiny", kind, {{"file": "{NOTES}", "token": "{{{{server.token}}}}"}})
    stack[kind] = "notes"
client.create_stack("full", stack)
client.create_flavor("tiny_flavors:STORE", "artifact_store")
client.create_stack_component("box", "box", "artifact_store", {{"folder": "../box", "key": "{{{{box.key}}}}"}})
client.create_stack("boxed", dict(orchestrator="default", artifact_store="box"))
"""


def equip(user: User, registry: Path | None = None) -> User:
    """Return the user with flavors, secrets, a stack ``full``, and a stack ``boxed`` with another artifact store.

    Args:
        user: whose home is empty.
        registry: that of somebody who was equipped before, to copy it: it names no place of theirs.
    """
    shutil.copy(FLAVORS, user.folder)
    user.variables.update(
        STACKYARD_SECRET__SERVER__TOKEN=TOKEN,
        STACKYARD_SECRET__OPENAI__API_KEY=API_KEY,
        STACKYARD_SECRET__BOX__KEY="open-sesame",
        STACKYARD_SECRETS_PASSPHRASE="correct-horse",
    )
    if registry is None:
        done = user.python("-c", REGISTER)
        assert done.code == 0, done
    else:
        user.home.mkdir()
        shutil.copy(registry, user.home)
    return user


def register(user: User, kind: str, name: str, **configuration: str) -> None:
    """Register a component that writes the notes with a token."""
    attributes = {"file": NOTES, "token": "{{server.token}}", **configuration}
    user.do(kind, "register", name, "--flavor", "tiny", *(f"--{key}={value}" for key, value in attributes.items()))


def notes(user: User) -> list[Any]:
    """Return what tracker and alerter noted."""
    path = user.folder / NOTES
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def run(user: User, text: str, *options: str) -> Result:
    """Run a file that has one pipeline."""
    user.write("work.py", "import os, sys, time\nfrom stackyard import *\n" + text)
    return user.stackyard("run", "work.py", *options)


def detached(user: User) -> Result:
    """Run the file as an editor does."""
    user.write("request.json", json.dumps({"file": str(user.folder / "work.py"), "stack": "full"}))
    return user.python(DRIVER, "--request", "request.json")


def refused(user: User, result: Result, code: int) -> str:
    """Insist that nothing ran and that the message is short; return it."""
    assert result.code == code, result
    assert len(result.text.strip().splitlines()) <= 3, result
    assert user.runs() == [], "nothing ran"
    return result.err


def everything(user: User, result: Result) -> dict[str, str]:
    """Return what the run left behind: terminal, home, project; the notes and sources of the test itself aside."""
    files = [p for folder in (user.home, user.folder) for p in folder.rglob("*") if p.is_file()]
    left = {str(p): p.read_bytes().decode("latin-1") for p in files if p.name not in (NOTES, "work.py")}
    return {"terminal": result.text, **left}


TRACKED = """
@step(experiment_tracker=True, settings={"experiment_tracker": {"experiment": "churn"}})
def train() -> int:
    log_metadata({"accuracy": 0.9})
    return 1

@step
def plain(x: int) -> int:
    return x

@pipeline
def training():
    plain(train())
"""
