"""The audit of a corpus: labels, views, agreement, scores and errors, and the page that shows them."""

import html
import json
import re
from collections import Counter
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span, SpanGroup

from helpers.browsing import WIDTHS, cut_parts
from helpers.docs import VOCAB, make_doc, record_of, write_docs
from helpers.reviewing import open_page
from spacy_distill import audit_corpus, render_page
from spacy_distill.corpus.provenance import CONFIDENCE, record
from spacy_distill.labels.corpus_statistics import cohens_kappa
from spacy_distill.labels.highlighting import Palette

EVIL = '<script>alert("x")</script>'
OTHER = "Some quite other words that stand in no corpus here"


@pytest.fixture
def audit(tmp_path):
    """Audit documents, with gold and test documents if there are any."""

    def audit(docs, gold=(), tests=()):
        paths = {
            name: write_docs(tmp_path / f"{name}.spacy", *some)
            for name, some in (("docs", docs), ("gold", gold), ("tests", tests))
        }
        return audit_corpus(paths["docs"], [paths["gold"]] if gold else [], [paths["tests"]] if tests else [])

    return audit


class Page(HTMLParser):
    """Elements and their attributes; fails on a wrongly nested page."""

    VOID = ("meta", "br", "input")

    def __init__(self, page):
        super().__init__()
        self.found, self.unclosed, self.page = [], [], page
        self.feed(page)
        assert not self.unclosed

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.unclosed.append(tag)

    def handle_endtag(self, tag):
        assert self.unclosed.pop() == tag

    def cards(self):
        """Each document's labels and marks."""
        return [
            (json.loads(attrs["data-labels"]), json.loads(attrs["data-marks"]))
            for tag, attrs in self.found
            if tag == "article"
        ]

    def rows(self):
        """Name and HTML of each annotation of each document."""
        return re.findall(
            r'<section class="row"><h4>(.*?)</h4>\s*<div dir="auto">(.*?)</div></section>', self.page
        )


def text_of(row):
    return html.unescape(re.sub(r"<i>.*?</i>|<[^>]+>", "", row))


# Without gold.


def test_sizes_and_labels(audit):
    docs = [
        make_doc("Ana of New York left", [(0, 1, "PER"), (2, 4, "LOC")], missing=[4]),
        make_doc("new york", [(0, 2, "LOC")], id="a:2"),
        make_doc("Nobody here", id="b:1"),
        make_doc("Refused", labelled=False, id="c:1"),
    ]
    facts = audit(docs).facts
    assert (facts.documents, facts.articles, facts.tokens) == (4, 3, 10)
    assert (facts.unlabelled, facts.without_items, facts.missing) == (1, 1, 1)
    assert facts.lengths[0] == 1 and facts.lengths[-1] == 5
    assert list(facts.labels) == ["LOC", "PER"]
    loc = facts.labels["LOC"]
    assert (loc.items, loc.texts, loc.mean_length, loc.max_length) == (2, 1, 2.0, 2)


def test_states_and_counters_of_views(audit):
    docs = [
        make_doc("Ana left", teachers={"cot": [(0, 1, "PER")]}, dropped={"invented": 1, "overlap": 0}),
        make_doc("Bo left", teachers={"cot": "refused"}, dropped={"invented": 0}),
        make_doc("Li left"),
    ]
    (view,) = audit(docs).views
    assert view.states == {"absent": 1, "ok": 1, "refused": 1}
    assert (view.items, view.candidates, view.recorded, view.models) == (1, 6, 0, ["m"])
    assert view.dropped == {"invented": 1, "overlap": 0}
    (view,) = audit([make_doc("Ana left", teachers={"cot": []}, source="answers.jsonl")]).views
    assert view.recorded == 1


def test_texts_with_different_labels(audit):
    texts = {"Oslo": "LOC", "OSLO": "ORG", "oslo": "LOC", "Bern": "LOC"}
    found = audit([make_doc(text, [(0, 1, label)]) for text, label in texts.items()])
    assert found.contradicting == 1
    assert [(one.text, one.labels) for one in found.contradictions] == [("Oslo", {"LOC": 2, "ORG": 1})]


