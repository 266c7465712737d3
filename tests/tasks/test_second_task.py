"""A task of another package goes all the way: prompt, ledger, labels, vote, audit, clean and a study."""

import html
import json

import pytest
from confection import Config
from spacy.tokens import Doc
from typer.testing import CliRunner

from helpers.docs import VOCAB, read_docs, record_of, write_docs
from helpers.loopback import Server, completion
from helpers.studying import study_text
from helpers.support import ROOT, teacher_config
from helpers.tone import CODE, LABELS, install
from spacy_distill.cli import app

CONFIG = teacher_config(
    """
@llm_tasks = "tone.Tone.v1"
view = "VIEW"
""",
    """
@llm_models = "spacy_distill.ChatModel.v1"
name = "toy"
endpoint = "URL"
api_key_env = null
ledger = "answers.sqlite"
""",
)
THINGS = ["plot", "cast", "score", "ending", "camera", "script", "pace", "light", "sound", "dialogue"]
SIZE = 40
# Documents that view "two" gets wrong, and one that it gives no tone.
WRONG, UNCLEAR = (4, 9), 6


def tone_of(text):
    return "PRAISE" if "love" in text else "BLAME"


def corpus(labelled=False, numbers=range(SIZE)):
    docs = []
    for n in numbers:
        verb = "love" if n % 2 else "hate"
        words = ["We", verb, "the", THINGS[n % 10], "of", "film", str(n)]
        doc = Doc(VOCAB, words)
        doc.user_data["distill"] = {"id": f"{n}:1", "document": str(n)}
        if labelled:
            doc.cats = {label: float(label == tone_of(verb)) for label in LABELS}
            doc.user_data["distill"]["task"] = "tone"
        docs.append(doc)
    return docs


def respond(call):
    number = int(call.prompt.split()[-1])
    said = tone_of(call.prompt)
    if "View two" in call.prompt and number in WRONG:
        said = LABELS[said == "BLAME"]
    return completion("I cannot say." if "View two" in call.prompt and number == UNCLEAR else said)


