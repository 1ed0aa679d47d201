"""Key performance indicators of manufacturing operations, from sums that can be added up.

Pure; imported by services and layouts. `Elements` are the numerators and denominators:
add those of work units, shifts or days, and only then ask for an indicator, for a mean of
ratios is wrong. Source: ISO 22400-2:2014, elements used in KPI descriptions and the KPI
descriptions by name; from states to time elements as OPC 40001-1 annex C.2 proposes.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from enum import Enum, StrEnum

from msgspec import Struct

from data.domain.events import WorkUnitState as State
from data.domain.waiting.spans import Span, common, joined, length, within, without

EXACT = timedelta(microseconds=1)


class Elements(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Sums over some work units and time; `a + b` are the sums over both.

    Units: seconds and pieces. `standard` is Σ PRI·PQ: the planned run time of what was
    produced. The last three have no symbol in the standard: `idle` is planned time without a
    task, `stopped` without one and not fit for any, `unknown` the time of which no state tells.
    """

    pbt: float = 0
    aubt: float = 0
    aupt: float = 0
    apt: float = 0
    adet: float = 0
    aoet: float = 0
    standard: float = 0
    pq: int = 0
    gq: int = 0
    sq: int = 0
    rq: int = 0
    ip: int = 0
    gp: int = 0
    idle: float = 0
    stopped: float = 0
    unknown: float = 0

    def __add__(self, other: "Elements") -> "Elements":
        names = self.__struct_fields__
        return Elements(**{name: getattr(self, name) + getattr(other, name) for name in names})


class Kpi(StrEnum):
    """The indicators, by their names in ISO 22400-2."""

    AVAILABILITY = "availability"
    EFFECTIVENESS = "effectiveness"
    QUALITY_RATIO = "quality_ratio"
    OEE = "oee"
    NEE = "nee"
    ALLOCATION_EFFICIENCY = "allocation_efficiency"
    UTILIZATION_EFFICIENCY = "utilization_efficiency"
    TECHNICAL_EFFICIENCY = "technical_efficiency"
    SETUP_RATIO = "setup_ratio"
    ALLOCATION_RATIO = "allocation_ratio"
    THROUGHPUT_RATE = "throughput_rate"
    PRODUCTION_PROCESS_RATIO = "production_process_ratio"
    SCRAP_RATIO = "scrap_ratio"
    REWORK_RATIO = "rework_ratio"
    FIRST_PASS_YIELD = "first_pass_yield"  # nosec B105


class Doubt(StrEnum):
    """Why a value can't be right as it stands. It is shown as it is, never capped."""

    STANDARD_TIME = "standard_time"  # effectiveness above one: the planned run time is too long
    PLANNED_TIME = "planned_time"  # more time used than planned: work outside the calendar


class Formula(Struct, frozen=True):
    """An indicator with how it came about.

    `expression` is in the symbols of `inputs`. `value` is None where a denominator is 0.
    Units: seconds and pieces; a throughput rate is pieces a second.
    """

    name: Kpi
    expression: str
    inputs: tuple[tuple[str, float], ...]
    value: float | None
    doubt: Doubt | None = None


