from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from data.domain.calendars import working_seconds
from data.domain.exceptions.conditions.agenda import Agenda
from data.domain.exceptions.conditions.axis import Axis, period_of
from tests.unit.domain.floor_events import SITE, h

CALENDAR = SITE.calendars[0]
AXIS = Axis(CALENDAR, "UTC", period_of(h(0).timestamp()))
instants = st.floats(-24 * 60, 24 * 60).map(h)


@given(instants, instants)
def test_the_axis_counts_working_time_as_the_calendar_does(one, other):
    start, finish = min(one, other), max(one, other)
    passed = AXIS.worked_at(finish.timestamp()) - AXIS.worked_at(start.timestamp())
    assert abs(passed - working_seconds(CALENDAR, "UTC", start, finish)) < 1e-3


@given(instants)
def test_beyond_a_working_time_lies_the_instant_at_which_more_is_worked(at):
    worked = AXIS.worked_at(at.timestamp())
    beyond = AXIS.exceeded_at(worked)
    assert beyond >= at.timestamp() - 1e-3
    assert abs(AXIS.worked_at(beyond) - worked) < 1e-3
    assert AXIS.worked_at(beyond + 1) > worked


def test_without_shifts_every_second_is_worked():
    free = Axis(None, "UTC", 0)
    assert free.worked_at(100.0) - free.worked_at(40.0) == 60.0
    assert free.works_at(40.0)


def test_working_time_begins_with_a_shift_and_ends_with_it():
    assert [AXIS.works_at(h(at).timestamp()) for at in (-0.1, 0, 4.2, 7.9, 8)] == [
        False, True, False, True, False,
    ]  # fmt: skip


def test_long_ago_counts_by_the_clock():
    then = h(0) - timedelta(days=2000)
    assert (
        AXIS.worked_at((then + timedelta(days=1)).timestamp()) - AXIS.worked_at(then.timestamp())
        == timedelta(days=1).total_seconds()
    )


@given(st.sets(st.integers(0, 300), max_size=150), st.sets(st.integers(0, 300), max_size=150))
def test_an_agenda_stays_in_order_however_much_changes_at_once(first, then):
    agenda = Agenda()
    agenda.change((), [(float(n), "s") for n in first])
    agenda.change([(float(n), "s") for n in first - then], [(float(n), "s") for n in then - first])
    assert agenda.between(0, 1e9) == [(float(n), "s") for n in sorted(then)]
    assert agenda.before(100) == sum(n < 100 for n in then)
