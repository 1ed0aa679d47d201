"""The gate: every request passes it, and nothing passes that isn't let through by name.

Works out who asks, once a request, from what its cookies prove: a session, a screen's token, a
link that was taken. Then the endpoint's entry in one table says who may come in. An endpoint
without an entry lets nobody in. Pages and callbacks ask `viewer()` again for what they show:
the address that a browser names in a callback is its own claim.
"""

import ipaddress
import time
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import closing
from enum import Enum
from typing import Protocol
from urllib.parse import quote, urlencode, urlsplit

from flask import Flask, Response, abort, current_app, g, has_request_context, redirect, request
from msgspec import Struct
from werkzeug.wrappers import Response as Answer

from callbacks.later import later
from data.domain.people import Account
from data.domain.scope import Role, Scope
from data.services.errors import Unavailable

COOKIE, SECURE_COOKIE = "milepost", "__Host-milepost"
EVERY_SITE = "*"
TRUSTED_PEOPLE_S, TRUSTED_SCREEN_S = 60.0, 24 * 3600.0
MOST_REMEMBERED = 20_000
RECHECK_S = 4.0  # less than the heartbeat of streams
SIGN_IN = "/sign-in"
WALL, PAIRING = "/wall/", "/screen"
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})

MANAGERS = frozenset({Role.ADMINISTRATOR, Role.MANAGER, Role.PLANNER, Role.AUDITOR})
WATCHERS = MANAGERS | {Role.PURCHASER, Role.OPERATOR, Role.SCREEN}
PEOPLE = (WATCHERS - {Role.SCREEN}) | {Role.SUPPLIER, Role.CUSTOMER, Role.LOGISTICS}


class Door(Enum):
    """How an endpoint is kept."""

    OPEN = "open"  # nothing of any site is behind it
    KEY = "key"  # it asks for an API key itself
    LOCAL = "local"  # for this machine, and for administrators
    ANYBODY = "anybody"  # for whoever asks; it looks itself who that is
    ACCOUNT = "account"  # for people with an account
    ADMINISTRATORS = "administrators"
    SCREENS = "screens"  # for those who look after screens
    LINKS = "links"  # for those who make links for parties
    TELLING = "telling"  # for those who say who is told of what
    KNOWN = "known"  # for whoever is known; what it shows it checks itself
    PAGES = "pages"  # by the roles of the page at this address


