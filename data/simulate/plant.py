"""The demo factory as it stands: lines, machines, calendars and parties.

Plain data, made up but plausible for a plant that makes electronics; imported by
`data.simulate` alone. `site_document` is the model that Milepost gets.
"""

from msgspec import Struct

from data.domain.site import (
    Area,
    Break,
    Calendar,
    Party,
    PartyKind,
    Shift,
    Site,
    WorkCenter,
    WorkUnit,
)

SITE_ID = "hsinchu"
TIMEZONE = "Asia/Taipei"
SIGNAL_LIMIT_S = 10.0
OUTSOURCED = "CTG"


class Kind(Struct, frozen=True, kw_only=True):
    """What all work centers of one trade have in common.

    Units: `scrap` and `rework` are shares of the pieces; the times are means.
    """

    name: str
    machine: str
    setup_min: float = 10.0
    scrap: float = 0.002
    rework: float = 0.003
    inspects: bool = False
    fails_every_h: float = 40.0
    repair_min: float = 22.0
    faults: tuple[str, ...] = ()
    tool_every_h: float = 6.0
    tool_min: float = 5.0
    tool: str = "tool worn"


class Center(Struct, frozen=True):
    """A work center of one line: its trade, its machines, the pieces its input buffer holds."""

    kind: str
    units: tuple[str, ...]
    buffer: int


class Line(Struct, frozen=True, kw_only=True):
    """An area: its work centers in the order in which it flows, and its open orders.

    Units: `planned_efficiency` is the share of working time that its plan counts on.
    """

    id: str
    name: str
    calendar: str
    centers: tuple[Center, ...]
    open_orders: int
    planned_efficiency: float


KINDS: dict[str, Kind] = {
    "PRT": Kind(
        name="Paste printing",
        machine="Paste printer",
        setup_min=9,
        rework=0.006,
        fails_every_h=45,
        repair_min=15,
        faults=("stencil clogged", "board clamp fault", "paste empty"),
        tool_every_h=4,
        tool_min=4,
        tool="stencil cleaning",
    ),
    "SMT": Kind(
        name="Placement",
        machine="Placer",
        setup_min=18,
        scrap=0.003,
        fails_every_h=26,
        repair_min=24,
        faults=("feeder jam", "nozzle vacuum low", "vision error", "conveyor jam"),
        tool_every_h=7,
        tool_min=6,
        tool="nozzle change",
    ),
    "RFL": Kind(
        name="Reflow",
        machine="Reflow oven",
        setup_min=12,
        fails_every_h=90,
        repair_min=35,
        faults=("zone temperature out of band", "chain stretched"),
        tool_every_h=40,
        tool_min=10,
        tool="profile check",
    ),
    "AOI": Kind(
        name="Optical inspection",
        machine="AOI",
        setup_min=6,
        scrap=0.006,
        rework=0.018,
        inspects=True,
        fails_every_h=60,
        repair_min=15,
        faults=("camera lost", "light failed"),
        tool_every_h=24,
        tool_min=8,
        tool="calibration",
    ),
    "SEL": Kind(
        name="Selective soldering",
        machine="Selective solder",
        setup_min=15,
        scrap=0.005,
        rework=0.008,
        fails_every_h=22,
        repair_min=30,
        faults=("solder level low", "nozzle blocked", "flux pump fault"),
        tool_every_h=6,
        tool_min=8,
        tool="nozzle worn",
    ),
    "ICT": Kind(
        name="In-circuit test",
        machine="ICT",
        setup_min=10,
        scrap=0.006,
        rework=0.012,
        inspects=True,
        fails_every_h=34,
        repair_min=18,
        faults=("fixture contact fault", "probe bent", "vacuum lost"),
        tool_every_h=8,
        tool_min=5,
        tool="probe change",
    ),
    "ASM": Kind(
        name="Assembly",
        machine="Assembly bench",
        setup_min=8,
        rework=0.005,
        fails_every_h=55,
        repair_min=12,
        faults=("screwdriver fault", "press fault"),
        tool_every_h=10,
        tool_min=4,
        tool="bit change",
    ),
    "WIR": Kind(
        name="Cabling",
        machine="Cabling bench",
        setup_min=8,
        fails_every_h=60,
        repair_min=14,
        faults=("crimp force out of band", "cutter jam"),
        tool_every_h=9,
        tool_min=4,
        tool="crimp die change",
    ),
    "BRN": Kind(
        name="Burn-in",
        machine="Burn-in chamber",
        setup_min=10,
        scrap=0.004,
        fails_every_h=55,
        repair_min=40,
        faults=("chamber temperature low", "load board fault"),
        tool_every_h=30,
        tool_min=10,
        tool="load board change",
    ),
    "TST": Kind(
        name="Functional test",
        machine="Tester",
        setup_min=10,
        scrap=0.008,
        rework=0.014,
        inspects=True,
        fails_every_h=30,
        repair_min=20,
        faults=("fixture worn", "instrument not ready", "test program stopped"),
        tool_every_h=9,
        tool_min=5,
        tool="fixture change",
    ),
    "PCK": Kind(
        name="Packing",
        machine="Packing cell",
        setup_min=5,
        scrap=0.0003,
        rework=0.001,
        fails_every_h=60,
        repair_min=10,
        faults=("label printer fault", "taper jam"),
        tool_every_h=12,
        tool_min=3,
        tool="label roll",
    ),
    OUTSOURCED: Kind(name="Conformal coating", machine="", scrap=0.002, rework=0.0),
}

