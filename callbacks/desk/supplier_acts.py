"""`POST /supplier/act/<what>`: what a supplier does on its board; `/supplier/code.svg`: QR codes.

Each form is checked again from the session's scope. A script gets its answer as JSON, with the
field that is wrong; without one the browser is sent back to the board.
"""

import hashlib
import io
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

import segno
from flask import Blueprint, Response, abort, request
from werkzeug.wrappers import Response as Answer

from callbacks.desk.form_answers import done, later, wrong
from callbacks.desk.visit import BadParameter, instant
from callbacks.gate import viewer
from callbacks.viewer import translator_of
from data.domain.scope import Role
from data.services.comments import LONGEST, WordsError
from data.services.errors import Forbidden, Overloaded, Unavailable
from data.services.need_talks import NeedTalks
from data.services.supply_files import Fault, Faulty, NeedFile, take
from data.services.supplying import By, Supplying, Unfit
from layouts.components import need_words as words
from layouts.pages import supplier
from layouts.text import LOCALES, Translator, translator
from layouts.urls import address

MOST_FILE = 5 * 1024 * 1024
_LONGEST = 4000
_MOST_SHOWN = 100
Acting = Callable[[By, str, Translator], str]  # by whom, at which site → what to say of it


class ReadFile(Protocol):
    """Reads a table back."""

    def __call__(self, content: bytes, headings: Mapping[str, str], timezone: str) -> NeedFile:
        """Return its rows, or what is wrong with it."""


class SupplierActs:
    """The handlers, with the services they call."""

    def __init__(self, supplying: Supplying, talks: NeedTalks, read: ReadFile, locale: str) -> None:
        self._supplying = supplying
        self._talks = talks
        self._read = read
        self._locale = locale
        self._acts: dict[str, Acting] = {
            "confirm": self._confirm,
            "propose": self._propose,
            "ship": self._ship,
            "progress": self._progress,
            "comment": self._comment,
            "upload": self._upload,
        }

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        routes = Blueprint("supplying", __name__, url_prefix="/supplier")
        routes.post("/act/<what>")(self.act)
        routes.get("/code.svg")(self.code)
        return routes

    def act(self, what: str) -> Answer:
        """Do one thing, or say what is wrong with it."""
        by, act = _by(), self._acts.get(what)
        if act is None:
            abort(404)
        t = translator_of(self._locale, None)
        try:
            return done(act(by, _given("site"), t), "/supplier")
        except Unfit as unfit:
            said = words.expected_words(unfit.expected, unfit.bounds, t)
            return wrong({"field": unfit.field, "words": said})
        except Faulty as faulty:
            return wrong({"field": "file", **_faults(faulty, t)})
        except Forbidden:
            abort(404)
        except (Unavailable, Overloaded) as error:
            return later(error.retry_after_s, t)

    def code(self) -> Response:
        """Return the QR code of the address at which one row is reported on."""
        key, site = request.args.get("key", ""), request.args.get("site", "")
        try:
            self._supplying.find(_by().scope, site, key)
        except Forbidden:
            abort(404)
        there = address("/supplier", {"row": key, "site": site})
        out = io.BytesIO()
        code = segno.make(request.host_url.rstrip("/") + there, error="m")
        code.save(out, kind="svg", scale=4, border=3, dark="#000", light="#fff")
        answer = Response(out.getvalue(), mimetype="image/svg+xml")
        answer.headers["Cache-Control"] = "private, max-age=300"
        return answer

    def _confirm(self, by: By, site: str, t: Translator) -> str:
        return self._promise(by, site, t, True)

    def _propose(self, by: By, site: str, t: Translator) -> str:
        return self._promise(by, site, t, False)

    def _promise(self, by: By, site: str, t: Translator, confirming: bool) -> str:
        _, timezone = self._supplying.clock(by.scope, site)
        at = _instant("promised_at", timezone)
        key, token = _named("promise")
        found = self._supplying.promise(by, site, key, token, at, confirming)
        when = words.moment(at, timezone, t)
        said = words.SAID["confirm" if confirming else "propose"]
        return t(said, item=found.asked.item, when=when)

    def _ship(self, by: By, site: str, t: Translator) -> str:
        count, advice = _whole("quantity"), _given("dispatch_advice").strip()
        key, token = _named("ship")
        found = self._supplying.ship(by, site, key, token, count, advice or None)
        return t(words.SAID["ship"], count=t.number(count), item=found.asked.item)

    def _progress(self, by: By, site: str, t: Translator) -> str:
        good, scrap, step = _whole("good"), _whole("scrap"), _given("step")
        key, token = _named("report")
        found = self._supplying.report(by, site, key, token, step, good, scrap)
        return t(words.SAID["progress"], item=found.asked.item)

    def _comment(self, by: By, site: str, t: Translator) -> str:
        try:
            self._talks.say(by, site, _given("key"), _given("words"))
        except WordsError:
            raise Unfit("words", "words", most=LONGEST) from None
        return t(words.SAID["comment"])

    def _upload(self, by: By, site: str, t: Translator) -> str:
        _, timezone = self._supplying.clock(by.scope, site)
        file = request.files.get("file")
        content = b"" if file is None else file.stream.read(MOST_FILE + 1)
        headings = supplier.headings([translator(locale) for locale in LOCALES])
        count = take(self._supplying, by, site, self._read(content, headings, timezone))
        said = words.SAID["upload" if count else "nothing"]
        return t(said, count=t.number(count)) if count else t(said)


def _by() -> By:
    """Return who acts; there is nothing here for anyone but a supplier."""
    who = viewer()
    if who.scope.role is not Role.SUPPLIER or not who.scope.party:
        abort(404)
    name = who.name or (who.scope.party or "")
    return By(scope=who.scope, actor=who.actor, name=name, address=request.remote_addr or "")


def _given(name: str) -> str:
    return request.form.get(name, "")[:_LONGEST]


def _named(what: str) -> tuple[str, str]:
    """Return the row that is meant, and the token that makes this count once for it."""
    key = _given("key")
    own = hashlib.blake2b(f"{what} {key}".encode(), digest_size=6).hexdigest()
    return key, f"{_given('token')}-{own}"


def _whole(name: str) -> int:
    text = _given(name).strip() or "0"
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Unfit(name, "whole", least=0, most=999_999_999)
    return int(text)


def _instant(name: str, timezone: str) -> datetime:
    try:
        return instant(_given(name), timezone, name)
    except BadParameter:
        raise Unfit(name, "date") from None


def _faults(faulty: Faulty, t: Translator) -> dict[str, Any]:
    headings = {column.key: column.heading for column in supplier.columns(t)}
    shown = [_fault(fault, headings, t) for fault in faulty.faults[:_MOST_SHOWN]]
    said = t(words.NOTHING_TAKEN, count=t.number(len(faulty.faults)))
    return {"words": said, "faults": shown}


def _fault(fault: Fault, headings: Mapping[str, str], t: Translator) -> str:
    said = words.expected_words(fault.expected, dict(fault.bounds), t)
    if not fault.row:
        return said
    column = headings.get(fault.column, fault.column)
    return t(words.FAULT, row=fault.row, column=column, words=said)
