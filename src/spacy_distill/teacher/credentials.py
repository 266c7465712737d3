"""Keys read from the environment, and cut out of what servers say, in every form in which they quote them."""

import base64
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from ..errors import DistillError
from .settings import ChatSettings, is_loopback

MARK = "[key]"
# A shorter secret (a dummy for a local server) has encodings that ordinary text has too.
SHORTEST_ENCODED = 8
# Characters of a part of a secret that no message of an error may hold; of short secrets it is half of them.
LONGEST_PART = 8
# Bounds in these patterns keep the time of a search in proportion to the text.
_BACKSLASH = r"(?:\\|%(?:25){0,3}5[Cc])"


class Redactor:
    """Finds secrets: as they are, escaped as JSON, HTML or in a URL, in hexadecimal digits or base64.

    secrets: what nothing may hold.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self.secrets = tuple(sorted({secret for secret in secrets if secret}, key=len, reverse=True))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        forms = [form for secret in self.secrets for form in _forms(secret)]
        return re.compile("|".join(forms))

    def __call__(self, said: Any) -> Any:
        """What was said, without the secrets: strings at any depth, names of fields too."""
        if not self.secrets:
            return said
        if isinstance(said, str):
            return self._pattern.sub(MARK, said)
        if isinstance(said, Mapping):
            return {self(name): self(value) for name, value in said.items()}
        return [self(value) for value in said] if isinstance(said, list | tuple) else said

    def message(self, said: str) -> str:
        """What an error says, without secrets and without parts of them: those that were cut or taken apart.

        Ordinary text may have the same few characters: this is not for answers.
        """
        said = self._pattern.sub(MARK, said) if self.secrets else said
        parts = {part for secret in self.secrets for part in _parts(secret)}
        hidden = {
            at + i
            for size in {len(part) for part in parts}
            for at in range(len(said) - size + 1)
            if said[at : at + size] in parts
            for i in range(size)
        }
        return "".join(
            char if at not in hidden else MARK * (at - 1 not in hidden) for at, char in enumerate(said)
        )


def _parts(secret: str) -> Iterator[str]:
    """All parts of a secret of the length that is too long to be shown."""
    size = min(LONGEST_PART, (len(secret) + 1) // 2)
    if len(secret) >= SHORTEST_ENCODED:
        yield from (secret[at : at + size] for at in range(len(secret) - size + 1))


def _forms(secret: str) -> Iterable[str]:
    """Patterns of a secret."""
    if len(secret) < SHORTEST_ENCODED:
        yield re.escape(secret)
        return
    yield "".join(map(_character, secret))
    yield f"(?i:{secret.encode().hex()})"
    for shift in range(3):
        # What base64 makes of the secret depends on how many bytes come before it; its ends on which.
        text = base64.b64encode(b"\0" * shift + secret.encode()).decode().rstrip("=")
        inner = text[(0, 2, 3)[shift] : len(text) - ((shift + len(secret)) % 3 > 0)]
        both = re.escape(inner).replace(r"\+", "[+-]").replace("/", "[/_]")
        yield rf"{both}[A-Za-z0-9+/_\-]*={{0,2}}"


def _character(char: str) -> str:
    """A pattern of a character, however it is escaped."""
    code = ord(char)
    return "|".join(
        (
            rf"(?:{_BACKSLASH}{{0,8}}{re.escape(char)}",
            rf"{_BACKSLASH}{{1,8}}u(?i:{code:04x})",
            rf"{_BACKSLASH}{{1,8}}x(?i:{code:02x})",
            rf"%(?:25){{0,3}}(?i:{code:02x})",
            rf"&\#0{{0,5}}{code};?",
            rf"&\#[xX]0{{0,5}}(?i:{code:x});?)",
        )
    )


@dataclass(frozen=True)
class Credentials:
    """What goes with each request, read from the environment at the moment of the call.

    key: the API key; None if the endpoint needs none.
    headers, query: further headers and parts of the query.
    redact: cuts what no message, file or answer may hold out of what a server says.
    """

    key: str | None = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    redact: Redactor = field(default_factory=lambda: Redactor(()), repr=False)


def read_credentials(settings: ChatSettings) -> Credentials:
    """The API key and what else goes with each request.

    settings: name the variables.
    RETURNS: what the environment holds.
    RAISES DistillError: if a variable is empty and the endpoint is on another machine, or its value may not
        be sent there.
    """
    key = _read_variable(settings, settings.api_key_env) if settings.api_key_env else ""
    secrets = {key} if key else set()
    headers, query = dict(settings.headers), dict(settings.query)
    for values in (headers, query):
        for name, value in values.items():
            if value.startswith("$"):
                values[name] = _read_variable(settings, value[1:])
                secrets.add(values[name])
    return Credentials(key or None, headers, query, Redactor(secrets))


def _read_variable(settings: ChatSettings, variable: str) -> str:
    """The secret that an environment variable holds; empty if this machine is asked and it holds none."""
    endpoint, key = settings.endpoint, os.environ.get(variable, "").strip()
    if not key:
        if not is_loopback(endpoint):
            raise DistillError(
                f"The environment variable {variable} holds no API key for {endpoint}. Set it, or "
                "name another in api_key_env; api_key_env = null if this endpoint needs no key."
            )
        return ""
    if not key.isascii() or not key.isprintable() or " " in key:
        raise DistillError(f"The environment variable {variable} does not hold an API key.")
    if urlsplit(endpoint).scheme == "http" and not is_loopback(endpoint) and not settings.allow_http:
        raise DistillError(
            f"The key in {variable} would be sent unencrypted to {endpoint}. Use https, or set "
            "api_key_env = null if the endpoint needs no key, or allow_http = true if you trust the network."
        )
    return key
