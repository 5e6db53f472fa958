"""Finding a step's function in a worker: by name where that works, else by value."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard import step
from stackyard.authoring.step import StepDefinition
from stackyard.engine.code_digest import CodeDigests
from stackyard.engine.functions import load_function, portable_source
from stackyard.model.errors import DefinitionError
from stackyard.model.graph import StepSource


@step
def plain(n: int = 1) -> int:
    return n + 1


def bare(n: int = 1) -> int:
    return n + 2


wrapped = StepDefinition(bare)


def test_a_function_of_a_module_travels_by_name() -> None:
    source = portable_source(plain)
    assert (source.module, source.qualname, source.pickled) == (__name__, "plain", "")
    assert source.file == __file__
    assert load_function(source)(3) == 4


def test_the_plain_function_below_a_step_is_found_too() -> None:
    assert load_function(portable_source(wrapped))(3) == 5


def test_a_local_function_travels_by_value_with_what_it_closes_over() -> None:
    secret = 40

    @step
    def local(n: int) -> int:
        return n + secret

    source = portable_source(local)
    assert source.pickled
    assert load_function(source)(2) == 42


def test_a_function_that_can_not_travel_says_why() -> None:
    lines = (line for line in "ab")

    @step
    def local() -> str:
        return next(lines)

    with pytest.raises(DefinitionError, match="can't be sent to a worker") as caught:
        portable_source(local)
    assert "Move it" in caught.value.hint
    assert caught.value.location is not None


def test_a_step_that_is_gone_from_its_module_is_named() -> None:
    with pytest.raises(DefinitionError, match="has no step 'nothing'"):
        load_function(StepSource(module=__name__, qualname="nothing"))


def test_a_module_that_is_gone_raises_as_python_does() -> None:
    with pytest.raises(ModuleNotFoundError):
        load_function(StepSource(module="no_such_module_here", qualname="x"))


def _adding(n: int) -> StepDefinition[[int]]:
    @step
    def add(value: int) -> int:
        return value + n

    return add


def _one_of_two(number: int) -> StepDefinition[[]]:
    chosen = (lambda: 1, lambda: 2)[number]
    return step(name="chosen")(chosen)


def test_what_a_local_function_closes_over_counts_for_the_cache() -> None:
    digests = CodeDigests([str(Path(__file__).parent)])
    for make in (_adding, _one_of_two):
        first, same, other = (digests.of(portable_source(make(n))) for n in (0, 0, 1))
        assert first == same
        assert first != other, "no file tells them apart"
