"""`/triggers`: milestone triggers, looked after by administrators, managers and planners."""

from collections.abc import Callable, Mapping

from flask import Blueprint, Response, abort, redirect, request
from flask_wtf.csrf import generate_csrf
from msgspec.structs import replace
from werkzeug.wrappers import Response as Answer

from callbacks.gate import viewer
from callbacks.notifications import NOTIFICATION_STYLES, site_of, sites_shown
from callbacks.viewer import theme_of, translator_of
from data.domain.scope import Role
from data.domain.site import Site
from data.domain.triggers import Trigger, TriggerError, When
from data.services.accounts_desk import By
from data.services.errors import Forbidden
from data.services.live import utc_now
from data.services.triggers import Triggers
from layouts.pages import triggers
from layouts.pages.triggers import NEW, PATH, READERS, TOLD, Row, Shown, named
from layouts.plain import document
from layouts.text import Translator
from layouts.urls import address

_LONGEST, _LONGEST_LIST = 200, 30_000


class TriggerPages:
    """The handlers. `sites`: the models of sites, by id."""

    def __init__(
        self, service: Triggers, sites: Callable[[], Mapping[str, Site]], locale: str
    ) -> None:
        self._triggers, self._sites = service, sites
        self._locale = locale

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        routes = Blueprint("triggers", __name__, url_prefix=PATH)
        routes.get("")(self.listed)
        for act in (self.save, self.switch, self.drop):
            routes.post(f"/{act.__name__}")(act)
        return routes

    def listed(self) -> Response:
        """Show the triggers of a site, and the form of the one that the address names."""
        site = self._site(request.args.get("site"))
        return self._show(site, request.args.get("trigger", ""), done=request.args.get("said", ""))

    def save(self) -> Answer:
        """Keep a trigger as its form has it."""
        site, t = self._site(_given("site")), self._t()
        before = self._row(site, _given("trigger"))
        known = before.trigger if before else _new(_given("trigger"))
        try:
            said = said_by(known, request.form, t.locale)
            if _given("was") == "0" and before is not None and before.version:
                return self._show(site, known.id, wrong="moved", status=409)
            if not self._triggers.change(viewer().scope, _by(), site.id, said, _was()):
                return self._show(site, known.id, wrong="moved", status=409)
        except TriggerError as error:
            shown = before.trigger.id if before else NEW
            return self._show(site, shown, wrong=error.field, status=422)
        except Forbidden:
            abort(404)
        return _back(site, "saved")

    def switch(self) -> Answer:
        """Switch a trigger on or off."""
        site = self._site(_given("site"))
        row = self._row(site, _given("trigger"))
        if row is None:
            abort(404)
        said = replace(row.trigger, on=_given("on") == "1")
        try:
            if not self._triggers.change(viewer().scope, _by(), site.id, said, _was()):
                return self._show(site, said.id, wrong="moved", status=409)
        except TriggerError as error:
            return self._show(site, said.id, wrong=error.field, status=422)
        return _back(site, "saved")

    def drop(self) -> Answer:
        """Drop a trigger; a usual one is then as it usually is."""
        site, name = self._site(_given("site")), _given("trigger")
        if not self._triggers.drop(viewer().scope, _by(), site.id, name, _was()):
            return self._show(site, name, wrong="moved", status=409)
        return _back(site, "dropped")

    def _rows(self, site: Site) -> list[Row]:
        scope = viewer().scope
        fired = self._triggers.last_fired(scope, site.id)
        return [
            Row(trigger=one, version=version, fired=fired.get(one.id))
            for one, version in self._triggers.of(scope, site.id)
        ]

    def _row(self, site: Site, name: str) -> Row | None:
        return next((row for row in self._rows(site) if row.trigger.id == name), None)

    def _show(
        self, site: Site, name: str = "", wrong: str = "", status: int = 200, done: str = ""
    ) -> Response:
        t, rows = self._t(), self._rows(site)
        chosen = next((row for row in rows if row.trigger.id == name), None)
        fresh = name == NEW
        shown = Shown(
            site=site, sites=sites_shown(self._sites()), rows=rows, ways=self._triggers.ways(),
            now=utc_now(), chosen=Row(trigger=_new(""), version=0) if fresh else chosen,
            fresh=fresh, wrong=wrong, done=done,
        )  # fmt: skip
        body = triggers.layout(shown, generate_csrf(), t)
        theme, kept = theme_of(request.args.get("theme")), {"site": site.id}
        page = document(
            t(triggers.TITLE), body, t, theme, NOTIFICATION_STYLES, wide=True, kept=kept
        )
        answer = Response(page, status, mimetype="text/html")
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def _site(self, wanted: str | None) -> Site:
        found = site_of(self._sites(), wanted)
        if found is None:
            abort(404)
        return found

    def _t(self) -> Translator:
        return translator_of(self._locale, request.args.get("lang"))


def said_by(before: Trigger, given: Mapping[str, str], locale: str) -> Trigger:
    """Return a trigger as a form has it.

    Raises: TriggerError for what is no number or no choice.
    """
    when, sure, reads = given.get("when", ""), given.get("sure", ""), given.get("reads", "")
    if when not in set(When):
        raise TriggerError("when", "reached or near")
    if reads not in ("", *READERS):
        raise TriggerError("reads", "customer or logistics")
    known = [*before.ways, *(name[4:] for name in given if name.startswith("way_"))]
    return replace(
        before, when=When(when), on=given.get("on") == "1",
        name=named(before, locale, given.get("name", "").strip()[:_LONGEST]),
        milestones=_names(given, "milestones"), customers=_names(given, "customers"),
        products=_names(given, "products"), within_min=_number(given.get("within_min", "")),
        sure=int(sure) if sure in ("50", "80") else 0, reads=Role(reads) if reads else None,
        ways=tuple(one for one in dict.fromkeys(known) if given.get(f"way_{one}") == "1"),
        roles=tuple(role for role in TOLD if given.get(f"role_{role}") == "1"),
        pick_up=given.get("pick_up") == "1",
    )  # fmt: skip


def _names(given: Mapping[str, str], name: str) -> tuple[str, ...]:
    lines = (line.strip() for line in given.get(name, "")[:_LONGEST_LIST].splitlines())
    return tuple(dict.fromkeys(line for line in lines if line))


def _number(text: str) -> float:
    try:
        return float(text[:20] or 0)
    except ValueError:
        raise TriggerError("within_min", "a number") from None


def _new(name: str) -> Trigger:
    return Trigger(id=name, when=When.REACHED)


def _was() -> int:
    given = _given("was")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else -1


def _by() -> By:
    return By(viewer().actor, request.remote_addr or "")


def _given(name: str) -> str:
    return request.form.get(name, "")[:_LONGEST]


def _back(site: Site, said: str) -> Answer:
    return redirect(address(PATH, {"site": site.id, "said": said}), 303)
