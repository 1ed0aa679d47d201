"""Rows of an event log: read as the mapping says, or refused and named."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from data.connectors.event_log import read_log
from data.connectors.event_log_rows import LogError
from data.connectors.mapping import parse_mapping
from tests.unit.connectors.logs import HEADER, MAPPING, board_of, read, row, written


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
