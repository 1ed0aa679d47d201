"""`/dates`: what customers and carriers asked for, for who answers for the factory."""

from collections import Counter
from collections.abc import Sequence

from dash import Dash
from dash.development.base_component import Component
from flask_wtf.csrf import generate_csrf

from callbacks.desk.date_acts import sent, wrong
from callbacks.desk.visit import BadParameter, Visit
from data.domain.topics import FORECASTS, OPERATIONS, PLAN, STATEMENTS
from data.services.dates import Dates, Waiting
from layouts.components.dating import Sender
from layouts.components.reading import Reading
from layouts.pages import dates
from layouts.sheets import Sheet
from layouts.text import Translator
from layouts.urls import Address

ACTION = "/dates/say"


class DatesPage:
    """Requests and disputes that wait for an answer."""

    name = "dates"
    path = "/dates"
    topics = OPERATIONS | PLAN | FORECASTS | STATEMENTS

    def __init__(self, service: Dates) -> None:
        self._dates = service

    def title(self, t: Translator) -> str:
        """Return the page's name."""
        return t(dates.TITLE)

    def body(self, visit: Visit) -> Component:
        """Return what waits, of the choice in the address."""
        items = self._items(visit)
        which = _which(visit)
        counts = Counter(kind for item in items for kind in item.kinds)
        reading = Reading(
            t=visit.t, timezone=visit.timezone, now=visit.now,
            address=Address(path=visit.path, query=visit.query, variables=visit.variables),
        )  # fmt: skip
        view = dates.DatesView(
            items=_chosen(items, which) if visit.text("order") is None else items,
            which=which,
            order=visit.text("order"),
            counts=counts,
            reading=reading,
            sender=self._sender(visit, reading),
            sent=sent(visit),
            wrong=wrong(visit),
        )
        return dates.layout(view, visit.href)

    def sheets(self, visit: Visit) -> Sequence[Sheet]:
        """Return what was said about everything that waits."""
        return (dates.sheet(_chosen(self._items(visit), _which(visit)), visit.t),)

    def register(self, app: Dash) -> None:
        """Nothing: all its state is in the address."""

    def _items(self, visit: Visit) -> list[dates.Item]:
        if visit.at is not None:
            raise BadParameter("at", "live")
        names = {party.id: party.name for party in visit.live.board.site.parties}
        order = visit.text("order")
        if order is not None:
            found = self._dates.of_order(visit.scope, visit.site, order)
        else:
            found = self._dates.waiting(visit.scope, visit.site)
        return [_item(one, names) for one in found]

    def _sender(self, visit: Visit, reading: Reading) -> Sender | None:
        if not self._dates.may_answer(visit.scope):
            return None
        return Sender(action=ACTION, csrf=generate_csrf(), site=visit.site, reading=reading)


def _which(visit: Visit) -> str:
    return visit.choice("which", dates.WHICH, dates.WHICH[0])


def _chosen(items: Sequence[dates.Item], which: str) -> list[dates.Item]:
    return [item for item in items if which in item.kinds]


def _item(one: Waiting, names: dict[str, str]) -> dates.Item:
    party = one.subject.party
    return dates.Item(
        subject=one.subject, party=names.get(party, party), plan=one.plan, row=one.row,
        entries=one.dated.entries, standing=one.dated.standing, current=one.current,
    )  # fmt: skip
