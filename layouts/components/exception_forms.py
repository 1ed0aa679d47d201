"""Forms by which people move exceptions: take, shelve, resolve, hand over, say something. Pure.

Plain forms that work without a script; `assets/exceptions.js` sends them without leaving the page.
"""

from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.exceptions.records import Case
from layouts.components.still import OWN, Element
from layouts.text import Translator, msgid

MOST_WORDS = 1000
BULK, SAY = "x-bulk", "x-say"  # ids of forms and fields that the script knows
# For how long something is shelved, by minutes.
SHELVES = {
    "60": msgid("for an hour"),
    "240": msgid("for four hours"),
    "480": msgid("for eight hours"),
    "1440": msgid("for a day"),
    "10080": msgid("for a week"),
}
# What it came from, as the one who resolves it chooses.
FOUND = {
    "machine": msgid("machine or tool"),
    "material": msgid("material"),
    "people": msgid("people or skills"),
    "method": msgid("method or plan"),
    "quality": msgid("quality"),
    "system": msgid("data or system"),
    "false": msgid("false alarm"),
    "other": msgid("something else"),
}
DONE = {
    "acknowledge": msgid("Acknowledged: {count}"),
    "release": msgid("Given back."),
    "assign": msgid("Handed over."),
    "shelve": msgid("Shelved: {count}"),
    "unshelve": msgid("Taken off the shelf."),
    "resolve": msgid("Resolved: {count}"),
    "comment": msgid("Your comment was sent."),
    "mark": msgid("Thank you: the rule learns from it."),
}
WRONG = {
    "words": msgid("Write 1 to {most} characters."),
    "none": msgid("Nothing is selected."),
    "until": msgid("Choose for how long."),
    "cause": msgid("Choose what it came from."),
    "owner": msgid("Choose to whom."),
    "party": msgid("It doesn't concern that party."),
    "illegal": msgid("That can't be done with it as it stands now."),
    "lost": msgid("Someone else was first. This is the newest."),
}


KNOWN = msgid("The factory sees that you know of it.")
LOST = msgid("{count} had been moved by others meanwhile")
REFUSED = msgid("{count} can't be, as they stand now")
FIRST = msgid("{name} was first: {case} is {state} now.")


class Sender(Struct, frozen=True, kw_only=True):
    """What every form carries: where it posts to, the site, where to come back, its proof."""

    action: str
    csrf: str
    site: str
    back: str


def hidden(sender: Sender, **values: str) -> list[Element]:
    """Return the fields that nobody sees."""
    given = {"csrf_token": sender.csrf, "site": sender.site, "back": sender.back, **values}
    return [
        Element("input", {"type": "hidden", "name": name, "value": value})
        for name, value in given.items()
    ]


def button(move: str, words: str, key: str = "", first: bool = False) -> Element:
    """Return the button that sends a form as one move; `key`: what presses it."""
    css = "mp-x-do mp-x-first" if first else "mp-x-do"
    hint = [html.Kbd(key)] if key else []
    given = {"type": "submit", "name": "move", "value": move, "class": css}
    return Element("button", {**given, "aria-keyshortcuts": key or None}, [words, *hint])


def choice(name: str, options: dict[str, str], label: str, first: str = "") -> Element:
    """Return a list to choose from; `first`: what stands there while nothing is chosen."""
    none = [Element("option", {"value": ""}, first)] if first else []
    items = [Element("option", {"value": value}, words) for value, words in options.items()]
    select = Element(
        "select", {"name": name, "class": "mp-x-input", "aria-label": label}, [*none, *items]
    )
    return Element("label", {"class": "mp-x-field"}, [html.Span(label), select])


def words_field(label: str, rows: int = 2, id: str | None = None, hint: str = "") -> Element:
    """Return the field for a few words."""
    given = {"name": "words", "rows": rows, "maxlength": MOST_WORDS, "class": "mp-x-input"}
    area = Element("textarea", {**given, "id": id, "placeholder": hint or None})
    return Element("label", {"class": "mp-x-field mp-x-words"}, [html.Span(label), area])


def drop(name: str, words: str, body: Sequence[Any], key: str = "") -> Element:
    """Return what unfolds above a bar or below a button; the script opens it by its name."""
    hint = [html.Kbd(key)] if key else []
    inside = [html.Summary([words, *hint]), html.Div(list(body), className="mp-x-drop-panel")]
    return Element("details", {"class": "mp-x-drop", "data-drop": name}, inside)


def shelving(t: Translator, words: str = "") -> Element:
    """Return what shelving asks for: until when."""
    until = choice("minutes", {key: t(said) for key, said in SHELVES.items()}, t("How long"))
    return drop(
        "shelve",
        words or t("Shelve"),
        [until, words_field(t("Why (optional)")), button("shelve", t("Shelve"), first=True)],
        "s",
    )


def resolving(t: Translator) -> Element:
    """Return what resolving asks for: what it came from."""
    found = {key: t(said) for key, said in FOUND.items()}
    cause = choice("cause", found, t("What it came from"), t("choose"))
    body = [cause, words_field(t("What was done (optional)")),
            button("resolve", t("Resolve"), first=True)]  # fmt: skip
    return drop("resolve", t("Resolve"), body, "r")


def bulk(sender: Sender, t: Translator) -> Component:
    """Return the bar that does something to all that are selected."""
    chosen = html.Span(
        [html.Strong("0", className="mp-x-count"), " ", t("selected")], className="mp-x-chosen"
    )
    clear = Element("button", {"type": "reset", "class": "mp-x-do", "form": BULK}, t("Clear"))
    inside = [
        *hidden(sender),
        chosen,
        button("acknowledge", t("Acknowledge"), "a", first=True),
        shelving(t),
        resolving(t),
        clear,
        html.Span(className="mp-x-wrong", role="alert", **OWN),
    ]
    return html.Form(
        inside, id=BULK, action=sender.action, method="post", className="mp-x-bar",
        **{"aria-label": t("What to do with those selected")},
    )  # fmt: skip


def pick(case: Case, label: str) -> Element:
    """Return the box that selects an exception; it says which version was seen."""
    box = Element(
        "input",
        {"type": "checkbox", "name": "case", "value": f"{case.number}.{case.version}",
         "form": BULK, "class": "mp-x-box", "aria-label": label},
    )  # fmt: skip
    return Element("label", {"class": "mp-x-pick"}, [box])


def one(sender: Sender, case: Case, body: Sequence[Any], css: str = "") -> Component:
    """Return a form about one exception, as its reader has seen it."""
    own = hidden(sender, case=f"{case.number}.{case.version}")
    wrong = html.Span(className="mp-x-wrong", role="alert", **OWN)
    return html.Form(
        [*own, *body, wrong], action=sender.action, method="post",
        className=f"mp-x-form {css}".strip(),
    )  # fmt: skip
