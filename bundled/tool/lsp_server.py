"""Entry of the language server: ``python -I -S bundled/tool/lsp_server.py``, LSP on stdin and stdout.

Checks that this Python can serve, puts the extension's own libraries (and nothing of the user's) on the path, keeps
stdout for the protocol alone, and starts. Whatever is in the way ends with exit code 7 and one line of JSON on stderr:
``{"error": {"code", "message", "hint", "location"}}``.

Invariant: valid syntax for Python 2.7 and every Python 3, so that an old one can say that it is too old.
"""

import json
import os
import sys

OLDEST = (3, 10)
NEWEST = (3, 14)
EXIT_SETUP = 7


def refuse(code, message, hint):
    """Say what is in the way and end."""
    # type: (str, str, str) -> None
    error = {"code": code, "message": message, "hint": hint, "location": None}
    sys.stderr.write(json.dumps({"error": error}) + "\n")
    sys.stderr.flush()
    os._exit(EXIT_SETUP)


def check_python():
    """Refuse a Python that is too old."""
    # type: () -> None
    if sys.version_info[:2] < OLDEST:
        refuse(
            "E103",
            "Stackyard's language server needs Python {}.{} or newer; {} is Python {}.{}.{}.".format(
                OLDEST[0], OLDEST[1], sys.executable, *sys.version_info[:3]
            ),
            "Choose another interpreter (setting stackyard.interpreter), such as python{}.{}.".format(*NEWEST),
        )


def check_libraries(libs):
    """Refuse a bundle that is missing, or has nothing compiled for this Python."""
    # type: (str) -> None
    if not os.path.isdir(os.path.join(libs, "pygls")):
        refuse(
            "E101",
            "The language server's own libraries are missing: %s." % libs,
            "In a checkout run `npm run setup`; otherwise install the Stackyard extension again.",
        )
    from importlib.machinery import EXTENSION_SUFFIXES  # noqa: PLC0415  # does not exist in Python 2

    compiled = os.listdir(os.path.join(libs, "pydantic_core"))
    if not any(name == "_pydantic_core" + suffix for name in compiled for suffix in EXTENSION_SUFFIXES):
        refuse(
            "E103",
            "The language server's libraries are not made for {} (Python {}.{}, {}).".format(
                sys.executable, sys.version_info[0], sys.version_info[1], EXTENSION_SUFFIXES[0]
            ),
            "Choose a CPython {}.{} to {}.{} of this machine's kind (setting stackyard.interpreter).".format(
                *(OLDEST + NEWEST)
            ),
        )


def set_path(libs, tool):
    """Put the extension's own libraries first, and drop packages that are not its own."""
    # type: (str, str) -> None
    own = [libs, tool]
    if not os.path.isdir(os.path.join(libs, "stackyard")):
        own.append(os.path.join(os.path.dirname(os.path.dirname(tool)), "src"))
    standard = [
        path for path in sys.path if path and path not in own and not path.endswith(("site-packages", "dist-packages"))
    ]
    sys.path[:] = own + standard


def guard_streams():
    """Return private streams of the protocol; anything else that reads stdin or prints disturbs nobody."""
    # type: () -> tuple
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return os.fdopen(incoming, "rb"), os.fdopen(outgoing, "wb")


def main():
    """Start the server and serve until the client leaves."""
    # type: () -> None
    check_python()
    tool = os.path.dirname(os.path.abspath(__file__))
    libs = os.path.join(os.path.dirname(tool), "libs")
    check_libraries(libs)
    set_path(libs, tool)
    incoming, outgoing = guard_streams()
    from stackyard_ls.server import serve  # noqa: PLC0415  # the path is set above

    code = serve(incoming, outgoing)
    sys.stderr.flush()
    # A thread that hangs in a slow disk or a started interpreter must not keep the server alive.
    os._exit(code)


if __name__ == "__main__":
    main()
