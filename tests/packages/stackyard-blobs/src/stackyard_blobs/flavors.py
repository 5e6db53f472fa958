"""What the flavors take. Nothing slow is imported here: descriptions and forms are made from this module."""

from stackyard.flavors.base import ComponentConfiguration, Flavor, secret_field
from stackyard.model.enums import ComponentType


class BlobsConfiguration(ComponentConfiguration):
    """Where blobs are kept."""

    folder: str
    """Absolute path of the folder; all blobs lie in it."""
    key: str | None = secret_field()
    """Key that manifests are signed with; without it they are not signed."""


class NotesConfiguration(ComponentConfiguration):
    """Where notes are kept."""

    folder: str
    """Absolute path of the folder; each step gets a file in it."""


class NotesSettings(ComponentConfiguration):
    """What a step may say about its note."""

    heading: str = "Note"
    """First word of the note."""


BLOBS = Flavor(
    name="blobs",
    component_type=ComponentType.ARTIFACT_STORE,
    configuration_model=BlobsConfiguration,
    doc="Keeps artifacts as signed blobs in a folder.",
    implementation="stackyard_blobs.store:BlobStore",
)
NOTES = Flavor(
    name="notes",
    component_type=ComponentType.EXPERIMENT_TRACKER,
    configuration_model=NotesConfiguration,
    doc="Writes a note for each step that it tracks.",
    settings_model=NotesSettings,
    implementation="stackyard_blobs.notes:Notes",
)
