"""`/logistics`: a forwarder's own board, drawn from what is disclosed to it and nothing else."""

from collections.abc import Mapping, Sequence

from dash import Dash
from dash.development.base_component import Component
from msgspec import Struct

from callbacks.desk.customer import reading_of
from callbacks.desk.date_acts import sent, wrong
from callbacks.desk.party_visit import PartyVisit
from data.domain.policy import Kind
from data.domain.scope import Role
from data.domain.shipping import Approach, Booking, Load, Stage, approaching, loads
from data.domain.topics import STATEMENTS
from data.services.dates import Dated, Dates
from data.services.errors import Forbidden
from layouts.components.dating import Sender
from layouts.pages import logistics
from layouts.sheets import Sheet
from layouts.text import Translator

ROWS = 50
MOST_PAGES = 400
ACTION = "/logistics/say"
_STAGES = {
    "now": (Stage.READY, Stage.COMING),
    "ready": (Stage.READY,),
    "coming": (Stage.COMING,),
    "later": (Stage.LATER,),
    "collected": (Stage.COLLECTED,),
}


class Found(Struct, frozen=True, kw_only=True):
    """What one visit found: everything that is to be fetched, and what the address leaves."""

    loads: Sequence[Load]
    shown: Sequence[Load]
    near: Sequence[Approach]
    said: Mapping[str, Dated]


class LogisticsPage:
    """What is ready to be fetched."""

    name = "logistics"
    path = "/logistics"
    topics = 1 | STATEMENTS
    party = True
    roles = frozenset({Role.LOGISTICS})

    def __init__(self, dates: Dates) -> None:
        self._dates = dates

    def title(self, t: Translator) -> str:
        """Return the page's name."""
        return t(logistics.TITLE)

    def body(self, visit: PartyVisit) -> Component:
        """Return the board that the address asks for."""
        found = self._found(visit)
        page = visit.whole("page", 1, MOST_PAGES, 1)
        chosen, shown = visit.text("order"), found.shown[(page - 1) * ROWS : page * ROWS]
        open_ = next((one for one in found.loads if chosen and one.key == chosen), None)
        if chosen and open_ is None:
            raise Forbidden(chosen)
        if open_ is not None and open_ not in shown:
            shown = [open_, *shown]
        reading = reading_of(visit)
        view = logistics.LogisticsView(
            loads=shown,
            near=found.near,
            which=_which(visit),
            text=visit.text("q") or "",
            counts=_counts(found.loads),
            page=page,
            pages=-(-len(found.shown) // ROWS),
            reading=reading,
            chosen=chosen,
            said={key: one.entries for key, one in found.said.items()},
            sender=Sender(action=ACTION, csrf=visit.csrf, site=visit.site, reading=reading),
            sent=sent(visit),
            wrong=wrong(visit),
        )
        return logistics.layout(view, visit.href)

    def sheets(self, visit: PartyVisit) -> Sequence[Sheet]:
        """Return what the filters leave, and the milestones that come near."""
        found = self._found(visit)
        return logistics.sheets(found.shown, found.near, visit.t)

    def register(self, app: Dash) -> None:
        """Nothing: all its state is in the address."""

    def _found(self, visit: PartyVisit) -> Found:
        said = self._dates.history(visit.scope, visit.site, visit.now)
        agreed = {key: one.standing for key, one in said.items()}
        every = loads(visit.rows(Kind.ORDER), agreed, visit.now)
        near = approaching(visit.rows(Kind.MILESTONE), visit.now)
        words, stages = (visit.text("q") or "").casefold(), _STAGES[_which(visit)]
        shown = [one for one in every if one.stage in stages and words in _told(one)]
        return Found(loads=every, shown=shown, near=near, said=said)


def _which(visit: PartyVisit) -> str:
    return visit.choice("which", logistics.WHICH, logistics.WHICH[0])


def _told(one: Load) -> str:
    return f"{one.order or ''} {one.customer or ''}".casefold()


def _counts(every: Sequence[Load]) -> dict[str, int]:
    counts = {which: sum(one.stage in of for one in every) for which, of in _STAGES.items()}
    counts["waiting"] = sum(one.booking is Booking.ASKED_OF_US for one in every)
    return counts
