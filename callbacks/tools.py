"""The plain pages that are nobody's own: who is let in, who is told of what, and whom they are for.

Imported by the start and by the shell, which lead to them.
"""

from callbacks.gate import ROLES, Door, Viewer
from layouts.pages import links, people, roster, screens, triggers
from layouts.text import Translator

_PAGES = (
    (Door.ADMINISTRATORS, people.TITLE, people.PATH),
    (Door.SCREENS, screens.TITLE, screens.PATH),
    (Door.LINKS, links.TITLE, links.PATH),
    (Door.TELLING, roster.TITLE, roster.PATH),
    (Door.TELLING, triggers.TITLE, triggers.PATH),
)


def tools_of(who: Viewer, t: Translator) -> list[tuple[str, str]]:
    """Return names and paths of those that someone may open."""
    if who.account is None:
        return []
    return [(t(title), path) for door, title, path in _PAGES if who.scope.role in ROLES[door]]
