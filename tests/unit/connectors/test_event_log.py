"""Runs of an event log become events, a site and a derived plan."""

import itertools
import random
from datetime import timedelta
from pathlib import Path

from data.connectors.event_log import CUT
from data.domain.board import Board
from data.domain.rules import parse_event
from tests.unit.connectors.logs import MAPPING, board_of, local_clock, read, row, short, unit_states


class TestOperations:
    def test_one_run_starts_and_completes_with_its_quantities(self, tmp_path: Path) -> None:
        log = read(tmp_path, row("A", "Cut", "M1", "08:00", "09:00", "4,1,5"))
        assert short(log) == [("08:00", "started"), ("09:00", "completed")]
        assert log.events[2]["data"] == {"work_unit": "M1", "good": 4, "scrap": 1}

    def test_an_operation_comes_to_rest_between_runs_and_completes_with_the_last(
        self, tmp_path: Path
    ) -> None:
        log = read(
            tmp_path,
            row("A", "Cut", "M1", "08:00", "09:00"),
            row("A", "Test", "M2", "09:00", "09:30"),
            row("A", "Cut", "M1", "10:00", "11:00"),
        )
        assert [e for e in short(log) if e[1] != "state_changed"] == [
            ("08:00", "started"),
            ("09:00", "paused"),
            ("09:00", "started"),
            ("09:30", "completed"),
            ("10:00", "resumed"),
            ("11:00", "completed"),
        ]
        assert len(log.orders[0].operations) == 2

    def test_runs_that_overlap_or_touch_keep_it_running(self, tmp_path: Path) -> None:
        log = read(
            tmp_path,
            row("A", "Cut", "M1", "08:00", "10:00"),
            row("A", "Cut", "M2", "09:00", "11:00"),
            row("A", "Cut", "M1", "11:00", "12:00"),
        )
        assert short(log) == [
            ("08:00", "started"),
            ("09:00", "progressed"),
            ("10:00", "progressed"),
            ("11:00", "progressed"),
            ("11:00", "progressed"),
            ("12:00", "completed"),
        ]

    def test_a_run_without_length_completes_without_having_started(self, tmp_path: Path) -> None:
        log = read(tmp_path, row("A", "Cut", "M1", "08:00", "08:00"))
        assert [(e["type"], e["data"]["good"]) for e in log.events] == [("operation.completed", 1)]
        assert board_of(log).operation("A", "Cut").started_at == log.starts_at

    def test_equal_finishes_complete_once_and_count_twice(self, tmp_path: Path) -> None:
        log = read(
            tmp_path,
            row("A", "Cut", "M1", "08:00", "09:00", "2,0,5"),
            row("A", "Cut", "M2", "08:00", "09:00", "3,0,5"),
        )
        assert [kind for _, kind in short(log)] == [
            "started",
            "progressed",
            "progressed",
            "completed",
        ]
        board = board_of(log)
        assert board.operation("A", "Cut").good == 5
        assert board.output[("M1", int(log.ends_at.timestamp()) // 900)] == [2, 0, 0]

    def test_where_the_log_is_cut_the_last_operation_stays_open(self, tmp_path: Path) -> None:
        cut = MAPPING + "cut: {column: Qty, values: ['9']}\n"
        log = read(
            tmp_path,
            row("A", "Cut", "M1", "08:00", "09:00", "1,0,9"),
            row("A", "Test", "M1", "09:00", "10:00", "1,0,9"),
            mapping=cut,
        )
        board = board_of(log)
        assert board.operation("A", "Cut").status == "completed"
        assert board.operation("A", "Test").status == "paused"
        assert log.events[-1]["data"]["reason"] == "no run in the log"
        assert any(event["data"].get("reason") == CUT for event in log.events)

    def test_the_same_file_gives_the_same_events_and_another_mapping_others(
        self, tmp_path: Path
    ) -> None:
        rows = row("A", "Cut", "M1", "08:00", "09:00"), row("B", "Cut", "M1", "09:00", "10:00")
        first, again = read(tmp_path, *rows), read(tmp_path, *rows)
        other = read(tmp_path, *rows, mapping=MAPPING.replace("scrap: Scrap", "rework: Scrap"))
        ids = {event["id"] for event in (*first.plans, *first.events)}
        assert first == again
        assert len(ids) == len(first.plans) + len(first.events)
        assert ids.isdisjoint(event["id"] for event in (*other.plans, *other.events))

    def test_events_of_one_instant_fold_the_same_in_any_order(self, tmp_path: Path) -> None:
        log = read(
            tmp_path,
            row("A", "Cut", "M1", "08:00", "09:00"),
            row("A", "Cut", "M2", "09:00", "10:00"),
            row("A", "Cut", "M3", "09:00", "09:00"),
        )
        upto = [e for e in log.events if local_clock(e["time"]) <= "09:00"]
        for seed in range(20):
            board = Board("shop")
            for envelope in random.Random(seed).sample(upto, len(upto)):
                board.apply(parse_event(envelope, log.ends_at))
            state = board.operation("A", "Cut")
            assert (state.status, state.work_unit, state.good) == ("running", "M2", 2)


class TestWorkUnits:
    def test_a_unit_works_on_the_run_that_started_last_and_is_unknown_without_one(
        self, tmp_path: Path
    ) -> None:
        log = read(
            tmp_path,
            row("A", "Cut", "M1", "08:00", "10:00"),
            row("B", "Cut", "M1", "09:00", "09:30"),
        )
        assert unit_states(log) == [
            ("08:00", "processing", "operation/A/Cut"),
            ("09:00", "processing", "operation/B/Cut"),
            ("09:30", "processing", "operation/A/Cut"),
            ("10:00", "unknown", None),
        ]

    def test_setup_is_setup(self, tmp_path: Path) -> None:
        log = read(
            tmp_path,
            row("A", "Rig", "M1", "08:00", "09:00"),
            row("A", "Cut", "M1", "09:00", "10:00"),
            mapping=MAPPING + "setup: {column: Step, values: [Rig]}\n",
        )
        assert [state for _, state, _ in unit_states(log)] == ["setup", "processing", "unknown"]

    def test_rows_without_a_unit_say_nothing_of_units(self, tmp_path: Path) -> None:
        log = read(tmp_path, row("A", "Cut", "", "08:00", "09:00"))
        assert unit_states(log) == []
        assert log.site.work_units == ()


class TestSiteAndPlan:
    def test_the_name_says_that_the_plan_is_derived(self, tmp_path: Path) -> None:
        log = read(tmp_path, row("A", "Cut", "M1", "08:00", "09:00"))
        assert log.site.name == "Shop (derived plan)"

    def test_units_stand_as_the_line_flows_and_belong_where_they_mostly_work(
        self, tmp_path: Path
    ) -> None:
        log = read(
            tmp_path,
            row("A", "Saw", "M10", "08:00", "09:00"),
            row("A", "Drill", "M9", "09:00", "10:00"),
            row("B", "Saw", "M2", "08:00", "09:00"),
            row("B", "Drill", "M9", "09:00", "10:00"),
            row("B", "Drill", "M10", "10:00", "10:10"),
            row("C", "Saw", "M10", "10:00", "11:00"),
        )
        assert [center.id for center in log.site.work_centers] == ["Saw", "Drill"]
        assert [unit.id for unit in log.site.work_units] == ["M2", "M10", "M9"]
        assert log.site.areas[0].output == ("Drill",)

    def test_half_of_the_orders_meet_the_derived_plan_and_due_follows_the_factor(
        self, tmp_path: Path
    ) -> None:
        rows = [
            row(f"O{n}", step, "M1", f"{start:02d}:00", f"{start + n:02d}:00")
            for n, (step, start) in itertools.product((1, 2, 3), (("Saw", 2), ("Drill", 12)))
        ]
        log = read(tmp_path, *rows, mapping=MAPPING + "plan: {due_factor: 2}\n")
        order = log.orders[0]
        lead = order.operations[-1].planned_finish - order.operations[0].planned_start
        assert lead == timedelta(hours=12)  # the median of 11, 12 and 13 hours
        assert order.operations[1].planned_start == order.operations[0].planned_finish
        assert order.due_at - order.released_at == 2 * lead

    def test_orders_that_are_cut_off_do_not_shorten_the_plan(self, tmp_path: Path) -> None:
        rows = [row("A", "Saw", "M1", "08:00", "12:00", "1,0,5")]
        rows += [row(f"C{n}", "Saw", "M1", "08:00", "08:10", "1,0,9") for n in range(5)]
        cut = MAPPING + "cut: {column: Qty, values: ['9']}\n"
        step = read(tmp_path, *rows, mapping=cut).orders[-1].operations[0]
        assert step.planned_finish - step.planned_start == timedelta(hours=4)

    def test_piece_and_setup_times_are_medians_of_the_orders(self, tmp_path: Path) -> None:
        log = read(
            tmp_path,
            row("A", "Saw", "M1", "08:00", "08:10", "0,0,4"),
            row("A", "Saw", "M1", "08:10", "08:50", "4,0,4"),
            mapping=MAPPING + "setup: {column: Good, values: ['0']}\n",
        )
        operation = log.orders[0].operations[0]
        assert (operation.run_time_s, operation.setup_s) == (600.0, 600.0)

    def test_shifts_are_the_hours_worked_in_most_weeks(self, tmp_path: Path) -> None:
        rows = [
            f"A,Saw,M1,2026-03-{day:02d}T06:00,2026-03-{day:02d}T22:30,1,0,5"
            for day in (2, 9, 16, 23)
        ]
        rows.append("A,Saw,M1,2026-03-24T06:00,2026-03-24T07:00,1,0,5")
        shifts = read(tmp_path, *rows).site.calendars[0].shifts
        assert [(shift.start, shift.finish, shift.days) for shift in shifts] == [
            ("06:00", "14:00", (1,)),
            ("14:00", "22:00", (1,)),
            ("22:00", "23:00", (1,)),
        ]

    def test_shifts_of_the_mapping_go_before_derived_ones(self, tmp_path: Path) -> None:
        text = MAPPING + "shifts: [{name: Day, start: 08:00, finish: 17:00, days: [1, 2]}]\n"
        log = read(tmp_path, row("A", "Saw", "M1", "01:00", "09:00"), mapping=text)
        assert [shift.name for shift in log.site.calendars[0].shifts] == ["Day"]

    def test_orders_are_known_from_the_start_or_at_their_release(self, tmp_path: Path) -> None:
        rows = row("A", "Saw", "M1", "08:00", "09:00"), row("B", "Saw", "M1", "10:00", "11:00")
        late = MAPPING + "plan: {known: at_release}\n"
        assert [local_clock(plan["time"]) for plan in read(tmp_path, *rows).plans] == ["08:00"] * 2
        assert [local_clock(p["time"]) for p in read(tmp_path, *rows, mapping=late).plans] == [
            "08:00",
            "10:00",
        ]
