"""The page of figures as tables: sums with every element, days, shifts. Pure."""

from collections.abc import Mapping, Sequence

from data.domain.kpis import Elements, Kpi, kpi
from layouts.components.kpi_words import INPUTS, NAMES, TIMES
from layouts.pages.figures import GROUPS, Shown, label, ordered, shift_name
from layouts.sheets import Column, Sheet, Value
from layouts.text import Translator

_FIELDS = {"PRI·PQ": "standard"}


def sheets(shown: Shown, t: Translator) -> Sequence[Sheet]:
    """Return the table that is shown, the chosen row's days, and the shifts behind it."""
    key = Column(key="key", heading=t(GROUPS[shown.by]))
    figures = _columns(t)
    return (
        Sheet(
            name=t("All figures"),
            columns=(key, *figures),
            rows=[
                {"key": label(row.key, shown.by, shown.site, t), **_values(row.elements)}
                for row in ordered(shown)
            ],
        ),
        Sheet(
            name=t("Day by day"),
            columns=(Column(key="key", heading=t("Date")), *figures),
            rows=[{"key": row.key, **_values(row.elements)} for row in shown.days],
        ),
        Sheet(name=t("The shifts behind it"), columns=_shift_columns(t), rows=_shifts(shown, t)),
    )


def _columns(t: Translator) -> tuple[Column, ...]:
    rate = t("pieces/h")
    ratios = [
        Column(
            key=name.value,
            heading=f"{t(words)} ({rate})" if name is Kpi.THROUGHPUT_RATE else t(words),
            kind="number" if name is Kpi.THROUGHPUT_RATE else "share",
        )
        for name, words in NAMES.items()
    ]
    inputs = [
        Column(key=symbol, heading=symbol, kind="seconds" if symbol in TIMES else "number")
        for symbol in INPUTS
    ]
    return (*ratios, *inputs)


def _shift_columns(t: Translator) -> tuple[Column, ...]:
    return (
        Column(key="day", heading=t("Date")),
        Column(key="shift", heading=t("Shift")),
        Column(key="start", heading=t("Starts"), kind="moment"),
        Column(key="finish", heading=t("Ends"), kind="moment"),
        Column(key="unit", heading=t("Work unit")),
        Column(key="center", heading=t("Work center")),
        Column(key="line", heading=t("Line")),
        *_columns(t),
    )


def _shifts(shown: Shown, t: Translator) -> Sequence[Mapping[str, Value]]:
    return [
        {
            "day": row.day.isoformat(),
            "shift": shift_name(row.shift, t),
            "start": row.shift_start,
            "finish": row.shift_finish,
            "unit": row.work_unit,
            "center": row.work_center,
            "line": row.area,
            **_values(row.elements),
        }
        for row in shown.shifts
    ]


def _values(elements: Elements) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for name in NAMES:
        value = kpi(name, elements).value
        hourly = name is Kpi.THROUGHPUT_RATE and value is not None
        found[name.value] = value * 3600 if hourly and value is not None else value
    for symbol in INPUTS:
        found[symbol] = getattr(elements, _FIELDS.get(symbol, symbol.lower()))
    return found
