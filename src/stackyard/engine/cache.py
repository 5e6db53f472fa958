"""Whether a step can be reused: its key, the versions behind it, the reason when not."""

from __future__ import annotations

import functools
import platform
from collections.abc import Callable, Collection, Iterator
from dataclasses import field
from datetime import datetime, timezone
from typing import Any

from stackyard.engine.cache_policy import PolicyDigests
from stackyard.engine.code_digest import CodeDigests
from stackyard.engine.materializer_classes import digests_of_classes
from stackyard.model.artifact import Manifest
from stackyard.model.cache_key import OF_VALUE, CacheKeyParts, changed_parts, explain_miss
from stackyard.model.digest import digest_bytes, digest_value
from stackyard.model.enums import MissReason
from stackyard.model.errors import ArtifactDamagedError, StackyardError
from stackyard.model.graph import StepSource, StepSpec
from stackyard.model.job import ComponentSpec, InputVersion
from stackyard.model.options import CachePolicy
from stackyard.model.record import Record
from stackyard.storage.artifact_store import ArtifactStore
from stackyard.storage.catalog.reader import CatalogReader

_USUAL = CachePolicy()
MAX_TEXT = 20_000
"""Characters kept of the code behind one digest."""
_PYTHON = ".".join(platform.python_version_tuple()[:2])


class KnownVersion(Record):
    """An artifact version as a step's input or output."""

    id: str
    uri: str
    materializer: str
    digest: str
    deterministic: bool
    type: str = ""
    artifact_name: str = ""
    store: ComponentSpec | None = None
    """Set when it does not lie in the run's artifact store."""
    item: int | None = None
    """Which member of the value (a sequence) is meant; None: the whole."""
    item_digest: str = ""
    """Digest of that member where it is known."""

    @classmethod
    def of_manifest(cls, manifest: Manifest) -> KnownVersion:
        """Return a version that was just stored."""
        return cls(
            id=manifest.id, uri=manifest.uri, materializer=manifest.materializer, digest=manifest.digest,
            deterministic=manifest.deterministic, type=manifest.type, artifact_name=manifest.artifact_name,
        )  # fmt: skip

    def of_item(self, item: int | None, item_digest: str = "") -> KnownVersion:
        """Return the version as the input that takes one member of it, or the version itself without ``item``."""
        return self if item is None else self.replace(item=item, item_digest=item_digest)

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


