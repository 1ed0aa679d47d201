"""Pages that say why a wall can't look back to an instant."""

from dash.development.base_component import Component

from layouts.pages.message import message
from layouts.text import Translator


def not_an_instant(at: str, t: Translator) -> Component:
    """Return the page for an instant that can't be read."""
    words = t("at: expected a day and a time at the site, such as 2026-11-21T14:30.")
    return message(t("That is no instant"), words, t, at)


def no_such_instant(ahead: bool, at: str, t: Translator) -> Component:
    """Return the page for an instant that nothing is known of."""
    if ahead:
        words = t("It lies ahead. Nobody can look back at it yet.")
    else:
        words = t("It lies before the first event that was recorded of this line.")
    return message(t("Nothing to show at that instant"), words, t, at)


def archived(at: str, t: Translator) -> Component:
    """Return the page for an instant whose events are archived."""
    words = t("What was recorded then is archived. Whoever runs Milepost can bring it back.")
    return message(t("Nothing to show at that instant"), words, t, at)


def no_history(at: str, t: Translator) -> Component:
    """Return the page for when the history doesn't answer."""
    words = t("The history can't be reached. Live walls go on; try again in a moment.")
    return message(t("The past can't be shown now"), words, t, at)
