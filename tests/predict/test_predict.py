"""Predicting a corpus: order, ids, resuming, bad records, formats."""

import json
import shutil
from pathlib import Path

import pyarrow.parquet
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import DocBin

from helpers.predicting import make_blank, read_out, read_rejects, run_predict, write_rows


@pytest.fixture
def corpus(tmp_path):
    write_rows(tmp_path / "in" / "a.jsonl", 23, "a")
    write_rows(tmp_path / "in" / "sub" / "b.jsonl", 4, "b")
    return tmp_path / "in"


def endings(events):
    return [(event.job.name, event.kind) for event in events]


def test_the_output_is_what_the_pipeline_says_in_the_order_of_the_input(model, corpus, tmp_path):
    _, events = run_predict(model, corpus, tmp_path / "out")
    assert endings(events) == [
        (name, "finished")
        for name in ("a-00000.jsonl", "a-00001.jsonl", "a-00002.jsonl", "sub/b-00000.jsonl")
    ]
    rows = read_out(tmp_path / "out")
    assert [row["id"] for row in rows] == [f"a{i}" for i in range(23)] + [f"b{i}" for i in range(4)]
    nlp = spacy.load(model)
    for row in rows[:12]:
        assert row["spans"] == [
            {"start": ent.start_char, "end": ent.end_char, "label": ent.label_}
            for ent in nlp(row["text"]).ents
        ]
    assert any(row["spans"] for row in rows)


def test_what_is_done_is_not_done_again_and_what_changed_is(model, corpus, tmp_path):
    out = tmp_path / "out"
    run_predict(model, corpus, out)
    plan, events = run_predict(model, corpus, out)
    assert (len(plan.done), events) == (4, [])
    with (corpus / "a.jsonl").open("a") as stream:
        stream.write('{"text": "Ana left Oslo"}\n')
    assert endings(run_predict(model, corpus, out)[1]) == [("a-00002.jsonl", "finished")]
    other = tmp_path / "other"
    nlp = spacy.load(model)
    nlp.meta["description"] = "another"
    nlp.to_disk(other)
    assert len(run_predict(other, corpus, out)[1]) == 4
    (out / "a-00000.jsonl").write_text("cut off")
    (out / "_done" / "a-00001.json").write_text("{")
    assert len(run_predict(other, corpus, out)[1]) == 2
    assert len(read_out(out)) == 28


def test_other_files_in_the_output_are_refused(model, corpus, tmp_path):
    out = tmp_path / "out"
    run_predict(model, corpus, out)
    for options in ({"shard_size": 30}, {"format": "parquet"}):
        with pytest.raises(ValueError, match=r"files of other predictions than these \(a-0000"):
            run_predict(model, corpus, out, **options)
    for place in (corpus, corpus / "out", tmp_path):
        with pytest.raises(ValueError, match=r"is read|lies in"):
            run_predict(model, corpus, place)
    with pytest.raises(ValueError, match="--format says"):
        run_predict(model, corpus, tmp_path / "out.jsonl")


def test_a_bad_record_is_set_aside_and_the_rest_goes_on(model, tmp_path):
    path = tmp_path / "a.jsonl"
    rows = ['{"id": "1", "text": "Ana left Oslo"}', "{nonsense", json.dumps({"text": "x " * 600_000}),
            '{"id": "4", "text": ""}', '{"id": "1", "text": "Bo left Lima"}']  # fmt: skip
    path.write_text("\n".join(rows))
    _, events = run_predict(model, path, tmp_path / "out")
    assert events[0].facts["rejects"] == 2 and events[0].facts["documents"] == 3
    assert [row["id"] for row in read_out(tmp_path / "out")] == ["1", "4", "1"]
    rejects = read_rejects(tmp_path / "out")
    assert [(row["source"], row["line"]) for row in rejects] == [("a.jsonl", 2), ("a.jsonl", 3)]
    assert "expected a JSON object" in rejects[0]["reason"] and "E088" in rejects[1]["reason"]
    path.write_text("\n".join([rows[0], *rows[3:]]))
    run_predict(model, path, tmp_path / "out")
    assert read_rejects(tmp_path / "out") == []


def test_a_pipeline_that_is_at_fault_fails_the_shard_and_sets_nothing_aside(model, tmp_path, monkeypatch):
    def break_down(*args, **kwargs):
        raise RuntimeError("CUDA error")

    monkeypatch.setattr(Language, "pipe", break_down)
    monkeypatch.setattr(Language, "__call__", break_down)
    _, events = run_predict(model, write_rows(tmp_path / "a.jsonl", 3), tmp_path / "out")
    assert events[0].kind == "failed" and "CUDA error" in events[0].error
    assert list((tmp_path / "out").rglob("*.jsonl")) == []


def test_a_failure_without_a_message_is_none_the_less_one(model, tmp_path, monkeypatch):
    def break_down(*args, **kwargs):
        raise ValueError

    monkeypatch.setattr(Language, "pipe", break_down)
    monkeypatch.setattr(Language, "__call__", break_down)
    _, events = run_predict(model, write_rows(tmp_path / "a.jsonl", 3), tmp_path / "out")
    assert events[0].kind == "failed" and events[0].error.strip().endswith("ValueError")


