"""A chain that is kept is compared with the one that the recorded states make."""

from types import SimpleNamespace

from data.domain.bottleneck.line import Change, built
from data.domain.events import WorkUnitState
from data.services.rebuild import bottlenecks

LINE = SimpleNamespace(
    area=SimpleNamespace(id="A"), units=[SimpleNamespace(id="W1"), SimpleNamespace(id="W2")]
)


def changes() -> list[Change]:
    """Two machines that take turns at running without a break, for three days."""
    busy, idle = WorkUnitState.PROCESSING, WorkUnitState.STARVED
    found = []
    for hour in range(72):
        for unit, phase in (("W1", 0), ("W2", 2)):
            state = idle if (hour + phase) % 5 == 0 else busy
            found.append(Change(hour * 3600.0 + phase, f"{unit}-{hour}", "plc", unit, state))
    return sorted(found)


class Store:
    """What is kept of one line, and the states it was made of."""

    def __init__(self) -> None:
        _, final = built(changes(), 0.0)
        self.kept = list(final.segments)

    def first_start(self, site, area):
        return min((row.start for row in self.kept), default=None)

    def last_end(self, site, area):
        return max((row.end for row in self.kept), default=None)

    def segments(self, site, area, since, until=None):
        return [row for row in self.kept if row.end > since]

    def changes(self, site, work_units, since, otherwise):
        return [change for change in changes() if change.time >= since]


def test_a_chain_as_it_was_made_differs_in_nothing():
    store = Store()
    assert len(store.kept) > 10
    assert list(bottlenecks(store, "s", LINE, None)) == []


def test_a_segment_that_is_missing_is_found():
    store = Store()
    gone = store.kept.pop(len(store.kept) // 2)
    (found,) = bottlenecks(store, "s", LINE, None)
    assert found.kind == "chain"
    assert found.key.startswith(gone.work_unit)
    assert "1 segments of A differ" in found.what


def test_a_line_without_a_chain_has_nothing_to_compare():
    store = Store()
    store.kept = []
    assert list(bottlenecks(store, "s", LINE, None)) == []
