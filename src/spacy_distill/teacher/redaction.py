"""Secrets cut out of what servers say, in every form in which they quote them."""

import base64
import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

MARK = "[key]"
# A shorter secret (a dummy for a local server) has encodings that ordinary text has too.
SHORTEST_ENCODED = 8
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
