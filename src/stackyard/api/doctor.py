"""Looking at a whole installation, and mending what can be mended without losing anything."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sized
from pathlib import Path

from stackyard.api.active import resolve_active
from stackyard.api.checks import HERE, Checker, active_findings
from stackyard.api.context import Context
from stackyard.api.environment_checks import environment_findings
from stackyard.api.findings import as_check, error, fine, warning, worst
from stackyard.api.folder_checks import folder_findings
from stackyard.api.stack_file import read_stack_file
from stackyard.model.errors import FormatTooNewError, ProjectFileError, RegistryDamagedError, StackyardError
from stackyard.model.integrations import INTEGRATIONS
from stackyard.model.stack import Registry
from stackyard.model.stack_views import CheckView, FindingView
from stackyard.storage.atomic import TEMPORARY_SUFFIX
from stackyard.storage.home import HOME_VARIABLE
from stackyard.storage.host import network_file_system
from stackyard.storage.locking import lock_holder
from stackyard.storage.registry import FileRegistryStore

REPAIR = "stackyard doctor --repair"
"""The fix of what :func:`repair` mends."""
REINDEX = "stackyard artifact reindex"
UPGRADE = "pip install --upgrade stackyard"
CATALOG_LIMIT_S = 5.0
LARGE_WAL_BYTES = 64_000_000
LOST_AFTER_S = 60.0
"""Age of a temporary file that no writer can still be at work on."""
LOCK_PATIENCE_S = 1.0
_NAMED = 5


def doctor(ctx: Context) -> CheckView:
    """Check everything: environment, home, registry, stacks (statically), secrets, catalog, runs."""
    found: list[FindingView] = []
    parts: tuple[Callable[[Context], Iterator[FindingView]], ...] = (
        _environment, _home, _registry, _project, _stacks, _secrets, _catalog,
    )  # fmt: skip
    for part in parts:
        try:
            found.extend(part(ctx))
        except StackyardError as problem:
            found.append(error(problem.code, part.__name__.strip("_"), problem.message, problem.hint))
    return as_check("this installation", found)


def repair(ctx: Context) -> list[FindingView]:
    """Mend what :func:`doctor` says it mends; return what was done, and what could not be.

    A damaged registry is replaced by its last good copy and kept beside it, temporary files that killed processes left
    are removed, and runs whose drivers are gone are recorded as interrupted.
    """
    done: list[FindingView] = []
    for part in (_restore_registry, _remove_lost_files, _record_interrupted):
        try:
            done.extend(part(ctx))
        except StackyardError as problem:
            done.append(error(problem.code, "repair", problem.message, problem.hint))
    return done


def _environment(_: Context) -> Iterator[FindingView]:
    yield from environment_findings()


def _home(ctx: Context) -> Iterator[FindingView]:
    found = list(folder_findings(ctx.home, "home", f"export {HOME_VARIABLE}=FOLDER", write=True))
    yield from found
    lost = _lost_files(ctx)
    if lost:
        message = f"Killed processes left {_count(lost, 'temporary file')} in {ctx.home}."
        yield warning("lost_files", "home", message, REPAIR)
    if not found:
        yield fine("home", f"{ctx.home} can be written.")


def _registry(ctx: Context) -> Iterator[FindingView]:
    holder = lock_holder(ctx.home_folder.registry_lock)
    if holder is not None:
        time.sleep(LOCK_PATIENCE_S)  # a change takes milliseconds
        if lock_holder(ctx.home_folder.registry_lock) == holder:
            message = f"The registry is locked by {holder}; changes wait for it."
            yield warning("registry_locked", "registry", message, f"kill {holder.pid}" if holder.pid else "ps ax")
    try:
        registry = ctx.registry.read()
    except RegistryDamagedError as damaged:
        fix = _fix(damaged, REPAIR)
        copy = ctx.home_folder.registry_copy
        message = f"{damaged.message} The last good copy is {copy}." if fix == REPAIR else damaged.message
        yield error("registry_damaged", "registry", message, fix)
    except FormatTooNewError as problem:
        yield error("format_too_new", "registry", problem.message, UPGRADE)
    else:
        what = f"{_count(registry.stacks, 'stack')} and {_count(registry.components, 'component')}"
        yield fine("registry", f"{what}, format {registry.format}.")


def _project(ctx: Context) -> Iterator[FindingView]:
    if ctx.scope.problem is not None:
        problem = ctx.scope.problem
        yield error("project_file", f"project {ctx.scope.name!r}", problem.message, problem.hint)
    elif ctx.scope.root is not None:
        yield fine(f"project {ctx.scope.name!r}", f"{ctx.scope.root}.")
        yield from _stack_file(ctx)


def _stack_file(ctx: Context) -> Iterator[FindingView]:
    """Say all that ``stack apply`` would refuse in the project's file."""
    registry = _readable(ctx)
    if ctx.scope.file is None or registry is None:
        return
    try:
        read_stack_file(ctx.scope.file, registry)
    except ProjectFileError as refusal:
        alone = {"line": 0, "message": refusal.message, "hint": refusal.hint}
        for problem in refusal.details.get("problems", [alone]):
            what = f"{ctx.scope.file.name}:{problem['line']}" if problem["line"] else ctx.scope.file.name
            yield error("project_file", what, problem["message"], problem["hint"] or "Correct the file.")


