"""The components that a process uses for one step after the other: opened once, and around a step."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from stackyard.flavors.opening import SecretValues, open_artifact_store, open_component
from stackyard.model.errors import ArtifactStoreError, ComponentError, StackyardError, UnknownFlavorError
from stackyard.model.job import ComponentSpec, StepJob
from stackyard.model.names import with_article
from stackyard.model.secret import references_in
from stackyard.storage.artifact_store import ArtifactStore

if TYPE_CHECKING:
    from stackyard.flavors.interfaces import ExperimentTracker, TrackedStep
    from stackyard.model.redaction import Redactor

MAX_OPEN = 16
Log = Callable[[str, str], None]
"""Takes level and text."""

_stores: dict[tuple[str, ...], ArtifactStore] = {}


def artifact_store(spec: ComponentSpec, secrets: SecretValues) -> ArtifactStore:
    """Return an artifact store, the same one for the same specification and secrets.

    Raises:
        StackyardError: it can't be opened; nothing of a secret is in the texts.
    """
    used = [secrets.get(name, {}).get(key, "") for name, key in references_in(spec.configuration)]
    known = (spec.model_dump_json(exclude_defaults=True), *used)
    if known not in _stores:
        if len(_stores) >= MAX_OPEN:
            _stores.clear()
        redactor = redactor_of(secrets)
        try:
            _stores[known] = open_artifact_store(spec, secrets)
        except StackyardError as error:
            if redactor is None:
                raise
            from stackyard.engine.redaction import clean_error  # noqa: PLC0415  # only on the way to an error

            raise clean_error(error, redactor) from None
        except Exception as error:  # noqa: BLE001  # a store of somebody else's
            why = f"{type(error).__name__}: {error}"
            raise ArtifactStoreError(
                f"The artifact store {spec.name!r} can't be opened: {redactor.clean(why) if redactor else why}.",
                hint=f"Check it with: stackyard artifact-store check {spec.name}",
            ) from (None if redactor else error)
    return _stores[known]


def redactor_of(secrets: SecretValues) -> Redactor | None:
    """Return what masks these values; None when there is nothing to mask."""
    if not secrets:
        return None
    from stackyard.model.redaction import Redactor  # noqa: PLC0415  # few runs use secrets

    return Redactor(value for secret in secrets.values() for value in secret.values()) or None


@contextlib.contextmanager
def tracked(job: StepJob, secrets: SecretValues, tell: Callable[[dict[str, Any]], None], log: Log) -> Iterator[None]:
    """Let the step's experiment tracker, if it names one, follow what happens in the context.

    Args:
        job: the step.
        secrets: values for the tracker's configuration.
        tell: takes what the tracker says of the step: links and ids.
        log: takes a warning when the tracker can't end properly; that fails no step.

    Raises:
        ComponentError: the tracker can't start.
    """
    spec = job.experiment_tracker
    if spec is None:
        yield
        return
    try:
        following = _open_tracker(spec, secrets).track(_step(job, spec.settings))
        found = following.__enter__()
    except StackyardError:
        raise
    except Exception as error:
        raise ComponentError(
            f"The experiment tracker {spec.name!r} could not start: {type(error).__name__}: {error}",
            hint=f"Check it with: stackyard experiment-tracker check {spec.name}",
        ) from error
    try:
        tell(found)
        yield
    except BaseException:  # that a step is stopped or leaves concerns the tracker too
        _leave(following, sys.exc_info(), spec, log)
        raise
    _leave(following, (None, None, None), spec, log)


_Raised = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]


def _leave(
    following: contextlib.AbstractContextManager[Mapping[str, Any]], raised: _Raised, spec: ComponentSpec, log: Log
) -> None:
    try:
        following.__exit__(*raised)
    except Exception as error:  # noqa: BLE001  # a tracker of somebody else's; what the step did counts
        if error is not raised[1]:
            log(
                "warning",
                f"The experiment tracker {spec.name!r} could not end properly: {type(error).__name__}: {error}",
            )


def _open_tracker(spec: ComponentSpec, secrets: SecretValues) -> ExperimentTracker:
    from stackyard.flavors.interfaces import ExperimentTracker  # noqa: PLC0415  # few steps have a tracker

    tracker = open_component(spec, secrets)
    if isinstance(tracker, ExperimentTracker):
        return tracker
    raise UnknownFlavorError(
        f"The flavor {spec.flavor!r} makes {with_article(type(tracker).__name__)}, which is no experiment tracker.",
        hint="Let its implementation return a stackyard.flavors.interfaces.ExperimentTracker.",
    )


def _step(job: StepJob, settings: dict[str, Any]) -> TrackedStep:
    from stackyard.flavors.interfaces import TrackedStep  # noqa: PLC0415  # as above

    return TrackedStep(
        step_name=job.step_name,
        step_run_id=job.step_run_id,
        run_id=job.run_id,
        run_name=job.run_name,
        pipeline_name=job.pipeline_name,
        stack_name=job.stack_name,
        settings=settings,
    )
