"""The door keeps out what concerns archived events, by what it knew last while SQL is away."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from data.domain.events import Data, Event, EventType
from data.domain.subjects import Identity
from data.services.archived import ASK_EVERY, HEARD_S, ArchivedPast
from data.services.errors import Unavailable

NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)
NOW = NOVEMBER + timedelta(days=2)


class Sql:
    """Knows of one archived order; can be away."""

    def __init__(self) -> None:
        self.before: datetime | None = None
        self.away = False
        self.asked = 0

    def kept_from(self, site: str) -> datetime | None:
        self.asked += 1
        self._answer()
        return self.before

    def archived(
        self, site: str, orders: Sequence[str], identities: Sequence[Identity], before: datetime
    ) -> tuple[set[str], set[Identity]]:
        self._answer()
        return {"DONE"} & {*orders}, {("mes", "old")} & {*identities}

    def _answer(self) -> None:
        if self.away:
            raise Unavailable("SQL is away")


@pytest.fixture
def sql() -> Sql:
    return Sql()


def event(name: str, order: str = "OPEN", at: datetime = NOW, **data: str) -> Event:
    kind = EventType.EVENT_VOIDED if data else EventType.OPERATION_PROGRESSED
    return Event(name, "mes", kind, f"operation/{order}/10", at, NOW, Data(**data))


TOLD = (
    event("fits"), event("closed", "DONE"), event("late", at=NOVEMBER - ASK_EVERY),
    event("undoes", event_id="old"), event("corrects", event_id="new"),
)  # fmt: skip


def refused(door: ArchivedPast, at: datetime) -> dict[str, str]:
    return {name: why.field for (_, name), why in door.refusals("plant", TOLD, at).items()}


def test_a_site_without_an_archive_refuses_nothing(sql: Sql) -> None:
    assert refused(ArchivedPast(sql), NOW) == {}


def test_what_concerns_the_archive_is_refused_by_the_field_that_says_so(sql: Sql) -> None:
    sql.before = NOVEMBER
    assert refused(ArchivedPast(sql), NOW) == {
        "closed": "subject", "late": "time", "undoes": "data.event_id",
    }  # fmt: skip


def test_a_run_is_heard_of_before_it_takes_anything(sql: Sql) -> None:
    door = ArchivedPast(sql)
    assert refused(door, NOW) == {}
    sql.before = NOVEMBER
    assert refused(door, NOW + ASK_EVERY / 2) == {}
    assert refused(door, NOW + timedelta(seconds=HEARD_S))
    assert sql.asked == 2


def test_while_sql_is_away_what_was_known_last_holds(sql: Sql) -> None:
    sql.before = NOVEMBER
    door = ArchivedPast(sql)
    refused(door, NOW)
    sql.away = True
    assert refused(door, NOW + 2 * ASK_EVERY) == {"late": "time"}
    assert refused(door, NOW + 2.5 * ASK_EVERY) == {"late": "time"}
    assert sql.asked == 2  # not with every request
    sql.away, sql.before = False, None
    assert refused(door, NOW + 4 * ASK_EVERY) == {}


def test_a_door_that_never_reached_sql_takes_everything(sql: Sql) -> None:
    sql.away = True
    assert refused(ArchivedPast(sql), NOW) == {}
