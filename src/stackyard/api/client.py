"""``Client``: what user code can ask for. The methods keep ZenML's names; those of a noun stand in a file of their own.

Inside a step those that read, and those of runs, artifacts and models, ask the step's driver; those that change stacks,
components, flavors and secrets are refused there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stackyard.api.asking import asks, refuses_steps
from stackyard.api.client_artifacts import ArtifactMethods
from stackyard.api.client_models import ModelMethods
from stackyard.api.client_runs import RunMethods
from stackyard.api.client_secrets import SecretMethods
from stackyard.api.client_stacks import StackMethods
from stackyard.api.context import Context, open_context
from stackyard.api.responses import ArtifactVersion as ArtifactVersion
from stackyard.model.errors import UsageError
from stackyard.model.names import did_you_mean
from stackyard.model.views import ProjectView


@refuses_steps
class Client(StackMethods, SecretMethods, RunMethods, ArtifactMethods, ModelMethods):
    """Stacks, runs, artifacts and models of the project around the working folder."""

    def __init__(self) -> None:
        """Find home and project."""
        self._context = open_context()

    @classmethod
    def at(cls, context: Context) -> Client:
        """Return a client for a context that is open already."""
        client = cls.__new__(cls)
        client._context = context  # noqa: SLF001  # its own class
        return client

    @property
    @asks
    def active_project(self) -> ProjectView:
        """Return the project around the working folder."""
        return self._context.project

    @asks
    def get_project(self, name_id_or_prefix: str | None = None) -> ProjectView:
        """Return the project around the working folder, or another that ran something here.

        Raises:
            UsageError: there is none of that name or id prefix.
        """
        if name_id_or_prefix is None:
            return self.active_project
        found = self.list_projects()
        for project in found:
            if name_id_or_prefix == project.name or project.id.startswith(name_id_or_prefix):
                return project
        known = [project.name for project in found]
        hint = f"{did_you_mean(name_id_or_prefix, known)} A folder becomes one with: stackyard init".strip()
        raise UsageError(f"There is no project {name_id_or_prefix!r}.", hint=hint)

    @asks
    def list_projects(self) -> list[ProjectView]:
        """Return the projects that ran something here, the one around the working folder first."""
        with self._context.catalog() as catalog:
            others = catalog.projects() if catalog else []
        own = self.active_project
        return [own, *(project for project in others if project.id != own.id)]

    @property
    def config_directory(self) -> Path:
        """Return Stackyard's home."""
        return self._context.home

    @property
    def root(self) -> Path | None:
        """Return the project's folder; None outside of projects."""
        return self._context.scope.root

    def __getattr__(self, name: str) -> Any:
        """Say why a method of ZenML's client is not here."""
        from stackyard.authoring.client_vocabulary import CLIENT  # noqa: PLC0415  # only on the way to an error

        word = CLIENT.get(name)
        if word is not None and word.verdict == "refused":
            raise UsageError(f"Client has no {name!r} here.", hint=word.text)
        known = [each for each in dir(type(self)) if not each.startswith("_")]
        hint = did_you_mean(name, known)
        raise AttributeError(f"'Client' has no attribute {name!r}.{f' {hint}' if hint else ''}")
