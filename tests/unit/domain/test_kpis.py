"""ISO 22400-2 indicators: a worked example, sums that add up, and time elements from states."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.domain.events import WorkUnitState
from data.domain.kpis import (
    Count,
    Doubt,
    Elements,
    Kpi,
    UnitSpell,
    kpi,
    kpis,
    quantity_elements,
    time_elements,
)
from data.domain.waiting.spans import Span

EIGHT = datetime(2026, 11, 24, 8, tzinfo=UTC)
S = WorkUnitState
MIN = 60

WORKED = Elements(
    pbt=480 * MIN,
    aubt=420 * MIN,
    aupt=390 * MIN,
    apt=360 * MIN,
    adet=45 * MIN,
    aoet=600 * MIN,
    standard=1.5 * MIN * 210,
    pq=210,
    gq=200,
    rq=4,
    sq=6,
)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        (Kpi.AVAILABILITY, Fraction(3, 4)),
        (Kpi.EFFECTIVENESS, Fraction(7, 8)),
        (Kpi.QUALITY_RATIO, Fraction(20, 21)),
        (Kpi.OEE, Fraction(5, 8)),
        (Kpi.NEE, Fraction(65, 96)),
        (Kpi.ALLOCATION_EFFICIENCY, Fraction(7, 8)),
        (Kpi.UTILIZATION_EFFICIENCY, Fraction(6, 7)),
        (Kpi.TECHNICAL_EFFICIENCY, Fraction(8, 9)),
        (Kpi.SETUP_RATIO, Fraction(1, 13)),
        (Kpi.ALLOCATION_RATIO, Fraction(7, 10)),
        (Kpi.THROUGHPUT_RATE, Fraction(35, 100 * MIN)),
        (Kpi.PRODUCTION_PROCESS_RATIO, Fraction(3, 5)),
        (Kpi.SCRAP_RATIO, Fraction(1, 35)),
        (Kpi.REWORK_RATIO, Fraction(2, 105)),
    ],
)
def test_the_worked_example_comes_out(name: Kpi, wanted: Fraction) -> None:
    """Source: the formulas of ISO 22400-2 on PBT 480, AUBT 420, AUPT 390, APT 360 min, …"""
    found = kpi(name, WORKED)
    assert found.value == pytest.approx(float(wanted), rel=1e-15)
    assert found.doubt is None


def test_nothing_inspected_gives_no_first_pass_yield() -> None:
    assert kpi(Kpi.FIRST_PASS_YIELD, WORKED).value is None
    assert kpi(Kpi.FIRST_PASS_YIELD, Elements(ip=8, gp=6)).value == 0.75


def test_a_formula_names_its_inputs_for_a_drill_down() -> None:
    oee = kpi(Kpi.OEE, WORKED)
    assert oee.expression == "(APT / PBT) · (PRI·PQ / APT) · (GQ / PQ)"
    assert dict(oee.inputs) == {
        "APT": 21600,
        "PBT": 28800,
        "PRI·PQ": 18900,
        "GQ": 200,
        "PQ": 210,
    }
    technical = kpi(Kpi.TECHNICAL_EFFICIENCY, WORKED)
    assert technical.expression == "APT / (APT + ADET)"
    assert technical.inputs == (("APT", 21600), ("ADET", 2700))
    assert kpi(Kpi.SETUP_RATIO, WORKED).expression == "(AUPT − APT) / AUPT"


def test_no_planned_time_gives_none_and_not_one() -> None:
    found = kpis(Elements(apt=60, standard=60, pq=1, gq=1))
    assert [found[n].value for n in (Kpi.AVAILABILITY, Kpi.OEE, Kpi.NEE)] == [None] * 3
    assert all(formula.value is None for formula in kpis(Elements()).values())


def test_a_unit_that_was_planned_and_never_ran_has_an_oee_of_nothing() -> None:
    assert kpi(Kpi.OEE, Elements(pbt=480)).value == 0
    assert kpi(Kpi.EFFECTIVENESS, Elements(pbt=480)).value is None


def test_effectiveness_above_one_is_flagged_and_not_capped() -> None:
    fast = Elements(pbt=100, apt=50, aupt=50, standard=75, pq=3, gq=3)
    found = kpis(fast)
    assert found[Kpi.EFFECTIVENESS].value == 1.5
    doubted = {name for name, f in found.items() if f.doubt is Doubt.STANDARD_TIME}
    assert doubted == {Kpi.EFFECTIVENESS, Kpi.OEE, Kpi.NEE}


def test_more_time_than_planned_is_flagged() -> None:
    assert kpi(Kpi.AVAILABILITY, Elements(pbt=10, apt=12)).doubt is Doubt.PLANNED_TIME


counts = st.integers(0, 10_000)
elements = st.builds(
    Elements,
    **{name: counts for name in Elements.__struct_fields__},  # type: ignore[arg-type]
)


@given(st.lists(elements, min_size=1, max_size=5))
def test_ratios_of_sums_lie_between_the_ratios_summed(parts: list[Elements]) -> None:
    whole = sum(parts, Elements())
    for name in (Kpi.AVAILABILITY, Kpi.EFFECTIVENESS, Kpi.QUALITY_RATIO, Kpi.SCRAP_RATIO):
        values = [kpi(name, part).value for part in parts]
        # A part without a denominator still adds its numerator to the sums.
        if any(value is None for value in values):
            continue
        known = [value for value in values if value is not None]
        total = kpi(name, whole).value
        assert total is not None
        assert min(known) - 1e-9 <= total <= max(known) + 1e-9


@given(elements, elements, elements)
def test_sums_may_be_taken_in_any_order(a: Elements, b: Elements, c: Elements) -> None:
    assert (a + b) + c == a + (b + c) == (c + a) + b


def span(start: float, end: float) -> Span:
    return (EIGHT + timedelta(minutes=start), EIGHT + timedelta(minutes=end))


def spell(state: WorkUnitState, start: float, end: float, task: str | None = "o") -> UnitSpell:
    return UnitSpell(state, span(start, end), task)


def in_minutes(found: Elements) -> dict[str, float]:
    return {
        name: getattr(found, name) / MIN for name in found.__struct_fields__ if getattr(found, name)
    }


def test_each_state_goes_to_its_time_element() -> None:
    told = [
        spell(S.SETUP, 0, 10),
        spell(S.TOOL_CHANGE, 10, 15),
        spell(S.PROCESSING, 15, 45),
        spell(S.DOWN, 45, 50),
        spell(S.REPAIR, 50, 60),
        spell(S.STARVED, 60, 62),
        spell(S.BLOCKED, 62, 65),
        spell(S.WAITING_FOR_TRANSPORT, 65, 66),
        spell(S.MAINTENANCE, 66, 80, None),
        spell(S.STARVED, 80, 90, None),
        spell(S.DOWN, 90, 95, None),
        spell(S.UNKNOWN, 95, 99, None),
        spell(S.OFF_SHIFT, 99, 100, None),
    ]
    found = time_elements(
        told, span(0, 100), planned=[span(0, 100)], executions=[span(-10, 40), span(45, 70)]
    )
    assert in_minutes(found) == {
        "pbt": 100,
        "apt": 30,
        "aupt": 45,
        "adet": 21,
        "aubt": 66,
        "aoet": 65,
        "idle": 10,
        "stopped": 19,
        "unknown": 4,
    }


def test_a_state_without_its_operation_is_a_delay_while_a_task_is_known_from_elsewhere() -> None:
    down = [spell(S.DOWN, 0, 30, None)]
    found = time_elements(down, span(0, 60), planned=[span(0, 60)], tasks=[span(10, 90)])
    assert in_minutes(found) == {"pbt": 60, "adet": 20, "aubt": 20, "stopped": 10, "unknown": 30}


def test_work_beyond_the_calendar_counts_as_worked_and_not_as_planned() -> None:
    found = time_elements([spell(S.PROCESSING, 0, 60)], span(0, 60), planned=[span(0, 40)])
    assert (found.pbt, found.apt, found.unknown) == (2400, 3600, 0)
    assert kpi(Kpi.AVAILABILITY, found).doubt is Doubt.PLANNED_TIME


states = st.sampled_from(list(WorkUnitState))
edges = st.lists(st.integers(0, 100), min_size=2, max_size=8, unique=True).map(sorted)


@given(
    edges, st.lists(st.tuples(states, st.booleans()), min_size=8, max_size=8), st.integers(0, 100)
)
def test_elements_of_two_windows_are_those_of_the_whole(
    at: list[int], told: list[tuple[WorkUnitState, bool]], cut: int
) -> None:
    spells = [
        spell(state, a, b, "o" if task else None)
        for a, b, (state, task) in zip(at, at[1:], told, strict=False)
    ]

    def over(start: int, end: int) -> Elements:
        return time_elements(spells, span(start, end), planned=[span(10, 90)])

    assert over(0, cut) + over(cut, 100) == over(0, 100)
    whole = over(10, 90)
    off = sum(
        max(0, min(b, 90) - max(a, 10))
        for a, b, (state, _) in zip(at, at[1:], told, strict=False)
        if state is S.OFF_SHIFT
    )
    covered = whole.aubt + whole.idle + whole.stopped + whole.unknown + off * MIN
    assert covered == whole.pbt


def test_quantities_add_up_with_the_standard_time_of_what_was_produced() -> None:
    told = [
        Count(EIGHT, "operation/SO-1/10", good=8, scrap=1, rework=2),
        Count(EIGHT, "operation/SO-1/20", good=4),
        Count(EIGHT, "operation/SO-1/20", inspected=4, passed=3),
    ]
    found = quantity_elements(told, {"operation/SO-1/10": 30.0, "operation/SO-1/20": 60.0})
    assert found == Elements(pq=13, gq=12, sq=1, rq=2, ip=4, gp=3, standard=9 * 30 + 4 * 60)
