"""What differs between platforms and machines: the only module that asks which one this is."""

from __future__ import annotations

import functools
import getpass
import os
import sys
from pathlib import Path
from typing import IO

IS_WINDOWS = sys.platform == "win32"
NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "glusterfs", "lustre", "fuse.sshfs", "9p", "beegfs"}
)


@functools.lru_cache(maxsize=1)
def host_id() -> str:
    """Return what tells this machine from others that may mount the same store."""
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        try:
            text = Path(path).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
        if text:
            return text
    import platform  # noqa: PLC0415  # slow, and needed only where there is no machine-id

    return platform.node() or "unknown"


def user_name() -> str:
    """Return the operating system's user name, or an empty text where there is none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def host_name() -> str:
    """Return this machine's name as people know it."""
    return os.environ.get("COMPUTERNAME", "") if IS_WINDOWS else os.uname().nodename


def process_exists(pid: int) -> bool:
    """Tell whether a process of this machine has that id; a guess where that can't be asked."""
    if IS_WINDOWS or pid <= 0:
        return pid > 0
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def network_file_system(path: Path) -> str:
    """Return the kind of network file system that a path lies on, such as ``nfs4``; empty elsewhere.

    Args:
        path: absolute; it need not exist. Only Linux is asked.
    """
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    target = str(path)
    best, kind = "", ""
    for line in mounts:
        fields = line.split()
        if len(fields) < 3:
            continue
        point = fields[1].encode().decode("unicode_escape", errors="replace")
        inside = target == point or target.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind if kind in NETWORK_FILE_SYSTEMS else ""


if IS_WINDOWS:  # pragma: no cover  # other platform
    import msvcrt

    def try_lock(file: IO[bytes], *, exclusive: bool) -> bool:  # noqa: ARG001  # Windows has exclusive locks only
        """Take an OS lock that ends with the process; return whether it was free."""
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True
else:
    import fcntl

    def try_lock(file: IO[bytes], *, exclusive: bool) -> bool:
        """Take an OS lock that ends with the process; return whether it was free."""
        try:
            fcntl.flock(file.fileno(), (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


def free_bytes(folder: Path) -> int:
    """Return the room that this user has on the disk of a folder.

    Raises:
        OSError: the folder is not there.
    """
    import shutil  # noqa: PLC0415  # few commands need it

    return shutil.disk_usage(folder).free


def reason_of(error: OSError) -> str:
    """Return an OS error in words, without its number and path."""
    return (error.strerror or str(error) or type(error).__name__).lower()


def expand(path: str) -> str:
    """Return an absolute path: ``~`` and the working folder resolved, symbolic links kept."""
    return os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111  # Path.resolve would follow links
