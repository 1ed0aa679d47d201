"""A live board in memory: what its events share, and what it holds of what changed."""

from datetime import UTC, datetime, timedelta
from typing import ClassVar

import msgspec
import pytest

from data.domain.events import Data, Event, EventType
from data.domain.facts import FORECAST
from data.services.live import HISTORY_STALE_S, START_S, LiveSite
from data.services.ports import Entry, Snapshot
from data.services.recorder import READER

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


class Start:
    """A process that is being started, on a log with entries of these ages, and its recorder."""

    def __init__(self, *ages_s: float, noted_s: float | None = None) -> None:
        """`noted_s`: how long ago a recorder of before was last heard."""
        self.now = NOW
        log = Log(*(report(f"e{number}") for number in range(len(ages_s))))
        places = [f"{int((NOW.timestamp() - age_s) * 1000)}-0" for age_s in ages_s]
        held = zip(places, log.entries, strict=True)
        log.entries = [Entry(place, one.payload, one.digest) for place, one in held]
        self.notes: dict[str, tuple[str, float]] = {}
        log.readers = lambda site: self.notes  # type: ignore[method-assign]
        if noted_s is not None:
            self.note(noted_s)
        self.live = LiveSite("plant", log, Past(), lambda: self.now)  # type: ignore[arg-type]
        self.live.load()

    def note(self, age_s: float = 0.0) -> None:
        """Let a recorder say that it was up to date so long ago."""
        self.notes = {READER: ("0-0", self.now.timestamp() - age_s)}

    def after(self, seconds: float) -> tuple[float | None, bool]:
        """Let time pass; return how far the history is behind, and whether that is told."""
        self.now += timedelta(seconds=seconds)
        self.live.poll()
        readers = self.live.readers()
        return readers.history_lag_s, readers.history_stale


@pytest.mark.parametrize("noted_s", [None, 3 * 3600.0])
def test_a_recorder_that_is_being_started_too_is_not_missed(noted_s: float | None) -> None:
    for ages_s in ((), (0.5,), (1.0, 0.2)):
        start = Start(*ages_s, noted_s=noted_s)
        assert start.after(0) == (pytest.approx(max(ages_s, default=0.0), abs=0.01), False)
        assert not start.after(HISTORY_STALE_S - 2)[1]


@pytest.mark.parametrize("noted_s", [None, 3 * 3600.0])
def test_what_waits_to_be_recorded_for_long_is_told_at_a_start_too(noted_s: float | None) -> None:
    start = Start(4.0, 0.1, noted_s=noted_s)
    assert start.after(HISTORY_STALE_S - 4.5) == (pytest.approx(9.5, abs=0.01), False)
    assert start.after(1.0) == (pytest.approx(10.5, abs=0.01), True)
    start.note()
    assert start.after(0) == (0.0, False)


def test_a_recorder_that_stays_silent_after_a_start_is_missed() -> None:
    assert Start().after(START_S + 1) == (None, True)
    assert Start(noted_s=60.0).after(START_S + 1) == (60.0 + START_S + 1, True)


def test_a_recorder_that_falls_silent_in_the_first_minute_is_missed() -> None:
    start = Start(0.5)
    start.after(1.0)
    start.note()
    assert start.after(HISTORY_STALE_S - 1) == (HISTORY_STALE_S - 1, False)
    assert start.after(2.0) == (HISTORY_STALE_S + 1, True)


def test_a_process_that_starts_beside_a_recorder_that_is_gone_says_so_at_once() -> None:
    assert Start(90.0, 0.5, noted_s=95.0).after(0) == (pytest.approx(90.0, abs=0.01), True)
