"""Fills `bundled/libs`: everything that the language server imports, for one platform and CPython 3.10 to 3.14.

    python scripts/bundle_libs.py                            # this platform, into bundled/libs
    python scripts/bundle_libs.py --platform darwin-arm64 --dest out/libs/darwin-arm64
    python scripts/bundle_libs.py --verify                   # import it all with every CPython found here

The wheels named in requirements/bundle.lock are downloaded (for every Python where a package is compiled), checked
against the digests there, and unpacked over each other into one folder: compiled modules carry their Python in the file
name, so they do not collide. Each package's `*.dist-info` is kept, its RECORD and WHEEL joined from all its wheels, so
that a wheel for one Python can be put together again from the folder. Needs pip and the standard library.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "bundle.lock"
LIBS = ROOT / "bundled" / "libs"
TEMPORARY = ROOT / "out" / "tmp"

MINORS = (10, 11, 12, 13, 14)

# Our names are those of VS Code's platform-specific extensions. Wheels for the oldest system come first: they run on
# the newer ones too.
PIP_PLATFORMS = {
    "linux-x64": ("manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_28_x86_64"),
    "linux-arm64": ("manylinux2014_aarch64", "manylinux_2_17_aarch64", "manylinux_2_28_aarch64"),
    "alpine-x64": ("musllinux_1_1_x86_64", "musllinux_1_2_x86_64"),
    "darwin-arm64": ("macosx_11_0_arm64",),
    "darwin-x64": ("macosx_11_0_x86_64",),
    "win32-x64": ("win_amd64",),
}

_SKIPPED_FOLDERS = frozenset({"__pycache__", "test", "tests"})
_IMPORTS = (
    "attrs, cattrs, click, cloudpickle, colorama, exceptiongroup, filelock, lsprotocol.types, markdown_it, "
    "platformdirs, pydantic, pydantic_core, pygls.lsp.server, pygments, rich.console, tree_sitter, tree_sitter_python, "
    "typing_extensions, typing_inspection, yaml"
)


class BundleError(Exception):
    """The bundle cannot be made; the message says why and what to do."""


def this_platform() -> str:
    """Returns the name of the platform that this Python runs on.

    Raises:
        BundleError: The compiled packages have no wheels for it.
    """
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(
        platform.machine().lower(), "?"
    )
    system = "linux" if sys.platform.startswith("linux") else sys.platform
    if system == "linux" and not platform.libc_ver()[0]:
        system = "alpine"
    name = f"{system}-{machine}"
    if name not in PIP_PLATFORMS:
        message = (
            f"There is no bundle for {sys.platform} on {platform.machine()}. Platforms: {', '.join(PIP_PLATFORMS)}"
        )
        raise BundleError(message)
    return name


@dataclass(frozen=True)
class Wheel:
    """A wheel file, with what its file name says."""

    path: Path

    @property
    def project(self) -> str:
        """The normalised name of the package: `typing-extensions`."""
        return re.sub(r"[-_.]+", "-", self.path.name.split("-", 1)[0]).lower()

    @property
    def serves_every_python(self) -> bool:
        """Whether the same file serves CPython 3.10 and all newer ones."""
        return self.path.stem.split("-")[-2] in {"none", "abi3"}


def locked_requirements() -> dict[str, str]:
    """Returns the lock's entries, digests included, by normalised package name."""
    entries = re.split(r"\n(?=[A-Za-z0-9])", LOCK.read_text(encoding="utf-8").strip())
    return {re.sub(r"[-_.]+", "-", entry.split("==", 1)[0]).lower(): entry for entry in entries}


