"""What all responses of ``Client`` can do, and all that ran."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from stackyard.model.basic_views import View
from stackyard.model.response_names import Configuration, moment_of, no_attribute
from stackyard.model.views import RunView, StepErrorView, StepRunView

_TELLING = ("model", "name", "number", "version", "stage", "type", "status", "id")
"""Fields that an object is shown with in a notebook or a debugger."""


class Response:
    """Everything that the view knows is an attribute."""

    view: View

    def __getattr__(self, name: str) -> Any:
        if name == "view" or name.startswith("__"):
            raise AttributeError(name)
        try:
            return getattr(self.view, name)
        except AttributeError:
            known = [n for n in (*dir(type(self)), *type(self.view).model_fields) if not n.startswith("_")]
            raise AttributeError(no_attribute(f"{type(self).__name__} {_named(self.view)}", name, known)) from None

    def __repr__(self) -> str:
        """Return what tells it from others; the whole is in ``view``."""
        known = ((name, getattr(self.view, name)) for name in _TELLING if name in type(self.view).model_fields)
        shown = (f"{name}={value if isinstance(value, int) else str(value)!r}" for name, value in known if value)
        return f"{type(self).__name__}({', '.join(shown)})"

    @property
    def run_metadata(self) -> dict[str, Any]:
        """Return what was logged with it."""
        return dict(getattr(self.view, "metadata", {}))


class Ran(Response):
    """What a step run and a pipeline run have in common."""

    view: StepRunView | RunView

    @property
    def start_time(self) -> datetime | None:
        """Return when it began, in UTC; None before."""
        return moment_of(self.view.started_at)

    @property
    def end_time(self) -> datetime | None:
        """Return when it ended, in UTC; None before."""
        return moment_of(self.view.ended_at)

    @property
    def in_progress(self) -> bool:
        """Tell whether it has not ended."""
        return not self.view.status.is_finished

    @property
    def config(self) -> Configuration:
        """Return what code and run configuration say of it: parameters, settings, enable_cache ..."""
        return Configuration(self.view.parameters, {"tags": self.view.tags, **self.view.configuration})

    @property
    def exception_info(self) -> StepErrorView | None:
        """Return why it failed; None if it did not."""
        return self.view.error


def _named(view: Any) -> str:
    return repr(getattr(view, "name", "") or getattr(view, "number", ""))
