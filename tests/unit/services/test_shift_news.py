"""What is noted of events until they are recorded."""

from datetime import UTC, date, datetime, timedelta

from data.domain.events import Data, Event, EventType
from data.domain.events import WorkUnitState as State
from data.services import shift_news
from data.services.shift_news import NOTE_S, ShiftNews

AT = datetime(2026, 11, 3, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = ("W1", date(2026, 11, 3))
GOOD = EventType.OPERATION_PROGRESSED


def event(event_type: EventType, subject: str, at: datetime = AT, **data: object) -> Event:
    return Event("e", "mes", event_type, subject, at, at, Data(**data))


def good(at: datetime, unit: str | None = "W1") -> Event:
    return event(GOOD, "operation/O/10", at, good=1, work_unit=unit)


def test_the_earliest_time_of_each_day_of_a_work_unit_is_noted() -> None:
    news = ShiftNews()
    changed = event(EventType.WORK_UNIT_STATE_CHANGED, "work-unit/W2", AT + HOUR, state=State.DOWN)
    news.take([good(AT), good(AT - HOUR), good(AT - 24 * HOUR), good(AT, None), changed], 1, 0.0)
    _, told = news.all()
    assert told.since == {
        DAY: AT - HOUR,
        ("W1", date(2026, 11, 2)): AT - 24 * HOUR,
        ("W2", date(2026, 11, 3)): AT + HOUR,
    }
    assert told.oldest() == {"W1": AT - 24 * HOUR, "W2": AT + HOUR}


def test_what_is_undone_and_what_is_planned_is_noted() -> None:
    news = ShiftNews()
    voided = EventType.EVENT_VOIDED
    news.take(
        [
            event(voided, "operation/O/10", event_id="a"),
            event(voided, "operation/O/10", event_id="b", event_source="other"),
            event(EventType.PLAN_CHANGED, "order/O"),
            event(EventType.PLAN_CHANGED, "site/plant"),
        ],
        1,
        0.0,
    )
    _, told = news.all()
    assert (told.undone, told.orders) == ({("mes", "a"), ("other", "b")}, {"O"})
    assert told.since == {}


def test_a_note_stays_until_it_was_recorded_before_it_was_met() -> None:
    news = ShiftNews()
    news.take([good(AT)], 10, 0.0)
    notes, _ = news.all()
    news.drop(notes, 9)
    assert news.all()[1].since == {DAY: AT}
    news.take([good(AT - HOUR)], 11, 0.1)
    news.drop(notes, 11)
    assert news.all()[1].since == {DAY: AT - HOUR}


def test_what_comes_while_notes_are_met_is_noted_apart() -> None:
    news = ShiftNews()
    news.take([good(AT)], 10, 0.0)
    notes, _ = news.all()
    news.take([good(AT - HOUR)], 10, NOTE_S / 9)
    news.drop(notes, 10)
    assert news.all()[1].since == {DAY: AT - HOUR}


def test_when_nothing_is_recorded_for_long_the_oldest_notes_become_one() -> None:
    news = ShiftNews()
    for number in range(3 * shift_news.MOST):
        news.take([good(AT + number * HOUR / 60)], number, number * NOTE_S)
    notes, told = news.all()
    assert len(notes) <= shift_news.MOST + 1
    assert told.since[DAY] == AT
    news.drop(notes, len(notes))
    assert news.all()[1].since[DAY] == AT
