"""`init` makes a project of what the data are, says what it found, and refuses what cannot work."""

import contextlib
import json
import re
import shlex
import sys
from pathlib import Path

import pytest
import srsly
from spacy.tokens import Doc
from spacy.util import load_config
from typer.testing import CliRunner
from weasel.util.config import load_project_config

from helpers.docs import VOCAB, write_docs
from helpers.support import ROOT
from helpers.tone import install
from spacy_distill import load_teacher, read_study, set_task
from spacy_distill.cli import app
from spacy_distill.corpus.docbin import read_docs
from spacy_distill.scaffold.inputs import find_language
from spacy_distill.tasks.project_parts import ProjectParts

SAMPLE = {name: str(ROOT / "assets" / "sample" / f"{name}.jsonl") for name in ("gold", "dev", "test", "pool")}


@pytest.fixture
def init(tmp_path, monkeypatch):
    """Run `init` in an empty folder; its exit status and its output without line breaks."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, folder="my-ner", model="gpt-4o-mini", **options):
        given = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        done = CliRunner().invoke(app, ["init", folder, "--model", model, *given, *arguments])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, " ".join(done.output.split())

    return run


def write_rows(name: str, *rows: tuple) -> str:
    """Write texts with the entities that are named: (text, ("Ada", "PER"), …)."""
    lines = []
    for text, *entities in rows:
        spans = [[text.index(part), text.index(part) + len(part), label] for part, label in entities]
        lines.append(json.dumps({"text": text, "spans": spans}))
    Path(name).write_text("\n".join(lines), encoding="utf8")
    return name


def made(name: str = "my-ner") -> dict[str, str]:
    folder = Path(name)
    return {p.relative_to(folder).as_posix(): p.read_text("utf8") for p in folder.rglob("*") if p.is_file()}


def commands() -> dict[str, str]:
    """The commands of the project, with all variables filled in."""
    return {c["name"]: " ".join(c["script"]) for c in load_project_config(Path("my-ner"))["commands"]}


def test_a_complete_project_is_written_and_what_was_found_is_said(init, monkeypatch):
    status, output = init(student="cpu", **SAMPLE)
    assert status == 0, output
    assert "gold jsonl 130 LOC 97" in output and "Language: en" in output and "LOC, MISC, ORG, PER" in output
    assert set(made()) == {
        *("project.yml", "labels.yml", "examples.yml", "README.md", ".gitignore"),
        *(f"configs/{name}.cfg" for name in ("teacher_standard", "teacher_cot", "study")),
        *(f"configs/student_{name}.cfg" for name in ("cpu", "minilm", "bert")),
    }
    monkeypatch.chdir("my-ner")
    assert set(srsly.read_yaml("labels.yml")) == {"LOC", "MISC", "ORG", "PER"}
    assert "Norway" in srsly.read_yaml("labels.yml")["LOC"]
    examples = srsly.read_yaml("examples.yml")
    assert {e["label"] for shot in examples for e in shot["entities"]} == {"LOC", "MISC", "ORG", "PER"}
    assert any(not shot["entities"] for shot in examples)
    for prompt in ("standard", "cot"):
        teacher = load_teacher(Path(f"configs/teacher_{prompt}.cfg"), {})
        assert teacher.task.labels == ("LOC", "MISC", "ORG", "PER") and teacher.task.view == prompt
    study, _ = read_study(Path("configs/study.cfg"))
    assert study.students == ["cpu"] and study.corpora.pool == "corpus/pool.spacy"
    config = load_config("configs/student_cpu.cfg")
    # Gold alone, which a study compares with, takes more steps than a blend.
    assert config["training"]["max_steps"] == 600 and study.max_steps == [1200]


def test_every_file_that_a_command_reads_is_there_or_made_by_another(init):
    init(student="cpu", **SAMPLE)
    found = load_project_config(Path("my-ner"))
    outputs = {output for command in found["commands"] for output in command.get("outputs", [])}
    for command in found["commands"]:
        for dep in command.get("deps", []):
            assert dep in outputs or (Path("my-ner") / dep).exists(), (command["name"], dep)
    workflows = found["workflows"]
    assert set(workflows) == {"all", "label", "train", "compare"}
    assert {name for names in workflows.values() for name in names} <= {c["name"] for c in found["commands"]}


def test_values_of_project_yml_are_those_that_count(init):
    init(student="cpu", endpoint="http://localhost:11434/v1", **SAMPLE)
    chosen = {"vars.model": "other", "vars.labels": ["A b", "Größe"], "vars.teacher": "standard"}
    found = load_project_config(Path("my-ner"), overrides=chosen)["commands"]
    annotate = next(command for command in found if command["name"] == "annotate")
    (script,) = annotate["script"]
    assert "configs/teacher_standard.cfg corpus/pool.spacy corpus/pool_standard.spacy" in script
    assert '--components.llm.model.name "other"' in script and """'["A b", "Gr""" in script
    assert "configs/teacher_standard.cfg" in annotate["deps"]


