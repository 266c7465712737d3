"""What training draws is what the schedule says, example by example."""

import random
from collections import Counter
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from confection import ConfigValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy import registry
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.training.loop import create_train_batches
from spacy.vocab import Vocab

from helpers.blending import (
    Corpus,
    blended,
    make_docs,
    make_nlp,
    name_of,
    registered,
    source_of,
    totals_of,
    train,
)


def gold_and_distilled(corpus: Corpus, gold: int = 7, distilled: int = 11) -> dict[str, Path]:
    return {"gold": corpus("gold", gold), "distilled": corpus("distilled", distilled)}


def is_gold(example: Example) -> bool:
    return name_of(example).startswith("gold")


@pytest.fixture(scope="session")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], Path]:
    folder = tmp_path_factory.mktemp("corpora")
    sizes = [1, 2, 5, 13, 40]
    for name in ("gold", "conll", "bbc"):
        for size in sizes:
            DocBin(docs=make_docs(name, size)).to_disk(folder / f"{name}-{size}.spacy")
    return {
        (name, size): folder / f"{name}-{size}.spacy" for name in ("gold", "conll", "bbc") for size in sizes
    }


SIZES = st.sampled_from([1, 2, 5, 13, 40])


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shares=st.lists(st.floats(0.01, 0.99), min_size=1, max_size=25),
    size=st.integers(1, 20),
    seed=st.integers(0, 5),
    sizes=st.tuples(SIZES, SIZES, SIZES),
    window=st.sampled_from([1, 4, 100]),
    grouped=st.booleans(),
)
def test_shares_and_passes_are_exact_at_every_draw(
    corpora: dict[tuple[str, int], Path],
    shares: list[float],
    size: int,
    seed: int,
    sizes: tuple[int, int, int],
    window: int,
    grouped: bool,
):
    documents = dict(zip(("gold", "conll", "bbc"), sizes, strict=True))
    reader = blended(
        corpora["gold", sizes[0]],
        {"conll": corpora["conll", sizes[1]], "bbc": corpora["bbc", sizes[2]]},
        iter(shares),
        weights={"conll": 2, "bbc": 1},
        seed=seed,
        shuffle_window=window,
        group_by_length=grouped,
    )
    nlp = make_nlp(max_steps=len(shares) - 1) if len(shares) > 1 else make_nlp(max_steps=1)
    if len(shares) == 1:
        reader.share = iter(shares * 2)
        shares = shares * 2
    seen: Counter[str] = Counter()
    planned, distilled = Fraction(0), Counter({"conll": 0, "bbc": 0})
    for step, batch in enumerate(train(nlp, reader, len(shares) - 1, size)):
        for example in batch:
            planned += Fraction(shares[step])
            seen[name_of(example)] += 1
            source = source_of(example)
            if source != "gold":
                distilled[source] += 1
            # The realised count is within one of the planned sum at every draw.
            assert abs(distilled.total() - planned) <= Fraction(1, 2)
            assert abs(distilled["conll"] - Fraction(2, 3) * distilled.total()) < 1
            # No document comes twice before all of its source came once.
            own = [seen[f"{source}{i}"] for i in range(documents[source])]
            assert max(own) - min(own) <= 1
    totals = totals_of(nlp)
    assert totals.examples == seen.total()
    assert totals.distilled == distilled.total()
    assert totals.planned == pytest.approx(float(planned))


def test_each_step_sees_the_share_of_that_step(corpus: Corpus):
    shares = [1.0, 0.0, 0.5, 1.0, 0.25]
    reader = blended(**gold_and_distilled(corpus), share=iter(shares))
    batches = list(train(make_nlp(max_steps=4), reader, 4, 8))
    assert [sum(not is_gold(eg) for eg in batch) / 8 for batch in batches] == shares


@pytest.mark.parametrize("size", [1, 5, 16, 40])
def test_no_batch_of_a_training_is_cut_short(corpus: Corpus, size: int):
    batcher = {"@batchers": "spacy.batch_by_sequence.v1", "size": size}
    nlp, track = make_nlp(max_steps=20, batcher=batcher), registered("callbacks", "track_progress")()
    reader = blended(**gold_and_distilled(corpus), share=0.5)
    by_sequence = registry.resolve({"batcher": batcher})["batcher"]
    lengths = []
    for epoch, batch in create_train_batches(nlp, reader, by_sequence, -1):
        track(nlp, {"step": len(lengths), "epoch": epoch})
        lengths.append(len(batch))
        if len(lengths) == 21:
            break
    assert lengths == [size] * 21


