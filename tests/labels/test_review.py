"""What a person gets to review, and what becomes of the answers."""

import json

import pytest

from helpers.committees import make_committee
from helpers.docs import make_doc, missing_tokens, read_docs, record_of, write_docs
from spacy_distill import (
    DistillError,
    ImportOptions,
    ReviewOptions,
    audit_corpus,
    export_corpus,
    find_task,
    import_corpus,
    import_review,
    review,
)

ROME, ACME = (0, 1, "LOC"), (2, 3, "ORG")
TEXTS = ("Rome and Acme fell", "Rome or Acme won twice", "Nobody won at all today")


@pytest.fixture
def pool(tmp_path):
    """Teachers agree on the last document; on the second they differ most for each word."""
    said = [([ROME], [ROME, ACME]), ([ROME, ACME], []), ([], [])]
    docs = [
        make_doc(
            text, id=f"a:{n}", missing=range(len(text.split())), teachers=dict(zip("ab", views, strict=True))
        )
        for n, (text, views) in enumerate(zip(TEXTS, said, strict=True))
    ]
    return write_docs(tmp_path / "pool.spacy", *docs)


def data_of(page):
    """What a page holds."""
    text = page.read_text(encoding="utf8")
    return json.loads(
        text.partition('<script id="data" type="application/json">')[2].partition("</script>")[0]
    )


def answer(page, path, said, **changes):
    """A download of a page: what a person said of each document, by the number in its id."""
    rows = [{**one["row"], "answer": "accept"} for one in data_of(page)["documents"]]
    by_id = {row["id"]: row for row in rows}
    lines = []
    for id, spans in said.items():
        names = ("start", "end", "label")
        answered = (
            {"answer": "ignore"}
            if spans is None
            else {"spans": [dict(zip(names, s, strict=True)) for s in spans]}
        )
        lines.append(json.dumps({**by_id[id], **answered, **changes}) + "\n")
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(lines), encoding="utf8")
    return path


@pytest.fixture
def page(pool, tmp_path):
    review(pool, [], tmp_path / "review.html")
    return tmp_path / "review.html"


def test_the_most_disputed_come_first_and_voters_are_shown_together(pool, tmp_path):
    report = review(pool, [], tmp_path / "review.html", options=ReviewOptions(9))
    found = data_of(tmp_path / "review.html")["documents"]
    assert [one["row"]["id"] for one in found] == ["a:1", "a:0"]
    assert [[view["names"], view["items"]] for view in found[0]["views"]] == [
        [["a"], [list(ROME), list(ACME)]],
        [["b"], []],
    ]
    assert (report.documents, report.words, report.disputed, report.disagreement) == (2, 9, 2, 1.0)


def test_a_committee_votes_beside_the_views(pool, tmp_path):
    words = {"gold/seed-0": {"Rome": "LOC"}, "gold/seed-1": {"Rome": "LOC"}}
    committee = make_committee(tmp_path / "committee", words)
    report = review(pool, [], tmp_path / "review.html", committee)
    found = data_of(tmp_path / "review.html")["documents"]
    assert report.voters == ["a", "b", "gold/seed-0", "gold/seed-1"]
    views = next(one["views"] for one in found if one["row"]["id"] == "a:0")
    assert views[0] == {
        "names": ["a", "gold/seed-0", "gold/seed-1"],
        "votes": 3.0,
        "items": [list(ROME)],
        "missing": [],
    }
    bare = write_docs(tmp_path / "bare.spacy", make_doc("Rome fell", labelled=False))
    assert review(bare, [], tmp_path / "bare.html", committee).documents == 1
    strange = write_docs(
        tmp_path / "strange.spacy", make_doc("Rome fell", [(0, 1, "GPE")], teachers={"a": [(0, 1, "GPE")]})
    )
    with pytest.raises(DistillError, match="know no GPE"):
        review(strange, [], tmp_path / "no.html", committee)


def test_a_page_escapes_all_text(tmp_path):
    text = "</script><script>alert(1)</script> & <b> fell"
    first, second = (make_doc(text, [(1, 2, label)]) for label in ("<i>", "ORG"))
    files = [write_docs(tmp_path / f"{name}.spacy", doc) for name, doc in (("x", first), ("y", second))]
    review(files[0], files[1:], tmp_path / "review.html")
    page = (tmp_path / "review.html").read_text(encoding="utf8")
    assert "<script>alert" not in page and "<b> fell" not in page and "<i>" not in page
    assert data_of(tmp_path / "review.html")["documents"][0]["row"]["text"] == text


