"""Secrets: list, create, update, rename, delete, and their values for runs.

Listing and checking references opens nothing: the index and the names of environment variables are enough.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from stackyard.api.context import Context
from stackyard.model.enums import ComponentType
from stackyard.model.errors import (
    AlreadyExistsError,
    InUseError,
    SecretNotFoundError,
    SecretReferenceError,
    SecretStoreError,
    UsageError,
)
from stackyard.model.names import did_you_mean
from stackyard.model.secret import (
    IndexedSecret,
    Secret,
    SecretIndex,
    SecretReference,
    check_secret_name,
    environment_word,
    references_in,
)
from stackyard.model.stack import Registry, StackComponent
from stackyard.model.stack_views import SecretView
from stackyard.storage.secrets import environment
from stackyard.storage.secrets.store import SecretStore


def list_secrets(ctx: Context) -> list[SecretView]:
    """Return all secrets by name, without their values; nothing is opened.

    Raises:
        SecretStoreError: the list of secrets is damaged.
    """
    registry = ctx.registry.read()
    index = _store(ctx).index()
    stored = {environment_word(secret.name) for secret in index.secrets}
    views = [_view(secret, registry) for secret in index.secrets]
    # As the components spell them: a variable's name does not tell "-" from "_".
    spelled = {environment_word(r.name): r.name for c in registry.components for r in references_in(c.configuration)}
    given = {environment_word(name): name for name in environment.names_in_environment()}
    outside = [spelled.get(word, name) for word, name in given.items() if word not in stored]
    views += [_view_of_environment(name, registry) for name in outside]
    return sorted(views, key=lambda view: view.name)


def get_secret(ctx: Context, name: str) -> SecretView:
    """Return a secret without its values; nothing is opened.

    Raises:
        SecretNotFoundError: there is none of that name.
    """
    registry = ctx.registry.read()
    index = _store(ctx).index()
    secret = index.find(name)
    if secret is not None:
        return _view(secret, registry)
    if environment.values_in_environment(name):
        return _view_of_environment(name, registry)
    raise _not_found(index, name, "List them with: stackyard secret list")


def secret_values(ctx: Context, names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return name to key to value; the environment wins over what is stored.

    A key that only the environment has is spelled as the components' references spell it; one that they don't name
    comes in lower and in upper case, since steps find the keys as environment variables.

    Raises:
        SecretNotFoundError: one of them is neither stored nor in the environment.
        SecretStoreError: they can't be opened.
        PackageMissingError: the package that opens them is not installed.
    """
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return {}
    store = _store(ctx)
    index = store.index()
    registry = ctx.registry.read()
    given = {name: _given(name, _known_keys(name, index, registry)) for name in wanted}
    for name in wanted:
        if index.find(name) is None and not given[name]:
            raise _not_found(index, name, f"Create it with: stackyard secret create {name[:60]} --KEY=VALUE")
    # What the environment has completely needs no opening: CI has no keyring and no key file.
    closed = [s.name for s in index.secrets if s.name in given and not set(s.keys) <= set(given[s.name])]
    stored = store.values(closed) if closed else {}
    return {name: {**stored.get(name, {}), **given[name]} for name in wanted}


def read_secret(ctx: Context, name: str) -> Secret:
    """Return a secret with its values.

    Raises:
        SecretNotFoundError: there is none of that name.
        SecretStoreError: it can't be opened.
        PackageMissingError: the package that opens it is not installed.
    """
    return Secret(name, secret_values(ctx, [name])[name])


def unresolved(ctx: Context, references: Iterable[SecretReference]) -> list[SecretReference]:
    """Return the references that lead nowhere; nothing is opened.

    Raises:
        SecretStoreError: the list of secrets is damaged.
    """
    index = _store(ctx).index()
    found = []
    for reference in dict.fromkeys(references):
        secret = index.find(reference.name)
        stored = secret is not None and reference.key in secret.keys
        if not stored and reference.key not in environment.values_in_environment(reference.name, [reference.key]):
            found.append(reference)
    return found


def command_for(ctx: Context, reference: SecretReference) -> str:
    """Return the command that gives a reference its value; it asks for it, so that no shell keeps it in its history."""
    verb = "create" if _store(ctx).index().find(reference.name) is None else "update"
    return f"stackyard secret {verb} {reference.name} --{reference.key}=-"


