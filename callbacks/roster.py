"""`/roster`: who is on call, kept by a site's administrators, managers and planners."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence

import msgspec
from flask import Blueprint, Response, abort, redirect, request
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response as Answer

from callbacks.gate import viewer
from callbacks.plain_pages import PlainPages, by, given
from data.domain.exceptions.on_call import posts
from data.domain.exceptions.recipients import Staff
from data.domain.exceptions.rule_rules import OWNERS
from data.domain.people import Account
from data.domain.preferences import MOST_DUTIES, Duty, PreferenceError
from data.domain.site import Site
from data.services.errors import Forbidden
from data.services.live import utc_now
from data.services.preferences import Roster
from layouts.pages import roster
from layouts.pages.roster import PATH, Shown
from layouts.urls import address

_LONGEST = 200


class RosterPages:
    """The handlers."""

    def __init__(self, service: Roster, pages: PlainPages) -> None:
        self._roster, self._pages = service, pages

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        routes = Blueprint("roster", __name__, url_prefix=PATH)
        routes.get("")(self.listed)
        routes.post("/save")(self.save)
        return routes

    def listed(self) -> Response:
        """Show the roster of a site."""
        return self._show(
            self._pages.site(request.args.get("site")), done=request.args.get("said", "")
        )

    def save(self) -> Answer:
        """Put a roster in the place of the one that was shown."""
        who, site = viewer(), self._pages.site(given("site"))
        staff = {one.id: one for one in self._roster.staff(who.scope, site.id)}
        if mark_of(self._roster.of(who.scope, site.id)) != given("was"):
            return self._show(site, wrong="moved", status=409)
        try:
            said = list(duties_of(request.form, site.id, staff))
            self._roster.change(who.scope, by(), site, said)
        except PreferenceError as error:
            return self._show(site, wrong=error.field, status=422)
        except Forbidden:
            abort(404)
        return redirect(address(PATH, {"site": site.id, "said": "saved"}), 303)

    def _show(self, site: Site, wrong: str = "", status: int = 200, done: str = "") -> Response:
        scope = viewer().scope
        duties, staff = self._roster.of(scope, site.id), self._roster.staff(scope, site.id)
        now = utc_now()
        here = Staff(site=site, people=staff, duties=duties, now=now)
        shown = Shown(
            site=site, duties=duties,
            staff=sorted(staff, key=lambda one: (one.role, one.name)), posts=posts(here, OWNERS),
            now=site.now(now), was=mark_of(duties), wrong=wrong, done=done,
        )  # fmt: skip
        body = roster.layout(shown, generate_csrf(), self._pages.t())
        return self._pages.show(PATH, roster.TITLE, body, status, site.id)


def mark_of(duties: Sequence[Duty]) -> str:
    """Return what tells one roster from another."""
    return hashlib.sha256(msgspec.json.encode(list(duties))).hexdigest()[:16]


def duties_of(form: Mapping[str, str], site: str, staff: Mapping[str, Account]) -> Iterator[Duty]:
    """Yield the lines of a roster as a form has them; one without a person is left out.

    Raises: PreferenceError.
    """
    count = form.get("lines", "")
    if not (count.isascii() and count.isdigit() and len(count) < 6):
        raise PreferenceError("roster", f"at most {MOST_DUTIES} lines")
    for place in range(min(int(count), MOST_DUTIES + 1)):
        person = form.get(f"account_{place}", "")
        if not person:
            continue
        if person not in staff:
            raise PreferenceError("account", "somebody of the site")
        yield Duty(
            site=site, role=staff[person].role, account=person,
            area=form.get(f"area_{place}", "")[:_LONGEST],
            shift=form.get(f"shift_{place}", "")[:_LONGEST],
        )  # fmt: skip
