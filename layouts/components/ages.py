"""How old the figures of a panel are, in words; nothing when they are live."""

from data.domain.view import WallView
from layouts.text import Translator


def floor_age(view: WallView, t: Translator) -> str | None:
    """Return the age of what the floor's signals say."""
    if view.stale_s is not None:
        return t("{age} old", age=t.duration(view.stale_s))
    return log_age(view, t)


def log_age(view: WallView, t: Translator) -> str | None:
    """Return the age of what the log says, when it can't be reached."""
    readers = view.readers
    if readers.log_connected:
        return None
    if readers.event_age_s is None:
        return t("nothing heard yet")
    return t("{age} old", age=t.duration(readers.event_age_s))
