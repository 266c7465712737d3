"""`.spacy` files that are damaged, or something else, in all the ways that were met."""

import io
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import srsly
from spacy.attrs import DEP, LEMMA
from spacy.tokens import DocBin

from helpers.studying import make_sentences
from spacy_distill.corpus.provenance import KEY


def good() -> bytes:
    """A file of sentences with entities."""
    docbin = DocBin(store_user_data=True)
    for doc in make_sentences("gold", 8):
        doc.spans["teacher:x"] = list(doc.ents)
        docbin.add(doc)
    return docbin.to_bytes()


def changed(**parts: Any) -> bytes:
    """A file in which some parts are others: values, or functions of what was there."""
    message = srsly.msgpack_loads(zlib.decompress(good()))
    for name, value in parts.items():
        message[name] = value(message[name]) if callable(value) else value
    return zlib.compress(srsly.msgpack_dumps(message))


def user_data(value: Any) -> bytes:
    return changed(user_data=lambda old: [srsly.msgpack_dumps(value), *old[1:]])


def zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("sheet.xml", "<a/>")
    return stream.getvalue()


def lengths(old: bytes, last: int) -> bytes:
    found = np.frombuffer(old, dtype="int32").copy()
    found[-1] = last
    return found.tobytes()


def flipped(attr: int) -> Callable[[bytes], bytes]:
    """Some bits of an attribute of the first token are others."""

    def flip(old: bytes) -> bytes:
        attrs = srsly.msgpack_loads(zlib.decompress(good()))["attrs"]
        found = np.frombuffer(old, dtype="uint64").reshape(-1, len(attrs)).copy()
        found[0, attrs.index(attr)] ^= np.uint64(0x5A0000)
        return found.tobytes()

    return flip


DAMAGED: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "text": lambda: b"Ana visited Oslo.\n",
    "a zip of something else": zipped,
    "truncated": lambda: good()[: len(good()) // 2],
    "a message of another kind": lambda: zlib.compress(srsly.msgpack_dumps([1, 2, 3])),
    "no message": lambda: zlib.compress(b"\xc1\xc1"),
    "lengths too large": lambda: changed(lengths=lambda old: lengths(old, 2_000_000_000)),
    "lengths too small": lambda: changed(lengths=lambda old: lengths(old, 1)),
    "lengths below nothing": lambda: changed(lengths=lambda old: lengths(old, -3)),
    "no attributes": lambda: changed(attrs=[]),
    "tokens of half a number": lambda: changed(tokens=lambda old: old[:-3]),
    "tokens missing": lambda: changed(tokens=lambda old: old[: len(old) // 2]),
    "a lemma that is no string": lambda: changed(tokens=flipped(LEMMA)),
    "a dependency that is no string": lambda: changed(tokens=flipped(DEP)),
    "strings missing": lambda: changed(strings=[]),
    "labels missing": lambda: changed(strings=lambda old: [s for s in old if s not in ("PER", "LOC", "ORG")]),
    "strings of another type": lambda: changed(strings=[1, 2]),
    "categories missing": lambda: changed(cats=[]),
    "flags missing": lambda: changed(flags=[]),
    "bad span groups": lambda: changed(span_groups=lambda old: [b"\x93\x01\x02\x03", *old[1:]]),
    "span groups that are no groups": lambda: changed(
        span_groups=lambda old: [srsly.msgpack_dumps([b"abc"]), *old[1:]]
    ),
    "span groups missing": lambda: changed(span_groups=[]),
    "user data that is no message": lambda: changed(user_data=lambda old: [b"\xc1", *old[1:]]),
    "user data that is no mapping": lambda: user_data([1, 2, 3]),
    "a foreign record": lambda: user_data({KEY: "mine"}),
    "a foreign id": lambda: user_data({KEY: {"id": 7}}),
    "foreign views": lambda: user_data({KEY: {"views": ["x"]}}),
    "a foreign view": lambda: user_data({KEY: {"views": {"x": "y"}}}),
    "foreign items": lambda: user_data({KEY: {"views": {"x": {"items": [1, 2]}}}}),
}


def write_damaged(kind: str, path: Path) -> Path:
    """Write such a file, and return its place."""
    path.write_bytes(DAMAGED[kind]())
    return path
