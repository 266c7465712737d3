"""Files of any kind: read line by line, written whole or not at all, locked, hashed."""

import errno
import gzip
import hashlib
import json
import os
import shutil
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from ..errors import DistillError, shorten

LOCK, HOLDER = ".lock", ".holder"
# A disk, a share of one or a file that may not grow is no fault of the place that was named.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# What reading a damaged `.gz` file raises.
GZIP_MAGIC = b"\x1f\x8b"
GZIP_ERRORS = (gzip.BadGzipFile, EOFError, zlib.error)


def open_binary(path: Path) -> BinaryIO:
    """Open a file for reading; gzip is unpacked, whatever the file is called.

    RAISES DistillError: if it does not exist or is a folder.
    """
    if not path.is_file():
        kind = "is a folder; expected one file" if path.is_dir() else "does not exist"
        raise DistillError(f"{path} {kind}.")
    with path.open("rb") as stream:
        zipped = path.suffix == ".gz" or stream.read(2) == GZIP_MAGIC
    return cast(BinaryIO, gzip.open(path, "rb") if zipped else path.open("rb"))


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Read a UTF-8 text file line by line. Lines end with LF, CR LF, or CR alone.

    path: the file, gzip or not.
    YIELDS: the line's number, from 1, and its text without the line break.
    RAISES DistillError: if the file does not exist, is damaged or is not UTF-8.
    """
    for number, raw in enumerate(_raw_lines(path), start=1):
        try:
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            found = f"expected UTF-8 text, found the byte {raw[error.start]:#04x}"
            raise bad_line(path, number, found) from None
        yield number, line.rstrip("\r\n")


def _raw_lines(path: Path) -> Iterator[bytes]:
    with open_binary(path) as stream:
        try:
            for raw in stream:
                yield from raw.splitlines(keepends=True) if b"\r" in raw else [raw]
        except GZIP_ERRORS as error:
            raise damaged(path, error) from error


def read_text(path: Path) -> str:
    """The text of a whole file, see `read_lines`; line breaks become "\\n"."""
    return "\n".join(line for _, line in read_lines(path))


def read_json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Read a file of JSON Lines; blank lines are passed over.

    path: the file, gzip or not.
    YIELDS: the line's number, from 1, and its object; half of a surrogate pair became U+FFFD.
    RAISES DistillError: if a line is no JSON object; names file and line.
    """
    for number, line in read_lines(path):
        if line.strip():
            try:
                yield number, parse_object(line)
            except DistillError as error:
                raise bad_line(path, number, str(error)) from None


