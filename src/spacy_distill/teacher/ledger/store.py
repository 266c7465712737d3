"""The ledger's file and its rows."""

import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from ...errors import DistillError
from ...tasks.answer import Answer
from .entry import Entry
from .keys import dump_messages

APPLICATION_ID = 0x5D15711
VERSION = 1
BUSY_SECONDS = 60.0
BUSY_WAIT = 0.005
MEMORY = ":memory:"

ANSWERS = """
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
"""

# What is going on at the moment. Ledgers of the first development versions lack some of these.
WORK = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, endpoint TEXT NOT NULL, model TEXT NOT NULL, request TEXT NOT NULL,
    state TEXT NOT NULL, file TEXT, batch TEXT, created REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS job_requests (
    key TEXT PRIMARY KEY, job TEXT NOT NULL REFERENCES jobs (id), prompt TEXT NOT NULL,
    sample INTEGER NOT NULL, reask_of TEXT
);
CREATE INDEX IF NOT EXISTS requests_by_job ON job_requests (job, key);
CREATE TABLE IF NOT EXISTS claims (key TEXT PRIMARY KEY, owner TEXT NOT NULL, until REAL NOT NULL);
"""
WORK_TABLES = frozenset({"jobs", "job_requests", "claims"})


class LedgerError(DistillError):
    """The ledger's file cannot be used as one."""


def open_file(path: Path, *, readonly: bool) -> sqlite3.Connection:
    """Open a ledger's file, or make it.

    path: The file.
    readonly: Whether to leave it as it is.
    RETURNS: The open file.
    RAISES LedgerError, sqlite3.Error: If there is none, or it is damaged or something else.
    """
    db = _connect(path, readonly=readonly)
    try:
        _prepare(db, path, readonly=readonly)
    except (sqlite3.Error, LedgerError):
        db.close()
        raise
    return db


def _connect(path: Path, *, readonly: bool) -> sqlite3.Connection:
    if str(path) == MEMORY:
        return sqlite3.connect(MEMORY, isolation_level=None, check_same_thread=False)
    mode = "rwc"
    if readonly:
        if not path.is_file():
            raise LedgerError(f"No such ledger: {path}.")
        # A folder that cannot be written to has no place for SQLite's side files.
        unchanging = not os.access(path.parent, os.W_OK) and not _has_log(path)
        mode = "ro&immutable=1" if unchanging else "ro"
    else:
        _make_folder(path)
    name = f"{path.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(
        name, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerError(
            f"Cannot make the ledger {path}: {error.strerror}. Choose a place you may write to."
        ) from error


def _prepare(db: sqlite3.Connection, path: Path, *, readonly: bool) -> None:
    # In this order: another process may be making the ledger meanwhile, and does so in one transaction.
    tables = _tables(db)
    application, version = (_pragma(db, name) for name in ("application_id", "user_version"))
    if tables and application != APPLICATION_ID:
        raise LedgerError(f"{path} is an SQLite file, but no ledger. Choose another path.")
    if application == APPLICATION_ID and version != VERSION:
        raise LedgerError(
            f"{path} is a ledger of format {version}; this version of spacy-distill reads {VERSION}."
        )
    if _is_cut_off(db, path):
        raise sqlite3.DatabaseError("the file is shorter than it should be")
    if readonly:
        if not tables >= WORK_TABLES:
            # Empty ones, beside the file.
            _execute(db, WORK.replace("CREATE TABLE", "CREATE TEMP TABLE"))
        return
    _use_log(db)
    db.execute("PRAGMA synchronous = NORMAL")
    # Less often than SQLite would: moving the log into the file has to wait for the disk.
    db.execute("PRAGMA wal_autocheckpoint = 4000")
    if not tables >= WORK_TABLES:
        _create(db)


def _is_cut_off(db: sqlite3.Connection, path: Path) -> bool:
    """Whether the file lacks pages."""
    # In this order: another process may be moving its log into the file.
    expected = _pragma(db, "page_count") * _pragma(db, "page_size")
    return not _has_log(path) and path.is_file() and path.stat().st_size < expected


