"""`/notifications`: what one was told, how one is told, and for administrators what is shut."""

from collections.abc import Callable, Mapping
from typing import Protocol

from flask import Blueprint, Response, abort, jsonify, redirect, request
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response as Answer

from callbacks.doors import STYLES
from callbacks.gate import viewer
from callbacks.viewer import theme_of, translator_of
from data.domain.audit import Action
from data.domain.exceptions.records import Severity
from data.domain.people import OUTSIDE, Account
from data.domain.preferences import MOST_WAYS, Chosen, Preference, PreferenceError, Quiet
from data.domain.scope import Role
from data.domain.site import Site
from data.services.accounts_desk import By
from data.services.audit import Audit
from data.services.delivering import ShutWay
from data.services.errors import Forbidden, Unavailable
from data.services.exception_desk import Acting, ExceptionDesk
from data.services.inbox import Inbox
from data.services.live import utc_now
from data.services.preferences import Preferences, TooSoon
from layouts.pages import notifications
from layouts.pages.notifications import PATH, Shown, Shut
from layouts.plain import document
from layouts.text import Translator

NOTIFICATION_STYLES = (*STYLES, "/assets/notifications.css")
_LONGEST = 400


class WayBook(Protocol):
    """What is shut."""

    def all_shut(self) -> list[ShutWay]:
        """Everything that is."""

    def reopen(self, way: str, address: str = "") -> bool:
        """Use it again."""


class NotificationPages:
    """The handlers. `sites`: the models of sites, by id."""

    def __init__(
        self, preferences: Preferences, inbox: Inbox, desk: ExceptionDesk, book: WayBook,
        audit: Audit, sites: Callable[[], Mapping[str, Site]], locale: str,
    ) -> None:  # fmt: skip
        self._preferences, self._inbox, self._desk = preferences, inbox, desk
        self._book, self._audit, self._sites = book, audit, sites
        self._locale = locale

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        routes = Blueprint("notifications", __name__, url_prefix=PATH)
        routes.get("")(self.listed)
        routes.get("/count")(self.count)
        for act in (self.save, self.test, self.mark, self.open):
            routes.post(f"/{act.__name__}")(act)
        return routes

    def listed(self) -> Response:
        """Show it; what is shown is read."""
        answer = self._show(done=request.args.get("said", ""))
        self._inbox.read(_account())
        return answer

    def count(self) -> Response:
        """Say how much is unread."""
        return jsonify({"unread": self._inbox.unread(_account())})

    def save(self) -> Answer:
        """Keep how somebody wants to be told."""
        try:
            self._preferences.change(_by(), _account(), said_by(request.form, _account().id))
        except PreferenceError as error:
            return self._show(wrong=error.field, status=422)
        return _back("saved")

    def test(self) -> Answer:
        """Send a test by one of the ways that were kept."""
        t = self._t()
        title, words = t(notifications.TEST), t(notifications.TEST_WORDS)
        try:
            tested = self._preferences.test(_by(), _account(), _given("way"), title, words)
        except TooSoon:
            return self._show(wrong="soon", status=429)
        except PreferenceError:
            return self._show(wrong="gone", status=422)
        return self._show(tested=tested)

    def mark(self) -> Answer:
        """Keep whether an exception was worth being told of."""
        who, number = viewer(), _given("number")
        if not (number.isascii() and number.isdigit() and len(number) < 10):
            abort(404)
        acting = Acting(scope=who.scope, by=_by(), name=who.name)
        try:
            self._desk.judge(acting, _given("site"), int(number), _given("useful") == "1")
        except Forbidden:
            abort(404)
        return _back("marked")

    def open(self) -> Answer:
        """Use a way again that was shut."""
        way, where = _given("way"), _given("address")
        if viewer().scope.role is not Role.ADMINISTRATOR or not self._book.reopen(way, where):
            abort(404)
        by = _by()
        self._audit.note(
            by.actor, Action.POLICY_CHANGED, f"way/{way}", address=by.address,
            detail={"changed": "opened again", "of": where},
        )  # fmt: skip
        return _back("opened")

    def _show(
        self, wrong: str = "", tested: tuple[bool, str] | None = None, status: int = 200,
        done: str = "",
    ) -> Response:  # fmt: skip
        t, who, account = self._t(), viewer(), _account()
        site = next((s for s in self._sites().values() if s.id in who.scope.sites), None)
        administers = who.scope.role is Role.ADMINISTRATOR
        shown = Shown(
            said=self._preferences.of(account), ways=self._preferences.ways(),
            lines=self._inbox.lately(account, t.locale), now=utc_now(),
            timezone="UTC" if site is None else site.timezone, tested=tested, wrong=wrong,
            marks=who.scope.role not in OUTSIDE, done=done,
            shut=self._shut() if administers else None,
        )  # fmt: skip
        body = notifications.layout(shown, generate_csrf(), t)
        theme = theme_of(request.args.get("theme"))
        title = t(notifications.TITLE)
        page = document(title, body, t, theme, NOTIFICATION_STYLES, wide=True)
        answer = Response(page, status, mimetype="text/html")
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def _shut(self) -> list[Shut]:
        return [
            Shut(way=one.way, address=one.address, reason=one.reason, at=one.at)
            for one in self._book.all_shut()
        ]

    def _t(self) -> Translator:
        return translator_of(self._locale, request.args.get("lang"))


