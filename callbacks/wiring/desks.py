"""The pages that are read at a desk, wired, a line each.

Imported by the other modules of `callbacks.wiring` alone.
"""

from flask import Blueprint

from callbacks.desk.access import AccessPage
from callbacks.desk.audit import AuditPage
from callbacks.desk.bottleneck import BottleneckPage
from callbacks.desk.delays import DelaysPage
from callbacks.desk.disclosure import DisclosurePage
from callbacks.desk.disclosure import Visits as FormVisits
from callbacks.desk.figures import FiguresPage
from callbacks.desk.gantt import GanttPage, Visits
from callbacks.desk.order import OrderPage
from callbacks.desk.orders import OrdersPage
from callbacks.desk.quarantine import QuarantinePage
from callbacks.desk.report import ReportPage
from callbacks.desk.report_acts import ReportActs
from callbacks.desk.visit import DeskPage
from callbacks.wiring.outside import Outside
from data.reports import ReportParts
from data.services.access import Access
from data.services.accounts import Accounts
from data.services.accounts_then import AccountsThen
from data.services.bottleneck_history import BottleneckHistory
from data.services.caching import Cached
from data.services.delays import Delays
from data.services.disclosure_desk import DisclosureDesk
from data.services.gantt import Gantts
from data.services.live import utc_now
from data.services.news import What
from data.services.order_boards import OrderBoards
from data.services.orders import Orders
from data.services.quarantine import Quarantine
from data.services.shift_figures import ShiftFigures
from data.services.sites import Sites
from data.settings import Settings
from data.store.access import AccessStore
from data.store.accounts import AccountPast
from data.store.bottlenecks import BottleneckStore
from data.store.delays import DelayStore
from data.store.disclosures import DisclosureStore
from data.store.gantt import GanttStore
from data.store.keys import KeyStore
from data.store.orders import CompletedOrders
from data.store.past import PastEvents
from data.store.people import PeopleStore
from data.store.quarantine import QuarantineStore
from data.store.shift_figures import ShiftFigureStore
from data.wiring import Engines


def desk_pages(engines: Engines, cached: Cached, outside: Outside) -> list[DeskPage]:
    """Return every page that is read at a desk, a line each."""
    recorded, then = AccountPast(engines.past), PastEvents(engines.past)
    boards = OrderBoards(engines.history, then)
    return [
        OrdersPage(Orders(CompletedOrders(engines.past))),
        OrderPage(Accounts(recorded), AccountsThen(recorded, then), boards, outside.talks),
        DelaysPage(Delays(DelayStore(engines.past), cached)),
        BottleneckPage(BottleneckHistory(BottleneckStore(engines.past), cached)),
        FiguresPage(ShiftFigures(ShiftFigureStore(engines.past), cached)),
    ]


def gantt_page(engines: Engines, visits: Visits) -> DeskPage:
    """Return the page that draws itself anew while its reader pans and zooms."""
    versions = Accounts(AccountPast(engines.past))
    return GanttPage(Gantts(GanttStore(engines.past), versions), visits)


def report_page(engines: Engines, sites: Sites, settings: Settings) -> tuple[DeskPage, Blueprint]:
    """Return the daily report, and the route by which people have it mailed to them."""
    parts = ReportParts(engines.sql, sites, settings)
    acts = ReportActs(parts.schedules, sites, parts.mail_of)
    return ReportPage(parts.reports, sites, acts.form), acts.blueprint()


def administration(engines: Engines, outside: Outside, visits: FormVisits) -> list[DeskPage]:
    """Return the pages of those who look after who sees what, a line each."""
    sql, policies = engines.sql, outside.disclosures
    people, store = PeopleStore(sql), DisclosureStore(sql)
    access = Access(people, KeyStore(sql), AccessStore(sql), policies, utc_now)
    desk = DisclosureDesk(policies, store, outside.boards, outside.audit)
    return [
        DisclosurePage(desk, visits, outside.telling.of(What.POLICY)),
        AccessPage(access, outside.audit),
        AuditPage(outside.audit, access.names),
    ]


def quarantine_page(engines: Engines, sites: Sites) -> DeskPage:
    """Return the page on what was not taken."""
    return QuarantinePage(Quarantine(QuarantineStore(engines.past), utc_now), sites.all)
