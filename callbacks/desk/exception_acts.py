"""`POST /exceptions/act`: what people do with exceptions, one or several at once.

Every form says which version of a case its sender has seen. Whoever comes second is told who was
first and sees the newest. Each act is checked again from the session's scope by the service.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, abort, request
from msgspec import Struct
from werkzeug.wrappers import Response as Answer

from callbacks.desk.form_answers import done, later, wrong
from callbacks.gate import MANAGERS, Viewer, viewer
from callbacks.viewer import translator_of
from data.domain.exceptions.lifecycle import IllegalMove
from data.domain.exceptions.records import Case, Move
from data.domain.scope import Role
from data.services.accounts_desk import By
from data.services.errors import Forbidden, Unavailable
from data.services.exception_desk import Acting, ExceptionDesk, Moved, WantedError
from layouts.components import exception_forms as forms
from layouts.components import exception_looks as looks
from layouts.text import Translator

ACTION, INBOX = "/exceptions/act", "/exceptions"
MAY_ACT = (MANAGERS | {Role.PURCHASER, Role.OPERATOR}) - {Role.AUDITOR}
MOST = 200  # at once
_LONGEST = 4000
_LEAST_TIME, _MOST_TIME = 1, 30 * 24 * 60  # minutes on the shelf
# What is wrong, by the field that the desk names.
_WANTED = {"until": "until", "cause": "cause", "exceptions": "none", "party": "party"}


class Unfit(ValueError):
    """A field of the form can't be used; `why` is one of `exception_forms.WRONG`."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field
        self.why = why


class Act(Struct, frozen=True):
    """What was sent: by whom, at which site, about which cases at which versions."""

    by: Acting
    site: str
    cases: tuple[tuple[int, int], ...]

    @property
    def one(self) -> tuple[int, int]:
        """The only case of a form about one."""
        return self.cases[0]