LINES: tuple[Line, ...] = (
    Line(
        id="A",
        name="Line A · Network boards",
        calendar="round-the-clock-a",
        open_orders=27,
        planned_efficiency=0.9,
        centers=(
            Center("PRT", ("PRT-1",), 0),
            Center("SMT", ("SMT-1", "SMT-2"), 5000),
            Center("RFL", ("RFL-1",), 5000),
            Center("AOI", ("AOI-1",), 4000),
            Center("SEL", ("SEL-1", "SEL-2"), 5000),
            Center("ICT", ("ICT-1", "ICT-2"), 5000),
            Center(OUTSOURCED, (), 0),
            Center("ASM", ("ASM-1",), 6000),
            Center("TST", ("TST-1", "TST-2"), 4500),
            Center("PCK", ("PCK-1",), 6000),
        ),
    ),
    Line(
        id="B",
        name="Line B · Power and control",
        calendar="round-the-clock-b",
        open_orders=27,
        planned_efficiency=0.86,
        centers=(
            Center("PRT", ("PRT-2",), 0),
            Center("SMT", ("SMT-3",), 4000),
            Center("RFL", ("RFL-2",), 4000),
            Center("AOI", ("AOI-2",), 4000),
            Center("SEL", ("SEL-3",), 3200),
            Center("ICT", ("ICT-3",), 3200),
            Center(OUTSOURCED, (), 0),
            Center("BRN", ("BRN-1", "BRN-2", "BRN-3"), 7000),
            Center("TST", ("TST-3", "TST-4"), 6000),
            Center("PCK", ("PCK-2",), 6000),
        ),
    ),
    Line(
        id="C",
        name="Line C · Box build",
        calendar="two-shifts",
        open_orders=28,
        planned_efficiency=0.94,
        centers=(
            Center("ASM", ("ASM-2", "ASM-3", "ASM-4"), 0),
            Center("WIR", ("WIR-1",), 2200),
            Center("TST", ("TST-5", "TST-6"), 1600),
            Center("PCK", ("PCK-3",), 1800),
        ),
    ),
)

