"""A committee is trained, goes on where it was, and relabels."""

import pytest

from helpers.docs import read_docs
from helpers.studying import write_corpora
from helpers.support import ROOT, run_in
from spacy_distill import CommitteeOptions, DistillError, relabel, train_committee
from spacy_distill.labels.committee import read_committee

SMALL = {
    "training.max_steps": 4,
    "training.eval_frequency": 2,
    "components.tok2vec.model.width": 16,
    "components.tok2vec.model.depth": 1,
    "components.tok2vec.model.embed_size": 100,
}


def places(folder):
    return {f"paths.{name}": str(folder / f"{file}.spacy") for name, file in
            {"gold": "gold", "distilled": "cot", "dev": "dev"}.items()}  # fmt: skip


def train(folder, out, **options):
    overrides = {**SMALL, **places(folder)}
    return list(
        train_committee(
            ROOT / "configs/student_cpu.cfg", out, CommitteeOptions(**options), overrides=overrides
        )
    )


def test_members_of_folds_judge_what_they_did_not_learn_and_are_trained_once(tmp_path):
    folder = tmp_path / "corpora"
    folder.mkdir()
    write_corpora(folder)
    *events, report = train(folder, tmp_path / "committee", members=["gold", "cosine"], folds=2)
    assert [event.kind for event in events].count("finished") == 3
    assert not report.failed
    assert {(one.name, one.fold) for one in report.committee.members} == {
        ("gold/seed-0", None), ("cosine/seed-0", 0), ("cosine/seed-0", 1),
    }  # fmt: skip
    committee = read_committee(tmp_path / "committee")
    for doc in read_docs(folder / "cot.spacy"):
        assert len(committee.voters(doc)) == 2
    *events, _ = train(folder, tmp_path / "committee", members=["gold", "cosine"], folds=2)
    assert [event.kind for event in events].count("skipped") == 3
    out = tmp_path / "out.spacy"
    done = relabel(tmp_path / "committee", folder / "cot.spacy", [], out, gold=folder / "pool.spacy")
    assert done.learned == 0
    assert done.documents == len(read_docs(out))
    assert all("confidence" in doc.spans for doc in read_docs(out))


def test_bad_input_is_named(tmp_path):
    with pytest.raises(DistillError, match="committee of one"):
        CommitteeOptions(members=["gold"])
    with pytest.raises(DistillError, match="no fold, or 2 or more"):
        CommitteeOptions(folds=1)
    with pytest.raises(DistillError, match="named twice"):
        CommitteeOptions(members=["gold", "gold"])
    done = run_in(tmp_path, "-m", "spacy_distill", "committee", str(ROOT / "configs/student_cpu.cfg"), "out",
                  check=False)  # fmt: skip
    assert done.returncode == 1
    assert "--gold gold.spacy --dev dev.spacy --distilled distilled.spacy" in " ".join(done.stdout.split())
