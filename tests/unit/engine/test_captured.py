"""What a function that travels by value takes along counts in one form: the same whenever it is the same."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stackyard import step
from stackyard.engine.captured import captured_by
from stackyard.engine.code_digest import CodeDigests
from stackyard.engine.functions import portable_source
from stackyard.model.graph import StepSource


class Own:
    def __init__(self, names: set[str]) -> None:
        self.names = names

    def get(self) -> set[str]:
        return self.names


def helper(x: int) -> int:
    return x + 1


def _over(value: Any) -> Callable[[], Any]:
    def take() -> Any:
        return value

    return take


def _digest(value: Any) -> str:
    return captured_by(_over(value), with_globals=False).digest


VALUES: list[tuple[Callable[[], Any], Callable[[], Any]]] = [
    (lambda: {"a", "b", "c"}, lambda: {"a", "b"}),
    (lambda: frozenset({1, 2}), lambda: frozenset({1, 3})),
    (lambda: {"a": {1, 2}, "b": [3.5, None]}, lambda: {"a": {1, 2}, "b": [3.5, 0]}),
    (lambda: {"a": 1, "b": 2}, lambda: {"b": 2, "a": 1}),
    (lambda: Own({"x", "y"}), lambda: Own({"x", "z"})),
    (lambda: lambda x: x + 1, lambda: lambda x: x + 2),
    (lambda: lambda: "a", lambda: lambda: "b"),
    (lambda: functools.partial(helper, 1), lambda: functools.partial(helper, 2)),
    (lambda: [helper, len], lambda: [helper, sum]),
    (lambda: Path("a"), lambda: Path("b")),
    (lambda: (date(2024, 1, 1), Decimal("1.5")), lambda: (date(2024, 1, 2), Decimal("1.5"))),
    (lambda: OrderedDict(a=1), lambda: OrderedDict(a=2)),
    (lambda: defaultdict(list, {"a": [1]}), lambda: defaultdict(set, {"a": [1]})),
    (lambda: np.arange(6).reshape(2, 3), lambda: np.arange(6).reshape(3, 2)),
    (
        lambda: type("Local", (), {"a": 1, "f": lambda self: 1}),
        lambda: type("Local", (), {"a": 1, "f": lambda self: 2}),
    ),
    (lambda: 1, lambda: 1.0),
    (lambda: 1, lambda: True),
    (lambda: "1", lambda: b"1"),
    (lambda: (1, 2), lambda: [1, 2]),
    (lambda: (1, (2,)), lambda: ((1, 2),)),
    (lambda: 0.0, lambda: -0.0),
    (lambda: _over(3), lambda: _over(4)),
    (lambda: Own({"x"}).get, lambda: Own({"y"}).get),
]


@pytest.mark.parametrize(("make", "other"), VALUES)
def test_equal_values_count_the_same_and_others_not(make: Callable[[], Any], other: Callable[[], Any]) -> None:
    assert _digest(make()) == _digest(make())
    assert _digest(make()) != _digest(other())


def test_cycles_and_shared_parts_end() -> None:
    def ring(value: int) -> list[Any]:
        made: list[Any] = [value]
        made.append(made)
        return made

    assert _digest(ring(1)) == _digest(ring(1)) != _digest(ring(2))
    deep: Any = {"x"}
    for _ in range(60):
        deep = (deep, deep)
    assert _digest(deep)


def test_comments_and_lines_do_not_count_but_functions_of_modules_do_by_their_code() -> None:
    functions: list[Any] = []
    for text in ("def f(x):\n    return x + k", "\n\n# Why.\ndef f(x):\n    'Text.'\n    return (x\n        + k)"):
        names: dict[str, Any] = {"k": {"a", "b"}, "__name__": "__main__"}
        exec(text, names)
        functions.append(names["f"])
    first, same = (captured_by(function, with_globals=True).digest for function in functions)
    if sys.version_info < (3, 14):  # there a docstring is a constant more
        assert first == same
    functions[1].__globals__["k"] = {"a"}
    assert captured_by(functions[1], with_globals=True).digest != same
    assert (__name__, "helper") in captured_by(_over(helper), with_globals=False).references


PROGRAM = """
import sys
from stackyard import step
from stackyard.engine.code_digest import CodeDigests
from stackyard.engine.functions import portable_source

NAMES = {"a", "b", "c", "d"}

class Rule:
    allowed = {"x", "y", "z"}

    def __call__(self, value):
        return value in self.allowed

def make(names):
    rule = Rule()

    @step
    def local() -> bool:
        return rule("x") and "a" in names
    return local

source = portable_source(make(NAMES))
print(CodeDigests([sys.argv[1]]).of(source)["<closure>"])
"""


def test_a_closure_over_sets_and_classes_of_a_script_hits_in_the_next_process(tmp_path: Path) -> None:
    def closure(text: str, seed: str) -> str:
        (tmp_path / "run.py").write_text(text, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, str(tmp_path / "run.py"), str(tmp_path)],
            capture_output=True, text=True, check=True, env={**os.environ, "PYTHONHASHSEED": seed},
        )  # fmt: skip
        return done.stdout

    first = closure(PROGRAM, "1")
    assert first
    assert closure(PROGRAM, "2") == first
    assert closure("# A comment.\n" + PROGRAM, "3") == first
    assert closure(PROGRAM.replace('"z"', '"w"'), "1") != first
    assert closure(PROGRAM.replace("value in", "value not in"), "1") != first


def test_what_has_no_one_form_counts_by_its_pickle() -> None:
    class Odd:
        def __reduce_ex__(self, protocol: Any) -> Any:
            raise TypeError("no")

    with pytest.raises(TypeError, match="no"):
        _digest(Odd())
    source = StepSource(module="__main__", qualname="f", pickled="AAAA")
    other = StepSource(module="__main__", qualname="f", pickled="BBBB")
    assert CodeDigests([]).of(source) != CodeDigests([]).of(other)


def test_the_code_of_functions_that_a_closure_holds_counts(tmp_path: Path) -> None:
    kept = helper

    @step
    def local() -> int:
        return kept(1)

    parts = CodeDigests([str(Path(__file__).parent)]).of(portable_source(local))
    assert {"<closure>", f"{Path(__file__).name}:helper"} <= parts.keys()
