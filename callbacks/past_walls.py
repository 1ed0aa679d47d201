"""Walls that look back: `?at=` shows a line as its screen had it at that instant, still."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dash.development.base_component import Component

from callbacks.desk.visit import BadParameter, instant
from callbacks.gate import viewer
from callbacks.walls import Wall, Walls
from data.services.errors import Archived, Forbidden, NoSuchInstant, Unavailable
from layouts.cells import fill
from layouts.pages import past, wall
from layouts.panels.header import Then
from layouts.screens import Screen
from layouts.text import Translator
from layouts.urls import address, segment

STEP = timedelta(minutes=15)


def past_wall(
    walls: Walls, screen: Screen, live: Wall, at: str, lang: str | None, t: Translator
) -> Component:
    """Return the wall of a screen at an instant, or a page that says why there is none."""
    try:
        moment = instant(at, live.timezone)
        shown = walls.wall_then(screen, viewer(), moment)
    except BadParameter:
        return past.not_an_instant(at, t)
    except Archived:
        return past.archived(at, t)
    except NoSuchInstant:
        return past.no_such_instant(moment > live.at, at, t)
    except (Forbidden, Unavailable):
        return past.no_history(at, t)
    then = _then(screen, shown, live.at, lang)
    return fill(wall.layout(screen, t, shown.timezone, then), shown.render())


def _then(screen: Screen, shown: Wall, now: datetime, lang: str | None) -> Then:
    here = f"/wall/{segment(screen.id)}"
    at, following = shown.at, shown.at + STEP

    def to(moment: datetime | None) -> str:
        local = None if moment is None else moment.astimezone(ZoneInfo(shown.timezone))
        said = None if local is None else f"{local:%Y-%m-%dT%H:%M}"
        return address(here, {"at": said, "lang": lang})

    return Then(at, to(at - STEP), to(following) if following <= now else None, to(None))
