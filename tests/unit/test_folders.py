"""Folders of tests: gone when their test is over, or when the next one begins."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.folders import short_folder

ROOT = Path(__file__).parents[2]
KILLED = """
import os, signal, tempfile
tempfile.tempdir = {place!r}
from tests.folders import short_folder
with short_folder() as folder:
    (folder / "data").write_text("much")
    print(folder, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made meanwhile."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_is_gone_when_its_test_is_over(place: Path) -> None:
    with short_folder() as folder:
        (folder / "file").write_text("words")
    assert list(place.iterdir()) == []


def test_a_folder_is_gone_when_its_test_fails(place: Path) -> None:
    with pytest.raises(LookupError), short_folder():
        raise LookupError
    assert list(place.iterdir()) == []


def test_what_a_killed_process_has_left_is_removed_by_who_comes_next(place: Path) -> None:
    code = KILLED.format(place=str(place))
    killed = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    left = Path(killed.stdout.strip())
    assert (left / "data").exists()
    with short_folder() as folder:
        assert list(place.iterdir()) == [folder]


def test_what_somebody_still_uses_stays(place: Path) -> None:
    with short_folder() as one, short_folder() as other:
        assert sorted(place.iterdir()) == sorted([one, other])


def test_a_folder_of_another_kind_is_nobodys_to_remove(place: Path) -> None:
    (place / "milepost-of-somebody").mkdir()
    with short_folder():
        assert (place / "milepost-of-somebody").exists()
