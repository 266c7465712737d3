"""Predicting on a Ray cluster of two nodes."""

import json
import sys
from collections import Counter

from helpers.predicting import predict_slowly, read_out, write_rows
from spacy_distill import PredictOptions, predict
from spacy_distill.engines import opened_engine
from spacy_distill.engines.engine import RayOptions
from spacy_distill.prediction.shards import predict_shard


def test_a_node_that_is_killed_loses_no_shard_and_repeats_none(joined, model, tmp_path):
    ids = []
    for name in "ab":
        write_rows(tmp_path / "in" / f"{name}.jsonl", 60, name)
        ids += [f"{name}{i}" for i in range(60)]
    finished = Counter()
    with opened_engine("ray", predict_slowly, None, RayOptions(), on_ray="dataset") as engine:
        assert engine.workers == 2
        options = PredictOptions(shard_size=10)
        for event in predict(model, tmp_path / "in", tmp_path / "out", options, engine=engine):
            if getattr(event, "kind", None) == "finished":
                finished[event.job.name] += 1
                if joined.size == 2:
                    joined.kill(1)
    assert len(finished) == 12 and set(finished.values()) == {1}
    assert [row["id"] for row in read_out(tmp_path / "out")] == ids
    assert not (tmp_path / "out" / "_running").exists()


def test_a_worker_needs_neither_this_package_nor_the_models_folder(joined, model, tmp_path):
    def where(shard, folder):
        """Sent by value: says where the worker has things from."""
        result = predict_shard(shard, folder)
        module = sys.modules[predict_shard.__module__].__file__
        return type(result)(result.error, {**result.facts, "model": shard.model, "module": module})

    path = write_rows(tmp_path / "a.jsonl", 5)
    with opened_engine("ray", where, 1, RayOptions(), on_ray="dataset") as engine:
        events = list(predict(model, path, tmp_path / "out", engine=engine))[1:]
    (facts,) = [event.facts for event in events if event.kind == "finished"]
    assert facts["model"] != str(model) and "spacy-distill" in facts["model"]
    assert "py_modules" in facts["module"]
    assert json.loads((tmp_path / "out" / "_done" / "a-00000.json").read_text())["documents"] == 5