# Who may come in where. What isn't here lets nobody in.
DOORS: Mapping[str, Door] = {
    "_dash_assets.static": Door.OPEN,
    "/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>": Door.OPEN,
    "/_favicon.ico": Door.OPEN,
    "operating.healthz": Door.OPEN,
    "operating.readyz": Door.LOCAL,
    "operating.metrics": Door.LOCAL,
    "api.post_events": Door.KEY,
    "api.put_orders": Door.KEY,
    "api.put_site": Door.KEY,
    "api.post_signals": Door.KEY,
    "api.get_template": Door.OPEN,
    "reading.orders": Door.ANYBODY,
    "reading.operations": Door.ANYBODY,
    "reading.milestones": Door.ANYBODY,
    "reading.needs": Door.ANYBODY,
    "reading.exceptions": Door.ANYBODY,
    "reading.order": Door.ANYBODY,
    "reading.bottleneck": Door.ANYBODY,
    "reading.stream": Door.ANYBODY,
    "reading.openapi": Door.OPEN,
    "/_dash-layout": Door.KNOWN,
    "/_dash-dependencies": Door.KNOWN,
    "/_dash-update-component": Door.KNOWN,
    "doors.sign_in_form": Door.ANYBODY,
    "doors.sign_in": Door.ANYBODY,
    "doors.sign_out": Door.ANYBODY,
    "doors.link_form": Door.ANYBODY,
    "doors.take_link": Door.ANYBODY,
    "doors.account_form": Door.ACCOUNT,
    "doors.change_password": Door.ACCOUNT,
    "doors.enrol": Door.ACCOUNT,
    "doors.drop": Door.ACCOUNT,
    "people.listed": Door.ADMINISTRATORS,
    "people.invite": Door.ADMINISTRATORS,
    "people.change": Door.ADMINISTRATORS,
    "openid.leave": Door.ANYBODY,
    "openid.come_back": Door.ANYBODY,
    "streams.handler": Door.KNOWN,
    "waiting.ready": Door.KNOWN,
    "desk_live.stream": Door.KNOWN,
    "home_live.stream": Door.KNOWN,
    "exports.export": Door.KNOWN,
    "party_live.stream": Door.KNOWN,
    "supplying.act": Door.KNOWN,
    "supplying.code": Door.KNOWN,
    "needs.comment": Door.KNOWN,
    "dating.customer": Door.KNOWN,
    "dating.carrier": Door.KNOWN,
    "dating.factory": Door.KNOWN,
    "exceptions.act": Door.ACCOUNT,
    "reports.schedule": Door.ACCOUNT,
    "party_exceptions.act": Door.KNOWN,
    "notifications.listed": Door.ACCOUNT,
    "notifications.count": Door.ACCOUNT,
    "notifications.save": Door.ACCOUNT,
    "notifications.test": Door.ACCOUNT,
    "notifications.mark": Door.ACCOUNT,
    "notifications.open": Door.ADMINISTRATORS,
    "roster.listed": Door.TELLING,
    "roster.save": Door.TELLING,
    "triggers.listed": Door.TELLING,
    "triggers.save": Door.TELLING,
    "triggers.switch": Door.TELLING,
    "triggers.drop": Door.TELLING,
    "rules.save": Door.ACCOUNT,
    "rules.reset": Door.ACCOUNT,
    "rules.add": Door.ACCOUNT,
    "rules.retire": Door.ACCOUNT,
    "disclosure.change": Door.ACCOUNT,
    "screens.pairing": Door.ANYBODY,
    "screens.state": Door.ANYBODY,
    "screens.listed": Door.SCREENS,
    "screens.enrol": Door.SCREENS,
    "screens.revoke": Door.SCREENS,
    "links.take": Door.ANYBODY,
    "links.listed": Door.LINKS,
    "links.make": Door.LINKS,
    "links.revoke": Door.LINKS,
    "/": Door.PAGES,
    "/<path:path>": Door.PAGES,
}


ROLES: Mapping[Door, frozenset[Role]] = {  # of people with an account
    Door.ADMINISTRATORS: frozenset({Role.ADMINISTRATOR}),
    Door.SCREENS: frozenset({Role.ADMINISTRATOR, Role.MANAGER}),
    Door.TELLING: frozenset({Role.ADMINISTRATOR, Role.MANAGER, Role.PLANNER}),
    Door.LINKS: frozenset({Role.ADMINISTRATOR, Role.MANAGER, Role.PURCHASER}),
}
_READ = (Door.PAGES, Door.ACCOUNT, *ROLES)
_NAME = "milepost_gate"


class Viewer(Struct, frozen=True, kw_only=True):
    """Who asks. `actor`: how the audit trail names them; `screen`: the only one a device shows."""

    scope: Scope
    actor: str
    name: str = ""
    account: Account | None = None
    screen: str | None = None

    @property
    def known(self) -> bool:
        """Whether it is anybody, even where there is no site for them yet."""
        return self.actor != NOBODY.actor


NOBODY = Viewer(scope=Scope(role=Role.SCREEN, sites=()), actor="nobody")


def viewer() -> Viewer:
    """Return who asks; nobody outside of a request and before the gate has looked."""
    return getattr(g, "viewer", NOBODY) if has_request_context() else NOBODY


class Sessions(Protocol):
    """Whose a session is."""

    def whose(self, token: str | None) -> Account | None:
        """Whose the token is."""


Other = Callable[[str], Viewer | None]  # what another kind of token proves


