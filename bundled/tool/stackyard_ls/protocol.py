"""Stackyard's own requests and notifications: the one definition of the wire format.

``scripts/gen_protocol.py`` turns this file into ``extension/src/protocol.ts``; a test checks that it is fresh.
Field names are the same in Python and TypeScript. Requests answer with a result or with JSON-RPC error -32803
(RequestFailed) whose ``data`` is an :class:`~stackyard.model.views.ErrorView`.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from pydantic import Field

from stackyard.model.artifact import ColumnStatistics
from stackyard.model.enums import ComponentType
from stackyard.model.explain_views import RunExplanation
from stackyard.model.lineage_views import LineageView
from stackyard.model.reading import PageRequest, StatisticsRequest, TablePage
from stackyard.model.stack_views import CheckView
from stackyard.model.views import (
    ActiveStackView,
    ArtifactVersionView,
    ArtifactView,
    ComponentView,
    Page,
    PipelineInfo,
    ProjectView,
    RunView,
    StackView,
    StepInfo,
    View,
)
from stackyard_ls.protocol_runs import (
    RunDeleteParams,
    RunDeleteResult,
    RunExplainParams,
    RunLogsParams,
    RunLogsResult,
    RunParams,
    RunRetryParams,
    RunStartParams,
    RunStartResult,
    RunStopParams,
    RunStopResult,
)


class NoParams(View):
    """A request without parameters."""


class InitializationOptions(View):
    """``initializationOptions`` of the extension; another LSP editor may leave all of it out."""

    home: str = ""
    """Overrides ``STACKYARD_HOME``; empty: the environment's, else the platform's."""
    trusted: bool = True
    """False: no interpreter inside the workspace is started and nothing of the workspace runs."""
    interpreter: str = ""
    """Absolute path of the user's interpreter for runs; empty: none chosen yet."""
    project_path: str = ""
    """File or folder from which the project is looked for; empty: the first workspace folder."""


class ConfigureParams(View):
    """What changed since initialisation; None leaves it as it is."""

    trusted: bool | None = None
    interpreter: str | None = None
    project_path: str | None = None


class StatusResult(View):
    """What the server is and where it works."""

    version: str
    python: str
    """The server's own: ``3.11.7 (/usr/bin/python3)``."""
    home: str
    project: ProjectView
    active: ActiveStackView
    running: int
    """Runs that are not finished, in this project."""


class StackListResult(View):
    """All stacks, the active one first, then by name."""

    items: list[StackView]
    active: ActiveStackView


class StackParams(View):
    """A stack by name or id (prefix)."""

    stack: str


class StackActivateParams(View):
    """Make a stack the active one."""

    stack: str
    scope: Literal["auto", "project", "home"] = "auto"
    """``auto``: the project if there is one, else home."""


class StackActivateResult(View):
    """The active stack after the switch, and the one before, for Undo."""

    active: ActiveStackView
    previous: str
    """Id of the stack that was active before."""


class StackRegisterParams(View):
    """Register a stack from components that exist."""

    name: str
    components: dict[str, str]
    """Component type to component name or id."""


class StackCheckParams(View):
    """Which stack to look at; nothing of it is started and no service is asked."""

    stack: str = ""
    """By name or id (prefix); empty: every stack."""


class StackCheck(View):
    """What was found about a stack and its components."""

    id: str
    """Of the stack."""
    check: CheckView


class StackCheckResult(View):
    """The stack that was asked for; of every stack those that have an error or a warning."""

    items: list[StackCheck]


class StackDescribeResult(View):
    """A stack and the text that every hover shows."""

    stack: StackView
    markdown: str


class ComponentListParams(View):
    """Components of one type, or of all."""

    component_type: ComponentType | None = None


class ComponentListResult(View):
    """Components by type, then by name."""

    items: list[ComponentView]


class ComponentParams(View):
    """A component by type and name or id (prefix)."""

    component_type: ComponentType
    component: str


class ComponentDescribeResult(View):
    """A component and the text that every hover shows."""

    component: ComponentView
    markdown: str


class ComponentRegisterParams(View):
    """Register a component."""

    component_type: ComponentType
    name: str
    flavor: str
    configuration: dict[str, Any] = Field(default_factory=dict)


class PipelineProblem(View):
    """A file that could not be read as Python, or a definition that can't work."""

    file: str
    line: int
    message: str


class PipelineListResult(View):
    """Pipelines and steps of the project, by file and line."""

    pipelines: list[PipelineInfo]
    steps: list[StepInfo]
    problems: list[PipelineProblem]
    indexing: bool
    """True while the first index is being made; a didChange follows."""


class PageParams(View):
    """Which page of a list."""

    limit: int = 50
    cursor: str | None = None


class RunListParams(PageParams):
    """Runs, newest first."""

    pipeline: str | None = None
    all_projects: bool = False


class ArtifactListParams(PageParams):
    """Artifacts of the project by name, within one artifact store."""

    artifact_store_id: str


class ArtifactVersionListParams(PageParams):
    """Versions of an artifact, newest first, within one artifact store."""

    artifact_store_id: str
    name: str


class ArtifactVersionParams(View):
    """An artifact version by id."""

    id: str


class ArtifactLineageParams(View):
    """The graph around an artifact version."""

    id: str
    up: bool = True
    """What it comes from."""
    down: bool = True
    """What came of it."""
    depth: int = 10
    """Steps at most, in each direction."""
    limit: int = 200
    """Nodes at most, in each direction; what lies next to them is counted."""


class ArtifactShowResult(View):
    """A version with its preview and files, and the text that every hover shows."""

    version: ArtifactVersionView
    markdown: str


