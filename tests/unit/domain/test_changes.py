"""Changes: each reader learns what changed since its own last look, however many read."""

from data.domain import changes as module
from data.domain.changes import Changes


def test_every_reader_has_its_own_place():
    changes = Changes()
    changes.note(["a", "b"])
    early = changes.version
    changes.note(["c", "a"])
    assert set(changes.since(0)) == {"a", "b", "c"}
    assert set(changes.since(early)) == {"a", "c"}
    assert changes.since(changes.version) == []


def test_what_lies_too_far_back_is_said_to_be_unknown(monkeypatch):
    monkeypatch.setattr(module, "MOST", 3)
    changes = Changes()
    changes.note(["a"])
    seen = changes.version
    changes.note("bcd")
    assert changes.since(seen) is not None
    changes.note("e")
    assert changes.since(seen) is None
    assert set(changes.since(changes.version - 3)) == {"c", "d", "e"}
