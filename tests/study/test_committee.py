"""A committee is trained, goes on where it was, and relabels."""

import pytest

from helpers.committees import make_committee
from helpers.docs import make_doc, read_docs, record_of, write_docs
from helpers.studying import write_corpora
from helpers.support import ROOT, run_in
from spacy_distill import CommitteeOptions, DistillError, relabel, relabel_in_rounds, train_committee
from spacy_distill.labels.committee import read_committee, text_hash
from spacy_distill.labels.relabel import RelabelReport
from spacy_distill.study.runner import StudyEvent
from spacy_distill.study.train_committee import CommitteeReport, read_training

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


def both(folder):
    """How many texts of the pool are gold too, from which all members learn."""
    gold = {doc.text for doc in read_docs(folder / "gold.spacy")}
    return sum(doc.text in gold for doc in read_docs(folder / "cot.spacy"))


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
    assert done.learned == both(folder)
    assert done.documents == len(read_docs(out))
    assert all("confidence" in doc.spans for doc in read_docs(out))


def test_a_second_round_learns_from_the_labels_of_the_first(tmp_path):
    folder, trained, out = tmp_path / "corpora", tmp_path / "committee", tmp_path / "out.spacy"
    folder.mkdir()
    write_corpora(folder)
    train(folder, trained, members=["gold", "cosine"], folds=2)

    def rounds(number):
        return list(relabel_in_rounds(trained, folder / "cot.spacy", [], out, rounds=number))

    events = rounds(2)
    reports = [event for event in events if isinstance(event, RelabelReport)]
    assert [report.learned for report in reports] == [both(folder)] * 2
    first = tmp_path / "out-round-1.spacy"
    alone = tmp_path / "alone.spacy"
    relabel(trained, folder / "cot.spacy", [], alone)
    assert spans_of(first) == spans_of(alone)
    members = read_committee(tmp_path / "committee-round-2").members
    assert {(one.name, one.fold) for one in members} == {
        ("gold/seed-0", None), ("cosine/seed-0", 0), ("cosine/seed-0", 1),
    }  # fmt: skip
    parts = [doc for n in range(2) for doc in read_docs(tmp_path / f"committee-round-2/fold-{n}.spacy")]
    assert sorted(map(items, parts)) == sorted(map(items, read_docs(first)))
    relabel(tmp_path / "committee-round-2", folder / "cot.spacy", [], alone)
    assert spans_of(out) == spans_of(alone)
    assert record_of(read_docs(out)[0])["relabel"]["committee"] == str(tmp_path / "committee-round-2")
    # What is trained is not trained again.
    kinds = [event.kind for event in rounds(2) if isinstance(event, StudyEvent)]
    assert kinds.count("skipped") == 3 and not kinds.count("finished")


def items(doc):
    return [doc.text, [(ent.start, ent.end, ent.label_) for ent in doc.ents]]


def spans_of(path):
    return [items(doc) for doc in read_docs(path)]


def test_what_members_learned_from_is_known_and_paths_of_the_config_can_be_set(tmp_path):
    folder = tmp_path / "corpora"
    folder.mkdir()
    write_corpora(folder)
    out = tmp_path / "committee"
    config = tmp_path / "student.cfg"
    text = (ROOT / "configs/student_cpu.cfg").read_text()
    assert "[paths]\n" in text
    config.write_text(text.replace("[paths]\n", "[paths]\nother = null\n"))
    overrides = {**SMALL, **places(folder), "paths.other": "somewhere"}
    events = train_committee(
        config, out, CommitteeOptions(members=["gold", "cosine"], folds=2), overrides=overrides
    )
    for event in events:
        # Until all are trained, nothing speaks of members that are no longer those.
        assert isinstance(event, CommitteeReport) or not (out / "committee.json").exists()
    committee = read_committee(out)
    gold = read_docs(folder / "gold.spacy")
    assert committee.gold == {text_hash(doc) for doc in gold}
    assert all(votes.learned for votes in committee.ask(gold))
    assert "somewhere" in (out / "committee.cfg").read_text()
    assert read_training(out)[2]["paths.other"] == "somewhere"
    # One more step: other members, of which the old file knows nothing.
    again = train_committee(
        config,
        out,
        CommitteeOptions(members=["gold", "cosine"]),
        overrides={**overrides, "training.max_steps": 5},
    )
    assert next(event for event in again if event.kind == "started")
    assert not (out / "committee.json").exists()


def test_a_further_round_needs_a_member_that_learns_from_the_pool(tmp_path):
    folder = tmp_path / "corpora"
    folder.mkdir()
    write_corpora(folder)
    train(folder, tmp_path / "committee", members=["gold"], seeds=2)
    with pytest.raises(DistillError, match=r"no member of .* learns from the pool"):
        list(relabel_in_rounds(tmp_path / "committee", folder / "cot.spacy", [], tmp_path / "out.spacy"))


def test_a_round_needs_to_know_how_members_were_trained(tmp_path):
    committee = make_committee(tmp_path / "made", {"gold/seed-0": {}, "gold/seed-1": {}})
    pool = write_docs(tmp_path / "pool.spacy", make_doc("Rome fell", [(0, 1, "LOC")]))
    out = tmp_path / "out.spacy"
    with pytest.raises(DistillError, match="not known how its members were trained"):
        list(relabel_in_rounds(committee, pool, [], out, rounds=2))
    with pytest.raises(DistillError, match="rounds = 0"):
        list(relabel_in_rounds(committee, pool, [], out, rounds=0))
    first = write_docs(tmp_path / "out-round-1.spacy", make_doc("Rome fell"))
    with pytest.raises(DistillError, match="is read too"):
        list(relabel_in_rounds(committee, first, [], out, rounds=2))
    assert not out.exists()


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
