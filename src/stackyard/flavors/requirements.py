"""Whether what a flavor or an integration needs is installed in this interpreter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def missing_requirements(requirements: Iterable[str], versions: Mapping[str, str] | None = None) -> list[str]:
    """Return the requirements that are not met, as they were given and in their order.

    Args:
        requirements: as pip takes them: ``mlflow-skinny>=3.1``. One that can't be parsed counts as met: pip will tell.
        versions: normalised distribution name to installed version, of another interpreter; default: this one's.
    """
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415  # only checks need it
    from packaging.version import InvalidVersion  # noqa: PLC0415

    missing = []
    for text in requirements:
        try:
            requirement = Requirement(text)
            if requirement.marker is not None and not requirement.marker.evaluate():
                continue
            version = installed_version(requirement.name, versions)
            if version is None or not requirement.specifier.contains(version, prereleases=True):
                missing.append(text)
        except (InvalidRequirement, InvalidVersion):
            continue
    return missing


def installed_version(name: str, versions: Mapping[str, str] | None = None) -> str | None:
    """Return the installed version of a distribution, or None.

    Args:
        name: of the distribution, in any spelling.
        versions: as for :func:`missing_requirements`.
    """
    if versions is not None:
        from packaging.utils import canonicalize_name  # noqa: PLC0415

        return versions.get(canonicalize_name(name))
    from importlib import metadata  # noqa: PLC0415  # slow to import

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
