"""Every command of the command line says what it does and shows how it is used."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from stackyard.cli.main import cli
from stackyard.flavors.catalogue import built_in_flavors


def _commands(group: click.Group, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, group
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(_commands(cli, ("stackyard",)))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_the_help_has_a_sentence_and_an_example(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    text = command.get_help(click.Context(command, info_name=" ".join(path)))
    assert command.help
    assert command.help.strip()[0].isupper()
    assert re.search(r"Examples?: stackyard ", text), text


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_the_example_is_of_this_command_and_its_options_exist(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    shown = re.findall(r"stackyard (.+?)(?:   ·|&&|$)", str(command.epilog))
    assert any(words.split()[: len(path) - 1] == list(path[1:]) for words in shown), command.epilog
    for words in shown:
        _check_options(shlex.split(words))


def _check_options(words: list[str]) -> None:
    known: click.Command = cli
    while isinstance(known, click.Group) and words:
        found = known.get_command(click.Context(known), words[0])
        if found is None:
            break
        known, words = found, words[1:]
    if known is COMMANDS["stackyard", "run"]:
        from stackyard.cli.run import run_target

        known = run_target
    options = {name for parameter in known.params for name in parameter.opts}
    if known.context_settings.get("ignore_unknown_options"):  # attributes of flavors
        options |= {f"--{name}" for flavor in built_in_flavors() for name in flavor.configuration_model.model_fields}
    for word in words:
        if word.startswith("-"):
            assert word.split("=")[0] in options, (words, options)


def test_every_option_has_a_sentence() -> None:
    for path, command in COMMANDS.items():
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert (parameter.help or "").endswith("."), (path, parameter.name)


def test_every_list_and_description_can_be_json() -> None:
    for path, command in COMMANDS.items():
        if not isinstance(command, click.Group):
            assert "--json" in {name for parameter in command.params for name in parameter.opts}, path
