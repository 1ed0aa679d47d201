"""What parties outside of the factory see and say, wired, and the factory's answers to it.

Imported by the other modules of `web` alone.
"""

import gevent
from flask import Blueprint

from callbacks.desk.customer import CustomerPage
from callbacks.desk.date_acts import DateActs
from callbacks.desk.dates import DatesPage
from callbacks.desk.logistics import LogisticsPage
from callbacks.desk.need_acts import NeedActs
from callbacks.desk.needs import NeedsPage
from callbacks.desk.party_visit import PartyVisits
from callbacks.desk.supplier import SupplierPage
from callbacks.desk.supplier_acts import SupplierActs
from callbacks.desk.visit import DeskPage
from callbacks.entry import Entry
from callbacks.hub import Hub
from callbacks.parties import Parties
from callbacks.telling import Telling
from callbacks.wiring.files import read_needs
from data.secret import derived
from data.services.dates import Dates
from data.services.ingest import Ingest
from data.services.need_talks import NeedTalks
from data.services.news import NewsDesk, What
from data.services.sites import Sites
from data.services.supplying import Supplying
from data.wiring import Engines, Statements


class Outside:
    """What those are shown through who get nothing but disclosed rows, and the factory answers."""

    def __init__(
        self, engines: Engines, sites: Sites, hub: Hub, entry: Entry, secret: bytes,
        ingest: Ingest,
    ) -> None:  # fmt: skip
        said = Statements(engines.sql, derived(secret, "pseudonyms"))
        self.audit, self.disclosures, self.dates = entry.audit, said.disclosures, said.dates
        self.boards, self.board_visits = said.boards, said.visits
        self.visits = PartyVisits(self.boards, self.audit)
        self.live = Parties(hub, sites, self.boards)
        news = NewsDesk(engines.news, gevent.sleep)
        renew = (self.dates.renew, self.disclosures.renew)
        self.telling = Telling(news, hub, self.live, sites.ids, renew)
        gevent.spawn(news.run)
        self.supplying = Supplying(sites, self.boards, self.disclosures, ingest, self.audit)
        told = self.telling.of(What.COMMENT)
        self.talks = NeedTalks(self.supplying, said.comments, self.audit, told)


def supply_boards(outside: Outside, locale: str) -> tuple[list[DeskPage], list[Blueprint]]:
    """Return the suppliers' page and the factory's side of it, and the routes of both."""
    talks, visits = outside.talks, outside.board_visits
    acts = SupplierActs(outside.supplying, talks, read_needs, locale)
    pages = [SupplierPage(talks, visits), NeedsPage(talks, visits)]
    return pages, [acts.blueprint(), NeedActs(talks, locale).blueprint()]


def date_boards(sites: Sites, outside: Outside) -> tuple[list[DeskPage], Blueprint]:
    """Return the boards of customers and carriers, the page of what they ask, and its routes."""
    shown, audit, told = outside.boards, outside.audit, outside.telling.of(What.DATE)
    dates = Dates(sites, shown, outside.disclosures, outside.dates, audit, told)
    visits = outside.board_visits
    pages = [CustomerPage(dates, visits), LogisticsPage(dates), DatesPage(dates)]
    return pages, DateActs(dates).blueprint()
