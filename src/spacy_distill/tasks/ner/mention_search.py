"""Find a mention among the tokens of a text, however it is spaced, quoted or, if need be, cased."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

PEEK = 50
_LETTER = re.compile(r"[^\W_]")
_QUOTES = dict.fromkeys(map(ord, '"“”„‟«»″'), "''") | dict.fromkeys(map(ord, "`´‘’‚‛′"), "'")
_HYPHENS = dict.fromkeys(map(ord, "‐‑‒–—―−﹘﹣－"), "-")


class _Folds(dict[int, str | None]):
    """What a character becomes: quotes and hyphens plain ones; spaces, controls and format marks nothing."""

    def __missing__(self, code: int) -> str | None:
        char = chr(code)
        kept = None if char.isspace() or unicodedata.category(char) in ("Cc", "Cf") else char
        self[code] = kept
        return kept


_FOLDS = _Folds(_QUOTES | _HYPHENS)


def fold(text: str) -> str:
    """A text without spacing and invisible characters, with plain quotes and hyphens and no ligatures.

    A combining mark at the beginning, with nothing to combine with, is left out: beside others it would
    change its place.
    """
    plain = text.translate(_FOLDS)
    if plain.isascii():
        return plain
    # Some marks are decomposed into a space and a combining mark; without the space they combine.
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", plain).translate(_FOLDS))
    return folded[next((i for i, c in enumerate(folded) if not unicodedata.combining(c)), len(folded)) :]


def fold_loosely(text: str) -> str:
    """A folded text without case and accents too: "İzmir", "IZMIR" and "izmir" become one."""
    folded = fold(text).casefold()
    if folded.isascii():
        return folded
    parts = unicodedata.normalize("NFD", folded.replace("ı", "i").replace("ß", "ss"))
    return "".join(char for char in parts if not unicodedata.combining(char))


class Places(NamedTuple):
    """Where a mention stands.

    spans: First token and the token after the last one, in text order.
    aligned: False if it only stands inside of tokens; the spans then cover those tokens.
    """

    spans: tuple[tuple[int, int], ...]
    aligned: bool


class WordIndex:
    """The words of one text, made searchable.

    words: The tokens' texts.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._found: dict[str, Places | None] = {}
        self._exact = _Folded([fold(word) for word in words])
        self._loose: _Folded | None = None

    def find(self, mention: str) -> Places | None:
        """All places of a mention, by the strictest way of comparing that finds any.

        First as it is spelled, then without punctuation around it, both on token borders (a token's own
        punctuation may be left out: "Inc" is found in "Inc."); then the same without case and accents; at
        last inside of tokens.

        mention: Any text.
        RETURNS: None if it stands nowhere.
        """
        if mention not in self._found:
            self._found[mention] = self._search(mention)
        return self._found[mention]

    def _search(self, mention: str) -> Places | None:
        for folded, form in self._ways(mention):
            if spans := folded.on_borders(form):
                return Places(tuple(map(self._without_stop, spans)), True)
        for folded, form in self._ways(mention):
            if spans := folded.inside(form):
                return Places(spans, False)
        return None

    def _without_stop(self, span: tuple[int, int]) -> tuple[int, int]:
        """A span without the full stop of its sentence: one that is a token of its own."""
        start, end = span
        return (start, end - 1) if end - start > 1 and self._words[end - 1].strip() == "." else span

    def _ways(self, mention: str) -> Iterator[tuple["_Folded", str]]:
        exact = fold(mention)
        yield from ((self._exact, form) for form in _forms(exact))
        if self._loose is None:
            self._loose = _Folded([fold_loosely(word) for word in self._words])
        yield from ((self._loose, form) for form in _forms(fold_loosely(mention)))


def _forms(folded: str) -> Iterator[str]:
    if folded:
        yield folded
    trimmed = folded.strip("'\"*_.,;:!?()[]{}<>|")
    if trimmed and trimmed != folded:
        yield trimmed


class _Folded:
    def __init__(self, words: list[str]) -> None:
        self.text = "".join(words)
        self.token: list[int] = []  # The token of each non-empty word, and where it begins; then the end.
        self.begin: list[int] = []
        at = 0
        for i, word in enumerate(words):
            if word:
                self.token.append(i)
                self.begin.append(at)
                at += len(word)
        self.begin.append(at)

    def on_borders(self, form: str) -> tuple[tuple[int, int], ...]:
        """Places that begin and end with a token, or else that leave out nothing but punctuation of one."""
        hits = list(self._hits(form))
        whole = tuple((first, last + 1) for first, last, rest in hits if not rest)
        bare = ((first, last + 1) for first, last, rest in hits if not _LETTER.search(rest))
        return whole or tuple(dict.fromkeys(bare))

    def inside(self, form: str) -> tuple[tuple[int, int], ...]:
        """All places."""
        return tuple(dict.fromkeys((first, last + 1) for first, last, _ in self._hits(form)))

    def _hits(self, form: str) -> Iterator[tuple[int, int, str]]:
        """First and last token of each place, and what these tokens hold beside the mention."""
        at = self.text.find(form)
        while at >= 0:
            end = at + len(form)
            first, last = bisect_right(self.begin, at) - 1, bisect_right(self.begin, end - 1) - 1
            start, stop = self.begin[first], self.begin[last + 1]
            # A few characters tell: no token has much punctuation, and a junk token may be very long.
            rest = self.text[max(start, at - PEEK) : at] + self.text[end : min(stop, end + PEEK)]
            yield self.token[first], self.token[last], rest
            at = self.text.find(form, at + 1 if rest else end)
