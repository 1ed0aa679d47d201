from typing import Any

import pytest

from data.domain.andon import unit_tiles
from data.domain.events import Event, WorkUnitState
from data.domain.view import Standing, UnitTile
from tests.unit.domain.floor_events import (
    COMPLETED,
    MILLING,
    PAUSED,
    STARTED,
    did,
    h,
    indexes,
    is_in,
    order,
    plan_event,
    step,
)


def tile(*events: Event, unit: str = "M1", now: float = 1.0, ages: Any = None) -> UnitTile:
    tiles = unit_tiles(indexes(*events), "A", h(now), ages or {})
    return next(t for t in tiles if t.id == unit)


class TestUnitTiles:
    def test_units_stand_as_the_line_flows(self) -> None:
        assert [t.id for t in unit_tiles(indexes(), "A", h(0), {})] == ["M2", "M1", "P1"]

    @pytest.mark.parametrize(
        ("state", "standing"),
        [
            (WorkUnitState.PROCESSING, Standing.ON_TRACK),
            (WorkUnitState.SETUP, Standing.ON_TRACK),
            (WorkUnitState.TOOL_CHANGE, Standing.ON_TRACK),
            (WorkUnitState.DOWN, Standing.STOPPED),
            (WorkUnitState.REPAIR, Standing.STOPPED),
            (WorkUnitState.MAINTENANCE, Standing.IDLE),
            (WorkUnitState.STARVED, Standing.IDLE),
            (WorkUnitState.BLOCKED, Standing.IDLE),
            (WorkUnitState.WAITING_FOR_TRANSPORT, Standing.IDLE),
            (WorkUnitState.OFF_SHIFT, Standing.IDLE),
            (WorkUnitState.UNKNOWN, Standing.UNKNOWN),
        ],
    )
    def test_every_state_has_a_standing(self, state: WorkUnitState, standing: Standing) -> None:
        assert tile(is_in("M1", state, 0)).standing is standing

    def test_a_unit_never_heard_of_is_unknown(self) -> None:
        made = tile()
        assert (made.state, made.standing, made.since, made.order) == (
            None,
            Standing.UNKNOWN,
            None,
            None,
        )

    @pytest.mark.parametrize(
        ("started", "due", "standing", "late_s"),
        [
            (0, 24, Standing.ON_TRACK, None),
            (0.2, 2.1, Standing.ON_TRACK, 720),  # a tenth of 2 h is tolerated, whatever it hits
            (0.5, 24, Standing.ON_TRACK, 1800),  # behind, but the order absorbs it
            (0.5, 3, Standing.AT_RISK, 1800),
            (0.5, 2.4, Standing.LATE, 1800),
        ],
    )
    def test_a_working_unit_that_is_behind_stands_as_its_order_will_end(
        self, started: float, due: float, standing: Standing, late_s: float | None
    ) -> None:
        named = is_in("M1", WorkUnitState.PROCESSING, 0, operation="operation/SO-1/10")
        milling = plan_event(order(step("10", 0, 2, "MILL"), due=due))
        made = tile(milling, did(STARTED, started), named)
        assert (made.standing, made.late_s) == (standing, late_s)
        assert (made.order, made.operation) == ("SO-1", "10")

    def test_an_operation_started_at_a_unit_is_its_own_when_the_unit_names_none(self) -> None:
        started = did(STARTED, 0.5, work_unit="M1")
        made = tile(MILLING, started, is_in("M1", WorkUnitState.PROCESSING, 0.4))
        assert (made.order, made.late_s, made.since) == ("SO-1", 1800, h(0.4))

    def test_a_unit_without_a_signal_stands_by_what_was_started_there(self) -> None:
        started = did(STARTED, 0, work_unit="M1")
        made = tile(MILLING, started)
        assert (made.state, made.standing, made.since) == (None, Standing.ON_TRACK, h(0))
        assert tile(MILLING, started, did(PAUSED, 0.5)).standing is Standing.STOPPED
        assert tile(MILLING, started, did(COMPLETED, 0.5)).standing is Standing.UNKNOWN

    def test_the_operation_started_last_is_shown(self) -> None:
        second = plan_event(order(step("10", 0, 2, "MILL"), name="SO-2"))
        both = [did(STARTED, i / 4, plan=f"SO-{i}", work_unit="M1") for i in (1, 2)]
        assert tile(MILLING, second, *both).order == "SO-2"
        assert tile(MILLING, second, *both, did(COMPLETED, 0.9, plan="SO-2")).order == "SO-1"

    def test_a_unit_that_names_a_completed_operation_works_on_none(self) -> None:
        named = is_in("M1", WorkUnitState.PROCESSING, 0, operation="operation/SO-1/10")
        made = tile(MILLING, named, did(COMPLETED, 0.5))
        assert (made.order, made.standing) == (None, Standing.ON_TRACK)

    @pytest.mark.parametrize(
        "name", ["SO-1", "operation/SO-7/10", "work-unit/M1", "operation/SO-1"]
    )
    def test_a_name_that_is_no_open_operation_is_passed_over(self, name: str) -> None:
        named = is_in("M1", WorkUnitState.PROCESSING, 0, operation=name)
        assert tile(MILLING, named).order is None

    def test_since_and_reason_are_the_states(self) -> None:
        made = tile(
            is_in("M1", WorkUnitState.DOWN, 0.2, reason="spindle"),
            is_in("M1", WorkUnitState.DOWN, 0.6, reason="bearing"),
        )
        assert (made.since, made.reason) == (h(0.2), "bearing")

    @pytest.mark.parametrize(
        ("age", "stale"), [({"M1": 60.0}, False), ({"M1": 60.1}, True), ({}, True)]
    )
    def test_a_signal_is_stale_past_its_limit_or_never_heard(
        self, age: dict[str, float], stale: bool
    ) -> None:
        made = tile(ages=age)
        assert (made.stale, made.signal_age_s) == (stale, age.get("M1"))

    def test_a_unit_without_a_limit_has_no_signal_to_lose(self) -> None:
        made = tile(unit="P1", ages={"P1": 9e9})
        assert (made.stale, made.signal_age_s) == (False, None)
