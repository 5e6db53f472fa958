"""Whether a step can be reused: its key, the versions behind it, the reason when not."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field, replace
from typing import Any

from stackyard.engine.code_digest import CodeDigests
from stackyard.model.cache_key import CacheKeyParts, explain_miss
from stackyard.model.digest import digest_bytes, digest_value
from stackyard.model.enums import MissReason
from stackyard.model.errors import StackyardError
from stackyard.model.graph import StepSource, StepSpec
from stackyard.model.job import ComponentSpec, InputVersion
from stackyard.storage.artifact_store import ArtifactStore
from stackyard.storage.catalog.reader import CatalogReader


@dataclass(frozen=True)
class KnownVersion:
    """An artifact version as a step's input or output."""

    id: str
    uri: str
    materializer: str
    digest: str
    deterministic: bool
    type: str = ""
    artifact_name: str = ""
    version: int = 0
    store: ComponentSpec | None = None
    """Set when it does not lie in the run's artifact store."""
    item: int | None = None
    """Which member of the value (a sequence) is meant; None: the whole."""
    item_digest: str = ""
    """Digest of that member where it is known."""

    def of_item(self, item: int | None, item_digest: str = "") -> KnownVersion:
        """Return the version as the input that takes one member of it, or the version itself without ``item``."""
        return self if item is None else replace(self, item=item, item_digest=item_digest)

    def identity(self) -> str:
        """Return what stands for the value in a cache key: the same text only for equal values.

        A digest alone would not do: the text ``5`` and the number 5 are the same bytes. An item of a sequence counts
        by its own digest where that is known, so that the others of the sequence may change.
        """
        if self.item_digest:
            return f"item:{self.item_digest}"
        whole = f"{self.materializer}:{self.type}:{self.digest}" if self.deterministic else f"version:{self.id}"
        return whole if self.item is None else f"{whole}[{self.item}]"

    def as_input(self) -> InputVersion:
        """Return what a StepJob says of it."""
        return InputVersion(
            artifact_version_id=self.id, uri=self.uri, materializer=self.materializer, digest=self.digest,
            artifact_store=self.store, item=self.item,
        )  # fmt: skip


@dataclass
class CacheDecision:
    """What the cache says of a step."""

    key: str
    parts: CacheKeyParts
    hit: bool = False
    outputs: dict[str, KnownVersion] = field(default_factory=dict)
    """On a hit: output to version, in the order of the signature."""
    source_run_id: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    links: dict[str, Any] = field(default_factory=dict)
    """Of the metadata, what an experiment tracker said."""
    reason: MissReason = MissReason.NEVER_RAN
    detail: str = ""


class StepCache:
    """Looks steps up for one run."""

    def __init__(
        self, reader: CatalogReader, store: ArtifactStore, *, store_id: str, project_id: str, pipeline: str,
        code: CodeDigests,
    ) -> None:  # fmt: skip
        """Look in one project and one artifact store."""
        self._reader = reader
        self._store = store
        self._store_id = store_id
        self._project_id = project_id
        self._pipeline = pipeline
        self._code = code

    def decide(
        self, spec: StepSpec, source: StepSource, inputs: dict[str, KnownVersion], *, experiment_tracker: str = ""
    ) -> CacheDecision:
        """Return whether the step's outputs exist, and if not, why.

        Args:
            spec: the step.
            source: as it travels to a worker.
            inputs: input to the version that this run gives it.
            experiment_tracker: id of the component that follows the step.
        """
        parts = CacheKeyParts(
            code=self._code.of(source),
            parameters={k: digest_value("parameter/1", v) for k, v in spec.parameters.items()},
            inputs={k: v.identity() for k, v in inputs.items()},
            outputs={o.name: o.artifact_name for o in spec.outputs},
            environment={k: digest_bytes(v.encode()) for k, v in spec.environment.items()},
            python=".".join(platform.python_version_tuple()[:2]),
            artifact_store_id=self._store_id,
            secrets={name: str(place) for place, name in enumerate(spec.secrets)},
            experiment_tracker=experiment_tracker,
        )
        decision = CacheDecision(key=parts.digest(), parts=parts)
        if not spec.enable_cache:
            decision.reason, decision.detail = MissReason.DISABLED, "caching is off for this step"
            return decision
        damage = ""
        for step_run_id, run_id, metadata in self._reader.cache_candidates(decision.key, self._project_id):
            try:
                decision.outputs = self._outputs(step_run_id)
            except StackyardError as error:
                damage = damage or error.message
                continue
            except Exception as error:  # noqa: BLE001  # a store of somebody else's: what can't be read is no hit
                damage = damage or f"{type(error).__name__}: {error}"
                continue
            decision.hit, decision.source_run_id, decision.metadata = True, run_id, metadata
            if experiment_tracker:
                decision.links = self._reader.run_metadata(run_id).get(spec.name, {})
            return decision
        if damage:
            decision.reason, decision.detail = MissReason.ARTIFACT_MISSING, damage
            return decision
        before = self._reader.latest_key_parts(self._project_id, self._pipeline, spec.name, self._store_id)
        decision.reason, decision.detail = explain_miss(before, parts)
        return decision

    def _outputs(self, step_run_id: str) -> dict[str, KnownVersion]:
        """Return the versions of an earlier step run.

        Raises:
            ArtifactDamagedError: one of them is gone or not what was written.
        """
        found: dict[str, KnownVersion] = {}
        for name, version in self._reader.outputs_of_step_run(step_run_id):
            manifest = self._store.verify(version.uri)
            found[name] = KnownVersion(
                id=version.id,
                uri=version.uri,
                materializer=manifest.materializer,
                digest=manifest.digest,
                deterministic=manifest.deterministic,
                type=manifest.type,
                artifact_name=version.name,
                version=version.version,
            )
        return found
