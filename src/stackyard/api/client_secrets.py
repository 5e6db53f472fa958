"""``Client``: secrets."""

from __future__ import annotations

from collections.abc import Collection

from stackyard.api import secrets
from stackyard.api.asking import asks
from stackyard.api.context import Context
from stackyard.model.secret import Secret
from stackyard.model.stack_views import SecretView


class SecretMethods:
    """Secrets, by name."""

    _context: Context

    def create_secret(self, name: str, values: dict[str, str]) -> SecretView:
        """Store a new secret; what comes back has no values."""
        return secrets.create_secret(self._context, name, values)

    def get_secret(self, name: str) -> Secret:
        """Return a secret with its values; inside a step only one that the step declares.

        Raises:
            SecretNotFoundError: there is none of that name, or the running step does not declare it.
            SecretStoreError: it can't be opened.
        """
        from stackyard.authoring.context import step_secret  # noqa: PLC0415  # only code that uses secrets needs it

        values = step_secret(name)
        if values is not None:
            return Secret(name, values)
        return secrets.read_secret(self._context, name)

    @asks
    def list_secrets(self) -> list[SecretView]:
        """Return the secrets by name, without their values."""
        return secrets.list_secrets(self._context)

    def update_secret(
        self,
        name: str,
        new_name: str | None = None,
        add_or_update_values: dict[str, str] | None = None,
        remove_values: Collection[str] = (),
    ) -> SecretView:
        """Change values of a secret, then its name; ``remove_values`` are keys.

        Raises:
            SecretNotFoundError: there is none of that name, or it has no such key.
            InUseError: components refer to what would go.
        """
        view = secrets.get_secret(self._context, name)
        if add_or_update_values or remove_values:
            view = secrets.update_secret(self._context, name, add_or_update_values or {}, remove_values)
        return secrets.rename_secret(self._context, name, new_name) if new_name and new_name != name else view

    def delete_secret(self, name: str) -> None:
        """Delete a secret.

        Raises:
            InUseError: components refer to it.
        """
        secrets.delete_secret(self._context, name)
