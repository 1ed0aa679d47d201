"""Walls to look at and to test with: an ordinary shift, and the odd ones."""

from msgspec.structs import replace

from data.domain.bottleneck.shares import VerdictReason
from data.domain.exceptions.records import Case
from data.domain.facts import LineBottleneck
from data.domain.view import Readers, ShiftFigures, Standing, WallView
from tests.browser.harness.shift import (
    ALARM,
    BOTTLENECK,
    EXCEPTIONS,
    NEEDS,
    NOW,
    ORDERS,
    figures,
    hours,
    milestones_of,
    minutes,
    ordinary,
)

LONG = "Selective soldering of the power boards 7"  # a name of more than forty characters
CJK = "電源板選擇性波焊與三防漆塗佈作業區第七號工作站（含自動光學檢測與人工複檢）"


def chinese() -> WallView:
    units = tuple(
        replace(unit, name=name, reason="供料器卡料" if unit.reason else None)
        for unit, name in zip(
            ordinary().units,
            (
                "貼片一",
                "貼片二",
                "光學檢測",
                "選擇焊",
                "線路測試",
                "組裝一",
                "組裝二",
                "老化",
                "功能測試",
                "包裝",
            ),
            strict=True,
        )
    )
    orders = tuple(replace(row, product="馬達控制器 MC-4") for row in ORDERS)
    needs = tuple(replace(row, name="連接器 24 極", supplier="台灣連接") for row in NEEDS)
    cases = tuple(replace(case, owner_name=case.owner_name and "林維庭") for case in EXCEPTIONS)
    return replace(
        ordinary(), site_name="新竹廠", area_name="貼片線", units=units, orders=orders, needs=needs,
        exceptions=cases,
        bottleneck=unclear(),
    )  # fmt: skip


def unclear() -> LineBottleneck:
    """Return a line whose bottleneck moves, and none of whose shifts has one."""
    shares = tuple(replace(share, share=0.2, sole=0.1) for share in BOTTLENECK.today)
    return replace(
        BOTTLENECK, clear=None, reason=VerdictReason.INTERVALS_OVERLAP, today=shares,
        agree=("queue",), differ=(),
        trend=tuple(replace(shift, work_unit=None, share=0.3) for shift in BOTTLENECK.trend),
    )  # fmt: skip


def nobody() -> LineBottleneck:
    """Return a line on which nobody works."""
    return LineBottleneck(
        area="smt", as_of=NOW, work_unit=None, since=None, today=(), clear=None,
        reason=VerdictReason.NOTHING_ACTIVE, paused=True,
    )  # fmt: skip


def largest() -> LineBottleneck:
    """Return the longest names and durations."""
    units = [LONG, CJK] * 3
    return replace(
        BOTTLENECK,
        work_unit=LONG,
        active_s=9e7,
        today=tuple(
            replace(share, work_unit=unit, share=1.0, sole=1.0)
            for share, unit in zip(BOTTLENECK.today, units, strict=True)
        ),
        clear=CJK,
        agree=("arrows", "turning_point"),
        differ=("queue",),
        trend=tuple(
            replace(shift, work_unit=unit, share=1.0)
            for shift, unit in zip(BOTTLENECK.trend, units, strict=True)
        ),
    )


def most() -> ShiftFigures:
    """Return figures as large as they get."""
    return replace(
        figures(),
        good=9_999_999,
        planned_now=9_999_999.0,
        planned_total=12_000_000.0,
        first_pass=0.99999,
        on_time=1.0,
        orders_open=99_999,
        work_in_process=99_999,
        late=8_888,
        at_risk=7_777,
    )


def many_alarms() -> tuple[Case, ...]:
    """Return critical exceptions of long names that nobody ever had."""
    since = NOW - minutes(9e5)
    alarm = replace(ALARM, number=99_999, inside=8_888, since=since, owner_name=CJK)
    names = (LONG, CJK) * 12
    return tuple(replace(alarm, place=replace(ALARM.place, work_unit=name)) for name in names)


def huge() -> WallView:
    """Return the largest numbers and the longest names."""
    units = tuple(
        replace(unit, name=LONG if i % 2 else CJK, order=LONG, reason=CJK, late_s=9e7)
        for i, unit in enumerate(ordinary().units)
    )
    orders = tuple(
        replace(row, order=LONG, product=CJK, slack_s=-9e7, work_center=LONG) for row in ORDERS
    )
    needs = tuple(
        replace(row, part=LONG, name=CJK, supplier=LONG, quantity=9_999_999) for row in NEEDS
    )
    return replace(
        ordinary(),
        site_name=LONG,
        area_name=CJK,
        figures=most(),
        hours=hours((99_999, 88_888, 10_000, 5, 0), 99_999.0),
        units=units,
        orders=orders,
        milestones=tuple(milestones_of(row) for row in orders),
        needs=needs,
        bottleneck=largest(),
        exceptions=many_alarms(),
    )


def empty() -> WallView:
    """Return a line without a shift, an order, a need, a work unit."""
    none = ShiftFigures(
        shift=None,
        off_shift=True,
        good=0,
        planned_now=0.0,
        planned_total=0.0,
        first_pass=None,
        on_time=None,
        orders_open=0,
        work_in_process=0,
        late=0,
        at_risk=0,
    )
    return replace(
        ordinary(),
        figures=none,
        hours=(),
        units=(),
        orders=(),
        needs=(),
        milestones=(),
        bottleneck=None,
        exceptions=(),
        quiet_since=NOW - minutes(2900),
    )


def crowded() -> WallView:
    """Return a line of forty work units, most of them running."""
    units = tuple(
        replace(unit, id=f"{i}", name=f"WU-{i:02d}")
        for i, unit in enumerate((ordinary().units * 4)[:40])
    )
    return replace(ordinary(), units=units, exceptions=(ALARM, *EXCEPTIONS * 3))


def alarming() -> WallView:
    """Return the ordinary line, with something critical that nobody has."""
    return replace(ordinary(), exceptions=(ALARM, *EXCEPTIONS))


def stale() -> WallView:
    units = tuple(replace(unit, stale=True, signal_age_s=1080) for unit in ordinary().units)
    return replace(ordinary(), stale_s=1080.0, units=units)


def cut_off() -> WallView:
    """Return a wall whose process can't reach the log, and whose recorder is behind."""
    readers = Readers(
        log_connected=False, event_age_s=95.0, history_lag_s=240.0, history_stale=True,
        watch_lag_s=95.0, watch_stale=True,
    )  # fmt: skip
    return replace(ordinary(), readers=readers)


def replayed() -> WallView:
    return replace(ordinary(), replay=True, log_ended=True)


def off_shift() -> WallView:
    return replace(ordinary(), figures=replace(figures(), off_shift=True), bottleneck=nobody())


def unheard() -> WallView:
    """Return a line of which nothing was heard yet."""
    units = tuple(
        replace(unit, state=None, standing=Standing.UNKNOWN, since=None, signal_age_s=None)
        for unit in ordinary().units
    )
    readers = Readers(log_connected=False, event_age_s=None, history_lag_s=None, history_stale=True)
    return replace(ordinary(), units=units, readers=readers)


VIEWS = {
    view.__name__: view
    for view in (
        ordinary,
        chinese,
        huge,
        empty,
        crowded,
        alarming,
        stale,
        cut_off,
        replayed,
        off_shift,
        unheard,
    )
}
