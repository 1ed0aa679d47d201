"""An ordinary shift of a line: its units, orders, needs and exceptions, and the wall of it all."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from data.domain.calendars import ShiftRun
from data.domain.events import WorkUnitState
from data.domain.exceptions.records import Case, Place, Severity, State
from data.domain.exceptions.rules import Condition
from data.domain.facts import LineBottleneck, ShiftBottleneck, UnitShare
from data.domain.scope import Role
from data.domain.view import (
    HourFigure,
    MilestoneMark,
    MilestoneRow,
    NeedRow,
    Readers,
    RiskRow,
    ShiftFigures,
    Standing,
    UnitTile,
    WallView,
)

NOW = datetime(2026, 11, 24, 3, 42, tzinfo=UTC)
START = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


@dataclass(frozen=True)
class Unit:
    """What differs between the tiles of the ordinary line."""

    name: str
    state: WorkUnitState | None = WorkUnitState.PROCESSING
    standing: Standing = Standing.ON_TRACK
    since: float = 20
    order: str | None = "SO-1184"
    reason: str | None = None
    late_s: float | None = None
    age_s: float | None = 2
    stale: bool = False

    def tile(self) -> UnitTile:
        return UnitTile(
            id=self.name,
            name=self.name,
            state=self.state,
            standing=self.standing,
            since=NOW - minutes(self.since) if self.state else None,
            reason=self.reason,
            order=self.order,
            operation="30" if self.order else None,
            late_s=self.late_s,
            signal_age_s=self.age_s,
            stale=self.stale,
        )


UNITS = (
    Unit("SMT-1", since=44),
    Unit("SMT-2", since=22, order="SO-1190"),
    Unit("AOI-1", since=11),
    Unit("SEL-1", since=130, order="SO-1179"),
    Unit("ICT-1", WorkUnitState.STARVED, Standing.IDLE, 14, None),
    Unit("ASM-1", WorkUnitState.DOWN, Standing.STOPPED, 27, "SO-1168", "feeder jam"),
    Unit("ASM-2", since=37, order="SO-1171"),
    Unit("BURN-1", standing=Standing.AT_RISK, since=190, order="SO-1168", late_s=1080),
    Unit("TEST-1", standing=Standing.LATE, since=6, order="SO-1165", late_s=8280),
    Unit("PACK-1", age_s=380, stale=True),
)


def figures() -> ShiftFigures:
    working = ((START, START + minutes(480)),)
    return ShiftFigures(
        shift=ShiftRun("Early", START, START + minutes(480), working),
        off_shift=False,
        good=412,
        planned_now=460.0,
        planned_total=640.0,
        first_pass=0.986,
        on_time=0.87,
        orders_open=23,
        work_in_process=14,
        late=2,
        at_risk=5,
    )


def hours(made: tuple[int, ...] = (78, 81, 74, 70, 64, 45), planned: float = 80.0) -> tuple:
    return tuple(
        HourFigure(
            start=START + minutes(60 * i),
            finish=START + minutes(60 * (i + 1)),
            planned=planned,
            good=made[i] if i < len(made) else 0,
            begun=i < len(made),
            over=i < len(made) - 1,
        )
        for i in range(8)
    )


def order(
    number: int, standing: Standing, slack_h: float, due_h: float, p80_h: float | None = None
) -> RiskRow:
    """An order's row; `p80_h`: hours from its due date to its P80."""
    due = NOW + minutes(60 * due_h)
    return RiskRow(
        order=f"SO-{number}",
        product="Motor controller MC-4",
        customer="Northwind",
        quantity=240,
        due_at=due,
        projected_at=due - minutes(60 * slack_h),
        standing=standing,
        slack_s=slack_h * 3600,
        operation="30",
        work_center="SEL",
        done=2,
        operations=7,
        forecast=p80_h is not None,
        p80_at=None if p80_h is None else due + minutes(60 * p80_h),
    )


ORDERS = (
    order(1168, Standing.LATE, -5.17, 8),
    order(1165, Standing.LATE, -0.7, 2.3),
    order(1179, Standing.AT_RISK, 0.6, 9, p80_h=2.5),
    order(1171, Standing.AT_RISK, 1.3, 26),
    order(1184, Standing.ON_TRACK, 6.4, 30),
    order(1190, Standing.ON_TRACK, 22, 52),
    order(1193, Standing.ON_TRACK, 31, 75),
    order(1194, Standing.ON_TRACK, 260, 400),
    order(1195, Standing.ON_TRACK, 300, 430),
)


def milestones_of(row: RiskRow) -> MilestoneRow:
    """Return an order's row of the panel of milestones: half done, forecast as projected."""
    begun, ends = NOW - minutes(300), max(row.projected_at, NOW + minutes(60))
    late = row.slack_s < 0
    planned = (NOW - minutes(200), row.due_at - minutes(30))
    return MilestoneRow(
        order=row.order,
        product=row.product,
        standing=row.standing,
        slack_s=row.slack_s,
        due_at=row.due_at,
        planned_start=NOW - minutes(360),
        planned_finish=row.due_at - minutes(30),
        started_at=begun,
        worked_until=NOW,
        p50_at=ends,
        p80_at=ends + minutes(90),
        milestones=(
            MilestoneMark(planned_at=planned[0], at=planned[0], reached=True, late=False),
            MilestoneMark(planned_at=planned[1], at=ends, reached=False, late=late),
        ),
    )


