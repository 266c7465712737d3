"""What the plan says is what training saw: both are on disk, and on the screen."""

import io
import json
import logging
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy import registry
from spacy.language import Language
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config

from helpers.blending import Corpus, make_nlp, registered
from helpers.support import ROOT
from spacy_distill import read_blend_log

CONFIG = ROOT / "configs" / "student_cpu.cfg"
SMALL = {
    "training.max_steps": 6,
    "training.eval_frequency": 3,
    "training.batcher.size": 4,
    "components.tok2vec.model.width": 8,
    "components.tok2vec.model.depth": 1,
    "components.tok2vec.model.embed_size": 16,
    "components.ner.model.hidden_width": 8,
    "training.optimizer.learn_rate": {
        "@schedules": "warmup_linear.v1",
        "initial_rate": 0.01,
        "warmup_steps": 2,
        "total_steps": 6,
    },
}


def run(
    corpus: Corpus, output: Path | None, logger: dict[str, Any] | None = None, dev: Path | None = None
) -> str:
    """Train six steps, and give what was printed."""
    gold = corpus("gold", 5)
    paths = {"paths.gold": str(gold), "paths.distilled": str(corpus("distilled", 9))}
    paths["paths.dev"] = str(dev or gold)
    settings = {f"training.logger.{name}": value for name, value in (logger or {}).items()}
    nlp = init_nlp(load_config(CONFIG, overrides={**SMALL, **paths, **settings}))
    if output:
        output.mkdir(exist_ok=True)
    printed = io.StringIO()
    train(nlp, output, stdout=printed, stderr=printed)
    return printed.getvalue()


def test_every_step_has_a_line_with_the_plan_and_what_was_drawn(corpus: Corpus, tmp_path: Path):
    run(corpus, tmp_path / "out")
    record = read_blend_log(tmp_path / "out")
    assert record.plan == {
        "kind": "plan",
        "updates": 7,
        "planned_share": round(3 / 7, 6),
        "documents": {"distilled": 9, "gold": 5},
        "skipped": {"distilled": {}, "gold": {}},
        "precision": None,
    }
    assert [line["step"] for line in record.steps] == list(range(7))
    assert [line["planned"] for line in record.steps] == [1, 1, 1, 0, 0, 0, 0]
    assert [line["share"] for line in record.steps] == [1, 1, 1, 0, 0, 0, 0]
    assert [line["examples"]["distilled"] for line in record.steps] == [4, 8, 12, 12, 12, 12, 12]
    assert [line["examples"]["gold"] for line in record.steps] == [0, 0, 0, 4, 8, 12, 16]
    assert record.steps[-1]["share_total"] == record.steps[-1]["planned_total"] == round(12 / 28, 6)
    assert [line["learn_rate"] for line in record.steps] == pytest.approx(
        [0, 0.005, 0.01, 0.0075, 0.005, 0.0025, 0]
    )
    assert [line["step"] for line in record.steps if "score" in line] == [0, 3, 6]
    assert {"tok2vec", "ner"} == set(record.steps[3]["losses"])
    assert "ents_f" in record.steps[3]["scores"]


def test_the_last_line_sums_up(corpus: Corpus, tmp_path: Path):
    run(corpus, tmp_path / "out")
    record = read_blend_log(tmp_path / "out" / "blend.jsonl")
    assert record.end is not None
    assert record.end["step"] == 6
    assert record.end["exposures"]["gold"]["examples"] == 16
    assert record.end["exposures"]["gold"]["epochs"] == 3.2
    assert record.exposures() == {
        name: {"examples": drawn["examples"], "words": drawn["words"]}
        for name, drawn in record.end["exposures"].items()
    }


def test_a_row_is_printed_at_every_evaluation(corpus: Corpus, tmp_path: Path):
    printed = run(corpus, tmp_path / "out")
    table = printed[printed.index("PLAN") :].splitlines()
    rows = [line.split() for line in table if line.strip()[:1].isdigit()]
    assert [row[:5] for row in rows] == [
        ["0", "1.000", "1.000", "4", "0"],
        ["3", "0.000", "0.667", "12", "4"],
        ["6", "0.000", "0.000", "12", "16"],
    ]
    assert "PLAN" not in run(corpus, None, {"console": False})


def test_what_training_is_going_to_see_is_printed_before_the_table(corpus: Corpus, tmp_path: Path):
    printed = run(corpus, tmp_path / "out")
    assert "distilled: 9 documents, 1.3 passes in steps 0 to 2\n" in printed
    assert "gold: 5 documents, 3.2 passes in steps 3 to 6\n" in printed


