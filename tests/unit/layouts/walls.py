"""Every wall the tests of the layouts look at: each view on screens of each kind."""

from itertools import product

from layouts.screens import Screen
from layouts.text import LOCALES
from tests.browser.harness.views import VIEWS

SIZES = ((4.0, 75.0), (5.0, 55.0), (10.0, 75.0), (1.0, 98.0))
KINDS = list(product(sorted(VIEWS), LOCALES, SIZES))


def screen_of(locale: str = "en", size: tuple[float, float] = SIZES[0], **more: object) -> Screen:
    distance_m, diagonal_in = size
    fields = {"id": "s", "site": "hsinchu", "area": "smt", "locale": locale} | more
    return Screen(distance_m=distance_m, diagonal_in=diagonal_in, **fields)
