import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from data.domain.bottleneck.shares import VerdictReason
from data.services.analyse import analyse_bottleneck, render_table, to_json
from data.services.tabular import InputError, RowError
from tests.unit.domain.bottleneck.generators import T5_SEGMENTS, changes_of, t5_periods

T5_SHARES = {
    "S1": (11 / 54, 15 / 54),
    "S2": (3 / 54, 27 / 54),
    "S3": (10 / 54, 17 / 54),
}


def written(folder: Path, *lines: str) -> Path:
    path = folder / "given.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def t5_as_periods() -> list[str]:
    rows = (f"{p.work_unit},{p.start},{p.end}" for p in t5_periods())
    return ["work_unit,start,end", *rows]


def t5_as_states() -> list[str]:
    rows = (f"{c.time},{c.work_unit},{c.state}" for c in changes_of(t5_periods()))
    return ["time,work_unit,state", *rows]


def t5_as_clock_times() -> list[str]:
    eight = datetime(2026, 3, 2, 8, tzinfo=UTC)
    rows = (
        f"{(eight + timedelta(minutes=c.time)).isoformat()},{c.work_unit},{c.state}"
        for c in changes_of(t5_periods())
    )
    return ["time,work_unit,state", *rows]


@pytest.mark.parametrize(
    ("lines", "span"),
    [(t5_as_periods(), 54), (t5_as_states(), 54), (t5_as_clock_times(), 54 * 60)],
    ids=["periods", "states", "iso"],
)
def test_fixture_t5_in_every_form(tmp_path: Path, lines: list[str], span: float) -> None:
    found = to_json(analyse_bottleneck(written(tmp_path, *lines)))
    assert found["span"] == span
    assert found["paused"] == 0
    units = found["work_units"]
    assert isinstance(units, list)
    assert {u["work_unit"]: (u["sole"], u["shifting"]) for u in units} == {
        unit: (pytest.approx(sole), pytest.approx(shifting))
        for unit, (sole, shifting) in T5_SHARES.items()
    }


def test_the_json_is_json_and_holds_the_segments(tmp_path: Path) -> None:
    report = analyse_bottleneck(written(tmp_path, *t5_as_periods()))
    found = json.loads(json.dumps(to_json(report)))
    assert [tuple(s.values()) for s in found["segments"]] == T5_SEGMENTS
    assert (found["start"], found["end"]) == (1, 55)
    assert (found["bottleneck"], found["reason"]) == (None, "too_few_segments")
    assert found["work_units"][0].keys() == {
        "work_unit", "sole", "shifting", "total", "low", "high"
    }  # fmt: skip


def test_iso_times_come_back_as_iso_times(tmp_path: Path) -> None:
    found = to_json(analyse_bottleneck(written(tmp_path, *t5_as_clock_times())))
    assert found["start"] == "2026-03-02T08:01:00+00:00"
    assert found["end"] == "2026-03-02T08:55:00+00:00"


def test_the_table_names_shares_span_and_verdict(tmp_path: Path) -> None:
    lines = render_table(analyse_bottleneck(written(tmp_path, *t5_as_periods()))).splitlines()
    assert lines[0].split() == ["work", "unit", "sole", "shifting", "total", "95", "%", "interval"]
    assert lines[1].split()[:4] == ["S2", "5.6%", "50.0%", "55.6%"]
    assert lines[-2] == "span 1.0 to 55.0 = 54"
    assert lines[-1] == "no clear bottleneck: the chain is too short to tell"


def test_a_clear_bottleneck_is_named(tmp_path: Path) -> None:
    rows = [f"{'AAAB'[n % 4]},{n},{n + 1}" for n in range(0, 80)]
    apart = [f"B,{n + 0.25},{n + 0.5}" for n in range(100, 140)]
    report = analyse_bottleneck(written(tmp_path, "work_unit,start,end", *rows))
    assert (report.verdict.work_unit, report.verdict.reason) == ("A", VerdictReason.CLEAR)
    assert render_table(report).splitlines()[-1].startswith("bottleneck A, clear")
    idle = analyse_bottleneck(written(tmp_path, "work_unit,start,end", *apart))
    assert idle.shares[0].total == pytest.approx(40 * 0.25 / 39.25)