def test_several_classes_of_a_document_do_not_contradict_each_other_but_those_of_its_repetition_do(audit):
    def classified(text, *labels):
        doc = make_doc(text)
        doc.cats = {label: float(label in labels) for label in ("cold", "warm", "wet")}
        record_of(doc).update(task="textcat_multilabel", labels=["cold", "warm", "wet"])
        return doc

    docs = [
        classified("Rain and sun .", "warm", "wet"),
        classified("Snow .", "cold"),
        classified("Fog .", "wet"),
    ]
    found = audit([*docs, classified("Fog .", "cold", "wet")], gold=docs)
    assert [(one.text, one.labels) for one in found.contradictions] == [("Fog .", {"wet": 2, "cold": 1})]
    assert "none of gold" not in render_page(found) and "Not in gold" not in render_page(found)


def test_the_documents_own_labels_are_not_shown_twice(audit):
    same = make_doc("Ana left", [(0, 1, "PER")], teachers={"cot": [(0, 1, "PER")]})
    other = make_doc("Ana left", [], teachers={"cot": [(0, 1, "PER")]})
    both = make_doc("Ana left", [(0, 1, "PER")], teachers={"cot": [(0, 1, "PER")], "standard": []})
    for docs, names in (
        ([same], ["labels"]),
        ([same, other], ["cot", "labels"]),
        ([both], ["cot", "standard", "labels"]),
        ([make_doc("Ana left")], ["labels"]),
    ):
        assert [quality.name for quality in audit(docs, [make_doc("Ana left")]).gold.quality] == names


def test_kappa_of_a_known_table():
    """Cohen's own arithmetic: 70 % observed, 50 % expected."""
    table = Counter({("yes", "yes"): 20, ("yes", "no"): 5, ("no", "yes"): 10, ("no", "no"): 15})
    assert cohens_kappa(table) == pytest.approx(0.4)


def test_kappa_where_it_is_undefined():
    assert cohens_kappa(Counter()) is None
    assert cohens_kappa(Counter({("O", "O"): 5})) is None


@given(st.dictionaries(st.tuples(*[st.sampled_from("abc")] * 2), st.integers(1, 9), min_size=1))
def test_kappa_is_at_most_one_symmetric_and_one_for_full_agreement(table):
    kappa = cohens_kappa(Counter(table))
    assert kappa == cohens_kappa(Counter({(b, a): n for (a, b), n in table.items()}))
    if kappa is not None:
        assert kappa <= 1
        assert (kappa == 1) == all(a == b for a, b in table)


def test_every_two_annotations_are_compared(audit):
    views = {"a": [(0, 1, "PER")], "b": [(0, 1, "PER"), (2, 3, "LOC")]}
    docs = [
        make_doc("Ana of Oslo left", [(0, 1, "PER")], teachers=views),
        make_doc("Bo left", [], teachers={"a": "failed", "b": [(0, 1, "PER")]}),
    ]
    first, *others = audit(docs).agreements
    names = [(one.first, one.second) for one in [first, *others]]
    assert names == [("a", "b"), ("a", "labels"), ("b", "labels")]
    assert (first.documents, first.places) == (1, 4)
    assert first.labels == {"PER": 1.0, "LOC": 0.0}
    assert first.f == pytest.approx(2 / 3)


def test_places_that_one_leaves_missing_do_not_count(audit):
    views = {"a": [(0, 1, "PER"), (2, 3, "LOC")]}
    (one,) = audit([make_doc("Ana of Oslo", [(0, 1, "PER")], missing=[2], teachers=views)]).agreements
    assert (one.places, one.f, one.labels) == (2, 1.0, {"PER": 1.0})
    views = {"a": [(0, 1, "PER")], "b": []}
    first, *_ = audit([make_doc("Ana of Oslo", teachers=views, unknown=(1, 2))]).agreements
    assert first.places == 1


# Against gold.

TEXT = "Ana of Oslo met the ACME board in New York ."
RIGHT = [(0, 1, "PER"), (2, 3, "LOC"), (5, 6, "ORG"), (8, 10, "LOC")]


@pytest.fixture
def quality(audit):
    """Of three documents, one of them without labels."""
    ids = ["a:1", "b:1", "b:2"]
    docs = [
        make_doc(TEXT, [(0, 1, "PER"), (2, 3, "ORG"), (5, 7, "ORG")], missing=[8], id=ids[0]),
        make_doc(TEXT, [(0, 1, "PER"), (2, 3, "ORG")], id=ids[1]),
        make_doc(TEXT, id=ids[2], labelled=False),
    ]
    (found,) = audit(docs, [make_doc(TEXT, RIGHT, id=id) for id in ids]).gold.quality
    return found


