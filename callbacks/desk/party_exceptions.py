"""`/our-exceptions`: what a party outside is told of exceptions, and what it says about them.

Drawn from what is disclosed to it and nothing else; what it sends is checked again from the
session's scope.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from dash import Dash
from dash.development.base_component import Component
from flask import Blueprint, abort, request
from werkzeug.wrappers import Response as Answer

from callbacks.desk.customer import reading_of
from callbacks.desk.exception_acts import first_words
from callbacks.desk.form_answers import done, later, wrong
from callbacks.desk.party_visit import PartyVisit
from callbacks.gate import Viewer, viewer
from callbacks.viewer import translator_of
from data.domain.exceptions.lifecycle import IllegalMove
from data.domain.people import OUTSIDE
from data.domain.policy import Kind
from data.domain.topics import STATEMENTS
from data.services.accounts_desk import By
from data.services.errors import Forbidden, Unavailable
from data.services.exception_desk import Acting, Moved, WantedError
from data.services.party_exceptions import PartyExceptions, name_of
from layouts.components import exception_forms as forms
from layouts.components.exception_forms import Sender
from layouts.pages import party_exceptions
from layouts.pages.party_exceptions import PartyView, Told
from layouts.sheets import Sheet
from layouts.text import Translator

PATH, ACTION = "/our-exceptions", "/our-exceptions/act"
MOST = 100
_SAYING = ("order", "name", "before_at", "after_at")  # a row without any of these tells nothing
_LONGEST = 4000


class PartyExceptionsPage:
    """What concerns a party."""

    name = "party-exceptions"
    path = PATH
    topics = 1 | STATEMENTS
    party = True
    roles = OUTSIDE

    def __init__(self, service: PartyExceptions) -> None:
        self._exceptions = service

    def title(self, t: Translator) -> str:
        """Return the page's name."""
        return t(party_exceptions.TITLE)

    def body(self, visit: PartyVisit) -> Component:
        """Return all that the party is told."""
        return party_exceptions.layout(self._view(visit))

    def sheets(self, visit: PartyVisit) -> Sequence[Sheet]:
        """Return all that moves, as a table."""
        return (party_exceptions.sheet(self._view(visit)),)

    def register(self, app: Dash) -> None:
        """Nothing: all its state is in the address."""

    def _view(self, visit: PartyVisit) -> PartyView:
        sender = Sender(action=ACTION, csrf=visit.csrf, site=visit.site, back=visit.href())
        return PartyView(
            told=self._told(visit), site_name=visit.site_name, reading=reading_of(visit),
            sender=sender, account=visit.actor,
        )  # fmt: skip

    def _told(self, visit: PartyVisit) -> list[Told]:
        """Return rows gathered by their exception, the newest first."""
        gathered: dict[Any, list[party_exceptions.Row]] = {}
        for place, row in enumerate(visit.rows(Kind.EXCEPTION)):
            if not any(row.get(field) for field in _SAYING):
                continue
            gathered.setdefault(name_of(row) or place, []).append(row)
        found = sorted(gathered.values(), key=lambda rows: str(rows[0].get("since")), reverse=True)
        return [
            Told(name=name_of(rows[0]), rows=tuple(rows), notes=self._notes(visit, rows[0]))
            for rows in found[:MOST]
        ]

    def _notes(self, visit: PartyVisit, row: party_exceptions.Row) -> tuple[Any, ...]:
        name = name_of(row)
        if name is None:
            return ()
        try:
            return self._exceptions.notes(visit.scope, visit.site, name)
        except (Forbidden, Unavailable):
            return ()


class PartyExceptionActs:
    """What a party sends. `told`: hears whom it concerns."""

    def __init__(
        self, service: PartyExceptions, told: Callable[[str, Collection[str]], None], locale: str,
        who: Callable[[], Viewer] = viewer,
    ) -> None:  # fmt: skip
        self._exceptions = service
        self._told = told
        self._locale = locale
        self._who = who

    def blueprint(self) -> Blueprint:
        """Return the route."""
        routes = Blueprint("party_exceptions", __name__)
        routes.post(ACTION)(self.act)
        return routes

    def act(self) -> Answer:
        """Do what the form says; or say what is wrong with it."""
        who, t = self._who(), translator_of(self._locale, None)
        if who.scope.role not in OUTSIDE or not who.scope.party:
            abort(404)
        try:
            return done(self._act(who, t), PATH)
        except WantedError as error:
            words = t(forms.WRONG["words"], most=t.number(forms.MOST_WORDS))
            return wrong({"field": error.field, "words": words})
        except IllegalMove:
            return wrong({"field": "", "words": t(forms.WRONG["illegal"]), "renew": True})
        except Moved as moved:
            return wrong({"field": "", "words": first_words(moved.case, t, named=False),
                          "renew": True})  # fmt: skip
        except Forbidden:
            abort(404)
        except Unavailable as error:
            return later(error.retry_after_s, t)

    def _act(self, who: Viewer, t: Translator) -> str:
        by = By(actor=who.actor, address=request.remote_addr or "")
        acting = Acting(scope=who.scope, by=by, name=who.name or who.scope.party or "")
        site, key, words = (_given(name) for name in ("site", "key", "words"))
        if _given("move") == "acknowledge":
            self._exceptions.acknowledge(acting, site, key, words)
            return t(forms.KNOWN)
        if _given("move") != "comment":
            raise Forbidden(site)
        self._exceptions.comment(acting, site, key, words)
        self._told(site, (who.scope.party or "",))
        return t(forms.DONE["comment"])


def _given(name: str) -> str:
    return request.form.get(name, "")[:_LONGEST]
