"""The page of those who look after screens: let one in, see which are dark, keep one out.

A plain page without any script. Imported by `callbacks.screens`. Pure.
"""

from collections.abc import Sequence
from datetime import datetime

from markupsafe import Markup
from msgspec import Struct

from data.domain.screens import CODE_LENGTH, ScreenDevice
from layouts.plain import choice, field, fields, form, notice, row, table, tag
from layouts.text import Translator, msgid

TITLE = msgid("Screens on walls")
PATH = "/screens"
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
    """What the page shows. `choices`: each screen's id and name; `build`: what is served now.

    `let_in`: the screen that just was; `kept_out`: whether one just was. `code`, `chosen`: as the
    form has them.
    """

    rows: Sequence[Row]
    choices: Sequence[tuple[str, str]]
    now: datetime
    build: str
    wrong: str = ""
    let_in: str = ""
    kept_out: bool = False
    code: str = ""
    chosen: str = ""


def layout(shown: Shown, csrf: str, t: Translator) -> Markup:
    """Return the page's body."""
    lets_in = t("A screen that opens its wall shows a code. Type it here.")
    return Markup("").join(
        [
            tag("h1", t(TITLE)),
            notice(t(WRONG[shown.wrong]) if shown.wrong else None),
            notice(_said(shown, t), wrong=False),
            tag("p", lets_in, class_="mp-quiet"),
            _code_form(shown, csrf, t),
            _table(shown, csrf, t),
        ]
    )


def _said(shown: Shown, t: Translator) -> str | None:
    if shown.let_in:
        return t("{screen} is let in and shows its wall.", screen=shown.let_in)
    return t("The screen is kept out and shows a code again.") if shown.kept_out else None


def _code_form(shown: Shown, csrf: str, t: Translator) -> Markup:
    options = [("", t("the wall that it opened")), *shown.choices]
    inner = fields(
        field(
            t("Code on the screen"), "code", value=shown.code, autocomplete="off",
            autocapitalize="characters", spellcheck="false", maxlength=2 * CODE_LENGTH,
        ),
        choice(t("It shows"), "screen", options, shown.chosen),
    )  # fmt: skip
    return form(PATH, csrf, inner, t("Let it in"))


def _table(shown: Shown, csrf: str, t: Translator) -> Markup:
    if not shown.rows:
        return tag("p", t("No screen is let in yet."), class_="mp-quiet")
    names = (
        t("Screen"), t("State"), t("Last seen"), t("Version"), t("Let in by"), t("Let in at"), "",
    )  # fmt: skip
    return table(names, [_row(names, one, shown, csrf, t) for one in shown.rows])


def _row(names: Sequence[str], shown_as: Row, shown: Shown, csrf: str, t: Translator) -> Markup:
    one, zone = shown_as.device, shown_as.timezone
    wall = tag("a", one.screen or "", href=f"/wall/{one.screen}")
    since = "" if one.enrolled_at is None else t.date(one.enrolled_at, zone)
    out = form(f"{PATH}/{one.id}/revoke", csrf, None, t("Keep out"))
    cells = (
        [wall, " ", tag("span", shown_as.name, class_="mp-quiet")], _state(shown_as, shown, t),
        t.stamp(one.seen_at, zone, shown.now), one.version or t("none yet"), shown_as.by, since,
        tag("div", out, class_="mp-people-changes"),
    )  # fmt: skip
    return row(names, cells, data_device=one.id)


def _state(row: Row, shown: Shown, t: Translator) -> Markup:
    one = row.device
    mark = tag("span", class_="mp-shape", aria_hidden="true")
    if not one.is_online(shown.now):
        return tag("span", mark, t("dark"), class_="mp-standing mp-is-late")
    if one.is_outdated(shown.build):
        return tag("span", mark, t("shows another version"), class_="mp-standing mp-is-at-risk")
    return tag("span", mark, t("online"), class_="mp-standing mp-is-on-track")
