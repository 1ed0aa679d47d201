"""Where someone says that the daily report is to be mailed to them. Pure.

A plain form: it works without a script and sends the browser back to the report.
"""

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.report_schedule import EVERY_DAY, FORMATS, Schedule
from layouts.components import desk
from layouts.components.still import Element, still
from layouts.pages.figures import shift_name
from layouts.text import LOCALE_NAMES, LOCALES, Translator, msgid

ACTION = "/report/schedule"
EACH, DAILY = "each", "daily"  # what the field of times says besides a shift's name
DAYS = {
    1: msgid("Mon"), 2: msgid("Tue"), 3: msgid("Wed"), 4: msgid("Thu"), 5: msgid("Fri"),
    6: msgid("Sat"), 7: msgid("Sun"),
}  # fmt: skip
FORMAT_NAMES = {"xlsx": "Excel (.xlsx)", "pdf": "PDF"}
SENT = {
    "kept": msgid("Kept. The report will be mailed."),
    "dropped": msgid("The report isn't mailed any more."),
}
WRONG = {
    "at": msgid("Give a time as 07:30."),
    "shift": msgid("Choose after which shift."),
    "days": msgid("Choose at least one day."),
    "formats": msgid("Choose from the formats."),
    "language": msgid("Choose a language."),
}


class MailView(Struct, frozen=True, kw_only=True):
    """What the form shows. `address`: where it goes to; empty: nobody can be reached."""

    site: str
    csrf: str
    address: str
    shifts: tuple[str, ...]
    schedule: Schedule | None = None
    said: str = ""
    wrong: str = ""


def mail_form(view: MailView, t: Translator) -> Component:
    """Return the section in which it is switched on, changed or off."""
    title = t("By e-mail")
    if not view.address:
        words = t("No e-mail address of yours is known: add one to how you are told of exceptions.")
        return desk.section(title, html.P(words, className="mp-mute"), css="mp-mail")
    on = view.schedule
    lead = t("Sent to {address}.", address=view.address) if on else t("Not sent to you yet.")
    form = html.Form(
        [
            *_hidden(view),
            _when(view, t),
            _field("at", t("Time, when daily"), on.at if on and on.at else "07:30", "time"),
            _days(on, t),
            _formats(on, t),
            _languages(on, t),
            html.Button(t("Keep"), type="submit", name="do", value="keep", className="mp-button"),
            *_off(on, t),
        ],
        action=ACTION,
        method="post",
        className="mp-mail-form",
    )
    notes = _notes(view, t)
    words = html.P(lead, className="mp-mute")
    return still(desk.section(title, [*notes, words, form], css="mp-mail"), "report-mail")


def _hidden(view: MailView) -> list[Element]:
    kept = {"csrf_token": view.csrf, "site": view.site}
    return [
        Element("input", {"type": "hidden", "name": name, "value": value})
        for name, value in kept.items()
    ]


def _notes(view: MailView, t: Translator) -> list[Component]:
    if view.wrong:
        return [html.P(t(WRONG[view.wrong]), className="mp-say-note mp-say-wrong", role="alert")]
    return [html.P(t(SENT[view.said]), className="mp-say-note", role="status")] if view.said else []


def _when(view: MailView, t: Translator) -> Element:
    on = view.schedule
    chosen = EACH if on is None or (not on.at and not on.shift) else DAILY if on.at else on.shift
    options = [(EACH, t("after each shift")), (DAILY, t("daily, of the day before"))]
    options += [(n, t("after {shift}", shift=shift_name(n, t))) for n in view.shifts]
    return _select("when", t("When"), options, chosen)


def _languages(on: Schedule | None, t: Translator) -> Element:
    options = [(one, LOCALE_NAMES[one]) for one in LOCALES]
    return _select("language", t("Language"), options, on.language if on else t.locale)


def _days(on: Schedule | None, t: Translator) -> Element:
    chosen = set(on.days if on else EVERY_DAY)
    boxes = [_box("days", str(day), t(DAYS[day]), day in chosen) for day in EVERY_DAY]
    return _boxes(t("On"), boxes)


def _formats(on: Schedule | None, t: Translator) -> Element:
    chosen = set(on.formats if on else FORMATS)
    boxes = [_box("formats", one, FORMAT_NAMES[one], one in chosen) for one in FORMATS]
    return _boxes(t("With"), boxes)


def _off(on: Schedule | None, t: Translator) -> list[Component]:
    if on is None:
        return []
    words = t("Don't send it any more")
    button = html.Button(words, type="submit", name="do", value="drop", className="mp-small-button")
    return [button]


def _field(name: str, label: str, value: str, kind: str) -> Element:
    field = Element("input", {"type": kind, "name": name, "value": value, "class": "mp-input"})
    return _labelled(label, field)


def _select(name: str, label: str, options: list[tuple[str, str]], chosen: str) -> Element:
    items = [
        Element("option", {"value": value, "selected": value == chosen}, words)
        for value, words in options
    ]
    return _labelled(label, Element("select", {"name": name, "class": "mp-input mp-select"}, items))


def _labelled(label: str, field: Element) -> Element:
    name = html.Span(label, className="mp-field-name")
    return Element("label", {"class": "mp-field"}, [name, field])


def _box(name: str, value: str, words: str, checked: bool) -> Element:
    own = {"type": "checkbox", "name": name, "value": value, "checked": checked}
    return Element("label", {}, [Element("input", own), f" {words}"])


def _boxes(label: str, boxes: list[Element]) -> Element:
    return Element("fieldset", {}, [Element("legend", {}, label), *boxes])