def test_what_is_missing_is_left_out_or_not_found(quality):
    assert (quality.documents, quality.usable, quality.missing_items) == (3, 2, 5)
    assert quality.scores.micro.counts == (2, 3, 5)
    assert quality.all_scores.micro.counts == (2, 3, 10)
    counts = {label: one.counts for label, one in quality.all_scores.labels.items()}
    assert counts == {"LOC": (0, 0, 6), "ORG": (0, 3, 3), "PER": (2, 0, 1)}


def test_intervals_surround_the_scores(quality):
    scores = quality.scores
    for one in [scores.micro, *scores.labels.values()]:
        for value, (low, high) in zip(one.prf, one.intervals, strict=True):
            assert low <= value <= high
    assert scores.macro_interval.low <= scores.macro_f <= scores.macro_interval.high


def test_confusions_separate_exact_from_overlapping(quality):
    assert {(one.gold, one.found): (one.exact, one.overlapping) for one in quality.confusion} == {
        ("PER", "PER"): (2, 0),
        ("LOC", "ORG"): (2, 0),
        ("ORG", "ORG"): (0, 1),
        ("ORG", ""): (1, 0),
        ("LOC", ""): (1, 0),
    }


def test_frequent_errors_come_with_texts_and_examples(quality):
    first, *others = quality.errors
    assert (first.kind, first.gold, first.found, first.count) == ("type", "LOC", "ORG", 2)
    assert first.strings == [("Oslo", 2)]
    assert [example.id for example in first.examples] == ["a:1", "b:1"]
    assert (first.examples[0].before, first.examples[0].text) == ("Ana of", "Oslo")
    boundary = next(error for error in others if error.kind == "boundary")
    assert boundary.strings == [("ACME → ACME board", 1)]
    assert boundary.examples[0].text == "ACME board"


def test_examples_of_different_texts_come_first(audit):
    words = ["Oslo", "Oslo", "Rome", "Bern", "Nice"]
    gold = [make_doc(f"in {word}", [(1, 2, "LOC")], id=f"{i}:1") for i, word in enumerate(words)]
    docs = [make_doc(f"in {word}", id=f"{i}:1") for i, word in enumerate(words)]
    (error,) = audit(docs, gold).gold.quality[0].errors
    assert [example.text for example in error.examples] == ["Oslo", "Rome", "Bern"]
    assert error.strings[0] == ("Oslo", 2)


def test_views_are_scored_where_their_answer_is_usable(audit):
    gold = make_doc("Ana of Oslo", [(0, 1, "PER"), (2, 3, "LOC")])
    views = {"cot": [(0, 1, "PER"), (2, 3, "ORG")], "standard": "refused"}
    cot, refused, _ = audit([make_doc("Ana of Oslo", [], teachers=views)], [gold]).gold.quality
    assert cot.scores.micro.counts == (1, 1, 1)
    assert (refused.usable, refused.missing_items, refused.scores.micro.counts) == (0, 2, (0, 0, 0))


def test_other_tokens_of_the_same_text_are_aligned(audit):
    doc = Doc(VOCAB, words=["from", "U.", "S.", "soil"], spaces=[True, False, True, False])
    doc.set_ents([Span(doc, 1, 3, "LOC")], missing=[doc[3:4]])
    found = audit([doc], [make_doc("from U.S. soil", [(1, 2, "LOC")])])
    assert found.gold.quality[0].scores.micro.counts == (1, 0, 0)
    (_, row) = Page(render_page(found)).rows()[1]
    assert 'class="ent"' in row


def test_gold_of_other_text_says_only_what_is_new(audit):
    docs = [make_doc("Oslo and Bern and Bern", [(0, 1, "LOC"), (2, 3, "LOC"), (4, 5, "LOC")])]
    found = audit(docs, [make_doc("OSLO", [(0, 1, "ORG")])])
    assert (found.clean, found.gold.matched, found.gold.quality) == (None, 0, [])
    assert found.gold.unseen.items == {"LOC": 2}
    assert found.gold.unseen.share == {"LOC": 2 / 3}
    assert found.gold.unseen.texts == [("Bern", "LOC", 2)]


