"""What the documents show works as they show it."""

from __future__ import annotations

import re

import pytest

from tests.cli.shell import ROOT, Shell


def _code(page: str, language: str, heading: str) -> list[str]:
    """Return the code blocks of a language below a heading of a page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(rf"```{language}\n(.*?)```", section, flags=re.DOTALL)


@pytest.mark.long
def test_the_first_pipeline_of_getting_started(shell: Shell) -> None:
    """Given the page's file and commands, they do what the page says, the changes it proposes included."""
    (program,) = _code("docs/getting-started.md", "python", "A first pipeline")
    shell.write("first.py", program)
    commands = [
        line.split("#")[0].strip()
        for block in _code("docs/getting-started.md", "sh", "A first pipeline")
        for line in block.splitlines()
    ]
    assert "stackyard run logs sums-1" in commands
    for command in commands:
        result = shell.run(*command.split())
        assert result.code == 0, result
    runs = {run["name"]: run for run in shell.json("run", "list")["items"]}
    assert [runs[f"sums-{n}"]["n_cached"] for n in (1, 2, 3)] == [0, 2, 0]
    assert "adding up 100 numbers" in shell.do("run", "logs", "sums-1").out

    for old, new, cached in (("i * i", "i + i", 0), ("@pipeline", "# a comment\n@pipeline", 2)):
        assert old in program
        program = program.replace(old, new)
        shell.write("first.py", program)
        assert shell.run("python", "first.py").code == 0
        assert shell.json("run", "list")["items"][0]["n_cached"] == cached


@pytest.mark.long
def test_the_pipeline_of_the_readme(shell: Shell) -> None:
    """Given the README's pipeline and some flowers, it runs as a script and through `stackyard run`."""
    (program,) = _code("README.md", "python", "A pipeline")
    shell.write("training.py", program)
    rows = [f"{i / 10},{i % 7},{'rose' if i > 20 else 'tulip'}" for i in range(40)]
    shell.write("flowers.csv", "\n".join(["length,width,kind", *rows]) + "\n")
    for command in (["python", "training.py"], ["stackyard", "run", "training.py"]):
        result = shell.run(*command)
        assert result.code == 0, result
    latest = shell.json("run", "list")["items"][0]
    assert (latest["pipeline"], latest["status"], latest["n_cached"]) == ("training", "completed", 2)
    versions = {item["name"]: item["type"] for item in shell.json("artifact", "list")["items"]}
    assert set(versions) == {"flowers", "model"}
    assert versions["model"].endswith("SGDClassifier")


def test_a_client_in_a_pipeline_works_in_the_pipeline_s_project(shell: Shell) -> None:
    """Given a pipeline that looks up an artifact, when it runs from another folder, then its own project is asked."""
    shell.write(
        "two.py",
        "from typing import Annotated\nfrom stackyard import Client, pipeline, step\n\n"
        "@step\ndef make() -> Annotated[int, 'number']:\n    return 7\n\n"
        "@step\ndef show(number: int) -> None:\n    print('it is', number)\n\n"
        "@pipeline\ndef first() -> None:\n    make()\n\n"
        "@pipeline\ndef second() -> None:\n    show(Client().get_artifact_version('number'))\n",
    )
    shell.do("init")
    shell.do("run", "two.py:first")
    file = shell.folder / "two.py"
    shell.folder = shell.folder.parent
    assert "it is 7" in shell.do("run", f"{file}:second").text
