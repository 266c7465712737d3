"""The ledger's file: made, opened and checked."""

import os
import sqlite3
import time
from pathlib import Path

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


class LedgerError(ValueError):
    """The ledger's file cannot be used as one."""


def open_file(path: Path, *, readonly: bool) -> sqlite3.Connection:
    """Open a ledger's file, or make it.

    path (Path): The file.
    readonly (bool): Whether to leave it as it is.
    RETURNS (sqlite3.Connection): The open file.
    RAISES (LedgerError, sqlite3.Error): If there is none, or it is damaged or something else.
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
