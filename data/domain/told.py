"""What somebody was told, as their own list shows it.

Pure. Imported by whoever keeps, words or shows the list.
"""

from msgspec import Struct

from data.domain.deliveries import Delivery
from data.domain.notices import Notice


class Told(Struct, frozen=True, kw_only=True):
    """One piece of news: `own` in the program itself, `ways` what went out beside it."""

    own: Delivery
    ways: tuple[Delivery, ...] = ()


class Line(Struct, frozen=True, kw_only=True):
    """One line of the list. `said` None: nothing of it may be said (any more).

    `number`: of the exception that it is about; `useful`: what the reader thought of that.
    """

    told: Told
    said: Notice | None
    fresh: bool
    number: int | None = None
    useful: bool | None = None
