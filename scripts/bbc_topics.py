"""Divide the BBC articles for a study of topics: those that a model answered, and three parts of the others.

    python scripts/bbc_topics.py DATA OUT

DATA has bbc/bbc.jsonl.gz and bbc_topics/word.jsonl.gz. OUT gets pool.jsonl (all that were answered), and of
the rest test.jsonl (800), dev.jsonl (100) and gold.jsonl, in an order drawn by a hash. No article is in two
files, nor twice in one: of articles with the same text or nearly so (60 % of their pairs of words) only the
first is kept, the pool first.
"""

import gzip
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spacy_distill.corpus.duplicates import ShingleIndex, shingles

SIZES = {"test": 800, "dev": 100}


def main(data: Path, out: Path) -> None:
    """Write the four files."""
    answered = {line["id"] for line in read(data / "bbc_topics" / "word.jsonl.gz")}
    articles = sorted(
        read(data / "bbc" / "bbc.jsonl.gz"), key=lambda row: (row["id"] not in answered, key(row))
    )
    sets = [shingles(f"{row['title']} {row['text']}") for row in articles]
    index = ShingleIndex(sets)
    parts: dict[str, list[dict[str, Any]]] = {"pool": [], **{name: [] for name in SIZES}, "gold": []}
    for number, row in enumerate(articles):
        if index.nearest(sets[number], before=number)[0] is not None:
            continue
        free = next((name for name, size in SIZES.items() if len(parts[name]) < size), "gold")
        parts["pool" if row["id"] in answered else free].append(row)
    out.mkdir(parents=True, exist_ok=True)
    for name, rows in parts.items():
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (out / f"{name}.jsonl").write_text(text, encoding="utf8")
    sizes = ", ".join(f"{len(rows)} {name}" for name, rows in parts.items())
    sys.stdout.write(f"{sizes}; {len(articles) - sum(map(len, parts.values()))} left out\n")


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a file."""
    with gzip.open(path, "rt", encoding="utf8") as stream:
        yield from map(json.loads, stream)


def key(row: dict[str, Any]) -> str:
    """What the order is drawn by."""
    return hashlib.sha256(f"bbc:{row['id']}".encode()).hexdigest()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
