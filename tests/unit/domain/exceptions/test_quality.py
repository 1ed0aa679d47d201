"""The quality of alarms, by numbers that were worked out by hand."""

from datetime import UTC, date, datetime, timedelta

import pytest
from msgspec.structs import replace

from data.domain.exceptions.quality.answers import delay
from data.domain.exceptions.quality.assess import assess
from data.domain.exceptions.quality.rates import band, floods
from data.domain.exceptions.quality.records import (
    Answers,
    Band,
    Chatter,
    Course,
    Delay,
    Opinion,
    Period,
    Precision,
    Source,
    Step,
    Told,
)
from data.domain.exceptions.records import Move, Severity, State
from data.domain.scope import Role

DAY = datetime(2026, 11, 23, 16, tzinfo=UTC)  # midnight of the 24th in Taipei
PERIOD = Period(
    since=date(2026, 11, 24), until=date(2026, 11, 25), timezone="Asia/Taipei",
    now=DAY + timedelta(days=10),
)  # fmt: skip


def at(minutes=0.0, **more):
    return DAY + timedelta(minutes=minutes, **more)


def told(*minutes, person="a", name="Ann"):
    return [
        Told(at=at(m), person=person, name=name, rule="down", subject="work-unit/W1")
        for m in minutes
    ]


def course(number, *steps, rule="down", subject="work-unit/W1", severity=Severity.HIGH,
           role=Role.OPERATOR):  # fmt: skip
    """The course of an exception; steps as (minutes, move, after)."""
    made, before = [], None
    for minutes, move, after in steps:
        made.append(Step(at=at(minutes), move=move, after=after, before=before))
        before = after
    return Course(
        number=number, rule=rule, subject=subject, severity=severity, role=role, steps=tuple(made)
    )


RAISE, CLEAR, ACK = Move.RAISE, Move.CLEAR, Move.ACKNOWLEDGE
NEW, TAKEN, BACK, CLOSED = State.UNACKNOWLEDGED, State.ACKNOWLEDGED, State.RETURNED, State.CLOSED


def of(told=(), courses=(), opinions=(), period=PERIOD, person=None):
    return assess(told, courses, opinions, period, person)


def test_a_person_s_mean_is_over_all_ten_minutes_of_the_period():
    (ann,) = of(told(*range(0, 720, 10))).people  # 72 alarms in two days of 144 spans each
    assert (ann.alarms, ann.mean, ann.peak, ann.band) == (72, 0.25, 1, Band.MANAGEABLE)
    assert (ann.busiest, ann.on_busiest) == (date(2026, 11, 24), 72)


def test_a_period_that_runs_ends_now():
    running = replace(PERIOD, now=at(100))
    (ann,) = of(told(5, 15, 25, 200), period=running).people
    assert (ann.alarms, ann.mean) == (3, 0.3)


@pytest.mark.parametrize(
    ("mean", "in_a_day", "peak", "expected"),
    [
        (1.0, 150, 10, Band.MANAGEABLE),
        (1.01, 10, 10, Band.OVER_DEMANDING),
        (0.1, 151, 10, Band.OVER_DEMANDING),
        (0.1, 10, 11, Band.FLOOD),
    ],
)
def test_the_bands_begin_where_the_guides_say(mean, in_a_day, peak, expected):
    assert band(mean, in_a_day, peak) is expected


def test_ten_in_ten_minutes_are_no_flood_and_eleven_are():
    assert floods(told(*range(10))) == ()
    minutes = [n * 0.9 for n in range(11)]  # the eleventh after nine minutes
    (flood,) = floods(told(*minutes))
    assert (flood.start, flood.finish, flood.alarms) == (at(), at(9), 11)


def test_eleven_of_which_the_last_comes_ten_minutes_after_the_first_are_no_flood():
    assert floods(told(*range(11))) == ()


def test_spans_that_overlap_are_one_flood_and_those_apart_are_two():
    thick = [n * 0.5 for n in range(30)]  # a quarter of an hour
    (one,) = floods(told(*thick))
    assert (one.start, one.finish, one.alarms) == (at(), at(14.5), 30)
    later = [60 + minutes for minutes in thick]
    assert len(floods(told(*thick, *later))) == 2


def test_the_worst_person_comes_first_and_gives_the_whole_its_band():
    flooded = told(*[n * 0.5 for n in range(12)], person="b", name="Bo")
    found = of([*told(*range(0, 400, 10)), *flooded])
    assert [one.name for one in found.people] == ["Bo", "Ann"]
    assert found.band is Band.FLOOD
    assert [(one.name, one.alarms) for one in found.floods] == [("Bo", 12)]
    assert of().band is Band.MANAGEABLE


def test_the_worst_day_is_told_by_ten_minutes_of_the_site_s_day():
    minutes = [1, 2, 11, 1439.5, 1441]  # the last is on the next day
    worst = of(told(*minutes)).worst
    assert (worst.day, worst.start, len(worst.slots)) == (date(2026, 11, 24), DAY, 144)
    assert (worst.slots[0], worst.slots[1], worst.slots[143], sum(worst.slots)) == (2, 1, 1, 4)


def test_a_day_on_which_clocks_go_back_has_six_slots_more():
    autumn = Period(since=date(2026, 10, 25), until=date(2026, 10, 25), timezone="Europe/Berlin",
                    now=PERIOD.now)  # fmt: skip
    alarm = replace(told(0)[0], at=datetime(2026, 10, 25, 12, tzinfo=UTC))
    assert len(of([alarm], period=autumn).worst.slots) == 150


def test_one_may_ask_for_somebody_s_worst_day():
    alarms = [*told(1, 2, 3), *told(5, person="b", name="Bo")]
    assert of(alarms).worst.name == "Ann"
    assert of(alarms, person="b").worst.name == "Bo"
    assert of(alarms, person="nobody").worst is None


