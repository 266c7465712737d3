"""Classes as training sees them: what is left out, and what a student learns its labels from."""

import csv
import json
from functools import reduce
from operator import getitem

import pytest
import spacy
from confection import Config
from spacy.cli.train import train
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.vocab import Vocab

from helpers.docs import write_docs
from helpers.studying import carry_out_study, study_text
from helpers.support import ROOT
from spacy_distill import audit_corpus, find_task, preview, read_blend_log, vote, write_card
from spacy_distill.labels.committee import (
    Committee,
    CommitteePipeline,
    Member,
    read_committee,
    write_committee,
)
from spacy_distill.scaffold.files import student_config
from spacy_distill.tasks.textcat.task import make_textcat_task

LABELS = ["cold", "warm"]
CONFIG = ROOT / "configs" / "student_textcat_cpu.cfg"


def make_docs(answers, exclusive=True, view="v"):
    """Documents as a teacher's answers label them."""
    task = make_textcat_task(LABELS, exclusive, view=view)
    docs = []
    for number, answer in enumerate(answers):
        doc = Doc(Vocab(), ["It", "was", answer.split()[0], "in", "town", str(number)])
        doc.user_data["distill"] = {"id": str(number), "document": str(number)}
        docs.append(task.annotate(doc, answer))
    return docs


@pytest.fixture
def paths(tmp_path):
    """Corpora of which the distilled one has two documents whose class is missing."""
    answers = {
        "gold": ["warm", "cold"] * 6,
        "distilled": ["warm", "cold", "cold or warm", "hot"] * 2,
        "dev": ["warm", "cold"],
    }
    for name, given in answers.items():
        write_docs(tmp_path / f"{name}.spacy", *make_docs(given))
    return {f"paths.{name}": str(tmp_path / f"{name}.spacy") for name in answers}


def test_documents_whose_class_is_missing_are_left_out_before_shares_are_counted(paths):
    counts = preview(CONFIG, paths).plan.counts["distilled"]
    assert (counts.documents, counts.skipped_text()) == (4, "4 unannotated")
    pooled = preview(CONFIG, {**paths, "corpora.train.share.@schedules": "spacy_distill.pooled.v1"})
    assert pooled.plan.shares[0] == pytest.approx(4 / 16)


@pytest.mark.parametrize("exclusive", [True, False])
def test_a_shard_is_counted_without_making_its_documents(exclusive):
    answers = ["warm", "cold", "cold or warm", "hot", "none", "cold, warm", "?! ?! ?! ?! ?!"]
    docs = make_docs(answers, exclusive)
    task = find_task("textcat" if exclusive else "textcat_multilabel")
    found = list(task.doc_counts(DocBin(docs=docs, store_user_data=True)))
    for doc, (words, labels) in zip(docs, found, strict=True):
        annotation = task.read(doc)
        assert words == len(doc)
        assert (labels is not None) == annotation.usable
        assert labels is None or sorted(labels) == [item.label for item in annotation.items]


# What a config says of any number of classes, by where it says it.
MULTILABEL = {
    ("factory",): "textcat_multilabel",
    ("threshold",): 0.5,
    ("scorer", "@scorers"): "spacy.textcat_multilabel_scorer.v2",
    ("model", "exclusive_classes"): False,
}


def multilabel_config():
    """The student for any number of classes: with the lines changed that it names."""
    config = Config().from_disk(CONFIG, interpolate=False)
    for (*sections, name), value in MULTILABEL.items():
        reduce(getitem, sections, config["components"]["textcat"])[name] = value
    return config


@pytest.mark.parametrize("student", ["cpu", "minilm"])
def test_a_config_names_all_that_differs_for_any_number_of_classes(student):
    """With those lines it is what `init` writes for such gold, and trains alike."""
    path = ROOT / "configs" / f"student_textcat_{student}.cfg"
    component = Config().from_disk(path, interpolate=False)["components"]["textcat"]
    for (*sections, name), value in MULTILABEL.items():
        reduce(getitem, sections, component)[name] = value
        said = value if isinstance(value, str) else f"{name} = {json.dumps(value)}"
        assert said in path.read_text(encoding="utf8").partition("[components.textcat]")[0]
    written = student_config(student, 1, task="textcat_multilabel")
    assert component == Config().from_str(written, interpolate=False)["components"]["textcat"]


@pytest.mark.parametrize("exclusive", [True, False])
def test_a_student_of_either_kind_trains_on_what_is_known(exclusive, paths, tmp_path):
    config = Config().from_disk(CONFIG, interpolate=False) if exclusive else multilabel_config()
    if not exclusive:
        for name, path in paths.items():
            given = {"distilled": ["warm", "cold or warm", "none", "cold, warm"]}
            answers = given.get(name.partition(".")[2], ["warm", "cold", "none", "cold, warm"] * 3)
            write_docs(tmp_path / path, *make_docs(answers, exclusive))
    config.to_disk(tmp_path / "student.cfg")
    short = {"training.max_steps": 20, "training.eval_frequency": 20, "training.batcher.size": 4}
    short["training.optimizer.learn_rate.rate"] = 0.05
    train(tmp_path / "student.cfg", tmp_path / "out", overrides={**paths, **short})
    drawn = read_blend_log(tmp_path / "out").exposures()
    assert drawn["distilled"]["examples"] and drawn["gold"]["examples"]
    nlp = spacy.load(tmp_path / "out" / "model-last")
    assert nlp.get_pipe("textcat").labels == ("cold", "warm")
    scores = nlp("It was cold in town").cats
    assert scores["cold"] > scores["warm"]


