"""Completion in a real shell."""

from __future__ import annotations

import shutil

from tests.cli.shell import Shell

ASK = """
eval "$(stackyard completion bash)"
COMP_WORDS=($1 "$2"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_stackyard_completion stackyard
printf '%s\\n' "${COMPREPLY[@]}"
"""


def test_bash_completes_commands_and_the_names_of_this_home(shell: Shell) -> None:
    """Given the script of `completion bash`, when tab is pressed, then bash has the names that fit."""
    shell.do("stack", "register", "with_dashes-1", "-o", "default", "-a", "default")
    bash = shutil.which("bash")
    assert bash is not None
    for line, begun, expected in (
        ("stackyard stack set", "", ["default", "with_dashes-1"]),
        ("stackyard artifact-store", "de", ["describe", "delete"]),
    ):
        done = shell.run(bash, "-c", ASK, "bash", line, begun)
        assert done.out.split() == expected, done
        assert done.err == ""
