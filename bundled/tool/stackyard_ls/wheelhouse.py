"""Wheels for one interpreter, put together again from the bundle, so that Stackyard installs without a network.

The bundle is many wheels unpacked over each other: compiled modules for every Python lie side by side, and each
package's RECORD and WHEEL list them all. A wheel for one Python has the files that serve it, and says so.

Invariant: reads the bundle, writes only into the folder it is given. Standard library alone.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import shutil
import zipfile
from email.parser import HeaderParser
from pathlib import Path

from stackyard.api.environments import Interpreter
from stackyard.model.errors import InterpreterError, PackageMissingError
from stackyard.model.record import Record

_COMPILED = re.compile(r"\.(?:so|pyd)\Z")
_FIXED_TIME = (2020, 1, 1, 0, 0, 0)
"""Of every file in a wheel, so that the same bundle gives the same bytes."""


class _Distribution(Record):
    """A package in the bundle."""

    info: Path
    """Its ``*.dist-info`` folder."""
    name: str
    version: str
    requires: frozenset[str]
    """Normalised names of what it may need, whatever the platform."""


def build_wheels(bundle: Path, interpreter: Interpreter, folder: Path) -> list[Path]:
    """Write the wheels of Stackyard and of all it needs, for one interpreter.

    Args:
        bundle: the extension's ``bundled`` folder.
        interpreter: for whom.
        folder: where the wheels go; it exists.

    Raises:
        InterpreterError: the bundle has nothing compiled for this interpreter.
        PackageMissingError: the bundle has no wheel of Stackyard.
    """
    own = own_wheel(bundle)
    wheels = [Path(shutil.copy2(own, folder / own.name))]
    known = {_normal(d.name): d for d in map(_read, sorted((bundle / "libs").glob("*.dist-info")))}
    wanted = sorted(_wheel_requires(own))
    seen: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name in seen or name not in known:
            continue
        seen.add(name)
        wanted.extend(sorted(known[name].requires))
        wheels.append(_pack(known[name], interpreter, folder))
    return wheels


def own_wheel(bundle: Path) -> Path:
    """Return Stackyard's wheel: the extension's, in a checkout the one that was built last.

    Raises:
        PackageMissingError: there is none.
    """
    for place in (bundle / "wheels", bundle.parent / "out" / "wheel"):
        found = sorted(place.glob("stackyard-*.whl"), key=lambda path: path.stat().st_mtime)
        if found:
            return found[-1]
    raise PackageMissingError(
        f"There is no wheel of Stackyard in {bundle / 'wheels'}.",
        hint="In a checkout run `npm run package`; otherwise install the Stackyard extension again.",
    )


def wheel_version(wheel: Path) -> str:
    """Return the version in a wheel's file name."""
    return wheel.name.split("-")[1]


def _read(info: Path) -> _Distribution:
    headers = HeaderParser().parsestr((info / "METADATA").read_text(encoding="utf-8"))
    return _Distribution(info, headers["Name"], headers["Version"], _requires(headers.get_all("Requires-Dist") or []))


def _wheel_requires(wheel: Path) -> frozenset[str]:
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        headers = HeaderParser().parsestr(archive.read(name).decode("utf-8"))
    return _requires(headers.get_all("Requires-Dist") or [])


def _requires(lines: list[str]) -> frozenset[str]:
    """Return the names in ``Requires-Dist`` lines, without those of extras; other markers are left to the installer."""
    names = (re.match(r"[A-Za-z0-9._-]+", line) for line in lines if not re.search(r"extra\s*==", line))
    return frozenset(_normal(match.group()) for match in names if match)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _pack(package: _Distribution, interpreter: Interpreter, folder: Path) -> Path:
    libs = package.info.parent
    with (package.info / "RECORD").open(encoding="utf-8", newline="") as file:
        paths = [row[0] for row in csv.reader(file) if row]
    info = package.info.name
    compiled = [path for path in paths if _COMPILED.search(path)]
    chosen = [path for path in compiled if _serves(path, interpreter)]
    if compiled and not chosen:
        raise InterpreterError(
            f"The bundle has no {package.name} for {interpreter.command} ({interpreter.implementation} "
            f"{interpreter.python}, {interpreter.platform}).",
            hint=f"Install with a network: {interpreter.command} -m pip install stackyard",
        )
    left_out = set(compiled) - set(chosen)
    tag = _tag(interpreter, chosen) if compiled else "py3-none-any"
    name = f"{re.sub(r'[-_.]+', '_', package.name)}-{package.version}-{tag}.whl"
    members = {path: (libs / path).read_bytes() for path in paths if path not in left_out and (libs / path).is_file()}
    members.pop(f"{info}/RECORD", None)
    members[f"{info}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: stackyard\nRoot-Is-Purelib: {'false' if compiled else 'true'}\nTag: {tag}\n"
    ).encode()
    members[f"{info}/RECORD"] = _record(members, f"{info}/RECORD")
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_STORED) as archive:
        for path, data in members.items():
            archive.writestr(zipfile.ZipInfo(path, _FIXED_TIME), data)
    return folder / name


def _serves(path: str, interpreter: Interpreter) -> bool:
    """Tell whether a compiled module's file name fits the interpreter."""
    stem, _, suffix = path.rpartition("/")[2].partition(".")
    return bool(stem) and (f".{suffix}" == interpreter.ext_suffix or suffix in ("abi3.so", "pyd"))


def _tag(interpreter: Interpreter, chosen: list[str]) -> str:
    platform = re.sub(r"[-.]", "_", interpreter.platform)
    python = f"cp{interpreter.version[0]}{interpreter.version[1]}"
    abi = "abi3" if all(".abi3." in path for path in chosen) else python
    return f"{python}-{abi}-{platform}"


def _record(members: dict[str, bytes], own_path: str) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for path, data in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        writer.writerow([path, f"sha256={digest}", len(data)])
    writer.writerow([own_path, "", ""])
    return text.getvalue().encode()
