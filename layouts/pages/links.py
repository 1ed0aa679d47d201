"""The page of signed links: one party's board for someone without an account.

A plain page without any script. Imported by `callbacks.links`. Pure.
"""

from collections.abc import Sequence
from datetime import datetime

from markupsafe import Markup
from msgspec import Struct

from data.domain.people import Link
from data.domain.scope import Role
from layouts.pages.people import ROLES
from layouts.plain import field, form, notice, tag
from layouts.text import Translator, msgid

TITLE = msgid("Links to boards")
WRONG = {
    "party": msgid("Choose a party of the list."),
    "days": msgid("A link lasts from 1 to {most} days."),
}


class Choice(Struct, frozen=True, kw_only=True):
    """A party that a link can be for; `value` names site, role and party."""

    value: str
    site: str
    role: Role
    party: str


class Row(Struct, frozen=True, kw_only=True):
    """One link. `by`: who made it; `timezone`: of its site."""

    link: Link
    party: str
    by: str
    timezone: str


class Shown(Struct, frozen=True, kw_only=True):
    """What the page shows. `made`: a link that was just made, shown this once."""

    rows: Sequence[Row]
    choices: Sequence[Choice]
    now: datetime
    usual_days: int
    most_days: int
    made: str | None = None
    wrong: str = ""


def layout(shown: Shown, csrf: str, t: Translator) -> Markup:
    """Return the page's body."""
    words = t(
        "A link opens the board of one party, without an account. "
        "Whoever has it sees what is disclosed to that party."
    )
    return Markup("").join(
        [
            tag("p", tag("a", "Milepost", href="/"), class_="mp-door-brand"),
            tag("h1", t(TITLE)),
            notice(t(WRONG[shown.wrong], most=shown.most_days) if shown.wrong else None),
            _made(shown, t),
            tag("p", words),
            _form(shown, csrf, t),
            _table(shown, csrf, t) if shown.rows else tag("p", t("No link was made yet.")),
        ]
    )


def _made(shown: Shown, t: Translator) -> Markup:
    if shown.made is None:
        return Markup("")
    said = notice(t("Send this link. It is shown this once."), wrong=False)
    return said + tag("p", tag("code", shown.made, id="link-made"), class_="mp-people-link")


def _form(shown: Shown, csrf: str, t: Translator) -> Markup:
    options = [
        tag("option", f"{one.party} · {t(ROLES[one.role])} · {one.site}", value=one.value)
        for one in shown.choices
    ]
    choice = tag(
        "label",
        tag("span", t("Party"), class_="mp-field-name"),
        tag("select", options, name="for", class_="mp-input", required=True),
        class_="mp-field",
    )
    days = field(
        t("Days until it ends"), "days", type="number", min=1, max=shown.most_days,
        value=shown.usual_days,
    )  # fmt: skip
    return form("/links", csrf, [choice, days], t("Make a link"))


def _table(shown: Shown, csrf: str, t: Translator) -> Markup:
    names = (
        t("Party"), t("Role"), t("Site"), t("State"), t("Ends"), t("Last used"), t("Uses"),
        t("Made by"), t("Made on"), "",
    )  # fmt: skip
    head = tag("thead", tag("tr", [tag("th", name, scope="col") for name in names]))
    body = tag("tbody", [_row(row, shown, csrf, t) for row in shown.rows])
    return tag("div", tag("table", head, body, class_="mp-table"), class_="mp-table-box")


def _row(row: Row, shown: Shown, csrf: str, t: Translator) -> Markup:
    one, zone = row.link, row.timezone
    works = one.revoked_at is None and shown.now < one.ends_at
    used = t("never") if one.used_at is None else t.stamp(one.used_at, zone, shown.now)
    end = form(f"/links/{one.token_hash.hex()}/revoke", csrf, None, t("End it now"))
    role = "" if one.role is None else t(ROLES[one.role])
    cells = (
        row.party, role, one.site or "", _state(one, works, t), t.date(one.ends_at, zone), used,
        t.number(one.uses), row.by, t.date(one.created_at, zone),
        tag("div", end if works else None, class_="mp-people-changes"),
    )  # fmt: skip
    return tag("tr", [tag("td", cell) for cell in cells])


def _state(link: Link, works: bool, t: Translator) -> str:
    if works:
        return t("works")
    return t("ended") if link.revoked_at is None else t("taken back")