def test_what_is_skipped_or_unseen_is_no_gold(page, pool, tmp_path):
    saved = answer(page, tmp_path / "anna.jsonl", {"a:1": [(0, 4, "LOC")], "a:0": None})
    report = import_review(saved, tmp_path / "gold.spacy", pool)
    (doc,) = read_docs(tmp_path / "gold.spacy")
    assert (doc.text, [(e.text, e.label_) for e in doc.ents], missing_tokens(doc)) == (
        TEXTS[1],
        [("Rome", "LOC")],
        [],
    )
    assert (report.asked, report.reviewers, report.skipped) == (3, {"anna": 1}, 1)
    again = review(pool, [], tmp_path / "next.html", options=ReviewOptions(exclude=[tmp_path / "gold.spacy"]))
    assert again.documents == 2
    with pytest.raises(DistillError, match="Nothing in"):
        import_review(answer(page, tmp_path / "none.jsonl", {"a:0": None}), tmp_path / "none.spacy", pool)


def test_what_two_reviewers_differ_in_is_missing_and_nothing_is_lost(page, pool, tmp_path):
    rome, acme = (0, 4, "LOC"), (9, 13, "ORG")
    answer(page, tmp_path / "both" / "anna.jsonl", {"a:0": [rome, acme], "a:2": []})
    answer(page, tmp_path / "both" / "ben.jsonl", {"a:0": [rome], "a:1": [rome], "a:2": []})
    report = import_review(tmp_path / "both", tmp_path / "gold.spacy", pool)
    docs = {record_of(doc)["id"]: doc for doc in read_docs(tmp_path / "gold.spacy")}
    assert [(e.text, e.label_) for e in docs["a:0"].ents] == [("Rome", "LOC")]
    assert {id: missing_tokens(doc) for id, doc in docs.items()} == {"a:0": ["Acme"], "a:1": [], "a:2": []}
    assert [(one.id, one.said) for one in report.disputes] == [
        ("a:0", {"anna": "Rome LOC, Acme ORG", "ben": "Rome LOC"})
    ]
    assert [span.text for span in docs["a:0"].spans["teacher:anna"]] == ["Rome", "Acme"]
    assert [(one.first, one.second) for one in audit_corpus(tmp_path / "gold.spacy").agreements][:1] == [
        ("anna", "ben")
    ]
    review(tmp_path / "gold.spacy", [], tmp_path / "third.html", options=ReviewOptions(4))
    assert [one["row"]["id"] for one in data_of(tmp_path / "third.html")["documents"]] == ["a:0"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2026.11.anna.jsonl", "2026.11.ben.jsonl"),
        ("anna/pool-reviewed.jsonl", "ben/pool-reviewed.jsonl"),
        ("anna.jsonl", "anna.json"),
    ],
)
def test_of_two_files_none_takes_the_place_of_the_other(page, pool, tmp_path, one, other):
    for name in (one, other):
        (tmp_path / "both" / name).parent.mkdir(parents=True, exist_ok=True)
        answer(page, tmp_path / "both" / name, {"a:0": [(0, 4, "LOC")] if name == one else []})
    try:
        report = import_review(tmp_path / "both", tmp_path / "gold.spacy", pool)
    except DistillError as error:
        assert "would be one reviewer" in str(error)
        assert all(str(tmp_path / "both" / name) in str(error) for name in (one, other))
    else:
        assert len(report.reviewers) == 2 and len(report.disputes) == 1


