"""The indicators of ISO 22400 and their inputs in words, and how their values are written. Pure."""

from babel.numbers import format_decimal

from data.domain.kpis import Doubt, Formula, Kpi
from layouts.text import NONE, Translator, msgid

NAMES: dict[Kpi, str] = {
    Kpi.OEE: msgid("OEE"),
    Kpi.AVAILABILITY: msgid("Availability"),
    Kpi.EFFECTIVENESS: msgid("Effectiveness"),
    Kpi.QUALITY_RATIO: msgid("Quality ratio"),
    Kpi.NEE: msgid("NEE"),
    Kpi.ALLOCATION_EFFICIENCY: msgid("Allocation efficiency"),
    Kpi.UTILIZATION_EFFICIENCY: msgid("Utilization efficiency"),
    Kpi.TECHNICAL_EFFICIENCY: msgid("Technical efficiency"),
    Kpi.SETUP_RATIO: msgid("Setup ratio"),
    Kpi.THROUGHPUT_RATE: msgid("Throughput rate"),
    Kpi.SCRAP_RATIO: msgid("Scrap ratio"),
    Kpi.REWORK_RATIO: msgid("Rework ratio"),
    Kpi.FIRST_PASS_YIELD: msgid("First pass yield"),
    Kpi.ALLOCATION_RATIO: msgid("Allocation ratio"),
    Kpi.PRODUCTION_PROCESS_RATIO: msgid("Production process ratio"),
}

# What an input is called in the standard, and how it was counted.
INPUTS: dict[str, tuple[str, str]] = {
    "PBT": (
        msgid("planned busy time"),
        msgid("working time of the line's calendar, breaks left out"),
    ),
    "APT": (
        msgid("actual production time"),
        msgid("time in which the work unit reported that it was processing"),
    ),
    "AUPT": (
        msgid("actual unit processing time"),
        msgid("processing, setup and tool change together"),
    ),
    "ADET": (
        msgid("actual unit delay time"),
        msgid("down, in repair, starved, blocked or waiting for transport with a task on it"),
    ),
    "AUBT": (msgid("actual unit busy time"), msgid("AUPT + ADET")),
    "AOET": (
        msgid("actual order execution time"),
        msgid("from start to end of each operation on the work unit; overlapping ones add up"),
    ),
    "PRI·PQ": (
        msgid("planned run time of what was produced"),
        msgid("each operation's planned run time a piece, times its pieces"),
    ),
    "PQ": (msgid("produced quantity"), msgid("good and scrap pieces reported")),
    "GQ": (msgid("good quantity"), msgid("good pieces reported")),
    "SQ": (msgid("scrap quantity"), msgid("scrap pieces reported")),
    "RQ": (msgid("rework quantity"), msgid("reworked pieces reported; a part of PQ")),
    "IP": (msgid("inspected parts"), msgid("pieces inspected")),
    "GP": (msgid("good parts"), msgid("pieces that passed inspection at once")),
}
TIMES = frozenset({"PBT", "APT", "AUPT", "ADET", "AUBT", "AOET", "PRI·PQ"})

DOUBTS: dict[Doubt, str] = {
    Doubt.STANDARD_TIME: msgid(
        "Above 100 %: the planned run times are longer than it really takes. Shown as it is."
    ),
    Doubt.PLANNED_TIME: msgid(
        "Above 100 %: there was work outside the calendar's time. Shown as it is."
    ),
}


def written(formula: Formula, t: Translator) -> str:
    """Return a value as columns show it: hundredths, of a throughput rate pieces an hour."""
    if formula.value is None:
        return NONE
    if formula.name is Kpi.THROUGHPUT_RATE:
        return decimal(formula.value * 3600, t)
    return decimal(formula.value * 100, t)


def with_unit(formula: Formula, t: Translator) -> str:
    """Return a value with its unit."""
    if formula.value is None:
        return NONE
    return f"{written(formula, t)} {unit(formula.name, t)}"


def unit(name: Kpi, t: Translator) -> str:
    """Return what an indicator is measured in."""
    return t("pieces/h") if name is Kpi.THROUGHPUT_RATE else "%"


def amount(symbol: str, value: float, t: Translator) -> str:
    """Return an input's value with its unit: hours or pieces."""
    if symbol in TIMES:
        return t("{hours} h", hours=decimal(value / 3600, t, "#,##0.00"))
    return t.number(value)


def decimal(value: float, t: Translator, form: str = "#,##0.0") -> str:
    """Return a number with tenths."""
    return format_decimal(value, format=form, locale=t.locale.replace("-", "_"))
