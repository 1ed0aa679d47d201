"""What the demo factory makes: product families, their routes, run times and parts.

Plain data and the choice of the next product; imported by `data.simulate` alone.
"""

from random import Random

from msgspec import Struct

from data.simulate.plant import OUTSOURCED

CAMPAIGN_S = 44 * 3600  # a line's mix leans towards one family for about two days
COATED = "-C"


class Family(Struct, frozen=True, kw_only=True):
    """Products that share a route.

    Units: `run_s` seconds a piece at each step, in the order of the route; `lots` pieces.
    """

    id: str
    name: str
    line: str
    run_s: dict[str, float]
    lots: tuple[int, int, int]  # smallest, largest, step
    products: tuple[tuple[str, float], ...]  # id and how much more work it is than the family's
    parts: dict[str, tuple[str, ...]]  # step -> parts it needs


class Part(Struct, frozen=True):
    """A bought part and who supplies it."""

    name: str
    supplier: str


PARTS: dict[str, Part] = {
    "B-110": Part("Bare board, 8 layers", "jade"),
    "B-112": Part("Bare board, 12 layers", "jade"),
    "U-310": Part("Controller chip", "penghu"),
    "U-325": Part("Radio chip", "penghu"),
    "J-204": Part("Edge connector, 40 pins", "tamsui"),
    "J-211": Part("Power connector", "tamsui"),
    "L-120": Part("Choke, 22 µH", "alishan"),
    "L-135": Part("Transformer", "alishan"),
    "H-501": Part("Housing", "kenting"),
    "H-520": Part("Front panel", "kenting"),
    "M-330": Part("Heat sink", "taroko"),
    "W-210": Part("Cable harness", "tamsui"),
    "K-015": Part("Carton with foam", "lukang"),
}

FAMILIES: tuple[Family, ...] = (
    Family(
        id="NB",
        name="Network boards",
        line="A",
        run_s={
            "PRT": 2.4,
            "SMT": 5.4,
            "RFL": 2.5,
            "AOI": 2.7,
            "SEL": 6.7,
            "ICT": 5.2,
            "ASM": 2.7,
            "TST": 5.5,
            "PCK": 2.9,
        },
        lots=(2000, 4000, 250),
        products=(("NB-2410", 1.0), ("NB-2480", 1.06), ("NB-4820", 0.95)),
        parts={"PRT": ("B-112",), "SEL": ("J-204",), "ASM": ("M-330",)},
    ),
    Family(
        id="SB",
        name="Server boards",
        line="A",
        run_s={
            "PRT": 2.6,
            "SMT": 6.9,
            "RFL": 2.7,
            "AOI": 3.2,
            "SEL": 5.0,
            "ICT": 5.9,
            "TST": 5.6,
            "PCK": 3.0,
        },
        lots=(1500, 3500, 250),
        products=(("SB-100", 1.0), ("SB-140", 1.07)),
        parts={"SMT": ("U-310",), "SEL": ("J-204", "J-211")},
    ),
    Family(
        id="WM",
        name="Wireless modules",
        line="A",
        run_s={
            "PRT": 2.2,
            "SMT": 4.9,
            "RFL": 2.4,
            "AOI": 2.6,
            "ICT": 4.6,
            OUTSOURCED: 0.0,
            "ASM": 2.5,
            "TST": 7.0,
            "PCK": 2.9,
        },
        lots=(2500, 4500, 250),
        products=(("WM-60", 1.0), ("WM-62", 1.05), ("WM-62" + COATED, 1.05)),
        parts={"SMT": ("U-325",), "ASM": ("H-501",), "PCK": ("K-015",)},
    ),
    Family(
        id="PS",
        name="Power supplies",
        line="B",
        run_s={
            "PRT": 2.6,
            "SMT": 2.9,
            "RFL": 2.6,
            "AOI": 2.8,
            "SEL": 3.7,
            "ICT": 3.0,
            "BRN": 9.9,
            "TST": 6.0,
            "PCK": 3.1,
        },
        lots=(1500, 3500, 250),
        products=(("PS-75", 1.0), ("PS-150", 1.08), ("PS-240", 0.96)),
        parts={"PRT": ("B-110",), "SEL": ("L-135", "J-211")},
    ),
    Family(
        id="MC",
        name="Motor controls",
        line="B",
        run_s={
            "PRT": 2.8,
            "SMT": 3.7,
            "RFL": 2.8,
            "AOI": 3.0,
            "SEL": 2.9,
            "ICT": 3.1,
            OUTSOURCED: 0.0,
            "TST": 6.2,
            "PCK": 3.1,
        },
        lots=(1500, 3000, 250),
        products=(("MC-30", 1.0), ("MC-31", 1.04), ("MC-30" + COATED, 1.0)),
        parts={"SMT": ("U-310",), "SEL": ("L-120",)},
    ),
    Family(
        id="IO",
        name="I/O modules",
        line="B",
        run_s={
            "PRT": 2.5,
            "SMT": 3.1,
            "RFL": 2.6,
            "AOI": 3.6,
            "ICT": 3.2,
            "BRN": 7.5,
            "TST": 6.5,
            "PCK": 3.1,
        },
        lots=(2000, 4000, 250),
        products=(("IO-16", 1.0), ("IO-32", 1.05)),
        parts={"SMT": ("U-310",), "PCK": ("K-015",)},
    ),
    Family(
        id="GW",
        name="Gateways",
        line="C",
        run_s={"ASM": 23.0, "WIR": 6.4, "TST": 13.5, "PCK": 7.0},
        lots=(400, 1100, 50),
        products=(("GW-8", 1.0), ("GW-12", 1.07)),
        parts={"ASM": ("H-501",), "PCK": ("K-015",)},
    ),
    Family(
        id="CN",
        name="Cabinet controllers",
        line="C",
        run_s={"ASM": 19.5, "WIR": 8.0, "TST": 13.0, "PCK": 6.8},
        lots=(300, 900, 50),
        products=(("CN-400", 1.0), ("CN-420", 1.04)),
        parts={"ASM": ("H-520",), "WIR": ("W-210",)},
    ),
    Family(
        id="HM",
        name="Operator panels",
        line="C",
        run_s={"ASM": 19.0, "WIR": 6.0, "TST": 16.8, "PCK": 7.0},
        lots=(400, 900, 50),
        products=(("HM-7", 1.0), ("HM-10", 1.05)),
        parts={"ASM": ("H-520", "W-210")},
    ),
)


def choose(line: str, at: float, seed: int, rng: Random) -> tuple[Family, str, float]:
    """Return family, product and work factor of a line's next order.

    The mix of the time leans towards one family, so the bottleneck moves with it.
    """
    families = [family for family in FAMILIES if family.line == line]
    campaign = Random(f"{seed}/{line}/{int(at // CAMPAIGN_S)}").randrange(len(families))
    weights = [4.0 if n == campaign else 1.0 for n in range(len(families))]
    family = rng.choices(families, weights)[0]
    product, factor = rng.choice(family.products)
    return family, product, factor


def route(family: Family, product: str) -> list[tuple[str, float]]:
    """Steps of a product with their seconds a piece; coating is for coated variants alone."""
    coated = product.endswith(COATED)
    return [(k, s) for k, s in family.run_s.items() if coated or k != OUTSOURCED]
