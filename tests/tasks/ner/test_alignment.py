"""From candidates to spans: what holds, what is dropped and why, and what stays unknown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.reading import Candidate, LabelSet, WordIndex, align

LABELS = LabelSet(["LOC", "ORG", "PER"], {"city": "LOC", "DATE": "O"})


def yes(text, label="LOC"):
    return Candidate(text, label, True)


def no(text, label="", reason=""):
    return Candidate(text, label, False, reason)


def run(text, *candidates, repeats="all"):
    words = text.split(" ")
    result = align(WordIndex(words), candidates, LABELS, repeats)
    return (
        [(" ".join(words[e.start : e.end]), e.start, e.label) for e in result.entities],
        sorted(result.missing),
        {reason: n for reason, n in result.dropped.items() if n},
    )


def test_order_does_not_matter():
    text = "Ann left Rome for Bonn"
    expected = [("Ann", 0, "PER"), ("Rome", 2, "LOC"), ("Bonn", 4, "LOC")]
    assert run(text, yes("Bonn"), yes("Ann", "PER"), yes("Rome", "city"))[0] == expected


def test_repeated_mentions_take_successive_occurrences():
    text = "Norilsk pays Norilsk and Norilsk"
    assert run(text, yes("Norilsk"), yes("Norilsk", "ORG"), yes("Norilsk"))[0] == [
        ("Norilsk", 0, "LOC"),
        ("Norilsk", 2, "ORG"),
        ("Norilsk", 4, "LOC"),
    ]


def test_a_mention_listed_once_labels_all_occurrences_or_the_first():
    text = "Rome , Rome"
    assert run(text, yes("Rome"))[0] == [("Rome", 0, "LOC"), ("Rome", 2, "LOC")]
    assert run(text, yes("Rome"), repeats="listed")[0] == [("Rome", 0, "LOC")]


def test_occurrences_beyond_listings_that_differ_stay_unknown():
    entities, unknown, _ = run("Rome , Rome , Rome", yes("Rome"), yes("Rome", "ORG"))
    assert entities == [("Rome", 0, "LOC"), ("Rome", 2, "ORG")]
    assert unknown == [4]


@given(st.permutations([yes("Rome , Italy", "HUMAN"), yes("Rome"), yes("Italy"), no("Bonn")]))
def test_what_stands_within_a_mention_without_a_clear_label_is_looked_for_elsewhere(candidates):
    entities, unknown, dropped = run("Rome , Italy pays Rome and Bonn", *candidates)
    assert entities == [("Rome", 4, "LOC")]
    assert unknown == [0, 1, 2]
    assert dropped == {"unknown_label": 1, "overlap": 1}


def test_listings_beyond_occurrences_are_duplicates_and_acceptance_comes_first():
    assert run("Rome fell", yes("Rome"), yes("Rome")) == ([("Rome", 0, "LOC")], [], {"duplicate": 1})
    assert run("Rome fell", no("Rome"), yes("Rome"))[0] == [("Rome", 0, "LOC")]


def test_a_mention_under_more_labels_than_places_is_missing():
    both = {"duplicate": 1, "unknown_label": 1}
    assert run("Rome fell", yes("Rome"), yes("Rome", "ORG")) == ([], [0], both)
    assert run("Ann Rome left Rome", yes("Ann Rome", "PER"), yes("Rome"), yes("Rome", "PER"))[:2] == (
        [("Ann Rome", 0, "PER")],
        [3],
    )


def test_the_longest_wins_and_the_shorter_mention_is_looked_for_elsewhere():
    text = "George Washington left Washington"
    assert run(text, yes("Washington"), yes("George Washington", "PER"))[0] == [
        ("George Washington", 0, "PER"),
        ("Washington", 3, "LOC"),
    ]
    assert run("Bank of England", yes("England"), yes("Bank of England", "ORG")) == (
        [("Bank of England", 0, "ORG")],
        [],
        {"overlap": 1},
    )


def test_of_two_that_overlap_in_part_the_loser_leaves_its_tokens_unknown():
    entities, unknown, dropped = run(
        "New York Giants Stadium", yes("New York Giants", "ORG"), yes("Giants Stadium")
    )
    assert entities == [("New York Giants", 0, "ORG")]
    assert unknown == [3]
    assert dropped == {"overlap": 1}


def test_a_rejected_longer_mention_claims_nothing():
    result = align(
        WordIndex(["President", "Ann", "Lee"]),
        [no("President Ann Lee", "", "a title"), yes("Ann Lee", "PER")],
        LABELS,
    )
    assert [tuple(e) for e in result.entities] == [(1, 3, "PER", "")]
    assert [tuple(e) for e in result.rejected] == [(0, 3, "", "a title")]


def test_what_is_dropped_is_counted_and_its_place_is_unknown():
    assert run("Rome fell", yes("Carthage")) == ([], [0], {"invented": 1})
    assert run("a Polish-born poet", yes("Polish")) == ([], [1], {"misaligned": 1})
    assert run("on Friday", yes("Friday", "DAY")) == ([], [1], {"unknown_label": 1})
    assert run("on Friday", yes("Friday", "DATE")) == ([], [], {})
    assert run("on Friday", yes("Friday", "None")) == ([], [], {})
    assert run("on Friday", no("Saturday")) == ([], [], {})


def test_a_place_that_an_entity_holds_is_not_unknown():
    assert run("Rome fell", yes("Rom", "PER"), yes("Rome"))[:2] == ([("Rome", 0, "LOC")], [])


def test_a_name_with_its_abbreviation_is_two_mentions():
    text = "the World Trade Organisation ( WTO ) met"
    for mention in ("World Trade Organisation (WTO)", "World Trade Organisation ( WTO )"):
        assert run(text, yes(mention, "ORG"))[0] == [
            ("World Trade Organisation", 1, "ORG"),
            ("WTO", 5, "ORG"),
        ]
    assert run("Ray ( 12 ) won", yes("Ray (12)", "PER"))[0] == [("Ray ( 12 )", 0, "PER")]


words = st.lists(st.sampled_from(["a", "b", "ab", "A", "c.", "", "ß", "İ"]), max_size=8)
mentions = st.builds(
    Candidate,
    st.lists(st.sampled_from(["a", "b", "A", "c", "ss", "i", " ", "(AB)", "zz"]), max_size=4).map("".join),
    st.sampled_from(["LOC", "ORG", "city", "DATE", "none", "?", ""]),
    st.booleans(),
)


@given(words, st.lists(mentions, max_size=8), st.sampled_from(["all", "listed"]))
def test_spans_are_sound_and_every_accepted_candidate_is_accounted_for(words, candidates, repeats):
    result = align(WordIndex(words), candidates, LABELS, repeats)
    covered = [i for e in result.entities for i in range(e.start, e.end)]
    assert len(covered) == len(set(covered))
    assert all(0 <= e.start < e.end <= len(words) and e.label in LABELS.labels for e in result.entities)
    assert result.missing <= set(range(len(words))) - set(covered)
    assert result.entities == sorted(result.entities)
    assert result.candidates >= len(candidates)
    assert not {e[:2] for e in result.rejected} & {e[:2] for e in result.entities}


@given(words, st.lists(mentions.filter(lambda c: "(" not in c.text), max_size=8))
def test_every_accepted_candidate_is_placed_or_dropped(words, candidates):
    result = align(WordIndex(words), candidates, LABELS, "listed")
    accepted = sum(c.accepted and LABELS.resolve(c.label) != "O" for c in candidates)
    assert len(result.entities) + sum(result.dropped.values()) == accepted


@given(words, st.lists(mentions, max_size=6), st.randoms())
def test_the_order_of_different_mentions_does_not_matter(words, candidates, random):
    distinct = list(
        {c.text: c for c in candidates if c.accepted and "(" not in c.text and c.label == "LOC"}.values()
    )
    shuffled = random.sample(distinct, len(distinct))
    one, other = (align(WordIndex(words), some, LABELS) for some in (distinct, shuffled))
    assert {e[:3] for e in one.entities} == {e[:3] for e in other.entities}


class CountedWords(list):
    """Words that count how often somebody goes through all of them."""

    passes = 0

    def __iter__(self):
        self.passes += 1
        return super().__iter__()


@pytest.mark.parametrize("spelling", ["Zuzuqix {}", "{}", "Alpha{}x Wordq{}", "¡{}!"])
def test_spellings_that_stand_nowhere_make_nobody_read_a_long_text_again(spelling):
    def passes(number):
        words = CountedWords(f"Word{i % 97}a" for i in range(20_000))
        align(WordIndex(words), [yes(spelling.replace("{}", f"{n:03}")) for n in range(number)], LABELS)
        return words.passes

    assert passes(100) <= passes(3) + 2


def test_words_are_known_to_be_missing_however_long_the_text_is():
    words = [f"Word{i % 97}a" for i in range(50_000)]
    invented = [yes(f"Qux{n} Zor{n}") for n in range(500)]
    result = align(WordIndex(words), [yes("Word3a"), *invented], LABELS, "listed")
    assert result.dropped["invented"] == len(invented)
    assert len(result.missing) == len(words) - 1  # All but the one that is known.


@pytest.mark.parametrize("tokens", [1_000, 20_000])
def test_what_was_not_looked_for_since_too_much_is_named_is_counted_as_that(tokens):
    words = ["the", "word"] * (tokens // 2)
    parts = [" ".join(f"bqzx{n}j{i}" for i in range(30)) for n in range(300)]
    result = align(WordIndex(words), map(yes, parts), LABELS)
    assert result.dropped["unsearched"] > 0
    assert result.dropped["invented"] + result.dropped["unsearched"] == len(parts)
    assert len(result.missing) == len(words)
    assert not align(WordIndex(words), map(yes, parts[:1]), LABELS).dropped["unsearched"]


@pytest.mark.parametrize(
    ("labels", "aliases"), [([], None), (["A", "A"], None), ([""], None), (["A"], {"x": "B"})]
)
def test_label_sets_that_make_no_sense(labels, aliases):
    with pytest.raises(ValueError, match=r"components\.llm\.task"):
        LabelSet(labels, aliases)