def _stacks(ctx: Context) -> Iterator[FindingView]:
    registry = _readable(ctx)
    if registry is None:
        return
    choice = resolve_active(ctx, registry)
    found = list(active_findings(ctx, registry, choice))
    checker = Checker(ctx, registry, HERE, live=False)
    used = {c.id: c for stack in registry.stacks for c in checker.components(stack)}
    found.extend(finding for stack in registry.stacks for finding in checker.parts(stack))
    found.extend(f for c in used.values() for f in checker.component(c) if f.severity != "ok")
    yield from found
    if worst(found) == "ok":
        yield fine("stacks", f"All are complete; {choice.name!r} is active ({choice.origin_text}).")


def _secrets(ctx: Context) -> Iterator[FindingView]:
    from stackyard.api.secrets import list_secrets  # noqa: PLC0415  # checks of stacks need no secrets
    from stackyard.flavors.requirements import missing_requirements  # noqa: PLC0415
    from stackyard.storage.secrets.store import SecretStore  # noqa: PLC0415

    if _readable(ctx) is None:
        return
    secrets = list_secrets(ctx)
    needed = {"keyring": "keyring", "file": "cryptography"}
    for backend, package in needed.items():
        names = [secret.name for secret in secrets if secret.backend == backend]
        wanted = [text for text in INTEGRATIONS["secrets"].requirements if text.startswith(package)]
        missing = missing_requirements(wanted) if names else []
        if missing:
            message = f"The secrets {', '.join(names[:_NAMED])} can't be opened without {missing[0]}."
            yield error("package_missing", "secrets", message, "stackyard integration install secrets")
        elif names and backend == "file":  # a keyring may ask its user first
            try:
                SecretStore(ctx.home_folder).values(names)
            except StackyardError as problem:
                yield error("secrets_closed", "secrets", problem.message, problem.hint)
                return
    if secrets:
        yield fine("secrets", f"{_count(secrets, 'secret')}.")