def test_views_are_put_to_the_vote_and_audited(tmp_path):
    views = {"one": ["warm", "cold", "cold", "warm"], "two": ["warm", "cold", "warm", "cold or warm"]}
    texts = make_docs(["x"] * 4)
    for name, answers in views.items():
        task = make_textcat_task(LABELS, view=name)
        docs = []
        for doc, answer in zip(texts, answers, strict=True):
            bare = Doc(Vocab(), [token.text for token in doc])
            bare.user_data["distill"] = {key: doc.user_data["distill"][key] for key in ("id", "document")}
            docs.append(task.annotate(bare, answer))
        write_docs(tmp_path / f"{name}.spacy", *docs)
    report = vote([tmp_path / "one.spacy", tmp_path / "two.spacy"], tmp_path / "voted.spacy")
    assert (report.places, report.size, report.missing) == ("documents", 4, 2)
    assert dict(report.voted) == {"cold": 1, "warm": 1}
    gold = make_docs(["x"] * 4)
    for doc, label in zip(gold, ["warm", "warm", "cold", "warm"], strict=True):
        doc.cats = {name: float(name == label) for name in LABELS}
    write_docs(tmp_path / "gold.spacy", *gold)
    found = audit_corpus(tmp_path / "voted.spacy", gold=[tmp_path / "gold.spacy"])
    (own,) = [quality for quality in found.gold.quality if quality.name == "labels"]
    assert own.scores.micro.counts == (1, 1, 1)
    assert own.missing_items == 2


HALF = """
[study.shares]

[study.shares.half]
@schedules = "spacy_distill.constant.v1"
share = 0.5
"""


def test_a_study_of_any_number_of_classes_has_average_precision(tmp_path):
    """By class and over classes, in page, notes, table and card."""
    config = multilabel_config()
    config["training"]["batcher"]["size"] = 4
    config["training"]["optimizer"]["learn_rate"]["rate"] = 0.05
    config.to_disk(tmp_path / "student.cfg")
    every = ["warm", "cold", "none", "cold, warm"]
    for name in ("gold", "dev", "test"):
        write_docs(tmp_path / f"{name}.spacy", *make_docs(every * 3, exclusive=False))
    write_docs(tmp_path / "pool.spacy", *make_docs([*every, "cold"] * 2, exclusive=False))
    write_docs(tmp_path / "answers.spacy", *make_docs([*every, "cold or warm"] * 2, exclusive=False))
    values = {"regimens": ["gold", "half"], "max_steps": 20, "score_best": False, "extra": HALF}
    (tmp_path / "study.cfg").write_text(
        study_text(tmp_path, tmp_path / "student.cfg", ["answers"], **values), encoding="utf8"
    )
    done = carry_out_study(tmp_path / "study.cfg", tmp_path / "out", report=True)
    assert [kind for kind, _ in done] == ["finished"] * 4
    with (tmp_path / "out" / "report.scores.csv").open(encoding="utf8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["metric"] == "ap" and row["name"] == "gold"]
    found = {row["label"]: float(row["mean"]) for row in rows}
    assert found.keys() == {"cold", "warm", "macro"}
    assert found["macro"] == pytest.approx((found["cold"] + found["warm"]) / 2)
    assert found["macro"] > 0.8  # The words of the texts are their classes.
    for page in ("report.md", "report.html"):
        assert "verage precision" in (tmp_path / "out" / page).read_text(encoding="utf8")
    run = tmp_path / "out" / "tiny" / "gold" / "steps-20" / "gold-all" / "seed-0"
    card = write_card(run).read_text(encoding="utf8")
    table = [line for line in card.splitlines() if line.startswith("|")][:6]
    assert "average precision" in table[0] and len({line.count("|") for line in table}) == 1


@pytest.mark.parametrize("exclusive", [True, False])
def test_a_committee_of_one_mind_predicts_what_its_members_do(exclusive, tmp_path):
    """Bare documents have no labels of their own: they may get those that the members know."""
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy.TextCatBOW.v3", "exclusive_classes": exclusive, "ngram_size": 1}
    factory = "textcat" if exclusive else "textcat_multilabel"
    nlp.add_pipe(factory, config={"model": {**model, "no_output_layer": False, "length": 1024}})
    answers = ["warm", "cold"] if exclusive else ["warm", "cold", "none", "cold, warm"]
    examples = [Example(nlp.make_doc(doc.text), doc) for doc in make_docs(answers, exclusive)]
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.1
    for _ in range(20):
        nlp.update(examples, sgd=optimizer)
    members = [Member(f"gold/seed-{seed}", f"member-{seed}") for seed in range(2)]
    for member in members:
        nlp.to_disk(tmp_path / member.path)
    write_committee(Committee(tmp_path, factory, LABELS, members))
    task, texts = find_task(factory), [example.text for example in examples]
    together = CommitteePipeline(read_committee(tmp_path))
    found = [task.read(together(text)) for text in texts]
    assert found == [task.read(nlp(text)) for text in texts]
    assert {item.label for one in found for item in one.items} == {"cold", "warm"}
