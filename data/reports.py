"""What daily reports stand on, put together from the stores: for the page, and for the mail.

Beside `data.wiring`: adapters meet services here. Imported by `web` and `data.wiring`.
"""

import os
from datetime import datetime
from typing import TYPE_CHECKING

from data.domain.facts import Facts
from data.domain.people import Account
from data.services.audit import Audit
from data.services.boards import Boards
from data.services.bottleneck_history import BottleneckHistory
from data.services.caching import Cached
from data.services.daily_report import DailyReports, ReportViews, Views
from data.services.delivering import Ways
from data.services.disclosures import Disclosures
from data.services.errors import Forbidden
from data.services.live import utc_now
from data.services.past import PastSites
from data.services.planning import Plants
from data.services.report_post import Gathering, Papers, ReportPost, mail_of
from data.services.shift_figures import ShiftFigures
from data.services.sites import Sites
from data.services.views import SiteView
from data.settings import Settings
from data.store.audit import AuditStore
from data.store.bottlenecks import BottleneckStore
from data.store.deliveries import DeliveryStore
from data.store.exceptions import ExceptionStore
from data.store.orders import CompletedOrders
from data.store.past import PastEvents
from data.store.preferences import PreferenceStore
from data.store.report_schedules import ReportScheduleStore
from data.store.shift_figures import ShiftFigureStore
from data.stream.cache import RedisShelf
from data.stream.facts import FactsStream

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from data.domain.scope import Scope


class ReportParts:
    """Everything that the page asks."""

    def __init__(self, sql: "Engine", sites: Sites, settings: Settings) -> None:
        views = ReportViews(
            sites.get, PastSites(PastEvents(sql), sites.now),
            lambda scope, site: sites.get(scope, site).facts,
        )  # fmt: skip
        self.reports = _reports(sql, views, settings)
        self.schedules = ReportScheduleStore(sql)
        self._preferences = PreferenceStore(sql)
        self._ways = _ways(settings)

    def mail_of(self, account: Account) -> str:
        """Return the address that somebody's reports go to; empty: nowhere.

        Raises: Unavailable.
        """
        chosen = mail_of(account, self._preferences.preference(account.id), self._ways)
        return "" if chosen is None else chosen.address


class Snapshots:
    """What the watch has found out, read once when it is asked for."""

    def __init__(self, stream: FactsStream) -> None:
        self._stream = stream

    def facts(self, site: str) -> Facts:
        """Return all facts of a site.

        Raises: Unavailable.
        """
        facts = Facts()
        facts.replace(self._stream.snapshot(site).documents)
        return facts


def post_of(
    sql: "Engine", stream: FactsStream, settings: Settings, plants: Plants, ways: Ways,
    papers: Papers, secret: bytes, disclosures: Disclosures,
) -> ReportPost:  # fmt: skip
    """Make what mails reports; of boards it has those of the past alone."""
    now = _Clocks(plants)
    known = Snapshots(stream)
    views = ReportViews(
        now.nobody, PastSites(PastEvents(sql), now), lambda _, site: known.facts(site)
    )
    gathering = Gathering(
        _reports(sql, views, settings), views, Boards(disclosures), known,
        Audit(AuditStore(sql), secret, utc_now),
    )  # fmt: skip
    return ReportPost(
        ReportScheduleStore(sql), PreferenceStore(sql), plants, gathering, papers,
        DeliveryStore(sql), ways, utc_now,
    )  # fmt: skip


class _Clocks:
    """Each site's own now; nobody follows a site here."""

    def __init__(self, plants: Plants) -> None:
        self._plants = plants

    def __call__(self, site: str) -> datetime:
        """Return it."""
        for one in self._plants.sites():
            if one.id == site:
                return one.now(utc_now())
        raise Forbidden(site)

    def nobody(self, scope: "Scope", site: str) -> SiteView:
        """Refuse: there is no live board."""
        raise Forbidden(site)


def _reports(sql: "Engine", views: Views, settings: Settings) -> DailyReports:
    cached = Cached(RedisShelf(settings.redis_url or ""))
    return DailyReports(
        views, ShiftFigures(ShiftFigureStore(sql), cached),
        BottleneckHistory(BottleneckStore(sql), cached), ExceptionStore(sql), CompletedOrders(sql),
    )  # fmt: skip


def _ways(settings: Settings) -> Ways:
    from data.notify.ways import NOBODY, read

    return NOBODY if settings.notify is None else read(settings.notify, os.environ, utc_now)
