"""The model card of a run."""

import shutil
import subprocess
import sys
import zipfile

import pytest

from helpers.studying import carry_out_study, write_config
from spacy_distill import write_card
from spacy_distill.corpus.docbin import content_digest

RUN = "tiny/simple_mix/steps-6/gold-all/seed-1"


def test_the_card_says_what_the_pipeline_was_made_of(study_dir, tmp_path):
    card = write_card(study_dir / RUN, tmp_path / "card.md", licence="CC BY 4.0").read_text()
    for words in (
        "on gold labels and on the labels of a large language model",
        "Regimen `simple_mix`, 6 steps",
        "hash `hash-of-cot`",
        "recorded answers (a-file), not a live run",
        "Licence of the training data: CC BY 4.0",
        "Over the 2 seeds",
        "| PER |",
        "Intended use",
    ):
        assert words in card
    assert "in test: " in card
    assert "visited" not in card


def test_a_pipeline_of_gold_alone_has_no_teacher(study_dir, tmp_path):
    card = write_card(study_dir / RUN.replace("simple_mix", "gold"), tmp_path / "card.md").read_text()
    assert "trained on gold labels alone" in card
    assert "## Teacher" not in card and "**not stated**" in card


def test_the_card_of_an_oracle_has_the_pools_hash_and_leak_check(tmp_path):
    config = write_config(tmp_path)
    carry_out_study(config, tmp_path / "out", {"study.seeds": [0], "study.regimens": ["oracle"]})
    card = write_card(tmp_path / "out/tiny/oracle/steps-6/gold-all/seed-0", tmp_path / "card.md").read_text()
    assert trained_rows(card) == ["gold", "oracle"]
    assert content_digest(tmp_path / "out/corpora/oracle.spacy") in card


def test_the_card_of_labels_made_anew_for_each_seed_has_those_of_its_seed(tmp_path):
    config = write_config(tmp_path)
    shutil.copy(tmp_path / "cot.spacy", tmp_path / "anew-3.spacy")
    shutil.copy(tmp_path / "standard.spacy", tmp_path / "anew-4.spacy")
    config.write_text(config.read_text().replace("/cot.spacy", "/anew-{seed}.spacy"))
    carry_out_study(config, tmp_path / "out", {"study.seeds": [3, 4], "study.regimens": ["simple_mix"]})
    card = write_card(
        tmp_path / "out/tiny/simple_mix/steps-6/gold-all/seed-4", tmp_path / "card.md"
    ).read_text()
    assert trained_rows(card) == ["gold", "cot-seed-4"]
    assert content_digest(tmp_path / "out/corpora/distilled/cot-seed-4.spacy") in card


def trained_rows(card):
    """The corpora that a card says were trained on, with a leak check."""
    return [
        line.split(" | ")[0][2:] for line in card.splitlines() if line.startswith("|") and "in test: " in line
    ]


def test_spacy_package_takes_the_card_as_readme(study_dir, tmp_path):
    model = tmp_path / "study" / RUN / "model-last"
    shutil.copytree(study_dir, tmp_path / "study")
    assert write_card(tmp_path / "study" / RUN) == model / "README.md"
    command = [
        sys.executable,
        "-m",
        "spacy",
        "package",
        str(model),
        str(tmp_path),
        "--name",
        "tiny",
        "--build",
        "wheel",
    ]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = tmp_path.rglob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        (readme,) = [name for name in content.namelist() if name.endswith("README.md")]
        assert "Regimen `simple_mix`" in content.read(readme).decode()


def test_a_folder_that_is_no_run_is_refused(study_dir, tmp_path):
    for place in (tmp_path, study_dir, study_dir / RUN.replace("seed-1", "seed-9")):
        with pytest.raises(ValueError, match="not the folder of a finished run"):
            write_card(place)


def test_a_run_that_kept_no_model_takes_no_card(study_dir, tmp_path):
    shutil.copytree(study_dir, tmp_path / "study")
    shutil.rmtree(tmp_path / "study" / RUN / "model-last")
    with pytest.raises(ValueError, match="kept no model"):
        write_card(tmp_path / "study" / RUN)
