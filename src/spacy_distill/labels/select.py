"""Which documents of a corpus are worth money, or a person's time: as many as a budget pays for."""

import heapq
import math
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..corpus.docbin import read_docs, write_docs
from ..corpus.duplicates import WORD, find_repeats
from ..corpus.entities import words_of
from ..corpus.files import check_outputs
from ..errors import DistillError
from ..teacher.estimate import forecast_each
from .committee import read_committee
from .voters import disagreement

Strategy = Literal["disagreement", "diverse", "random"]
Unit = Literal["words", "docs", "USD"]
# A comma stands before three digits: "2,5 USD" may be two and a half, and is not read as 25.
LIMIT = re.compile(r"((?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?) ?(words|docs|USD)", re.IGNORECASE)


class SpendingLimit(NamedTuple):
    """What may be spent on a selection.

    amount: above 0.
    unit: in what: words, documents, or US dollars for the teacher's answers.
    """

    amount: float
    unit: Unit

    def __str__(self) -> str:
        return f"{self.amount:,.12g} {self.unit}"


def parse_limit(text: str) -> SpendingLimit:
    """Read a budget such as "5000 words", "200 docs" or "3 USD".

    RAISES DistillError: if it is not of that form, or is nothing.
    """
    found = LIMIT.fullmatch(text.strip())
    amount = float(found[1].replace(",", "")) if found else 0.0
    if not found or not 0 < amount < math.inf:
        raise DistillError(
            f"The budget is {text!r}. Give a number above 0 and what it counts: "
            '"5000 words", "200 docs" or "3 USD".'
        )
    (unit,) = (one for one in get_args(Unit) if one.lower() == found[2].lower())
    return SpendingLimit(amount, unit)


class Selection(NamedTuple):
    """Documents that a budget pays for.

    chosen: their positions, in the order in which they were taken.
    cost: what they cost together.
    repeated: how many were passed over since they repeat one that was taken before, or a known one.
    """

    chosen: list[int]
    cost: float
    repeated: int


def choose(
    docs: Sequence[Doc],
    order: Iterable[int],
    costs: Sequence[float],
    limit: SpendingLimit,
    known: Sequence[Doc] = (),
    *,
    repeats: bool = False,
) -> Selection:
    """Take documents one by one as long as the budget lasts; one that costs too much is passed over.

    order: positions of documents, the best first.
    costs: what each document costs, in the unit of the budget, above 0.
    known: documents that none may repeat.
    repeats: whether documents may repeat others.
    RAISES DistillError: if there is no document, none costs so little, or all that do repeat a known one.
    """
    if not costs:
        raise DistillError("There is no document with words to choose from.")
    if (cheapest := min(costs)) > limit.amount:
        raise DistillError(
            f"The budget of {limit} is below the cheapest of {len(costs):,} documents, which costs "
            f"{_rounded_up(cheapest, limit.unit)}. Give at least that."
        )
    chosen: list[int] = []
    cost, repeated = 0.0, 0
    # Of what a document is compared with each is taken, so what costs too much must not come so far.
    affordable = (i for i in order if cost + costs[i] <= limit.amount)
    found = ((i, False) for i in affordable) if repeats else find_repeats(docs, affordable, known)
    for i, is_repeat in found:
        repeated += is_repeat
        if not is_repeat:
            chosen.append(i)
            cost += costs[i]
        if cost + cheapest > limit.amount:
            break
    if not chosen and repeated:
        raise DistillError(
            f"Every document that {limit} can buy repeats one of the excluded corpora: {repeated:,} of "
            f"{len(costs):,}. Give a larger budget, or exclude less."
        )
    return Selection(chosen, cost, repeated)


def _rounded_up(amount: float, unit: Unit) -> SpendingLimit:
    """An amount in three digits or in whole numbers, so that what is advised is enough."""
    scale = 10.0 ** max(0, 2 - math.floor(math.log10(amount)))
    return SpendingLimit(math.ceil(amount * scale) / scale, unit)


def word_count(doc: Doc) -> int:
    """The number of words of a document."""
    return len(words_of(doc))


def by_value(values: Sequence[float], costs: Sequence[float], seed: int = 0) -> list[int]:
    """The positions of documents, those with the most value for their cost first.

    seed: decides between those of the same value.
    """
    order = list(range(len(values)))
    random.Random(seed).shuffle(order)
    return sorted(order, key=lambda i: -values[i] / costs[i])


def by_new_words(
    docs: Sequence[Doc], costs: Sequence[float], known: Sequence[Doc] = (), most: float = math.inf
) -> Iterator[int]:
    """The positions of documents, each time that which brings most new words for its cost.

    A word counts by the logarithm of one more than its number in the corpus, and counts once.

    known: documents whose words are not new.
    most: documents that cost more are left out.
    """
    words = [frozenset(WORD.findall(doc.text.casefold())) for doc in docs]
    number = Counter(word for some in words for word in some)
    seen = {word for doc in known for word in WORD.findall(doc.text.casefold())}

    def value(i: int) -> float:
        return math.fsum(sorted(math.log1p(number[word]) for word in words[i] - seen)) / costs[i]

    heap = [(-value(i), i) for i in range(len(docs)) if costs[i] <= most]
    heapq.heapify(heap)
    while heap:
        # What a document brings only shrinks: one that is still the best after counting again is the best.
        _, i = heapq.heappop(heap)
        now = -value(i)
        if heap and now > heap[0][0]:
            heapq.heappush(heap, (now, i))
        else:
            seen |= words[i]
            yield i