def test_gold_without_annotation_is_no_gold(audit):
    assert audit([make_doc("Ana left")], [make_doc("Ana left", labelled=False)]).gold.matched == 0


def test_the_record_is_plain_json_with_the_names_of_before(audit):
    docs, gold = [make_doc("Ana left", [(0, 1, "PER")])], [make_doc("Ana left", [(0, 1, "ORG")])]
    record = json.loads(json.dumps(audit(docs, gold, [make_doc(OTHER)]).to_json(), allow_nan=False))
    assert record["clean"] is True
    assert record["facts"]["labels"]["PER"]["entities"] == 1
    (quality,) = record["gold"]["quality"]
    assert quality["open"] == 0
    assert quality["scores"]["micro"]["counts"] == {"tp": 0, "fp": 1, "fn": 1}
    assert quality["scores"]["micro"]["intervals"]["f"] == {"low": 0.0, "high": 0.0}
    assert quality["errors"][0]["kind"] == "type"


def test_an_empty_corpus_is_an_error(audit):
    with pytest.raises(ValueError, match="holds no document"):
        audit([])


# The page.


def test_text_labels_and_reasons_are_escaped(audit):
    items = [(0, 1, '"><img src=x>')]
    reasons = ((0, 1, '" onmouseover="alert(1)'),)
    views = {"<b>view</b>": items}
    docs = [
        make_doc(EVIL.replace(" ", ""), items, id=f"{EVIL}:1", teachers=views, reasons=reasons),
        make_doc("Ana", id="b:1", teachers={"<b>view</b>": "<i>odd</i>"}),
    ]
    page = render_page(audit(docs))
    found = Page(page).found
    assert [tag for tag, _ in found].count("script") == 1
    assert "img" not in {tag for tag, _ in found}
    assert "<b>view" not in page and "<i>odd" not in page
    assert not any("onmouseover" in attrs for _, attrs in found)
    assert html.escape(EVIL.replace(" ", ""), quote=False) in page.replace("&#34;", '"')


def test_nothing_is_loaded_from_elsewhere(audit):
    page = render_page(audit([make_doc("Ana left", [(0, 1, "PER")])], [make_doc("Ana left")]))
    assert not re.search(r"https?://|@import|url\(", page)
    assert not any({"src", "href"} & attrs.keys() for _, attrs in Page(page).found)
    assert "default-src 'none'" in page


def test_cards_carry_what_the_filters_look_for(audit):
    gold = [make_doc("Ana of Oslo", [(0, 1, "PER"), (2, 3, "LOC")])]
    page = Page(render_page(audit([make_doc("Ana of Oslo", [(0, 1, "ORG")])], gold)))
    marks = ["missed", "missed:LOC", "type", "type:ORG", "type:PER"]
    errors = ["error", "error:LOC", "error:ORG", "error:PER"]
    assert page.cards() == [(["LOC", "ORG", "PER"], errors + marks)]
    assert ">any error</option>" in page.page


def test_a_card_shows_gold_views_and_labels_in_full(audit):
    gold = [make_doc("Ana of Oslo", [(0, 1, "PER"), (2, 3, "LOC")])]
    views = {"cot": [(0, 1, "ORG")], "standard": "refused"}
    docs = [
        make_doc("Ana of Oslo", [(0, 1, "PER")], missing=[2], teachers=views, reasons=((0, 1, "a <why>"),))
    ]
    page = Page(render_page(audit(docs, gold)))
    rows = page.rows()
    assert [name for name, _ in rows] == ["gold", "cot", "standard (refused)", "labels"]
    assert [text_of(row) for _, row in rows] == ["Ana of Oslo"] * 4
    right, cot, refused, labels = [row for _, row in rows]
    assert "wrong" not in right and "missed" not in right
    assert 'class="ent wrong"' in cot and 'title="wrong label: a &lt;why&gt;"' in cot and "<i>ORG</i>" in cot
    assert refused == '<span class="missing">Ana of Oslo</span>'
    assert labels.endswith('<span class="missing">Oslo</span>')
    ((_, marks),) = page.cards()
    assert {"missing", "missing:LOC", "unusable"} <= set(marks)


