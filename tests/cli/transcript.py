"""Transcripts in the documentation: what follows a `$` is run, and what follows it must be what it prints."""

from __future__ import annotations

import difflib
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

from tests.cli.shell import Shell

_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}(?:-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})?")
_TIMES = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+Z)?")
_DURATIONS = re.compile(r"\b(?:\d+ h )?(?:\d+ min )?\d+(?:\.\d+)? s\b")


@dataclass
class Command:
    """A command of a transcript with the output that it shows, standard output and error together."""

    line: int
    words: list[str]
    output: list[str] = field(default_factory=list)


@dataclass
class File:
    """A file that the page lets its reader write."""

    line: int
    name: str
    text: str


def read_page(page: Path) -> list[Command | File]:
    """Return the commands and files of a page, in their order.

    `console` blocks are transcripts; `sh` blocks are commands whose output is not shown; a block of any other language
    with a name behind it (```` ```yaml stackyard.yaml ````) is a file.
    """
    text = page.read_text(encoding="utf-8")
    found: list[Command | File] = []
    for match in _BLOCK.finditer(text):
        language, name, body = match[1], match[2], match[3]
        line = text.count("\n", 0, match.start()) + 2
        if language == "console":
            found.extend(_transcript(body, line))
        elif language == "sh":
            found.extend(Command(line + n, shlex.split(c, comments=True), ["..."]) for n, c in _commands(body))
        elif name:
            found.append(File(line, name, body))
    return found


def follow(page: Path, shell: Shell) -> int:
    """Do all that a page shows and compare; return how many commands were run."""
    commands = 0
    begin = shell.folder
    for item in read_page(page):
        if isinstance(item, File):
            shell.write(item.name, item.text)
            continue
        if item.words[0] == "cd":
            shell.folder = shell.folder / item.words[1]
            continue
        commands += 1
        variables = dict(word.split("=", 1) for word in item.words if re.match(r"[A-Z_]+=", word))
        result = shell.show(*item.words[len(variables) :], **variables)
        expected = [_normal(line, shell, begin) for line in item.output]
        got = [_normal(line, shell, begin) for line in result.out.splitlines()]
        if not _matches(expected, got):
            shown = "\n".join(difflib.unified_diff(expected, got, "the page", "the command", lineterm=""))
            raise AssertionError(f"{page.name}:{item.line}: $ {shlex.join(item.words)}\n{shown}\n---\n{result.out}")
        refused = any(re.match(r"Error:|\d+ errors?\.", line) for line in item.output)
        assert (result.code != 0) == refused, f"{page.name}:{item.line}: {result}"
    return commands


def _commands(body: str) -> list[tuple[int, str]]:
    return [(n, line) for n, line in enumerate(body.splitlines()) if line.strip() and not line.startswith("#")]


def _transcript(body: str, line: int) -> list[Command]:
    commands: list[Command] = []
    for number, text in enumerate(body.splitlines(), line):
        if text.startswith("$ "):
            commands.append(Command(number, shlex.split(text[2:], comments=True)))
        elif commands:
            commands[-1].output.append(text)
    return commands


def _normal(line: str, shell: Shell, begin: Path) -> str:
    """Return a line without what differs from machine to machine and from day to day."""
    for place, name in ((shell.home, "/home/ann/.local/share/stackyard"), (begin, "/home/ann")):
        line = line.replace(str(place), name)
    line = _DURATIONS.sub("1.0 s", _TIMES.sub("2026-01-01 00:00:00", _IDS.sub("00000000-0000", line)))
    return re.sub(r"(?<=\S) {2,}", "  ", line.rstrip())  # the width of a column depends on the longest duration in it


def _matches(expected: list[str], got: list[str]) -> bool:
    """Compare line by line; a line `...` stands for any lines, `...` within a line for any text."""
    if not expected:
        return not got
    if expected[0] == "...":
        return any(_matches(expected[1:], got[n:]) for n in range(len(got) + 1))
    if not got:
        return False
    pattern = ".*?".join(re.escape(part) for part in expected[0].split("..."))
    return re.fullmatch(pattern, got[0]) is not None and _matches(expected[1:], got[1:])
