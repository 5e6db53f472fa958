"""What users say of artifacts in pipeline code: names and tags of outputs, values from outside of the pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from stackyard.authoring.frames import caller
from stackyard.authoring.option_values import Reader
from stackyard.authoring.sources import class_source
from stackyard.model.enums import ArtifactType
from stackyard.model.errors import OptionError

RecordedType = Literal["", "model", "data", "deployment"]


@dataclass(frozen=True)
class Tag:
    """A tag with what should happen to it; a text does where nothing should."""

    name: str
    color: str | None = None
    """Has no effect."""
    exclusive: bool | None = None
    """Refused: a tag that only one run may have."""
    cascade: bool | None = None
    """Of a pipeline: the artifact versions that its runs make get it, too."""

    def __post_init__(self) -> None:
        """Refuse what is not done.

        Raises:
            OptionError: the tag is exclusive.
        """
        if self.exclusive:
            raise OptionError(
                f"The tag {self.name!r} is exclusive, which tags can't be here.",
                hint="Leave exclusive= out; take the tag from the older run with: remove_tags(...)",
                location=caller(),
            )


@dataclass(frozen=True)
class ArtifactConfig:
    """What a step's output becomes: ``-> Annotated[T, ArtifactConfig(name="model", tags=["small"])]``."""

    name: str | None = None
    """Name of the output and of its artifact; placeholders as ``{date}`` are filled in for the artifact."""
    version: str | int | None = None
    """Refused: the catalog counts."""
    tags: Sequence[str] | None = None
    """Of every version."""
    run_metadata: Mapping[str, Any] | None = None
    """Metadata of every version; JSON values."""
    artifact_type: ArtifactType | str | None = None
    """What it is for the model that the step works on."""
    recorded_tags: tuple[str, ...] = field(default=(), init=False, repr=False)
    recorded_metadata: dict[str, Any] = field(default_factory=dict, init=False, repr=False)
    recorded_type: RecordedType = field(default="", init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            OptionError: one can't be used.
        """
        owner = f"output {self.name!r}" if self.name else "an output"
        read = Reader(owner, caller())
        if self.version is not None:
            problem = f"is {self.version!r}, and can't be given: each version gets the next number of its artifact"
            raise read.wrong("version", problem, "Leave it out; put a name of your own into tags=.")
        set_field = object.__setattr__
        set_field(self, "recorded_tags", tuple(read.names("tags", self.tags, "tags")))
        set_field(self, "recorded_metadata", read.mapping("run_metadata", self.run_metadata))
        set_field(self, "recorded_type", read_artifact_type(self.artifact_type, read))


def read_artifact_type(value: object, read: Reader) -> RecordedType:
    """Return what an artifact is for a model.

    Raises:
        OptionError: there is no such type.
    """
    if value is None:
        return ""
    text = str(getattr(value, "value", value)).removesuffix("Artifact").lower()
    for kind, words in _TYPES.items():
        if text in words:
            return kind
    raise read.wrong(
        "artifact_type", f"is {value!r}", "Write ArtifactType.MODEL, ArtifactType.DATA or ArtifactType.SERVICE."
    )


_TYPES: dict[RecordedType, tuple[str, ...]] = {
    "model": ("model",),
    "data": ("data", "base", "dataanalysis", "schema", "statistics"),
    "deployment": ("deployment", "service"),
}
"""The word in the catalog to those that users write, the names of ZenML's enum in lower case among them."""


_NOTHING: Any = object()


class ExternalArtifact:
    """A value, or an artifact version that exists, as a step's input: ``train(ExternalArtifact(value=data))``."""

    def __init__(
        self, value: Any = _NOTHING, *, id: UUID | str | None = None, name: str | None = None,  # noqa: A002  # ZenML's word
        version: str | int | None = None, materializer: type | str | None = None, store_artifact_metadata: bool = True,  # noqa: ARG002  # has no effect
        store_artifact_visualizations: bool = True,  # noqa: ARG002  # has no effect
    ) -> None:  # fmt: skip
        """Say what it is.

        Args:
            value: is stored before the step starts.
            id: of an artifact version.
            name: of an artifact; its newest version is taken.
            version: number of the artifact's version.
            materializer: class (or ``module.Class``) that stores the value.
            store_artifact_metadata: has no effect.
            store_artifact_visualizations: has no effect.

        Raises:
            OptionError: not exactly one of value, id and name is given.
        """
        place = caller()
        told = {"value": None if value is _NOTHING else "", "id": id, "name": name}
        given = [word for word, each in told.items() if each is not None]
        if (
            len(given) != 1
            or (version is not None and name is None)
            or (materializer is not None and given != ["value"])
        ):
            others = {"version": version, "materializer": materializer}
            given += [word for word, each in others.items() if each is not None]
            raise OptionError(
                f"ExternalArtifact was given {' and '.join(given) or 'nothing'}: that says no one thing.",
                hint="Give value= (and materializer=), or id=, or name= (and version=).",
                location=place,
            )
        self.value = value
        self.id = str(id) if id is not None else None
        self.name = name
        self.version = str(version) if version is not None else None
        self.materializer = (
            class_source(materializer, "materializer", "ExternalArtifact", place) if materializer else ""
        )

    @property
    def reference(self) -> str:
        """Return which version is meant: id, ``name:<artifact>`` or ``name:<artifact>@<version>``; empty: a value."""
        if self.id is not None:
            return self.id
        if self.name is not None:
            return f"name:{self.name}" + (f"@{self.version}" if self.version is not None else "")
        return ""
