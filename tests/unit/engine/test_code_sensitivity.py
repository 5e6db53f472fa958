"""Each part of a step's code changed alone misses and is named; what is no part of it hits."""

# ruff: noqa: E501  # one case a line

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard.engine.code_digest import CodeDigests
from stackyard.model.graph import StepSource

PROJECT = {
    "steps.py": '''
"""Steps of the project."""
import enum
import json
import logging
from dataclasses import dataclass, field

import helpers as h
import registry
from pack import chosen, Config as Settings
from stars import *
from decorators import timed
from bases import Base
try:
    from fast import quick
except ImportError:
    from slow import quick
from stackyard import pipeline, step

logger = logging.getLogger(__name__)
RATE = 0.5
LIMITS: dict[str, int] = {"low": 1}
HIGH, (LOW, *REST) = 3, (2, 1, 0)
COUNT = 0
COUNT += 1
square = lambda x: x * x
UNUSED = 1

if HIGH > 2:
    def pick(x):
        return x + 1
else:
    def pick(x):
        return x - 1

for name in ("a", "b"):
    LAST = name

with open(__file__) as handle:
    FIRST = handle.readline()

match HIGH:
    case 3:
        MATCHED = "three"

if (walrus := len(REST)) > 1:
    pass


class Mode(enum.Enum):
    FAST = "fast"
    SLOW = "slow"


@dataclass
class Options:
    size: int = 4
    mode: Mode = Mode.FAST
    names: list = field(default_factory=lambda: ["x"])


class Scaler(Base):
    """Scales."""

    factor = 2

    def apply(self, x):
        """Apply."""
        return self.shift(x) * self.factor

    @property
    def half(self):
        return self.factor / 2


def outer(x):
    def inner(y):
        return y + 10
    return inner(x)


def set_count():
    global COUNT
    COUNT = 5


def texts(x):
    return f"{x:.2f} of {RATE}"


def unrelated(x):
    """Unrelated."""
    return UNUSED + x


@timed
def helper(x, more=7):
    return x + more


@step
def train(x: "Settings", n=3):
    """Train."""
    # A comment.
    options = Options()
    total = h.twice(n) + chosen(n) + RATE + LIMITS["low"] + HIGH + square(n) + pick(n) + COUNT
    total += Scaler().apply(n) + Scaler().half + outer(n) + quick(n) + helper(n) + starred(n)
    return texts(total), options.mode, LAST, FIRST, MATCHED, walrus, registry.call("one", n)


@step
def other():
    return h.spare()


@pipeline
def both():
    other()
    train(Settings(1))


if __name__ == "__main__":
    both()
''',
    "helpers.py": """
from deep.constants import BY as FACTOR

SPARE = 1

def twice(x):
    return times(x)

def times(x):
    return x * FACTOR

def spare():
    return SPARE
""",
    "deep/__init__.py": "",
    "deep/constants.py": "BY = 2\nOTHER = 3\n",
    "pack/__init__.py": "from .impl import one as chosen, Config\n",
    "pack/impl.py": """
from __future__ import annotations
from dataclasses import dataclass
from . import types

def one(x):
    return x + 1

def two(x):
    return x + 2

@dataclass
class Config:
    rate: types.Rate = 1

    def total(self) -> float:
        return self.rate * 2
""",
    "pack/types.py": "Rate = float\nOther = int\n",
    "stars.py": "__all__ = ['starred']\n\ndef starred(x):\n    return x + 100\n\ndef hidden(x):\n    return x\n",
    "decorators.py": """
import functools

def timed(f):
    @functools.wraps(f)
    def inner(*args, **kwargs):
        return f(*args, **kwargs) + 1
    return inner
""",
    "bases.py": "class Base:\n    def shift(self, x):\n        return x + 1\n\nclass Spare:\n    x = 1\n",
    "fast.py": "def quick(x):\n    return x\n",
    "slow.py": "def quick(x):\n    return x - 1\n",
    "registry.py": """
KNOWN = {}

def register(name):
    def note(f):
        KNOWN[name] = f
        return f
    return note

def call(name, x):
    return KNOWN[name](x)

import plugins
""",
    "plugins.py": "from registry import register\n\n@register('one')\ndef one(x):\n    return x + 1\n\ndef helper(x):\n    return x\n",
    "unimported.py": "X = 1\n",
}


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _digests(folder: Path, name: str = "train") -> tuple[CodeDigests, dict[str, str]]:
    digests = CodeDigests([str(folder)])
    return digests, digests.of(StepSource(module="steps", qualname=name, file=str(folder / "steps.py")))


