"""A new spaCy project: checked, worked out from what the data are, and written."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from ..blend.checks import DISTILLED_PASSES, GOLD_PASSES, round_steps
from ..corpus.files import check_outputs, write_bytes
from ..corpus.importing import blank
from ..errors import DistillError, counted
from ..tasks.base import DEFAULT, find_task
from ..tasks.labels import LabelSet
from ..teacher.settings import check_endpoint, check_variable
from .files import place_of, project_files
from .inputs import STUDENTS, InputCorpus, ProjectOptions, read_labelled, read_pool

ENGLISH = ("minilm", "bert")  # Students whose encoder read English.

BATCH = 16  # Documents of a step in the training configs.
UNUSABLE = set("'\"\\$")  # Characters that the variables of a project.yml cannot hold.
FEW_GOLD = 50  # Gold documents below which scores say little.
RARE = 5  # Entities of a label below which gold says little of it.
FEW_POOL = 100


def suggest_max_steps(gold: int, pool: int) -> int:
    """How many steps to train, by the rule of `blend.checks.suggest_steps`.

    gold: number of gold documents.
    pool: number of distilled documents.
    RETURNS: enough for the passes that it aims at, half of the steps each where there is gold.
    """
    examples = max(2 * GOLD_PASSES * gold, (2 if gold else 1) * DISTILLED_PASSES * pool)
    return round_steps(examples / BATCH)


@dataclass(frozen=True)
class NewProject:
    """What a new project is.

    folder: where it is.
    written: its files, by their place in the folder.
    kept: those of them that were there already, and were left alone.
    corpora: what was given: "gold", "dev", "test", "pool".
    labels: what is to be found.
    lang: the language of the tokenizer.
    max_steps: number of updates.
    notes: what follows from what was not given.
    warnings: what will make the outcome worse than it could be, each with what to do.
    """

    folder: Path
    written: tuple[Path, ...]
    kept: tuple[Path, ...]
    corpora: Mapping[str, InputCorpus]
    labels: tuple[str, ...]
    lang: str
    max_steps: int
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def init_project(
    folder: Path, options: ProjectOptions, *, keep: bool = False, dry_run: bool = False
) -> NewProject:
    """Write a complete spaCy project for texts of a user's own.

    folder: the folder to write; made if there is none.
    options: what it is to be made of.
    keep: whether files that are there already are kept, instead of refusing to write any.
    dry_run: whether to write nothing.
    RETURNS: what was found, and what was written (or would be).
    RAISES DistillError: if the data cannot be used as they are, or a file is there already; then nothing is
        written.
    """
    _check_options(folder, options)
    check_outputs([folder], [options.pool, options.gold, options.dev, options.test], folder=True)
    corpora = _read_corpora(options)
    labels = _find_labels(options, corpora)
    lang = options.lang or _first(corpora, "gold", "dev", "pool").language
    blank(lang)
    gold = corpora["gold"].documents if "gold" in corpora else 0
    steps = options.max_steps or suggest_max_steps(gold, corpora["pool"].documents)
    notes = tuple(_notes(corpora))
    files = project_files(folder, options, corpora, labels, lang, steps, notes)
    there = [place for place in files if (folder / place).exists()]
    if there and not keep:
        raise DistillError(
            f"{folder} has {', '.join(map(str, there))} already; nothing was written. Choose another folder, "
            "or keep these as they are and write only the others (--keep)."
        )
    written = tuple(place for place in files if place not in there)
    if not dry_run:
        _write(folder, {place: files[place] for place in written})
    return NewProject(
        folder,
        written,
        tuple(there),
        corpora,
        labels,
        lang,
        steps,
        notes,
        tuple(_warnings(options, corpora, labels, lang)),
    )


def _write(folder: Path, files: Mapping[Path, str]) -> None:
    written: list[Path] = []
    try:
        for place, content in files.items():
            write_bytes(content.encode(), folder / place)
            written.append(folder / place)
    except DistillError:
        # A project is there whole or not at all.
        for file in written:
            file.unlink(missing_ok=True)
        raise


def _check_options(folder: Path, options: ProjectOptions) -> None:
    if options.student not in STUDENTS:
        raise DistillError(f"There is no student {options.student!r}. Choose one of {', '.join(STUDENTS)}.")
    _check_value("The model", options.model)
    _check_value("The endpoint", options.endpoint)
    check_endpoint(options.endpoint)
    check_variable(options.api_key_env)
    if options.max_steps is not None and options.max_steps < 1:
        raise DistillError(f"max_steps is {options.max_steps}, but must be a whole number above 0.")
    given = {name: path for name in ("gold", "dev", "test", "pool") if (path := getattr(options, name))}
    for name, path in given.items():
        if not Path(path).exists():
            raise DistillError(f"{path}, given as {name}, does not exist.")
        _check_value(f"The path of {name}", place_of(folder, Path(path)))
    for (first, path), (second, other) in combinations(given.items(), 2):
        if Path(path).resolve() == Path(other).resolve():
            raise DistillError(
                f"{first} and {second} are the same: {path}. A text may be in one of them only; leave out "
                f"--{second if second != 'pool' else first}, or give another."
            )


def _check_value(what: str, value: str) -> None:
    """Refuse what cannot be a variable of a project.yml, where it becomes part of a command."""
    if not value.strip() or not value.isprintable() or UNUSABLE & set(value):
        raise DistillError(
            f"{what} is {value!r}, but in project.yml nothing can stand that is empty or has a quote, a "
            "backslash or $. Choose another name."
        )


def _read_corpora(options: ProjectOptions) -> dict[str, InputCorpus]:
    corpora = {}
    for name in ("gold", "dev", "test"):
        if path := getattr(options, name):
            corpora[name] = read_labelled(Path(path), options.lang)
            if not corpora[name].labelled:
                raise DistillError(
                    f"{path}, given as {name}, has no labels, so it can neither teach nor judge. Give texts "
                    "with labels, or leave it out."
                )
    kinds = {name: corpus.task for name, corpus in corpora.items()}
    task = _common_task(set(kinds.values())) if kinds else DEFAULT
    if task is None:
        said = ", ".join(
            f"{getattr(options, name)} has {find_task(kind).items}" for name, kind in kinds.items()
        )
        raise DistillError(f"The files are of different tasks: {said}. Give files of one task.")
    corpora["pool"] = read_pool(Path(options.pool), options.lang, corpora.get("gold"), task)
    return corpora


def _common_task(found: Set[str]) -> str | None:
    """The one of some tasks as which files of all of them can be read."""
    return next((name for name in found if all(_reads(name, other) for other in found)), None)


def _reads(name: str, other: str) -> bool:
    return name == other or find_task(other).project_parts().wider == name


def _first(corpora: Mapping[str, InputCorpus], *names: str) -> InputCorpus:
    return next(corpora[name] for name in names if name in corpora)


def _find_labels(options: ProjectOptions, corpora: Mapping[str, InputCorpus]) -> tuple[str, ...]:
    """The labels: those asked for, which must be those of the data.

    RAISES DistillError: if they differ, or there are none.
    """
    labels = tuple(dict.fromkeys(options.labels))
    if not labels:
        labelled = [corpora[name] for name in ("gold", "dev") if name in corpora]
        if not labelled:
            raise DistillError("Which labels? Give --labels 'person, product', or --gold with labels in it.")
        labels = tuple(sorted(labelled[0].labels))
    known = LabelSet(labels)
    for label in labels:
        _check_value("A label", label)
        if label not in known:
            raise DistillError(f"The label {label!r} means that there is none. Give it another name.")
    for name in ("gold", "dev", "test"):
        if name in corpora:
            _check_labels(name, corpora[name], labels)
    return labels


def _check_labels(name: str, corpus: InputCorpus, labels: Sequence[str]) -> None:
    known, found = ", ".join(map(repr, labels)), ", ".join(map(repr, sorted(corpus.labels)))
    if strange := [label for label in corpus.labels if label not in labels]:
        raise DistillError(
            f"{corpus.path}, given as {name}, has the labels {', '.join(map(repr, strange))}, but the labels "
            f"are {known}. Add them to --labels, with commas between; or rename them in the file, or take "
            "them out of it."
        )
    if name == "gold" and (absent := [label for label in labels if label not in corpus.labels]):
        raise DistillError(
            f"{corpus.path}, given as gold, has no {', '.join(map(repr, absent))}, only {found}. The student "
            "learns the labels of gold: leave the others out of --labels, or label some in gold."
        )


def _notes(corpora: Mapping[str, InputCorpus]) -> Iterator[str]:
    pool = corpora["pool"]
    if "gold" not in corpora:
        yield (
            "No gold: the student learns from the teacher's labels alone (regimen `distilled`). Nothing "
            "corrects the teacher's errors, and there is no study, which compares with gold. A few hundred "
            "labelled sentences help most (--gold)."
        )
    if "dev" not in corpora and "gold" in corpora:
        yield "No dev: a fifth of gold is set aside for it."
    elif "dev" not in corpora:
        yield (
            "No dev: a tenth of the pool is set aside for it, with the teacher's labels. Scores say how well "
            "the student agrees with the teacher, not how good it is."
        )
    if "test" not in corpora:
        yield "No test: scores are those on dev, which training looks at; on new texts they will be lower."
    if pool.lines:
        yield f"The files of {pool.path} are read line by line, each line a text: they look like that."
    if pool.sentences:
        yield f"The texts of {pool.path} are long: they are split into sentences."
    if pool.labelled:
        yield "The pool has labels: the teacher is scored against them, and never sees them."


def _warnings(
    options: ProjectOptions, corpora: Mapping[str, InputCorpus], labels: Sequence[str], lang: str
) -> Iterator[str]:
    for name, corpus in corpora.items():
        if corpus.language != lang:
            yield (
                f"{corpus.path}, given as {name}, looks like language {corpus.language!r}, but the project "
                f"is in {lang!r}. Give texts of one language, or --lang if this is a mistake."
            )
        if name != "pool" and corpus.unlabelled:
            nothing = find_task(corpus.task).project_parts().nothing
            yield (
                f"{corpus.path}: {counted(corpus.unlabelled, 'text')} of {corpus.documents:,} without "
                f"labels, which count for nothing. {nothing}".rstrip()
            )
        if corpus.unread:
            yield (
                f"{counted(corpus.unread, 'file')} of {corpus.path} cannot be read beside the others, which "
                f"are {corpus.format}. Give a folder of one format."
            )
        if corpus.misfits:
            yield (
                f"{corpus.path}: the words of {counted(corpus.misfits, 'span')} that begin or end within "
                "a word are left without a label. `import` names them."
            )
    if lang not in ("en", "xx") and options.student in ENGLISH:
        yield (
            f"The encoder of the student {options.student} read English. For {lang!r} take --student cpu, or "
            'set `encoder` in configs/student_bert.cfg to a model of that language, e.g. "xlm-roberta-base".'
        )
    if gold := corpora.get("gold"):
        if gold.documents < FEW_GOLD:
            yield (
                f"Gold has only {counted(gold.documents, 'text')}: scores of a student of it differ by many "
                "points from seed to seed. 100 to 500 are a good start."
            )
        if rare := [label for label in labels if gold.labels.get(label, 0) < RARE]:
            counts = ", ".join(f"{gold.labels.get(label, 0)} of {label!r}" for label in rare)
            yield f"Gold has only {counts}: the student will hardly learn that from gold. Label some more."
    if corpora["pool"].documents < FEW_POOL:
        yield (
            f"The pool has only {counted(corpora['pool'].documents, 'text')}. What a teacher is worth shows "
            "from some hundreds on."
        )