def test_documents_with_most_errors_come_first(audit):
    text, items = "Ana met Bo in Oslo", [(0, 1, "PER"), (2, 3, "PER"), (4, 5, "LOC")]
    gold = [make_doc(f"{text} {i}", items, id=f"{i}:1") for i in range(4)]
    kept = {0: 3, 1: 2, 2: 3, 3: 0}
    found = audit([make_doc(f"{text} {i}", items[:n], id=f"{i}:1") for i, n in kept.items()], gold)
    order = re.findall(r"<header><b>(\d):1</b>", render_page(found))
    assert order == ["3", "1", "0", "2"]


def test_what_is_missing_is_no_error_and_comes_after_the_errors(audit):
    items = [(0, 1, "PER"), (2, 3, "PER"), (4, 5, "LOC")]
    gold = [make_doc(f"Ana met Bo in Oslo {i}", items, id=f"{i}:1") for i in range(3)]
    silent = make_doc("Ana met Bo in Oslo 1", missing=range(6), id="1:1")
    wrong = make_doc("Ana met Bo in Oslo 2", items[:2], id="2:1")
    page = render_page(audit([make_doc("Ana met Bo in Oslo 0", items, id="0:1"), silent, wrong], gold))
    assert re.findall(r"<header><b>(\d):1</b>", page) == ["2", "1", "0"]
    assert ["error" in marks for _, marks in Page(page).cards()] == [True, False, False]


@pytest.mark.parametrize("width", WIDTHS)
def test_no_column_of_classes_and_confidences_is_cut(audit, tmp_path, width):
    """The page of classes with long names, and that of labels with confidence."""
    names = [f"{name}{i}" for i in range(6) for name in ("a_class_of_many_words_and_letters_", "sport")]
    pages = []
    for shift in (0, 1):
        docs = [make_doc(f"{OTHER} {i}", id=f"{i}:1", labelled=False) for i in range(len(names))]
        for i, doc in enumerate(docs):
            doc.cats = {name: float(name == names[i - shift]) for name in names}
            record(doc).update({"task": "textcat", "labels": names})
        pages.append(docs)
    classes = audit(*pages)
    docs = [make_doc(f"Ana of Oslo {i}", [(0, 1, "PER"), (2, 3, "LOC")], id=f"{i}:1") for i in range(20)]
    gold = [make_doc(f"Ana of Oslo {i}", [(0, 1, "PER")], id=f"{i}:1") for i in range(20)]
    for i, doc in enumerate(docs):
        doc.spans[CONFIDENCE] = SpanGroup(doc, attrs={"scores": [1 - i / 40, i / 40]}, spans=doc.ents)
    confidences = audit(docs, gold)
    assert confidences.gold.confidence
    for name, found in (("classes", classes), ("confidences", confidences)):
        page = tmp_path / f"{name}.html"
        page.write_text(render_page(found), "utf8")
        assert cut_parts(page, width, tmp_path) == "", name


def test_filters_show_what_they_say_in_a_browser(audit, tmp_path):
    """A person chooses a label, a kind of error and words: what is shown, and in which order."""
    items = [(0, 1, "PER"), (2, 3, "LOC")]
    found = {"right": items, "lost": items[:1], "other": [(0, 1, "ORG"), (2, 3, "ORG")], "open": []}
    docs = [
        make_doc(f"Ana of {name}", of, range(3) if name == "open" else (), id=f"{name}:1")
        for name, of in found.items()
    ]
    gold = [make_doc(f"Ana of {name}", items, id=f"{name}:1") for name in found]
    page = tmp_path / "audit.html"
    page.write_text(render_page(audit(docs, gold)), "utf8")
    with open_page(page, tmp_path / "profile", 800) as person:

        def shown(label="any", kind="all documents", words=""):
            person.page.select_option("#label", label=label)
            person.page.select_option("#kind", label=kind)
            person.page.fill("#words", words)
            cards = [
                text.split(":")[0] for text in person.page.locator(".card:visible b").all_text_contents()
            ]
            assert person.page.inner_text("#shown").startswith(f"{len(cards)} of 4 ")
            return cards

        assert shown() == ["other", "lost", "open", "right"]
        assert shown(kind="any error") == ["other", "lost"]
        assert shown("LOC", "not found") == ["lost"]
        assert shown("PER", "any error") == ["other"]
        assert shown(kind="missing") == ["open"]
        assert shown("ORG") == ["other"]
        assert shown(kind="any error", words="ana OF lost") == ["lost"]


