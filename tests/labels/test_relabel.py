"""A committee and teachers' views vote on a pool."""

import json

import pytest
import srsly
from typer.testing import CliRunner

from helpers.committees import make_committee
from helpers.docs import make_doc, missing_tokens, read_docs, record_of, write_docs
from spacy_distill import DistillError, RelabelOptions, audit_corpus, predict, relabel, render_page
from spacy_distill.cli import app
from spacy_distill.labels.committee import text_hash

ROME, ACME = (0, 1, "LOC"), (2, 3, "ORG")
TEXT = "Rome and Acme fell"


def entities(doc):
    return [(ent.text, ent.label_) for ent in doc.ents]


def confidences(doc, name="confidence"):
    group = doc.spans[name]
    return dict(zip([span.text for span in group], group.attrs["scores"], strict=True))


@pytest.fixture
def committee(tmp_path):
    """Rome has the votes of all three members, Acme of one."""
    rome = {"Rome": "LOC"}
    words = {"gold/seed-0": rome, "cosine/seed-0": {**rome, "Acme": "ORG"}, "simple_mix/seed-0": rome}
    return make_committee(tmp_path / "committee", words)


@pytest.fixture
def pool(tmp_path):
    """The teacher has Acme, and not Rome."""
    return write_docs(tmp_path / "pool.spacy", make_doc(TEXT, [ACME], teachers={"cot": [ACME]}))


def run(committee, pool, tmp_path, *views, gold=None, **options):
    report = relabel(committee, pool, list(views), tmp_path / "out.spacy", RelabelOptions(**options), gold)
    return report, read_docs(tmp_path / "out.spacy")[0]


def test_an_item_needs_half_of_the_votes(committee, pool, tmp_path):
    report, doc = run(committee, pool, tmp_path)
    assert entities(doc) == [("Rome", "LOC"), ("Acme", "ORG")]
    assert confidences(doc, "votes") == {"Rome": 0.75, "Acme": 0.5}
    # The members' agreement alone: dev says what that is worth, and nothing of teachers.
    assert confidences(doc) == {"Rome": 1.0, "Acme": pytest.approx(1 / 3)}
    assert (dict(report.kept), dict(report.gone), dict(report.new)) == ({"ORG": 1}, {}, {"LOC": 1})
    assert [span.text for span in doc.spans["teacher:cot"]] == ["Acme"]
    assert record_of(doc)["relabel"]["voters"][0] == "cot"


@pytest.mark.parametrize(("undecided", "found", "missing"), [
    ("O", ["Rome"], []),
    ("missing", ["Rome"], ["Acme"]),
    ("majority", ["Rome"], []),
    ("teacher", ["Rome", "Acme"], []),
])  # fmt: skip
def test_what_becomes_of_an_item_with_too_few_votes(committee, tmp_path, undecided, found, missing):
    words = {name: {"Rome": "LOC"} for name in ("gold/seed-0", "cosine/seed-0", "simple_mix/seed-0")}
    committee = make_committee(tmp_path / "other", words)
    pool = write_docs(tmp_path / "pool.spacy", make_doc(TEXT, [ACME], teachers={"cot": [ACME]}))
    _, doc = run(committee, pool, tmp_path, undecided=undecided)
    assert [text for text, _ in entities(doc)] == found
    assert missing_tokens(doc) == missing


def test_votes_can_weigh_by_name_and_by_kind(committee, pool, tmp_path):
    assert entities(run(committee, pool, tmp_path, weights={"teacher": 9})[1]) == [("Acme", "ORG")]
    assert entities(run(committee, pool, tmp_path, weights={"cot": 0.5})[1]) == [("Rome", "LOC")]
    found = run(committee, pool, tmp_path, weights={"member": 0.1, "cosine/seed-0": 4})[1]
    assert entities(found) == [("Rome", "LOC"), ("Acme", "ORG")]


def test_weights_are_learned_from_gold(committee, pool, tmp_path):
    gold = write_docs(tmp_path / "gold.spacy", make_doc(TEXT, [ROME]))
    report, doc = run(committee, pool, tmp_path, gold=gold, weights="learned")
    assert report.voters["cot"] == report.voters["cosine/seed-0"] == 0.05 < report.voters["gold/seed-0"]
    assert entities(doc) == [("Rome", "LOC")]
    assert report.before == {"LOC": (0, 0, 1), "ORG": (0, 1, 0)}
    assert report.after == {"LOC": (1, 0, 0)}
    audit = audit_corpus(tmp_path / "out.spacy", [gold])
    assert [bar.items for bar in audit.gold.confidence.bars] == [1]
    assert audit.gold.confidence.error == report.calibration_error
    assert "relabelled" in render_page(audit)


