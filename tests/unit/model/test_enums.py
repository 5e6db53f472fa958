"""The closed vocabularies."""

from __future__ import annotations

from stackyard.model.enums import REQUIRED_COMPONENT_TYPES, ComponentType, Status


def test_a_word_prints_as_itself() -> None:
    assert f"{Status.RUNNING} {ComponentType.ARTIFACT_STORE}" == "running artifact_store"


def test_component_types_have_words_for_people_and_for_the_command_line() -> None:
    assert ComponentType.ARTIFACT_STORE.title == "artifact store"
    assert ComponentType.ARTIFACT_STORE.command == "artifact-store"
    assert REQUIRED_COMPONENT_TYPES == (ComponentType.ORCHESTRATOR, ComponentType.ARTIFACT_STORE)


def test_every_status_is_either_finished_or_goes_on() -> None:
    assert {s.value for s in Status if not s.is_finished} == {
        "initializing", "queued", "running", "retrying", "stopping",
    }  # fmt: skip
    assert {s for s in Status if s.is_success} == {Status.COMPLETED, Status.CACHED}
    assert all(s.is_finished for s in Status if s.is_success)
