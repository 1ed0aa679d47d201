"""`POST /report/schedule`: when the daily report is mailed to whoever asks; and the form for it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from dash.development.base_component import Component
from flask import Blueprint, Response, abort, request
from msgspec.structs import replace
from werkzeug.wrappers import Response as Answer

from callbacks.desk.party_visit import PartyVisit
from callbacks.desk.report import ROLES
from callbacks.gate import Viewer, viewer
from data.domain.people import Account
from data.domain.report import names_of
from data.domain.report_schedule import EVERY_SHIFT, Schedule, ScheduleError, checked
from data.domain.scope import Scope
from data.domain.site import Site
from data.services.errors import Unavailable
from data.services.live import LiveSite
from layouts.components.report_form import ACTION, DAILY, EACH, SENT, WRONG, MailView, mail_form
from layouts.urls import address

_LONGEST = 100


class Schedules(Protocol):
    """Who wants what when."""

    def of(self, account: str, site: str) -> Schedule | None:
        """What one account wants."""

    def keep(self, said: Schedule) -> None:
        """Keep it."""

    def drop(self, account: str, site: str) -> None:
        """Send it no more."""


class Sites(Protocol):
    """Sites of which rows may be shown."""

    def disclosing(self, scope: Scope) -> list[LiveSite]:
        """Those of a scope."""


MailOf = Callable[[Account], str]  # where somebody's reports go to; empty: nowhere


class ReportActs:
    """The form and its handler."""

    def __init__(
        self, schedules: Schedules, sites: Sites, mail_of: MailOf,
        who: Callable[[], Viewer] = viewer,
    ) -> None:  # fmt: skip
        self._schedules, self._sites = schedules, sites
        self._mail_of = mail_of
        self._who = who

    def blueprint(self) -> Blueprint:
        """Return the route."""
        routes = Blueprint("reports", __name__)
        routes.post(ACTION)(self.schedule)
        return routes

    def form(self, visit: PartyVisit, site: Site) -> Component | None:
        """Return the form; None for who has no account, and when SQL can't be reached."""
        account = self._who().account
        if account is None:
            return None
        try:
            known, mail = self._schedules.of(account.id, site.id), self._mail_of(account)
        except Unavailable:
            return None
        view = MailView(
            site=site.id, csrf=visit.csrf, address=mail, shifts=names_of(site), schedule=known,
            said=visit.choice("said", tuple(SENT), ""),
            wrong=visit.choice("wrong", tuple(WRONG), ""),
        )  # fmt: skip
        return mail_form(view, visit.t)

    def schedule(self) -> Answer:
        """Keep what the form says, or send nothing any more."""
        who, site = self._who(), request.form.get("site", "")[:_LONGEST]
        lives = {one.site: one for one in self._sites.disclosing(who.scope)}
        if who.account is None or who.scope.role not in ROLES or site not in lives:
            abort(404)
        try:
            return _back(site, self._done(who.account, lives[site]))
        except ScheduleError as error:
            return _back(site, {"wrong": error.field})
        except Unavailable as error:
            answer = Response("the history can't be reached now; nothing was kept\n", 503)
            answer.headers["Retry-After"] = str(error.retry_after_s)
            return answer

    def _done(self, account: Account, live: LiveSite) -> Mapping[str, str]:
        if request.form.get("do") == "drop":
            self._schedules.drop(account.id, live.site)
            return {"said": "dropped"}
        model = live.board.site
        said = _said(account, model, live.now)
        self._schedules.keep(checked(said, names_of(model)))
        return {"said": "kept"}


def _said(account: Account, site: Site, now: datetime) -> Schedule:
    """Return what the form says; reports of what is over already aren't sent.

    Raises: ScheduleError.
    """
    when = request.form.get("when", EACH)[:_LONGEST]
    days = request.form.getlist("days")[:7]
    if not all(day.isascii() and day.isdigit() and len(day) == 1 for day in days):
        raise ScheduleError("days")
    said = Schedule(
        account=account.id,
        site=site.id,
        upto=now,
        shift=EVERY_SHIFT if when in (EACH, DAILY) else when,
        days=tuple(sorted({int(day) for day in days})),
        formats=tuple(request.form.getlist("formats")[:5]),
        language=request.form.get("language", "")[:_LONGEST],
    )
    if when != DAILY:
        return said
    at = request.form.get("at", "")[:5]
    if not at:
        raise ScheduleError("at")
    return replace(said, at=at)


def _back(site: str, told: Mapping[str, str]) -> Answer:
    answer = Response(status=303)
    answer.headers["Location"] = address("/report", {"site": site, **told})
    return answer
