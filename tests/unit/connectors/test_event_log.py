import itertools
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from data.connectors.event_log import CUT, Log, read_log
from data.connectors.event_log_rows import LogError
from data.connectors.mapping import Mapping, MappingError, parse_mapping
from data.connectors.replay import BATCH, clock_of, replay, site_envelope
from data.domain.board import Board
from data.domain.rules import parse_event
from data.domain.site import SiteClock

MAPPING = """
site: {id: shop, name: Shop, timezone: Asia/Taipei}
columns:
  order: Order
  operation: Step
  work_unit: Machine
  start: From
  finish: To
  good: Good
  scrap: Scrap
  quantity: Qty
"""
HEADER = "Order,Step,Machine,From,To,Good,Scrap,Qty"
REAL = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def written(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "log.csv"
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return path


def row(order: str, step: str, machine: str, start: str, finish: str, rest: str = "1,0,5") -> str:
    return f"{order},{step},{machine},2026-03-02T{start},2026-03-02T{finish},{rest}"


def read(folder: Path, *rows: str, mapping: str = MAPPING) -> Log:
    return read_log(written(folder, *rows), parse_mapping(mapping))


def short(log: Log, kind: str = "operation") -> list[tuple[str, str]]:
    """Local time and type of the events of one kind of subject."""
    return [
        (_clock(event["time"]), event["type"].split(".")[1])
        for event in log.events
        if event["subject"].startswith(f"{kind}/")
    ]


def _clock(time: str) -> str:
    return (datetime.fromisoformat(time) + timedelta(hours=8)).strftime("%H:%M")


def unit_states(log: Log) -> list[tuple[str, str, str | None]]:
    return [
        (_clock(e["time"]), e["data"]["state"], e["data"].get("operation"))
        for e in log.events
        if e["type"] == "work_unit.state_changed"
    ]


def board_of(log: Log) -> Board:
    board = Board(log.site.id)
    for envelope in (*log.plans, *log.events):
        board.apply(parse_event(envelope, log.ends_at))
    return board


class TestMapping:
    @pytest.mark.parametrize(
        ("change", "key"),
        [
            (("id: shop, ", ""), "site.id"),
            (("id: shop", "id: a/b"), "site.id"),
            (("Asia/Taipei", "Asia/Nowhere"), "site.timezone"),
            (("Asia/Taipei", "Asia"), "site.timezone"),
            (("  order: Order\n", ""), "columns.order"),
            (("order: Order", "orders: Order"), "columns.orders"),
            (("  start: From\n  finish: To\n", ""), "columns.start"),
            (("good: Good", "good: Good\n  duration: D"), "columns.duration"),
            (
                ("operation: Step", "operation: {column: Step, pattern: 'no group'}"),
                "columns.operation.pattern",
            ),
            (("columns:", "file: {delimiter: ';;'}\ncolumns:"), "file.delimiter"),
            (("columns:", "file: {encoding: nope}\ncolumns:"), "file.encoding"),
            (("columns:", "times: {duration_unit: weeks}\ncolumns:"), "times.duration_unit"),
            (("columns:", "plan: {due_factor: 0}\ncolumns:"), "plan.due_factor"),
            (("columns:", "constants: {quantity: none}\ncolumns:"), "constants.quantity"),
            (
                ("columns:", "shifts: [{name: A, start: 6, finish: 14:00}]\ncolumns:"),
                "shifts[0].start",
            ),
            (("columns:", "skip: [{column: Step}]\ncolumns:"), "skip[0].values"),
        ],
    )
    def test_what_is_wrong_is_said_with_its_key(self, change: tuple[str, str], key: str) -> None:
        assert change[0] in MAPPING
        with pytest.raises(MappingError) as error:
            parse_mapping(MAPPING.replace(*change, 1))
        assert error.value.key == key

    @pytest.mark.parametrize("text", ["a: [", "", "- 1", "!!python/object:os.system {}"])
    def test_text_that_is_no_mapping_is_refused(self, text: str) -> None:
        with pytest.raises(MappingError):
            parse_mapping(text)

    def test_scalars_are_the_text_that_they_look_like(self) -> None:
        text = MAPPING + "skip: [{column: Step, values: [007, no, 14:00]}]\n"
        assert parse_mapping(text).skip[0].values == ("007", "no", "14:00")

    @pytest.mark.parametrize(
        "path", sorted((Path(__file__).parents[3] / "docs" / "mappings").glob("*.yaml"))
    )
    def test_the_shipped_mappings_are_good(self, path: Path) -> None:
        assert isinstance(parse_mapping(path.read_bytes()), Mapping)


class TestRows:
    def test_a_column_that_the_file_lacks_is_named_with_its_key(self, tmp_path: Path) -> None:
        with pytest.raises(LogError, match=r"columns.work_unit: .* no column 'Press'"):
            read(tmp_path, mapping=MAPPING.replace("Machine", "Press"))

    @pytest.mark.parametrize(
        ("bad", "column"),
        [
            (row("", "Cut", "M1", "08:00", "09:00"), "Order"),
            (row("A", "x" * 101, "M1", "08:00", "09:00"), "Step"),
            (row("A", "Cut", "M1", "8 am", "09:00"), "From"),
            (row("A", "Cut", "M1", "09:00", "08:00"), "To"),
            (row("A", "Cut", "M1", "08:00", "09:00", "-1,0,5"), "Good"),
            (row("A", "Cut", "M1", "08:00", "09:00", "1,1.5,5"), "Scrap"),
            (row("A", "Cut", "M1", "08:00", "09:00", "1,0,0"), "Qty"),
            ("A,Cut,M1,2026-01-01T00:00,2100-01-02T00:00,1,0,5", "To"),
            ("A,Cut,M1,1999-01-01T00:00,2026-01-01T00:00,1,0,5", "From"),
        ],
    )
    def test_a_row_that_cannot_be_read_is_named(
        self, tmp_path: Path, bad: str, column: str
    ) -> None:
        with pytest.raises(LogError) as error:
            read(tmp_path, row("A", "Cut", "M1", "08:00", "09:00"), bad)
        assert [(flaw.row, flaw.column) for flaw in error.value.errors] == [(3, column)]
        assert f"row 3, column {column}" in str(error.value)

    def test_bad_rows_are_left_out_and_listed_when_the_mapping_says_so(
        self, tmp_path: Path
    ) -> None:
        log = read(
            tmp_path,
            row("A", "Cut", "M1", "soon", "09:00"),
            row("A", "Cut", "M1", "08:00", "09:00"),
            mapping=MAPPING + "bad_rows: leave_out\n",
        )
        assert (log.rows, log.runs, [flaw.row for flaw in log.bad_rows]) == (2, 1, [2])

    def test_a_log_of_which_nothing_is_left_is_refused(self, tmp_path: Path) -> None:
        skip = MAPPING + "skip: [{column: Step, values: [Start]}]\n"
        with pytest.raises(LogError, match="1 skipped"):
            read(tmp_path, row("A", "Start", "", "08:00", "08:00"), mapping=skip)

    def test_bytes_of_another_encoding_are_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "log.csv"
        path.write_bytes(HEADER.encode() + b"\n\xff\xfe")
        with pytest.raises(LogError, match="utf-8"):
            read_log(path, parse_mapping(MAPPING))

    def test_local_time_offset_and_duration_give_the_same_run(self, tmp_path: Path) -> None:
        local = read(tmp_path, row("A", "Cut", "M1", "08:00", "09:30"))
        offset = read(tmp_path, row("A", "Cut", "M1", "01:00+01:00", "02:30+01:00"))
        lasting = read_log(
            written(tmp_path, "A;Cut;02.03.2026 09:30;90", header="Order;Step;Done;Minutes"),
            parse_mapping(
                "site: {id: shop, name: Shop, timezone: Asia/Taipei}\n"
                "file: {delimiter: ';'}\n"
                "times: {format: '%d.%m.%Y %H:%M', duration_unit: minutes}\n"
                "columns: {order: Order, operation: Step, finish: Done, duration: Minutes}\n"
            ),
        )
        spans = {(log.starts_at, log.ends_at) for log in (local, offset, lasting)}
        assert len(spans) == 1
        assert local.starts_at == datetime(2026, 3, 2, 0, 0, tzinfo=UTC)

    def test_what_the_door_would_refuse_is_refused_before(self, tmp_path: Path) -> None:
        with pytest.raises(LogError, match="order A can't be shown: operations"):
            read(tmp_path, row("A", "-", "M1", "08:00", "09:00"))
        shifts = "shifts: [{name: Day, start: 24:00, finish: 17:00}]\n"
        with pytest.raises(LogError, match="its site can't be shown: calendars"):
            read(tmp_path, row("A", "Cut", "M1", "08:00", "09:00"), mapping=MAPPING + shifts)

    def test_customers_are_parties_of_the_site(self, tmp_path: Path) -> None:
        text = MAPPING.replace("quantity: Qty", "customer: Qty") + "constants: {customer: Ann}\n"
        rows = [
            row("A", "Cut", "M1", "08:00", "09:00", "1,0,Bob"),
            row("B", "Cut", "M1", "08:00", "09:00", "1,0,"),
        ]
        log = read(tmp_path, *rows, mapping=text)
        assert [(party.id, party.kind) for party in log.site.parties] == [
            ("Ann", "customer"),
            ("Bob", "customer"),
        ]
        assert [order.customer for order in log.orders] == ["Bob", "Ann"]

    def test_a_slash_in_a_name_does_not_part_a_subject(self, tmp_path: Path) -> None:
        log = read(tmp_path, row("A/1", "Cut", "M1", "08:00", "09:00"))
        assert log.orders[0].id == "A\u20441"
        assert board_of(log).completed(log.orders[0])


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
        upto = [e for e in log.events if _clock(e["time"]) <= "09:00"]
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
        assert [_clock(plan["time"]) for plan in read(tmp_path, *rows).plans] == ["08:00"] * 2
        assert [_clock(p["time"]) for p in read(tmp_path, *rows, mapping=late).plans] == [
            "08:00",
            "10:00",
        ]


class Door:
    """Takes what a replay reports as the door does: on the site's clock, each id once."""

    def __init__(self) -> None:
        self.real = REAL
        self.board = Board("shop")
        self.taken: dict[str, dict] = {}
        self.duplicates = 0
        self.batches: list[int] = []
        self.failures: list[OSError] = []
        self.signals = 0
        self.slept: list[float] = []
        self.stop_after: int | None = None

    def report(self, batch: Sequence[dict]) -> None:
        if self.failures:
            raise self.failures.pop()
        self.batches.append(len(batch))
        for envelope in batch:
            event = parse_event(envelope, self.board.site.now(self.real))
            assert event.time <= self.board.site.now(self.real) or not self.board.site.clock
            assert self.taken.setdefault(envelope["id"], envelope) == envelope
            self.duplicates += self.board.apply(event) == 0

    def signal(self, units: Sequence[str]) -> None:
        self.signals += 1

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.real += timedelta(seconds=seconds)

    def stop(self) -> bool:
        return self.stop_after is not None and len(self.slept) >= self.stop_after

    def play(self, log: Log, speed: float = 60.0, clock: SiteClock | None = None) -> None:
        replay(
            log,
            self.report,
            self.signal,
            lambda: self.real,
            self.sleep,
            self.stop,
            speed,
            clock,
        )


class TestReplay:
    def test_events_come_when_the_sites_clock_has_passed_them(self, tmp_path: Path) -> None:
        log = read(tmp_path, row("A", "Saw", "M1", "08:00", "09:00"))
        door = Door()
        door.play(log, speed=360.0)
        assert door.batches == [1, 3, 2]  # the site; the plan, the start; the finish
        assert sum(door.slept) == pytest.approx(10.0, abs=0.1)
        assert max(door.slept) <= 5.0
        assert door.signals >= 3
        assert door.board.site.now(door.real) == log.ends_at
        assert door.board.completed(log.orders[0])

    def test_a_second_run_goes_on_where_the_clock_is(self, tmp_path: Path) -> None:
        rows = [row("A", f"Step {n}", "M1", f"{n:02d}:00", f"{n:02d}:30") for n in range(12)]
        log = read(tmp_path, *rows)
        door = Door()
        door.stop_after = 20
        door.play(log)
        reported = len(door.taken)
        assert 0 < reported < len(log.events)
        door.stop_after = None
        door.real += timedelta(minutes=3)  # three hours of the log pass meanwhile
        door.play(log, clock=door.board.site.clock)
        assert len(door.taken) == 1 + len(log.plans) + len(log.events)
        assert door.duplicates == reported
        assert door.board.completed(log.orders[0])

    def test_another_speed_goes_on_from_the_instant_that_is_reached(self, tmp_path: Path) -> None:
        log = read(tmp_path, row("A", "Saw", "M1", "08:00", "10:00"))
        running = clock_of(log, REAL, 60.0)
        later = REAL + timedelta(minutes=1)
        faster = clock_of(log, later, 600.0, running)
        assert faster.at(later) == running.at(later) == log.starts_at + timedelta(hours=1)
        assert clock_of(log, later, 60.0, running) is running
        assert site_envelope(log, faster)["time"] > site_envelope(log, running)["time"]

    def test_what_cannot_be_reported_is_reported_again(self, tmp_path: Path) -> None:
        log = read(tmp_path, row("A", "Saw", "M1", "08:00", "09:00"))
        door = Door()
        door.failures = [ConnectionError(), OSError(), TimeoutError()]
        door.play(log)
        assert door.slept[:3] == [0.5, 1.0, 2.0]
        assert len(door.taken) == 1 + len(log.plans) + len(log.events)

    def test_a_stop_ends_it_even_while_nothing_can_be_reported(self, tmp_path: Path) -> None:
        log = read(tmp_path, row("A", "Saw", "M1", "08:00", "09:00"))
        door = Door()
        door.failures = [OSError() for _ in range(100)]
        door.stop_after = 7
        door.play(log)
        assert door.slept == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]
        assert door.taken == {}

    def test_much_that_is_due_comes_in_batches(self, tmp_path: Path) -> None:
        rows = [row("A", f"Step {n}", "M1", "08:00", "09:00") for n in range(600)]
        door = Door()
        door.play(read(tmp_path, *rows), speed=10_000.0)
        assert max(door.batches) == BATCH

    @pytest.mark.parametrize("speed", [0.0, -1.0, 10_001.0, float("nan")])
    def test_a_speed_that_is_no_speed_is_refused(self, tmp_path: Path, speed: float) -> None:
        log = read(tmp_path, row("A", "Saw", "M1", "08:00", "09:00"))
        with pytest.raises(ValueError, match="speed"):
            Door().play(log, speed=speed)