@pytest.mark.parametrize("width", WIDTHS)
def test_no_column_is_cut(audit, tmp_path, width):
    """With many labels, long ones among them, several views and missing tokens."""
    labels = [f"{name}{i}" for i in range(9) for name in ("A_LABEL_OF_MANY_WORDS_AND_LETTERS_", "PER")]
    words = " ".join([f"https://{'x' * 200}", *(f"Word{i}" for i in range(1, len(labels)))])
    items = [(i, i + 1, label) for i, label in enumerate(labels)]
    views = {"standard": items[:-2], "chain_of_thought": items[2:], "third": items[::2]}
    docs = [
        make_doc(f"{words} {i}", items[i + 1 :], missing=[0], teachers=views, id=f"{i}:1") for i in range(3)
    ]
    page = tmp_path / "audit.html"
    page.write_text(render_page(audit(docs, [make_doc(f"{words} {i}", items) for i in range(3)])), "utf8")
    assert cut_parts(page, width, tmp_path) == ""


@pytest.mark.parametrize(
    "labels",
    [
        ["PER", "ORG", "LOC", "MISC"],
        ["PERSON", "ORG", "GPE", "LOC", "DATE", "PRODUCT", "EVENT", "NORP"],
        ["person", "location", "corporation", "product", "group", "creative-work"],
    ],
)
def test_usual_labels_have_the_same_colour_on_a_page_of_some_of_them(labels):
    hues = {label: Palette(labels).hue(label) for label in labels}
    assert len(set(hues.values())) == len(labels)
    assert {label: Palette([label]).hue(label) for label in labels} == hues


def test_a_label_has_the_same_colour_whatever_is_shown(audit):
    def hues(docs, show):
        page = render_page(audit(docs), show=show)
        return dict(re.findall(r'style="--hue: (\d+)">(\w+)</span>', page))

    docs = [make_doc(f"Ana {i}", [(0, 1, label)]) for i, label in enumerate(["PER", "LOC", "ORG", "MISC"])]
    shown = hues(docs, 9)
    assert len(shown) == 4 and hues(docs, 1) == shown == hues(docs[::-1], 9)


def test_documents_with_errors_are_shown_first(audit):
    def docs(wrong=None):
        return [
            make_doc(f"Ana left {i}", [(0, 1, "PER")] if i != wrong else [], id=f"{i}:1") for i in range(6)
        ]

    found = audit(docs(), docs(wrong=4))
    assert "<b>4:1</b>" in render_page(found, show=1)
    assert "the 1 in which something is wrong" in render_page(found, show=1)
    assert len(Page(render_page(found, show=3)).cards()) == 3
    assert "<b>4:1</b>" in render_page(found, show=3)
    assert Page(render_page(found, show=0)).cards() == []


def test_disputes_between_views_are_found_without_gold(audit):
    views = {"a": [(0, 1, "PER")], "b": [(0, 1, "ORG")], "c": [(0, 1, "PER")]}
    found = audit([make_doc("Ana left", [(0, 1, "PER")], teachers=views)])
    assert [marks for _, marks in Page(render_page(found)).cards()] == [
        ["disagree", "disagree:ORG", "disagree:PER"]
    ]


def test_overlapping_items_of_a_view_show_the_longest(audit):
    doc = make_doc("New York City Hall", [], teachers={"a": [(0, 2, "LOC"), (0, 4, "ORG")]})
    (_, row), _ = Page(render_page(audit([doc]))).rows()
    assert row.count("<mark") == 1 and "New York City Hall<i>ORG</i>" in row


@pytest.mark.parametrize(
    ("steps", "title"), [((), "labels"), (("vote",), "voted"), (("vote", "clean"), "cleaned")]
)
def test_the_documents_own_labels_are_called_what_they_are(audit, steps, title):
    doc = make_doc("Ana left Oslo", [(0, 1, "PER")], teachers={"a": [(0, 1, "PER")], "b": []})
    record_of(doc).update({step: {} for step in steps})
    page = render_page(audit([doc], [make_doc("Ana left Oslo", [(2, 3, "LOC")])]))
    assert f"<h4>{title}</h4>" in page
    assert f"Errors of {title}" in page
    assert f"b and {title}</th>" in page