def test_a_scratch_folder_that_cannot_be_made_fails_its_shard_only(model, tmp_path):
    path = write_rows(tmp_path / "a.jsonl", 3)
    (event,) = run_predict(model, path, tmp_path / "out", Path.touch)[1]
    assert event.kind == "failed" and "_running" in event.error


def test_a_damaged_file_is_left_out_and_named(model, corpus, tmp_path):
    (corpus / "c.jsonl.gz").write_bytes(b"no gzip")
    plan, events = run_predict(model, corpus, tmp_path / "out")
    assert list(plan.unreadable) == ["c.jsonl"] and len(events) == 4


def test_parquet_and_docbin_hold_the_same_as_jsonl(model, corpus, tmp_path):
    run_predict(model, corpus, tmp_path / "j")
    rows = read_out(tmp_path / "j")
    run_predict(model, corpus, tmp_path / "p", format="parquet")
    assert pyarrow.parquet.read_table(tmp_path / "p").to_pylist() == rows
    run_predict(model, corpus, tmp_path / "s", format="spacy")
    docs = [
        doc
        for path in sorted((tmp_path / "s").rglob("*.spacy"))
        for doc in DocBin(store_user_data=True).from_disk(path).get_docs(spacy.blank("en").vocab)
    ]
    assert [(doc.user_data["distill"]["id"], doc.text, len(doc.ents)) for doc in docs] == [
        (row["id"], row["text"], len(row["spans"])) for row in rows
    ]
    assert {doc.user_data["distill"]["task"] for doc in docs} == {"ner"}
    run_predict(model, tmp_path / "p", tmp_path / "again")
    assert read_out(tmp_path / "again") == rows


def test_a_document_is_written_without_what_components_hang_on_it(tmp_path, monkeypatch):
    call = Language.make_doc

    def make_doc(nlp, text):
        doc = call(nlp, text)
        doc.user_data["vectors"] = [0.0]
        return doc

    monkeypatch.setattr(Language, "make_doc", make_doc)
    run_predict(
        make_blank(tmp_path / "m"), write_rows(tmp_path / "a.jsonl", 1), tmp_path / "out", format="spacy"
    )
    (doc,) = (
        DocBin(store_user_data=True)
        .from_disk(tmp_path / "out" / "a-00000.spacy")
        .get_docs(spacy.blank("en").vocab)
    )
    assert set(doc.user_data) == {"distill"}


def test_a_shard_is_whole_or_not_there(tmp_path, monkeypatch):
    def die(*args):
        raise KeyboardInterrupt

    model, path, out = make_blank(tmp_path / "m"), write_rows(tmp_path / "a.jsonl", 12), tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", die)
        with pytest.raises(KeyboardInterrupt):
            run_predict(model, path, out)
    assert [p.name for p in out.rglob("*") if p.is_file()] == [".lock"]
    assert len(run_predict(model, path, out)[1]) == 2


def test_an_old_record_does_not_vouch_for_a_new_shard(tmp_path, monkeypatch):
    model, path, out = make_blank(tmp_path / "m"), write_rows(tmp_path / "a.jsonl", 3), tmp_path / "out"
    run_predict(model, path, out)
    before = path.read_text()
    path.write_text(before.replace('"d0"', '"x0"'))
    with monkeypatch.context() as patch:
        replace = Path.replace
        patch.setattr(Path, "replace", lambda p, to: (p.name == "record" and 1 / 0) or replace(p, to))
        run_predict(model, path, out)
    path.write_text(before)
    assert len(run_predict(model, path, out)[1]) == 1
    assert read_out(out)[0]["id"] == "d0"


def test_a_shard_whose_workers_die_is_given_up(tmp_path):
    def leave_traces(folder):
        for name in "abc":
            (folder / name).mkdir(parents=True)

    path = write_rows(tmp_path / "a.jsonl", 2)
    (event,) = run_predict(make_blank(tmp_path / "m"), path, tmp_path / "out", leave_traces)[1]
    assert event.kind == "failed" and "died 3 times" in event.error


def test_a_node_without_the_output_says_so(tmp_path):
    path = write_rows(tmp_path / "a.jsonl", 2)
    (event,) = run_predict(
        make_blank(tmp_path / "m"), path, tmp_path / "out", lambda folder: shutil.rmtree(folder.parent)
    )[1]
    assert "does not see" in event.error


@pytest.mark.parametrize("name", ["none", "folder"])
def test_a_model_that_is_none(tmp_path, name, monkeypatch):
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=f"{name} is no trained pipeline"):
        run_predict(name, write_rows(tmp_path / "a.jsonl", 1), tmp_path / "out")


def test_words_that_were_never_seen_before_are_forgotten_again(model, tmp_path, monkeypatch):
    seen, pipe = [], Language.pipe
    monkeypatch.setattr(Language, "pipe", lambda nlp, *args: seen.append(nlp.vocab) or pipe(nlp, *args))
    path = tmp_path / "a.txt"
    path.write_text("\n".join(f"word{i} left Oslo" for i in range(40)))
    run_predict(model, path, tmp_path / "out")
    assert "Oslo" in seen[0].strings and not any(f"word{i}" in seen[0].strings for i in range(40))