_Term = Callable[[Elements], float]
_TERMS: dict[str, _Term] = {
    "PBT": lambda e: e.pbt,
    "AUBT": lambda e: e.aubt,
    "AUPT": lambda e: e.aupt,
    "APT": lambda e: e.apt,
    "ADET": lambda e: e.adet,
    "AOET": lambda e: e.aoet,
    "PRI·PQ": lambda e: e.standard,
    "PQ": lambda e: e.pq,
    "GQ": lambda e: e.gq,
    "SQ": lambda e: e.sq,
    "RQ": lambda e: e.rq,
    "IP": lambda e: e.ip,
    "GP": lambda e: e.gp,
    "APT + ADET": lambda e: e.apt + e.adet,
    "AUPT − APT": lambda e: e.aupt - e.apt,
}
_Ratio = tuple[str, str]
_EFFECTIVENESS, _QUALITY = ("PRI·PQ", "APT"), ("GQ", "PQ")
_RATIOS: dict[Kpi, tuple[_Ratio, ...]] = {
    Kpi.AVAILABILITY: (("APT", "PBT"),),
    Kpi.EFFECTIVENESS: (_EFFECTIVENESS,),
    Kpi.QUALITY_RATIO: (_QUALITY,),
    Kpi.OEE: (("APT", "PBT"), _EFFECTIVENESS, _QUALITY),
    Kpi.NEE: (("AUPT", "PBT"), _EFFECTIVENESS, _QUALITY),
    Kpi.ALLOCATION_EFFICIENCY: (("AUBT", "PBT"),),
    Kpi.UTILIZATION_EFFICIENCY: (("APT", "AUBT"),),
    Kpi.TECHNICAL_EFFICIENCY: (("APT", "APT + ADET"),),
    Kpi.SETUP_RATIO: (("AUPT − APT", "AUPT"),),
    Kpi.ALLOCATION_RATIO: (("AUBT", "AOET"),),
    Kpi.THROUGHPUT_RATE: (("PQ", "AOET"),),
    Kpi.PRODUCTION_PROCESS_RATIO: (("APT", "AOET"),),
    Kpi.SCRAP_RATIO: (("SQ", "PQ"),),
    Kpi.REWORK_RATIO: (("RQ", "PQ"),),
    Kpi.FIRST_PASS_YIELD: (("GP", "IP"),),
}
_OF_PLANNED_TIME = (Kpi.AVAILABILITY, Kpi.ALLOCATION_EFFICIENCY)


def kpi(name: Kpi, elements: Elements) -> Formula:
    """Return an indicator with its formula and inputs.

    A product whose first factor is 0 is 0, though nothing was made: a unit that was planned
    and never produced has an OEE of 0. Where no time was planned it is None.
    """
    ratios = _RATIOS[name]
    return Formula(
        name,
        " · ".join(_written(ratio, alone=len(ratios) == 1) for ratio in ratios),
        tuple((symbol, _TERMS[symbol](elements)) for symbol in _symbols(ratios)),
        _product(ratios, elements),
        _doubt(name, elements),
    )


def kpis(elements: Elements) -> dict[Kpi, Formula]:
    """Return every indicator."""
    return {name: kpi(name, elements) for name in Kpi}


def _written(ratio: _Ratio, *, alone: bool) -> str:
    top, bottom = (f"({term})" if " " in term else term for term in ratio)
    text = f"{top} / {bottom}"
    return text if alone else f"({text})"


def _symbols(ratios: Iterable[_Ratio]) -> Iterable[str]:
    words = (word for ratio in ratios for term in ratio for word in term.split())
    return dict.fromkeys(word for word in words if word in _TERMS)


def _product(ratios: Iterable[_Ratio], elements: Elements) -> float | None:
    value = 1.0
    for top, bottom in ratios:
        whole = _TERMS[bottom](elements)
        if not whole:
            return None
        value *= _TERMS[top](elements) / whole
        if not value:
            return 0.0
    return value


def _doubt(name: Kpi, elements: Elements) -> Doubt | None:
    effectiveness = _product((_EFFECTIVENESS,), elements)
    if _EFFECTIVENESS in _RATIOS[name] and effectiveness is not None and effectiveness > 1:
        return Doubt.STANDARD_TIME
    if name in _OF_PLANNED_TIME and (_product(_RATIOS[name], elements) or 0) > 1:
        return Doubt.PLANNED_TIME
    return None


class Count(Struct, frozen=True):
    """What was counted of an operation within some time. `time`: when first."""

    time: datetime
    operation: str
    good: int = 0
    scrap: int = 0
    rework: int = 0
    inspected: int = 0
    passed: int = 0


class UnitSpell(Struct, frozen=True):
    """A work unit in one state. `operation`: the task it was at, where the state told one."""

    state: State
    span: Span
    operation: str | None = None


class _Share(Enum):
    """What a state's time is while a task is on the work unit."""

    PRODUCTION = "APT: adds value"
    SETUP = "AUST, the part of AUPT that prepares"
    DELAY = "ADET: malfunctions, minor stops and waits while a task is under way"
    IDLE = "waiting without a task"
    STOPPED = "not fit for a task, and none on it"
    OFF = "not on shift"
    UNKNOWN = "nothing is known"


