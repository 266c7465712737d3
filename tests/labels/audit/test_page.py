"""The page: everything escaped, nothing loaded, filters have what they need, cards show what was said."""

import html
import json
import re
from html.parser import HTMLParser

import pytest

from spacy_distill.corpus.docbin import write_docs
from spacy_distill.corpus.provenance import record
from spacy_distill.labels.audit.page import make_cards, render_page
from spacy_distill.labels.audit.report import audit, load_material, to_json

EVIL = '<script>alert("x")</script>'


@pytest.fixture
def material(make, tmp_path, vocab):
    def material(docs, gold=()):
        write_docs(docs, tmp_path / "docs.spacy")
        write_docs(gold, tmp_path / "gold.spacy")
        return load_material(tmp_path / "docs.spacy", [tmp_path / "gold.spacy"] if gold else [], vocab)

    return material


class Checker(HTMLParser):
    """Collects elements and their attributes; fails on a wrongly nested page."""

    VOID = ("meta", "br", "input")

    def __init__(self, page):
        super().__init__()
        self.found, self.open = [], []
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def page_of(material, vocab, tests=()):
    return render_page(audit(material, f"corpus {EVIL}", tests, vocab), material)


def test_text_labels_and_reasons_are_escaped(make, material, vocab):
    ents = [(0, 1, '"><img src=x>')]
    reasons = ((0, 1, '" onmouseover="alert(1)'),)
    docs = [make(f"{EVIL} left", ents, id=f"{EVIL}:1", teachers={"<b>view</b>": ents}, reasons=reasons)]
    page = page_of(material([*docs, make("Ana", id="b:1", teachers={"<b>view</b>": "<i>odd</i>"})]), vocab)
    tags = [tag for tag, _ in Checker(page).found]
    assert tags.count("script") == 1
    assert not {"img", "i"} & {tag for tag, attrs in Checker(page).found if tag != "i"}
    assert "<b>view" not in page and "<i>odd" not in page
    assert not any("onmouseover" in attrs for _, attrs in Checker(page).found)
    assert html.escape(EVIL, quote=False) in page.replace("&#34;", '"')


def test_nothing_is_loaded_from_elsewhere(make, material, vocab):
    page = page_of(material([make("Ana left", [(0, 1, "PER")])], [make("Ana left")]), vocab)
    assert not re.search(r"https?://|@import|url\(", page)
    assert not any({"src", "href"} & attrs.keys() for _, attrs in Checker(page).found)
    assert "default-src 'none'" in page


def test_cards_carry_what_the_filters_look_for(make, material, vocab):
    gold = [make("Ana of Oslo", [(0, 1, "PER"), (2, 3, "LOC")])]
    docs = [make("Ana of Oslo", [(0, 1, "ORG")])]
    (card,) = [
        attrs for tag, attrs in Checker(page_of(material(docs, gold), vocab)).found if tag == "article"
    ]
    assert json.loads(card["data-labels"]) == ["LOC", "ORG", "PER"]
    assert json.loads(card["data-marks"]) == ["missed", "missed:LOC", "type", "type:ORG", "type:PER"]


def test_a_card_shows_gold_views_and_labels_in_full(make, material):
    gold = [make("Ana of Oslo", [(0, 1, "PER"), (2, 3, "LOC")])]
    teachers = {"cot": [(0, 1, "ORG")], "standard": "refused"}
    docs = [make("Ana of Oslo", [(0, 1, "PER")], missing=[2], teachers=teachers, reasons=((0, 1, "why"),))]
    (card,), wrong = make_cards(material(docs, gold), 10)
    assert wrong == 1
    assert [(row.name, row.state) for row in card.rows] == [
        ("gold", ""),
        ("cot", "ok"),
        ("standard", "refused"),
        ("labels", "ok"),
    ]
    for row in card.rows:
        assert "".join(piece.text for piece in row.pieces) == "Ana of Oslo"
    first_gold, first_cot, *_ = [row.pieces[0] for row in card.rows]
    assert (first_gold.label, first_gold.mark) == ("PER", "")
    assert (first_cot.label, first_cot.mark, first_cot.reason) == ("ORG", "type", "why")
    assert card.rows[3].pieces[-1].mark == "open"
    assert {"open", "open:LOC", "unusable"} <= set(card.marks)


