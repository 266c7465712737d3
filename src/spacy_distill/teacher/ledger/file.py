"""The ledger's file: opened or made, and refused if it is damaged or something else."""

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from ...errors import DistillError

APPLICATION_ID = 0x5D15711
# Apart from the answers: few have them. A ledger that was made without this table gets it when it is opened.
LOGPROBS = "CREATE {}TABLE logprobs (key TEXT PRIMARY KEY, tokens TEXT NOT NULL)"
VERSION = 1
BUSY_SECONDS = 60.0
BUSY_WAIT = 0.005


class LedgerError(DistillError):
    """The ledger's file cannot be used as one."""


def open_file(path: Path, *, readonly: bool, schema: str, list_tables: str) -> sqlite3.Connection:
    """Open a ledger's file, or make it.

    path: the file.
    readonly: whether to leave it as it is.
    schema: statements that make its tables.
    list_tables: statement that names the tables of a file.
    RETURNS: the open file.
    RAISES LedgerError, sqlite3.Error: If there is none, or it is damaged or something else.
    """
    db = _connect(path, readonly=readonly)
    try:
        _prepare(db, path, readonly=readonly, schema=schema, list_tables=list_tables)
    except (sqlite3.Error, LedgerError):
        db.close()
        raise
    return db


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


def _connect(path: Path, *, readonly: bool) -> sqlite3.Connection:
    mode = "rwc"
    if readonly:
        if not path.is_file():
            raise LedgerError(f"No such ledger: {path}.")
        # A folder that cannot be written to has no place for SQLite's side files.
        unchanging = not os.access(path.parent, os.W_OK) and not _has_log(path)
        mode = "ro&immutable=1" if unchanging else "ro"
    else:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LedgerError(
                f"Cannot make the ledger {path}: {error.strerror}. Choose a place you may write to."
            ) from error
    name = f"{path.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(
        name, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )


def _prepare(db: sqlite3.Connection, path: Path, *, readonly: bool, schema: str, list_tables: str) -> None:
    # In this order: another process may be making the ledger meanwhile, and does so in one transaction.
    tables = db.execute(list_tables).fetchall()
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
        if ("logprobs",) not in tables:
            db.execute(LOGPROBS.format("TEMP "))
        return
    _use_log(db)
    db.execute("PRAGMA synchronous = NORMAL")
    # Less often than SQLite would: moving the log into the file has to wait for the disk.
    db.execute("PRAGMA wal_autocheckpoint = 4000")
    if ("logprobs",) not in tables:
        _create(db, schema, list_tables)


def _create(db: sqlite3.Connection, schema: str, list_tables: str) -> None:
    db.execute("BEGIN IMMEDIATE")
    # Another process may have been first.
    tables = db.execute(list_tables).fetchall()
    if not tables:
        for statement in schema.split(";"):
            db.execute(statement)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {VERSION}")
    if ("logprobs",) not in tables:
        db.execute(LOGPROBS.format(""))
    db.execute("COMMIT")


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


def _pragma(db: sqlite3.Connection, name: str) -> int:
    value: int = db.execute(f"PRAGMA {name}").fetchone()[0]
    return value


def _has_log(path: Path) -> bool:
    with suppress(FileNotFoundError):
        return path.with_name(path.name + "-wal").stat().st_size > 0
    return False
