"""The page of those who look after screens: let one in, see which are dark, keep one out.

A plain page without any script. Imported by `callbacks.screens`. Pure.
"""

from collections.abc import Sequence
from datetime import datetime

from markupsafe import Markup
from msgspec import Struct

from data.domain.screens import CODE_LENGTH, ScreenDevice
from layouts.plain import field, form, notice, tag
from layouts.text import Translator, msgid

TITLE = msgid("Screens on walls")
WRONG = {
    "code": msgid("No screen shows this code now. Read it again from the screen."),
    "screen": msgid("Choose what the screen is to show."),
    "often": msgid("Too many wrong codes. Try again in a quarter of an hour."),
}


class Row(Struct, frozen=True, kw_only=True):
    """One screen. `name`: of its line; `by`: who let it in; `timezone`: of its site."""

    device: ScreenDevice
    name: str
    by: str
    timezone: str


class Shown(Struct, frozen=True, kw_only=True):
    """What the page shows. `choices`: each screen's id and name; `build`: what is served now."""

    rows: Sequence[Row]
    choices: Sequence[tuple[str, str]]
    now: datetime
    build: str
    wrong: str = ""
    said: str = ""


def layout(shown: Shown, csrf: str, t: Translator) -> Markup:
    """Return the page's body."""
    lets_in = t("A screen that opens its wall shows a code. Type it here.")
    said = t("{screen} is let in and shows its wall.", screen=shown.said) if shown.said else None
    return Markup("").join(
        [
            tag("p", tag("a", "Milepost", href="/"), class_="mp-door-brand"),
            tag("h1", t(TITLE)),
            notice(t(WRONG[shown.wrong]) if shown.wrong else None),
            notice(said, wrong=False),
            tag("p", lets_in),
            _code_form(shown, csrf, t),
            _table(shown, csrf, t) if shown.rows else tag("p", t("No screen is let in yet.")),
        ]
    )


def _code_form(shown: Shown, csrf: str, t: Translator) -> Markup:
    options = [tag("option", t("the wall that it opened"), value="")]
    options += [tag("option", name, value=screen) for screen, name in shown.choices]
    choice = tag(
        "label",
        tag("span", t("It shows"), class_="mp-field-name"),
        tag("select", options, name="screen", class_="mp-input"),
        class_="mp-field",
    )
    code = field(
        t("Code on the screen"), "code", autocomplete="off", autocapitalize="characters",
        spellcheck="false", maxlength=2 * CODE_LENGTH,
    )  # fmt: skip
    return form("/screens", csrf, [code, choice], t("Let it in"))


def _table(shown: Shown, csrf: str, t: Translator) -> Markup:
    names = (
        t("Screen"), t("State"), t("Last seen"), t("Version"), t("Let in by"), t("Let in at"), "",
    )  # fmt: skip
    head = tag("thead", tag("tr", [tag("th", name, scope="col") for name in names]))
    body = tag("tbody", [_row(row, shown, csrf, t) for row in shown.rows])
    return tag("div", tag("table", head, body, class_="mp-table"), class_="mp-table-box")


def _row(row: Row, shown: Shown, csrf: str, t: Translator) -> Markup:
    one, zone = row.device, row.timezone
    wall = tag("a", one.screen or "", href=f"/wall/{one.screen}")
    since = "" if one.enrolled_at is None else t.date(one.enrolled_at, zone)
    version = one.version or t("none yet")
    out = form(f"/screens/{one.id}/revoke", csrf, None, t("Keep out"))
    cells = [
        [wall, " ", tag("span", row.name, class_="mp-quiet")], _state(row, shown, t),
        t.stamp(one.seen_at, zone, shown.now), version, row.by, since,
        tag("div", out, class_="mp-people-changes"),
    ]  # fmt: skip
    return tag("tr", [tag("td", cell) for cell in cells], data_device=one.id)


def _state(row: Row, shown: Shown, t: Translator) -> Markup:
    one = row.device
    mark = tag("span", class_="mp-shape", aria_hidden="true")
    if not one.is_online(shown.now):
        return tag("span", mark, t("dark"), class_="mp-standing mp-is-late")
    if one.is_outdated(shown.build):
        return tag("span", mark, t("shows another version"), class_="mp-standing mp-is-at-risk")
    return tag("span", mark, t("online"), class_="mp-standing mp-is-on-track")