def _catalog(ctx: Context) -> Iterator[FindingView]:
    from stackyard.storage.catalog.health import catalog_health  # noqa: PLC0415  # SQLite is not on every path

    file = ctx.home_folder.catalog_file
    try:
        health = catalog_health(ctx.home_folder, CATALOG_LIMIT_S)
    except FormatTooNewError as problem:
        yield error("format_too_new", "catalog", problem.message, UPGRADE)
        return
    except StackyardError as problem:
        yield error("catalog_damaged", "catalog", problem.message, _fix(problem, REINDEX))
        return
    if health is None:
        yield fine("catalog", "None yet: the first run makes it.")
        return
    if health.problem:
        message = f"The catalog {file} is damaged: {health.problem}. Artifact versions stay in their stores."
        yield error("catalog_damaged", "catalog", message, REINDEX)
        return
    if health.wal_bytes > LARGE_WAL_BYTES:
        message = f"Its write-ahead log has grown to {health.wal_bytes / 1e6:.0f} MB: processes were killed."
        yield warning("large_log", "catalog", message, REPAIR)
    if health.interrupted:
        names = ", ".join(health.interrupted[:_NAMED]) + (" and others" if len(health.interrupted) > _NAMED else "")
        message = f"The drivers of {_count(health.interrupted, 'run')} are gone without having said so: {names}."
        yield warning("runs_interrupted", "runs", message, REPAIR)
    network = network_file_system(ctx.home)
    how = f", with a rollback journal since it lies on {network}" if network else ""
    whole = "in order" if health.complete else f"in order as far as {CATALOG_LIMIT_S:g} s of looking go"
    yield fine("catalog", f"{file} is {whole}{how}.")


def _restore_registry(ctx: Context) -> Iterator[FindingView]:
    try:
        ctx.registry.read()
        return
    except RegistryDamagedError:
        restored = FileRegistryStore(ctx.home_folder).restore()
    what = f"{restored.n_stacks} stacks and {restored.n_components} components are back, from {restored.copy}."
    yield fine("registry", what)
    if restored.damaged is not None:
        yield fine("registry", f"The damaged file is kept: {restored.damaged}.")
        lost = _lost_names(restored.damaged, ctx.registry.read())
        if lost:
            message = f"The damaged file has names that the copy has not: {', '.join(lost)}."
            yield warning("names_lost", "registry", message, f'diff "{restored.damaged}" "{restored.copy}"')


def _remove_lost_files(ctx: Context) -> Iterator[FindingView]:
    removed: list[Path] = []
    for path in _lost_files(ctx):
        try:
            path.unlink()
            removed.append(path)
        except OSError as problem:
            yield error("lost_files", "home", f"{path} can't be removed: {problem.strerror}.", f'rm "{path}"')
    if removed:
        yield fine("home", f"Removed {_count(removed, 'temporary file')} of killed processes.")


def _record_interrupted(ctx: Context) -> Iterator[FindingView]:
    from stackyard.storage.catalog.health import catalog_health, record_interrupted  # noqa: PLC0415

    health = catalog_health(ctx.home_folder, CATALOG_LIMIT_S)
    if health is None or health.problem or not (health.interrupted or health.wal_bytes > LARGE_WAL_BYTES):
        return
    record_interrupted(ctx.home_folder)
    if health.interrupted:
        yield fine("runs", f"{_count(health.interrupted, 'run')} recorded as interrupted.")
    if health.wal_bytes > LARGE_WAL_BYTES:
        yield fine("catalog", "Its write-ahead log was shortened.")


def _fix(problem: StackyardError, command: str) -> str:
    """Return the command alone if it is what the error advises, or it advises nothing; else its advice."""
    return command if command in problem.hint or not problem.hint else problem.hint


def _readable(ctx: Context) -> Registry | None:
    """Return the registry; None when it can't be read, which is told elsewhere."""
    try:
        return ctx.registry.read()
    except StackyardError:
        return None


def _lost_files(ctx: Context) -> list[Path]:
    def is_lost(path: Path) -> bool:
        try:
            return time.time() - path.stat().st_mtime > LOST_AFTER_S
        except OSError:
            return False

    return sorted(path for path in ctx.home.glob(f".*{TEMPORARY_SUFFIX}") if is_lost(path))


def _lost_names(damaged: Path, registry: Registry) -> list[str]:
    """Return the names in a damaged registry's text that the restored one has not."""
    known = {s.name for s in registry.stacks} | {c.name for c in registry.components}
    known |= {f.name for f in registry.flavors}
    found = re.findall(r'"name"\s*:\s*"([^"\\]+)"', damaged.read_text(encoding="utf-8", errors="replace"))
    return sorted(set(found) - known)


def _count(things: Sized, noun: str) -> str:
    n = len(things)
    return f"{n} {noun}{'' if n == 1 else 's'}"
