"""Code outside of a project of which it is known what it changes: nothing but the name that takes its result.

It may be called, or subclassed, while a module is imported.
What is not listed may have an effect (a seed, a registry, a setting), so the statement that uses it counts for every
step whose module imports it. A name that ends in a dot stands for everything below it.
"""

from __future__ import annotations

import builtins

BUILTINS = frozenset(dir(builtins))

_LOUD_BUILTINS = frozenset(
    {"__import__", "breakpoint", "compile", "delattr", "eval", "exec", "globals", "input", "locals", "next", "open"}
    | {"setattr", "vars"}
)

_QUIET = (
    "abc.", "array.array", "base64.", "collections.", "contextlib.", "contextvars.ContextVar", "copy.copy",
    "copy.deepcopy", "dataclasses.", "datetime.", "decimal.Decimal", "enum.", "fractions.", "functools.cache",
    "functools.cached_property", "functools.cmp_to_key", "functools.lru_cache", "functools.partial",
    "functools.partialmethod", "functools.reduce", "functools.singledispatch", "functools.total_ordering",
    "functools.wraps", "hashlib.", "itertools.", "json.dumps", "json.loads", "logging.getLogger", "math.", "numbers.",
    "operator.", "os.cpu_count", "os.environ.get", "os.getcwd", "os.getenv", "os.getpid", "os.path.", "pathlib.",
    "platform.", "random.Random", "re.", "statistics.", "string.", "struct.", "textwrap.", "threading.", "time.",
    "types.", "typing.", "typing_extensions.", "uuid.", "zoneinfo.ZoneInfo", "argparse.ArgumentParser",
    "attr.", "attrs.", "pydantic.", "pydantic_settings.", "stackyard.",
    "numpy.array", "numpy.arange", "numpy.asarray", "numpy.dtype", "numpy.empty", "numpy.eye", "numpy.full",
    "numpy.linspace", "numpy.logspace", "numpy.ones", "numpy.zeros", "numpy.random.default_rng",
    "numpy.random.RandomState", "numpy.bool_", "numpy.float32", "numpy.float64", "numpy.int32", "numpy.int64",
    "numpy.sqrt", "numpy.log", "numpy.exp", "numpy.log10", "numpy.sin", "numpy.cos",
    "pandas.DataFrame", "pandas.Series", "pandas.Index", "pandas.Timestamp", "pandas.Timedelta",
    "polars.DataFrame", "polars.Series", "polars.col", "polars.lit", "pyarrow.schema", "pyarrow.field",
    "torch.device", "torch.no_grad", "torch.inference_mode", "numba.njit", "numba.jit",
)  # fmt: skip

_OF_PROGRAMS = (
    "argparse.", "builtins.input", "builtins.open", "builtins.next", "click.", "json.dump", "logging.", "pprint.",
    "rich.", "sys.argv", "sys.exit", "sys.stderr.", "sys.stdout.", "tqdm.", "traceback.", "typer.", "warnings.",
    "webbrowser.",
)  # fmt: skip

_ITERATORS = ("collections.deque", "csv.reader", "itertools.", "builtins.enumerate", "builtins.filter", "builtins.iter",
              "builtins.map", "builtins.reversed", "builtins.zip", "re.finditer", "json.load")  # fmt: skip
"""What they give changes by being read."""

_QUIET_BASES = (
    "abc.ABC", "abc.ABCMeta", "argparse.", "ast.", "collections.", "contextlib.", "dataclasses.", "enum.", "json.",
    "logging.", "pydantic.", "pydantic_settings.", "sklearn.base.", "stackyard.", "threading.", "torch.nn.",
    "torch.utils.data.", "typing.", "typing_extensions.", "unittest.TestCase", "lightning.", "pytorch_lightning.",
    "keras.", "tensorflow.keras.",
)  # fmt: skip

METHODS = frozenset(
    {"as_posix", "astype", "capitalize", "casefold", "copy", "count", "decode", "difference", "encode", "endswith"}
    | {"exists", "expanduser", "find", "format", "get", "index", "intersection", "is_dir", "is_file", "isdigit"}
    | {"items", "joinpath", "join", "keys", "lower", "lstrip", "match", "partition", "read_text", "replace", "reshape"}
    | {"resolve", "rpartition", "rsplit", "rstrip", "search", "split", "splitlines", "startswith", "strip", "title"}
    | {"total_seconds", "union", "upper", "values", "with_suffix", "with_name", "zfill", "isoformat", "mro"}
)
"""Methods of Python's own values that change nothing."""

CLASS_DECORATORS = frozenset({"setter", "getter", "deleter"})
"""Attributes of a class body's own properties that are used as decorators."""

STATEFUL = frozenset({"functools.cache", "functools.lru_cache", "functools.singledispatch"})
"""Decorators of which calling what they made changes it."""


def is_quiet_call(dotted: str) -> bool:
    """Tell whether calling something outside of the project changes nothing else."""
    first, _, rest = dotted.partition(".")
    if first == "builtins":
        return rest.partition(".")[0] not in _LOUD_BUILTINS
    return _listed(dotted, _QUIET)


def is_of_programs(dotted: str) -> bool:
    """Tell whether something outside of the project is what programs do in their own process: it changes no step."""
    return _listed(dotted, _OF_PROGRAMS)


def is_iterator(dotted: str) -> bool:
    """Tell whether what a call gives is used up, or changed, by reading it."""
    return _listed(dotted, _ITERATORS)


def is_quiet_base(dotted: str) -> bool:
    """Tell whether a class may be derived without being noted down anywhere."""
    return dotted.startswith("builtins.") or _listed(dotted, _QUIET_BASES)


def _listed(dotted: str, names: tuple[str, ...]) -> bool:
    return any(dotted.startswith(name) if name.endswith(".") else _is(dotted, name) for name in names)


def _is(dotted: str, name: str) -> bool:
    return dotted == name or dotted.startswith(f"{name}.")
