"""The page about run configurations: its files run as it says."""

from __future__ import annotations

import re
from pathlib import Path

from stackyard.api import run_configuration
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
        "small-1",
        {"note": "a small one"},
        {"load": "completed", "train": "completed"},
    )
    assert run.steps[0].parameters == {"rows": 10}
    assert [line.text for line in user.logs(run, "train", "stdout")] == ["logged in"]


def test_the_file_of_the_page_has_every_key() -> None:
    text = _block("yaml")
    for key in (*run_configuration._KEYS, *run_configuration._STEP_KEYS):
        assert re.search(rf"^ *{key}:", text, flags=re.MULTILINE), key
