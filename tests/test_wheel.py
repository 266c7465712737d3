"""The wheel alone, in a new environment and an empty folder: from texts to a package and a study."""

import json
import os
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
import spacy
import srsly

from helpers.loopback import Server, completion
from helpers.support import ROOT, run_in

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("CI" not in os.environ, reason="builds packages with the package index: CI=true"),
]
LABELS = {"PER": "person", "ORG": "group", "LOC": "place"}


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a new environment that has the wheel, and what the wheel depends on as it is here."""
    dist = tmp_path_factory.mktemp("dist")
    run_in(ROOT, "-m", "build", "--outdir", str(dist), ".")
    run_in(dist, "-m", "twine", "check", "--strict", *(path.name for path in dist.iterdir()))
    (wheel,) = dist.glob("*.whl")
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    bin, site = (Path(sysconfig.get_path(name, "venv", {"base": folder})) for name in ("scripts", "purelib"))
    # A path that is added so is not searched for .pth files: the package of this checkout is not seen.
    packages = [path for path in sys.path if Path(path).name == "site-packages"]
    (site / "dependencies.pth").write_text("\n".join(packages), encoding="utf8")
    install = ("-m", "pip", "--python", str(bin / "python"), "install", "--no-deps", "--no-index", str(wheel))
    run_in(folder, *install)
    found = run_in(folder, "-c", "import spacy_distill; print(spacy_distill.__file__)", python=bin / "python")
    assert Path(found.stdout.strip()).is_relative_to(site)
    return bin / "python"


def write_texts(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """Write labelled files, and a folder of texts; what is to be found in each of those."""
    entities = {}
    for name in ("gold", "dev", "test", "pool"):
        rows = list(srsly.read_jsonl(ROOT / "assets" / "sample" / f"{name}.jsonl"))
        for row in rows:
            row["spans"] = [{**s, "label": LABELS[s["label"]]} for s in row["spans"] if s["label"] in LABELS]
        if name != "pool":
            srsly.write_jsonl(folder / f"{name}.jsonl", rows)
            continue
        (folder / "texts").mkdir()
        for number, row in enumerate(rows):
            (folder / "texts" / f"{number}.txt").write_text(row["text"], encoding="utf8")
            entities[row["text"]] = [(row["text"][s["start"] : s["end"]], s["label"]) for s in row["spans"]]
    return entities


def test_a_new_user_comes_from_texts_to_a_package_and_a_study(python: Path, tmp_path: Path):
    entities = write_texts(tmp_path)

    def respond(call):
        text = call.prompt.rpartition(">\n")[0].rpartition("\n</")[0].rpartition(">\n")[2]
        found = [{"text": text, "label": label} for text, label in entities[text]]
        return completion(json.dumps({"entities": found}))

    command = str(python.parent / "spacy-distill")
    with Server(respond) as server:
        files = [f"--{name}={name}.jsonl" for name in ("gold", "dev", "test")]
        said = run_in(
            *(tmp_path, command, "init", "my-ner", "--labels", "person, place, group", *files),
            *("--pool", "texts/", "--model", "gpt-4o-mini", "--student", "cpu"),
            *("--endpoint", server.url, "--max-steps", "60"),
            python=python,
        )
        project = tmp_path / "my-ner"
        done = run_in(project, "-m", "spacy", "project", "run", "all", ".", python=python)
    assert "spacy project run all" in said.stdout and f"Wrote {len(entities)} documents" in done.stdout
    assert len(server.calls) == len(entities)
    scores = srsly.read_json(project / "reports" / "scores_cpu_simple_mix.json")
    assert set(scores["ents_per_type"]) == set(LABELS.values()) and scores["ents_f"] > 0.2
    assert list((project / "packages").glob("*/dist/en_my_ner-0.0.1.tar.gz"))
    student = spacy.load(project / "training" / "cpu_simple_mix" / "model-last")
    assert set(student.get_pipe("ner").labels) == set(LABELS.values())

    again = run_in(project, "-m", "spacy", "project", "run", "all", ".", python=python)
    commands = srsly.read_yaml(project / "project.yml")["workflows"]["all"]
    assert {name for name in commands if f"Skipping '{name}'" not in again.stdout} <= {"encoder"}

    config = project / "configs" / "study.cfg"
    config.write_text(config.read_text("utf8").replace("[0, 1, 2, 3, 4]", "[0]"), encoding="utf8")
    run_in(project, "-m", "spacy", "project", "run", "compare", ".", python=python)
    regimens = {row["regimen"] for row in srsly.read_jsonl(project / "studies" / "cpu" / "scores.jsonl")}
    assert regimens == {"gold", "simple_mix", "cosine"}
