"""Hashes of files and folders by their content."""

import hashlib
from pathlib import Path


def digest(path: Path) -> str:
    """SHA-256 of a file, or of all files of a folder with their names."""
    path = Path(path)
    if path.is_file():
        return _file_digest(path)
    total = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        # A name that is not UTF-8 has its bytes as surrogates.
        line = f"{file.relative_to(path).as_posix()}\0{_file_digest(file)}\n"
        total.update(line.encode(errors="surrogateescape"))
    return total.hexdigest()


def _file_digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
