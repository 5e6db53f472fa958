"""What programs of the engine's tests begin with, and looks at what they left."""

from __future__ import annotations

from stackyard.model.views import RunView, StepRunView
from tests.integration.user import User

BASE = """
import os, sys, time
from pathlib import Path
from typing import Annotated
from stackyard import get_step_context, pipeline, step
from stackyard.api.driver import RunOptions, run_pipeline
from stackyard.engine.reporter import SilentReporter
from stackyard.model.errors import StackyardError, StepFailedError

HERE = Path(__file__).parent

def note(text):
    with (HERE / "notes.txt").open("a") as file:
        file.write(f"{text}\\n")

def times(text):
    path = HERE / "notes.txt"
    return path.read_text().splitlines().count(text) if path.exists() else 0

def run(definition, **options):
    try:
        return run_pipeline(definition, RunOptions(**options), SilentReporter())
    except StackyardError as error:
        note(f"{definition.name}: {type(error).__name__}: {error.message}")
"""


def step_of(run: RunView, name: str) -> StepRunView:
    return next(step for step in run.steps if step.name == name)


def notes(user: User, name: str = "notes.txt") -> list[str]:
    return (user.folder / name).read_text().splitlines()
