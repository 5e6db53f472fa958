"""From a component's specification to the component."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from stackyard.flavors.base import Flavor, wrong_value
from stackyard.flavors.catalogue import built_in_flavor
from stackyard.model.errors import PackageMissingError, SecretNotFoundError, UnknownFlavorError
from stackyard.model.job import ComponentSpec
from stackyard.model.names import with_article
from stackyard.model.secret import SecretReference, resolve_references
from stackyard.storage.artifact_store import ArtifactStore

SecretValues = Mapping[str, Mapping[str, str]]
"""Secret's name to key to value."""


def open_component(spec: ComponentSpec, secrets: SecretValues | None = None) -> Any:
    """Return the component of a specification; nothing is read, made or connected.

    Args:
        spec: which, with its resolved configuration.
        secrets: values for the references in its configuration.

    Raises:
        UnknownFlavorError: the flavor is not known in this environment.
        PackageMissingError: the package that brings it can't be imported.
        SecretNotFoundError: the configuration refers to a secret that was not given.
        ComponentConfigurationError: the configuration no longer fits the flavor.
    """
    flavor = _flavor(spec)
    values = resolve_references(spec.configuration, functools.partial(_look_up, secrets or {}))
    try:
        configuration = flavor.configuration_model.model_validate(values)
    except ValidationError as error:
        what = f"{flavor.component_type.title} {spec.name!r}"
        # Not "from": the values of secrets would be in the chained text.
        first = error.errors(include_url=False)[0]
        raise wrong_value({**first, "input": "..."}, what, flavor.component_type) from None
    return load_attribute(flavor.implementation, flavor.name)(configuration)


def open_artifact_store(spec: ComponentSpec, secrets: SecretValues | None = None) -> ArtifactStore:
    """Return an artifact store; as :func:`open_component`.

    Raises:
        UnknownFlavorError: the flavor is not known in this environment, or is none of an artifact store.
        PackageMissingError: the package that brings it can't be imported.
    """
    store = open_component(spec, secrets)
    if not isinstance(store, ArtifactStore):
        raise UnknownFlavorError(
            f"The flavor {spec.flavor!r} makes {with_article(type(store).__name__)}, which is no artifact store.",
            hint="Let its implementation return a stackyard.storage.artifact_store.ArtifactStore.",
        )
    return store


def load_flavor(source: str) -> Flavor:
    """Import a flavor that does not come with Stackyard; only ever in the user's interpreter.

    Args:
        source: ``module:attribute``.

    Raises:
        PackageMissingError: the module can't be imported.
        UnknownFlavorError: it is no flavor.
    """
    found = load_attribute(source, source)
    if isinstance(found, Flavor):
        return found
    raise UnknownFlavorError(
        f"{source} is {with_article(type(found).__name__)}, not a flavor.",
        hint="Name a stackyard.flavors.base.Flavor: MODULE:ATTRIBUTE.",
    )


def load_attribute(source: str, what: str) -> Any:
    """Import ``module:attribute``.

    Raises:
        PackageMissingError: the module can't be imported.
        UnknownFlavorError: it has no such attribute, or the text names none.
    """
    module, _, attribute = source.partition(":")
    if not module or not attribute:
        raise UnknownFlavorError(f"{source!r} names no flavor.", hint="Write it as MODULE:ATTRIBUTE.")
    try:
        found = importlib.import_module(module)
    except (Exception, SystemExit) as error:
        why = f"{type(error).__name__}: {error}".rstrip(".: ")
        raise PackageMissingError(
            f"The module {module} of the flavor {what!r} can't be imported: {why}.",
            hint="Install the package that brings it into this environment.",
        ) from error
    try:
        return getattr(found, attribute)
    except AttributeError as error:
        raise UnknownFlavorError(
            f"The module {module} has no {attribute!r}.", hint="Correct the name behind the colon."
        ) from error


@functools.lru_cache(maxsize=64)
def _find(component_type: str, name: str, source: str) -> Flavor | None:
    if source:
        return load_flavor(source)
    return built_in_flavor(component_type, name)


def _flavor(spec: ComponentSpec) -> Flavor:
    try:
        flavor = _find(spec.component_type.value, spec.flavor, spec.source)
    except PackageMissingError as error:
        raise PackageMissingError(
            f"The {spec.component_type.title} {spec.name!r} can't be used here: {error.message}",
            hint=f"Install the package that brings its flavor {spec.flavor!r} into this environment.",
        ) from error
    if flavor is None or not flavor.implementation:
        raise UnknownFlavorError(
            f"The {spec.component_type.title} flavor {spec.flavor!r} is not known in this environment.",
            hint="Install the package that brings it.",
        )
    return flavor


def _look_up(secrets: SecretValues, reference: SecretReference) -> str:
    try:
        return secrets[reference.name][reference.key]
    except KeyError:
        raise SecretNotFoundError(
            f"The secret {reference} is not there.",
            hint=f"Create it with: stackyard secret create {reference.name} --{reference.key}=VALUE",
        ) from None