def test_a_student_that_learned_nothing_is_told_why(
    corpus: Corpus, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    logging.getLogger("spacy").propagate = True
    monkeypatch.setattr("spacy_distill.blend.log.NOTHING_LEARNED", 1.1)
    run(corpus, tmp_path / "out")
    (warning,) = [text for text in caplog.messages if "next to nothing" in text]
    assert "Passes: 1.3 over distilled, 3.2 over gold." in warning


def test_lines_can_be_thinned_but_evaluations_stay(corpus: Corpus, tmp_path: Path):
    place = tmp_path / "logs" / "own.jsonl"
    run(corpus, tmp_path / "out", {"every": 2, "path": str(place)})
    steps = read_blend_log(place).steps
    assert [line["step"] for line in steps] == [0, 2, 3, 4, 6]
    assert [line["share"] for line in steps] == [1, 1, 0, 0, 0]
    assert not (tmp_path / "out" / "blend.jsonl").exists()


def test_without_an_output_folder_there_is_no_file(corpus: Corpus, tmp_path: Path):
    run(corpus, None)
    assert list(tmp_path.rglob("*.jsonl")) == []


def test_another_logger_is_told_everything_too(corpus: Corpus, tmp_path: Path):
    also = {"@loggers": "spacy.ConsoleLogger.v3", "output_file": str(tmp_path / "spacy.jsonl")}
    printed = run(corpus, tmp_path / "out", {"also": also})
    assert "PLAN" in printed
    assert "LOSS NER" in printed
    lines = (tmp_path / "spacy.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [0, 3, 6]
    assert len(read_blend_log(tmp_path / "out").steps) == 7


def test_another_logger_is_finished_even_where_ours_cannot_be(corpus: Corpus, tmp_path: Path):
    finished: list[bool] = []
    (tmp_path / "file").write_text("")
    registry.loggers(
        "test.finish.v1",
        func=lambda: lambda nlp, *streams: (lambda info: None, lambda: finished.append(True)),
    )
    settings = {"path": str(tmp_path / "file" / "blend.jsonl"), "also": {"@loggers": "test.finish.v1"}}
    with pytest.raises(ValueError, match="Cannot write"):
        run(corpus, None, settings)
    assert finished == [True]


def test_a_training_that_fails_leaves_what_it_logged(corpus: Corpus, tmp_path: Path):
    def fail(nlp: Language, *streams: Any) -> Any:
        def log_step(info: dict[str, Any] | None) -> None:
            if info and info["step"] == 3:
                raise RuntimeError("stop")

        return log_step, lambda: None

    registry.loggers("test.fail.v1", func=lambda: fail)
    with pytest.raises(RuntimeError, match="stop"):
        run(corpus, tmp_path / "out", {"also": {"@loggers": "test.fail.v1"}})
    assert [line["step"] for line in read_blend_log(tmp_path / "out").steps] == [0, 1, 2, 3]


def test_a_place_that_cannot_be_written_is_told(corpus: Corpus, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"Cannot write .*blend.jsonl: .*path in \[training.logger\]"):
        run(corpus, None, {"path": str(tmp_path / "file" / "blend.jsonl")})


def test_a_training_without_a_blend_is_refused():
    log_step, _ = registered("loggers", "BlendLogger")(console=False)(
        make_nlp(), io.StringIO(), io.StringIO()
    )
    with pytest.raises(ValueError, match=r"not fed by a blend. Set \[corpora.train\] @readers"):
        log_step(None)


def test_every_must_be_a_step_or_more():
    with pytest.raises(ValueError, match="every is 0"):
        registered("loggers", "BlendLogger")(every=0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("{not json}\n", "line 1: not a line of a blend log"),
        ('{"kind": "step", "step": 0}\n', "line 1: not a line of a blend log"),
        ('{"kind": "plan"}\n[1]\n', "line 2: not a line of a blend log"),
        ("\u00ff\u00fe\n", "line 1: not a line of a blend log"),
    ],
)
def test_a_file_that_is_no_blend_log_is_refused_with_its_line(tmp_path: Path, content: str, message: str):
    (tmp_path / "blend.jsonl").write_text(content)
    with pytest.raises(ValueError, match=message):
        read_blend_log(tmp_path)


def test_a_line_that_was_cut_off_is_no_line(tmp_path: Path):
    (tmp_path / "blend.jsonl").write_text('{"kind": "plan"}\n{"kind": "step", "step": 0}\n{"kind": "st')
    record = read_blend_log(tmp_path)
    assert (len(record.steps), record.end) == (1, None)
    (tmp_path / "blend.jsonl").write_text('{"kind": "pl')
    with pytest.raises(ValueError, match="cut off before its first step"):
        read_blend_log(tmp_path)


def test_a_missing_blend_log_is_told(tmp_path: Path):
    with pytest.raises(ValueError, match=r"No such file: .*blend.jsonl"):
        read_blend_log(tmp_path)


def test_the_trained_pipeline_is_one_of_spacys(corpus: Corpus, tmp_path: Path):
    run(corpus, tmp_path / "out")
    assert spacy.load(tmp_path / "out" / "model-last").pipe_names == ["tok2vec", "ner"]
