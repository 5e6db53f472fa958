"""A real container registry: Debian's docker-registry, started on a free port with a login."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock

from tests.integration.web_server import closed_port

USER = "yard"
PASSWORD = "pa55-0f-the-yard"
HTPASSWD = f"{USER}:$2b$04$nhRPucxzyJd5e6TKIehci.3317z.UyFNi/1H/9PdbPjkPO1bDJt6a"
"""bcrypt of the password."""

MISSING = (
    "These tests need docker-registry, the registry of the distribution. It could not be downloaded with apt; install "
    "it (Debian, Ubuntu: apt-get install docker-registry) or put its program on PATH."
)


def program() -> str:
    """Return the path of docker-registry; where it is absent, Debian's package is unpacked into the cache."""
    found = shutil.which("docker-registry")
    if found:
        return found
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stackyard"
    cache.mkdir(parents=True, exist_ok=True)
    unpacked = cache / "docker-registry"
    with FileLock(str(cache / "docker-registry.lock")):
        if not (unpacked / "usr" / "bin" / "docker-registry").exists():
            with tempfile.TemporaryDirectory(dir=cache) as folder:
                _download(Path(folder))
                (package,) = Path(folder).glob("*.deb")
                _run(["dpkg-deb", "--extract", str(package), folder + "/tree"], folder)
                Path(folder, "tree").rename(unpacked)
    return str(unpacked / "usr" / "bin" / "docker-registry")


def _download(folder: Path) -> None:
    folder.chmod(0o755)  # apt's own user reads it
    try:
        _run(["apt-get", "download", "docker-registry"], str(folder))
    except (AssertionError, OSError):
        # A fresh machine has no lists of packages yet; only root can fetch them.
        assert shutil.which("apt-get"), MISSING
        assert os.geteuid() == 0, MISSING
        _run(["apt-get", "update"], str(folder))
        _run(["apt-get", "download", "docker-registry"], str(folder))


def _run(command: list[str], folder: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{MISSING}\n{done.stdout}{done.stderr}"


@contextlib.contextmanager
def registry(folder: Path) -> Iterator[str]:
    """Run a registry that keeps its images in a folder; give ``host:port``."""
    process, host = _start(folder)
    try:
        yield host
    finally:
        process.kill()
        process.wait()


def _start(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start the program, again on another port when somebody was quicker to take the first; return it and its place."""
    (folder / "htpasswd").write_text(HTPASSWD + "\n")
    for _ in range(5):
        with closed_port() as port:
            host = f"127.0.0.1:{port}"
        configuration = {
            "version": "0.1",
            "log": {"level": "error"},
            "storage": {"filesystem": {"rootdirectory": str(folder / "images")}},
            "http": {"addr": host},
            "auth": {"htpasswd": {"realm": "yard", "path": str(folder / "htpasswd")}},
        }
        (folder / "config.yml").write_text(json.dumps(configuration))
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen([program(), "serve", str(folder / "config.yml")], stdout=log, stderr=log)
        deadline = time.monotonic() + 180
        while process.poll() is None:
            if _answers(host):
                return process, host
            assert time.monotonic() < deadline, "the registry did not start"
            time.sleep(0.05)
    raise AssertionError((folder / "log").read_text())


def push(host: str, repository: str, *tags: str) -> None:
    """Put a small image into a registry, under some tags."""
    blob = b"{}"
    digest = "sha256:" + hashlib.sha256(blob).hexdigest()
    upload = _ask("POST", f"http://{host}/v2/{repository}/blobs/uploads/")
    _ask("PUT", f"{upload}&digest={digest}", blob, "application/octet-stream")
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    described = {"size": len(blob), "digest": digest}
    manifest = {
        "schemaVersion": 2,
        "mediaType": kind,
        "config": {"mediaType": "application/vnd.docker.container.image.v1+json", **described},
        "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", **described}],
    }
    for tag in tags:
        _ask("PUT", f"http://{host}/v2/{repository}/manifests/{tag}", json.dumps(manifest).encode(), kind)


def _answers(host: str) -> bool:
    try:
        urllib.request.urlopen(f"http://{host}/v2/", timeout=60).close()
    except urllib.error.HTTPError as error:
        error.close()
        return error.code == 401
    except OSError:
        return False
    return True


def _ask(method: str, url: str, data: bytes = b"", kind: str = "") -> str:
    """Return where the answer leads."""
    login = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    headers = {"Authorization": f"Basic {login}", **({"Content-Type": kind} if kind else {})}
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    with urllib.request.urlopen(request, timeout=180) as answer:
        return str(answer.headers.get("Location") or "")
