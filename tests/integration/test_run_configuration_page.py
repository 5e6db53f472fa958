"""The page about run configurations: its files run as it says."""

from __future__ import annotations

import re
from pathlib import Path

from stackyard.authoring.vocabulary import RUN_CONFIGURATION, STEP_CONFIGURATION
from tests.integration.user import User, statuses

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "run-configuration.md").read_text(encoding="utf-8")


def _block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)
    return str(found)


def test_the_files_of_the_page_run(user: User) -> None:
    user.write("training.py", _block("python"))
    user.write("small.yaml", _block("yaml"))
    missing = user.stackyard("run", "training.py", "--config", "small.yaml")
    assert missing.code == 4, "there is no secret yet"
    assert user.runs() == []
    user.variables["STACKYARD_SECRET__HUB__HUB_TOKEN"] = "a-token"
    user.do(*_block("sh").split()[1:])
    run = user.last_run()
    assert (run.name, run.parameters, statuses(run)) == (
        "small-acme-1",
        {"note": "a small one"},
        {"load": "completed", "train": "completed"},
    )
    assert sorted(run.tags) == ["nightly", "small"]
    assert run.steps[0].parameters == {"rows": 10}
    assert [line.text for line in user.logs(run, "train", "stdout")] == [
        "said: None",
        "logged in 011",
        "{'team': 'churn'}",
        "said: None",
        "said: None",
    ]


def test_the_file_of_the_page_has_every_key() -> None:
    """Given a key that is honoured, then it stands in the file, or in the table of those that need more."""
    for key, word in {**RUN_CONFIGURATION, **STEP_CONFIGURATION}.items():
        if word.verdict == "honoured":
            in_file = re.search(rf"^ *{key}:", _block("yaml"), flags=re.MULTILINE)
            assert in_file or re.search(rf"^\| `{key}`", PAGE, flags=re.MULTILINE), key