def _use_log(db: sqlite3.Connection) -> None:
    """Set the journal mode. SQLite does not wait for that, where another process is making the file."""
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # The low byte is the primary code.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(BUSY_WAIT)
        else:
            return


def _create(db: sqlite3.Connection) -> None:
    db.execute("BEGIN IMMEDIATE")
    # Another process may have been first.
    if not _tables(db):
        _execute(db, ANSWERS)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {VERSION}")
    _execute(db, WORK)
    db.execute("COMMIT")


def _execute(db: sqlite3.Connection, statements: str) -> None:
    for statement in statements.split(";"):
        db.execute(statement)


def _tables(db: sqlite3.Connection) -> set[str]:
    return {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _pragma(db: sqlite3.Connection, name: str) -> int:
    value: int = db.execute(f"PRAGMA {name}").fetchone()[0]
    return value


def _has_log(path: Path) -> bool:
    try:
        return path.with_name(path.name + "-wal").stat().st_size > 0
    except FileNotFoundError:
        return False


def explain(path: Path, error: sqlite3.Error) -> str:
    """What to say of an error of SQLite: which file, what is wrong, what to do."""
    said = str(error)
    if "full" in said or "disk I/O" in said:
        return (
            f"Cannot write to the ledger {path}: {said}. Make room on the disk and run the same command "
            "again; the answers stored so far are safe."
        )
    if "locked" in said:
        return f"The ledger {path} has been locked by another process for {BUSY_SECONDS:.0f} seconds: {said}."
    if "unable to open" in said or "readonly" in said:
        return f"Cannot open the ledger {path}: {said}. Choose a place you may write to."
    return (
        f"{path} is not a ledger, or is damaged ({said}). It is left as it is. Restore it from a copy "
        "or an export, save what can be read with `sqlite3 LEDGER .recover`, or choose another path."
    )


CHUNK = 1000

COLUMNS = tuple(
    field.name for field in fields(Entry) if field.name not in ("messages", "text", "view", "prompt_hash")
)
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
    prompts.messages, prompts.text, prompts.view, prompts.prompt_hash
FROM answers JOIN prompts ON prompts.hash = answers.prompt
"""

# A complaint may have had several wordings over time.
LATEST = "ORDER BY answers.time DESC, answers.key LIMIT 1"


class Ledger:
    """Answers by key, durable one by one; several processes may use one file.

    path: The file.
    create: Whether to make the file if there is none. Without it the file is opened for reading only.
    RAISES LedgerError: If there is no such file, or it is damaged or something else. It is then left alone.
    """

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self.path = Path(path)
        self.readonly = not create
        with self._explained():
            self._db = open_file(self.path, readonly=self.readonly)

    @classmethod
    def in_memory(cls) -> "Ledger":
        """A ledger without a file, for trying something out."""
        return cls(Path(MEMORY))

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *args: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. What was put is in it in any case."""
        self._db.close()

    def put(self, entry: Entry) -> None:
        """Store one answer. When this returns, no crash of the process can lose it.

        entry: The answer. It replaces a failed one, or a recorded one; any other is kept as it was.
        RAISES LedgerError: If it cannot be stored, for instance because the disk is full.
        """
        self.put_all([entry])

    def put_all(self, entries: Iterable[Entry]) -> int:
        """Store answers in one transaction: all of them, or none.

        RETURNS: How many were new, or replaced another.
        """
        with self.transaction():
            return sum(self._put(entry) for entry in entries)

    def get(self, key: str) -> Entry | None:
        """The answer with this key, or None."""
        with self._explained():
            row = self._db.execute(f"{SELECT} WHERE answers.key = ?", [key]).fetchone()
        return None if row is None else _entry(row)

    def has_answer(self, key: str) -> bool:
        """Whether there is an answer with this key, other than a failed one."""
        sql = "SELECT 1 FROM answers WHERE key = ? AND state <> 'failed'"
        with self._explained():
            return self._db.execute(sql, [key]).fetchone() is not None

    def mend_of(self, key: str) -> Entry | None:
        """The answer to a request to mend this one, the latest if there are several; never a failed one."""
        sql = f"{SELECT} WHERE answers.reask_of = ? AND answers.state <> 'failed' {LATEST}"
        with self._explained():
            row = self._db.execute(sql, [key]).fetchone()
        return None if row is None else _entry(row)

    def find(self, start: str, most: int) -> list[Entry]:
        """The first answers whose keys start with these digits, at most so many."""
        sql = f"{SELECT} WHERE answers.key >= ? AND answers.key < ? ORDER BY answers.key LIMIT ?"
        with self._explained():
            return [_entry(row) for row in self._db.execute(sql, [start, start + "g", most])]

    def answer(self, key: str, *, mends: int = 0) -> Answer | None:
        """The answer with this key as it crosses spacy-llm; where it was asked again, the last usable one.

        key: The ledger's key.
        mends: How many repeated requests to follow, at most.
        RETURNS: The answer, or None if the ledger has none.
        """
        sql = "SELECT answer, state, key, model, source FROM answers WHERE"
        with self._explained():
            row = self._db.execute(f"{sql} key = ?", [key]).fetchone()
            found = row
            while row is not None and mends > 0:
                row = self._db.execute(
                    f"{sql} reask_of = ? AND state <> 'failed' {LATEST}", [row[2]]
                ).fetchone()
                found = row if row is not None and row[1] == "ok" else found
                mends -= 1
        return None if found is None else _answer(found)

    def answers_to(self, messages_hash: str) -> list[tuple[str, int, str]]:
        """Who answered a prompt: model, sample number and key, the one to be preferred first.

        messages_hash: Names the prompt (`keys.messages_hash`).
        RETURNS: By model and sample; usable before others, live before
            recorded, late before early.
        """
        sql = """
            SELECT model, sample, key FROM answers WHERE prompt = ? AND reask_of IS NULL
            ORDER BY model, sample, state = 'ok' DESC, source IS NULL DESC, time DESC, key
        """
        with self._explained():
            return [(model, sample, key) for model, sample, key in self._db.execute(sql, [messages_hash])]

    def entries(self) -> Iterator[Entry]:
        """All answers in the order they came in.

        YIELDS: One answer.
        """
        with self._explained():
            for row in self._db.execute(f"{SELECT} ORDER BY answers.rowid"):
                yield _entry(row)

    def rows(self, sql: str, values: Iterable[object] = ()) -> list[tuple[object, ...]]:
        """The result of a query of one's own."""
        with self._explained():
            return self._db.execute(sql, list(values)).fetchall()

    def __len__(self) -> int:
        with self._explained():
            count: int = self._db.execute("SELECT count(*) FROM answers").fetchone()[0]
        return count

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction: what is done inside is kept whole when it ends, or not at all if it raises."""
        with self._explained():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _put(self, entry: Entry) -> int:
        prompt = entry.messages_hash
        messages = dump_messages(entry.messages)
        self._db.execute(PUT_PROMPT, [prompt, messages, entry.text, entry.view, entry.prompt_hash])
        values = [getattr(entry, name) for name in COLUMNS]
        return self._db.execute(PUT, [prompt, *values]).rowcount

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn SQLite's errors into one that names the file and says what to do."""
        try:
            yield
        except sqlite3.Error as error:
            raise LedgerError(explain(self.path, error)) from error


def _answer(row: tuple[str, ...]) -> Answer:
    text, state, key, model, source = row
    return Answer(text, state=state, key=key, model=model, source=source)  # type: ignore[arg-type]


def _entry(row: tuple[object, ...]) -> Entry:
    values: dict[str, Any] = dict(zip(COLUMNS, row, strict=False))
    messages, *rest = row[len(COLUMNS) :]
    values.update(zip(("text", "view", "prompt_hash"), rest, strict=True))
    return Entry(messages=tuple(json.loads(str(messages))), **values)