class Gate:
    """Keeps the doors of one server.

    `others`: what stands behind the tokens that aren't sessions, by the word that they begin
    with (`screen.`, `link.`). `sites`: all sites that there are.
    """

    def __init__(
        self, sessions: Sessions, sites: Callable[[], Sequence[str]],
        pages: Mapping[str, Collection[Role]], others: Mapping[str, Other] | None = None,
        doors: Mapping[str, Door] = DOORS,
    ) -> None:  # fmt: skip
        self._sessions = sessions
        self._sites = sites
        self._pages = {tuple(path.strip("/").split("/")): roles for path, roles in pages.items()}
        self._others = dict(others or {})
        self._doors = doors
        self._proven: dict[str, tuple[float, Viewer]] = {}

    def register(self, server: Flask) -> None:
        """Stand before every request."""
        server.before_request(self.before)
        server.extensions[_NAME] = self

    def door(self, endpoint: str | None) -> Door | None:
        """Return how an endpoint is kept; None: it lets nobody in."""
        return self._doors.get(endpoint or "")

    def before(self) -> Answer | None:
        """Work out who asks; let them in, send them to sign in, or say that there is nothing."""
        door = self.door(request.endpoint)
        if door in (Door.OPEN, Door.KEY):
            return None
        try:
            g.viewer = found = self.of(token_of(request.cookies))
        except Unavailable as error:
            return _later(error)
        if door is not None and self._lets_in(door, found):
            return None
        if found.known or door is None:
            abort(404)
        return _to_sign_in(door)

    def of(self, token: str | None) -> Viewer:
        """Return whom a token proves.

        Raises: Unavailable when SQL can't be asked, and nobody was proven by it lately.
        """
        if not token:
            return NOBODY
        trusted_s = TRUSTED_SCREEN_S if token.startswith("screen.") else TRUSTED_PEOPLE_S
        try:
            found = self._prove(token)
        except Unavailable:
            seen_at, kept = self._proven.get(token, (0.0, NOBODY))
            if kept.known and time.monotonic() - seen_at < trusted_s:
                return kept
            raise
        self._proven.pop(token, None)
        if found.known:
            while len(self._proven) >= MOST_REMEMBERED:
                del self._proven[next(iter(self._proven))]
            self._proven[token] = (time.monotonic(), found)
        return found

    def roles_of(self, path: str) -> Collection[Role]:
        """Return the roles that a page is for; none where there is no page."""
        parts = tuple(path.strip("/").split("/"))
        for template, roles in self._pages.items():
            if len(template) == len(parts) and all(
                (wanted.startswith("<") and given) or wanted == given
                for wanted, given in zip(template, parts, strict=True)
            ):
                return roles
        return ()

    def watched(
        self, frames: Generator[bytes, None, None], token: str | None, asked: Viewer
    ) -> Generator[bytes, None, None]:
        """Hand a stream on for as long as its token proves the same viewer."""
        due = time.monotonic() + RECHECK_S
        with closing(frames):
            for frame in frames:
                if time.monotonic() >= due:
                    if not self._is_still(token, asked):
                        return
                    due = time.monotonic() + RECHECK_S
                yield frame

    def _is_still(self, token: str | None, asked: Viewer) -> bool:
        try:
            found = self.of(token)
        except Unavailable:
            return False
        return (found.actor, found.scope, found.screen) == (asked.actor, asked.scope, asked.screen)

    def _prove(self, token: str) -> Viewer:
        kind, dot, _ = token.partition(".")
        if dot and kind in self._others:
            return self._others[kind](token) or NOBODY
        account = self._sessions.whose(token)
        return NOBODY if account is None else self.viewer_of(account)

    def viewer_of(self, account: Account) -> Viewer:
        """Return the viewer that an account's owner is."""
        known = self._sites()
        sites = known if EVERY_SITE in account.sites else account.sites
        scope = Scope(role=account.role, sites=tuple(sites), party=account.party)
        actor = f"account/{account.id}"
        return Viewer(scope=scope, actor=actor, name=account.name, account=account)

    def _lets_in(self, door: Door, found: Viewer) -> bool:
        if door is Door.LOCAL:
            return _is_local() or (found.known and found.scope.role is Role.ADMINISTRATOR)
        if door is Door.ANYBODY:
            return True
        if door is Door.ACCOUNT:
            return found.account is not None
        if door in ROLES:
            return found.account is not None and found.scope.role in ROLES[door]
        if door is Door.PAGES:
            return self._opens(request.path, found)
        return found.known

    def _opens(self, path: str, found: Viewer) -> bool:
        """Whether a page may be opened: by the roles it is for, and by a device its own alone."""
        own = found.screen is None or path == f"/wall/{found.screen}"
        return found.known and own and found.scope.role in self.roles_of(path)