def test_outside_training_a_call_is_one_pass_and_ends(corpus: Corpus):
    paths = gold_and_distilled(corpus)
    nlp = make_nlp()
    assert len(list(blended(**paths, share=0.0)(nlp))) == 7
    assert len(list(blended(**paths, share=1.0)(nlp))) == 11
    assert len(list(blended(**paths, share=0.5)(nlp))) == 14
    pooled = sorted(name_of(eg) for eg in blended(**paths, share=None)(nlp))
    assert pooled == sorted([f"gold{i}" for i in range(7)] + [f"distilled{i}" for i in range(11)])


def test_after_training_a_call_ends_too(corpus: Corpus):
    nlp = make_nlp(max_steps=3)
    reader = blended(**gold_and_distilled(corpus), share=0.5)
    list(train(nlp, reader, 3, 4))
    assert len(list(reader(nlp))) == 14


def test_initialization_leaves_the_training_reader_as_it_was(corpus: Corpus):
    paths = gold_and_distilled(corpus)
    nlp, fresh = make_nlp(max_steps=5), make_nlp(max_steps=5)
    initial = blended(**paths, share=0.5, seed=3)
    for _ in range(4):
        list(islice(initial(nlp), 5))
    random.seed(1)
    random.shuffle(list(range(10)))
    after = [[name_of(eg) for eg in b] for b in train(nlp, blended(**paths, share=0.5, seed=3), 5, 4)]
    alone = [[name_of(eg) for eg in b] for b in train(fresh, blended(**paths, share=0.5, seed=3), 5, 4)]
    assert after == alone
    other = [[name_of(eg) for eg in b] for b in train(fresh, blended(**paths, share=0.5, seed=4), 5, 4)]
    assert after != other


def test_the_order_of_gold_does_not_depend_on_the_rest(corpus: Corpus):
    paths = gold_and_distilled(corpus)
    only = [name_of(eg) for eg in islice(blended(paths["gold"], None, 0.0)(make_nlp()), 7)]
    both = [name_of(eg) for eg in blended(**paths, share=0.5)(make_nlp()) if is_gold(eg)]
    assert both == only


def test_exposures_are_counted_by_source(corpus: Corpus):
    paths = {"conll": corpus("conll", 4), "bbc": corpus("bbc", 4)}
    reader = blended(corpus("gold", 4), paths, 0.5, weights={"conll": 3, "bbc": 1})
    nlp = make_nlp(max_steps=3)
    batches = list(train(nlp, reader, 3, 8))
    totals = totals_of(nlp)
    exposures = totals.exposures()
    assert {name: e["examples"] for name, e in exposures.items()} == {"gold": 16, "conll": 12, "bbc": 4}
    assert {name: e["epochs"] for name, e in exposures.items()} == {"gold": 4, "conll": 3, "bbc": 1}
    words = Counter()
    for example in (eg for batch in batches for eg in batch):
        words[source_of(example)] += len(example.predicted)
    assert {name: e["words"] for name, e in exposures.items()} == words


def test_a_corpus_without_a_name_is_drawn_from_as_planned(corpus: Corpus):
    reader = blended(corpus("gold", 8), {"": corpus("bare", 8)}, 0.5)
    drawn = Counter(source_of(eg) for eg in islice(reader(make_nlp()), 8))
    assert drawn == {"gold": 4, "bare": 4}


def test_without_weights_the_documents_count(corpus: Corpus):
    paths = {"conll": corpus("conll", 30), "bbc": corpus("bbc", 10)}
    drawn = Counter(source_of(eg) for eg in islice(blended(None, paths, 1.0)(make_nlp()), 20))
    assert drawn == {"conll": 15, "bbc": 5}


def test_a_source_that_no_share_asks_for_need_not_be_there(corpus: Corpus, tmp_path: Path):
    gold = corpus("gold", 3)
    for distilled in (None, tmp_path / "nowhere.spacy"):
        assert len(list(blended(gold, distilled, 0.0)(make_nlp()))) == 3
    assert len(list(blended(None, gold, 1.0)(make_nlp()))) == 3


