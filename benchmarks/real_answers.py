"""Real answers of a large model beside gold: what the benchmarks of this folder read from `--data DIR`.

DIR/conll2003/eng.testb.gz and DIR/gpt35_conll_testb/ hold CoNLL-2003 sentences and recorded answers (JSON
Lines: `conll_test_index`, `tokens`, `answer`) with their authors' own parse (`result_*`: `tokens`, `gold`,
`pred`); DIR/wikigold/ and DIR/gpt35_wikigold/ the same for WikiGold, with answers as Python dicts.
"""

import argparse
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from spacy_distill.corpus.formats.columns import read_columns
from spacy_distill.tasks.labels import LabelSet

CONLL = LabelSet(["LOC", "MISC", "ORG", "PER"])
WIKIGOLD = LabelSet(
    CONLL.labels, {"Location": "LOC", "Miscellaneous": "MISC", "Organization": "ORG", "Person": "PER"}
)
PROMPTS = {"standard": "pos_wo_CoT", "cot": "nopos_newpara", "cot_pos": "pos_newpara"}


class Recorded(NamedTuple):
    """One answer: its gold document, the raw text, and the entities that its authors read from it."""

    gold: Doc
    answer: str
    theirs: Doc


def data_folder(description: str) -> Path:
    """The folder given as `--data DIR`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with conll2003/, gpt35_conll_testb/ …"
    )
    folder: Path = parser.parse_args().data
    return folder


def conll_answers(data: Path, prompt: str, vocab: Vocab) -> list[Recorded]:
    """The recorded answers to one prompt; -DOCSTART- articles are kept in the gold documents' records."""
    gold = list(read_columns(data / "conll2003" / "eng.testb.gz", vocab))
    folder = data / "gpt35_conll_testb"
    theirs = {
        row["conll_test_index"]: row["pred"]
        for row in rows(folder / f"result_CoNLL_{PROMPTS[prompt]}.jsonl.gz")
    }
    found = []
    for row in rows(folder / f"recorded_{prompt}.jsonl.gz"):
        right = gold[row["conll_test_index"]]
        if [token.text for token in right] != row["tokens"]:
            raise ValueError(f"sentence {row['conll_test_index']} of eng.testb is not {row['tokens']}")
        found.append(Recorded(right, row["answer"], with_tags(right, theirs[row["conll_test_index"]])))
    return found


def wikigold_answers(data: Path, name: str, vocab: Vocab) -> Iterator[tuple[Doc, dict[str, Any]]]:
    """Gold documents of WikiGold, and the rows of the recorded answers to them."""
    gold = {
        " ".join(t.text for t in doc): doc
        for doc in read_columns(data / "wikigold" / "wikigold.conll.txt.gz", vocab)
    }
    with gzip.open(data / "gpt35_wikigold" / f"train_shuffle_42_demo_pool_{name}_500.json.gz", "rt") as file:
        for row in json.load(file):
            if row["sentence"] in gold:
                yield gold[row["sentence"]], row


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a gzipped JSON Lines file."""
    with gzip.open(path, "rt", encoding="utf8") as file:
        for line in file:
            yield json.loads(line)


def with_tags(doc: Doc, tags: list[str]) -> Doc:
    """A copy of a document with the entities of IOB tags."""
    spans, start = [], None
    for i, tag in enumerate([*tags, "O"]):
        if start is not None and (tag[0] != "I" or tag[2:] != tags[start][2:]):
            spans.append((start, i, tags[start][2:]))
            start = None
        if tag != "O" and start is None:
            start = i
    return with_spans(doc, spans)


def with_spans(doc: Doc, spans: list[tuple[int, int, str]], missing: set[int] | None = None) -> Doc:
    """A copy of a document with other entities."""
    made = Doc(doc.vocab, [t.text for t in doc], [bool(t.whitespace_) for t in doc])
    hidden = [made[i : i + 1] for i in sorted(missing or ())]
    made.set_ents([Span(made, *span) for span in spans], missing=hidden, default="outside")
    return made