@pytest.mark.parametrize("format", ["html", "prodigy"])
def test_of_documents_that_share_an_id_each_gets_its_own_answer(tmp_path, format):
    """A folder of two corpora may have an id twice; what a person says of both comes back."""
    texts = ("Rome fell", "Acme won", "Rome or Acme won twice")
    docs = [make_doc(t, missing=range(len(t.split())), teachers={"a": [ROME], "b": []}) for t in texts]
    pool = write_docs(tmp_path / "pool.spacy", *docs)
    out = tmp_path / f"review.{format}"
    review(pool, [], out, options=ReviewOptions(format=format))
    if format == "html":
        rows = [one["row"] for one in data_of(out)["documents"]]
    else:
        rows = [json.loads(line) for line in out.read_text(encoding="utf8").splitlines()]
    (tmp_path / "anna.jsonl").write_text(
        "".join(
            json.dumps({**row, "spans": [{"start": 0, "end": 4, "label": "LOC"}], "answer": "accept"}) + "\n"
            for row in rows
        )
    )
    report = import_review(tmp_path / "anna.jsonl", tmp_path / "gold.spacy", pool)
    gold = read_docs(tmp_path / "gold.spacy")
    assert [doc.text for doc in gold] == list(texts) and report.written == 3
    assert [[e.text for e in doc.ents] for doc in gold] == [[text.split()[0]] for text in texts]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"text": "Rome and Acme rose", "tokens": None}, r"the text is 'Rome and Acme rose'.*restore it"),
        ({"spans": [{"start": 0, "end": 99, "label": "LOC"}]}, r"line 1.*does not lie within"),
        (
            {"spans": [{"start": 0, "end": 4, "label": "CITY"}]},
            r"'a:0'.*'CITY' is none of.*LOC, ORG.*--labels",
        ),
        ({"meta": {"review": {"pool": "0123"}}}, r"another pool than.*--pool"),
        ({"id": "b:7", "text": "Unheard of", "tokens": None}, r"another pool than.*--pool"),
        *(({"answer": one}, r"line 1.*the answer to a review.*accept, reject") for one in ("yes", "", 1, {})),
        ({"answer": None}, r"0 documents were skipped, 1 are open"),
        *(
            ({"meta": {"review": {name: value}}}, rf"'a:0'.*{name} is.*Restore the row")
            for name, value in (("pool", 5), ("task", []), ("labels", 5), ("labels", [5]), ("documents", "x"))
        ),
    ],
)
def test_answers_that_do_not_fit_are_refused(page, pool, tmp_path, changes, message):
    saved = answer(page, tmp_path / "anna.jsonl", {"a:0": []}, **changes)
    with pytest.raises(DistillError, match=message):
        import_review(saved, tmp_path / "gold.spacy", pool)
    assert not (tmp_path / "gold.spacy").exists()


def test_other_bad_input_is_named(page, pool, tmp_path):
    with pytest.raises(DistillError, match=r"below the cheapest of 3 documents, which costs 4 words"):
        review(pool, [], tmp_path / "no.html", options=ReviewOptions(3))
    alone = write_docs(tmp_path / "alone.spacy", make_doc(TEXTS[0], [ROME]))
    with pytest.raises(DistillError, match=r"only what alone says"):
        review(alone, [], tmp_path / "no.html")
    with pytest.raises(DistillError, match="Allowed are html, labelstudio, prodigy, doccano"):
        review(pool, [], tmp_path / "no.html", options=ReviewOptions(format="conll"))
    for options in ({"words": 0}, {"labels": [" "]}):
        with pytest.raises(DistillError):
            ReviewOptions(**options)
    with pytest.raises(DistillError, match="--pool"):
        import_review(
            answer(page, tmp_path / "x.jsonl", {"a:0": []}),
            tmp_path / "g.spacy",
            pool,
            ImportOptions(limit=1),
        )
    saved = answer(page, tmp_path / "twice.jsonl", {"a:0": []}, id=None)
    saved.write_text(saved.read_text() * 2)
    with pytest.raises(DistillError, match="second time"):
        import_review(saved, tmp_path / "gold.spacy", pool)


@pytest.mark.parametrize("format", ["jsonl", "prodigy", "labelstudio", "doccano"])
def test_gold_of_a_review_survives_an_export(page, pool, tmp_path, format):
    saved = answer(page, tmp_path / "anna.jsonl", {"a:0": [(0, 4, "LOC")], "a:2": []})
    import_review(saved, tmp_path / "gold.spacy", pool)
    import_corpus(saved, tmp_path / "plain.spacy", ImportOptions())
    for name in ("gold", "plain"):
        export_corpus(tmp_path / f"{name}.spacy", tmp_path / "again.json", format)
        import_corpus(tmp_path / "again.json", tmp_path / "back.spacy", ImportOptions(format=format))
        found = read_docs(tmp_path / "back.spacy")
        assert [[e.text for e in doc.ents] for doc in found] == [["Rome"], []]
        assert not any(missing_tokens(doc) for doc in found)