@dataclass(frozen=True)
class SelectOptions:
    """How documents are chosen for the teacher.

    strategy: "disagreement" of a committee's members for the cost; "diverse": most new words for the cost;
        "random"; None: disagreement with a committee, else random.
    committee: folder of a committee.
    teacher: a teacher's config: what it has answered is left out, and its prices say what documents cost.
    overrides: values of that config by dotted name.
    exclude: corpora whose documents are neither chosen nor repeated.
    seed: of the random order, and between documents of the same value.
    """

    strategy: Strategy | None = None
    committee: Path | None = None
    teacher: Path | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    exclude: Sequence[Path] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        if self.strategy is not None and self.strategy not in get_args(Strategy):
            raise DistillError(
                f"The strategy is {self.strategy!r}. Allowed are {', '.join(get_args(Strategy))}."
            )
        if self.strategy == "disagreement" and self.committee is None:
            raise DistillError(
                "Nobody is there to disagree. Give --committee DIR, or another strategy: "
                f"{', '.join(get_args(Strategy)[1:])}."
            )
        if self.overrides and self.teacher is None:
            raise DistillError(
                f"{', '.join(map(str, self.overrides))} is a value of a teacher's config. Give --teacher."
            )
        if self.strategy in ("diverse", "random") and self.committee is not None:
            raise DistillError(
                f"The strategy {self.strategy!r} asks no committee. Leave --committee out, or the strategy."
            )


@dataclass
class SelectionReport:
    """What was chosen.

    strategy: by what.
    documents, words: what was chosen.
    of_documents, of_words: what it was chosen from.
    repeated: documents that were passed over since they repeat a better one, or an excluded one.
    answered: documents of which there is nothing to ask, since the teacher has answered.
    disagreement: the share of all disagreement that was chosen, in [0, 1]; None without a committee.
    cost: US dollars that answers for it will cost, about; None without a teacher whose prices are known.
    """

    strategy: Strategy
    documents: int = 0
    words: int = 0
    of_documents: int = 0
    of_words: int = 0
    repeated: int = 0
    answered: int = 0
    disagreement: float | None = None
    cost: float | None = None


DEFAULTS = SelectOptions()


def select(
    unlabelled: Path, out: Path, limit: SpendingLimit, options: SelectOptions = DEFAULTS
) -> SelectionReport:
    """Choose the documents that a teacher should label next, and write them, the most valuable first.

    unlabelled: the corpus to choose from; its labels are not looked at.
    out: the `.spacy` file to write.
    limit: what they may cost.
    options: how to choose.
    RAISES DistillError: if a file cannot be used, prices are not known, the budget is below the cheapest
        document, or the committee and the teacher know different labels.
    """
    committee = options.committee
    check_outputs([out], [unlabelled, options.teacher, committee, *options.exclude])
    if limit.unit == "USD" and options.teacher is None:
        raise DistillError(
            f"What {limit} buys depends on the teacher. Give its config with --teacher, or a budget in words "
            "or docs."
        )
    trained = read_committee(committee) if committee else None
    every = list(read_docs(unlabelled, Vocab()))
    forecast = forecast_each(options.teacher, unlabelled, options.overrides) if options.teacher else None
    if forecast:
        check_outputs([out], forecast.files)
    if forecast and trained:
        trained.check_same(forecast.task, forecast.labels, str(options.teacher))
    full = [i for i, doc in enumerate(every) if word_count(doc)]
    kept = [i for i in full if forecast is None or forecast.to_ask[i]]
    if not kept:
        raise DistillError(
            f"There is nothing to ask of the {len(every):,} documents of {unlabelled}: "
            f"{len(every) - len(full):,} have no words, and the teacher has answered {len(full):,}."
        )
    docs, words = [every[i] for i in kept], [word_count(every[i]) for i in kept]
    dollars = [forecast.costs[i] for i in kept] if forecast and forecast.costs else None
    if limit.unit == "USD" and not all(dollars or [0]):
        raise DistillError(
            f"{options.teacher} does not say what its model costs. Set components.llm.model.prices, in US "
            "dollars per million tokens: --components.llm.model.prices.input 2.5 "
            "--components.llm.model.prices.output 10; or give a budget in words or docs."
        )
    costs: Sequence[float] = words if limit.unit == "words" else [1] * len(docs)
    if limit.unit == "USD" and dollars:
        costs = dollars
    known = [doc for path in options.exclude for doc in read_docs(path, Vocab())]
    strategy = options.strategy or ("disagreement" if trained else "random")
    values: list[float] = []
    order: Iterable[int]
    if trained is not None:
        said = trained.ask(docs)
        values = [disagreement(list(one.annotations.values()), one.weights) for one in said]
        order = by_value(values, costs, options.seed)
    elif strategy == "diverse":
        order = by_new_words(docs, costs, known, limit.amount)
    else:
        order = by_value([0.0] * len(docs), costs, options.seed)
    selection = choose(docs, order, costs, limit, known)
    chosen = selection.chosen
    write_docs((docs[i] for i in chosen), out)
    return SelectionReport(
        strategy,
        len(chosen),
        sum(words[i] for i in chosen),
        len(docs),
        sum(words),
        selection.repeated,
        len(full) - len(docs),
        sum(values[i] for i in chosen) / total if (total := sum(values)) else None,
        sum(dollars[i] for i in chosen) if dollars else None,
    )
