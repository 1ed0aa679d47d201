"""`/notifications`: what one was told, how one is told, and for administrators what is shut."""

from collections.abc import Callable, Mapping
from typing import Protocol

from flask import Blueprint, Response, abort, jsonify, redirect, request
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response as Answer

from callbacks.gate import viewer
from callbacks.plain_pages import LONGEST, PlainPages, by, given
from data.domain.audit import Action
from data.domain.exceptions.records import Severity
from data.domain.people import OUTSIDE, Account
from data.domain.preferences import MOST_WAYS, Chosen, Preference, PreferenceError, Quiet
from data.domain.scope import Role
from data.services.audit import Audit
from data.services.delivering import ShutWay
from data.services.errors import Forbidden, Unavailable
from data.services.exception_desk import Acting, ExceptionDesk
from data.services.inbox import Inbox
from data.services.live import utc_now
from data.services.preferences import Preferences, TooSoon
from layouts.pages import notifications
from layouts.pages.notifications import PATH, Shown, Shut


class WayBook(Protocol):
    """What is shut."""

    def all_shut(self) -> list[ShutWay]:
        """Everything that is."""

    def reopen(self, way: str, address: str = "") -> bool:
        """Use it again."""


class NotificationPages:
    """The handlers."""

    def __init__(
        self, preferences: Preferences, inbox: Inbox, desk: ExceptionDesk, book: WayBook,
        audit: Audit, pages: PlainPages,
    ) -> None:  # fmt: skip
        self._preferences, self._inbox, self._desk = preferences, inbox, desk
        self._book, self._audit, self._pages = book, audit, pages

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
            self._preferences.change(by(), _account(), said_by(request.form, _account().id))
        except PreferenceError as error:
            return self._show(wrong=error.field, status=422)
        return _back("saved")

    def test(self) -> Answer:
        """Send a test by one of the ways that were kept."""
        t = self._pages.t()
        title, words = t(notifications.TEST), t(notifications.TEST_WORDS)
        try:
            tested = self._preferences.test(by(), _account(), given("way"), title, words)
        except TooSoon:
            return self._show(wrong="soon", status=429)
        except PreferenceError:
            return self._show(wrong="gone", status=422)
        return self._show(tested=tested)

    def mark(self) -> Answer:
        """Keep whether an exception was worth being told of."""
        who, number = viewer(), given("number")
        if not (number.isascii() and number.isdigit() and len(number) < 10):
            abort(404)
        acting = Acting(scope=who.scope, by=by(), name=who.name)
        try:
            self._desk.judge(acting, given("site"), int(number), given("useful") == "1")
        except Forbidden:
            abort(404)
        return _back("marked")

    def open(self) -> Answer:
        """Use a way again that was shut."""
        way, where = given("way"), given("address")
        if viewer().scope.role is not Role.ADMINISTRATOR or not self._book.reopen(way, where):
            abort(404)
        who = by()
        self._audit.note(
            who.actor, Action.POLICY_CHANGED, f"way/{way}", address=who.address,
            detail={"changed": "opened again", "of": where},
        )  # fmt: skip
        return _back("opened")

    def _show(
        self, wrong: str = "", tested: tuple[bool, str] | None = None, status: int = 200,
        done: str = "",
    ) -> Response:  # fmt: skip
        t, who, account = self._pages.t(), viewer(), _account()
        site = next((s for s in self._pages.sites().values() if s.id in who.scope.sites), None)
        administers = who.scope.role is Role.ADMINISTRATOR
        shown = Shown(
            said=self._preferences.of(account), ways=self._preferences.ways(),
            lines=self._inbox.lately(account, t.locale), now=utc_now(),
            timezone="UTC" if site is None else site.timezone, tested=tested, wrong=wrong,
            marks=who.scope.role not in OUTSIDE, done=done,
            shut=self._shut() if administers else None,
        )  # fmt: skip
        body = notifications.layout(shown, generate_csrf(), t)
        return self._pages.show(PATH, notifications.TITLE, body, status)

    def _shut(self) -> list[Shut]:
        return [
            Shut(way=one.way, address=one.address, reason=one.reason, at=one.at)
            for one in self._book.all_shut()
        ]


def said_by(form: Mapping[str, str], account: str) -> Preference:
    """Return a preference as a form has it.

    Raises: PreferenceError for what is no choice.
    """
    start, finish = form.get("quiet_start", "")[:8], form.get("quiet_finish", "")[:8]
    least, digest = form.get("least", ""), form.get("digest_min", "")[:4]
    if least not in set(Severity):
        raise PreferenceError("least", "one of the list")
    if not (digest.isascii() and digest.isdigit()):
        raise PreferenceError("digest_min", "one of the list")
    return Preference(
        account=account, least=Severity(least), ways=tuple(_chosen(form)),
        quiet=Quiet(start=start[:5], finish=finish[:5]) if start or finish else None,
        critical_breaks=form.get("critical_breaks") == "1", digest_min=int(digest),
        returns=form.get("returns") == "1", language=form.get("language", "")[:20],
        mention=form.get("mention", "").strip()[:LONGEST],
    )  # fmt: skip


def _chosen(form: Mapping[str, str]) -> list[Chosen]:
    rows = [
        (form.get(f"way_{place}", ""), form.get(f"address_{place}", "").strip())
        for place in range(MOST_WAYS)
    ]
    return [Chosen(way=way[:LONGEST], address=address[:LONGEST]) for way, address in rows if way]


def untold(inbox: Inbox) -> Callable[[], int | None]:
    """Return what counts the unread of who asks; None where that can't be said."""

    def count() -> int | None:
        account = viewer().account
        try:
            return None if account is None else inbox.unread(account)
        except Unavailable:
            return None

    return count


def _account() -> Account:
    account = viewer().account
    if account is None:
        abort(404)
    return account


def _back(said: str) -> Answer:
    return redirect(f"{PATH}?said={said}", 303)
