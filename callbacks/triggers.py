"""`/triggers`: milestone triggers, looked after by administrators, managers and planners."""

from collections.abc import Mapping

from flask import Blueprint, Response, abort, redirect, request
from flask_wtf.csrf import generate_csrf
from msgspec.structs import replace
from werkzeug.wrappers import Response as Answer

from callbacks.gate import viewer
from callbacks.plain_pages import PlainPages, by, given
from data.domain.scope import Role
from data.domain.site import Site
from data.domain.triggers import Trigger, TriggerError, When
from data.services.errors import Forbidden
from data.services.live import utc_now
from data.services.triggers import Triggers
from layouts.pages import triggers
from layouts.pages.triggers import NEW, PATH, READERS, TOLD, Row, Shown, named
from layouts.urls import address

_LONGEST, _LONGEST_LIST = 200, 30_000


class TriggerPages:
    """The handlers."""

    def __init__(self, service: Triggers, pages: PlainPages) -> None:
        self._triggers, self._pages = service, pages

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        routes = Blueprint("triggers", __name__, url_prefix=PATH)
        routes.get("")(self.listed)
        for act in (self.save, self.switch, self.drop):
            routes.post(f"/{act.__name__}")(act)
        return routes

    def listed(self) -> Response:
        """Show the triggers of a site, and the form of the one that the address names."""
        site = self._pages.site(request.args.get("site"))
        return self._show(site, request.args.get("trigger", ""), done=request.args.get("said", ""))

    def save(self) -> Answer:
        """Keep a trigger as its form has it."""
        site, t = self._pages.site(given("site")), self._pages.t()
        before = self._row(site, given("trigger"))
        known = before.trigger if before else _new(given("trigger"))
        try:
            said = said_by(known, request.form, t.locale)
            if given("was") == "0" and before is not None and before.version:
                return self._show(site, known.id, wrong="moved", status=409)
            if not self._triggers.change(viewer().scope, by(), site.id, said, _was()):
                return self._show(site, known.id, wrong="moved", status=409)
        except TriggerError as error:
            shown = before.trigger.id if before else NEW
            return self._show(site, shown, wrong=error.field, status=422)
        except Forbidden:
            abort(404)
        return _back(site, "saved")

    def switch(self) -> Answer:
        """Switch a trigger on or off."""
        site = self._pages.site(given("site"))
        row = self._row(site, given("trigger"))
        if row is None:
            abort(404)
        said = replace(row.trigger, on=given("on") == "1")
        try:
            if not self._triggers.change(viewer().scope, by(), site.id, said, _was()):
                return self._show(site, said.id, wrong="moved", status=409)
        except TriggerError as error:
            return self._show(site, said.id, wrong=error.field, status=422)
        return _back(site, "saved")

    def drop(self) -> Answer:
        """Drop a trigger; a usual one is then as it usually is."""
        site, name = self._pages.site(given("site")), given("trigger")
        if not self._triggers.drop(viewer().scope, by(), site.id, name, _was()):
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
        rows = self._rows(site)
        chosen = next((row for row in rows if row.trigger.id == name), None)
        fresh = name == NEW
        shown = Shown(
            site=site, rows=rows, ways=self._triggers.ways(),
            now=utc_now(), chosen=Row(trigger=_new(""), version=0) if fresh else chosen,
            fresh=fresh, wrong=wrong, done=done,
        )  # fmt: skip
        body = triggers.layout(shown, generate_csrf(), self._pages.t())
        return self._pages.show(PATH, triggers.TITLE, body, status, site.id)


def said_by(before: Trigger, form: Mapping[str, str], locale: str) -> Trigger:
    """Return a trigger as a form has it.

    Raises: TriggerError for what is no number or no choice.
    """
    when, sure, reads = form.get("when", ""), form.get("sure", ""), form.get("reads", "")
    if when not in set(When):
        raise TriggerError("when", "reached or near")
    if reads not in ("", *READERS):
        raise TriggerError("reads", "customer or logistics")
    known = [*before.ways, *(name[4:] for name in form if name.startswith("way_"))]
    return replace(
        before, when=When(when), on=form.get("on") == "1",
        name=named(before, locale, form.get("name", "").strip()[:_LONGEST]),
        milestones=_names(form, "milestones"), customers=_names(form, "customers"),
        products=_names(form, "products"), within_min=_number(form.get("within_min", "")),
        sure=int(sure) if sure in ("50", "80") else 0, reads=Role(reads) if reads else None,
        ways=tuple(one for one in dict.fromkeys(known) if form.get(f"way_{one}") == "1"),
        roles=tuple(role for role in TOLD if form.get(f"role_{role}") == "1"),
        pick_up=form.get("pick_up") == "1",
    )  # fmt: skip


def _names(form: Mapping[str, str], name: str) -> tuple[str, ...]:
    lines = (line.strip() for line in form.get(name, "")[:_LONGEST_LIST].splitlines())
    return tuple(dict.fromkeys(line for line in lines if line))


def _number(text: str) -> float:
    try:
        return float(text[:20] or 0)
    except ValueError:
        raise TriggerError("within_min", "a number") from None


def _new(name: str) -> Trigger:
    return Trigger(id=name, when=When.REACHED)


def _was() -> int:
    said = given("was")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else -1


def _back(site: Site, said: str) -> Answer:
    return redirect(address(PATH, {"site": site.id, "said": said}), 303)