@pytest.mark.parametrize("share", [0.5, None, 0.0])
def test_a_missing_gold_corpus_is_refused_if_a_share_asks_for_it(corpus: Corpus, share: Any):
    with pytest.raises(
        ConfigValidationError, match=r"train -> gold.*no gold corpus is given. Set gold in \[paths\]"
    ):
        blended(None, corpus("distilled", 3), share)(make_nlp())


@pytest.mark.parametrize("share", [0.5, None, 1.0])
def test_a_missing_distilled_corpus_is_refused_if_a_share_asks_for_it(corpus: Corpus, share: Any):
    with pytest.raises(ConfigValidationError, match=r"train -> distilled.*Set distilled in \[paths\]"):
        blended(corpus("gold", 3), None, share)(make_nlp())


def test_an_empty_corpus_is_refused_and_says_what_it_holds(corpus: Corpus):
    unanswered = [Doc(Vocab(), words=["no", "labels"]), Doc(Vocab(), words=["none"]), Doc(Vocab(), words=[])]
    with pytest.raises(ConfigValidationError, match=r"no document to train on .*2 unannotated.*1 empty"):
        blended(corpus("gold", 3), corpus("none", 0, extra=unanswered), 0.5)(make_nlp())


@pytest.mark.parametrize("content", [b"", b"not a DocBin", b'{"text": "x"}'])
def test_a_file_that_is_no_docbin_is_refused_by_name(corpus: Corpus, tmp_path: Path, content: bytes):
    broken = tmp_path / "broken.spacy"
    broken.write_bytes(content)
    with pytest.raises(ValueError, match=r"broken.spacy is not a .spacy file"):
        blended(corpus("gold", 3), broken, 0.5)(make_nlp())


def test_documents_that_are_left_out_are_counted(corpus: Corpus):
    extra = [Doc(Vocab(), words=["no", "labels"]), Doc(Vocab(), words=[])]
    extra.append(Doc(Vocab(), words=["x"] * 9, ents=["O"] * 9))
    nlp = make_nlp()
    path = corpus("gold", 3, extra=extra)
    assert len(list(blended(path, None, 0.0, max_length=8)(nlp))) == 3
    totals = totals_of(nlp)
    assert totals.skipped == {"gold": {"unannotated": 1, "empty": 1, "too_long": 1}}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weights": {"other": 1}}, "weights names other, but the distilled corpora are distilled"),
        ({"weights": {"distilled": -1}}, "weight of distilled is -1"),
        ({"weights": {"distilled": float("nan")}}, "weight of distilled is nan"),
        ({"weights": {"distilled": 0}}, "All weights are 0"),
        ({"distilled": {"gold": "a.spacy"}}, 'called "gold"'),
        ({"max_length": -1}, "max_length is -1"),
        ({"shuffle_window": 0}, "shuffle_window is 0"),
    ],
)
def test_wrong_arguments_are_refused_when_the_reader_is_made(arguments: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        blended(**{"gold": "g.spacy", "distilled": "d.spacy", "share": 0.5, **arguments})


def test_every_argument_reaches_the_reader():
    arguments = {
        "gold": Path("g.spacy"),
        "distilled": {"conll": Path("c.spacy"), "bbc": Path("b.spacy")},
        "share": 0.5,
        "weights": {"conll": 2.0, "bbc": 1.0},
        "seed": 3,
        "max_length": 50,
        "shuffle_window": 9,
        "group_by_length": True,
    }
    block = {"@readers": "spacy_distill.BlendedCorpus.v1", **arguments}
    reader = registry.resolve({"reader": block})["reader"]
    assert {name: getattr(reader, name) for name in arguments} == arguments


def test_a_share_out_of_range_is_refused_before_the_first_example(corpus: Corpus):
    reader = blended(**gold_and_distilled(corpus), share=iter([1.0] * 9 + [2.0, 1.0]))
    with pytest.raises(ConfigValidationError, match=r"share at step 9 is 2.0"):
        reader(make_nlp(max_steps=10))


def test_a_schedule_is_drawn_once_only(corpus: Corpus):
    reader = blended(**gold_and_distilled(corpus), share=iter([0.5] * 100))
    reader(make_nlp(max_steps=10))
    with pytest.raises(ValueError, match="planned 10 steps and cannot plan 20"):
        reader(make_nlp(max_steps=20))


def test_an_error_in_a_schedule_of_ones_own_is_passed_on(corpus: Corpus):
    def schedule() -> Any:
        yield 1.0
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        blended(**gold_and_distilled(corpus), share=schedule())(make_nlp())
