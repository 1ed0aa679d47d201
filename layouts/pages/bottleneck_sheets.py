"""The page on bottlenecks as tables: work units, windows, the timeline. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime

from data.domain.bottleneck.report import BottleneckReport, UnitRow
from layouts.sheets import Column, Sheet, Value
from layouts.text import Translator


def sheets(report: BottleneckReport, t: Translator) -> Sequence[Sheet]:
    """Return what the page shows."""
    return (_units(report, t), _windows(report, t), _pieces(report, t))


def _units(report: BottleneckReport, t: Translator) -> Sheet:
    columns = (
        Column(key="unit", heading=t("work unit")),
        Column(key="center", heading=t("work center")),
        Column(key="share", heading=t("share"), kind="share"),
        Column(key="sole", heading=t("alone"), kind="share"),
        Column(key="shifting", heading=t("shifting"), kind="share"),
        Column(key="low", heading=t("interval from"), kind="share"),
        Column(key="high", heading=t("interval to"), kind="share"),
        Column(key="starved", heading=t("starved"), kind="share"),
        Column(key="blocked", heading=t("blocked"), kind="share"),
        Column(key="on_shift", heading=t("on shift"), kind="seconds"),
        Column(key="good", heading=t("good"), kind="number"),
        Column(key="gain", heading=t("pieces from an hour more"), kind="number"),
    )
    return Sheet(name=t("Work units"), columns=columns, rows=[_unit(row) for row in report.units])


def _unit(row: UnitRow) -> dict[str, Value]:
    return {
        "unit": row.work_unit,
        "center": row.work_center,
        "share": row.share,
        "sole": row.sole,
        "shifting": row.shifting,
        "low": row.low,
        "high": row.high,
        "starved": row.of_shift(row.starved_s),
        "blocked": row.of_shift(row.blocked_s),
        "on_shift": row.on_shift_s,
        "good": row.good,
        "gain": None if row.gain is None else row.gain.pieces,
    }


def _windows(report: BottleneckReport, t: Translator) -> Sheet:
    columns = (
        Column(key="name", heading=t("shift")),
        Column(key="start", heading=t("from"), kind="moment"),
        Column(key="finish", heading=t("to"), kind="moment"),
        Column(key="unit", heading=t("work unit")),
        Column(key="share", heading=t("share"), kind="share"),
        Column(key="sole", heading=t("alone"), kind="share"),
        Column(key="shifting", heading=t("shifting"), kind="share"),
        Column(key="stands", heading=t("stands out")),
    )
    rows: list[dict[str, Value]] = [
        {
            "name": one.window.name,
            "start": one.window.start,
            "finish": one.window.finish,
            "unit": share.work_unit,
            "share": share.total,
            "sole": share.sole,
            "shifting": share.shifting,
            "stands": t("yes") if share.work_unit == one.work_unit else "",
        }
        for one in report.windows
        for share in one.shares
    ]
    return Sheet(name=t("Shares"), columns=columns, rows=rows)


def _pieces(report: BottleneckReport, t: Translator) -> Sheet:
    columns = (
        Column(key="unit", heading=t("work unit")),
        Column(key="kind", heading=t("how")),
        Column(key="start", heading=t("from"), kind="moment"),
        Column(key="end", heading=t("to"), kind="moment"),
        Column(key="provisional", heading=t("provisional")),
    )
    words = {"sole": t("alone"), "shifting": t("shifting")}
    rows: list[dict[str, Value]] = [
        {
            "unit": piece.work_unit,
            "kind": words[piece.kind.value],
            "start": datetime.fromtimestamp(piece.start, UTC),
            "end": datetime.fromtimestamp(piece.end, UTC),
            "provisional": t("yes") if piece.provisional else "",
        }
        for piece in report.pieces
    ]
    return Sheet(name=t("Timeline"), columns=columns, rows=rows)
