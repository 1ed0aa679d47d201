"""Walls: a screen joined with the live board of its site, ready to render and to push."""

from datetime import datetime

from callbacks.gate import Viewer
from callbacks.quiet import Quiet
from data.domain.figures import wall_view
from data.domain.line import UnknownArea
from data.domain.scope import Role, Scope
from data.domain.topics import EVERYTHING
from data.domain.view import WallView
from data.services.errors import Forbidden, NoSuchInstant
from data.services.sites import Sites
from data.services.views import PastSites, SiteView
from layouts.cells import Cells
from layouts.pages import wall
from layouts.screens import Screen, Screens, in_language
from layouts.text import LOCALES, translator

_MAX_ORDERS, _MAX_NEEDS = 40, 24


class Wall:
    """One screen's wall on a live board, or on one of the past, which has no exceptions."""

    def __init__(
        self, screen: Screen, live: SiteView, build: str, quiet: Quiet | None = None
    ) -> None:
        self._screen = screen
        self._live = live
        self._build = build
        self._quiet = quiet
        self._t = translator(screen.locale)

    @property
    def timezone(self) -> str:
        """The site's time zone."""
        return self._live.board.site.timezone

    @property
    def at(self) -> datetime:
        """The site's now, or the instant that is looked back at."""
        return self._live.now

    def view(self) -> WallView:
        """What the line shows now."""
        live, area = self._live, self._screen.area
        live.renew()
        cases = since = None  # of the past they aren't known
        if self._quiet is not None:
            cases = live.facts.exceptions.values()
            since = self._quiet.since(live.site, area, cases, live.now)
        return wall_view(
            live.indexes, self._screen.area, live.now, live.readers(), live.signal_age_s(),
            max_orders=_MAX_ORDERS, max_needs=_MAX_NEEDS,
            bottleneck=live.facts.bottlenecks.get(self._screen.area),
            forecasts=live.facts.forecasts, exceptions=cases,
            quiet_since=since,
        )  # fmt: skip

    def render(self, topics: int = EVERYTHING) -> Cells:
        """Cells of the panels that the topics concern."""
        return wall.render(self.view(), self._screen, self._t, topics)

    def beat(self) -> dict[str, object]:
        """What a heartbeat says: the site's clock, the data's own age, the build."""
        live = self._live
        readers, clock = live.readers(), live.board.site.clock
        return {
            "now": live.now.timestamp() * 1000,
            "rate": 1.0 if clock is None else clock.rate,
            "ends": clock.ends_at.timestamp() * 1000 if clock and clock.ends_at else None,
            "age": readers.event_age_s,
            "log": readers.log_connected,
            "build": self._build,
        }


class Walls:
    """Finds screens and makes their walls."""

    def __init__(
        self, sites: Sites, screens: Screens, build: str, past: PastSites | None = None,
        quiet: Quiet | None = None,
    ) -> None:  # fmt: skip
        self.sites = sites
        self.screens = screens
        self._build = build
        self._past = past
        self._quiet = quiet or Quiet()

    def screen(self, screen_id: str, lang: str | None) -> Screen | None:
        """Return a screen, in the viewer's language when one is asked for."""
        screen = self.screens.find(screen_id)
        if screen is None or lang not in LOCALES or lang == screen.locale:
            return screen
        return in_language(screen, lang)

    def wall(self, screen: Screen, viewer: Viewer) -> Wall | None:
        """Return the wall of a screen; None while its site or line isn't known, or not to them."""
        if not may_show(viewer, screen):
            return None
        try:
            live = self.sites.watched(viewer.scope, screen.site)
            live.indexes.line(screen.area)
        except (Forbidden, UnknownArea):
            return None
        return Wall(screen, live, self._build, self._quiet)

    def is_early(self, screen: Screen, viewer: Viewer) -> bool:
        """Whether it can't be told yet that there is no such wall: its line may still come."""
        if not self.sites.loaded or not self.sites.ids():
            return True
        if not may_show(viewer, screen) or screen.site not in self.sites.ids():
            return False
        return not self.sites.watched(viewer.scope, screen.site).known

    def wall_then(self, screen: Screen, viewer: Viewer, at: datetime) -> Wall:
        """Return the wall of a screen as it was at an instant.

        Raises: Forbidden when it can't be shown, NoSuchInstant among them; Unavailable.
        """
        if self._past is None or not may_show(viewer, screen):
            raise Forbidden(screen.site)
        past = self._past.watched(viewer.scope, screen.site, at)
        try:
            past.indexes.line(screen.area)
        except UnknownArea as error:
            raise NoSuchInstant(f"{screen.area} wasn't there yet") from error
        return Wall(screen, past, self._build)


def wall_scope(site: str) -> Scope:
    """Return the scope of a wall, which is the same for all who may look at it."""
    return Scope(role=Role.SCREEN, sites=(site,))


def may_show(viewer: Viewer, screen: Screen) -> bool:
    """Whether someone may see a wall; a device only its own."""
    return viewer.scope.may_watch(screen.site) and viewer.screen in (None, screen.id)
