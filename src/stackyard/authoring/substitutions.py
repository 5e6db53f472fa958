"""Placeholders in names: ``{date}`` and ``{time}`` of the run, and those that users define."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping

from stackyard.model.errors import Location, OptionError
from stackyard.model.names import did_you_mean

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def moment_substitutions(moment: dt.datetime) -> dict[str, str]:
    """Return the placeholders of a moment (UTC): ``{date}`` as 2026_11_22 and ``{time}`` as 10_30_00_123456."""
    return {"date": moment.strftime("%Y_%m_%d"), "time": moment.strftime("%H_%M_%S_%f")}


def fill_in(text: str, substitutions: Mapping[str, str], what: str, location: Location | None) -> str:
    """Return a name with its placeholders filled in.

    Args:
        text: the name; one without braces comes back as it is.
        substitutions: placeholder to text.
        what: "the artifact of step 'x'", for messages.
        location: where.

    Raises:
        OptionError: a placeholder is not known.
    """
    if "{" not in text:
        return text

    def one(found: re.Match[str]) -> str:
        name = found.group(1)
        if name not in substitutions:
            known = list(substitutions)
            raise OptionError(
                f"The name {text!r} of {what} has the placeholder {{{name}}}, which stands for nothing.",
                hint=f'{did_you_mean(name, known)} Define it: substitutions={{"{name}": "..."}}'.strip(),
                location=location,
            )
        return substitutions[name]

    return _PLACEHOLDER.sub(one, text)
