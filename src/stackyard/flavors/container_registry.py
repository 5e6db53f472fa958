"""The container registry flavor ``default``: what it takes; :mod:`stackyard.flavors.registry_client` does the work."""

from __future__ import annotations

import re

from pydantic import field_validator, model_validator

from stackyard.flavors.base import ComponentConfiguration, Flavor, secret_field
from stackyard.model.enums import ComponentType

_URI = r"[A-Za-z0-9.-]+(?::([0-9]{1,5}))?(/[a-z0-9._/-]+)?"


class ContainerRegistryConfiguration(ComponentConfiguration):
    """Where images are kept, and who asks for them."""

    uri: str
    """Host, port and namespace, without a scheme: ghcr.io/my-team, localhost:5000."""
    username: str | None = None
    """Who logs in; without it nobody does."""
    password: str | None = secret_field()
    """Password or token of the user."""
    insecure: bool = False
    """Speak HTTP instead of HTTPS: for a registry on this machine."""
    repository: str | None = None
    """A repository in the namespace whose tags a check reads, to see that reading it is allowed."""

    @field_validator("uri")
    @classmethod
    def _is_uri(cls, value: str) -> str:
        value = value.rstrip("/")
        if "://" in value:
            raise ValueError("leave the scheme out (insecure=true stands for http)")
        match = re.fullmatch(_URI, value)
        if match is None or int(match[1] or 0) > 65535:
            raise ValueError("host[:port][/namespace] is needed, in lower case behind the host")
        return value

    @model_validator(mode="after")
    def _has_whole_login(self) -> ContainerRegistryConfiguration:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password belong together")
        return self


CONTAINER_REGISTRY = Flavor(
    name="default",
    component_type=ComponentType.CONTAINER_REGISTRY,
    configuration_model=ContainerRegistryConfiguration,
    doc="Speaks the registry protocol that all container registries speak.",
    implementation="stackyard.flavors.registry_client:DefaultContainerRegistry",
)
