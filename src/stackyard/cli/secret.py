"""``stackyard secret``. Values are taken, kept and never shown, unless one is asked for by its key."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from stackyard.api import secrets
from stackyard.api.context import open_context
from stackyard.cli.attributes import FREE_WORDS
from stackyard.cli.completion import secret_names
from stackyard.cli.confirm import confirm
from stackyard.cli.lazy import LazyGroup
from stackyard.cli.listing import NAME_HELP, Column, Filter, Listing, Request, list_options
from stackyard.cli.output import json_option, print_facts, print_json
from stackyard.cli.text import show_time
from stackyard.model.errors import SecretNotFoundError, UsageError
from stackyard.model.names import did_you_mean
from stackyard.model.redaction import MIN_MASKED_LENGTH, can_be_masked
from stackyard.model.stack_views import SecretView

F = TypeVar("F", bound=Callable[..., Any])

_PLACES = {"keyring": "system keyring", "file": "encrypted file", "environment": "environment"}
LISTING: Listing[SecretView] = Listing(
    "secret",
    columns=[
        Column("name", lambda v: v.name),
        Column("keys", lambda v: ", ".join(v.keys)),
        Column("backend", lambda v: v.backend),
        Column("used_by", lambda v: ", ".join(v.used_by), yields=2),
        Column("updated", lambda v: v.updated_at, text=lambda v: show_time(v.updated_at) or "-", yields=1),
        Column("created", lambda v: v.created_at, text=lambda v: show_time(v.created_at) or "-", usual=False),
    ],
    filters=[
        Filter("name", lambda v: [v.name], NAME_HELP),
        Filter("key", lambda v: v.keys, "Only those with a key that contains this."),
        Filter("backend", lambda v: [v.backend], "Only those kept there: keyring, file, environment.", "equals"),
    ],
)


def _no_option(_ctx: click.Context, _parameter: click.Parameter, name: str) -> str:
    """Refuse what stands in the place of a forgotten name, without showing it: it may be ``--KEY=VALUE``."""
    if name.startswith("-"):
        raise UsageError("The name of the secret is missing.", hint="Write it in front: NAME --KEY=VALUE")
    return name


name_argument = click.argument("name", callback=_no_option, shell_complete=secret_names)
yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
force_option = click.option("--force", is_flag=True, help="Even though components refer to it.")


def value_options(command: F) -> F:
    """Add what takes values; the command gets ``words``, ``document`` and ``interactive``."""
    words = click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[--KEY=VALUE|@FILE|-]...")
    document = click.option(
        "-v",
        "--values",
        "document",
        metavar="JSON|@FILE",
        help="Values as a JSON object of texts, or a file of it.",
    )
    interactive = click.option("-i", "--interactive", is_flag=True, help="Ask for keys and values, without echo.")
    return words(document(interactive(command)))


@click.group(cls=LazyGroup, epilog="Example: stackyard secret create my_secret --interactive")
def secret() -> None:
    """Keep passwords and tokens out of code, configuration and logs.

    A component's configuration refers to a value as '{{my_secret.key}}'. Values are kept in the system's keyring, or in
    an encrypted file, or come from environment variables STACKYARD_SECRET__MY_SECRET__KEY.
    """


@secret.command("list", epilog="Example: stackyard secret list --sort updated")
@list_options(LISTING)
def list_(request: Request[SecretView]) -> None:
    """List all secrets, without their values."""
    found = secrets.list_secrets(open_context())
    none = "" if found else "There are no secrets yet. Create one with: stackyard secret create NAME --interactive"
    request.show(request.apply(found), none=none)


@secret.command(
    epilog="Examples: stackyard secret create my_secret --interactive   ·   "
    "stackyard secret create my_secret --values=@secret.json",
    context_settings=FREE_WORDS,
)
@click.argument("name", callback=_no_option)
@value_options
@json_option
def create(name: str, words: tuple[str, ...], document: str | None, interactive: bool, as_json: bool) -> None:
    """Create a secret.

    --KEY=VALUE gives a value, --KEY=@FILE takes it from a file, --KEY=- asks for it or reads standard input.
    """
    values = _given(words, document, interactive)
    had_key_file = _key_file().exists()
    view = secrets.create_secret(open_context(), name, values)
    _warn(values, words, document)
    if as_json:
        print_json(view)
        return
    click.echo(f"Secret {name!r} created in the {_place(view)}: {', '.join(view.keys)}.")
    if view.backend == "file" and not had_key_file and _key_file().exists():
        click.echo(f"It is encrypted with the new key file {_key_file()}: keep a copy of that.", err=True)
    click.echo(f"Refer to a value in a component's configuration: '{{{{{name}.{view.keys[0]}}}}}'", err=True)


@secret.command(epilog="Example: stackyard secret describe my_secret")
@name_argument
@json_option
def describe(name: str, as_json: bool) -> None:
    """Show the keys of a secret and what uses it."""
    _describe(name, as_json=as_json)


@secret.command(epilog="Examples: stackyard secret get my_secret   ·   stackyard secret get my_secret --show password")
@name_argument
@click.option("--show", metavar="KEY", help="Print the value of this key, and nothing else.")
@json_option
def get(name: str, show: str | None, as_json: bool) -> None:
    """Show a secret, or one value with --show."""
    if show is None:
        _describe(name, as_json=as_json)
        return
    if as_json:
        raise UsageError("Values are not part of JSON output.", hint="Leave --json out, or --show.")
    ctx = open_context()
    secrets.get_secret(ctx, name)
    values = secrets.read_secret(ctx, name).secret_values
    if show not in values:
        hint = f"{did_you_mean(show, list(values))} Keys: {', '.join(values)}.".strip()
        raise SecretNotFoundError(f"The secret {name!r} has no key {show[:60]!r}.", hint=hint)
    click.echo(values[show], nl=not values[show].endswith("\n"))


@secret.command(
    epilog="Examples: stackyard secret update my_secret --interactive   ·   "
    "stackyard secret update my_secret --remove token",
    context_settings=FREE_WORDS,
)
@name_argument
@value_options
@click.option("-r", "--remove", "--remove-keys", "remove", multiple=True, metavar="KEY", help="Take this key away.")
@force_option
@json_option
def update(
    name: str,
    *,
    words: tuple[str, ...],
    document: str | None,
    interactive: bool,
    remove: tuple[str, ...],
    force: bool,
    as_json: bool,
) -> None:
    """Change values of a secret.

    Values are given as for create; keys that are not named stay as they are.
    """
    ctx = open_context()
    secrets.get_secret(ctx, name)
    values = _given(words, document, interactive) if words or document or interactive or not remove else {}
    view = secrets.update_secret(ctx, name, values, remove, force=force)
    _warn(values, words, document)
    if as_json:
        print_json(view)
        return
    click.echo(f"Secret {name!r} updated. Its keys: {', '.join(view.keys)}.")


@secret.command(epilog="Example: stackyard secret rename my_secret other_secret")
@name_argument
@click.argument("new_name", required=False)
@click.option("-n", "--new-name", "also_new_name", hidden=True, help="As ZenML has it.")
@force_option
@json_option
def rename(name: str, new_name: str | None, also_new_name: str | None, force: bool, as_json: bool) -> None:
    """Give a secret another name."""
    new_name = new_name or also_new_name
    if new_name is None:
        raise UsageError("The new name is missing.", hint=f"Write: stackyard secret rename {name} NEW_NAME")
    view = secrets.rename_secret(open_context(), name, new_name, force=force)
    if as_json:
        print_json(view)
        return
    click.echo(f"Secret {name!r} renamed to {new_name!r}.")


@secret.command(epilog="Example: stackyard secret delete my_secret --yes")
@name_argument
@yes_option
@force_option
@json_option
def delete(name: str, yes: bool, force: bool, as_json: bool) -> None:
    """Delete a secret and its values."""
    ctx = open_context()
    secrets.check_unused(ctx, name, force=force)
    confirm(f"Delete the secret {name!r}?", yes=yes)
    view = secrets.delete_secret(ctx, name, force=force)
    if as_json:
        print_json(view)
        return
    click.echo(f"Secret {name!r} deleted.")


def _describe(name: str, *, as_json: bool) -> None:
    view = secrets.get_secret(open_context(), name)
    if as_json:
        print_json(view)
        return
    facts = [
        ("Keys", ", ".join(view.keys)),
        ("Kept in", _place(view)),
        ("Used by", ", ".join(view.used_by) or "no component"),
    ]
    overriding = secrets.variables_of(view)
    if overriding:
        facts.append(("Set by", ", ".join(overriding)))
    if view.created_at:
        facts += [("Created", show_time(view.created_at)), ("Updated", show_time(view.updated_at))]
    print_facts(f"Secret {view.name}", facts)


def _place(view: SecretView) -> str:
    return _PLACES.get(view.backend, view.backend)


def _key_file() -> Path:
    from stackyard.storage.secrets.encrypted_file import key_file  # noqa: PLC0415  # only where secrets are created

    return key_file()


def _given(words: Sequence[str], document: str | None, interactive: bool) -> dict[str, str]:
    """Return the values that the user gives, by whichever ways."""
    values = _from_document(document) if document else {}
    for key, text in _pairs(words):
        _refuse_twice(key, values)
        values[key] = _value(key, text)
    if interactive:
        values.update(_asked())
    if not values:
        raise UsageError("No value is given.", hint="Give one with --KEY=VALUE, or be asked for it: --interactive")
    return values


def _pairs(words: Sequence[str]) -> list[tuple[str, str]]:
    """Return key and text of each ``--key=text`` or ``--key text``. No message shows a word: it may be a value."""
    found = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--") or len(word) < 3:
            raise UsageError("A word is neither an option nor a value.", hint="Write values as --KEY=VALUE.")
        key, equals, text = word[2:].partition("=")
        if not equals:
            if not rest or rest[0].startswith("--"):
                raise UsageError(
                    f"The key --{key} has no value.", hint=f"Write --{key}=VALUE, or --{key}=- to be asked."
                )
            text = rest.pop(0)
        found.append((key, text))
    return found


def _value(key: str, text: str) -> str:
    """Return what a text stands for: itself, a file's content, or what standard input says."""
    if text.startswith("@@"):
        return text[1:]
    if text.startswith("@"):
        return _without_line_end(_read(text[1:], f"--{key}"))
    if text != "-":
        return text
    if sys.stdin.isatty():
        return str(click.prompt(f"Value of {key}", hide_input=True, err=True))
    return _without_line_end(sys.stdin.read())


