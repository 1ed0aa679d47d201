"""A live board in memory: what its events share, and what it holds of what changed."""

from datetime import UTC, datetime
from typing import ClassVar

import msgspec

from data.domain.events import Data, Event, EventType
from data.domain.facts import FORECAST
from data.services.live import LiveSite
from data.services.ports import Entry, Snapshot

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


class Log:
    """A log that was read to its end once what it holds was handed out."""

    heard: ClassVar[dict[str, float]] = {}

    def __init__(self, *events: Event) -> None:
        self.entries = [
            Entry(f"{n}-0", msgspec.json.encode(event), b"d") for n, event in enumerate(events, 1)
        ]

    def epoch(self, site: str) -> str:
        return "e"

    def read(self, site: str, after: str, count: int, block_ms: int | None) -> list[Entry]:
        found, self.entries = self.entries, []
        return found

    def signals(self, site: str) -> dict[str, float]:
        return self.heard

    def readers(self, site: str) -> dict[str, tuple[str, float]]:
        return {}


class Past:
    """Nothing is recorded."""

    def snapshot(self, site: str, now: datetime) -> Snapshot:
        return Snapshot("e", "0-0", [], {}, NOW, {}, None)

    def orders(self, site: str, order_ids: object) -> list[object]:
        return []


def report(name: str) -> Event:
    kind, subject = EventType.OPERATION_PROGRESSED, "operation/SO-1/10"
    return Event(name, "urn:floor", kind, subject, NOW, NOW, Data(work_unit="CUT-1", good=1))


def live_after(*events: Event) -> LiveSite:
    live = LiveSite("plant", Log(*events), Past(), lambda: NOW)  # type: ignore[arg-type]
    live.load()
    return live


def test_events_share_the_names_that_many_have() -> None:
    live = live_after(report("a"), report("b"))
    first, second = live.board.operations["operation/SO-1/10"].ledger.values()
    assert (first.id, second.id) == ("a", "b")
    assert first.source is second.source
    assert first.subject is second.subject
    assert first.data.work_unit is second.data.work_unit


def test_whoever_overlooks_what_changed_holds_no_list_of_it() -> None:
    live = live_after(report("a"))
    live.take_facts({f"{FORECAST}/SO-1": None}, whole=False)
    assert live.board.changed_orders == live.facts.changed_forecasts == {"SO-1"}
    live.overlook()
    assert not (live.board.changed_orders or live.facts.changed_forecasts or live.facts.concerned)
    assert live.board.operation("SO-1", "10").good == 1


def test_a_machine_that_was_silent_when_the_log_was_emptied_is_silent_still() -> None:
    live, now_s = live_after(), NOW.timestamp()
    for heard in ({"CUT-1": now_s - 90, "CUT-2": now_s - 5}, {}, {"CUT-2": now_s - 1}):
        live._log.heard = heard  # type: ignore[attr-defined]
        live.poll()
    assert live.signal_age_s() == {"CUT-1": 90.0, "CUT-2": 1.0}
