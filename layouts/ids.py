"""Ids of the elements that a script or a callback addresses; the only place that makes them."""

from enum import StrEnum


class Wall(StrEnum):
    """Fixed elements of a wall."""

    ROOT = "wall"
    CLOCK = "wall-clock"
    FRESH = "wall-fresh"
    LOST = "wall-lost"
    LOST_AGE = "wall-lost-age"
    BACK = "wall-back"
    ON = "wall-on"
    LIVE = "wall-live"
    TICKER = "wall-ticker"
    TICKER_TEXT = "wall-ticker-text"
    TICKER_SINCE = "wall-ticker-since"
    TICKER_MORE = "wall-ticker-more"
    ALARM = "wall-alarm"  # the newest exception for which a page comes to the front


class Home(StrEnum):
    """Fixed elements of the home page."""

    ROOT = "home"
    LANGUAGES = "home-languages"
    SITES = "home-sites"
    GLANCE = "home-glance"  # the still part with all sites
    LIVE = "home-live"  # a store: the script's wish to have the sites drawn again


WALL_ROOT, WALL_CLOCK, WALL_FRESH = Wall.ROOT, Wall.CLOCK, Wall.FRESH
WALL_LOST, WALL_LOST_AGE = Wall.LOST, Wall.LOST_AGE
WALL_BACK, WALL_ON, WALL_LIVE = Wall.BACK, Wall.ON, Wall.LIVE


def wall_page(number: int) -> str:
    """Id of one page of a wall's rotation."""
    return f"p{number}"


def wall_panel(number: int, panel: str) -> str:
    """Id of a panel on one page of the rotation; its cells' ids begin with it."""
    return f"p{number}-{panel}"


class Desk(StrEnum):
    """Fixed elements of every page that is read at a desk."""

    ROOT = "desk"
    BODY = "desk-body"
    STATUS = "desk-status"
    AS_OF = "desk-as-of"
    LIVE = "desk-live"  # a store: the script's wish to have the body drawn again
    BUSY = "desk-busy"


class Gantt(StrEnum):
    """Fixed elements of the Gantt's page."""

    ROOT = "gantt"
    CHART = "gantt-chart"
    DRAWING = "gantt-drawing"  # holds the drawing that the script draws
    LIVE = "gantt-live"  # a store: the script's wish for another window, or a newer one
    SIZE = "gantt-size"  # a store: how many pixels and rows there is room for
    HOVER = "gantt-hover"  # a store: the operation that the reader points at
    CARD = "gantt-card"


class Figures(StrEnum):
    """Fixed elements of the page of figures."""

    TREND = "figures-trend"


class Orders(StrEnum):
    """Fixed elements of the list of orders."""

    LIST = "orders-list"


class Exceptions(StrEnum):
    """Fixed elements of the pages on exceptions."""

    LIST = "exceptions-list"
    ONE = "exceptions-one"
    KEYS = "exceptions-keys"
    RULES = "exceptions-rules"
    PARTY = "exceptions-party"


class Quarantine(StrEnum):
    """Fixed elements of the page on what was not taken."""

    LIST = "quarantine-list"
    LATELY = "quarantine-lately"