def test_top_sources_say_their_share_of_all_that_came_up():
    often = [course(n, (n, RAISE, NEW)) for n in range(1, 4)]
    other = course(9, (9, RAISE, NEW), rule="late", subject="order/SO-1")
    found = of(courses=[*often, other])
    assert found.raised == 4
    assert found.sources == (
        Source(rule="down", subject="work-unit/W1", raised=3, share=0.75),
        Source(rule="late", subject="order/SO-1", raised=1, share=0.25),
    )


def test_only_ten_sources_are_told():
    many = [course(n, (n, RAISE, NEW), subject=f"work-unit/W{n}") for n in range(12)]
    assert len(of(courses=many).sources) == 10


def test_what_came_up_before_the_period_or_inside_of_another_is_not_counted():
    before = course(1, (-5, RAISE, NEW))
    inside = course(2, (5, RAISE, State.SUPPRESSED))
    freed = course(3, (5, RAISE, State.SUPPRESSED), (9, Move.UNSUPPRESS, NEW))
    assert of(courses=[before, inside]).raised == 0
    assert of(courses=[freed]).raised == 1


def test_what_stood_for_more_than_a_day_is_stale():
    day = 24 * 60
    short = course(1, (0, RAISE, NEW), (day, CLEAR, BACK))
    long = course(2, (0, RAISE, NEW), (day + 1, CLEAR, BACK))
    now = course(3, (-day, RAISE, NEW), (5, ACK, TAKEN))
    found = of(courses=[short, long, now]).stale
    assert [(one.number, one.stood_s, one.over) for one in found] == [
        (3, 3 * day * 60.0, False),
        (2, (day + 1) * 60.0, True),
    ]


def test_what_went_back_to_normal_in_between_did_not_stand_for_all_of_it():
    day = 24 * 60
    broken = course(1, (0, RAISE, NEW), (day - 60, CLEAR, BACK), (day, RAISE, NEW),
                    (day + 60, CLEAR, BACK))  # fmt: skip
    assert of(courses=[broken]).stale == ()


def test_three_times_within_a_minute_is_chattering_also_over_several_exceptions():
    first = course(1, (0, RAISE, NEW), (0.2, CLEAR, BACK), (0.4, RAISE, NEW), (0.5, ACK, TAKEN),
                   (0.6, CLEAR, CLOSED))  # fmt: skip
    again = course(2, (1.0, RAISE, NEW))
    assert of(courses=[first, again]).chattering == (
        Chatter(rule="down", subject="work-unit/W1", times=3, at=at(), minutes=1),
    )
    later = course(2, (1.1, RAISE, NEW))
    assert of(courses=[first, later]).chattering == ()


def test_delays_have_a_mean_and_a_ninetieth_percentile_by_nearest_rank():
    assert delay([60.0 * n for n in range(1, 11)]) == Delay(count=10, mean_s=330.0, p90_s=540.0)
    assert delay([5.0, None, 7.0]) == Delay(count=2, mean_s=6.0, p90_s=7.0)
    assert delay([None]) == Delay()


def test_answers_are_told_by_rule_and_by_role():
    taken = course(1, (0, RAISE, NEW), (4, ACK, TAKEN), (34, Move.RESOLVE, CLOSED))
    seen_late = course(2, (10, RAISE, NEW), (12, CLEAR, BACK), (20, ACK, CLOSED))
    unseen = course(3, (50, RAISE, NEW), (60, CLEAR, BACK), (90, Move.EXPIRE, CLOSED))
    other = course(4, (5, RAISE, NEW), (8, ACK, TAKEN), rule="late", role=Role.PLANNER)
    found = of(courses=[taken, seen_late, unseen, other])
    assert found.by_rule == (
        Answers(
            key="down", raised=3, unseen=1,
            acknowledged=Delay(count=2, mean_s=7 * 60.0, p90_s=600.0),
            resolved=Delay(count=2, mean_s=22 * 60.0, p90_s=34 * 60.0),
        ),
        Answers(key="late", raised=1, unseen=0,
                acknowledged=Delay(count=1, mean_s=180.0, p90_s=180.0), resolved=Delay()),
    )  # fmt: skip
    assert [(one.key, one.raised) for one in found.by_role] == [("operator", 3), ("planner", 1)]


def test_each_time_that_one_comes_up_is_answered_for_itself():
    twice = course(1, (0, RAISE, NEW), (2, CLEAR, BACK), (10, RAISE, NEW), (13, ACK, TAKEN),
                   (20, CLEAR, CLOSED))  # fmt: skip
    (found,) = of(courses=[twice]).by_rule
    assert (found.raised, found.acknowledged.count, found.acknowledged.mean_s) == (2, 1, 180.0)
    assert found.resolved.mean_s == 600.0


def test_precision_is_the_share_of_useful_ones_the_noisiest_rule_first():
    said = [Opinion(rule="down", useful=True)] * 3 + [Opinion(rule="down", useful=False)]
    said += [Opinion(rule="queue", useful=False), Opinion(rule="queue", useful=True)]
    found = of(opinions=said).precision
    assert found == (
        Precision(rule="queue", useful=1, noise=1), Precision(rule="down", useful=3, noise=1)
    )  # fmt: skip
    assert [one.share for one in found] == [0.5, 0.75]


def test_severities_are_counted_of_what_came_up():
    low = [course(n, (n, RAISE, NEW), severity=Severity.LOW) for n in range(8)]
    top = course(9, (9, RAISE, NEW), severity=Severity.CRITICAL)
    assert of(courses=[*low, top]).severities == {
        Severity.CRITICAL: 1, Severity.HIGH: 0, Severity.LOW: 8,
    }  # fmt: skip
