"""The sample project as a user runs it: everything made, nothing made twice, nothing lost."""

import json
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.tokens import DocBin

from helpers.support import ROOT, copy_project, run_in

CORPORA = {
    "gold": 130, "dev": 60, "test": 150, "pool": 250, "features": 80,
    "pool_standard": 250, "pool_cot": 250, "features_cot": 80,
}  # fmt: skip


@pytest.mark.parametrize(("name", "size"), CORPORA.items())
def test_every_corpus_is_made_and_no_document_is_lost(sample_project: Path, name: str, size: int):
    assert len(DocBin().from_disk(sample_project / "demo" / "corpus" / f"{name}.spacy")) == size


def test_the_comparison_table_and_the_teacher_table_are_printed(sample_project: Path):
    output = (sample_project / "output.txt").read_text(encoding="utf8")
    for word in (
        "gold",
        "simple_mix",
        "cosine",
        "standard",
        "cot",
        "LOC",
        "MISC",
        "ORG",
        "PER",
        "micro",
        "macro",
    ):
        assert word in output


def test_the_scores_and_the_report_are_on_disk(sample_project: Path):
    study = sample_project / "studies" / "sample_cpu"
    regimens = {json.dumps(row) for row in srsly.read_jsonl(study / "scores.jsonl")}
    assert all(any(name in row for row in regimens) for name in ("gold", "simple_mix", "cosine"))
    page = (study / "report.html").read_text(encoding="utf8")
    assert "http://" not in page.replace("http://www.w3.org", "") and "<table" in page


def test_refused_and_truncated_answers_label_nothing(sample_project: Path):
    vocab = spacy.blank("en").vocab
    states = {}
    for doc in (
        DocBin(store_user_data=True).from_disk(sample_project / "demo/corpus/pool_cot.spacy").get_docs(vocab)
    ):
        (view,) = doc.user_data["distill"]["views"].values()
        states.setdefault(view["state"], []).append(doc.has_annotation("ENT_IOB"))
    assert {"ok", "refused", "truncated", "unparsable"} <= set(states)
    assert all(states["ok"])
    assert not any(any(labelled) for state, labelled in states.items() if state != "ok")


def test_the_second_task_goes_from_answers_to_a_table(sample_project: Path):
    assert "accidents business culture justice" in " ".join(
        (sample_project / "output.txt").read_text(encoding="utf8").split()
    )
    results = json.loads((sample_project / "studies" / "topics" / "results.json").read_text(encoding="utf8"))
    assert results["task"] == "textcat" and len(results["runs"]) == 3
    answered = DocBin(store_user_data=True).from_disk(sample_project / "corpus/topics/pool_answers.spacy")
    docs = list(answered.get_docs(spacy.blank("en").vocab))
    assert (len(docs), sum(bool(doc.cats) for doc in docs)) == (65, 54)


def test_the_articles_with_topics_are_those_of_the_sample():
    for name in ("gold", "dev", "test", "pool"):
        articles = {row["id"]: row["text"] for row in sample(f"topics_{name}")}
        sentences = sample(name) + (sample("features") if name == "pool" else [])
        assert set(articles) == {row["document"] for row in sentences}
        assert all(row["text"] in articles[row["document"]] for row in sentences)


def test_a_second_run_skips_every_command(sample_project: Path):
    done = run_in(sample_project, "-m", "spacy", "project", "run", "all", ".", "--vars.student", "cpu")
    commands = srsly.read_yaml(ROOT / "project.yml")["workflows"]["all"]
    # The tok2vec student fetches no encoder, so its folder may not be there to be up to date.
    assert {c for c in commands if f"Skipping '{c}'" not in done.stdout} <= {"encoder"}


def test_what_the_project_makes_is_ignored_by_git(sample_project: Path):
    ignored = {line.strip("/\n") for line in (ROOT / ".gitignore").read_text(encoding="utf8").splitlines()}
    made = {p.name for p in sample_project.iterdir()} - {
        "project.yml",
        "configs",
        "assets",
        "scripts",
        "output.txt",
    }
    assert made <= ignored


def test_the_sample_has_no_sentence_in_two_corpora_and_no_template():
    texts = [row["text"] for name in ("gold", "pool", "features", "dev", "test") for row in sample(name)]
    assert len(texts) == len(set(texts)) >= 400


def test_no_five_words_that_are_not_names_stand_in_more_than_three_sentences():
    seen: dict[tuple[str, ...], set[str]] = {}
    for name in ("gold", "pool", "features", "dev", "test"):
        for row in sample(name):
            text = row["text"]
            for span in sorted(row["spans"], key=lambda s: -s["start"]):
                text = text[: span["start"]] + "\0" + text[span["end"] :]
            words = text.casefold().split()
            for i in range(len(words) - 4):
                gram = tuple(words[i : i + 5])
                if not any("\0" in word for word in gram):
                    seen.setdefault(gram, set()).add(row["id"])
    assert [gram for gram, rows in seen.items() if len(rows) > 3] == []


def test_the_written_answers_say_that_no_model_gave_them():
    for path in (ROOT / "assets" / "sample").glob("*answers*.jsonl"):
        assert {row["model"] for row in srsly.read_jsonl(path)} == {"written-for-the-sample"}


def test_a_folder_that_cannot_be_written_is_named(sample_project: Path, tmp_path: Path):
    (tmp_path / "file").write_text("in the way", encoding="utf8")
    target = str(tmp_path / "file" / "dev.spacy")
    command = ("-m", "spacy", "distill", "import", "assets/sample/dev.jsonl", target, "--format", "jsonl")
    done = run_in(ROOT, *command, check=False)
    assert done.returncode == 1
    assert "Cannot write" in done.stdout + done.stderr and "dev.spacy" in done.stdout + done.stderr


def test_the_conll_workflow_names_the_data_it_lacks(tmp_path: Path):
    folder = copy_project(tmp_path)
    done = run_in(
        folder, "-m", "spacy", "project", "run", "conll-import", ".", "--vars.data", "nowhere", check=False
    )
    assert done.returncode and "nowhere/conll2003/eng.train.gz" in done.stdout + done.stderr


def sample(name: str) -> list[dict]:
    return list(srsly.read_jsonl(ROOT / "assets" / "sample" / f"{name}.jsonl"))
