"""Asking whatever speaks the registry protocol (version 2)."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote, urlencode, urljoin

from stackyard.flavors import web
from stackyard.flavors.container_registry import ContainerRegistryConfiguration
from stackyard.flavors.interfaces import ContainerRegistry, Finding
from stackyard.model.errors import ComponentError

TIMEOUT_S = 5.0
PAGE_SIZE = 100
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
# The name that people write is not the host that speaks the protocol.
_HOSTS = {"docker.io": "registry-1.docker.io", "index.docker.io": "registry-1.docker.io"}


class _LoginError(ComponentError):
    """The registry does not take the login, or wants one."""


class DefaultContainerRegistry(ContainerRegistry):
    """Asks a registry by its HTTP protocol."""

    def __init__(self, configuration: ContainerRegistryConfiguration) -> None:
        """Remember the configuration, with secrets filled in."""
        self._configuration = configuration
        host, _, self._namespace = configuration.uri.partition("/")
        self._base = f"{'http' if configuration.insecure else 'https'}://{_HOSTS.get(host, host)}"
        self._authorization = ""

    def tags(self, repository: str) -> list[str]:
        """Return the tags of a repository of the namespace, in alphabetical order.

        Raises:
            ComponentError: the registry can't be reached, refuses, or has no such repository.
        """
        path = "/".join(part for part in (self._namespace, repository.strip("/")) if part)
        url = f"{self._base}/v2/{quote(path)}/tags/list?n={PAGE_SIZE}"
        found: set[str] = set()
        seen: set[str] = set()
        while url and url not in seen:
            seen.add(url)
            answer = self._get(url)
            if answer.status == 404:
                raise ComponentError(
                    f"The registry {self._base} has no repository {path!r}.", hint="Correct its name, or push to it."
                )
            self._expect_success(answer)
            found.update(map(str, self._json(answer).get("tags") or ()))
            url = self._next(url, answer)
        return sorted(found)

    def check(self) -> list[Finding]:
        """Log in, and read the tags of the configured repository."""
        try:
            self._expect_success(self._get(f"{self._base}/v2/"))
            whom = f"the login of {self._configuration.username}" if self._configuration.username else "no login"
            findings = [Finding("ok", "registry_login", f"{self._base} speaks the registry protocol; it takes {whom}.")]
            repository = self._configuration.repository
            if repository:
                n = len(self.tags(repository))
                findings.append(Finding("ok", "registry_tags", f"The repository {repository} has {n} tags."))
            return findings
        except _LoginError as error:
            return [Finding("error", "registry_login_refused", error.message, error.hint)]
        except ComponentError as error:
            return [Finding("error", "registry_unusable", error.message, error.hint)]

    def _get(self, url: str) -> web.Answer:
        """Ask, and log in when that is asked for."""
        answer = self._request(url, self._authorization)
        if answer.status == 401:
            self._authorization = self._log_in(answer.headers.get("www-authenticate", ""))
            answer = self._request(url, self._authorization)
        return answer

    def _log_in(self, challenge: str) -> str:
        """Return the value of the ``Authorization`` header that a challenge asks for.

        Raises:
            ComponentError: the login is missing or refused, or of a kind that nobody knows.
        """
        configuration = self._configuration
        login = web.basic(configuration.username, configuration.password or "") if configuration.username else ""
        scheme, _, rest = challenge.partition(" ")
        if scheme.lower() == "basic":
            if not login:
                raise self._refused()
            return login
        if scheme.lower() != "bearer":
            raise ComponentError(
                f"The registry {self._base} asks for a login of the kind {scheme or 'none'!r}.",
                hint="Only Basic and Bearer are known.",
            )
        values = dict(_CHALLENGE.findall(rest))
        realm = values.pop("realm", "")
        if not configuration.insecure and not realm.startswith("https://"):
            raise ComponentError(
                f"The registry {self._base} wants the password sent without encryption.",
                hint="Set insecure to true if that is meant.",
            )
        query = {name: values[name] for name in ("service", "scope") if name in values}
        answer = self._request(f"{realm}{'&' if '?' in realm else '?'}{urlencode(query)}", login)
        if answer.status in (400, 401, 403):
            raise self._refused()
        self._expect_success(answer)
        document = self._json(answer)
        return f"Bearer {document.get('token') or document.get('access_token') or ''}"

    def _request(self, url: str, authorization: str) -> web.Answer:
        headers = {"User-Agent": "stackyard", **({"Authorization": authorization} if authorization else {})}
        try:
            return web.request(url, timeout_s=TIMEOUT_S, headers=headers)
        except ValueError as error:  # only a server's own realm can be no web address
            raise ComponentError(
                f"The registry {self._base} names a place to log in that is no web address.",
                hint="See that its URI is right.",
            ) from error

    def _expect_success(self, answer: web.Answer) -> None:
        if answer.status in (401, 403):
            raise self._refused()
        if answer.status != 200:
            raise ComponentError(
                f"{self._base} answered {answer.status}: it does not speak the registry protocol.",
                hint="See that its URI is right.",
            )

    def _json(self, answer: web.Answer) -> dict[str, Any]:
        try:
            document = json.loads(answer.body)
        except ValueError:
            document = None
        if isinstance(document, dict):
            return document
        raise ComponentError(
            f"{self._base} does not speak the registry protocol: its answer is no JSON document.",
            hint="See that its URI is right.",
        )

    def _next(self, url: str, answer: web.Answer) -> str:
        """Return where the next page is; empty on the last one."""
        target, _, relation = answer.headers.get("link", "").partition(">")
        if 'rel="next"' not in relation:
            return ""
        following = urljoin(url, target.strip().lstrip("<"))
        if not following.startswith(f"{self._base}/"):
            raise ComponentError(
                f"The registry {self._base} has its next page of tags on another host.",
                hint="Name that host as the registry's URI.",
            )
        return following

    def _refused(self) -> _LoginError:
        username = self._configuration.username
        if username is None:
            return _LoginError(
                f"The registry {self._base} asks for a login.",
                hint="stackyard container-registry update NAME --username=USER --password='{{my_secret.password}}'",
            )
        return _LoginError(
            f"The registry {self._base} refuses the login of {username!r}, or what it asked for.",
            hint="Correct the secret of the password, or the user's rights in the registry.",
        )