@pytest.mark.parametrize(("articles", "each", "calibrated"), [(10, 20, True), (10, 4, False), (4, 50, False)])
def test_confidence_is_learned_from_gold_of_the_pool_where_there_is_enough(
    committee, tmp_path, articles, each, calibrated
):
    """All voters have Rome, and gold has it in every second document."""
    numbers = range(articles * each)
    texts = [(f"{TEXT} {i}", f"{i % articles}:{i}") for i in numbers]
    pool = [make_doc(text, [ROME], teachers={"cot": [ROME]}, id=name) for text, name in texts]
    gold = [make_doc(text, [ROME][: i // articles % 2], id=name) for i, (text, name) in enumerate(texts)]
    pool, gold = write_docs(tmp_path / "many.spacy", *pool), write_docs(tmp_path / "gold.spacy", *gold)
    report, doc = run(committee, pool, tmp_path, gold=gold)
    assert report.calibrated == calibrated
    assert report.calibration_error < 0.05 if calibrated else report.calibration_error == pytest.approx(0.5)
    assert confidences(doc) == {"Rome": pytest.approx(0.5 if calibrated else 1, abs=0.05)}


def test_a_teacher_that_says_nothing_of_a_document_does_not_count_there(committee, tmp_path):
    pool = write_docs(tmp_path / "pool.spacy", make_doc(TEXT, missing=range(4), teachers={"cot": "refused"}))
    for undecided in ("O", "teacher"):
        _, doc = run(committee, pool, tmp_path, undecided=undecided)
        assert entities(doc) == [("Rome", "LOC")]
        assert confidences(doc) == {"Rome": pytest.approx(1, abs=0.02)}


def test_text_that_no_teacher_saw_is_labelled_by_the_members(committee, tmp_path):
    pool = write_docs(tmp_path / "pool.spacy", make_doc(TEXT, labelled=False))
    report, doc = run(committee, pool, tmp_path)
    assert entities(doc) == [("Rome", "LOC")]
    assert report.without_view == report.documents == 1
    assert "pool" not in report.voters


@pytest.mark.parametrize("place", ["pool", "view"])
def test_labels_that_are_of_no_named_teacher_vote_too(committee, tmp_path, place):
    labelled = write_docs(tmp_path / "noisy.spacy", make_doc(TEXT, [ACME]))
    text = write_docs(tmp_path / "text.spacy", make_doc(TEXT, labelled=False))
    files = [labelled] if place == "pool" else [text, labelled]
    report, doc = run(committee, files[0], tmp_path, *files[1:])
    assert report.voters["noisy"] == 1
    assert report.without_view == 0
    assert confidences(doc, "votes") == {"Rome": 0.75, "Acme": 0.5}
    assert [span.text for span in doc.spans["teacher:noisy"]] == ["Acme"]


def test_gold_does_not_vote_on_itself(committee, pool, tmp_path):
    gold = write_docs(tmp_path / "gold.spacy", make_doc(TEXT, [ROME]))
    for files in ([gold], [pool, gold]):
        with pytest.raises(DistillError, match=r"gold.spacy is the gold"):
            run(committee, files[0], tmp_path, *files[1:], gold=gold)
    assert not (tmp_path / "out.spacy").exists()
    # A file with one view votes with what a person made of it.
    with pytest.raises(DistillError, match=r"pool.spacy is the gold"):
        run(committee, pool, tmp_path, gold=pool)


def test_gold_that_members_learned_from_judges_nothing(committee, tmp_path):
    texts = ["Rome and Acme fell", "Rome and Acme rose"]
    docs = [make_doc(text, id=f"{i}:1", teachers={"cot": [ACME]}) for i, text in enumerate(texts)]
    pool = write_docs(tmp_path / "pool.spacy", *docs)
    gold = write_docs(
        tmp_path / "gold.spacy", *(make_doc(text, [ROME], id=f"{i}:1") for i, text in enumerate(texts))
    )
    facts = srsly.read_json(committee / "committee.json")
    srsly.write_json(committee / "committee.json", {**facts, "gold": [text_hash(docs[0])]})
    report, _ = run(committee, pool, tmp_path, gold=gold)
    assert (report.gold, report.learned_gold, report.learned) == (1, 1, 1)
    assert sum(count.tp + count.fn for count in report.after.values()) == 1
    srsly.write_json(committee / "committee.json", {**facts, "gold": list(map(text_hash, docs))})
    with pytest.raises(DistillError, match=r"learned from all 2 documents of"):
        run(committee, pool, tmp_path, gold=gold, weights="learned")


def test_a_file_that_relabelling_did_not_write_stays(committee, pool, tmp_path):
    view = write_docs(tmp_path / "out.spacy", make_doc(TEXT, [ROME], teachers={"standard": [ROME]}))
    before = view.read_bytes()
    with pytest.raises(DistillError, match=r"out.spacy is there and was not made by relabelling"):
        run(committee, pool, tmp_path)
    assert view.read_bytes() == before
    view.unlink()
    assert run(committee, pool, tmp_path)[0].kept == run(committee, pool, tmp_path)[0].kept


@pytest.mark.parametrize("teachers", [{}, {"cot": "refused"}])
@pytest.mark.parametrize("votes", [1, 2])
def test_the_word_of_a_teacher_that_says_nothing_is_nothing(tmp_path, teachers, votes):
    """No vote, and no member's word in place of it."""
    found = [{"Rome": "LOC"}] * votes + [{}] * (4 - votes)
    words = {f"gold/seed-{i}": one for i, one in enumerate(found)}
    pool = write_docs(tmp_path / "pool.spacy", make_doc(TEXT, labelled=False, teachers=teachers))
    _, doc = run(make_committee(tmp_path / "c", words), pool, tmp_path, undecided="teacher")
    assert confidences(doc, "votes") == {"Rome": votes / 4}
    assert entities(doc) == ([("Rome", "LOC")] if votes == 2 else [])
    assert missing_tokens(doc) == ([] if votes == 2 else ["Rome"])


def test_what_nobody_denies_and_a_view_leaves_open_is_not_outside(tmp_path):
    committee = make_committee(tmp_path / "c", {f"gold/seed-{i}": {"Rome": "LOC"} for i in range(2)})
    views = [write_docs(tmp_path / f"{name}.spacy", make_doc(TEXT, [ACME], missing=[0])) for name in "abc"]
    _, doc = run(committee, views[0], tmp_path, *views[1:])
    assert entities(doc) == [("Acme", "ORG")]
    assert missing_tokens(doc) == ["Rome"]


def test_a_relabelled_file_votes_with_the_teachers_views_in_it(committee, tmp_path):
    pool = write_docs(tmp_path / "pool.spacy", make_doc(TEXT, [ACME], teachers={"cot": [ACME]}))
    run(committee, pool, tmp_path, weights={"member": 2})
    first = (tmp_path / "out.spacy").rename(tmp_path / "first.spacy")
    assert entities(read_docs(first)[0]) == [("Rome", "LOC")]
    report, doc = run(committee, first, tmp_path)
    assert confidences(doc, "votes") == {"Rome": 0.75, "Acme": 0.5}
    assert dict(report.kept) == {"ORG": 1}


def test_only_documents_of_the_pool_are_relabelled(committee, pool, tmp_path):
    other = make_doc("Rome test set", [ROME], id="b:1", teachers={"standard": [ROME]})
    view = write_docs(tmp_path / "view.spacy", make_doc(TEXT, [ROME], teachers={"standard": [ROME]}), other)
    report, _ = run(committee, pool, tmp_path, view)
    assert (report.documents, report.left_out) == (1, 1)
    assert len(read_docs(tmp_path / "out.spacy")) == 1


def test_a_voter_weighed_twice_is_named(committee, pool, tmp_path):
    done = CliRunner().invoke(
        app, ["relabel", str(committee), str(pool), str(tmp_path / "out.spacy"), "--weights", "cot=2, cot=3"]
    )
    assert done.exit_code == 1
    assert "names cot twice" in done.output
    assert not (tmp_path / "out.spacy").exists()


def test_a_file_named_twice_is_refused(committee, pool, tmp_path):
    with pytest.raises(DistillError, match=r"pool.spacy: named twice"):
        run(committee, pool, tmp_path, pool)


@pytest.mark.parametrize("damage", [
    {"labels": None}, {"folds": [1]}, {"gold": "x"}, {"task": 3},
    {"calibration": {"shares": [], "chances": [], "items": 0}},
    {"calibration": {"shares": [0.5], "chances": [], "items": 1}},
    {"calibration": {"shares": ["a"], "chances": [1.0], "items": 1}},
])  # fmt: skip
def test_a_damaged_committee_is_named(committee, pool, tmp_path, damage):
    facts = srsly.read_json(committee / "committee.json")
    srsly.write_json(committee / "committee.json", {**facts, **damage})
    with pytest.raises(DistillError, match="is damaged"):
        run(committee, pool, tmp_path)


def test_views_of_other_files_vote_and_are_kept(committee, pool, tmp_path):
    other = write_docs(tmp_path / "other.spacy", make_doc(TEXT, [ROME], teachers={"standard": [ROME]}))
    report, doc = run(committee, pool, tmp_path, other)
    assert list(report.voters)[:2] == ["cot", "standard"]
    assert confidences(doc, "votes") == {"Rome": 0.8, "Acme": 0.4}
    assert {"teacher:cot", "teacher:standard"} <= set(doc.spans)


def test_of_members_of_folds_that_one_votes_that_did_not_learn_from_the_document(tmp_path, pool):
    words = {
        "gold/seed-0": {"Rome": "LOC"},
        "cosine/seed-0@0": {"Acme": "ORG"},
        "cosine/seed-0@1": {"Rome": "LOC"},
    }
    committee = make_committee(tmp_path / "committee", words, {TEXT: 1})
    report, doc = run(committee, pool, tmp_path)
    assert report.learned == 0
    assert confidences(doc, "votes")["Rome"] == pytest.approx(2 / 3)
    # A text that none of them learned from: both vote, and have one vote together.
    unknown = write_docs(tmp_path / "unknown.spacy", make_doc("Acme fell in Rome today", labelled=False))
    _, doc = run(committee, unknown, tmp_path)
    assert confidences(doc) == {"Rome": pytest.approx(3 / 4)}


def test_it_is_said_of_how_many_documents_members_had_learned(tmp_path, pool):
    words = {"gold/seed-0": {"Rome": "LOC"}, "cosine/seed-0": {"Acme": "ORG"}}
    report, _ = run(make_committee(tmp_path / "committee", words, {TEXT: 0}), pool, tmp_path)
    assert report.learned == 1


def test_bad_input_is_named(committee, pool, tmp_path):
    with pytest.raises(DistillError, match=r"no voter 'x'|no voter x"):
        run(committee, pool, tmp_path, weights={"x": 1})
    for weight in (0, -1, float("nan")):
        with pytest.raises(DistillError, match="above 0"):
            RelabelOptions(weights={"cot": weight})
    with pytest.raises(DistillError, match="O, missing, majority, teacher"):
        RelabelOptions(undecided="o")
    with pytest.raises(DistillError, match="give gold"):
        run(committee, pool, tmp_path, weights="learned")
    with pytest.raises(DistillError, match="no committee"):
        run(write_docs(tmp_path / "nobody", make_doc("Rome fell")), pool, tmp_path)
    strange = write_docs(
        tmp_path / "strange.spacy", make_doc(TEXT, [(0, 1, "GPE")], teachers={"a": [(0, 1, "GPE")]})
    )
    with pytest.raises(DistillError, match=r"know no GPE"):
        run(committee, strange, tmp_path)
    facts = srsly.read_json(committee / "committee.json")
    (committee / "committee.json").write_text(json.dumps({**facts, "members": facts["members"][:1]}))
    with pytest.raises(DistillError, match="at least two"):
        run(committee, pool, tmp_path)
    (committee / "committee.json").write_text(json.dumps({**facts, "members": [{"nom": 1}]}))
    with pytest.raises(DistillError, match="damaged"):
        run(committee, pool, tmp_path)


def test_a_committee_predicts_like_a_pipeline_and_says_how_sure_it_is(committee, tmp_path):
    (tmp_path / "in.txt").write_text("Rome and Acme fell", encoding="utf8")
    list(predict(committee, tmp_path / "in.txt", tmp_path / "predicted"))
    (file,) = (tmp_path / "predicted").glob("*.jsonl")
    (row,) = map(json.loads, file.read_text(encoding="utf8").splitlines())
    assert row["spans"] == [{"start": 0, "end": 4, "label": "LOC", "score": 1.0}]