@pytest.mark.parametrize(
    ("endpoint", "key"),
    [("http://localhost:11434/v1", None), ("https://models.example/v1", "OPENAI_API_KEY")],
)
def test_an_endpoint_on_this_machine_needs_no_key(endpoint, key, init):
    init(endpoint=endpoint, **SAMPLE)
    model = load_config("my-ner/configs/teacher_cot.cfg")["components"]["llm"]["model"]
    assert (model["endpoint"], model["api_key_env"]) == (endpoint, key)
    assert ("OPENAI_API_KEY" in made()["README.md"]) == (key is not None)


def test_without_gold_the_student_learns_from_the_teacher_alone(init):
    status, output = init(pool=SAMPLE["pool"], labels="PER, LOC, ORG, MISC", student="cpu")
    assert status == 0 and "from the teacher's labels alone" in output and "agrees with the teacher" in output
    assert (
        "configs/study.cfg" not in made()
        and "compare" not in srsly.read_yaml("my-ner/project.yml")["workflows"]
    )
    assert "--documents 0.9:1 --shuffled" in commands()["import"]
    assert "--paths.gold" not in commands()["train-student"]
    assert "spacy_distill.distilled.v1" in commands()["train-student"]
    config = load_config("my-ner/configs/student_cpu.cfg", interpolate=False)
    assert config["initialize"]["components"]["ner"]["labels"]["path"] == "${paths.distilled}"


def test_without_dev_and_test_a_part_of_gold_judges(init):
    status, output = init(gold=SAMPLE["gold"], pool=SAMPLE["pool"])
    assert status == 0 and "a fifth of gold is set aside" in output and "scores are those on dev" in output
    assert "0:0.8 --shuffled" in commands()["import"] and "0.8:1 --shuffled" in commands()["import"]
    assert "model-last corpus/dev.spacy" in commands()["evaluate"]
    Path("pool.txt").write_text("Ada met Bob in Oslo.\n", encoding="utf8")
    init(folder="raw", gold=SAMPLE["gold"], pool="pool.txt")
    assert "score-teacher" in made("raw")["project.yml"] and "score-teacher" in made("raw")["README.md"]


@pytest.mark.parametrize("texts", [10, 20, 30])
@pytest.mark.parametrize("judging", [(), ("test",), ("dev", "test")])
def test_the_teacher_is_shown_no_text_that_judges(judging, texts, init):
    names = [f"Ada{number}" for number in range(texts)]
    rows = [(f"{name} met a man in that town.", (name, "PER")) for name in names]
    gold, others = write_rows("gold.jsonl", *rows), {name: f"{name}.jsonl" for name in judging}
    for number, file in enumerate(others.values()):
        write_rows(file, rows[number])
    init(gold=gold, pool=write_rows("pool.jsonl", ("They left for the sea.",)), **others)
    for line in shlex.split(commands()["import"])[4:]:
        with contextlib.chdir("my-ner"):
            assert CliRunner().invoke(app, shlex.split(line)).exit_code == 0
    taught, *judges = (
        {doc.text for doc in read_docs(f"my-ner/corpus/{name}.spacy", VOCAB)}
        for name in ("gold", *{"dev", *judging})
    )
    shown = {example["text"] for example in srsly.read_yaml("my-ner/examples.yml")}
    assert shown and shown <= taught and shown.isdisjoint(set().union(*judges))
    labels = Path("my-ner/labels.yml").read_text("utf8")
    named = [name for name in names if re.search(rf"\b{name}\b", labels)]
    assert named and all(any(name in text for text in taught) for name in named)


def test_a_dry_run_writes_nothing(init):
    status, output = init("--dry-run", **SAMPLE)
    assert status == 0 and "Nothing was written" in output and "configs/student_minilm.cfg" in output
    assert not Path("my-ner").exists()