def said_by(given: Mapping[str, str], account: str) -> Preference:
    """Return a preference as a form has it.

    Raises: PreferenceError for what is no choice.
    """
    start, finish = given.get("quiet_start", "")[:8], given.get("quiet_finish", "")[:8]
    least, digest = given.get("least", ""), given.get("digest_min", "")[:4]
    if least not in set(Severity):
        raise PreferenceError("least", "one of the list")
    if not (digest.isascii() and digest.isdigit()):
        raise PreferenceError("digest_min", "one of the list")
    return Preference(
        account=account, least=Severity(least), ways=tuple(_chosen(given)),
        quiet=Quiet(start=start[:5], finish=finish[:5]) if start or finish else None,
        critical_breaks=given.get("critical_breaks") == "1", digest_min=int(digest),
        returns=given.get("returns") == "1", language=given.get("language", "")[:20],
        mention=given.get("mention", "").strip()[:_LONGEST],
    )  # fmt: skip


def _chosen(given: Mapping[str, str]) -> list[Chosen]:
    rows = [
        (given.get(f"way_{place}", ""), given.get(f"address_{place}", "").strip())
        for place in range(MOST_WAYS)
    ]
    return [Chosen(way=way[:_LONGEST], address=address[:_LONGEST]) for way, address in rows if way]


def untold(inbox: Inbox) -> Callable[[], int | None]:
    """Return what counts the unread of who asks; None where that can't be said."""

    def count() -> int | None:
        account = viewer().account
        try:
            return None if account is None else inbox.unread(account)
        except Unavailable:
            return None

    return count


def site_of(sites: Mapping[str, Site], wanted: str | None) -> Site | None:
    """Return the site that a viewer asks for and may see, or the first such."""
    scope = viewer().scope
    known = [one for one in sites.values() if scope.may_see(one.id)]
    if wanted is None:
        return next(iter(known), None)
    return next((one for one in known if one.id == wanted), None)


def _account() -> Account:
    account = viewer().account
    if account is None:
        abort(404)
    return account


def _by() -> By:
    return By(viewer().actor, request.remote_addr or "")


def _given(name: str) -> str:
    return request.form.get(name, "")[:_LONGEST]


def _back(said: str) -> Answer:
    return redirect(f"{PATH}?said={said}", 303)


def sites_shown(sites: Mapping[str, Site]) -> list[tuple[str, str]]:
    """Return ids and names of the sites that a viewer may see."""
    scope = viewer().scope
    return [(one.id, one.name) for one in sites.values() if scope.may_see(one.id)]