def parse_object(line: str) -> dict[str, Any]:
    """Parse a JSON object.

    RETURNS: the object; half of a surrogate pair became U+FFFD.
    RAISES DistillError: if the text is none.
    """
    try:
        value = _loads(line)
    except json.JSONDecodeError as error:
        raise DistillError(f"expected a JSON object, but {error.msg} at character {error.pos + 1}") from None
    except (RecursionError, ValueError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise DistillError(f"expected a JSON object, but {why}") from None
    if not isinstance(value, dict):
        raise DistillError(f"expected a JSON object, found {type(value).__name__}")
    return value


def _loads(text: str) -> Any:
    value = json.loads(text)
    # The halves must be replaced in the values: written as escapes they are good JSON.
    if "\\ud" in text.lower():
        value = json.loads(repair_text(json.dumps(value, ensure_ascii=False)))
    return value


def read_json(path: Path) -> Any:
    """The value of a JSON file, gzip or not; half of a surrogate pair became U+FFFD.

    RAISES DistillError: if the file does not exist or is no JSON.
    """
    with open_binary(path) as stream:
        try:
            return _loads(stream.read().decode("utf-8-sig"))
        except (ValueError, RecursionError, *GZIP_ERRORS) as error:
            raise damaged(path, error) from error


def repair_text(text: str) -> str:
    """Text as it can be stored: what UTF-8 cannot hold (half of a surrogate pair) becomes U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def bad_line(path: Path, number: int, problem: str, unit: str = "line") -> DistillError:
    """The error to raise for a line that cannot be used, or another unit of a file."""
    return DistillError(f"{path}, {unit} {number}: {problem}.")


def damaged(path: Path, error: Exception) -> DistillError:
    """The error to raise for a file that cannot be read as what its name says."""
    said = "nested too deeply" if isinstance(error, RecursionError) else error
    return DistillError(f"{path} is damaged, or not what its name says: {type(error).__name__}: {said}")


def source_name(path: Path) -> str:
    """The file's name as document ids begin with it: without `.gz`."""
    return path.name.removesuffix(".gz")


def not_written(path: Path, error: OSError) -> DistillError:
    """The error to raise for a file that cannot be written."""
    place = "Make room on the disk, or choose another place" if error.errno in NO_ROOM else ""
    said = f"Cannot write {path}: {error.strerror or error}."
    return DistillError(f"{said} {place or 'Choose a place you may write to'}.")


def write_bytes(data: bytes | Iterable[bytes], path: Path) -> None:
    """Write a file whole or not at all: it is written beside its place and then renamed.

    data: what to write, as a whole or in parts.
    path: the file; missing folders are made. One that ends in `.gz` is compressed.
    RAISES DistillError: if the file cannot be written there, or what is there is no file.
    """
    _check_replaceable(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as stream:
            # Without name and time: the same data make the same file.
            packed = gzip.GzipFile("", "wb", fileobj=stream, mtime=0) if path.suffix == ".gz" else None
            with packed or nullcontext(stream) as target:
                target.writelines([data] if isinstance(data, bytes) else data)
        beside.replace(path)
    except OSError as error:
        raise not_written(path, error) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def files_within(folder: Path, pattern: str = "*") -> list[Path]:
    """The files of a folder at any depth, sorted.

    folder: the folder.
    pattern: what their names look like.
    RAISES DistillError: if one is a link to a file outside of the folder: nobody who gives a folder means
        that other files are read, and perhaps sent to a model.
    """
    root, found = folder.resolve(), []
    for file in sorted(folder.rglob(pattern)):
        if not file.is_file():
            continue
        if file.is_symlink() and not file.resolve().is_relative_to(root):
            raise DistillError(
                f"{file} is a link to {file.resolve()}, which is not in {folder}. Copy that file into the "
                "folder, or give it by itself."
            )
        found.append(file)
    return found


def check_outputs(
    outputs: Iterable[Path | None], inputs: Iterable[Path | str | None], *, folder: bool = False
) -> None:
    """Refuse to write onto what is read: the one check of all commands that write. Nothing is made.

    outputs: files to write, each None or another one; by whatever name, a link too.
    inputs: files and folders that are read, or None; those that do not exist do not count.
    folder: whether the outputs are folders to write into, instead of files.
    RAISES DistillError: if an output is one of the inputs or of the other outputs, lies in a folder that is
        read, is a folder where a file is wanted, or the other way round, or is a device or a pipe.
    """
    read = [Path(place) for place in inputs if place is not None and Path(place).exists()]
    written: list[Path] = []
    for output in outputs:
        if output is None:
            continue
        if output.exists() and output.is_dir() != folder:
            kinds = ("a file; expected a folder", "a folder; expected a file")
            raise DistillError(f"{output} is {kinds[not folder]} to write. Choose another place.")
        if not folder:
            _check_replaceable(output)
        for place in read:
            if _is_same(output, place) or _is_linked(output, place):
                raise DistillError(f"{output} would be written, but is read too. Choose another place.")
            if place.is_dir() and output.resolve().is_relative_to(place.resolve()):
                raise DistillError(
                    f"{output} would be written, but lies in {place}, which is read. Choose another place."
                )
        for other in written:
            if _is_same(output, other):
                raise DistillError(f"{output} and {other} are the same file. Give each output its own.")
        written.append(output)


def _check_replaceable(path: Path) -> None:
    """Refuse a device or a pipe, which a finished file would take the place of."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise DistillError(
            f"{path} is a device or a pipe, and would be replaced by a file. Name a file to write."
        )


def check_writable(out: Path) -> None:
    """Refuse a place that cannot be written to before a cent is spent."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        probe = out.with_name(f".{out.name}.probe")
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise not_written(out, error) from error


def _is_same(one: Path, other: Path) -> bool:
    """Whether two paths are one file or folder, be it there or not."""
    there = one.exists() and other.exists()
    return one.samefile(other) if there else one.resolve() == other.resolve()


def _is_linked(file: Path, folder: Path) -> bool:
    """Whether a file is a further name of one in a folder."""
    if not folder.is_dir() or not file.is_file() or file.stat().st_nlink < 2:
        return False
    return any(other.is_file() and file.samefile(other) for other in folder.rglob("*"))


@contextmanager
def locked_folder(root: Path, scratch: str, work: str) -> Iterator[Path]:
    """Work in a folder alone, with a fresh scratch folder in it.

    What earlier, killed work left half-done is removed. The lock ends with the process. A folder that was
    made for work that then left nothing in it is removed again.

    root: the folder; made if need be.
    scratch: name of the scratch folder; removed afterwards.
    work: who else may be at work there, for people.
    YIELDS: the scratch folder.
    RAISES DistillError: if the folder cannot be written to, or another process works in it.
    """
    # Commands load this module at their start.
    import socket

    from filelock import FileLock, Timeout

    place, made = root / scratch, not root.exists()
    lock = FileLock(root / LOCK, timeout=0)
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise DistillError(
            f"{work} is at work in {root}: {_holder(place)}. Wait for it, let it go on (fg) or end it if it "
            "was paused, or choose another folder."
        ) from error
    except OSError as error:
        raise DistillError(
            f"Cannot write to {root}: {error.strerror}. Choose a folder you may write to."
        ) from error
    try:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        # Not into the lock's own file: who asks for the lock empties that.
        now = time.strftime("%Y-%m-%d %H:%M:%S")
        (place / HOLDER).write_text(f"process {os.getpid()} on {socket.gethostname()} since {now}")
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
        lock.release()
        if made and {left.name for left in root.iterdir()} <= {LOCK}:
            shutil.rmtree(root, ignore_errors=True)


def _holder(scratch: Path) -> str:
    """Who works in a folder, and since when."""
    with suppress(OSError, UnicodeDecodeError):
        return shorten((scratch / HOLDER).read_text(encoding="utf8")) or "a process that has just begun"
    return "a process that has just begun"


def digest(path: Path) -> str:
    """SHA-256 of a file, or of all files of a folder with their names."""
    path = Path(path)
    if path.is_file():
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    return digest_of((f.relative_to(path).as_posix(), f) for f in sorted(path.rglob("*")) if f.is_file())


def digest_of(files: Iterable[tuple[str, Path]]) -> str:
    """SHA-256 of files and the names that they go by, in this order."""
    total = hashlib.sha256()
    for name, file in files:
        # A name that is not UTF-8 has its bytes as surrogates.
        total.update(f"{name}\0{digest(file)}\n".encode(errors="surrogateescape"))
    return total.hexdigest()
