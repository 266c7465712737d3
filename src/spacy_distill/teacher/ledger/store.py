"""The ledger: every answer that was ever got, and what is being asked for. All its SQL stands here."""

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from ...tasks.answer import Answer, Logprobs
from ..messages import PromptJob, Request, dump_messages, messages_hash
from .entry import BatchJob, Entry, SummaryLine
from .file import LedgerError, explain, open_file

SCHEMA = """
CREATE TABLE prompts (
    hash TEXT PRIMARY KEY, messages TEXT NOT NULL, text TEXT, view TEXT, prompt_hash TEXT
);
CREATE TABLE answers (
    key TEXT PRIMARY KEY, prompt TEXT NOT NULL REFERENCES prompts (hash), model TEXT NOT NULL,
    host TEXT NOT NULL, sample INTEGER NOT NULL, state TEXT NOT NULL, answer TEXT NOT NULL,
    body TEXT NOT NULL, finish_reason TEXT,
    prompt_tokens INTEGER, completion_tokens INTEGER, cost REAL, latency REAL, time REAL,
    tries INTEGER NOT NULL, error TEXT, source TEXT, reask_of TEXT
);
CREATE INDEX answers_by_prompt ON answers (prompt);
CREATE INDEX answers_by_reask ON answers (reask_of) WHERE reask_of IS NOT NULL;
CREATE TABLE jobs (
    id TEXT PRIMARY KEY, endpoint TEXT NOT NULL, model TEXT NOT NULL, request TEXT NOT NULL,
    state TEXT NOT NULL, file TEXT, batch TEXT, created REAL NOT NULL
);
CREATE TABLE job_requests (
    key TEXT PRIMARY KEY, job TEXT NOT NULL REFERENCES jobs (id), prompt TEXT NOT NULL,
    sample INTEGER NOT NULL, reask_of TEXT
);
CREATE INDEX requests_by_job ON job_requests (job, key);
CREATE TABLE claims (key TEXT PRIMARY KEY, owner TEXT NOT NULL, until REAL NOT NULL)
"""
LIST_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"
CHUNK = 1000
T = TypeVar("T")

ELSEWHERE = ("messages", "text", "view", "prompt_hash", "logprobs")
COLUMNS = tuple(field.name for field in fields(Entry) if field.name not in ELSEWHERE)
PUT_PROMPT = "INSERT OR IGNORE INTO prompts (hash, messages, text, view, prompt_hash) VALUES (?, ?, ?, ?, ?)"
# A failed row gives way to any later one and a recorded one to the recording's next import; an answer that
# was paid for is never replaced.
PUT = f"""
INSERT INTO answers (prompt, {", ".join(COLUMNS)}) VALUES (?, {", ".join("?" for _ in COLUMNS)})
ON CONFLICT (key) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in COLUMNS if name != "key")}
WHERE answers.state = 'failed' OR answers.source IS NOT NULL
"""
SELECT = f"""
SELECT {", ".join(f"answers.{name}" for name in COLUMNS)},
    prompts.messages, logprobs.tokens, prompts.text, prompts.view, prompts.prompt_hash
FROM answers JOIN prompts ON prompts.hash = answers.prompt LEFT JOIN logprobs ON logprobs.key = answers.key
"""
# A complaint may have had several wordings over time.
LATEST = "ORDER BY answers.time DESC, answers.key LIMIT 1"
SELECT_ANSWER = """
SELECT answer, state, answers.key, model, source, tokens FROM answers LEFT JOIN logprobs USING (key)
"""
SELECT_REQUESTS = """
SELECT key, sample, messages, reask_of, text, view, prompts.prompt_hash FROM job_requests
JOIN prompts ON prompts.hash = job_requests.prompt
"""
SUMMARISE = """
SELECT model, host, view, prompt_hash, state, source, count(*), coalesce(sum(prompt_tokens), 0),
    coalesce(sum(completion_tokens), 0), sum(cost), count(cost),
    avg(latency), sum(tries - 1), min(time), max(time)
FROM answers JOIN prompts ON prompts.hash = answers.prompt
GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 6, 5
"""
AVERAGES = """
SELECT avg(length * 1.0 / prompt_tokens), avg(completion_tokens), avg(latency) FROM (
    SELECT length(messages) AS length, prompt_tokens, completion_tokens, latency
    FROM answers JOIN prompts ON prompts.hash = answers.prompt
    WHERE model = ? AND source IS NULL AND prompt_tokens > 0 AND reask_of IS NULL
        AND (prompts.prompt_hash = ? OR ?)
    ORDER BY answers.rowid DESC LIMIT ?
)
"""
# Answers to a prompt: usable before others, live before recorded, late before early.
ANSWERS_TO = """
SELECT model, sample, key FROM answers WHERE prompt = ? AND reask_of IS NULL
ORDER BY model, sample, state = 'ok' DESC, source IS NULL DESC, time DESC, key
"""