_SHARES: dict[State, _Share] = {
    State.PROCESSING: _Share.PRODUCTION,
    State.SETUP: _Share.SETUP,
    State.TOOL_CHANGE: _Share.SETUP,
    State.DOWN: _Share.DELAY,
    State.REPAIR: _Share.DELAY,
    State.STARVED: _Share.DELAY,
    State.BLOCKED: _Share.DELAY,
    State.WAITING_FOR_TRANSPORT: _Share.DELAY,
    State.MAINTENANCE: _Share.STOPPED,
    State.OFF_SHIFT: _Share.OFF,
    State.UNKNOWN: _Share.UNKNOWN,
}
_UNFIT = (State.DOWN, State.REPAIR)


def time_elements(
    spells: Iterable[UnitSpell],
    window: Span,
    *,
    planned: Iterable[Span],
    tasks: Iterable[Span] = (),
    executions: Iterable[Span] = (),
) -> Elements:
    """Return the time elements of one work unit over a window.

    PBT is the length of `planned`, the working time of its calendar. APT is its time in
    processing; AUPT adds setup and tool change. ADET is its time down, in repair, starved,
    blocked or waiting for transport while a task is on it: in a spell that names its
    operation, or within `tasks`. Without a task the same states are idle or stopped time, and
    so is maintenance, with or without one, stopped.
    AUBT = AUPT + ADET. AOET adds up `executions`: each order's or operation's time from start
    to end. Units: whole microseconds as seconds.
    """
    hours, at_task = within(planned, window), joined(tasks)
    spent: dict[_Share, list[Span]] = {share: [] for share in _Share}
    for spell in spells:
        cut = within([spell.span], window)
        share = _SHARES[spell.state]
        if share is not _Share.DELAY:
            spent[share] += cut
            continue
        busy = cut if spell.operation is not None else common(cut, at_task)
        spent[share] += busy
        spent[_Share.STOPPED if spell.state in _UNFIT else _Share.IDLE] += without(cut, busy)
    run = sum(_seconds(within([span], window)) for span in executions)
    return _times(spent, hours, run)


def _times(spent: Mapping[_Share, list[Span]], hours: list[Span], aoet: float) -> Elements:
    aupt = _seconds(spent[_Share.PRODUCTION] + spent[_Share.SETUP])
    adet = _seconds(spent[_Share.DELAY])
    told = [span for share, spans in spent.items() if share is not _Share.UNKNOWN for span in spans]
    return Elements(
        pbt=_seconds(hours),
        apt=_seconds(spent[_Share.PRODUCTION]),
        aupt=aupt,
        adet=adet,
        aubt=aupt + adet,
        aoet=aoet,
        idle=_seconds(common(spent[_Share.IDLE], hours)),
        stopped=_seconds(common(spent[_Share.STOPPED], hours)),
        unknown=_seconds(without(hours, told)),
    )


def _seconds(spans: Iterable[Span]) -> float:
    """Return a length in seconds: a whole number where it is one, so that sums stay exact."""
    micros = length(joined(spans)) // EXACT
    seconds, rest = divmod(micros, 1_000_000)
    return micros / 1_000_000 if rest else seconds


def quantity_elements(counts: Iterable[Count], run_time_s: Mapping[str, float]) -> Elements:
    """Return the quantities that count, and the standard time of what was produced.

    `run_time_s`: planned run time a piece by operation subject. PQ = GQ + SQ: a reworked piece
    is counted as good or scrap as well, so RQ is a part of PQ and no addition to it. IP and
    GP are the pieces inspected and those that passed at once. Voided events have been left out.
    """
    told = [(count, run_time_s.get(count.operation, 0)) for count in counts]
    return Elements(
        pq=sum(count.good + count.scrap for count, _ in told),
        gq=sum(count.good for count, _ in told),
        sq=sum(count.scrap for count, _ in told),
        rq=sum(count.rework for count, _ in told),
        ip=sum(count.inspected for count, _ in told),
        gp=sum(count.passed for count, _ in told),
        standard=sum((count.good + count.scrap) * run_s for count, run_s in told),
    )
