"""Predicting on a Ray cluster of two nodes."""

import json
import sys
from collections import Counter

from predicting import predict_slowly, read_out, write_rows
from spacy_distill.engines.cluster import joined_cluster
from spacy_distill.engines.engine import RayOptions
from spacy_distill.engines.ray_engines import RayDataset
from spacy_distill.predict.chunks import predict_shard
from spacy_distill.predict.predict import Wanted, make_plan, opened_output, predict


def test_a_node_that_is_killed_loses_no_shard_and_repeats_none(joined, model, tmp_path):
    ids = []
    for name in "ab":
        write_rows(tmp_path / "in" / f"{name}.jsonl", 60, name)
        ids += [f"{name}{i}" for i in range(60)]
    wanted = Wanted(model, tmp_path / "in", tmp_path / "out", shard_size=10)
    with opened_output(wanted) as scratch, joined_cluster(RayOptions()) as workers:
        assert workers == 2
        events = []
        for event in predict(make_plan(wanted), RayDataset(predict_slowly, 2, RayOptions()), scratch):
            events.append(event)
            if event.kind == "finished" and joined.size == 2:
                joined.kill(1)
    finished = Counter(event.job.name for event in events if event.kind == "finished")
    assert len(finished) == 12 and set(finished.values()) == {1}
    assert [row["id"] for row in read_out(tmp_path / "out")] == ids
    assert not (tmp_path / "out" / "_running").exists()


def test_a_worker_needs_neither_this_package_nor_the_models_folder(joined, model, tmp_path):
    path = write_rows(tmp_path / "a.jsonl", 5)
    wanted = Wanted(model, path, tmp_path / "out")

    def where(shard, folder):
        """Sent by value: says where the worker has things from."""
        outcome = predict_shard(shard, folder)
        module = sys.modules[predict_shard.__module__].__file__
        return type(outcome)(outcome.error, {**outcome.facts, "model": shard.model, "module": module})

    with opened_output(wanted) as scratch, joined_cluster(RayOptions()):
        engine = RayDataset(where, 1, RayOptions())
        (facts,) = [e.facts for e in predict(make_plan(wanted), engine, scratch) if e.kind == "finished"]
    assert facts["model"] != str(model) and "spacy-distill" in facts["model"]
    assert "py_modules" in facts["module"]
    assert json.loads((tmp_path / "out" / "_done" / "a-00000.json").read_text())["documents"] == 5