def test_files_that_are_there_are_never_overwritten(init):
    Path("my-ner").mkdir()
    Path("my-ner/labels.yml").write_text("LOC: places\n", encoding="utf8")
    status, output = init(**SAMPLE)
    assert status == 1 and "my-ner has labels.yml already; nothing was written" in output
    assert set(made()) == {"labels.yml"}
    status, output = init("--keep", **SAMPLE)
    assert status == 0 and "Kept as it is: my-ner/labels.yml" in output
    assert made()["labels.yml"] == "LOC: places\n" and "project.yml" in made()


def test_a_pool_of_long_or_linewise_texts_is_read_as_it_should_be(init):
    Path("lines").mkdir()
    Path("lines/a.txt").write_text(
        "Ada met Bob.\nBob left.\nWho saw him?\nNobody.\nAda slept.\n", encoding="utf8"
    )
    _, output = init(gold=SAMPLE["gold"], pool="lines")
    assert "read line by line" in output and "corpus/pool.spacy --lang en --lines" in commands()["import"]
    Path("long").mkdir()
    Path("long/a.txt").write_text("Ada met Bob and they talked for long about it.\n\n" * 20, encoding="utf8")
    _, output = init("--dry-run", "--keep", gold=SAMPLE["gold"], pool="long")
    assert "split into sentences" in output and "about 20" in output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": "LOC,MISC,ORG,PER,EVENT"}, "given as gold, has no 'EVENT', only 'LOC', 'MISC'"),
        ({"labels": "LOC,ORG,PER"}, "has the labels 'MISC', but the labels are 'LOC', 'ORG', 'PER'"),
        ({"gold": SAMPLE["dev"]}, "gold and dev are the same"),
        ({"dev": "raw.txt"}, "given as dev, has no labels"),
        ({"test": "odd.jsonl"}, "given as test, has the labels 'place'"),
        ({"pool": "nowhere"}, "given as pool, does not exist"),
        ({"pool": "empty.txt"}, "is empty"),
        ({"endpoint": "localhost:8000"}, "Expected the base URL"),
        ({"lang": "zz"}, "Give a code such as en or de"),
        ({"student": "gpt"}, "'gpt' is not one of 'cpu'"),
        ({"labels": "LOC;MISC;ORG;PER"}, "Add them to --labels, with commas between"),
        ({"labels": "O"}, "The label 'O' means that there is none"),
        ({"labels": "it's"}, 'A label is "it\'s", but in project.yml nothing can stand'),
        ({"model": " "}, "The model is ' ', but"),
        ({"model": 'a"$b'}, "The model is"),
        ({"pool": "it's.txt"}, 'The path of pool is "../it\'s.txt", but'),
    ],
)
def test_what_cannot_work_is_refused_and_nothing_is_written(options, message, init):
    Path("raw.txt").write_text("Ada met Bob.\n", encoding="utf8")
    Path("empty.txt").write_text("\n", encoding="utf8")
    Path("it's.txt").write_text("Ada met Bob.\n", encoding="utf8")
    write_rows("odd.jsonl", ("Ada met Bob in Oslo.", ("Oslo", "place")))
    status, output = init(**{**SAMPLE, **options})
    assert status in (1, 2) and message in output, output
    assert not Path("my-ner").exists()


@pytest.mark.parametrize("place", ["a file", "a file/below it"])
def test_a_place_that_cannot_be_a_folder_is_refused(place, init):
    Path("a file").write_text("mine", encoding="utf8")
    status, output = init(folder=place, **SAMPLE)
    assert status == 1 and f"{place}" in output and Path("a file").read_text("utf8") == "mine"


def test_names_with_spaces_and_of_any_script_go_into_every_command(init):
    folder = Path("my data")
    folder.mkdir()
    for name, path in SAMPLE.items():
        (folder / f"größe {name}.jsonl").write_bytes(Path(path).read_bytes())
    given = {name: str(folder / f"größe {name}.jsonl") for name in SAMPLE}
    status, output = init("--dry-run", folder="два слова/here", **given)
    assert status == 0 and not Path("два слова").exists()
    _, output = init(folder="два слова", **given)
    assert 'cd "два слова" &&' in output
    found = load_project_config(Path("два слова"))
    (command,) = next(c for c in found["commands"] if c["name"] == "import")["script"]
    for words in map(shlex.split, shlex.split(command)[4:]):
        assert words[0] == "import" and (Path("два слова") / words[1]).exists()
    assert srsly.read_yaml("два слова/project.yml")["vars"]["package"].isidentifier()


def test_no_labels_at_all_is_refused(init):
    status, output = init(pool=SAMPLE["pool"])
    assert status == 1 and "Which labels?" in output


