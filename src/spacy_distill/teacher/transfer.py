"""Answers from and to files: recorded ones that are matched to a corpus, and exports of a ledger."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..corpus.files import check_outputs, read_json_lines, repair_text, write_bytes
from ..corpus.provenance import doc_id
from ..errors import DistillError
from ..tasks.answer import State
from .ledger.entry import Entry, from_line, is_count, to_line
from .ledger.store import Ledger, chunks
from .messages import answer_key, user_message
from .responses import state_of
from .teacher import Teacher, load_teacher


def lines(ledger: Ledger) -> Iterator[str]:
    """A ledger's answers in the order they came in.

    YIELDS: one answer as a line of JSON.
    """
    for entry in ledger.entries():
        yield json.dumps(to_line(entry), ensure_ascii=False) + "\n"


def write_export(ledger: Ledger, path: Path) -> None:
    """Write all answers to a file, whole or not at all.

    ledger: the ledger.
    path: the file; gzipped if its name ends in ".gz".
    RAISES DistillError: if the file cannot be written there.
    """
    check_outputs([path], [ledger.path])
    write_bytes((line.encode() for line in lines(ledger)), path)


HOST = "recorded"


@dataclass
class ImportedAnswers:
    """What an import did.

    lines: lines in the file.
    stored: answers that are new in the ledger, or replaced an earlier import's.
    documents: documents of the corpus that are asked about.
    answered: documents that found an answer.
    unused: lines that no document matches.
    repeated: lines whose text was already answered by an earlier line.
    """

    lines: int = 0
    stored: int = 0
    documents: int = 0
    answered: int = 0
    unused: int = 0
    repeated: int = 0


@dataclass(frozen=True)
class RecordedAnswer:
    """One recorded answer."""

    number: int
    answer: str
    model: str | None
    finish_reason: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    source: str | None
    sample: int

    @property
    def state(self) -> State:
        """What became of the answer, by the same reasons to end as of a live reply."""
        state = state_of(self.finish_reason)
        return "refused" if state == "ok" and not self.answer.strip() else state


def import_recorded(
    ledger: Ledger, path: Path, teacher: Teacher, corpus: Path, *, model: str | None
) -> ImportedAnswers:
    """Store recorded answers under the prompts that a config makes of a corpus.

    ledger: where to store them.
    path: JSON Lines, gzipped or not: `text`, `tokens` or the document's `id`, and `answer`; optionally
        `model`, `finish_reason`, `prompt_tokens`, `completion_tokens`, `source`, `sample`.
    teacher: makes the prompts.
    corpus: the documents.
    model: name of the model, for lines that do not name one; then "recorded".
    RETURNS: what was stored.
    RAISES DistillError: if a line is not a recorded answer; names the file and line.
    """
    by_text, by_tokens, by_id, done = _index(path)
    used: set[int] = set()

    def entries() -> Iterator[Entry]:
        for doc in teacher.prepared(teacher.read(corpus)):
            words = tuple(token.text for token in doc if not token.is_space)
            found = by_text.get(doc.text) or by_tokens.get(words) or by_id.get(doc_id(doc)) or {}
            prompt = teacher.task.render(doc)
            if not prompt:
                continue
            done.documents += 1
            done.answered += bool(found)
            for one in found.values():
                if one.number in used:
                    continue
                used.add(one.number)
                yield _entry(one, teacher, doc.text, prompt, model or "recorded", path.name)

    for chunk in chunks(entries()):
        done.stored += ledger.put_all(chunk)
    done.unused = done.lines - done.repeated - len(used)
    return done


def import_export(ledger: Ledger, path: Path) -> ImportedAnswers:
    """Store the lines of an export as they are.

    RETURNS: what was stored.
    RAISES DistillError: if a line is not one of an export; names the file and line.
    """
    done = ImportedAnswers()

    def entries() -> Iterator[Entry]:
        for number, line in read_json_lines(path):
            done.lines += 1
            try:
                yield from_line(line)
            except DistillError as error:
                hint = ""
                if "messages" not in line and "answer" in line:
                    hint = " A recorded answer is imported with --config and --corpus, which give its prompt."
                raise DistillError(f"{path}, line {number}: {error}.{hint}") from error

    for chunk in chunks(entries()):
        done.stored += ledger.put_all(chunk)
    return done


Index = dict[Any, dict[int, RecordedAnswer]]


def _index(path: Path) -> tuple[Index, Index, Index, ImportedAnswers]:
    by_text: Index = {}
    by_tokens: Index = {}
    by_id: Index = {}
    done = ImportedAnswers()
    for number, line in read_json_lines(path):
        try:
            one = _read(number, line)
        except DistillError as error:
            raise DistillError(f"{path}, line {number}: {error}.") from error
        place: Index
        if "text" in line:
            place, name = by_text, line["text"]
        elif "tokens" in line:
            place, name = by_tokens, tuple(token for token in line["tokens"] if not token.isspace())
        else:
            place, name = by_id, line["id"]
        samples = place.setdefault(name, {})
        done.lines += 1
        done.repeated += one.sample in samples
        samples.setdefault(one.sample, one)
    return by_text, by_tokens, by_id, done


def _read(number: int, line: object) -> RecordedAnswer:
    if not isinstance(line, Mapping):
        raise DistillError(f"expected an object with text, tokens or id, and answer, got {line!r:.60}")
    text, tokens, answer = line.get("text"), line.get("tokens"), line.get("answer")
    right = isinstance(tokens, list) and all(isinstance(token, str) for token in tokens)
    by_id = isinstance(line.get("id"), str) and "tokens" not in line
    if not isinstance(text, str) and ("text" in line or not (right or by_id)):
        raise DistillError('expected "text" (a string), "tokens" (a list of strings) or "id" (a string)')
    if not isinstance(answer, str):
        raise DistillError(f'expected "answer" (a string), got {answer!r:.60}')
    reason, sample = line.get("finish_reason"), line.get("sample", 0)
    if reason is not None and not isinstance(reason, str):
        raise DistillError(f'"finish_reason" has to be a string, as the server gave it, got {reason!r:.60}')
    if not is_count(sample):
        raise DistillError(f'"sample" has to be a number from 0, got {sample!r:.60}')
    counts = [line.get(name) for name in ("prompt_tokens", "completion_tokens")]
    if not all(count is None or is_count(count) for count in counts):
        raise DistillError('"prompt_tokens" and "completion_tokens" have to be numbers')
    names = [line.get(name) for name in ("model", "source")]
    if not all(name is None or isinstance(name, str) for name in names):
        raise DistillError('"model" and "source" have to be strings')
    return RecordedAnswer(
        number, repair_text(answer), names[0], reason, counts[0], counts[1], names[1], sample
    )


def _entry(one: RecordedAnswer, teacher: Teacher, text: str, prompt: str, model: str, source: str) -> Entry:
    messages = user_message(prompt)
    model = one.model or model
    return Entry(
        key=answer_key(HOST, model, messages, {}, one.sample),
        model=model,
        host=HOST,
        messages=tuple(messages),
        answer=one.answer,
        state=one.state,
        sample=one.sample,
        finish_reason=one.finish_reason,
        prompt_tokens=one.prompt_tokens,
        completion_tokens=one.completion_tokens,
        time=float(int(time.time())),
        source=one.source or source,
        text=text,
        view=teacher.task.view,
        prompt_hash=teacher.task.prompt_hash,
    )


def import_answers(
    ledger: Path,
    path: Path,
    *,
    config: Path | None = None,
    corpus: Path | None = None,
    model: str | None = None,
    overrides: Mapping[str, Any] = {},
) -> ImportedAnswers:
    """Import answers into a ledger: an export, or recorded ones for the prompts of a config and a corpus.

    ledger: the ledger; made if need be.
    path: JSON Lines of answers, `.gz` too.
    config: the teacher's config whose prompts recorded answers belong to.
    corpus: the corpus whose documents they belong to.
    model: the model that gave them, where the lines do not say.
    overrides: values of the config by dotted name.
    RETURNS: what was stored.
    RAISES DistillError: if there is no such file, only one of config and corpus is given, or a line cannot be
        used. Of recorded answers nothing is stored then; of an export the whole thousands of lines before it.
    """
    if not Path(path).is_file():
        raise DistillError(f"No such file: {path}. Expected JSON Lines of answers.")
    if (config is None) != (corpus is None):
        raise DistillError(
            "--config and --corpus go together: the config makes prompts of the corpus's documents."
        )
    check_outputs([Path(ledger)], [path, config, *([corpus] if corpus and Path(corpus).is_file() else [])])
    with Ledger(Path(ledger), create=True) as opened:
        if config is None or corpus is None:
            return import_export(opened, Path(path))
        return import_recorded(opened, Path(path), load_teacher(config, overrides), Path(corpus), model=model)
