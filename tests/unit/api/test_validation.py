"""What is wrong with recorded steps is told before any of them runs, with the line of the call or of the step."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest

from stackyard import pipeline, step
from stackyard.api.context import Context, open_context
from stackyard.api.pipelines import record_pipeline
from stackyard.api.run_options import RunOptions
from stackyard.api.run_stack import prepare_more
from stackyard.api.stack_parts import StackParts
from stackyard.model.errors import (
    InputError,
    OptionError,
    PipelineValidationError,
    SecretNotFoundError,
    StackValidationError,
    StackyardError,
)
from stackyard.model.options import CachePolicy, ResourceSettings

NO_CLASS = 5


def a_hook() -> None: ...


@step
def number() -> int:
    return 1


@step
def numbers() -> list[int]:
    return [1]


@step
def take(text: str = "") -> None: ...


@step
def take_all(texts: list[str]) -> None: ...


@pytest.fixture
def ctx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    monkeypatch.chdir(tmp_path)
    return open_context(tmp_path)


def problems_of(ctx: Context, function: Callable[[], Any], **options: Any) -> list[StackyardError]:
    """Return what is wrong with a pipeline of this function."""
    try:
        record_pipeline(ctx, pipeline(**options)(function), RunOptions())
    except PipelineValidationError as error:
        return list(error.errors)
    except StackyardError as error:
        return [error]
    return []


def only_problem(ctx: Context, function: Callable[[], Any], **options: Any) -> StackyardError:
    (problem,) = problems_of(ctx, function, **options)
    assert problem.hint
    assert problem.location is not None
    assert Path(problem.location.file).name == "test_validation.py"
    assert problem.location.line > 0
    return problem


def test_inputs_of_the_wrong_type_are_told_members_of_lists_too(ctx: Context) -> None:
    def wired() -> None:
        take(number())
        take_all([number(), number()])
        take_all(numbers())

    found = problems_of(ctx, wired)
    assert [type(problem) for problem in found] == [InputError] * 3
    assert "input 'text' of step 'take' must be str; the output 'output' of step 'number' is int" in found[0].message
    assert "input 'texts[0]' of step 'take_all' must be str" in found[1].message
    assert "input 'texts[1]'" in found[2].message
    lines = [problem.location.line for problem in found if problem.location]
    assert lines == [lines[0], lines[0] + 1, lines[0] + 1]


def test_what_fits_is_left_alone(ctx: Context) -> None:
    @step
    def anything(x: Any, y: int | str, z: float) -> None: ...

    @step
    def untyped(x, y=None):  # type: ignore[no-untyped-def]
        return x

    def wired() -> None:
        one = number()
        anything(one, one, one)
        anything(untyped(one), untyped(numbers()), one)

    assert problems_of(ctx, wired) == []


def test_outputs_that_can_not_be_stored_are_told_once_at_the_step(ctx: Context) -> None:
    @step
    def stream() -> Iterator[int]:
        return iter([1])

    @step
    def worker() -> Annotated[threading.Thread, "thread"]:
        return threading.Thread()

    @step
    def generator() -> Generator[int, None, None]:
        yield 1

    def wired() -> None:
        for _ in range(3):
            stream()
        worker()
        generator()

    found = problems_of(ctx, wired)
    assert [problem.message.partition(": ")[0] for problem in found] == [
        "The output 'output' of step 'stream' can't be stored",
        "The output 'thread' of step 'worker' can't be stored",
        "The step 'generator' yields its values; what a step gives is stored as a whole.",
    ]
    assert found[0].location is not None
    assert found[0].location.line == stream.function.__code__.co_firstlineno


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"on_failure": "no_such_module.hook"}, "on_failure of step 'number' can't be imported: there is no module"),
        ({"on_start": "json.lods"}, "can't be imported: json has no 'lods'"),
        ({"on_end": "json.decoder"}, "names json.decoder, which can't be called"),
        ({"output_materializers": "json.Nothing"}, "json:Nothing for the output 'output' of step 'number' can't be"),
        ({"output_materializers": f"{__name__}.NO_CLASS"}, "is no class"),
        ({"output_materializers": "json.JSONDecoder"}, "is not derived from stackyard.Materializer"),
        ({"cache_policy": CachePolicy(file_dependencies=["gone.csv"])}, "there is no file 'gone.csv'"),
        ({"cache_policy": CachePolicy(cache_func="json.lods")}, "json has no 'lods'"),
        ({"cache_policy": CachePolicy(source_dependencies=["gone.f"])}, "there is no module 'gone'"),
        ({"resources": ResourceSettings(memory="900PB")}, "asks for 900PB of memory; this machine has"),
        ({"experiment_tracker": "mine"}, "names the experiment tracker 'mine'; the stack 'default' has none"),
        ({"step_operator": True}, "names a step operator; the stack 'default' has none"),
        ({"secrets": ["absent"]}, "which the step 'number' names"),
    ],
)  # fmt: skip
def test_options_that_can_not_be_followed(ctx: Context, options: dict[str, Any], message: str) -> None:
    configured = number.with_options(**options)

    def wired() -> None:
        configured()

    problem = only_problem(ctx, wired)
    assert message in problem.message
    assert isinstance(problem, (OptionError, StackValidationError, SecretNotFoundError))


def test_options_that_can_be_followed(ctx: Context, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("1")
    configured = number.with_options(
        on_failure=a_hook, on_start="json.loads", resources=ResourceSettings(memory="1MB"), step_operator=False,
        output_materializers="stackyard.storage.materializers.builtin.PickleMaterializer",
        cache_policy=CachePolicy(cache_func="os.getcwd", source_dependencies=["json.loads"]),
    )  # fmt: skip

    def wired() -> None:
        configured()

    assert problems_of(ctx, wired, on_init=a_hook, on_cleanup=lambda: None) == []


def test_hooks_of_the_pipeline_are_looked_for(ctx: Context) -> None:
    def wired() -> None:
        number()

    problem = only_problem(ctx, wired, on_init="gone.hook", name="hooked")
    assert "The hook on_init of pipeline 'hooked' can't be imported: there is no module 'gone'" in problem.message


def test_a_module_that_breaks_or_lacks_a_package_is_told_with_its_reason(
    ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "broken_for_hooks.py").write_text("1 / 0\n")
    (tmp_path / "needy_for_hooks.py").write_text("import no_such_package_at_all\n")

    def wired() -> None:
        number.with_options(on_start="broken_for_hooks.f")()
        number.with_options(on_start="needy_for_hooks.f")()

    found = [problem.message for problem in problems_of(ctx, wired)]
    assert "the module 'broken_for_hooks' can't be imported: ZeroDivisionError: division by zero" in found[0]
    assert "the module 'needy_for_hooks' needs 'no_such_package_at_all', which is not installed" in found[1]


def test_steps_that_come_later_are_checked_against_those_before(ctx: Context) -> None:
    def wired() -> None:
        number()

    def later() -> None:
        take(number())

    first = record_pipeline(ctx, pipeline(wired), RunOptions())
    recorder = pipeline(later).new_recorder()
    more = pipeline(later).record({}, recorder)
    new = [spec for spec in more.spec.steps if spec.name == "take"]
    with pytest.raises(InputError, match="'text' of step 'take' must be str"):
        prepare_more(first.taken, new, {"take": more.definitions["take"]})
    fine = [new[0].model_copy(update={"inputs": {}, "parameters": {"text": "x"}})]
    grown = prepare_more(first.taken, fine, {"take": more.definitions["take"]})
    assert list(grown.steps) == ["number", "take"]
    assert list(first.taken.steps) == ["number"]


def test_a_stack_without_a_store_is_told_with_all_the_rest(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise StackValidationError("The stack has no orchestrator.", hint="Choose another one.")

    def wired() -> None:
        take(5)

    monkeypatch.setattr(StackParts, "__init__", refuse)
    found = problems_of(ctx, wired)
    assert [problem.code for problem in found] == ["D104", "C101"]
