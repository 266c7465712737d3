"""The documents of a pool that are worth a person's time, as a page for the browser or for another tool."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..corpus.docbin import read_docs
from ..corpus.files import check_outputs, write_bytes
from ..corpus.formats.known import draft_format
from ..corpus.formats.rows import row_of
from ..corpus.provenance import REVIEW, doc_id, record
from ..errors import DistillError
from ..escapes import template_environment
from ..tasks.annotation import Annotation, Item
from ..tasks.base import set_task
from .committee import HALF, read_committee
from .highlighting import STYLE, Palette
from .select import SpendingLimit, by_value, choose, word_count
from .vote import merge_views
from .voters import VotedPool, ask_voters

TEMPLATES = Path(__file__).parent / "templates"
PAGE = "html"


@dataclass(frozen=True)
class ReviewOptions:
    """What a person gets to see.

    words: how many words there are to read at most.
    format: "html": a page; else the name of a format that suggestions can be written in.
    labels: labels that can be given beside those that somebody has given.
    exclude: corpora whose documents are neither shown nor repeated, for instance what was reviewed before.
    seed: decides between documents of the same value.
    """

    words: int = 5000
    format: str = PAGE
    labels: Sequence[str] = ()
    exclude: Sequence[Path] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        if self.words < 1:
            raise DistillError(f"`words` is {self.words}. Give the number of words to read, 1 or more.")
        if bad := [label for label in self.labels if not label.strip()]:
            raise DistillError(f"The label {bad[0]!r} is empty. Give names: PER, ORG.")


@dataclass
class ReviewReport:
    """What a person gets to see.

    items: what the task calls them.
    labels: the labels that can be given.
    voters: who is asked.
    documents, words: what was chosen; of them, disputed documents.
    of_documents, of_words: what it was chosen from.
    repeated: documents that were passed over since they repeat a better one, or an excluded one.
    learned: documents from which voting members had learned.
    disagreement: the share of all disagreement that was chosen, in [0, 1].
    """

    items: str
    labels: Sequence[str]
    voters: list[str] = field(default_factory=list)
    documents: int = 0
    words: int = 0
    disputed: int = 0
    of_documents: int = 0
    of_words: int = 0
    repeated: int = 0
    learned: int = 0
    disagreement: float = 0.0


DEFAULTS = ReviewOptions()


def review(
    pool: Path,
    views: Sequence[Path],
    out: Path,
    committee: Path | None = None,
    options: ReviewOptions = DEFAULTS,
) -> ReviewReport:
    """Choose the documents on which views and a committee disagree most for each word, and write them.

    The page shows what each says; a person makes the annotation right, and downloads it as JSON Lines, which
    `import` reads as gold. Formats of other tools get what half of the votes say as a suggestion.

    pool: the documents, with or without views.
    views: further files with views of the same documents.
    out: the file to write.
    committee: a committee's folder.
    options: what is shown.
    RAISES DistillError: if a file cannot be used, nobody can disagree, or the budget is below the shortest
        document.
    """
    check_outputs([out], [committee, pool, *views, *options.exclude])
    trained = read_committee(committee) if committee else None
    target = None if options.format == PAGE else draft_format(options.format, PAGE)
    merged = merge_views([pool, *views], committee=trained, of_first=True)
    voted = ask_voters(merged, pool, trained)
    docs = voted.docs
    voters = list(dict.fromkeys(name for i in range(len(docs)) for name in voted.votes(i)[0]))
    if len(voters) < 2:
        raise DistillError(
            f"Nobody disagrees: of {pool} there is only what {', '.join(voters) or 'nobody'} says. Give a "
            "committee's folder before the pool, or files with further views behind it."
        )
    kept = [i for i, doc in enumerate(docs) if word_count(doc)]
    values, words = [voted.disagreement(i) for i in kept], [word_count(docs[i]) for i in kept]
    known = [doc for path in options.exclude for doc in read_docs(path, Vocab())]
    order = by_value(values, words, options.seed)
    selection = choose([docs[i] for i in kept], order, words, SpendingLimit(options.words, "words"), known)
    chosen = [kept[i] for i in selection.chosen]
    labels = sorted({*voted.labels, *options.labels})
    facts = {"pool": pool_hash(docs), "task": voted.task.name, "labels": labels, "documents": len(chosen)}
    times = Counter(map(doc_id, docs))
    for i in chosen:
        # An import takes an id once. Documents that share one are found by their texts: none repeats another.
        if times[doc_id(docs[i])] > 1:
            record(docs[i]).pop("id", None)
        set_task(docs[i], voted.task.name)
        record(docs[i])["meta"] = {**record(docs[i]).get("meta", {}), REVIEW: facts}
    if target is None:
        write_bytes(_page(voted, chosen, pool.name, facts).encode(), out)
    else:
        for i in chosen:
            voted.task.write(docs[i], _suggestion(voted, i))
        target.write_drafts([docs[i] for i in chosen], out)
    return ReviewReport(
        voted.task.items,
        labels,
        voters,
        len(chosen),
        round(selection.cost),
        sum(values[i] > 0 for i in selection.chosen),
        len(kept),
        sum(words),
        selection.repeated,
        sum(voted.members[i].learned for i in chosen),
        sum(values[i] for i in selection.chosen) / (sum(values) or 1.0),
    )


def pool_hash(docs: Sequence[Doc]) -> str:
    """What a pool is recognised by: ids and tokens of its documents, whatever their labels."""
    total = hashlib.sha256()
    for doc in docs:
        total.update(json.dumps([doc_id(doc), [token.text for token in doc]]).encode())
    return total.hexdigest()[:16]


def _suggestion(voted: VotedPool, i: int) -> Annotation:
    """What half of the votes on a document say."""
    annotations, weights = voted.votes(i)
    if not annotations:
        return Annotation.unknown(voted.task.size(voted.docs[i]))
    return voted.task.combine(list(annotations.values()), HALF, weights).annotation


def _page(voted: VotedPool, chosen: Sequence[int], name: str, facts: dict[str, Any]) -> str:
    """The page: all text of the corpus is data within it, and nothing is loaded from elsewhere."""
    palette = Palette(facts["labels"])
    data = {
        "pool": facts["pool"],
        "task": facts["task"],
        "name": Path(name).stem,
        "marked": voted.task.marked,
        "items": voted.task.items,
        "labels": [{"name": label, "hue": palette.hue(label)} for label in facts["labels"]],
        "documents": [_shown(voted, i) for i in chosen],
    }
    template = template_environment(TEMPLATES, html=True).get_template("review.html.jinja")
    return template.render(data=data, name=name, style=STYLE, documents=len(chosen))


def _shown(voted: VotedPool, i: int) -> dict[str, Any]:
    """A document as the page has it.

    row: what `import` reads, but for the annotation.
    places: the characters that each place stands on; blank: the numbers of those that are space.
    start: what the person begins with: items and missing places.
    views: who says what; those that say the same are together, those with most votes first.
    """
    task, doc = voted.task, voted.docs[i]
    places = [task.characters(doc, Item(n, n + 1, "")) for n in range(task.size(doc))]
    annotations, weights = voted.votes(i)
    said: dict[Annotation, dict[str, Any]] = {}
    for (name, annotation), weight in zip(annotations.items(), weights, strict=True):
        view = said.setdefault(annotation, {"names": [], "votes": 0.0, **_plain(annotation)})
        view["names"].append(name)
        view["votes"] += weight
    return {
        "key": pool_hash([doc]),
        "row": row_of(doc),
        "words": word_count(doc),
        "places": places if task.marked == "spans" else [],
        "blank": [n for n, (start, end) in enumerate(places) if doc.text[start:end].isspace()],
        "start": _plain(_suggestion(voted, i)),
        "views": sorted(said.values(), key=lambda view: -view["votes"]),
    }


def _plain(annotation: Annotation) -> dict[str, list[Any]]:
    return {"items": [list(item) for item in annotation.items], "missing": sorted(annotation.missing)}
