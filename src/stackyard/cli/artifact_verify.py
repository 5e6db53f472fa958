"""``stackyard artifact verify``."""

from __future__ import annotations

import click

from stackyard.api.context import open_context
from stackyard.api.hover import show_size
from stackyard.cli.output import json_option, print_json, print_table
from stackyard.cli.working import working
from stackyard.model.errors import UsageError

EXIT_INTERRUPTED = 130


@click.command(epilog="Examples: stackyard artifact verify model --version 3 && stackyard artifact verify --all")
@click.argument("name", required=False)
@click.option("--version", type=int, help="Only the version with this number; default: all of them.")
@click.option("--all", "everything", is_flag=True, help="All artifacts of the project.")
@click.option("--store", metavar="NAME", help="Only what lies in this artifact store.")
@click.option("--all-projects", is_flag=True, help="Not only the project around the working folder.")
@json_option
def verify(
    *, name: str | None, version: int | None, everything: bool, store: str | None, all_projects: bool, as_json: bool
) -> int:
    """Read every byte of the artifact NAME (or of the version with the id NAME), and compare it with what was written.

    Exits with 1 if something is damaged. Ctrl-C ends it with what was found so far.
    """
    from stackyard.api import artifact_verify as api  # noqa: PLC0415  # threads and stores: other verbs need neither

    if not (name or everything or store or all_projects):
        raise UsageError("Which artifact is to be read?", hint="Name it, or write --all or --store NAME.")
    if name and everything:
        raise UsageError("--all is for all artifacts.", hint=f"Leave it, or {name!r}, out.")
    if version is not None and not name:
        raise UsageError("--version is a number of one artifact.", hint="Name the artifact.")
    ctx = open_context()
    versions = api.wanted_versions(ctx, name, version, store=store, all_projects=all_projects)
    with working("Reading", sum(v.size_bytes for v in versions), in_bytes=True) as progress:
        report = api.verify(ctx, versions, progress)
    if as_json:
        print_json(report)
    else:
        _print(report)
    return EXIT_INTERRUPTED if not report.complete else 1 if report.damaged else 0


def _print(report: object) -> None:
    from stackyard.api.artifact_verify import VerifyView  # noqa: PLC0415  # as above

    assert isinstance(report, VerifyView)  # noqa: S101
    if report.damaged:
        rows = [[d.name, str(d.version), d.status, d.problem, d.hint] for d in report.damaged]
        print_table(["ARTIFACT", "VERSION", "STATUS", "PROBLEM", "WHAT TO DO"], rows)
    versions = "version" if report.total == 1 else "versions"
    many = f"{report.total} {versions}" if report.complete else f"{report.checked} of {report.total} {versions}"
    read = f"{many} read, {show_size(report.read_bytes)}"
    found = (
        f"{len(report.damaged)} damaged."
        if report.damaged
        else "all as written."
        if report.checked
        else "nothing to do."
    )
    click.echo(f"{'' if report.complete else 'Interrupted: '}{read}: {found}")