def test_what_will_make_the_outcome_worse_is_warned_of(init):
    rows = [(f"Ada met Bob in Oslo, and number {i} was there too.", ("Ada", "PER")) for i in range(20)]
    gold = write_rows("gold.jsonl", *rows, ("They left Oslo for the sea.", ("Oslo", "LOC")))
    german = "Der Hund läuft über die Straße, weil er die Katze auf dem Tisch nicht gesehen hat.\n"
    Path("pool.txt").write_text("".join(f"{i} {german}" for i in range(9)), encoding="utf8")
    status, output = init(gold=gold, pool="pool.txt")
    assert status == 0
    assert "Gold has only 21 texts" in output and "only 1 of 'LOC'" in output
    assert "pool.txt, given as pool, looks like language 'de', but the project is in 'en'" in output
    assert "The pool has only 9 texts" in output


def test_what_is_counted_once_is_said_in_the_singular(init):
    said = [("Ada met Bob.", [[0, 3, "PER"]]), ("Ada left.", [[1, 3, "PER"]])]
    rows = [{"text": text, "spans": spans} for text, spans in said]
    srsly.write_jsonl("gold.jsonl", [*rows, {"text": "Bob left."}])
    _, output = init(gold="gold.jsonl", pool=SAMPLE["pool"])
    assert "the words of 1 span that begin or end within a word" in output
    assert "gold.jsonl: 1 text of 3 without labels" in output


def test_files_of_another_format_in_a_folder_are_named(init):
    Path("mixed").mkdir()
    Path("mixed/a.txt").write_text("Ada met Bob.", encoding="utf8")
    Path("mixed/b.txt").write_text("Bob left.", encoding="utf8")
    write_rows("mixed/c.jsonl", ("Ada met Bob in Oslo.",))
    _, output = init(labels="person", pool="mixed")
    assert (
        "pool text 2" in output
        and "1 file of mixed cannot be read beside the others, which are text" in output
    )


def test_rows_of_a_table_are_counted_without_its_head(init):
    Path("pool.csv").write_text('id,text\n1,"Ada met\nBob."\n2,Bob left.\n', encoding="utf8")
    _, output = init(labels="person", pool="pool.csv")
    assert "pool csv 2" in output


def test_another_language_is_found_and_its_encoder_missed(init):
    german = "Die Ärztin {} wohnt in der Stadt {} und arbeitet dort seit vielen Jahren in der Klinik."
    rows = [(german.format(a, b), (a, "PER"), (b, "LOC")) for a in ("Ada", "Eva") for b in ("Ulm", "Jena")]
    gold = write_rows("gold.jsonl", *rows)
    Path("pool.txt").write_text("Der Hund läuft über die Straße, weil er die Katze nicht gesehen hat.\n" * 3)
    status, output = init(gold=gold, pool="pool.txt")
    assert status == 0 and "Language: de" in output and "minilm read English" in output
    assert load_config("my-ner/configs/student_cpu.cfg")["nlp"]["lang"] == "de"
    assert "--lang de" in commands()["import"]


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("en", "The minister said on Monday that the bank would not sell its stake in the firm this year."),
        (
            "fr",
            "Le président a déclaré hier que les élections auront lieu au mois de mai, et que les partis.",
        ),
        ("ru", "Президент сказал, что выборы состоятся в мае и партии должны подготовиться."),
        ("ja", "大統領は昨日、選挙が五月に行われると述べた。"),
        ("zh", "总统昨天说选举将在五月举行。"),
        ("xx", "ნათელი დღე იყო"),
        ("en", "2 cups flour, 1 tsp salt, 250 g butter"),
        ("en", ""),
    ],
)
def test_languages_are_told_apart(lang, text):
    assert find_language([text]) == lang


@pytest.mark.parametrize("exclusive", [True, False])
def test_gold_with_classes_makes_a_project_for_classes(exclusive, init):
    """Its teachers, students and study are of the task of gold; nothing is asked."""
    texts = (f"A goal in the {i}th minute decided the match." for i in range(60))
    rows = [{"text": text, "labels": ["sport", *(["news"] if i % 3 else [])]} for i, text in enumerate(texts)]
    rows += [{"text": f"Shares of firm {i} fell.", "labels": ["money"]} for i in range(60)]
    if exclusive:
        rows = [{"text": row["text"], "label": row["labels"][-1]} for row in rows]
    srsly.write_jsonl("gold.jsonl", rows)
    Path("pool.txt").write_text("\n".join(f"Text {i} says this and that." for i in range(200)), "utf8")
    status, output = init(gold="gold.jsonl", pool="pool.txt", student="cpu")
    assert status == 0 and "Labels: money, news, sport." in output, output
    task = "textcat" if exclusive else "textcat_multilabel"
    for name in ("cpu", "minilm", "bert"):
        config = load_config(f"my-ner/configs/student_{name}.cfg")
        assert config["components"]["textcat"]["factory"] == task and "ner" not in config["components"]
    examples = srsly.read_yaml("my-ner/examples.yml")
    assert {label for example in examples for label in example["labels"]} == {"money", "news", "sport"}
    with contextlib.chdir("my-ner"):
        for name in ("standard", "cot"):
            load_teacher(Path(f"configs/teacher_{name}.cfg"), {})
        read_study(Path("configs/study.cfg"))