def _changed(folder: Path, file: str, old: str, new: str) -> set[str]:
    """Return the labels that differ after one edit of the project."""
    _write(folder, PROJECT)
    before = _digests(folder)[1]
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    after = _digests(folder)[1]
    changed = {label for label in before.keys() | after.keys() if before.get(label) != after.get(label)}
    # What has an effect is named; the order in which others stand to it changes along.
    return {label for label in changed if not label.endswith(":<order>")} or changed


@pytest.mark.parametrize(
    ("file", "old", "new", "labels"),
    [
        pytest.param("steps.py", "options = Options()", "options = Options(5)", {"steps.py:train"}, id="body"),
        pytest.param("steps.py", "n=3)", "n=4)", {"steps.py:train"}, id="default"),
        pytest.param("steps.py", 'x: "Settings"', 'x: "Settings | None"', {"steps.py:train"}, id="annotation"),
        pytest.param("steps.py", "@step\ndef train", "@step(extra={1: 2})\ndef train", {"steps.py:train"}, id="own decorator"),
        pytest.param("helpers.py", "x * FACTOR", "x + FACTOR", {"helpers.py:times"}, id="helper two calls away"),
        pytest.param("helpers.py", "return times(x)", "return x", {"helpers.py:twice", "helpers.py:times", "helpers.py:FACTOR", "deep/constants.py:BY"}, id="helper no longer called"),
        pytest.param("deep/constants.py", "BY = 2", "BY = 3", {"deep/constants.py:BY"}, id="constant of a constant"),
        pytest.param("helpers.py", "import BY as", "import OTHER as", {"helpers.py:FACTOR", "deep/constants.py:BY", "deep/constants.py:OTHER"}, id="import retargeted"),
        pytest.param("steps.py", "RATE = 0.5", "RATE = 0.25", {"steps.py:RATE"}, id="constant"),
        pytest.param("steps.py", '{"low": 1}', '{"low": 2}', {"steps.py:LIMITS"}, id="annotated assignment"),
        pytest.param("steps.py", "= 3, (2, 1, 0)", "= 4, (2, 1, 0)", {"steps.py:HIGH", "steps.py:LOW", "steps.py:REST"}, id="tuple assignment"),
        pytest.param("steps.py", "COUNT += 1", "COUNT += 2", {"steps.py:COUNT"}, id="augmented assignment"),
        pytest.param("steps.py", "COUNT = 5", "COUNT = 6", {"steps.py:set_count"}, id="global written elsewhere"),
        pytest.param("steps.py", "lambda x: x * x", "lambda x: x + x", {"steps.py:square"}, id="lambda"),
        pytest.param("steps.py", "return x + 1\nelse", "return x + 2\nelse", {"steps.py:pick"}, id="conditional definition"),
        pytest.param("steps.py", "if HIGH > 2:", "if HIGH > 5:", {"steps.py:pick"}, id="condition of a definition"),
        pytest.param("steps.py", 'in ("a", "b"):', 'in ("a", "c"):', {"steps.py:LAST", "steps.py:name"}, id="bound in a loop"),
        pytest.param("steps.py", "handle.readline()", "handle.read()", {"steps.py:FIRST", "steps.py:handle", "steps.py:<module>"}, id="bound in a with"),
        pytest.param("steps.py", '"three"', '"3"', {"steps.py:MATCHED"}, id="bound in a match"),
        pytest.param("steps.py", "len(REST)", "sum(REST)", {"steps.py:walrus"}, id="walrus"),
        pytest.param("steps.py", 'FAST = "fast"', 'FAST = "quick"', {"steps.py:Mode.FAST"}, id="enum member"),
        pytest.param("steps.py", "size: int = 4", "size: int = 5", {"steps.py:Options.size"}, id="dataclass field"),
        pytest.param("steps.py", "@dataclass\n", "@dataclass(frozen=True)\n", {"steps.py:Options"}, id="class decorator"),
        pytest.param("steps.py", "factor = 2", "factor = 3", {"steps.py:Scaler.factor"}, id="class attribute"),
        pytest.param("steps.py", "self.shift(x) *", "self.shift(x) -", {"steps.py:Scaler.apply"}, id="method by instance"),
        pytest.param("steps.py", "self.factor / 2", "self.factor / 4", {"steps.py:Scaler.half"}, id="property"),
        pytest.param("bases.py", "x + 1", "x + 2", {"bases.py:Base.shift"}, id="base class elsewhere"),
        pytest.param("steps.py", "(Base)", "(Base, object)", {"steps.py:Scaler"}, id="bases"),
        pytest.param("steps.py", "y + 10", "y + 11", {"steps.py:outer"}, id="function in a function"),
        pytest.param("steps.py", "{x:.2f} of", "{x:.3f} of", {"steps.py:texts"}, id="f-string"),
        pytest.param("steps.py", "more=7", "more=8", {"steps.py:helper"}, id="default of a helper"),
        pytest.param("decorators.py", "**kwargs) + 1", "**kwargs) + 2", {"decorators.py:timed"}, id="decorator of a helper"),
        pytest.param("steps.py", "@timed\n", "", {"steps.py:helper", "steps.py:timed", "decorators.py:timed", "decorators.py:functools"}, id="decorator removed"),
        pytest.param("pack/__init__.py", "one as chosen", "two as chosen", {"pack/__init__.py:chosen", "pack/impl.py:one", "pack/impl.py:two"}, id="re-export retargeted"),
        pytest.param("pack/impl.py", "return x + 1", "return x", {"pack/impl.py:one"}, id="behind a re-export"),
        pytest.param("pack/types.py", "Rate = float", "Rate = int", {"pack/types.py:Rate"}, id="annotation of a field elsewhere"),
        pytest.param("pack/impl.py", "self.rate * 2", "self.rate * 3", {"pack/impl.py:Config.total"}, id="class of an annotation"),
        pytest.param("stars.py", "x + 100", "x + 101", {"stars.py:starred"}, id="star import"),
        pytest.param("stars.py", "['starred']", "['starred', 'hidden']", {"stars.py:__all__"}, id="__all__"),
        pytest.param("fast.py", "return x", "return -x", {"fast.py:quick"}, id="import in a try"),
        pytest.param("slow.py", "x - 1", "x - 2", {"slow.py:quick"}, id="fallback of an import"),
        pytest.param("plugins.py", "x + 1", "x + 2", {"plugins.py:one"}, id="registered by a decorator"),
        pytest.param("registry.py", "KNOWN[name](x)", "-KNOWN[name](x)", {"registry.py:call"}, id="dynamic dispatch"),
        pytest.param("registry.py", "KNOWN[name] = f", "KNOWN[name] = lambda x: f(-x)", {"registry.py:register"}, id="what registers"),
        pytest.param("bases.py", "class Spare", "print(Base.__name__)\nBase.shift = None\nclass Spare", {"bases.py:<module>"}, id="effect at import"),
        pytest.param("deep/__init__.py", "", "import os\nos.environ['A'] = '1'\n", {"deep/__init__.py:<module>", "deep/__init__.py:os"}, id="effect in a package"),
        pytest.param("slow.py", "def", "import sys\nsys.path.insert(0, 'lib')\ndef", {"slow.py:<module>", "slow.py:sys"}, id="sys.path"),
    ],
)  # fmt: skip
def test_a_part_that_changes_misses_and_is_named(
    tmp_path: Path, file: str, old: str, new: str, labels: set[str]
) -> None:
    assert _changed(tmp_path, file, old, new) == labels


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        pytest.param("steps.py", "# A comment.", "# Another one.", id="comment"),
        pytest.param("steps.py", '"""Train."""', '"""Train well."""', id="docstring"),
        pytest.param("steps.py", '"""Steps of the project."""', "", id="docstring of the module"),
        pytest.param("steps.py", '"""Apply."""', "", id="docstring of a method"),
        pytest.param("steps.py", "return y + 10", "return (y\n                + 10)", id="layout"),
        pytest.param("steps.py", "UNUSED + x", "UNUSED - x", id="unrelated function"),
        pytest.param("steps.py", "UNUSED = 1", "UNUSED = 2", id="unrelated constant"),
        pytest.param("steps.py", "return h.spare()", "return 5", id="another step"),
        pytest.param("steps.py", "@step\ndef other", "@step\ndef more():\n    return UNUSED\n\n@step\ndef other", id="a step more"),
        pytest.param("steps.py", "    other()\n", "    other()\n    other()\n", id="the pipeline"),
        pytest.param("steps.py", "@step\ndef train", "@step(environment={'A': str(UNUSED)}, tags=['x'])\ndef train", id="options that count by value"),
        pytest.param("steps.py", 'main__":\n    both()', 'main__":\n    run = both()\n    print(run.name)', id="the main guard"),
        pytest.param("steps.py", "import json\n", "", id="import that is not used"),
        pytest.param("steps.py", "def unrelated", "class Spare:\n    width = 3\n\ndef unrelated", id="unrelated class"),
        pytest.param("helpers.py", "SPARE = 1", "SPARE = 2", id="unrelated constant elsewhere"),
        pytest.param("helpers.py", "return SPARE", "return -SPARE", id="unrelated function elsewhere"),
        pytest.param("deep/constants.py", "OTHER = 3", "OTHER = 4", id="unrelated constant far away"),
        pytest.param("pack/impl.py", "x + 2", "x + 3", id="what is not re-exported"),
        pytest.param("pack/types.py", "Other = int", "Other = str", id="a type that is not used"),
        pytest.param("bases.py", "    x = 1", "    x = 2", id="another class"),
        pytest.param("plugins.py", "def helper(x):\n    return x", "def helper(x):\n    return -x", id="beside what is registered"),
        pytest.param("unimported.py", "X = 1", "X = 2", id="module that is not imported"),
    ],
)  # fmt: skip
def test_what_is_no_part_hits(tmp_path: Path, file: str, old: str, new: str) -> None:
    assert _changed(tmp_path, file, old, new) == set()


