"""`spacy-distill report` and `spacy-distill card` as a user types them."""

import pytest
from typer.testing import CliRunner

from helpers.studying import carry_out_study, write_config
from spacy_distill.cli import app


@pytest.fixture(scope="module")
def study_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    carry_out_study(write_config(folder), folder / "out", {"study.seeds": [0], "study.regimens": ["gold"]})
    return folder / "out"


def invoke(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


def test_the_report_lies_in_the_study_unless_told_otherwise(study_dir, tmp_path):
    assert invoke("report", study_dir).exit_code == 0
    assert "visited" in (study_dir / "report.html").read_text()
    done = invoke("report", study_dir, "--out", tmp_path / "elsewhere.html", "--no-text")
    assert done.exit_code == 0, done.output
    assert "visited" not in (tmp_path / "elsewhere.html").read_text()
    assert (tmp_path / "elsewhere.md").exists()


def test_a_report_is_made_from_results_alone(study_dir, tmp_path):
    invoke("report", study_dir, "--out", tmp_path / "first.html")
    (tmp_path / "first.results.json").rename(tmp_path / "results.json")
    done = invoke("report", tmp_path / "results.json")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "report.html").exists()


def test_each_report_of_a_folder_keeps_its_own_results(study_dir, tmp_path):
    for name in ("a", "b"):
        assert invoke("report", study_dir, "--out", tmp_path / f"{name}.html").exit_code == 0
    assert {place.name for place in tmp_path.glob("*.json")} == {"a.results.json", "b.results.json"}
    assert "a.results.json" in (tmp_path / "a.html").read_text()
    # Made again from one, the other keeps as it is.
    (tmp_path / "b.html").write_text("kept")
    (tmp_path / "a.html").unlink()
    assert invoke("report", tmp_path / "a.results.json").exit_code == 0
    assert (tmp_path / "a.html").exists() and (tmp_path / "b.html").read_text() == "kept"


@pytest.mark.parametrize("name", ["x.md", "results.json", "x.scores.csv", "folder"])
def test_a_report_under_the_name_of_a_file_beside_it_is_refused(study_dir, tmp_path, name):
    done = invoke("report", study_dir, "--out", tmp_path / name)
    assert done.exit_code == 1
    assert "Give --out a name that ends in .html" in " ".join(done.output.split())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_no_study(tmp_path):
    done = invoke("report", tmp_path)
    assert done.exit_code == 1
    assert "not the folder of a study" in " ".join(done.output.split())


def test_a_file_that_is_no_study_is_named_and_none_of_it_is_shown(tmp_path):
    (tmp_path / "file.json").write_bytes(b"PK\x03\x04\xff\xfe")
    done = invoke("report", tmp_path / "file.json")
    assert done.exit_code == 1
    said = " ".join(done.output.split())
    assert "neither the folder of a study nor a results.json" in said and "PK" not in said


def test_the_card_lies_in_the_model_that_spacy_packages(study_dir):
    run = study_dir / "tiny/gold/steps-6/gold-all/seed-0"
    assert invoke("card", run, "--licence", "MIT").exit_code == 0
    assert "Licence of the training data: MIT" in (run / "model-last" / "README.md").read_text()


def test_a_folder_that_is_no_run(tmp_path):
    done = invoke("card", tmp_path)
    assert done.exit_code == 1
    assert "not the folder of a finished run" in " ".join(done.output.split())
