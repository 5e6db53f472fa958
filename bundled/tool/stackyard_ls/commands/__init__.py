"""What answers each of Stackyard's requests: one function a request, plain views in and out.

Invariant: the functions know neither pygls nor threads; they call ``stackyard.api`` and return views. An error of the
user's to mend is raised as a StackyardError.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stackyard.model.views import View
from stackyard_ls.commands import artifacts, components, environment, pipelines, runs, stacks
from stackyard_ls.session import Call

Handler = Callable[[Call, Any], View]

HANDLERS: dict[str, Handler] = {
    "stackyard/status/show": stacks.show_status,
    "stackyard/stack/list": stacks.list_all,
    "stackyard/stack/describe": stacks.describe,
    "stackyard/stack/activate": stacks.activate,
    "stackyard/stack/check": stacks.check,
    "stackyard/stack/register": stacks.register,
    "stackyard/component/list": components.list_all,
    "stackyard/component/describe": components.describe,
    "stackyard/component/register": components.register,
    "stackyard/pipeline/list": pipelines.list_all,
    "stackyard/run/list": runs.list_page,
    "stackyard/run/show": runs.show,
    "stackyard/run/start": runs.start,
    "stackyard/run/resume": runs.resume,
    "stackyard/run/retry": runs.retry,
    "stackyard/run/stop": runs.stop,
    "stackyard/run/delete": runs.delete,
    "stackyard/run/explain": runs.explain,
    "stackyard/run/logs": runs.logs,
    "stackyard/artifact/list": artifacts.list_page,
    "stackyard/artifact/versions": artifacts.list_versions,
    "stackyard/artifact/show": artifacts.show,
    "stackyard/artifact/lineage": artifacts.lineage,
    "stackyard/artifact/page": artifacts.page,
    "stackyard/artifact/statistics": artifacts.statistics,
    "stackyard/project/createFirstPipeline": pipelines.create_first,
    "stackyard/environment/check": environment.check,
    "stackyard/environment/install": environment.install,
}

SLOW = frozenset(
    {
        "stackyard/run/start",
        "stackyard/run/resume",
        "stackyard/run/retry",
        "stackyard/artifact/page",
        "stackyard/artifact/statistics",
        "stackyard/environment/check",
        "stackyard/environment/install",
    }
)
"""Requests that wait for other programs; they get threads of their own, so that lists never wait for them."""