def while_known(frames: Generator[bytes, None, None]) -> Generator[bytes, None, None]:
    """Hand a stream on to who asked for it now, and end it when they may no longer see it.

    Every stream goes through here: within a heartbeat it is over after the viewer signed out,
    was disabled, or may see other things than before.
    """
    gate: Gate = current_app.extensions[_NAME]
    return gate.watched(frames, token_of(request.cookies), viewer())


def is_private() -> bool:
    """Whether nobody can read along: https, or this machine with itself."""
    name = urlsplit(f"//{request.host}").hostname
    return request.is_secure or (_is_local() and name in _LOCAL_NAMES)


def token_of(cookies: Mapping[str, str]) -> str | None:
    """Return the token that a browser sent; over https only the cookie that https set."""
    if not is_private():
        return None
    return cookies.get(SECURE_COOKIE if request.is_secure else COOKIE)


def remember(answer: Answer, token: str, lasts_s: int | None) -> None:
    """Give a browser its token; None: until it is closed. Without https only on this machine."""
    if not is_private():
        return
    answer.set_cookie(
        SECURE_COOKIE if request.is_secure else COOKIE, token, max_age=lasts_s, path="/",
        secure=request.is_secure, httponly=True, samesite="Lax",
    )  # fmt: skip


def forget(answer: Answer) -> None:
    """Take a browser's token away."""
    for name in (SECURE_COOKIE, COOKIE):
        answer.set_cookie(
            name, "", max_age=0, path="/", secure=request.is_secure, httponly=True, samesite="Lax"
        )


def local_path(wanted: str | None) -> str:
    """Return where to go after signing in: a path of this server, else the start."""
    path = wanted or "/"
    plain = path.isprintable() and "\\" not in path and len(path) < 2000
    return path if plain and path.startswith("/") and not path.startswith("//") else "/"


def _to_sign_in(door: Door) -> Answer:
    """Send a reader of pages to sign in; tell a script that nobody is known."""
    if door in _READ and request.method == "GET":
        query = request.query_string.decode(errors="replace")
        here = request.path + (f"?{query}" if query else "")
        if request.path.startswith(WALL):
            return redirect(_to_pairing(), 303)
        return redirect(f"{SIGN_IN}?next={quote(here, safe='')}", 303)
    return Response("sign in first\n", 401, mimetype="text/plain")


def _to_pairing() -> str:
    """Return where a browser on a wall is let in, in the language that was asked for."""
    given = {"wall": request.path.removeprefix(WALL), "lang": request.args.get("lang", "")}
    return f"{PAIRING}?{urlencode({name: value for name, value in given.items() if value})}"


def _later(error: Unavailable) -> Answer:
    answer = Response("who you are can't be looked up now\n", 503, mimetype="text/plain")
    later(answer, error)
    return answer


def _is_local() -> bool:
    """Whether the request comes from this machine, not through a proxy on it."""
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    return is_loopback(request.remote_addr or "")


def is_loopback(address: str) -> bool:
    """Whether an address is this machine's own."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback
