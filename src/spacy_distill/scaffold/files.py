"""The files of a project, made from templates."""

import json
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from spacy.tokens import Doc

from ..blend.checks import LEAST_ALONE
from ..corpus.importing import blank
from ..corpus.sampling import parse_range, take_articles
from ..corpus.text import sentence_keys
from ..escapes import template_environment
from ..tasks.base import DEFAULT, Task, find_task
from ..tasks.labels import LabelSet
from ..teacher.settings import check_endpoint, is_loopback
from .inputs import OPENAI, STUDENTS, InputCorpus, ProjectOptions, Student

TEMPLATES = Path(__file__).parent / "templates"
OPENAI_KEY = "OPENAI_API_KEY"

Prompt = Literal["standard", "cot"]

SHOWN_TEXTS = 5  # Items that a label's definition names.
# Where no dev is given, what of gold is to train on and what is dev: shares of its articles as drawn.
TO_TRAIN_ON, SET_ASIDE = "0:0.8", "0.8:1"


def as_json(value: Any) -> str:
    """A value as JSON, which YAML and config files read too."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def render(template: str, **facts: Any) -> str:
    """A file that is the same for all tasks, made from the template of a name."""
    return _render(f"project/{template}", {}, facts)


def render_for(task: Task, template: str, **facts: Any) -> str:
    """A file that differs by task, made from the task's own template of a name."""
    return _render(f"task/{template}", {"task": task.project_parts().templates}, {**facts, "task": task})


def _render(template: str, folders: Mapping[str, Path], facts: Mapping[str, Any]) -> str:
    environment = template_environment(
        {"project": TEMPLATES, **folders}, html=False, keep_trailing_newline=True
    )
    environment.filters["json"] = as_json
    return environment.get_template(f"{template}.jinja").render(facts)


def student_config(
    student: Student,
    max_steps: int,
    *,
    task: str = DEFAULT,
    file: str = "",
    eval_frequency: int | None = None,
    lang: str = "en",
    regimen: str = "simple_mix",
    with_gold: bool = True,
) -> str:
    """The training config of a student.

    student: "cpu", "minilm" or "bert".
    max_steps: number of updates.
    task: name of the task that it predicts.
    file: its own name; empty: as in a project.
    eval_frequency: updates from one look at dev to the next; None: a third of them.
    lang: language of the tokenizer.
    regimen: how gold and distilled are blended.
    with_gold: whether there is gold; else labels are counted from the distilled corpus.
    RETURNS: the config.
    """
    return render_for(
        find_task(task),
        "student.cfg",
        student=student,
        file=file or f"student_{student}.cfg",
        output=(file or f"student_{student}.cfg").removeprefix("student_").removesuffix(".cfg"),
        max_steps=max_steps,
        eval_frequency=eval_frequency or _third(max_steps),
        lang=lang,
        tokenizer=blank(lang).config["nlp"]["tokenizer"],
        regimen=regimen,
        with_gold=with_gold,
    )


def teacher_config(
    name: str,
    labels: Sequence[str],
    model: str,
    *,
    task: str = DEFAULT,
    prompt: Prompt = "standard",
    remark: str = "",
    lang: str = "en",
    definitions: str = "labels.yml",
    examples: str = "examples.yml",
    aliases: Mapping[str, str] = {},
    endpoint: str | None = None,
    api_key_env: str | None = None,
) -> str:
    """The config of a teacher.

    name: what stands behind "teacher_" in its file's name.
    labels: the labels to ask for.
    model: the model, as its endpoint calls it.
    task: name of the task that it is asked for.
    prompt: "standard" or "cot".
    remark: what to say of it, instead of what its prompt is.
    lang: language of the tokenizer.
    definitions, examples: files, from the folder that commands run in.
    aliases: a label as it may be in an answer, and the label that it means.
    endpoint: base URL of the server; None: OpenAI's.
    api_key_env: environment variable that holds the endpoint's key; None: it needs none.
    RETURNS: the config.
    """
    return render_for(
        find_task(task),
        "teacher.cfg",
        name=name,
        labels=as_json(list(labels)),
        model=as_json(model),
        prompt=prompt,
        remark=remark,
        lang=lang,
        definitions=as_json(definitions),
        examples=as_json(examples),
        aliases=aliases,
        endpoint=as_json(endpoint) if endpoint else None,
        api_key_env=as_json(api_key_env),
    )


