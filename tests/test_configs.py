"""The shipped students train as they stand, and one override chooses the regimen."""

import contextlib
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.cli.debug_data import debug_data
from spacy.cli.evaluate import evaluate
from spacy.cli.init_config import fill_config
from spacy.cli.train import train
from spacy.schemas import ConfigSchemaInit, ConfigSchemaTraining
from spacy.tokens import DocBin
from spacy.util import load_config, load_model_from_config, registry

from helpers.blending import make_docs
from helpers.support import ROOT
from helpers.tiny_bert import write_tiny_bert
from spacy_distill import preview, read_blend_log
from spacy_distill.configs import named_paths

STUDENTS = ("bert", "minilm", "cpu", "textcat_minilm", "textcat_cpu")
REGIMENS = (
    *("distilled", "gold", "pooled", "constant", "simple_mix", "simple_mix_union", "gold_first"),
    *("linear", "cosine", "sigmoid", "power"),
)


def config_of(student: str) -> Path:
    return ROOT / "configs" / f"student_{student}.cfg"


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Overrides that point a config at small corpora and a tiny encoder."""
    folder = tmp_path_factory.mktemp("corpora")
    found: dict[str, Any] = {"paths.encoder": str(write_tiny_bert(folder / "encoder"))}
    for name, count in (("gold", 24), ("distilled", 40), ("dev", 8)):
        docs = make_docs(name, count)
        DocBin(docs=docs).to_disk(folder / f"{name}.spacy")
        for number, doc in enumerate(docs):
            doc.set_ents([], default="missing")
            doc.cats = {"even": float(number % 2 == 0), "odd": float(number % 2)}
        DocBin(docs=docs).to_disk(folder / f"{name}_textcat.spacy")
        found[f"paths.{name}"] = str(folder / f"{name}.spacy")
    return found


def component_of(student: str) -> str:
    return "textcat" if student.startswith("textcat") else "ner"


def overrides_for(student: str, paths: dict[str, Any]) -> dict[str, Any]:
    chosen = {name: value for name, value in paths.items() if "cpu" not in student or "encoder" not in name}
    if component_of(student) == "textcat":
        chosen |= {k: v.replace(".spacy", "_textcat.spacy") for k, v in chosen.items()}
    return chosen


@pytest.mark.parametrize("student", STUDENTS)
def test_a_student_trains_three_steps_and_loads(student: str, paths: dict[str, Any], tmp_path: Path):
    short = {"training.max_steps": 3, "training.eval_frequency": 3}
    train(config_of(student), tmp_path, overrides={**overrides_for(student, paths), **short})
    record = read_blend_log(tmp_path)
    assert record.end is not None
    assert {name: drawn["examples"] for name, drawn in record.exposures().items()} == {
        "distilled": 32,
        "gold": 32,
    }
    nlp = spacy.load(tmp_path / "model-last")
    labels = {"ner": ("LOC",), "textcat": ("even", "odd")}[component_of(student)]
    assert nlp.get_pipe(component_of(student)).labels == labels  # type: ignore[attr-defined]
    assert len(nlp("gold1 word word")) == 3


def keys_of(section: Any, at: str = "") -> set[str]:
    """The dotted names of all values."""
    if not isinstance(section, dict):
        return {at.removeprefix(".")}
    return set().union(*(keys_of(value, f"{at}.{name}") for name, value in section.items()))


@pytest.mark.parametrize("student", STUDENTS)
def test_a_config_is_complete(student: str, tmp_path: Path):
    before, after = fill_config(tmp_path / "filled.cfg", config_of(student), silent=True)
    # These two blocks hold what all their schedules take, so that one override can choose another.
    left_out = {"corpora.train.share.switch", "training.optimizer.learn_rate.warmup"}
    added = {key for key in keys_of(after) - keys_of(before) if not key.startswith("paths.")}
    assert added <= left_out


@pytest.mark.parametrize("student", STUDENTS)
def test_every_section_resolves(student: str, paths: dict[str, Any]):
    config = load_config(config_of(student), overrides=overrides_for(student, paths), interpolate=True)
    assert load_model_from_config(config, validate=True).pipe_names[-1] == component_of(student)
    registry.resolve(config["training"], schema=ConfigSchemaTraining)
    registry.resolve(config["initialize"], schema=ConfigSchemaInit)
    registry.resolve(config["corpora"])


@pytest.mark.parametrize("student", STUDENTS)
@pytest.mark.parametrize("regimen", REGIMENS)
def test_one_override_chooses_the_regimen(student: str, regimen: str, paths: dict[str, Any]):
    chosen = {"corpora.train.share.@schedules": f"spacy_distill.{regimen}.v1"}
    found = preview(config_of(student), {**overrides_for(student, paths), **chosen})
    pooled = 40 / 64
    means = {
        "distilled": 1,
        "gold": 0,
        "pooled": pooled,
        "simple_mix_union": (1 + pooled) / 2,
        "power": 1 / 3,
    }
    mean = sum(found.plan.shares) / len(found.plan.shares)
    assert mean == pytest.approx(means.get(regimen, 0.5), abs=0.005)
    # So few documents are seen very often.
    assert [caution for caution in found.config_warnings if "passes" not in caution] == []


@pytest.mark.parametrize("student", STUDENTS)
@pytest.mark.parametrize("rate", ["constant", "decay", "restart"])
def test_one_override_chooses_the_learning_rate(student: str, rate: str, paths: dict[str, Any]):
    chosen = {"training.optimizer.learn_rate.@schedules": f"spacy_distill.{rate}_rate.v1"}
    rates = preview(config_of(student), {**overrides_for(student, paths), **chosen}).rates
    assert len(set(rates)) == 1 if rate == "constant" else rates[-1] == 0.0


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ({"corpora.train.share.switch": 7}, "switch is 7, but must be a number from 0 to 1"),
        ({"corpora.train.share.switch": "NaN"}, "switch is 'NaN', but must be a number from 0 to 1"),
        ({"training.max_steps": 0}, "total_steps is 0, but must be a whole number above 0"),
        ({"corpora.train.weights": {"bbc": 1}}, "weights names bbc, but the distilled corpora are distilled"),
    ],
)
def test_spacy_train_refuses_a_wrong_setting_without_a_traceback(
    override: dict[str, Any],
    message: str,
    paths: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    with pytest.raises(SystemExit):
        train(config_of("cpu"), tmp_path, overrides={**overrides_for("cpu", paths), **override})
    assert message in capsys.readouterr().out


def test_several_distilled_corpora_by_one_override(paths: dict[str, Any], tmp_path: Path):
    both = {"conll": paths["paths.distilled"], "bbc": paths["paths.dev"]}
    overrides = {**overrides_for("cpu", paths), "corpora.train.distilled": both, "paths.distilled": None}
    short = {"training.max_steps": 3, "training.eval_frequency": 3}
    train(config_of("cpu"), tmp_path, overrides={**overrides, **short})
    drawn = {name: e["examples"] for name, e in read_blend_log(tmp_path).exposures().items()}
    assert drawn == {"conll": 27, "bbc": 5, "gold": 32}


def test_a_run_without_distilled_documents_needs_no_path_to_them(paths: dict[str, Any], tmp_path: Path):
    only = {"paths.distilled": None, "corpora.train.share.@schedules": "spacy_distill.gold.v1"}
    short = {"training.max_steps": 2, "training.eval_frequency": 2}
    train(config_of("cpu"), tmp_path, overrides={**overrides_for("cpu", paths), **only, **short})
    assert list(read_blend_log(tmp_path).exposures()) == ["gold"]


def test_debug_data_sees_every_document_once(paths: dict[str, Any], capsys: pytest.CaptureFixture[str]):
    pooled = {"corpora.train.share.@schedules": "spacy_distill.pooled.v1"}
    # The command resolves the optimizer without its variables, so it is given a plain rate.
    plain = {"training.optimizer.learn_rate": 0.001}
    # It ends with an error status where it finds the corpus small.
    with contextlib.suppress(SystemExit):
        overrides = {**overrides_for("cpu", paths), **pooled, **plain}
        debug_data(config_of("cpu"), config_overrides=overrides, silent=False)
    assert "64 training docs" in capsys.readouterr().out


def test_a_trained_student_can_be_evaluated(paths: dict[str, Any], tmp_path: Path):
    short = {"training.max_steps": 2, "training.eval_frequency": 2}
    train(config_of("cpu"), tmp_path, overrides={**overrides_for("cpu", paths), **short})
    assert "ents_f" in evaluate(str(tmp_path / "model-last"), Path(paths["paths.dev"]), silent=True)


def test_a_folder_counts_as_a_corpus_where_corpora_are_named_alone(tmp_path, monkeypatch):
    """A study, its students or regimens may be called what a folder is, such as that of its runs."""
    monkeypatch.chdir(tmp_path)
    config = {
        "paths": {"gold": "gold"},
        "study": {"name": "committee", "students": ["cpu"], "regimens": ["gold_first"], "variants": ["cot"]}
        | {"corpora": {"gold": "gold", "dev": "dev"}, "teachers": {"cot": "pool", "two": {"a": "a"}}},
    }
    for name in ("committee", "cpu", "gold_first", "cot", "gold", "dev", "pool", "a"):
        (tmp_path / name).mkdir()
    assert sorted(map(str, named_paths(config))) == ["a", "dev", "gold", "pool"]
