"""What a session makes of what is recorded: calls of hooks, the run's configuration, its artifact store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from stackyard.api.run_options import RunOptions
from stackyard.api.run_stack import RunStack
from stackyard.authoring.pipeline import RecordedPipeline
from stackyard.engine.components import artifact_store
from stackyard.model.digest import canonical_json
from stackyard.model.errors import ComponentConfigurationError
from stackyard.model.job import StepEvent, StepOutcome
from stackyard.model.views import ArtifactRefView, CacheView, RunView, StepRunView

if TYPE_CHECKING:
    from stackyard.model.options import HookSpec
    from stackyard.storage.artifact_store import ArtifactStore


def hook_call(hook: HookSpec | None) -> Callable[[], None] | None:
    """Return what calls a pipeline's hook in this process."""
    if hook is None:
        return None

    def call() -> None:
        from stackyard.authoring.coroutines import finished  # noqa: PLC0415  # few pipelines have hooks
        from stackyard.engine.functions import load_function  # noqa: PLC0415

        function = getattr(hook, "function", None) or load_function(hook)
        finished(function(**hook.arguments))

    return call


def configuration_of(recorded: RecordedPipeline, options: RunOptions) -> dict[str, Any]:
    """Return what code and run configuration say of a run, as the catalog keeps it."""
    spec = recorded.spec
    found: dict[str, Any] = {"extra": spec.extra} if spec.extra else {}
    if spec.model is not None:
        found["model"] = spec.model.model_dump(mode="json", exclude_defaults=True)
    for event, hook in (("on_init", spec.on_init), ("on_cleanup", spec.on_cleanup)):
        if hook is not None:
            found[event] = f"{hook.module}.{hook.qualname}"
    for word in ("start_from", "only", "inputs_of", "execution_mode", "max_workers"):
        if getattr(options, word) is not None:
            found[word] = getattr(options, word)
    return found


def different(now: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    """Return the names under which two mappings of JSON values differ; NaN is the same as NaN, and 1 is not true."""
    return [name for name in {**before, **now} if canonical_json(now.get(name)) != canonical_json(before.get(name))]


def open_store(taken: RunStack) -> ArtifactStore:
    """Return the run's artifact store.

    Raises:
        ComponentConfigurationError: its place, which every artifact version records, shows a secret.
    """
    store = artifact_store(taken.store, taken.secrets)
    if taken.redactor is not None and taken.redactor.clean(store.root) != store.root:
        raise ComponentConfigurationError(
            f"The place of the artifact store {taken.store.name!r} contains a secret, and would be recorded with every "
            "artifact version.",
            hint="Leave the secret out of the path or URL; the flavor should take it in an attribute of its own.",
        )
    return store


def load_for_the_end() -> None:
    """Load what a run needs from its first outcome on, and build its validators, which are built at the first use."""
    import_module("stackyard.api.responses")  # what a script gets back
    import_module("stackyard.api.records")
    import_module("stackyard.storage.catalog.records")
    for model in (StepEvent, StepOutcome, ArtifactRefView, CacheView, StepRunView, RunView):
        model.model_rebuild()
