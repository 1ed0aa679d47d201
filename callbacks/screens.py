"""`/screen`: how a browser on a wall is let in; `/screens`: where someone lets it in.

A browser without a way in that opens a wall is sent to `/screen` and shows a code there until
whoever looks after screens has typed it. From then on its cookie stands for that one screen and
is renewed with every answer, so that it never ends while the screen is in use.
"""

from collections.abc import Callable, Mapping
from urllib.parse import quote

from flask import Blueprint, Response, abort, jsonify, redirect, request
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response as Answer

from callbacks.gate import SIGN_IN, Other, Viewer, is_private, remember, token_of, viewer
from callbacks.plain_pages import PlainPages, answer, by, given
from callbacks.viewer import chosen_language
from callbacks.walls import Walls
from data.domain.scope import Role, Scope
from data.domain.screens import ScreenDevice
from data.services.live import utc_now
from data.services.screens import KIND, CodeError, Devices, Waiting
from layouts.pages import doors, pairing, screens
from layouts.text import Translator, translator
from layouts.urls import address

LASTS_S = 400 * 24 * 3600  # the longest that browsers keep a cookie
_LONGEST = 120
_PAGE = "/<path:path>"  # Dash's, of every page


class ScreenPages:
    """The handlers. `names`: what the accounts of actors are called; `build`: what is served."""

    def __init__(
        self, devices: Devices, walls: Walls, names: Callable[[], Mapping[str, str]], build: str,
        pages: PlainPages,
    ) -> None:  # fmt: skip
        self._devices, self._walls, self._names = devices, walls, names
        self._build, self._pages = build, pages

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        routes = Blueprint("screens", __name__)
        routes.get("/screen")(self.pairing)
        routes.get("/screen/state")(self.state)
        routes.get(screens.PATH)(self.listed)
        routes.post(screens.PATH)(self.enrol)
        routes.post(f"{screens.PATH}/<device>/revoke")(self.revoke)
        routes.after_app_request(self.renew)
        return routes

    def renew(self, sent: Response) -> Response:
        """Let a screen's cookie last on; note which version it was given."""
        if viewer().screen is None:
            return sent
        token = token_of(request.cookies) or ""
        remember(sent, token, LASTS_S)
        if request.endpoint == _PAGE and sent.status_code == 200 and _is_shown():
            self._devices.given(token, self._build)
        return sent

    def pairing(self) -> Answer:
        """Show the code of a browser that waits; send the one that was let in to its wall."""
        asked = request.args.get("wall", "")[:_LONGEST]
        t = self._screen_t(asked)
        if not is_private():
            return self._pages.alone(pairing.TITLE, doors.needs_https(t, request.host), 403)
        if viewer().screen is not None:
            return redirect(_wall(viewer().screen), 303)
        if viewer().known:
            return redirect(_wall(self._known(asked)), 303)
        token = token_of(request.cookies)
        waiting, fresh, wall = self._devices.waiting(token), None, self._known(asked)
        if waiting is None or (wall or waiting.screen) != waiting.screen:
            fresh = self._devices.ask(wall, request.remote_addr or "")
            waiting = self._devices.waiting(fresh)
        if waiting is None:
            return answer(pairing.too_many(t), 429)
        shown = answer(self._waits(t, waiting))
        if fresh:
            remember(shown, fresh, LASTS_S)
        return shown

    def state(self) -> Response:
        """Say which code holds; none for a browser that was let in, or never asked."""
        waiting = self._devices.waiting(token_of(request.cookies))
        said = jsonify(code=None if waiting is None else waiting.code)
        said.headers["Cache-Control"] = "no-store"
        return said

    def listed(self) -> Response:
        """Show every screen of the reader's sites."""
        let_in = self._known(request.args.get("in", "")) or ""
        return self._show(let_in=let_in, kept_out=request.args.get("said") == "out")

    def enrol(self) -> Answer:
        """Let the browser in that shows a code."""
        code, screen = given("code").strip(), given("screen")
        try:
            found = self._devices.enrol(by(), code, screen, self._place)
        except CodeError as error:
            return self._show(wrong=error.why, status=429 if error.why == "often" else 422)
        return redirect(address(screens.PATH, {"in": screen or found.screen}), 303)

    def revoke(self, device: str) -> Answer:
        """Keep a browser out from now on."""
        if not self._devices.revoke(by(), device, viewer().scope.sites):
            abort(404)
        return redirect(f"{screens.PATH}?said=out", 303)

    def _waits(self, t: Translator, waiting: Waiting) -> str:
        where = f"{request.host_url.rstrip('/')}{screens.PATH}"
        onward = f"{SIGN_IN}?next={quote(_wall(waiting.screen), safe='')}"
        return pairing.page(t, waiting.code, where, waiting.screen or "", onward)

    def _screen_t(self, asked: str) -> Translator:
        """Return the language chosen on this browser, else the screen's, else the browser's."""
        screen = self._walls.screens.find(asked)
        if screen is None or chosen_language(request.args.get("lang")) is not None:
            return self._pages.t()
        return translator(screen.locale)

    def _known(self, screen: str) -> str | None:
        """Return a screen's id when one has that form; whether its line exists isn't told."""
        return None if self._walls.screens.find(screen) is None else screen

    def _place(self, screen_id: str) -> str | None:
        """Return a screen's site when there is such a wall and the reader may look at it."""
        screen = self._walls.screens.find(screen_id)
        there = screen_id in dict(self._choices())
        return screen.site if screen is not None and there else None

    def _choices(self) -> list[tuple[str, str]]:
        scope, found = viewer().scope, []
        for site in self._pages.sites().values():
            if scope.may_watch(site.id):
                found += [(f"{site.id}.{area.id}", area.name or area.id) for area in site.areas]
        named = self._walls.screens.named.values()
        found += [(one.id, one.area) for one in named if scope.may_watch(one.site)]
        return [(screen, f"{screen} · {name}") for screen, name in found]

    def _show(
        self, wrong: str = "", status: int = 200, let_in: str = "", kept_out: bool = False
    ) -> Response:
        names, choices = self._names(), self._choices()
        lines = {screen: words.partition(" · ")[2] for screen, words in choices}
        found = self._devices.enrolled(viewer().scope.sites)
        shown = screens.Shown(
            rows=[self._row(one, lines, names) for one in found], choices=choices, now=utc_now(),
            build=self._build, wrong=wrong, let_in=let_in, kept_out=kept_out, code=given("code"),
            chosen=given("screen"),
        )  # fmt: skip
        body = screens.layout(shown, generate_csrf(), self._pages.t())
        return self._pages.show(screens.PATH, screens.TITLE, body, status)

    def _row(
        self, one: ScreenDevice, lines: Mapping[str, str], names: Mapping[str, str]
    ) -> screens.Row:
        by = one.enrolled_by or ""
        site = self._pages.sites().get(one.site or "")
        return screens.Row(
            device=one, name=lines.get(one.screen or "", ""), by=names.get(by, by),
            timezone="UTC" if site is None else site.timezone,
        )  # fmt: skip


def proof(devices: Devices) -> Other:
    """Return what tells the viewer that a screen's token stands for; it raises: Unavailable."""

    def proves(token: str) -> Viewer | None:
        found = devices.showing(token)
        if found is None or found.site is None:
            return None
        scope = Scope(role=Role.SCREEN, sites=(found.site,))
        return Viewer(scope=scope, actor=f"{KIND}/{found.id}", screen=found.screen)

    return proves


def _wall(screen: str | None) -> str:
    """Return the address of a wall; of the start without one."""
    return "/" if not screen else f"/wall/{quote(screen)}"


def _is_shown() -> bool:
    """Whether the browser opens a page, and no script only looks whether it could."""
    return request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