def create_secret(ctx: Context, name: str, values: Mapping[str, str]) -> SecretView:
    """Store a new secret.

    Args:
        ctx: where.
        name: letters, digits, ``_`` and ``-``.
        values: key to value.

    Raises:
        AlreadyExistsError: the name is taken.
        SecretReferenceError: the name or a key can't be one, or a value is missing.
        SecretStoreError: no place for secrets works here.
        PackageMissingError: nor is one of the packages installed that bring one.
    """
    check_secret_name(name, "secret")
    _check_values(name, values)
    if not values:
        raise SecretReferenceError(
            f"The secret {name!r} has no values.", hint=f"Give them: stackyard secret create {name} --KEY=VALUE"
        )
    secret = _store(ctx).create(name, dict(values), lambda index: _refuse_taken(index, name))
    return _view(secret, ctx.registry.read())


def update_secret(
    ctx: Context, name: str, values: Mapping[str, str], remove: Collection[str] = (), *, force: bool = False
) -> SecretView:
    """Change values of a secret; other keys stay as they are.

    Args:
        ctx: where.
        name: the secret's.
        values: key to new value.
        remove: keys to take away.
        force: take keys away though components refer to them.

    Raises:
        SecretNotFoundError: there is none of that name, or it has no such key.
        InUseError: components refer to a key that would go.
        SecretReferenceError: a key can't be one, or no key would be left.
        SecretStoreError: the secrets can't be opened or written.
        PackageMissingError: the package that opens them is not installed.
    """
    _require_stored(ctx, name)
    _check_values(name, values)
    gone = [key for key in dict.fromkeys(remove) if key not in values]
    if not force:
        _refuse_used(ctx, name, gone)

    def change(old: dict[str, str]) -> dict[str, str]:
        for key in gone:
            if key not in old:
                raise SecretNotFoundError(
                    f"The secret {name!r} has no key {key[:60]!r}.",
                    hint=f"{did_you_mean(key, list(old))} Keys: {', '.join(old)}.".strip(),
                )
        new = {**{key: value for key, value in old.items() if key not in gone}, **values}
        _refuse_alike(name, list(new))
        if not new:
            raise SecretReferenceError(
                f"The secret {name!r} would have no key left.", hint=f"Delete it: stackyard secret delete {name}"
            )
        return new

    return _view(_store(ctx).update(name, change), ctx.registry.read())


def rename_secret(ctx: Context, name: str, new_name: str, *, force: bool = False) -> SecretView:
    """Give a secret another name.

    Args:
        ctx: where.
        name: what it is called.
        new_name: what it is called then.
        force: rename though components refer to it by the old name.

    Raises:
        SecretNotFoundError: there is none of that name.
        UsageError: it has that name.
        AlreadyExistsError: the new name is taken.
        InUseError: components refer to it.
        SecretReferenceError: the new name can't be one.
        SecretStoreError: the secrets can't be opened or written.
        PackageMissingError: the package that opens them is not installed.
    """
    check_secret_name(new_name, "secret")
    _require_stored(ctx, name)
    if new_name == name:
        raise UsageError(f"The secret {name!r} has that name already.", hint="Choose another name.")
    if not force:
        _refuse_used(ctx, name)

    def check(index: SecretIndex) -> None:
        _refuse_taken(index, new_name, besides=name)

    renamed = _store(ctx).rename(name, new_name, check)
    return _view(renamed, ctx.registry.read())


def delete_secret(ctx: Context, name: str, *, force: bool = False) -> SecretView:
    """Delete a secret and return it as it was.

    Args:
        ctx: where.
        name: the secret's.
        force: delete it though components refer to it.

    Raises:
        SecretNotFoundError: there is none of that name.
        InUseError: components refer to it.
        SecretStoreError: it can't be taken out of where its values are.
        PackageMissingError: the package that opens that place is not installed.
    """
    view = check_unused(ctx, name, force=force)
    _store(ctx).delete(name)
    return view


def check_unused(ctx: Context, name: str, *, force: bool = False) -> SecretView:
    """Return a secret if it can be deleted.

    Raises:
        SecretNotFoundError: there is none of that name.
        InUseError: components refer to it, and that is not forced.
        SecretStoreError: it comes from the environment.
    """
    view = _require_stored(ctx, name)
    if not force:
        _refuse_used(ctx, name)
    return view


def variables_of(view: SecretView) -> list[str]:
    """Return the environment variables that set keys of a secret now."""
    given = environment.values_in_environment(view.name, view.keys)
    return [environment.variable_of(view.name, key) for key in view.keys if key in given]