def need(part: str, standing: Standing, by_h: float, **known: object) -> NeedRow:
    facts: dict = {"promised_at": None, "shipped": 0, "received": 0} | known
    return NeedRow(
        order="SO-1168",
        need="1",
        part=part,
        name="Connector, 24 poles",
        supplier="Formosa Connect",
        quantity=1200,
        need_by=NOW + minutes(60 * by_h),
        standing=standing,
        **facts,
    )


NEEDS = (
    need("J-204", Standing.LATE, 2.5, promised_at=NOW + minutes(1200)),
    need("CAP-470", Standing.AT_RISK, 3.5, forecast_by=NOW + minutes(60 * 16)),
    need("PCB-88", Standing.ON_TRACK, 4, shipped=1200),
    need(
        "HSG-12",
        Standing.ON_TRACK,
        6,
        promised_at=NOW + minutes(180),
        forecast_by=NOW + minutes(60 * 3.8),
    ),
    need("SCR-M3", Standing.ON_TRACK, 7, received=400),
    need("LBL-3", Standing.DONE, 7.5, received=1200),
    need("BOX-7", Standing.ON_TRACK, 26, promised_at=NOW + minutes(1000)),
)


def shift_before(back: int, work_unit: str | None, share: float) -> ShiftBottleneck:
    start = START - minutes(480 * back)
    name = ("Early", "Night", "Late")[back % 3]
    return ShiftBottleneck(
        start=start, finish=start + minutes(480), name=name, work_unit=work_unit, share=share
    )


def exception(
    number: int, kind: Condition, since_min: float, unit: str, values: dict, **more: object
) -> Case:
    """An exception of the line that nobody has."""
    given: dict = {
        "site": "hsinchu", "number": number, "rule": kind.value, "kind": kind.value,
        "subject": f"work-unit/{unit}", "severity": Severity.HIGH, "standing": True,
        "state": State.UNACKNOWLEDGED, "since": NOW - minutes(since_min),
        "raised_at": NOW - minutes(since_min), "owner_role": Role.MANAGER, "values": values,
        "place": Place(area="smt", work_center="SMT", work_unit=unit),
    }  # fmt: skip
    return Case(**(given | more))


DOWN = {"state": "down", "reason": "feeder jam", "state_since": NOW - minutes(27)}
EXCEPTIONS = (
    exception(41, Condition.UNIT_STATE, 27, "ASM-1", DOWN, inside=12, owner="2",
              owner_name="Lin Wei-ting", state=State.ACKNOWLEDGED, severity=Severity.CRITICAL),
    exception(38, Condition.QUEUE, 55, "TEST-1", {"waiting": 14, "limit": 8.0}),
    exception(33, Condition.PAST_DUE, 190, "", {}, place=Place(area="smt", order="SO-1168"),
              state=State.ACKNOWLEDGED, owner="1", owner_name="May Chen"),
    exception(30, Condition.NO_SIGNAL, 380, "PACK-1", {}, severity=Severity.LOW),
)  # fmt: skip
ALARM = exception(44, Condition.UNIT_STATE, 3, "SEL-1", DOWN, severity=Severity.CRITICAL, inside=3)

BOTTLENECK = LineBottleneck(
    area="smt",
    as_of=NOW - minutes(0.05),
    work_unit="SEL-1",
    since=NOW - minutes(130),
    active_s=7800.0,
    today=(
        UnitShare(work_unit="SEL-1", share=0.46, sole=0.31),
        UnitShare(work_unit="TEST-1", share=0.27, sole=0.18),
        UnitShare(work_unit="BURN-1", share=0.19, sole=0.14),
        UnitShare(work_unit="SMT-2", share=0.11, sole=0.04),
        UnitShare(work_unit="AOI-1", share=0.06, sole=0.0),
        UnitShare(work_unit="PACK-1", share=0.02, sole=0.02),
    ),
    clear="SEL-1",
    reason=None,
    agree=("arrows",),
    differ=("turning_point",),
    trend=(
        shift_before(5, "SEL-1", 0.61),
        shift_before(4, "SEL-1", 0.52),
        shift_before(3, None, 0.35),
        shift_before(2, "TEST-1", 0.48),
        shift_before(1, "SEL-1", 0.55),
        shift_before(0, "SEL-1", 0.49),
    ),
)


def ordinary() -> WallView:
    return WallView(
        site="hsinchu",
        site_name="Hsinchu",
        timezone="Asia/Taipei",
        area="smt",
        area_name="SMT line",
        now=NOW,
        replay=False,
        log_ended=False,
        stale_s=None,
        readers=Readers(
            log_connected=True, event_age_s=0.2, history_lag_s=0.4, history_stale=False
        ),
        figures=figures(),
        hours=hours(),
        units=tuple(unit.tile() for unit in UNITS),
        orders=ORDERS,
        needs=NEEDS,
        milestones=tuple(milestones_of(row) for row in ORDERS),
        bottleneck=BOTTLENECK,
        exceptions=EXCEPTIONS,
    )
