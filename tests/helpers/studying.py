"""A small study for tests: corpora of made-up sentences, a study config, and an engine without processes."""

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from spacy.tokens import Doc
from spacy.vocab import Vocab

from helpers.support import ROOT
from spacy_distill import run_study, set_origin, views, write_docs
from spacy_distill.engines.engine import JobEvent
from spacy_distill.study.job import TrainingJob, train_job
from spacy_distill.study.plan import StudyPlan

FIRST = ("Ana", "Bo", "Carl", "Dora", "Emil", "Fay")
PLACES = ("Oslo", "Lima", "Graz", "Bern", "Kyoto", "Quito")
FIRMS = ("Acme", "Initech", "Globex")
VERBS = ("visited", "left", "loved", "painted", "missed")

CORPORA = ("gold", "dev", "test", "pool")
# A network that trains in no time, and looks at dev twice.
TINY = """
[study.train]

[study.train.training]
eval_frequency = 3

[study.train.training.batcher]
size = 4

[study.train.components]

[study.train.components.tok2vec]

[study.train.components.tok2vec.model]
width = 16
depth = 1
embed_size = 100
"""


def study_text(
    folder: Path,
    student: Path,
    teachers: Sequence[str],
    *,
    corpora: Sequence[str] = CORPORA,
    extra: str = "",
    **values: Any,
) -> str:
    """A study config of one student, "tiny", and the first of some teachers.

    folder: where the corpora and the teachers' labels are, by their names.
    student: the student's config.
    corpora: the corpora that there are.
    extra: further sections.
    values: values of [study].
    """
    place = folder.as_posix()
    study = {"name": "tiny", "students": ["tiny"], "regimens": ["gold", "simple_mix"], "seeds": [0, 1]}
    sections = {
        "paths": {"folder": place},
        "study": {**study, "variants": teachers[:1], "resamples": 50, **values},
        "study.corpora": {name: f"{place}/{name}.spacy" for name in corpora},
        "study.configs": {"tiny": student.as_posix()},
        "study.teachers": {name: f"{place}/{name}.spacy" for name in teachers},
        "study.ray": {},
        "study.grids": {},
    }
    lines = (
        f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in given.items())
        for name, given in sections.items()
    )
    return "\n".join([*lines, extra])


def make_sentences(name: str, count: int, *, wrong: float = 0.0, seed: int = 0) -> list[Doc]:
    """Sentences with a person, a place and a firm, four to an article; a share of the places is labelled ORG.

    The same name and seed give the same words, whatever share is wrong.
    """
    words = random.Random(f"{name}{seed}")
    errors = random.Random(f"errors{name}{seed}")
    docs = []
    for i in range(count):
        tokens = [words.choice(FIRST), words.choice(VERBS), words.choice(PLACES), "with", words.choice(FIRMS)]
        place = "B-ORG" if errors.random() < wrong else "B-LOC"
        doc = Doc(Vocab(), words=tokens, ents=["B-PER", "O", place, "O", "B-ORG"])
        docs.append(set_origin(doc, id=f"{name}:{i}", document=f"{name}-{i // 4}", source=name))
    return docs


def write_corpora(folder: Path) -> None:
    """The corpora that the study config names. One answer of each teacher is unusable."""
    for name, count in (("gold", 24), ("dev", 8), ("test", 16), ("pool", 32)):
        write_docs(make_sentences(name, count), folder / f"{name}.spacy")
    for name, wrong in (("cot", 0.2), ("standard", 0.6)):
        docs = make_sentences("pool", 32, wrong=wrong)
        for doc in docs:
            views(doc)[name] = {
                "model": "a-model",
                "prompt": f"hash-of-{name}",
                "key": "",
                "source": "a-file",
            }
        refused = Doc(docs[0].vocab, words=[token.text for token in docs[0]])
        refused.user_data = docs[0].user_data
        write_docs([refused, *docs[1:]], folder / f"{name}.spacy")


def write_config(folder: Path, extra: str = "") -> Path:
    """Write the corpora and the study config, and return the config's place."""
    write_corpora(folder)
    student, place = ROOT / "configs" / "student_cpu.cfg", folder / "study.cfg"
    values = {"gold_sizes": [0], "max_steps": 6, "heldout": 0.25}
    place.write_text(
        study_text(folder, student, ["cot", "standard"], extra=TINY + extra, **values), encoding="utf8"
    )
    return place


class InProcess:
    """The smallest engine there can be: one job after the other, in this process."""

    workers = 1

    def run(self, jobs: Sequence[TrainingJob], scratch: Path) -> Iterator[JobEvent[TrainingJob]]:
        for i, job in enumerate(jobs):
            yield JobEvent(job, "started")
            folder = scratch / str(i)
            yield JobEvent.of(job, train_job(job, folder), folder)


def carry_out_study(
    config: Path, out: Path, overrides: dict[str, Any] | None = None, *, report: bool = False
) -> list[tuple[str, str]]:
    """Carry out a study in this process.

    RETURNS: What happened to its runs: kind and run, without the starts.
    """
    events = run_study(config, out, engine=InProcess(), overrides=overrides, report=report)
    return [(e.kind, str(e.run.run)) for e in events if e.run is not None and e.kind != "started"]


def planned(config: Path, out: Path, **values: Any) -> StudyPlan:
    """The plan of a study, with its corpora in a folder; nothing is trained.

    values: Values of [study].
    """
    overrides = {f"study.{name}": value for name, value in values.items()}
    events = run_study(config, out, engine=InProcess(), overrides=overrides)
    plan = next(iter(events)).plan
    events.close()
    return plan