def download(requirements: list[str], platform_name: str, minor: int, folder: Path) -> list[Wheel]:
    """Downloads the wheels of the requirements for one Python into a folder of their own, unless they are there.

    Raises:
        BundleError: pip could not get one of them; the message holds pip's own words.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        lock = Path(temporary) / "requirements.txt"
        lock.write_text("\n".join(requirements) + "\n", encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--require-hashes", "--only-binary=:all:", "--implementation=cp", f"--python-version=3.{minor}"]
        command += [f"--platform={name}" for name in PIP_PLATFORMS[platform_name]]
        command += [f"--dest={folder}", f"--requirement={lock}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        message = f"pip could not download the wheels for {platform_name}, CPython 3.{minor}:\n{done.stderr.strip()}"
        raise BundleError(message)
    return [Wheel(path) for path in sorted(folder.glob("*.whl"))]


def download_all(platform_name: str) -> list[Wheel]:
    """Downloads every wheel of the bundle: all for the oldest Python, then the compiled ones for each newer one."""
    locked = locked_requirements()
    # A folder per lock and Python: a wheel of an earlier lock must not slip in.
    folder = Path(tempfile.mkdtemp(prefix="wheels-", dir=_made(TEMPORARY)))
    try:
        first, *others = MINORS
        wheels = download(list(locked.values()), platform_name, first, folder / str(first))
        compiled = [locked[wheel.project] for wheel in wheels if not wheel.serves_every_python]
        with ThreadPoolExecutor(max_workers=2) as pool:
            more = pool.map(lambda minor: download(compiled, platform_name, minor, folder / str(minor)), others)
            wheels += [wheel for found in more for wheel in found]
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return wheels


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _target_of(name: str) -> PurePosixPath | None:
    """Returns where a member of a wheel goes in the folder; None for what is left out."""
    path = PurePosixPath(name)
    if path.parts[0].endswith(".data"):
        # Only what belongs beside the packages: no console scripts, headers or manual pages.
        if path.parts[1] not in {"purelib", "platlib"}:
            return None
        path = PurePosixPath(*path.parts[2:])
    return None if _SKIPPED_FOLDERS.intersection(path.parts[:-1]) else path


def _joined(name: str, old: bytes, new: bytes) -> bytes:
    """Joins two wheels' RECORD or WHEEL; of anything else the newer one stays."""
    if name == "RECORD":
        rows = {row[0]: row for content in (old, new) for row in csv.reader(io.StringIO(content.decode())) if row}
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows[path] for path in sorted(rows))
        return text.getvalue().encode()
    if name == "WHEEL":
        lines = dict.fromkeys(old.decode().splitlines() + new.decode().splitlines())
        return ("\n".join(line for line in lines if line.strip()) + "\n").encode()
    return new


def _without_missing(record: bytes, is_there: set[str]) -> bytes:
    rows = [row for row in csv.reader(io.StringIO(record.decode())) if row and row[0] in is_there]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def unpack(wheel: Path, folder: Path) -> None:
    """Unpacks a wheel into a folder that may hold other wheels of the same package already."""
    with zipfile.ZipFile(wheel) as archive:
        targets = {name: _target_of(name) for name in archive.namelist() if not name.endswith("/")}
        kept = {name: target for name, target in targets.items() if target is not None}
        for name, target in kept.items():
            content = archive.read(name)
            path = folder / target
            is_info = target.parts[0].endswith(".dist-info")
            if is_info and target.name == "RECORD":
                content = _without_missing(content, {str(one) for one in kept.values()})
            if is_info and path.exists():
                content = _joined(target.name, path.read_bytes(), content)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def _replace(folder: Path, new: Path) -> None:
    """Puts the new folder in the place of the old one; a server that runs on the old one keeps what it has loaded."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    old = Path(tempfile.mkdtemp(prefix="old-", dir=_made(TEMPORARY))) / folder.name
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old.parent, ignore_errors=True)


def bundle(platform_name: str, folder: Path) -> None:
    """Downloads the bundle of a platform and unpacks it into a folder, which is replaced as a whole."""
    new = Path(tempfile.mkdtemp(prefix="libs-", dir=_made(TEMPORARY))) / "libs"
    new.mkdir()
    wheels = download_all(platform_name)
    try:
        for wheel in wheels:
            unpack(wheel.path, new)
        _replace(folder, new)
    finally:
        shutil.rmtree(new.parent, ignore_errors=True)
        shutil.rmtree(wheels[0].path.parent.parent, ignore_errors=True)


def verify(folder: Path) -> None:
    """Imports every bundled package with each CPython of this machine, and with nothing else on its path.

    Raises:
        BundleError: One of them cannot; the message holds its traceback.
    """
    sys.path.insert(0, str(ROOT))
    from scripts.pythons import find_pythons  # noqa: PLC0415

    code = f"import sys; sys.path.insert(0, {str(folder)!r}); import {_IMPORTS}"
    for version, executable in find_pythons().items():
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [executable, "-I", "-S", "-B", "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        if done.returncode != 0:
            message = f"The bundle in {folder} does not serve CPython {version} ({executable}):\n{done.stderr}"
            raise BundleError(message)
        print(f"CPython {version}: every bundled package can be imported")


def main() -> int:
    """Runs the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--platform", choices=sorted(PIP_PLATFORMS), help="default: this machine's")
    parser.add_argument("--dest", type=Path, default=LIBS, help="the folder to fill (default: bundled/libs)")
    parser.add_argument("--verify", action="store_true", help="only check that what is there can be imported")
    options = parser.parse_args()
    try:
        if options.verify:
            verify(options.dest.resolve())
        else:
            bundle(options.platform or this_platform(), options.dest.resolve())
    except BundleError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
