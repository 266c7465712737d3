"""Find a mention among the tokens of a text, however it is spaced, quoted or, if need be, cased."""

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import get_close_matches
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

PEEK = 50
_LETTER = re.compile(r"[^\W_]")
# Gershayim and geresh are quotes, too.
_QUOTES = dict.fromkeys(map(ord, '"“”„‟«»″״'), "''") | dict.fromkeys(map(ord, "`´‘’‚‛′׳"), "'")
_HYPHENS = dict.fromkeys(map(ord, "‐‑‒–—―−﹘﹣－"), "-")
# Letters that have no decomposition, as they are transliterated; tatweel and middle dots are nothing.
_LETTERS = str.maketrans(
    {
        **{
            "ı": "i",
            "ß": "ss",
            "ø": "o",
            "ł": "l",
            "đ": "d",
            "ð": "d",
            "þ": "th",
            "æ": "ae",
            "œ": "oe",
            "ħ": "h",
        },
        **{"ŧ": "t", "ŋ": "n", "ی": "ي", "ک": "ك", "ـ": "", "·": "", "・": "", "•": "", "‧": "", "∙": ""},
    }
)
_UMLAUT = re.compile("(?<=[aou])e")
_REMARK = re.compile(r"\s*[(\[][^()\[\]]*[)\]]")
_ARTICLE = re.compile(
    r"(?:the|an?|der|die|das|den|dem|l[ae]s?|el|los|las|il|lo|gli|het|de|een|os?)\s+|l['’]", re.IGNORECASE
)
_ABBREVIATION = re.compile(r"(?<=[^\W\d_]{2})\.(?=\s)")
_TITLE = re.compile(
    r"(?:(?:mr|mrs|ms|miss|mx|dr|prof|sir|dame|lord|lady|sen|rep|gov|gen|col|capt|sgt|lt|rev|hon|herr|frau|mme|"
    r"president|professor|doctor|minister|prime minister|chancellor|senator|king|queen|prince|princess|pope|"
    r"bishop|captain|colonel|general|judge|coach|ceo)\.?\s+)+",
    re.IGNORECASE,
)
_OWNED = re.compile(r"['’]s?$")
_TAG = re.compile(r"</?[\w:-]{1,40}/?>")
_WORD = re.compile(r"(?:[^\s()\[\]{}<>|\"“”„«»]|(?<=\w)[\]}\"“”](?=\w))+")
_SURNAME_FIRST = re.compile(r"([^,]{1,80}), ([^,]{1,80})")
_JOINED = re.compile(r"[-_\u2010-\u2015]|\\[nrt]")
_ABRIDGED = re.compile(r"(?<=\w)(?:\s*\.{2,}|…)\s*$")
GAP_MARK = "\N{REPLACEMENT CHARACTER}"  # For the words that an answer left out.
_ESCAPED = re.compile(r"\\?u([0-9a-fA-F]{4})")
_MARKS = str.maketrans("", "", "*_`#@\\")
WORDS, LONGEST, SHORTEST, EFFORT, LIKENESS, GAP = 30, 300, 3, 20_000, 0.5, 3  # Bounds what junk can cost.
STRETCH = 20_000  # Characters whose search costs one more of EFFORT.


class _PlainCharacters(dict[int, str | None]):
    """What a character becomes: quotes and hyphens plain ones; spaces, controls and format marks nothing."""

    def __missing__(self, code: int) -> str | None:
        char = chr(code)
        kept = None if char.isspace() or unicodedata.category(char) in ("Cc", "Cf") else char
        self[code] = kept
        return kept


_CHARACTERS = _PlainCharacters(_QUOTES | _HYPHENS)


def normalize(text: str) -> str:
    """A text without spacing and invisible characters, with plain quotes and hyphens and no ligatures.

    A combining mark at the beginning, with nothing to combine with, is left out: beside others it would
    change its place.
    """
    plain = text.translate(_CHARACTERS)
    if plain.isascii():
        return plain
    # Some marks are decomposed into a space and a combining mark; without the space they combine.
    normalized = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", plain).translate(_CHARACTERS))
    return normalized[
        next((i for i, c in enumerate(normalized) if not unicodedata.combining(c)), len(normalized)) :
    ]