def test_a_unit_that_never_was_the_bottleneck_is_listed_with_nothing(tmp_path: Path) -> None:
    lines = "time,work_unit,state", "0,A,processing", "0,B,starved", "9,A,blocked"
    report = analyse_bottleneck(written(tmp_path, *lines))
    assert [(s.work_unit, s.sole, s.shifting) for s in report.shares] == [("A", 1, 0), ("B", 0, 0)]


def test_off_shift_neither_closes_a_period_nor_counts(tmp_path: Path) -> None:
    report = analyse_bottleneck(
        written(
            tmp_path, "time,work_unit,state", "0,A,processing", "0,B,starved", "10,A,off_shift",
            "10,B,off_shift", "90,A,processing", "90,B,starved", "100,A,blocked",
        )
    )  # fmt: skip
    assert (report.span, report.paused) == (100, 80)
    assert report.shares[0].sole == 1
    assert "of which 80 paused" in render_table(report)


def test_rows_may_come_in_any_order_with_more_columns_blank_lines_and_a_byte_order_mark(
    tmp_path: Path,
) -> None:
    path = written(
        tmp_path, "\ufeffState , note,WORK_UNIT,time", "Tool Change,x,A,3", "",
        "starved,y,A,9", "processing,z,A,1",
    )  # fmt: skip
    report = analyse_bottleneck(path)
    assert (report.start, report.end) == (1, 9)


@pytest.mark.parametrize(
    ("lines", "row", "column", "expected"),
    [
        (("time,work_unit,state", "0,A,processing", "x,A,starved"), 3, "time", "a number"),
        (("time,work_unit,state", "0,A,processing", "nan,A,starved"), 3, "time", "finite"),
        (("time,work_unit,state", "yesterday,A,setup"), 2, "time", "a number or an ISO 8601"),
        (("time,work_unit,state", "0,A,sleeping"), 2, "state", "one of processing, setup"),
        (("time,work_unit,state", "0,,setup"), 2, "work_unit", "a work unit's id"),
        (("time,work_unit,state", "0,A"), 2, "state", "a value"),
        (("work_unit,start,end", "A,1,2", "", "A,5,4"), 4, "end", "not before the start 5"),
        (
            ("time,work_unit,state", "2026-01-01T08:00Z,A,setup", "2026-01-01T09:00,A,starved"),
            3,
            "time",
            "with an offset",
        ),
        (
            ("time,work_unit,state", "2026-01-01T08:00,A,setup", "2026-01-01T09:00Z,A,starved"),
            3,
            "time",
            "without an offset",
        ),
    ],
)
def test_a_bad_cell_is_named_with_what_was_expected(
    tmp_path: Path, lines: tuple[str, ...], row: int, column: str, expected: str
) -> None:
    with pytest.raises(RowError) as caught:
        analyse_bottleneck(written(tmp_path, *lines))
    assert (caught.value.row, caught.value.column) == (row, column)
    assert expected in caught.value.expected
    assert str(caught.value).startswith(f"row {row}, column {column}: expected ")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("",), "expected the header time,work_unit,state or work_unit,start,end"),
        (("time;work_unit;state", "0;A;setup"), "expected the header"),
        (("time,work_unit,state",), "at least one row"),
        (("time,work_unit,state", "0,A,starved", "5,A,blocked"), "at least one active period"),
        (("work_unit,start,end", "A,3,3"), "at least one active period"),
    ],
)
def test_a_file_with_nothing_to_analyse_says_what_was_expected(
    tmp_path: Path, lines: tuple[str, ...], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        analyse_bottleneck(written(tmp_path, *lines))


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "given.csv"
    path.write_bytes(b"time,work_unit,state\n0,\xff\xfe,setup\n")
    with pytest.raises(InputError, match="UTF-8"):
        analyse_bottleneck(path)


def test_a_cell_beyond_all_measure_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="comma-separated"):
        analyse_bottleneck(written(tmp_path, "time,work_unit,state", f'0,"{"A" * 200_000}",setup'))