def _store(ctx: Context) -> SecretStore:
    return SecretStore(ctx.home_folder)


def _view(secret: IndexedSecret, registry: Registry) -> SecretView:
    given = environment.values_in_environment(secret.name, secret.keys)
    return SecretView(
        name=secret.name,
        keys=list(dict.fromkeys([*secret.keys, *given])),
        backend=secret.backend,
        created_at=secret.created_at,
        updated_at=secret.updated_at,
        used_by=[_words(component) for component in _users(registry, secret.name)],
    )


def _view_of_environment(name: str, registry: Registry) -> SecretView:
    return SecretView(
        name=name,
        keys=sorted(environment.values_in_environment(name, _known_keys(name, SecretIndex(), registry))),
        backend=environment.BACKEND,
        used_by=[_words(component) for component in _users(registry, name)],
    )


def _users(registry: Registry, name: str, keys: Collection[str] = ()) -> list[StackComponent]:
    """Return the components that refer to a secret, or to one of its keys if some are given."""
    return [
        component
        for component in registry.components
        if any(r.name == name and (not keys or r.key in keys) for r in references_in(component.configuration))
    ]


def _words(component: StackComponent) -> str:
    kind = component.component_type
    return f"{kind.title if isinstance(kind, ComponentType) else kind} {component.name}"


def _known_keys(name: str, index: SecretIndex, registry: Registry) -> list[str]:
    secret = index.find(name)
    spelled = [r.key for c in registry.components for r in references_in(c.configuration) if r.name == name]
    return [*spelled, *(secret.keys if secret else [])]


def _given(name: str, known: Collection[str]) -> dict[str, str]:
    """Return the values of the environment, keys that nobody else spells in both cases."""
    found = environment.values_in_environment(name, known)
    return {**{key.upper(): value for key, value in found.items() if key not in known}, **found}


def _require_stored(ctx: Context, name: str) -> SecretView:
    view = get_secret(ctx, name)
    if view.backend == environment.BACKEND:
        variable = environment.variable_of(name, view.keys[0])
        raise SecretStoreError(
            f"The secret {name!r} comes from the environment and can't be changed here.",
            hint=f"Change or unset the variable {variable} where it is set.",
        )
    return view


def _check_values(name: str, values: Mapping[str, str]) -> None:
    for key, value in values.items():
        check_secret_name(key, "key")
        if not value:
            raise SecretReferenceError(
                f"The key {key!r} of the secret {name!r} has no value.", hint="Give it one, or leave the key out."
            )
    _refuse_alike(name, list(values))


def _refuse_alike(name: str, keys: list[str]) -> None:
    """Refuse keys that no environment variable could tell apart."""
    seen: dict[str, str] = {}
    for key in keys:
        other = seen.setdefault(environment_word(key), key)
        if other != key:
            raise SecretReferenceError(
                f"The keys {other!r} and {key!r} of the secret {name!r} are the same in environment variables.",
                hint="Give one of them another name.",
            )


def _refuse_taken(index: SecretIndex, name: str, besides: str = "") -> None:
    for secret in index.secrets:
        if secret.name == besides or environment_word(secret.name) != environment_word(name):
            continue
        if secret.name == name:
            raise AlreadyExistsError(
                f"A secret named {name!r} exists already.",
                hint=f"Choose another name, or change its values: stackyard secret update {name} --KEY=VALUE",
            )
        raise AlreadyExistsError(
            f"A secret named {secret.name!r} exists already; in environment variables {name!r} would be the same.",
            hint="Choose another name.",
        )


def _refuse_used(ctx: Context, name: str, keys: Collection[str] | None = None) -> None:
    if keys is not None and not keys:
        return
    users = [_words(component) for component in _users(ctx.registry.read(), name, keys or ())]
    if not users:
        return
    shown = ", ".join(users[:3]) + (f" and {len(users) - 3} more" if len(users) > 3 else "")
    what = f"The secret {name!r}" if keys is None else f"The key {', '.join(keys)} of the secret {name!r}"
    raise InUseError(f"{what} is used by: {shown}.", hint="Change them first, or add --force.")


def _not_found(index: SecretIndex, name: str, remedy: str) -> SecretNotFoundError:
    known = [secret.name for secret in index.secrets] + environment.names_in_environment()
    return SecretNotFoundError(
        f"There is no secret {name[:60]!r}.", hint=f"{did_you_mean(name, known)} {remedy}".strip()
    )
