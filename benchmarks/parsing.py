"""How well raw answers are read: entity F1 against gold, beside their authors' parse and spacy-llm's.

python benchmarks/parsing.py --data DIR
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from spacy.tokens import Doc
from spacy.vocab import Vocab
from spacy_llm.tasks.ner.registry import make_ner_task_v3

from real_answers import (
    CONLL,
    PROMPTS,
    WIKIGOLD,
    Recorded,
    conll_answers,
    data_folder,
    wikigold_answers,
    with_spans,
)
from spacy_distill.labels.clean import label_quality
from spacy_distill.tasks.base import find_task
from spacy_distill.tasks.labels import LabelSet
from spacy_distill.tasks.ner.alignment import Alignment, align
from spacy_distill.tasks.ner.candidates import Parsed
from spacy_distill.tasks.ner.mention_search import WordIndex
from spacy_distill.tasks.ner.parsing import parse_answer
from spacy_distill.tasks.scores import add_counts, micro, prf

NER = find_task("ner")
Place = tuple[int, int, str]
LINE = re.compile(r"^(\d+\. .*?) \| (True|False) \| (.*?)\s*\((\w+)\)$", re.MULTILINE)


def main(data: Path) -> None:
    """Print all tables."""
    vocab = Vocab()
    for prompt in PROMPTS:
        answers = conll_answers(data, prompt, vocab)
        print(f"\n{prompt}: {len(answers)} answers")
        conll(answers)
    print("\nWikiGold, answers as Python dicts")
    for name in ("std", "std_c5"):
        wikigold(data, name, vocab)


def conll(answers: list[Recorded]) -> None:
    """The table of one prompt."""
    words = [[token.text for token in item.gold] for item in answers]
    start = time.process_time()
    found = [read(item.answer, some, CONLL) for item, some in zip(answers, words, strict=True)]
    seconds = time.process_time() - start
    golds, theirs = [item.gold for item in answers], [item.theirs for item in answers]
    ours = [labelled(doc, alignment, known_only=False) for doc, alignment in zip(golds, found, strict=True)]
    line("ours, every token", golds, ours)
    kept = [labelled(doc, alignment, known_only=True) for doc, alignment in zip(golds, found, strict=True)]
    sides = ((NER.read(gold), NER.read(doc)) for gold, doc in zip(golds, kept, strict=True))
    known = label_quality(NER, sides)
    show("ours, known tokens", prf(micro(known.counts)), f"{known.missing} of {known.places} tokens missing")
    line("the authors' parse", golds, theirs)
    line("spacy.NER.v3, as is", golds, spacy_llm(answers, lambda text: text))
    line(
        "spacy.NER.v3, rewritten",
        golds,
        spacy_llm(answers, lambda text: LINE.sub(r"\1 | \2 | \4 | \3", text)),
    )
    print(f"  {seconds:.2f} CPU seconds to parse and align, {len(answers) / seconds:.0f} answers a second")
    drops = Counter[str]()
    for alignment in found:
        drops.update(alignment.dropped)
    print("  dropped: " + ", ".join(f"{count} {reason}" for reason, count in drops.items()))
    differences(answers, ours)


def read(answer: str, words: list[str], labels: LabelSet) -> Alignment:
    """What the task does with an answer, without the document."""
    index = WordIndex(words)
    parsed = parse_answer(answer, labels, index)
    return align(index, parsed.candidates if parsed else (), labels)


def labelled(doc: Doc, alignment: Alignment, *, known_only: bool) -> Doc:
    """The document as an answer labels it; with unknown tokens missing, or "O"."""
    spans = [(entity.start, entity.end, entity.label) for entity in alignment.entities]
    return with_spans(doc, spans, alignment.missing if known_only else None)


def spacy_llm(answers: list[Recorded], rewrite: Callable[[str], str]) -> Iterator[Doc]:
    """What spacy-llm's parser makes of the answers.

    Its lines are `n. candidate | True | LABEL | reason`; the recorded ones have the label at the end.
    """
    task = make_ner_task_v3(labels=list(CONLL.labels))
    for item in answers:
        bare = with_spans(item.gold, [])
        yield next(iter(task.parse_responses([[bare]], [[rewrite(item.answer)]])))


def line(name: str, golds: Iterable[Doc], predicted: Iterable[Doc]) -> None:
    """Print precision, recall and F1."""
    counts = add_counts(
        NER.counts(NER.read(gold), NER.project(NER.read(doc), doc, gold))
        for gold, doc in zip(golds, predicted, strict=True)
    )
    show(name, prf(micro(counts)))


def show(name: str, scores: Iterable[float], note: str = "") -> None:
    """Print one row."""
    print(f"  {name:26}" + "".join(f"{100 * value:8.2f}" for value in scores) + f"   {note}")


def differences(answers: list[Recorded], ours: list[Doc]) -> None:
    """Where we read an answer otherwise than its authors: entities that only one of us has, by kind."""
    sentences, kinds = Counter[str](), Counter[tuple[str, str]]()
    for item, one in zip(answers, ours, strict=True):
        mine, yours, right = places(one), places(item.theirs), places(item.gold)
        if mine != yours:
            errors, their_errors = len(mine ^ right), len(yours ^ right)
            sentences[
                "better" if errors < their_errors else "worse" if errors > their_errors else "neither"
            ] += 1
        for whose, place in [("only ours", x) for x in mine - yours] + [
            ("only theirs", x) for x in yours - mine
        ]:
            other = yours if whose == "only ours" else mine
            kinds[kind_of(item, place, other), f"{whose}, {'right' if place in right else 'wrong'}"] += 1
    print("  sentences read otherwise: " + ", ".join(f"{n} {k}" for k, n in sorted(sentences.items())))
    for (kind, what), n in sorted(kinds.items()):
        print(f"    {kind:28}{what:20}{n:4}")


def places(doc: Doc) -> set[Place]:
    """The entities of a document."""
    return {(ent.start, ent.end, ent.label_) for ent in doc.ents}


def kind_of(item: Recorded, place: Place, other: set[Place]) -> str:
    """Why only one of the two has an entity."""
    start, end, label = place
    text = item.gold[start:end].text
    parsed = parse_answer(item.answer, CONLL) or Parsed(())
    listed = [candidate.text for candidate in parsed.candidates]
    if label not in CONLL:
        return "no such label"
    if any((start, end) == place[:2] for place in other):
        return "label of a repeated mention"
    if any(f"({text})" in name for name in listed):
        return "abbreviation in brackets"
    if text in listed:
        return "border or repeat"
    return "spelled otherwise" if parsed.complete else "answer breaks off"


def wikigold(data: Path, name: str, vocab: Vocab) -> None:
    """One row: the answers' text is a dict of mention to label."""
    pairs = []
    for gold, row in wikigold_answers(data, name, vocab):
        found = read(row["self_annotate"]["prediction"], [token.text for token in gold], WIKIGOLD)
        pairs.append((gold, labelled(gold, found, known_only=False)))
    counts = add_counts(NER.counts(NER.read(gold), NER.read(doc)) for gold, doc in pairs)
    show(f"{name}, {len(pairs)} sentences", prf(micro(counts)))


if __name__ == "__main__":
    main(data_folder(__doc__ or ""))
