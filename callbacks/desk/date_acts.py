"""What is said about dates: a customer's forms, a carrier's, the factory's.

Plain forms: each is checked again from the session's scope, and sends the browser back to the
page it came from, which says what came of it.
"""

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, Response, abort, request
from werkzeug.wrappers import Response as Answer

from callbacks.desk.visit import BadParameter, Given, instant
from callbacks.gate import viewer
from data.domain.dates import DateError, Said, Subject
from data.domain.scope import Role
from data.services.dates import Dates, Statement
from data.services.errors import Forbidden, Unavailable
from data.services.supplying import By
from layouts.components.dating import SENT, WRONG
from layouts.urls import address

_LONGEST = 4000


class DateActs:
    """The handlers."""

    def __init__(self, dates: Dates) -> None:
        self._dates = dates

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        routes = Blueprint("dating", __name__)
        routes.post("/customer/say")(self.customer)
        routes.post("/logistics/say")(self.carrier)
        routes.post("/dates/say")(self.factory)
        return routes

    def customer(self) -> Answer:
        """Ask for another date of a milestone, or dispute one."""
        by = _by(Role.CUSTOMER)
        back = {"milestone": _given("key"), "site": _given("site")}
        return _told("/customer", back, lambda: self._as_party(by))

    def carrier(self) -> Answer:
        """Ask for a pick-up, confirm the factory's, note that it was made."""
        by = _by(Role.LOGISTICS)
        back = {"order": _given("key"), "site": _given("site")}
        return _told("/logistics", back, lambda: self._as_party(by))

    def factory(self) -> Answer:
        """Confirm, decline or answer what was asked."""
        by = _by(*_ANSWERING)
        subject = Subject(_given("order"), _given("milestone"), _given("party"))
        back = {"site": _given("site")}

        def answer() -> None:
            statement = self._statement(by, _given("site"))
            self._dates.answer(by, _given("site"), subject, statement)

        return _told("/dates", back, answer)

    def _as_party(self, by: By) -> None:
        statement = self._statement(by, _given("site"))
        self._dates.say(by, _given("site"), _given("key"), statement)

    def _statement(self, by: By, site: str) -> Statement:
        """Return what the form says.

        Raises: Forbidden, DateError.
        """
        said = _given("said")
        if said not in set(Said):
            raise DateError("said", "side")
        at = _instant(_given("date"), self._dates.timezone(by.scope, site))
        return Statement(said=Said(said), date_at=at, words=_given("words"))


_ANSWERING = (Role.ADMINISTRATOR, Role.MANAGER, Role.PLANNER)


def sent(visit: Given) -> Said | None:
    """Return what was just said, as the address of a page says.

    Raises: BadParameter.
    """
    said = visit.choice("said", [one.value for one in SENT], "")
    return Said(said) if said else None


def wrong(visit: Given) -> str:
    """Return what was wrong with what was just said.

    Raises: BadParameter.
    """
    return visit.choice("wrong", list(WRONG), "")


def _by(*roles: Role) -> By:
    """Return who speaks; there is nothing here for others than these roles."""
    who = viewer()
    if who.scope.role not in roles:
        abort(404)
    name = who.name or (who.scope.party or "")
    return By(scope=who.scope, actor=who.actor, name=name, address=request.remote_addr or "")


def _given(name: str) -> str:
    return request.form.get(name, "")[:_LONGEST]


def _instant(text: str, timezone: str) -> datetime | None:
    if not text.strip():
        return None
    try:
        return instant(text.strip(), timezone, "date")
    except BadParameter:
        raise DateError("date", "date") from None


def _told(path: str, back: dict[str, str], say: Callable[[], None]) -> Answer:
    """Say it; send the browser back to where it says what came of it."""
    try:
        say()
    except DateError as error:
        return _back(path, {**back, "wrong": error.expected})
    except Forbidden:
        abort(404)
    except Unavailable as error:
        answer = Response("the history can't be reached now; nothing was sent\n", 503)
        answer.headers["Retry-After"] = str(error.retry_after_s)
        return answer
    return _back(path, {**back, "said": _given("said")})


def _back(path: str, query: dict[str, str]) -> Answer:
    answer = Response(status=303)
    answer.headers["Location"] = address(path, query)
    return answer
