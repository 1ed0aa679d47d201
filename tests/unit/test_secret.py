"""One secret for every process of a folder, and nobody else's to read."""

import stat
from concurrent.futures import ThreadPoolExecutor

from data.secret import derived, kept


def test_a_secret_is_made_once_and_kept(tmp_path):
    assert len(kept(tmp_path / "var")) >= 48
    assert kept(tmp_path / "var") == kept(tmp_path / "var")


def test_two_folders_have_two_secrets(tmp_path):
    assert kept(tmp_path / "a") != kept(tmp_path / "b")


def test_nobody_else_can_read_it_and_nothing_else_is_left(tmp_path):
    kept(tmp_path)
    files = list(tmp_path.iterdir())
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600]


def test_all_who_ask_at_once_get_the_same(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(kept, [tmp_path] * 40))) == 1


def test_keys_differ_by_purpose_and_show_no_secret():
    assert derived(b"s", "forms") == derived(b"s", "forms")
    assert derived(b"s", "forms") != derived(b"s", "audit")
    assert derived(b"s", "forms") != derived(b"t", "forms")
