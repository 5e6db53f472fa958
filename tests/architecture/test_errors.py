"""The tree of errors: every class is drawn, has a code of its own, and travels between processes whole."""

from __future__ import annotations

import pickle
import re

import pytest

from stackyard.model import error_base, errors, execution_errors
from stackyard.model.errors import Location, StackyardError

LINE = re.compile(r"^((?:\|   |    )*)\+-- (\w+)\s+([A-Z]\d(?:\d\d|xx))?(?:\s+exit (\d+))?")


def _classes() -> list[type[StackyardError]]:
    found: list[type[StackyardError]] = []
    pending = [StackyardError]
    while pending:
        cls = pending.pop()
        found.append(cls)
        pending.extend(cls.__subclasses__())
    return [cls for cls in found if cls.__module__ in (errors.__name__, error_base.__name__, execution_errors.__name__)]


def _drawing() -> dict[str, tuple[str, str, int]]:
    """Return class to (parent, code, exit code) as the module's docstring draws them."""
    drawn: dict[str, tuple[str, str, int]] = {}
    path = ["StackyardError"]
    exits = {"StackyardError": StackyardError.exit_code}
    for line in str(errors.__doc__).splitlines():
        match = LINE.match(line.removeprefix("    ") if line.startswith("    ") else line)
        if match is None:
            continue
        depth = len(match[1]) // 4
        path[depth + 1 :] = []
        parent = path[depth]
        path.append(match[2])
        exits[match[2]] = int(match[4]) if match[4] else exits[parent]
        drawn[match[2]] = (parent, (match[3] or "").replace("xx", "00"), exits[match[2]])
    return drawn


def test_the_drawing_is_the_tree() -> None:
    real = {
        cls.__name__: (
            next(base.__name__ for base in cls.__bases__ if issubclass(base, StackyardError)),
            cls.code,
            cls.exit_code,
        )
        for cls in _classes()
        if cls is not StackyardError
    }
    assert _drawing() == real


def test_codes_are_unique() -> None:
    codes = [cls.code for cls in _classes()]
    assert sorted(codes) == sorted(set(codes))


def test_a_code_begins_with_the_letter_of_its_family() -> None:
    for cls in _classes():
        family = [base for base in cls.__mro__ if issubclass(base, StackyardError)][:-1]
        if family:
            assert cls.code[0] == family[-1].code[0], cls


def test_exit_codes_belong_to_families() -> None:
    """A script tells errors apart by the exit code: no two families but running and the base share one."""
    families = {cls.__name__: cls.exit_code for cls in StackyardError.__subclasses__() if cls in _classes()}
    assert sorted(families.values()) == [1, 2, 3, 3, 4, 5, 6, 7]
    assert errors.EXIT_BUG == 70


@pytest.mark.parametrize("cls", _classes(), ids=lambda cls: cls.__name__)
def test_an_error_travels_whole(cls: type[StackyardError]) -> None:
    error = cls("What happened.", hint="What to do.", location=Location("a.py", 3, 7), run_id="r", failed_steps=["x"])
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is cls
    assert (copy.message, copy.hint, copy.location) == (error.message, error.hint, error.location)
    assert copy.details == {"run_id": "r", "failed_steps": ["x"]}
    assert str(copy) == "What happened."
    assert copy.as_dict() == error.as_dict()


@pytest.mark.parametrize("cls", _classes(), ids=lambda cls: cls.__name__)
def test_every_error_says_when_it_is_raised(cls: type[StackyardError]) -> None:
    assert (cls.__doc__ or "").strip().endswith((".", "``."))


def test_what_is_not_found_is_a_lookup_error() -> None:
    for cls in _classes():
        assert issubclass(cls, LookupError) == issubclass(cls, errors.NotFoundError)