def test_documents_with_errors_are_shown_first(make, material):
    docs = [make(f"Ana left {i}", [(0, 1, "PER")], id=f"{i}:1") for i in range(6)]
    gold = [make(f"Ana left {i}", [(0, 1, "PER")] if i != 4 else [], id=f"{i}:1") for i in range(6)]
    (card,), wrong = make_cards(material(docs, gold), 1)
    assert (card.id, wrong) == ("4:1", 1)
    cards, _ = make_cards(material(docs, gold), 3)
    assert len(cards) == 3 and "4:1" in [card.id for card in cards]
    assert make_cards(material(docs, gold), 0) == ([], 1)


def test_disputes_between_views_are_found_without_gold(make, material):
    teachers = {"a": [(0, 1, "PER")], "b": [(0, 1, "ORG")], "c": [(0, 1, "PER")]}
    (card,), _ = make_cards(material([make("Ana left", [(0, 1, "PER")], teachers=teachers)]), 1)
    assert card.marks == ["disagree", "disagree:ORG", "disagree:PER"]


def test_overlapping_spans_of_a_view_show_the_longest(make, material):
    doc = make("New York City Hall", [], teachers={"a": [(0, 2, "LOC"), (0, 4, "ORG")]})
    (card,), _ = make_cards(material([doc]), 1)
    assert [(piece.text, piece.label) for piece in card.rows[0].pieces] == [("New York City Hall", "ORG")]


def test_the_record_is_plain_json(make, material, vocab, tmp_path):
    write_docs([make("Some quite other words that stand in no corpus here")], tmp_path / "test.spacy")
    found = audit(
        material([make("Ana left", [(0, 1, "PER")])], [make("Ana left", [(0, 1, "ORG")])]),
        "c",
        [tmp_path / "test.spacy"],
        vocab,
    )
    record = json.loads(json.dumps(to_json(found), allow_nan=False))
    assert record["clean"] is True
    assert record["facts"]["labels"]["PER"]["entities"] == 1
    (quality,) = record["gold"]["quality"]
    assert quality["scores"]["micro"]["counts"] == {"tp": 0, "fp": 1, "fn": 1}
    assert quality["scores"]["micro"]["intervals"]["f"] == {"low": 0.0, "high": 0.0}
    assert quality["errors"][0]["kind"] == "type"


def test_gold_of_other_text_says_only_what_is_new(make, material, vocab):
    found = audit(
        material([make("Ana left", [(0, 1, "PER")])], [make("Bo left", [(0, 1, "PER")], id="b")]),
        "c",
        [],
        vocab,
    )
    assert found.clean is None
    assert (found.gold.matched, found.gold.quality, found.gold.unseen.entities) == (0, [], {"PER": 1})


def test_an_empty_corpus_is_an_error(tmp_path, vocab):
    write_docs([], tmp_path / "none.spacy")
    with pytest.raises(ValueError, match="holds no document"):
        load_material(tmp_path / "none.spacy", [], vocab)


@pytest.mark.parametrize(
    ("steps", "title"), [((), "labels"), (("vote",), "voted"), (("vote", "clean"), "cleaned")]
)
def test_the_chosen_labels_are_called_what_they_are(make, material, vocab, steps, title):
    doc = make("Ana left Oslo", [(0, 1, "PER")], teachers={"a": [(0, 1, "PER")], "b": []})
    record(doc).update({step: {} for step in steps})
    page = page_of(material([doc], [make("Ana left Oslo", [(2, 3, "LOC")])]), vocab)
    assert f"<h4>{title}</h4>" in page
    assert f"Errors of {title}" in page
    assert f"b and {title}</th>" in page