def test_the_project_may_move_and_unrelated_files_be_renamed(tmp_path: Path) -> None:
    _write(tmp_path / "before", PROJECT)
    files = {**PROJECT, "renamed.py": PROJECT["unimported.py"], "more/__init__.py": "", "notes.txt": "x"}
    del files["unimported.py"]
    _write(tmp_path / "elsewhere" / "after", files)
    assert _digests(tmp_path / "before")[1] == _digests(tmp_path / "elsewhere" / "after")[1]


def test_what_counts_is_named_and_shown(tmp_path: Path) -> None:
    _write(tmp_path, PROJECT)
    digests, parts = _digests(tmp_path)
    assert digests.text("helpers.py:times") == "def times(x):\n    return x * FACTOR"
    assert digests.text("steps.py:Scaler.half") == "@property\ndef half(self):\n    return self.factor / 2"
    assert digests.text("steps.py:Scaler").startswith("class Scaler(Base):")
    assert digests.text("steps.py:COUNT") == "COUNT = 0\nCOUNT += 1"
    assert digests.text("plugins.py:one") == "@register('one')\ndef one(x):\n    return x + 1"
    assert digests.text("nothing.py:there") == ""
    assert [label for label in parts if digests.whole(label)] == []


DYNAMIC = [
    ("getattr(tools, name)(x)", "tools.py", "getattr with a computed name, line 4"),
    ("globals()[name](x)", "steps.py", "globals() is used, line 4"),
    ("eval(name)", "steps.py", "eval() is used, line 4"),
    ("exec(name)", "steps.py", "exec() is used, line 4"),
    ("setattr(tools, name, x)", "tools.py", "setattr with a computed name, line 4"),
    ("vars()[name]", "steps.py", "vars() is used, line 4"),
    ("locals()[name]", "steps.py", "locals() is used, line 4"),
    ("call(tools, x)", "tools.py", "the module tools is used as a value"),
    ("vars(tools)[name]", "tools.py", "the module tools is used as a value"),
    ("tools.unknown(x)", "tools.py", "the name 'unknown' is not defined in it"),
    ("undefined(x)", "steps.py", "the name 'undefined' is not defined in it"),
    ("importlib.import_module(name)", "tools.py", "import_module with a computed name, line 4"),
    ("sys.modules[name].f(x)", "tools.py", "sys.modules is used"),
    ("object.__subclasses__()", "tools.py", "__subclasses__ is used, line 4"),
    ("ne.evaluate(name)", "steps.py", "numexpr.evaluate is used"),
    ("tools.__dict__[name]", "tools.py", "the name '__dict__' is not defined in it"),
]