class ExceptionActs:
    """The handlers. `told`: hears whom a comment concerns; `takers`: who can be handed one."""

    def __init__(
        self, desk: ExceptionDesk, takers: Callable[[str], Mapping[str, str]],
        told: Callable[[str, Collection[str]], None], real_now: Callable[[], datetime],
        locale: str, who: Callable[[], Viewer] = viewer,
    ) -> None:  # fmt: skip
        self._desk = desk
        self._takers = takers
        self._told = told
        self._real_now = real_now
        self._locale = locale
        self._who = who
        self._moves: dict[str, Callable[[Act, Translator], str]] = {
            "acknowledge": self._acknowledge,
            "release": self._release,
            "assign": self._assign,
            "shelve": self._shelve,
            "unshelve": self._unshelve,
            "resolve": self._resolve,
            "comment": self._comment,
            "mark-useful": self._mark,
            "mark-noise": self._mark,
        }

    def blueprint(self) -> Blueprint:
        """Return the route."""
        routes = Blueprint("exceptions", __name__)
        routes.post(ACTION)(self.act)
        return routes

    def act(self) -> Answer:
        """Do what the form says; or say what is wrong with it, or who was first."""
        who, t = self._who(), translator_of(self._locale, None)
        move = self._moves.get(_given("move"))
        if who.scope.role not in MAY_ACT or move is None:
            abort(404)
        try:
            return done(move(_act(who), t), INBOX)
        except Unfit as unfit:
            return wrong({"field": unfit.field, "words": _why(unfit.why, t)})
        except IllegalMove:
            return wrong({"field": "", "words": _why("illegal", t), "renew": True})
        except WantedError as error:
            why = _WANTED.get(error.field, "words")
            return wrong({"field": error.field, "words": _why(why, t)})
        except Moved as moved:
            return wrong({"field": "", "words": first_words(moved.case, t), "renew": True})
        except Forbidden:
            abort(404)
        except Unavailable as error:
            return later(error.retry_after_s, t)

    def _acknowledge(self, act: Act, t: Translator) -> str:
        return self._several(act, Move.ACKNOWLEDGE, "acknowledge", t)

    def _shelve(self, act: Act, t: Translator) -> str:
        until = self._real_now() + timedelta(minutes=_minutes())
        return self._several(act, Move.SHELVE, "shelve", t, until=until)

    def _resolve(self, act: Act, t: Translator) -> str:
        cause = _given("cause")
        if cause not in forms.FOUND:
            raise Unfit("cause", "cause")
        return self._several(act, Move.RESOLVE, "resolve", t, cause=cause)

    def _several(self, act: Act, move: Move, said: str, t: Translator, **more: Any) -> str:
        """Move all that are meant; say of how many others were first, and which can't be."""
        bulk = self._desk.bulk(act.by, act.site, act.cases, move, _words(), **more)
        if len(act.cases) == 1 and bulk.lost:
            raise Moved(bulk.lost[0])
        if len(act.cases) == 1 and bulk.refused:
            raise IllegalMove(bulk.refused[0].state, move)
        words = [t(forms.DONE[said], count=t.number(len(bulk.done)))]
        if bulk.lost:
            lost = t.number(len(bulk.lost))
            words.append(t(forms.LOST, count=lost))
        if bulk.refused:
            refused = t.number(len(bulk.refused))
            words.append(t(forms.REFUSED, count=refused))
        return " · ".join(words)

    def _release(self, act: Act, t: Translator) -> str:
        self._desk.release(act.by, act.site, *act.one, words=_words())
        return t(forms.DONE["release"])

    def _unshelve(self, act: Act, t: Translator) -> str:
        self._desk.unshelve(act.by, act.site, *act.one, words=_words())
        return t(forms.DONE["unshelve"])

    def _assign(self, act: Act, t: Translator) -> str:
        owner = _given("owner")
        name = self._takers(act.site).get(owner)
        if name is None:
            raise Unfit("owner", "owner")
        self._desk.assign(act.by, act.site, *act.one, to=owner, name=name, words=_words())
        return t(forms.DONE["assign"])

    def _comment(self, act: Act, t: Translator) -> str:
        words, party = _words(), _given("party") or None
        if not words:
            raise Unfit("words", "words")
        number, _ = act.one
        self._desk.comment(act.by, act.site, number, words, party)
        self._told(act.site, () if party is None else (party,))
        return t(forms.DONE["comment"])

    def _mark(self, act: Act, t: Translator) -> str:
        number, _ = act.one
        self._desk.judge(act.by, act.site, number, _given("move") == "mark-useful")
        self._told(act.site, ())
        return t(forms.DONE["mark"])


def first_words(newest: Case, t: Translator, named: bool = True) -> str:
    """Return who was first, and how it stands now; `named`: as far as names may be said."""
    name = newest.owner_name
    if name is None or not named:
        return t(forms.WRONG["lost"]) + " " + t(looks.STATES[newest.state])
    state = t(looks.STATES[newest.state])
    return t(forms.FIRST, name=name, case=newest.name, state=state)


def _act(who: Viewer) -> Act:
    """Return what a form is about.

    Raises: Unfit.
    """
    cases = tuple(_version(one) for one in request.form.getlist("case")[:MOST])
    if not cases:
        raise Unfit("case", "none")
    by = By(actor=who.actor, address=request.remote_addr or "")
    acting = Acting(scope=who.scope, by=by, name=who.name)
    return Act(acting, _given("site"), cases)


def _version(given: str) -> tuple[int, int]:
    number, _, version = given.partition(".")
    if not all(part.isascii() and part.isdigit() and len(part) < 10 for part in (number, version)):
        raise Unfit("case", "none")
    return int(number), int(version)


def _minutes() -> int:
    given = _given("minutes")
    if not (given.isascii() and given.isdigit() and len(given) < 7):
        raise Unfit("minutes", "until")
    minutes = int(given)
    if not _LEAST_TIME <= minutes <= _MOST_TIME:
        raise Unfit("minutes", "until")
    return minutes


def _words() -> str:
    words = _given("words").strip()
    if len(words) > forms.MOST_WORDS:
        raise Unfit("words", "words")
    return words


def _why(why: str, t: Translator) -> str:
    return t(forms.WRONG[why], most=t.number(forms.MOST_WORDS))


def _given(name: str) -> str:
    return request.form.get(name, "")[:_LONGEST]
