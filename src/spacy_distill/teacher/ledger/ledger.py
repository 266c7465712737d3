"""The ledger: every answer that was ever got, in one SQLite file that survives `kill -9`."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from .answer import Answer
from .entry import Entry
from .file import MEMORY, LedgerError, explain, open_file
from .keys import dump_messages

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

    path (Path): The file.
    create (bool): Whether to make the file if there is none. Without it the file is opened for reading only.
    RAISES (LedgerError): If there is no such file, or it is damaged or something else. It is then left alone.
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

        entry (Entry): The answer. It replaces a failed one, or a recorded one; any other is kept as it was.
        RAISES (LedgerError): If it cannot be stored, for instance because the disk is full.
        """
        self.put_all([entry])

    def put_all(self, entries: Iterable[Entry]) -> int:
        """Store answers in one transaction: all of them, or none.

        RETURNS (int): How many were new, or replaced another.
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

        key (str): The ledger's key.
        mends (int): How many repeated requests to follow, at most.
        RETURNS (Answer | None): The answer, or None if the ledger has none.
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

        messages_hash (str): Names the prompt (`keys.messages_hash`).
        RETURNS (list[tuple[str, int, str]]): By model and sample; usable before others, live before
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

        YIELDS (Entry): One answer.
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