def study_config(
    student: Student,
    max_steps: int,
    *,
    file: str = "study.cfg",
    pool_labelled: bool = False,
    test_corpus: str = "corpus/test.spacy",
) -> str:
    """The config of a study of a user's own.

    student: the student to train.
    max_steps: number of updates of a run.
    file: its own name.
    pool_labelled: whether the pool has gold labels, which judge the teacher.
    test_corpus: the corpus that students are judged by.
    RETURNS: the config.
    """
    return render(
        "study.cfg",
        student=student,
        max_steps=max_steps,
        eval_frequency=_third(max_steps),
        file=file,
        pool_labelled=pool_labelled,
        test_corpus=test_corpus,
    )


def _third(steps: int) -> int:
    return max(1, steps // 3)


def project_files(
    folder: Path,
    options: ProjectOptions,
    corpora: Mapping[str, InputCorpus],
    labels: Sequence[str],
    lang: str,
    max_steps: int,
    notes: Sequence[str],
) -> dict[Path, str]:
    """All files of a project.

    folder: where it will be.
    options: what it is to be made of.
    corpora: what the data are: "gold", "dev", "test", "pool".
    labels: what is to be found.
    lang: language of the tokenizer.
    max_steps: number of updates.
    notes: what its user should know.
    RETURNS: the files' places in the folder, and their contents.
    """
    gold, dev, test = (name in corpora for name in ("gold", "dev", "test"))
    endpoint = check_endpoint(options.endpoint)
    elsewhere = endpoint != OPENAI or options.api_key_env is not None
    key = options.api_key_env or (None if is_loopback(endpoint) else OPENAI_KEY)
    dev_corpus = "corpus/dev.spacy" if gold or dev else "corpus/dev_${vars.teacher}.spacy"
    task = find_task(corpora["pool"].task)
    facts: dict[str, Any] = {
        "name": folder.resolve().name,
        "gold": gold,
        "dev": dev,
        "test": test,
        "lang": lang,
        "labels": as_json(list(labels)),
        "student": options.student,
        "regimen": "simple_mix" if gold else "distilled",
        "model": options.model,
        "endpoint": endpoint,
        "key": key,
        "notes": notes,
        "by_teacher": not gold and not dev,
        "pool_labelled": corpora["pool"].labelled,
        "dev_corpus": dev_corpus,
        "test_corpus": "corpus/test.spacy" if test else dev_corpus,
    }
    parts = task.project_parts()
    taught = _taught(corpora)
    examples = parts.find_examples(taught, LabelSet(list(labels)))
    shown = taught if gold else corpora["dev"].docs if dev else ()
    files = {
        "project.yml": render(
            "project.yml",
            **_project_facts(folder, corpora, facts),
            import_options=parts.import_options,
            to_train_on=f" --documents {TO_TRAIN_ON} --shuffled",
            set_aside=f" --documents {SET_ASIDE} --shuffled",
        ),
        "labels.yml": render_for(task, "labels.yml", labels=_commonest(task, shown, labels)),
        "examples.yml": render_for(task, "examples.yml", examples=examples),
        "README.md": render_for(task, "README.md", **facts),
        ".gitignore": render("gitignore"),
    }
    prompts: tuple[Prompt, ...] = ("standard", "cot")
    for prompt in prompts:
        files[f"configs/teacher_{prompt}.cfg"] = teacher_config(
            prompt,
            labels,
            options.model,
            task=task.name,
            prompt=prompt,
            lang=lang,
            endpoint=endpoint if elsewhere else None,
            api_key_env=key,
        )
    for student in STUDENTS:
        files[f"configs/student_{student}.cfg"] = student_config(
            student, max_steps, task=task.name, lang=lang, regimen=facts["regimen"], with_gold=gold
        )
    if gold:
        files["configs/study.cfg"] = study_config(
            options.student,
            options.max_steps or max(max_steps, LEAST_ALONE),
            pool_labelled=facts["pool_labelled"],
            test_corpus=facts["test_corpus"],
        )
    return {Path(place): content for place, content in files.items()}


def _project_facts(
    folder: Path, corpora: Mapping[str, InputCorpus], facts: Mapping[str, Any]
) -> dict[str, Any]:
    """What project.yml says."""
    test, by_teacher, pool = facts["test"], facts["by_teacher"], corpora["pool"]
    made = {"test": test, "dev": not by_teacher, "gold": facts["gold"], "pool": True, "pool_dev": by_teacher}
    audited = {
        "--gold corpus/pool.spacy": pool.labelled,
        "--test corpus/dev.spacy": not by_teacher,
        "--test corpus/test.spacy": test,
    }
    return {
        **facts,
        **{name: as_json(place_of(folder, corpus.path)) for name, corpus in corpora.items()},
        "title": as_json(facts["name"]),
        "description": as_json(f"{facts['model']} labels texts, and a small pipeline learns from it."),
        "model": as_json(facts["model"]),
        "endpoint": as_json(facts["endpoint"]),
        "package": _package_name(facts["name"]),
        "inputs": [name for name in ("gold", "dev", "test", "pool") if name in corpora],
        "corpora": [f"corpus/{name}.spacy" for name, is_made in made.items() if is_made],
        "exclude_test": " --exclude corpus/test.spacy" if test else "",
        "exclude_dev": "" if by_teacher else " --exclude corpus/dev.spacy",
        "pool_options": " --sentences" * pool.sentences + " --lines" * pool.lines,
        "teacher_options": (
            '--components.llm.model.name "${vars.model}" --components.llm.model.endpoint "${vars.endpoint}" '
            "--components.llm.task.labels '${vars.labels}' --nlp.lang ${vars.lang}"
        ),
        "audit_options": "".join(f" {option}" for option, holds in audited.items() if holds),
        "judged_by": "test" if test else "dev, by the teacher's labels" if by_teacher else "dev",
    }


def place_of(folder: Path, path: Path) -> str:
    """A path as seen from the project's folder, with slashes."""
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:  # Another drive.
        return path.resolve().as_posix()


def _package_name(title: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")
    return name if name[:1].isalpha() else f"ner_{name}".rstrip("_")


def _taught(corpora: Mapping[str, InputCorpus]) -> list[Doc]:
    """The documents of gold that are trained on, as the project's `import` takes them.

    What the teacher is shown must be none of the texts that it, or the student, is judged by.
    """
    if "gold" not in corpora:
        return []
    docs = corpora["gold"].docs
    judging = [doc for name in ("dev", "test") if name in corpora for doc in corpora[name].docs]
    if "dev" not in corpora:
        judging += take_articles(docs, parse_range(SET_ASIDE, shuffled=True))
        docs = take_articles(docs, parse_range(TO_TRAIN_ON, shuffled=True))
    known = {key for doc in judging for key in sentence_keys(doc)}
    return [doc for doc in docs if known.isdisjoint(sentence_keys(doc))]


def _commonest(task: Task, docs: Sequence[Doc], labels: Sequence[str]) -> dict[str, list[str]]:
    """The commonest items of each label by their texts; none where no text is in two documents."""
    texts: dict[str, Counter[str]] = {label: Counter() for label in labels}
    for doc in docs if task.recurs else ():
        for item in task.read(doc).items:
            texts[item.label][" ".join(task.text(doc, item).split())] += 1
    return {label: [text for text, _ in counts.most_common(SHOWN_TEXTS)] for label, counts in texts.items()}