@pytest.mark.parametrize("expression", ["evaluate(x, name)", "x.evaluate(name, name)"])
def test_an_evaluation_of_models_is_no_doubt(tmp_path: Path, expression: str) -> None:
    text = f"SPARE = 1\ndef evaluate(x, y):\n    return x - y\ndef train(x, name):\n    return {expression}\n"
    _write(tmp_path, {"steps.py": text})
    before = _digests(tmp_path)
    assert not any(before[0].whole(label) for label in before[1])
    _write(tmp_path, {"steps.py": text.replace("SPARE = 1", "SPARE = 2")})
    assert _digests(tmp_path)[1] == before[1]


@pytest.mark.parametrize(("expression", "file", "reason"), DYNAMIC)
def test_in_doubt_the_whole_module_counts_and_says_why(tmp_path: Path, expression: str, file: str, reason: str) -> None:
    files = {
        "steps.py": f"import importlib, sys\nimport tools, numexpr as ne\ndef train(x, name, call):\n    return {expression}\n\nSPARE = 1\n",
        "tools.py": "def f(x):\n    return x\n",
    }
    _write(tmp_path, files)
    digests, before = _digests(tmp_path)
    if file == "steps.py":
        assert digests.whole("steps.py") == reason
    assert digests.whole(file)
    assert reason in {digests.whole(label) for label in before}
    changed = {
        name: text.replace("SPARE = 1", "SPARE = 2").replace("return x\n", "return -x\n")
        for name, text in files.items()
    }
    _write(tmp_path, {file: changed[file]})
    after = _digests(tmp_path)[1]
    assert {label for label in after if before.get(label) != after[label]} == {file}
    assert digests.text(file) == files[file]