FACTORY = Party(id="hsinchu", name="Hsinchu plant", kind=PartyKind.FACTORY)
CUSTOMERS = (
    Party(id="aurelia", name="Aurelia Telecom", kind=PartyKind.CUSTOMER),
    Party(id="brightwater", name="Brightwater Energy", kind=PartyKind.CUSTOMER),
    Party(id="calder", name="Calder Rail Systems", kind=PartyKind.CUSTOMER),
    Party(id="dunmore", name="Dunmore Medical", kind=PartyKind.CUSTOMER),
)
SHIPPERS = {"aurelia": "strait", "brightwater": "harbour", "calder": "harbour", "dunmore": "strait"}
COATER = "yilan"
LATE_SHARE = {  # share of a supplier's deliveries that come after the need date
    "jade": 0.07,
    "penghu": 0.16,
    "tamsui": 0.11,
    "alishan": 0.05,
    "kenting": 0.09,
    "taroko": 0.04,
    "lukang": 0.03,
    COATER: 0.12,
}
SUPPLIERS = tuple(
    Party(id=id_, name=name, kind=PartyKind.SUPPLIER)
    for id_, name in (
        ("jade", "Jade Mountain Circuits"),
        ("penghu", "Penghu Semiconductor Supply"),
        ("tamsui", "Tamsui Connectors"),
        ("alishan", "Alishan Magnetics"),
        ("kenting", "Kenting Plastics"),
        ("taroko", "Taroko Metalworks"),
        ("lukang", "Lukang Packaging"),
        (COATER, "Yilan Coating Services"),
    )
)
LOGISTICS = (
    Party(id="strait", name="Strait Express", kind=PartyKind.LOGISTICS),
    Party(id="harbour", name="Harbour and Sky Freight", kind=PartyKind.LOGISTICS),
)


def center_id(kind: str, line: str) -> str:
    """Identity of a line's work center: `SEL-A` has the work units `SEL-1` and `SEL-2`."""
    return f"{kind}-{line}"


def site_document() -> Site:
    """Return the whole model of the site."""
    return Site(
        id=SITE_ID,
        name="Hsinchu",
        timezone=TIMEZONE,
        areas=tuple(
            Area(id=ln.id, calendar=ln.calendar, name=ln.name, output=(center_id("PCK", ln.id),))
            for ln in LINES
        ),
        work_centers=tuple(
            WorkCenter(id=center_id(c.kind, ln.id), area=ln.id, name=KINDS[c.kind].name)
            for ln in LINES
            for c in ln.centers
        ),
        work_units=tuple(_work_units()),
        calendars=calendars(),
        parties=(FACTORY, *SUPPLIERS, *CUSTOMERS, *LOGISTICS),
    )


def _work_units() -> list[WorkUnit]:
    return [
        WorkUnit(
            id=unit,
            work_center=center_id(center.kind, line.id),
            name=f"{KINDS[center.kind].machine} {unit.rpartition('-')[2]}",
            signal_limit_s=SIGNAL_LIMIT_S,
        )
        for line in LINES
        for center in line.centers
        for unit in center.units
    ]


def calendars() -> tuple[Calendar, ...]:
    """Shifts and breaks; those of lines A and B never pause at the same time."""
    return (
        _three_shifts("round-the-clock-a", ("09:00", "11:00", "17:00", "19:00", "01:00", "03:00")),
        _three_shifts("round-the-clock-b", ("09:30", "12:00", "17:30", "20:00", "01:30", "04:00")),
        Calendar(
            id="two-shifts",
            shifts=(
                _shift("Early", "06:00", "14:00", "08:15", "10:15", (1, 2, 3, 4, 5, 6)),
                _shift("Late", "14:00", "22:00", "16:15", "18:15", (1, 2, 3, 4, 5, 6)),
            ),
        ),
    )


def _three_shifts(calendar: str, breaks: tuple[str, ...]) -> Calendar:
    spans = (("Day", "07:00", "15:00"), ("Evening", "15:00", "23:00"), ("Night", "23:00", "07:00"))
    shifts = [
        _shift(name, start, finish, breaks[2 * n], breaks[2 * n + 1])
        for n, (name, start, finish) in enumerate(spans)
    ]
    return Calendar(id=calendar, shifts=tuple(shifts))


def _shift(
    name: str,
    start: str,
    finish: str,
    short: str,
    meal: str,
    days: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7),
) -> Shift:
    """Make a shift with a break of 10 minutes and a meal of 30."""
    breaks = (_break(short, 10), _break(meal, 30))
    return Shift(name=name, start=start, finish=finish, days=days, breaks=breaks)


def _break(start: str, minutes: int) -> Break:
    hour, minute = start.split(":")
    return Break(start=start, finish=f"{hour}:{int(minute) + minutes:02d}")
