"""``stackyard doctor``, and the commands ``check`` of stacks and components."""

from __future__ import annotations

import sys

import click

from stackyard.api import checks
from stackyard.api.context import open_context
from stackyard.api.lookup import article
from stackyard.cli.completion import component_names, stack_names
from stackyard.cli.confirm import confirm
from stackyard.cli.output import json_option, print_json
from stackyard.cli.text import use_colour
from stackyard.model.enums import ComponentType
from stackyard.model.stack_views import CheckView, FindingView

_MARKS = {"ok": ("✓", "+", "green"), "warning": ("!", "!", "yellow"), "error": ("✗", "x", "red")}


@click.command(epilog="Examples: stackyard doctor   ·   stackyard doctor --repair --yes")
@click.option("--repair", is_flag=True, help="Mend what can be mended without losing anything; asks first.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@json_option
def doctor(repair: bool, yes: bool, as_json: bool) -> int:
    """Check this installation: packages, home, registry, stacks, secrets, catalog; each problem with its fix.

    Ends with exit code 1 when something can't be used. With --repair the last good copy of a damaged registry is
    restored (the damaged file is kept), temporary files of killed processes are removed, and runs whose drivers are
    gone are recorded as interrupted.
    """
    from stackyard.api import doctor as doctors  # noqa: PLC0415  # checks of one stack need none of it

    ctx = open_context()
    found = doctors.doctor(ctx)
    if not repair:
        return _show(found, as_json=as_json)
    wanted = [finding for finding in found.findings if finding.fix == doctors.REPAIR]
    if not wanted:
        click.echo("There is nothing to repair.", err=True)
        return _show(found, as_json=as_json)
    for finding in wanted:
        click.echo(f"{finding.subject}: {finding.message}", err=True)
    confirm("Repair this?", yes=yes)
    done = doctors.repair(ctx)
    if not as_json:
        _print("Repaired", done)
        click.echo()
    return _show(doctors.doctor(ctx), as_json=as_json)


@click.command("check", epilog="Examples: stackyard stack check   ·   stackyard stack check my_stack --json")
@click.argument("name", required=False, shell_complete=stack_names)
@json_option
def stack_check(name: str | None, as_json: bool) -> int:
    """Check whether a stack can be used from here: the active one, or NAME (a name or the beginning of an id)."""
    return _show(checks.check_stack(open_context(), name), as_json=as_json)


def component_check(component_type: ComponentType) -> click.Command:
    """Return the command ``check`` of a component type's group."""
    title, group = component_type.title, component_type.command

    @click.command(
        "check",
        help=f"Check whether {article(title)} {title} can be used from here: its packages, configuration, service.",
        epilog=f"Example: stackyard {group} check my_{component_type.value}",
    )  # fmt: skip
    @click.argument("name", shell_complete=component_names(component_type))
    @json_option
    def check(name: str, as_json: bool) -> int:
        return _show(checks.check_component(open_context(), component_type, name), as_json=as_json)

    return check


def _show(check: CheckView, *, as_json: bool) -> int:
    """Print a check; return the exit code."""
    if as_json:
        print_json(check)
    else:
        _print(check.subject[0].upper() + check.subject[1:], check.findings)
        click.echo(_verdict(check))
    return 0 if check.usable else 1


def _print(title: str, findings: list[FindingView]) -> None:
    click.echo(_styled(title, bold=True))
    for finding in findings:
        symbol, plain, colour = _MARKS[finding.severity]
        mark = symbol if _can_print(symbol) else plain
        head = f"  {_styled(f'{mark} {finding.severity}'.ljust(9), fg=colour)} "
        text = f"{finding.subject}: {finding.message}"
        click.echo(head + (_styled(text, dim=True) if finding.severity == "ok" else text))
        if finding.severity != "ok" and finding.fix:
            click.echo(f"            Fix: {finding.fix}")


def _verdict(check: CheckView) -> str:
    n_errors = sum(finding.severity == "error" for finding in check.findings)
    n_warnings = sum(finding.severity == "warning" for finding in check.findings)
    counts = [(n_errors, "error"), (n_warnings, "warning")]
    told = ", ".join(f"{n} {word}{'' if n == 1 else 's'}" for n, word in counts if n)
    return f"{told}." if told else "No problems found."


def _styled(text: str, **style: bool | str) -> str:
    return click.style(text, **style) if use_colour() else text  # type: ignore[arg-type]


def _can_print(symbol: str) -> bool:
    try:
        symbol.encode(sys.stdout.encoding or "ascii")
    except UnicodeError:
        return False
    return True