@pytest.fixture
def distill(tmp_path, monkeypatch):
    """Run a command where the other package is installed, and give what it prints."""
    site = install(tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setenv("PYTHONPATH", site)
    monkeypatch.chdir(tmp_path)

    def distill(*arguments):
        done = CliRunner().invoke(app, list(map(str, arguments)))
        assert done.exit_code == 0, done.output
        return " ".join(done.output.split())

    return distill


@pytest.fixture
def annotated(tmp_path, distill):
    """The corpora of two views, each asked for in a prompt of the task."""
    write_docs(tmp_path / "in.spacy", *corpus())
    with Server(respond) as server:
        for view in ("one", "two"):
            config = CONFIG.replace("URL", server.url).replace("VIEW", view)
            (tmp_path / f"{view}.cfg").write_text(config)
            distill("annotate", f"{view}.cfg", "in.spacy", f"{view}.spacy")
    return tmp_path


def test_the_worked_example_is_short():
    assert 0 < len(CODE.splitlines()) < 150


def tones(path):
    return [max(doc.cats, key=doc.cats.get) if doc.cats else None for doc in read_docs(path)]


def test_from_prompt_to_labels_that_were_checked(annotated, distill):
    right = [tone_of("love" if n % 2 else "hate") for n in range(SIZE)]
    assert tones(annotated / "one.spacy") == right
    two = tones(annotated / "two.spacy")
    assert [n for n in range(SIZE) if two[n] != right[n]] == [*WRONG[:1], UNCLEAR, *WRONG[1:]]
    assert "80 answers" in distill("ledger", "answers.sqlite")

    output = distill("vote", "one.spacy", "two.spacy", "voted.spacy")
    assert "3 of 40 documents are missing" in output
    docs = read_docs(annotated / "voted.spacy")
    assert [n for n, doc in enumerate(docs) if not doc.cats] == [*WRONG[:1], UNCLEAR, *WRONG[1:]]
    assert record_of(docs[UNCLEAR])["vote"]["silent"] == ("two",)
    assert record_of(docs[0])["task"] == "tone"

    write_docs(annotated / "gold.spacy", *corpus(labelled=True))
    output = distill(
        "audit", "two.spacy", "--gold", "gold.spacy", "--json", "audit.json", "--html", "audit.html"
    )
    assert "Label Tones Different Documents each" in output
    audit = json.loads((annotated / "audit.json").read_text())
    (quality,) = audit["gold"]["quality"]
    assert quality["scores"]["micro"]["counts"] == {"tp": 37, "fp": 2, "fn": 2}
    assert audit["views"][0]["states"] == {"ok": 39, "unparsable": 1}
    page = (annotated / "audit.html").read_text()
    assert "We love the cast of film 1 <i>PRAISE</i></mark>" in page
    assert page.count('class="ent wrong"') >= 2

    output = distill(
        "clean", "two.spacy", "clean.spacy", "--folds", 2, "--epochs", 20, "--gold", "gold.spacy"
    )
    assert "2 of 39 labelled documents were masked" in output
    cleaned = tones(annotated / "clean.spacy")
    assert [cleaned[n] for n in WRONG] == [None, None]


def test_a_person_reviews_what_views_dispute_and_it_becomes_gold(annotated, distill):
    output = distill("review", "one.spacy", "two.spacy", "--out", "review.html")
    assert "Asked: one, two. Labels: BLAME, PRAISE." in output
    page = (annotated / "review.html").read_text(encoding="utf8")
    data = json.loads(html.unescape(page.partition('type="application/json">')[2].partition("</script>")[0]))
    assert (data["marked"], data["items"]) == ("one", "tones")
    first = data["documents"][: len(WRONG)]
    assert {one["row"]["id"] for one in first} == {f"{n}:1" for n in WRONG}
    # As the page writes what a person chose.
    rows = [
        {**one["row"], "cats": {label: int(label == tone_of(one["row"]["text"])) for label in LABELS}}
        for one in first
    ]
    lines = "".join(json.dumps({**row, "answer": "accept"}) + "\n" for row in rows)
    (annotated / "answers.jsonl").write_text(lines, encoding="utf8")
    distill("import", "answers.jsonl", "reviewed.spacy", "--pool", "one.spacy")
    docs = read_docs(annotated / "reviewed.spacy")
    assert {doc.text: max(doc.cats, key=doc.cats.get) for doc in docs} == {
        row["text"]: tone_of(row["text"]) for row in rows
    }
    assert {record_of(doc)["task"] for doc in docs} == {"tone"}


def write_student(place):
    """The student that ships, with a component of the task in place of the one for entities."""
    config = Config().from_disk(ROOT / "configs" / "student_cpu.cfg", interpolate=False)
    config["nlp"]["pipeline"] = ["textcat"]
    config["components"] = {"textcat": {"factory": "textcat"}}
    labels = config["initialize"]["components"].pop("ner")
    config["initialize"]["components"]["textcat"] = labels
    config["training"]["score_weights"] = {"cats_score": 1.0}
    config["training"]["eval_frequency"] = 15
    config.to_disk(place)


@pytest.mark.slow
def test_students_of_the_task_stand_in_a_studys_table(tmp_path, distill):
    parts = {"voted": range(80), "gold": range(100, 124), "dev": range(200, 212), "test": range(300, 320)}
    for name, numbers in parts.items():
        write_docs(tmp_path / f"{name}.spacy", *corpus(labelled=True, numbers=numbers))
    write_student(tmp_path / "student.cfg")
    values = {"seeds": [0], "max_steps": 30, "corpora": ["gold", "dev", "test"]}
    (tmp_path / "study.cfg").write_text(study_text(tmp_path, tmp_path / "student.cfg", ["voted"], **values))
    output = distill("study", "study.cfg", "out")
    assert "BLAME PRAISE micro macro" in output
    assert "tiny simple_mix all 1 100.0 100.0 100.0" in output
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf8")
    assert ">BLAME" in report and "simple_mix" in report
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["task"] == "tone"