class CacheDecision(Record, frozen=False):
    """What the cache says of a step."""

    keyed: Callable[[], CacheKeyParts]
    """Works out what the key is made of."""
    hit: bool = False
    outputs: dict[str, KnownVersion] = field(default_factory=dict)
    """On a hit: output to version, in the order of the signature."""
    source_run_id: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    links: dict[str, Any] = field(default_factory=dict)
    """Of the metadata, what an experiment tracker said."""
    reason: MissReason = MissReason.NEVER_RAN
    detail: str = ""
    compared_id: str = ""
    """The earlier step run that the reason was found with."""
    texts: dict[str, str] = field(default_factory=dict)
    """Digest to the code behind it, as far as this run has not met it before."""
    warnings: list[str] = field(default_factory=list)
    """Why steps like this one are never reused, each once a run."""

    @functools.cached_property
    def parts(self) -> CacheKeyParts:
        """What the key is made of; where caching is off it is worked out while the step runs already."""
        return self.keyed()

    @functools.cached_property
    def key(self) -> str:
        """The digest of the parts."""
        return self.parts.digest()


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
        self._policies = PolicyDigests(code.root, code)
        self._told: set[str] = set()
        """Digests of code whose texts were given."""
        self._warned: set[str] = set()
        """Labels of values that were warned of."""

    def decide(
        self, spec: StepSpec, source: StepSource, inputs: dict[str, KnownVersion], *, experiment_tracker: str = "",
        unknown: Collection[str] = (),
    ) -> CacheDecision:  # fmt: skip
        """Return whether the step's outputs exist, and if not, why.

        Args:
            spec: the step.
            source: as it travels to a worker.
            inputs: input to the version that this run gives it.
            experiment_tracker: id of the component that follows the step.
            unknown: inputs that are not there yet: they are taken for what they were when the step ran last.

        Raises:
            OptionError: its cache policy names what is not there, or the policy's function failed.
        """
        decision = self._undecided(spec, source, inputs, experiment_tracker)
        if not spec.enable_cache:
            decision.reason, decision.detail = MissReason.DISABLED, "caching is off for this step"
            return decision
        if unknown:
            known = next((before.inputs for _, before in self._earlier_parts(spec)), {})
            decision.parts.inputs.update({name: known[name] for name in unknown if name in known})
        expires_after = spec.cache_policy.expires_after if spec.cache_policy is not None else None
        damage = expired = ""
        for found in self._reader.cache_candidates(decision.key, self._project_id):
            age = _age_s(found.ended_at) if expires_after is not None else 0.0
            if expires_after is not None and age > expires_after:
                expired = expired or f"the result is {age:.0f} s old, the step takes it for {expires_after:g} s"
                continue
            try:
                decision.outputs = self.outputs_of(found.step_run_id)
            except StackyardError as error:
                damage = damage or error.message
                continue
            except Exception as error:  # noqa: BLE001  # a store of somebody else's: what can't be read is no hit
                damage = damage or f"{type(error).__name__}: {error}"
                continue
            decision.hit, decision.source_run_id, decision.metadata = True, found.run_id, found.metadata
            if experiment_tracker:
                decision.links = self._reader.run_metadata(found.run_id).get(spec.name, {})
            return decision
        if damage:
            decision.reason, decision.detail = MissReason.ARTIFACT_MISSING, damage
        elif expired:
            decision.reason, decision.detail = MissReason.EXPIRED, expired
        else:
            self._explain(spec, decision)
        decision.texts = self._new_texts(decision.parts)
        decision.warnings = self._new_warnings(spec, decision.parts)
        return decision

    def _explain(self, spec: StepSpec, decision: CacheDecision) -> None:
        """Say why a key is not known: by what tells it from the most similar of the last few runs of the step."""
        nearest: CacheKeyParts | None = None
        fewest = 0
        for step_run_id, parts in self._earlier_parts(spec):
            differences = len(changed_parts(parts, decision.parts))
            if nearest is None or differences < fewest:
                fewest, nearest, decision.compared_id = differences, parts, step_run_id
            if differences <= 1:
                break
        if nearest is not None and not fewest:
            decision.reason, decision.detail = MissReason.ARTIFACT_MISSING, "the run that made its outputs was deleted"
        else:
            decision.reason, decision.detail = explain_miss(nearest, decision.parts)

    def _earlier_parts(self, spec: StepSpec) -> Iterator[tuple[str, CacheKeyParts]]:
        return self._reader.latest_key_parts(self._project_id, self._pipeline, spec.name, self._store_id)

    def _new_texts(self, parts: CacheKeyParts) -> dict[str, str]:
        """Return the code behind a key's digests, each text once a run."""
        new = {digest: label for label, digest in parts.code.items() if digest not in self._told}
        self._told.update(new)
        return {digest: text for digest, label in new.items() if (text := self._code.text(label)[:MAX_TEXT])}

    def _new_warnings(self, spec: StepSpec, parts: CacheKeyParts) -> list[str]:
        """Return what keeps the step from ever being reused, each once a run."""
        new = {k: why for k, why in self._code.doubtful.items() if k in parts.code and k not in self._warned}
        self._warned.update(new)
        return [
            f"step {spec.name} is never reused: the value of {label.removesuffix(OF_VALUE)} can't be compared with "
            f"that of other runs ({why}). Make it in a function that the step calls, or switch the step's cache off: "
            "enable_cache=False"
            for label, why in new.items()
        ]

    def _undecided(
        self, spec: StepSpec, source: StepSource, inputs: dict[str, KnownVersion], experiment_tracker: str
    ) -> CacheDecision:
        """Return a miss until a result is found.

        Raises:
            OptionError: the step's cache policy can't be followed.
        """
        decision = CacheDecision(functools.partial(self._parts, spec, source, inputs, experiment_tracker))
        if spec.cache_policy is not None:
            _ = decision.parts  # what is wrong with the policy shows now
        return decision

    def _parts(
        self, spec: StepSpec, source: StepSource, inputs: dict[str, KnownVersion], experiment_tracker: str
    ) -> CacheKeyParts:
        """Return what a step's key is made of.

        Raises:
            OptionError: its cache policy can't be followed.
        """
        policy = spec.cache_policy or _USUAL
        code, parameters = self._code.of(source), spec.parameters
        if not policy.include_step_code:
            code = {"<step>": digest_bytes(source.qualname.encode())}
        added: dict[str, str] = {}
        if policy is not _USUAL:
            more_code, added = self._policies.of(spec, policy)
            code = {**code, **more_code}
        ignored = {name for name in policy.ignored_inputs or () if name}
        if ignored:
            parameters = {k: v for k, v in parameters.items() if k not in ignored}
            inputs = {k: v for k, v in inputs.items() if k not in ignored and k.partition("[")[0] not in ignored}
        return CacheKeyParts.model_construct(
            code=code,
            parameters={k: digest_value("parameter/1", v) for k, v in parameters.items()}
            if policy.include_step_parameters
            else {},
            inputs=_identities(inputs, policy),
            outputs={o.name: ",".join([o.artifact_name, *o.materializers]) for o in spec.outputs},
            materializers=digests_of_classes(self._code, spec),
            environment={k: digest_bytes(v.encode()) for k, v in spec.environment.items()},
            python=_PYTHON,
            artifact_store_id=self._store_id,
            secrets={name: str(place) for place, name in enumerate(spec.secrets)},
            experiment_tracker=experiment_tracker,
            policy=added,
        )

    def outputs_of(self, step_run_id: str) -> dict[str, KnownVersion]:
        """Return the versions of an earlier step run.

        Raises:
            ArtifactDamagedError: one of them is gone or not what was written.
        """
        found: dict[str, KnownVersion] = {}
        for place in self._reader.outputs_of_step_run(step_run_id):
            if place.pruned:
                message = f"A version of the artifact {place.artifact_name!r} was pruned: {place.version_id}."
                raise ArtifactDamagedError(message, hint="Run the step again.", missing=True)
            manifest = self._store.verify(place.uri, every_byte=bool(place.damaged))
            found[place.output] = KnownVersion(
                id=place.version_id,
                uri=place.uri,
                materializer=manifest.materializer,
                digest=manifest.digest,
                deterministic=manifest.deterministic,
                type=manifest.type,
                artifact_name=place.artifact_name,
            )
        return found


def _identities(inputs: dict[str, KnownVersion], policy: CachePolicy) -> dict[str, str]:
    """Return what stands for each input, by the policy."""
    if policy.include_artifact_ids:
        return {k: f"version:{v.id}" + ("" if v.item is None else f"[{v.item}]") for k, v in inputs.items()}
    return {k: v.identity() for k, v in inputs.items()} if policy.include_artifact_values else {}


def _age_s(ended_at: str) -> float:
    """Return the seconds since a moment as the catalog writes it."""
    return (datetime.now(timezone.utc) - datetime.fromisoformat(ended_at.replace("Z", "+00:00"))).total_seconds()