def _read(name: str, what: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is no UTF-8 text"
        raise UsageError(
            f"The file {name!r} for {what} can't be read: {reason}.",
            hint="Name a text file; a value that begins with @ is written with @@.",
        ) from error


def _without_line_end(text: str) -> str:
    """Return a single line without its end; several lines, such as a private key, as they are."""
    line = text.removesuffix("\n").removesuffix("\r")
    return text if "\n" in line else line


def _from_document(given: str) -> dict[str, str]:
    """Return the values of ``--values``. Messages show no part of it."""
    text = _read(given[1:], "--values") if given.startswith("@") else given
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise UsageError("What is given to --values is no JSON.", hint='Write {"key": "value"}, or @FILE.') from None
    if not isinstance(document, dict):
        raise UsageError("What is given to --values is no JSON object.", hint='Write {"key": "value"}, or @FILE.')
    found = {}
    for key, value in document.items():
        if isinstance(value, str):
            found[key] = value
        elif isinstance(value, int | float):
            found[key] = json.dumps(value)
        else:
            raise UsageError(f"The key {key[:60]!r} in --values has no text.", hint="Write each value in quotes.")
    return found


def _asked() -> dict[str, str]:
    if not sys.stdin.isatty():
        raise UsageError("Nobody can be asked here.", hint="Give values with --KEY=- or --KEY=@FILE.")
    values: dict[str, str] = {}
    while key := str(click.prompt("Key (empty: done)", default="", show_default=False, err=True)).strip():
        _refuse_twice(key, values)
        values[key] = str(click.prompt(f"Value of {key}", hide_input=True, err=True))
    return values


def _refuse_twice(key: str, values: dict[str, str]) -> None:
    if key in values:
        raise UsageError(f"The key {key[:60]!r} is given twice.", hint="Give it once.")


def _warn(values: dict[str, str], words: Sequence[str], document: str | None) -> None:
    """Say what the user should know about values that were taken."""
    texts = [text for _, text in _pairs(words)] + ([document] if document else [])
    if any(text != "-" and (not text.startswith("@") or text.startswith("@@")) for text in texts):
        click.echo(
            "Warning: values on the command line stay in the shell's history. Other ways: --interactive, --KEY=- "
            "(asks, or reads standard input), --KEY=@FILE, --values=@FILE.",
            err=True,
        )
    short = [key for key, value in values.items() if not can_be_masked(value)]
    if short:
        click.echo(
            f"Warning: values shorter than {MIN_MASKED_LENGTH} characters can't be masked in logs: {', '.join(short)}.",
            err=True,
        )