def test_files_with_one_class_a_text_are_read_with_those_that_have_several(init):
    srsly.write_jsonl(
        "gold.jsonl", [{"text": f"Text {i}.", "label": ["news", "sport"][i % 2]} for i in range(8)]
    )
    rows = [{"text": f"Other text {i}.", "labels": ["news", "sport"]} for i in range(4)]
    srsly.write_jsonl("dev.jsonl", [*rows, {"text": "Unseen."}])
    status, output = init("--keep", gold="gold.jsonl", dev="dev.jsonl", pool=SAMPLE["pool"])
    assert status == 0, output
    assert "dev.jsonl: 1 text of 5 without labels" in output and '{"news": 0, …}' in output
    config = load_config("my-ner/configs/student_cpu.cfg")
    assert config["components"]["textcat"]["factory"] == "textcat_multilabel"
    assert commands()["import"].count(" --multilabel") == 3


TEMPLATES = {
    "student.cfg": """{% extends "project/student.cfg.jinja" %}
{% set component = "textcat" %}
{% block cpu_pipeline %}
pipeline = ["textcat"]
{% endblock %}
{% block component %}
[components.textcat]
factory = "{{ task.factories[0] }}"

{% endblock %}
{% block scores %}
cats_score = 1.0
{% endblock %}
""",
    "teacher.cfg": '[components.llm.task]\n@llm_tasks = "tone.Tone.v1"\nview = "{{ prompt }}"\n',
    "labels.yml": '{% extends "project/labels.yml.jinja" %}\n{% block example %}{% endblock %}\n',
    "examples.yml": "{{ examples | json }}\n",
    "README.md": '{% extends "project/README.md.jinja" %}\n{% block result %}\nprint(cats)\n{% endblock %}\n',
}


def test_a_task_of_another_package_makes_a_project_if_it_says_of_what(init, tmp_path, monkeypatch):
    install(tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")
    docs = [Doc(VOCAB, ["We", "love", "film", str(n)]) for n in range(8)]
    for doc in docs:
        doc.cats = {"BLAME": 0.0, "PRAISE": 1.0}
        set_task(doc, "tone")
    write_docs(tmp_path / "gold.spacy", *docs)
    given = {"gold": "gold.spacy", "pool": SAMPLE["pool"], "labels": "PRAISE", "student": "cpu"}
    status, output = init(**given)
    assert status == 1 and "`init` makes no project for the task 'tone'" in output
    assert not Path("my-ner").exists()

    for name, template in TEMPLATES.items():
        (tmp_path / f"{name}.jinja").write_text(template, encoding="utf8")
    parts = ProjectParts(tmp_path, lambda docs, labels: [{"text": docs[0].text}])
    monkeypatch.setattr(sys.modules["tone"].ToneTask, "project_parts", lambda task: parts)
    status, output = init(**given)
    assert status == 0, output
    files = made()
    assert 'factory = "textcat"' in files["configs/student_minilm.cfg"]
    assert 'view = "cot"' in files["configs/teacher_cot.cfg"] and "We love film 0" in files["examples.yml"]
    assert "print(cats)" in files["README.md"]
    read_study(Path("my-ner/configs/study.cfg"))


def test_files_of_different_tasks_are_refused(init):
    srsly.write_jsonl(
        "gold.jsonl", [{"text": "A goal.", "label": "sport"}, {"text": "Fell.", "label": "money"}]
    )
    dev = write_rows("dev.jsonl", ("Ada left.", ("Ada", "PER")))
    status, output = init(gold="gold.jsonl", dev=dev, pool=SAMPLE["pool"])
    assert status == 1 and "gold.jsonl has classes, dev.jsonl has entities" in output
    assert not Path("my-ner").exists()