class Ledger:
    """Answers by key, durable one by one; several processes may use one file.

    path: the file.
    create: whether to make the file if there is none. Without it the file is opened for reading only.
    RAISES LedgerError: if there is no such file, or it is damaged or something else. It is then left alone.
    """

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self.path = Path(path)
        with self._explained():
            self._db = open_file(self.path, readonly=not create, schema=SCHEMA, list_tables=LIST_TABLES)

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *args: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. What was put is in it in any case."""
        self._db.close()

    # Answers.

    def put(self, entry: Entry, *, claimed_by: str | None = None) -> None:
        """Store one answer. When this returns, no crash of the process can lose it.

        entry: the answer. It replaces a failed one, or a recorded one; any other is kept as it was.
        claimed_by: the owner whose claim on it ends in the same transaction; None for no claim.
        RAISES LedgerError: if it cannot be stored, for instance because the disk is full.
        """
        with self.transaction():
            self._put(entry)
            if claimed_by is not None:
                self.remove_claim(entry.key, claimed_by)

    def put_all(self, entries: Iterable[Entry]) -> int:
        """Store answers in one transaction: all of them, or none.

        RETURNS: how many were new, or replaced another.
        """
        with self.transaction():
            return sum(self._put(entry) for entry in entries)

    def get(self, key: str) -> Entry | None:
        """The answer with this key, or None."""
        return next(self._entries("WHERE answers.key = ?", [key]), None)

    def has_answer(self, key: str) -> bool:
        """Whether there is an answer with this key, other than a failed one."""
        return bool(self._rows("SELECT 1 FROM answers WHERE key = ? AND state <> 'failed'", [key]))

    def reask(self, key: str) -> Entry | None:
        """The latest answer that was got when this one was asked again; never a failed one."""
        where = f"WHERE answers.reask_of = ? AND answers.state <> 'failed' {LATEST}"
        return next(self._entries(where, [key]), None)

    def find(self, start: str, most: int) -> list[Entry]:
        """The first answers whose keys start with these digits, at most so many."""
        where = "WHERE answers.key >= ? AND answers.key < ? ORDER BY answers.key LIMIT ?"
        return list(self._entries(where, [start, start + "g", most]))

    def entries(self, state: str | None = None) -> Iterator[Entry]:
        """All answers in the order they came in.

        state: the state that they have; None for any.
        YIELDS: one answer.
        """
        if state is None:
            return self._entries("ORDER BY answers.rowid")
        return self._entries("WHERE answers.state = ? ORDER BY answers.rowid", [state])

    def answer(self, key: str, *, reasks: int = 0) -> Answer | None:
        """The answer with this key as it crosses spacy-llm; where it was asked again, the last usable one.

        key: the ledger's key.
        reasks: how many repeated requests to follow, at most.
        RETURNS: the answer, or None if the ledger has none.
        """
        where, found = "WHERE answers.key = ?", None
        for number in range(reasks + 1):
            rows = self._rows(f"{SELECT_ANSWER} {where}", [key])
            if not rows:
                break
            text, state, key, model, source, tokens = rows[0]
            if number == 0 or state == "ok":
                found = Answer(text, state=state, key=key, model=model, source=source)
                found.logprobs = _logprobs(tokens)
            where = f"WHERE reask_of = ? AND state <> 'failed' {LATEST}"
        return found

    def answers_to(self, messages_hash: str) -> list[tuple[str, int, str]]:
        """Who answered a prompt: model, sample number and key, the one to be preferred first.

        messages_hash: names the prompt (`entry.messages_hash`).
        """
        return self._rows(ANSWERS_TO, [messages_hash])

    def __len__(self) -> int:
        count: int = self._rows("SELECT count(*) FROM answers")[0][0]
        return count

    # What it holds, in numbers.

    def summarise(self) -> list[SummaryLine]:
        """Counts of the answers by model, host, template, source and state."""
        return [SummaryLine(*row) for row in self._rows(SUMMARISE)]

    def average(self, model: str, prompt_hash: str, most: int) -> tuple[float, float, float | None] | None:
        """Averages of a model's latest answers to a template, or else to any.

        most: how many answers to look at.
        RETURNS: characters of the messages by their number of tokens, tokens of an answer, and seconds; None
            if nothing was counted.
        """
        for any_template in (False, True):
            ((length, completion, seconds),) = self._rows(AVERAGES, [model, prompt_hash, any_template, most])
            if length is not None and completion is not None:
                return length, completion, seconds
        return None

    # Claims: what a run is asking for at this moment.

    def claim_of(self, key: str) -> tuple[str, float] | None:
        """Who has claimed a key, and until when; None for nobody."""
        rows = self._rows("SELECT owner, until FROM claims WHERE key = ?", [key])
        return (str(rows[0][0]), float(rows[0][1])) if rows else None

    def set_claim(self, key: str, owner: str, until: float) -> None:
        """Note that an owner asks for a key, in place of any other."""
        self._rows("INSERT OR REPLACE INTO claims VALUES (?, ?, ?)", [key, owner, until])

    def renew_claims(self, owner: str, until: float) -> None:
        """Let all claims of an owner last longer."""
        self._rows("UPDATE claims SET until = ? WHERE owner = ?", [until, owner])

    def remove_claim(self, key: str, owner: str) -> None:
        """Remove an owner's claim."""
        self._rows("DELETE FROM claims WHERE key = ? AND owner = ?", [key, owner])

    def count_claims(self) -> int:
        """How many answers are being asked for at this moment, or were when a process was killed."""
        count: int = self._rows("SELECT count(*) FROM claims")[0][0]
        return count

    # Batches that were not collected yet. Those of one model at one endpoint belong together.

    def batches(self, owner: Sequence[str]) -> list[BatchJob]:
        """The batches of an endpoint, model and request, the oldest first."""
        sql = """
            SELECT id, state, file, batch, created FROM jobs
            WHERE endpoint = ? AND model = ? AND request = ? ORDER BY created, id
        """
        return [BatchJob(*row) for row in self._rows(sql, owner)]

    def add_batch(
        self, id: str, owner: Sequence[str], requests: Iterable[Request], *, taken: Callable[[str], bool]
    ) -> BatchJob | None:
        """Write down a batch with these requests, but for those that another one holds.

        id: our own name for it.
        owner: endpoint, model and request.
        requests: the requests; written down as they come.
        taken: whether another run is asking for an answer just now.
        RETURNS: the batch, ready to be sent, or None if there was nothing to put into it.
        """
        job = BatchJob(id, "filling", None, None, time.time())
        sql = "INSERT INTO jobs (id, endpoint, model, request, state, created) VALUES (?, ?, ?, ?, ?, ?)"
        self._rows(sql, [id, *owner, job.state, job.created])
        for chunk in chunks(requests):
            with self.transaction():
                for request in chunk:
                    if not taken(request.key):
                        self._put_request(job, request)
        if self.count_requests(job):
            return self.update_batch(replace(job, state="ready"))
        self.remove_batch(job)
        return None

    def update_batch(self, job: BatchJob) -> BatchJob:
        """Write down what became known of a batch, and return it."""
        sql = "UPDATE jobs SET state = ?, file = ?, batch = ? WHERE id = ?"
        self._rows(sql, [job.state, job.file, job.batch, job.id])
        return job

    def shorten_batch(self, job: BatchJob, number: int) -> BatchJob:
        """Keep the first requests of a batch that was not sent, and forget the others and its file."""
        sql = (
            "DELETE FROM job_requests WHERE job = ?1 AND rowid NOT IN "
            "(SELECT rowid FROM job_requests WHERE job = ?1 ORDER BY rowid LIMIT ?2)"
        )
        self._rows(sql, [job.id, number])
        return self.update_batch(replace(job, file=None))

    def remove_batch(self, job: BatchJob) -> None:
        """Forget a batch: all that it brought is in the ledger, or nothing of it was ever sent."""
        with self.transaction():
            self._rows("DELETE FROM job_requests WHERE job = ?", [job.id])
            self._rows("DELETE FROM jobs WHERE id = ?", [job.id])

    def in_batch(self, key: str) -> bool:
        """Whether a batch that was not collected yet holds the request with this key."""
        return bool(self._rows("SELECT 1 FROM job_requests WHERE key = ?", [key]))

    def count_requests(self, job: BatchJob) -> int:
        """How many requests a batch holds."""
        count: int = self._rows("SELECT count(*) FROM job_requests WHERE job = ?", [job.id])[0][0]
        return count

    def batch_request(self, job: BatchJob, key: str) -> Request | None:
        """The request of a batch with this key, or None if it holds none."""
        rows = self._rows(f"{SELECT_REQUESTS} WHERE job = ? AND key = ?", [job.id, key])
        return _request(rows[0]) if rows else None

    def batch_requests(self, job: BatchJob) -> Iterator[Request]:
        """The requests of a batch, by key.

        YIELDS: one of them.
        """
        sql, last = f"{SELECT_REQUESTS} WHERE job = ? AND key > ? ORDER BY key LIMIT ?", ""
        while rows := self._rows(sql, [job.id, last, CHUNK]):
            yield from map(_request, rows)
            last = rows[-1][0]

    def awaited(self) -> list[tuple[str, str, int]]:
        """Batches that were not collected yet: name at the provider or ours, model, number of requests."""
        sql = """
            SELECT coalesce(batch, id), model, count(key) FROM jobs LEFT JOIN job_requests ON job = id
            GROUP BY id ORDER BY created
        """
        return self._rows(sql)

    # The database.

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One transaction: what is done inside is kept whole when it ends, or not at all if it raises."""
        with self._explained():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _rows(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        """Carry out a statement; outside of a transaction, it is one."""
        with self._explained():
            return self._db.execute(sql, values).fetchall()

    def _entries(self, where: str, values: Sequence[object] = ()) -> Iterator[Entry]:
        with self._explained():
            for row in self._db.execute(f"{SELECT} {where}", values):
                yield _entry(row)

    def _put(self, entry: Entry) -> int:
        prompt = entry.messages_hash
        messages = dump_messages(entry.messages)
        self._db.execute(PUT_PROMPT, [prompt, messages, entry.text, entry.view, entry.prompt_hash])
        values = [getattr(entry, name) for name in COLUMNS]
        written = self._db.execute(PUT, [prompt, *values]).rowcount
        if written and (entry.logprobs or entry.source):
            tokens = json.dumps(entry.logprobs, ensure_ascii=False)
            self._db.execute("INSERT OR REPLACE INTO logprobs VALUES (?, ?)", [entry.key, tokens])
        return written

    def _put_request(self, job: BatchJob, request: Request) -> None:
        prompt, asked = messages_hash(request.messages), request.job
        messages = dump_messages(request.messages)
        self._db.execute(PUT_PROMPT, [prompt, messages, asked.text, asked.view, asked.prompt_hash])
        values = [request.key, job.id, prompt, request.sample, request.reask_of]
        self._db.execute("INSERT OR IGNORE INTO job_requests VALUES (?, ?, ?, ?, ?)", values)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn SQLite's errors into one that names the file and says what to do."""
        try:
            yield
        except sqlite3.Error as error:
            raise LedgerError(explain(self.path, error)) from error


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Lists of at most so many items, so that none is too large for one transaction."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def _entry(row: tuple[object, ...]) -> Entry:
    values: dict[str, Any] = dict(zip(COLUMNS, row, strict=False))
    messages, tokens, *rest = row[len(COLUMNS) :]
    values.update(zip(("text", "view", "prompt_hash"), rest, strict=True))
    return Entry(messages=tuple(json.loads(str(messages))), logprobs=_logprobs(tokens), **values)


def _logprobs(tokens: Any) -> Logprobs:
    return tuple((token, logprob) for token, logprob in json.loads(tokens)) if tokens else ()


def _request(row: tuple[Any, ...]) -> Request:
    key, sample, messages, reask_of, text, view, prompt_hash = row
    return Request(PromptJob("", text, view, prompt_hash), key, json.loads(messages), sample, reask_of)