def normalize_loosely(text: str) -> str:
    """A normalized text without case and accents too: "İzmir", "IZMIR" and "izmir" become one."""
    normalized = normalize(text).casefold()
    if normalized.isascii():
        return normalized
    parts = unicodedata.normalize("NFD", normalized)
    return "".join(char for char in parts if not unicodedata.combining(char)).translate(_LETTERS)


class Places(NamedTuple):
    """Where a mention stands.

    spans: first token and the token after the last one, in text order.
    aligned: False if it only stands inside of tokens; the spans then cover those tokens.
    """

    spans: tuple[tuple[int, int], ...]
    aligned: bool


class WordIndex:
    """The words of one text, made searchable.

    words: the tokens' texts.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.words = words
        self._found: dict[str, Places | None] = {}
        self._exact = _JoinedWords([normalize(word) for word in words])
        self._effort = EFFORT

    @cached_property
    def _loose(self) -> "_JoinedWords":
        return _JoinedWords([normalize_loosely(word) for word in self.words])

    @cached_property
    def _spelled(self) -> dict[str, dict[str, list[int]]]:
        """The tokens by the spelling of words that may be of a name, by their first and last character."""
        found: dict[str, dict[str, list[int]]] = {}
        for i, word in enumerate(self.words):
            if _names(word) and (form := normalize_loosely(word)):
                for key in (f"{form[0]}-", f"-{form[-1]}"):
                    found.setdefault(key, {}).setdefault(form, []).append(i)
        return found

    def find(self, mention: str) -> Places | None:
        """All places of a mention, by the strictest way of comparing that finds any.

        First as it is spelled, then without punctuation around it, both on token borders (a token's own
        punctuation may be left out: "Inc" is found in "Inc."); then the same without case and accents; then
        without what answers add (articles, titles, remarks in brackets); at last inside of tokens.

        mention: any text.
        RETURNS: None if it stands nowhere.
        """
        if mention not in self._found:
            self._found[mention] = self._search(mention)
        return self._found[mention]

    def stands(self, mention: str) -> bool:
        """Whether a mention is in the text, on token borders."""
        found = self.find(mention)
        return found is not None and found.aligned

    def follow(self, parts: Sequence[str]) -> bool:
        """Whether parts are in the text one behind the other, with one token between them at most."""
        ends: set[int] = set()
        for part in parts:
            places = self.find(part)
            spans = places.spans if places else ()
            ends = {end for start, end in spans if part is parts[0] or {start, start - 1} & ends}
        return bool(ends)

    def goes_on(self, first: str, second: str) -> bool:
        """Whether a string is in the text right behind another; of one of them a part is enough."""
        if max(len(first.split()), len(second.split())) > WORDS:
            return False
        places = [self.find(part) for part in (first, second)]
        before, behind = (
            (
                {i for span in found.spans for i in range(*span)} if found else self.parts(part)
                for part, found in zip((first, second), places, strict=True)
            )
            if any(places)
            else (set[int](), set[int]())
        )
        return any(i + 1 in behind for i in before - behind)

    def has(self, text: str) -> bool:
        """Whether a string is a part of the text, wherever it begins."""
        return (normalized := normalize_loosely(text)) in self._loose.text and bool(normalized)

    def is_within(self, text: str) -> bool:
        """Whether a string has the whole text in it."""
        return bool(self._loose.text) and self._loose.text in normalize_loosely(text)

    def parts(self, mention: str) -> set[int]:
        """The tokens of which a mention that stands nowhere may speak.

        They are those of its longest part that is in the text, of the parts beside it, and the tokens
        next to these that one of its other words may mean. A part is some of its words; where no word stands
        there, the longest piece of one. All tokens if that cannot be found out in short time.
        """
        words = _WORD.findall(_ABRIDGED.sub(f" {GAP_MARK}", _TAG.sub(" ", mention)))
        found: set[int] = set()
        for at in range(0, len(words), WORDS):
            some = words[at : at + WORDS]
            part = self._runs(some) or self._pieces(some) or self._pieces(mention.split()[:WORDS])
            found |= part.union(*(range(a, b) for a, b in pairwise(sorted(part)) if b - a <= GAP))
            if self.exhausted:
                return set(range(len(self.words)))
        return found

    @property
    def exhausted(self) -> bool:
        """Whether parts of mentions are no longer looked for: too many were, for a text of this length."""
        return self._effort <= 0

    @cached_property
    def names(self) -> frozenset[int]:
        """The tokens that may be of a name."""
        return frozenset(i for i, word in enumerate(self.words) if _names(word) and _LETTER.search(word))

    def _runs(self, words: list[str]) -> set[int]:
        for length in range(len(words), 0, -1):
            joined = ["".join(words[start : start + length]) for start in range(len(words) - length + 1)]
            for start in sorted(range(len(joined)), key=lambda start: -len(joined[start])):
                if spans := self._bordered(joined[start]):
                    found = {i for span in spans for i in range(*span)}
                    for beside, step in ((words[:start][::-1], -1), (words[start + length :], 1)):
                        if any(map(_names, beside)):
                            found |= self._runs(beside[::step])
                        found.update(i for span in spans for i in self._next(span, beside, step))
                    return found
        found = set[int]()
        for n, word in enumerate(words):
            for i in self._stem(word) if _names(word) else ():
                found |= {i, *self._next((i, i + 1), words[:n][::-1], -1)}
                found.update(self._next((i, i + 1), words[n + 1 :], 1))
        return found

    def _next(self, span: tuple[int, int], beside: list[str], step: int) -> Iterator[int]:
        """The tokens next to a part that may be the words which the mention has there, the nearest first."""
        at = span[0] - 1 if step < 0 else span[1]
        for n, word in enumerate(beside):
            if not 0 <= at < len(self.words):
                return
            token, torn = self.words[at], "".join(beside[n : n + 2][::step])
            both = _names(token) and _names(word)
            if not (
                both or any(_alike(normalize_loosely(token), normalize_loosely(x)) for x in (word, torn))
            ):
                return
            yield at
            at += step

    def _bordered(self, part: str) -> tuple[tuple[int, int], ...]:
        if self._may_search():
            for form in _forms(normalize_loosely(part)):
                if spans := self._loose.on_borders(form):
                    return spans
        return ()

    def _may_search(self) -> bool:
        """Whether one more search of the whole text is within the bound; it counts as long as the text is."""
        self._effort -= 1 + len(self._loose.text) // STRETCH
        return self._effort > 0

    def _pieces(self, words: Iterable[str]) -> set[int]:
        return {i for word in words for i in self._stem(word)}

    def _stem(self, word: str) -> set[int]:
        """The tokens that have a word, or the longest piece of it, in them, or are spelled nearly so."""
        form = next(reversed([*_forms(normalize_loosely(word))]), "")
        least = SHORTEST if form.isascii() else 2
        for length in range(len(form), max(min(len(form), least), 2) - 1, -1):
            for part in {form[:length], form[-length:]}:
                spans = self._loose.inside(part) if self._may_search() and part else ()
                if 2 * length < len(form) or length < least:
                    spans = tuple(
                        x for x in spans if normalize_loosely(self.words[x[0]]).startswith(form[:length])
                    )
                if spans:
                    rest = form[length:] if part == form[:length] else form[:-length]
                    more = self._stem(rest) if len(rest) >= SHORTEST else set[int]()
                    return more.union(*(range(*span) for span in spans))
        near: dict[str, list[int]] = {}
        for key in (f"{form[:1]}-", f"-{form[-1:]}"):
            near |= self._spelled.get(key, {})
        self._effort -= len(near) // 4
        close = get_close_matches(form, near, 3, LIKENESS) if self._effort > 0 else ()
        return {i for spelled in close for i in near[spelled]}

    def _search(self, mention: str) -> Places | None:
        for normalized, form in self._ways(mention):
            if spans := normalized.on_borders(form):
                return Places(tuple(map(self._without_stop, spans)), True)
        for reduced in _reduced(mention):
            spans = self._loose.on_borders(normalize_loosely(reduced))
            if spans and not any(self._goes_on(span, mention, reduced) for span in spans):
                return Places(tuple(map(self._without_stop, spans)), True)
        for normalized, form in self._ways(mention):
            if spans := normalized.inside(form):
                return Places(spans, False)
        return None

    def _goes_on(self, span: tuple[int, int], mention: str, reduced: str) -> bool:
        """Whether the token before or behind a span may be what was left out of the mention there."""
        left_out = {*map(normalize_loosely, _WORD.findall(mention))} - set(
            map(normalize_loosely, _WORD.findall(reduced))
        )
        beside = [self.words[i] for i in (span[0] - 1, span[1]) if 0 <= i < len(self.words)]
        titled = _TITLE.match(mention) and not _TITLE.match(reduced) and span[0] > 0
        return bool(titled and self.words[span[0] - 1].istitle()) or any(
            normalize_loosely(token) in left_out for token in beside
        )

    def _without_stop(self, span: tuple[int, int]) -> tuple[int, int]:
        """A span without the full stop of its sentence: one that is a token of its own."""
        start, end = span
        return (start, end - 1) if end - start > 1 and self.words[end - 1].strip() == "." else span

    def _ways(self, mention: str) -> Iterator[tuple["_JoinedWords", str]]:
        if _ABRIDGED.search(mention):
            return
        exact = normalize(mention)
        yield from ((self._exact, form) for form in _forms(exact))
        yield from ((self._loose, form) for form in _forms(normalize_loosely(mention)))


def _reduced(mention: str) -> Iterator[str]:
    """A mention without what answers add to it, one thing after the other."""
    steps: tuple[Callable[[str], str], ...] = (
        html.unescape,
        lambda text: _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text),
        lambda text: _ABBREVIATION.sub("", text),
        lambda text: _REMARK.sub("", text),
        lambda text: _ARTICLE.sub("", text, count=1) if _ARTICLE.match(text) else text,
        lambda text: _TITLE.sub("", text, count=1) if _TITLE.match(text) else text,
        lambda text: _OWNED.sub("", text),
        lambda text: _SURNAME_FIRST.sub(r"\2 \1", text),
        lambda text: _JOINED.sub(" ", text),
        lambda text: text.translate(_MARKS),
        lambda text: _UMLAUT.sub("", text),
    )
    text = mention.strip()
    for step in steps if len(text) < LONGEST and not _ABRIDGED.search(text) else ():
        if (shorter := step(text).strip()) and shorter != text:
            text = shorter
            yield text


def _names(word: str) -> bool:
    """Whether a word may be one of a name: not a small one of ASCII letters."""
    return not (word.isascii() and word.islower()) or any(map(str.isdigit, word))


def _alike(one: str, other: str) -> bool:
    """Whether two words may be spellings of one: they begin or end with the same two characters."""
    return one[:2] == other[:2] or one[-2:] == other[-2:]


def _forms(normalized: str) -> Iterator[str]:
    if normalized:
        yield normalized
    trimmed = normalized.strip("'\"*_.,;:!?()[]{}<>|")
    if trimmed and trimmed != normalized:
        yield trimmed


class _JoinedWords:
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
        at = self.text.find(form) if form else -1
        while at >= 0:
            end = at + len(form)
            first, last = bisect_right(self.begin, at) - 1, bisect_right(self.begin, end - 1) - 1
            start, stop = self.begin[first], self.begin[last + 1]
            # A few characters are enough: no token has much punctuation, and a junk token may be very long.
            rest = self.text[max(start, at - PEEK) : at] + self.text[end : min(stop, end + PEEK)]
            yield self.token[first], self.token[last], rest
            at = self.text.find(form, at + 1 if rest else end)