class ArtifactPageParams(PageRequest):
    """Rows of a stored table, read by a process of the user's interpreter."""

    view: str = ""
    """Who asks: a newer request of the same view ends this one with -32800. Empty: nobody in particular."""


class ArtifactStatisticsResult(View):
    """What a column of a stored table holds."""

    statistics: ColumnStatistics


class CreateFirstPipelineParams(View):
    """Write a first pipeline into a folder."""

    folder: str


class CreateFirstPipelineResult(View):
    """The file that was written; an existing file is never overwritten, the next free name is taken."""

    file: str
    function: str


class EnvironmentParams(View):
    """The user's interpreter."""

    interpreter: str


class EnvironmentCheckResult(View):
    """Whether runs can start in the interpreter."""

    usable: bool
    """Runs can start (with the package of the environment or with the bundled one)."""
    python: str = ""
    """``3.11.7``; empty when it could not be started."""
    stackyard: str = ""
    """Version installed in the environment; empty when it is not."""
    importable: bool = False
    """``import stackyard`` works in that interpreter without help of the editor."""
    problem: str = ""
    """What is wrong, to what; empty when usable."""
    hint: str = ""


class EnvironmentInstallResult(View):
    """What was installed."""

    stackyard: str
    output: str
    """The installer's last lines."""


class DidChangeParams(View):
    """Something on disk changed, by whatever hand; within a second of the change."""

    entities: list[Literal["stacks", "active_stack", "runs", "artifacts", "models", "pipelines", "project"]]
    runs: list[str] = Field(default_factory=list)
    """Ids of the runs that changed, when they are known."""


class Method(NamedTuple):
    """A request: its name, what goes in, what comes out."""

    name: str
    params: type[View]
    result: Any
    doc: str


REQUESTS: tuple[Method, ...] = (
    Method("stackyard/status/show", NoParams, StatusResult, "What the server is and where it works."),
    Method("stackyard/stack/list", NoParams, StackListResult, "All stacks."),
    Method("stackyard/stack/describe", StackParams, StackDescribeResult, "One stack and its hover text."),
    Method("stackyard/stack/activate", StackActivateParams, StackActivateResult, "Switch the active stack."),
    Method("stackyard/stack/check", StackCheckParams, StackCheckResult, "Whether stacks can be used, and why not."),
    Method("stackyard/stack/register", StackRegisterParams, StackDescribeResult, "Register a stack."),
    Method("stackyard/component/list", ComponentListParams, ComponentListResult, "Stack components."),
    Method("stackyard/component/describe", ComponentParams, ComponentDescribeResult, "A component and its hover text."),
    Method("stackyard/component/register", ComponentRegisterParams, ComponentDescribeResult, "Register a component."),
    Method("stackyard/pipeline/list", NoParams, PipelineListResult, "Pipelines and steps found by reading source."),
    Method("stackyard/run/list", RunListParams, Page[RunView], "Runs, newest first."),
    Method("stackyard/run/show", RunParams, RunView, "A run with its steps."),
    Method("stackyard/run/start", RunStartParams, RunStartResult, "Start a run."),
    Method("stackyard/run/resume", RunParams, RunStartResult, "Go on with a run that ended before it completed."),
    Method("stackyard/run/retry", RunRetryParams, RunStartResult, "Run a run's pipeline again, as a new run."),
    Method("stackyard/run/stop", RunStopParams, RunStopResult, "Ask a run, or one of its steps, to stop."),
    Method("stackyard/run/delete", RunDeleteParams, RunDeleteResult, "Delete finished runs."),
    Method("stackyard/run/explain", RunExplainParams, RunExplanation, "Why steps were reused or not."),
    Method("stackyard/run/logs", RunLogsParams, RunLogsResult, "Lines of the logs."),
    Method("stackyard/artifact/list", ArtifactListParams, Page[ArtifactView], "Artifacts in a store."),
    Method("stackyard/artifact/versions", ArtifactVersionListParams, Page[ArtifactVersionView], "Versions."),
    Method("stackyard/artifact/show", ArtifactVersionParams, ArtifactShowResult, "A version with its preview."),
    Method("stackyard/artifact/lineage", ArtifactLineageParams, LineageView, "Where a version comes from and went."),
    Method("stackyard/artifact/page", ArtifactPageParams, TablePage, "Rows of a stored table, sorted and filtered."),
    Method("stackyard/artifact/statistics", StatisticsRequest, ArtifactStatisticsResult, "What a column holds."),
    Method("stackyard/project/createFirstPipeline", CreateFirstPipelineParams, CreateFirstPipelineResult, "Write one."),
    Method("stackyard/environment/check", EnvironmentParams, EnvironmentCheckResult, "Can runs start there?"),
    Method("stackyard/environment/install", EnvironmentParams, EnvironmentInstallResult, "Install Stackyard there."),
)

CONFIGURE = "stackyard/configure"
"""Notification, client to server: :class:`ConfigureParams`."""
DID_CHANGE = "stackyard/didChange"
"""Notification, server to client: :class:`DidChangeParams`."""

REQUEST_FAILED = -32803
"""JSON-RPC code of an error that is the user's to mend; its ``data`` is an ErrorView."""


class Notification(NamedTuple):
    """A notification: its name, who sends it, what it carries."""

    name: str
    sender: Literal["client", "server"]
    params: type[View]
    doc: str


NOTIFICATIONS: tuple[Notification, ...] = (
    Notification(CONFIGURE, "client", ConfigureParams, "Trust, interpreter or project changed."),
    Notification(DID_CHANGE, "server", DidChangeParams, "Something on disk changed."),
)