def answered(rows, format):
    """What comes back of a tool: all answered but the last, the first without items."""
    for n, row in enumerate(rows[:-1]):
        if format == "prodigy":
            row |= {"answer": "accept", "_task_hash": n} | ({"spans": []} if n == 0 else {})
        elif format == "labelstudio":
            (prediction,) = row["predictions"]
            row["annotations"] = [{"result": [] if n == 0 else prediction["result"]}]
        else:
            row["id"] = n
            row["label"] = [] if n == 0 else row["label"]
    return rows[:-1] if format != "labelstudio" else rows


@pytest.mark.parametrize("format", ["prodigy", "labelstudio", "doccano"])
def test_the_same_list_goes_to_other_tools_and_back(pool, page, tmp_path, format):
    out = tmp_path / f"list.{'json' if format == 'labelstudio' else 'jsonl'}"
    review(pool, [], out, options=ReviewOptions(format=format))
    text = out.read_text(encoding="utf8")
    rows = json.loads(text) if format == "labelstudio" else [json.loads(line) for line in text.splitlines()]
    shown = [one["row"] for one in data_of(page)["documents"]]
    assert [row.get("text") or row["data"]["text"] for row in rows] == [row["text"] for row in shown]
    if format != "doccano":
        # A suggestion is no answer.
        import_corpus(out, tmp_path / "raw.spacy", ImportOptions(format=format))
        assert all(len(missing_tokens(doc)) == len(doc) for doc in read_docs(tmp_path / "raw.spacy"))
        with pytest.raises(DistillError, match=r"Nothing in.*3 are open"):
            import_review(out, tmp_path / "gold.spacy", pool, ImportOptions(format=format))
        assert not any("answer" in row for row in rows)
    rows = answered(rows, format)
    out.write_text(
        json.dumps(rows) if format == "labelstudio" else "".join(json.dumps(row) + "\n" for row in rows)
    )
    report = import_review(out, tmp_path / "gold.spacy", pool, ImportOptions(format=format))
    gold = {
        record_of(doc)["id"]: [(e.text, e.label_) for e in doc.ents]
        for doc in read_docs(tmp_path / "gold.spacy")
    }
    assert gold == {"a:1": [], "a:0": [("Rome", "LOC"), ("Acme", "ORG")]}
    assert (report.written, report.open) == (2, int(format == "labelstudio"))


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("format", ["prodigy", "labelstudio", "doccano"])
def test_classes_go_to_other_tools_and_back(format, exclusive, tmp_path):
    """Their exports are recognised. Where any number may apply, one who chooses none denies all."""
    labels, task = ("cold", "warm"), find_task("textcat" if exclusive else "textcat_multilabel")
    docs = []
    for n, said in enumerate([["warm"], ["warm"], ["cold"], ["cold"]]):
        doc = make_doc(f"It was {said[0]} in {n}", id=f"a:{n}", missing=range(5))
        record_of(doc).update(task=task.name, labels=labels)
        for view, items in (("one", said), ("two", ["warm"])):
            spans = [(0, len(doc.text), label) for label in items]
            task.write_view(doc, view, task.from_characters(doc, spans))
        docs.append(doc)
    pool, out = write_docs(tmp_path / "pool.spacy", *docs), tmp_path / f"list.{format}.json"
    review(pool, [], out, options=ReviewOptions(format=format))
    text = out.read_text(encoding="utf8")
    rows = json.loads(text) if format == "labelstudio" else [json.loads(line) for line in text.splitlines()]
    for n, row in enumerate(rows):
        # A person chooses "warm", and of the first document nothing where that is a choice.
        chosen = ["warm"] if n or exclusive else []
        if format == "prodigy":
            row |= {"answer": "accept", "_task_hash": n, "accept": chosen}
        elif format == "labelstudio":
            choice = {"from_name": "label", "to_name": "text", "type": "choices"}
            row["annotations"] = [{"result": [{**choice, "value": {"choices": chosen}}] if chosen else []}]
        else:
            row |= {"id": n, "label": chosen, "Comments": []}
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    out.write_text(json.dumps(rows) if format == "labelstudio" else lines)
    report = import_review(out, tmp_path / "gold.spacy", pool)
    first = rows[0].get("text") or rows[0]["data"]["text"]
    assert report.written == len(docs)
    for doc in read_docs(tmp_path / "gold.spacy"):
        assert doc.cats == {"cold": 0.0, "warm": float(exclusive or doc.text != first)}
