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
from layouts.plain import choice, field, fields, form, notice, row, table, tag
from layouts.text import Translator, msgid

TITLE = msgid("Links to boards")
PATH = "/links"
SAID = {"ended": msgid("The link was taken back. It opens nothing any more.")}
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
    """What the page shows. `made`: a link that was just made, shown this once.

    `chosen`, `days`: as the form has them.
    """

    rows: Sequence[Row]
    choices: Sequence[Choice]
    now: datetime
    days: str
    most_days: int
    chosen: str = ""
    made: str | None = None
    done: str = ""
    wrong: str = ""


def layout(shown: Shown, csrf: str, t: Translator) -> Markup:
    """Return the page's body."""
    words = t(
        "A link opens the board of one party, without an account. "
        "Whoever has it sees what is disclosed to that party."
    )
    return Markup("").join(
        [
            tag("h1", t(TITLE)),
            notice(t(WRONG[shown.wrong], most=shown.most_days) if shown.wrong else None),
            notice(t(SAID[shown.done]) if shown.done in SAID else None, wrong=False),
            _made(shown, t),
            tag("p", words, class_="mp-quiet"),
            _form(shown, csrf, t),
            _table(shown, csrf, t),
        ]
    )


def _made(shown: Shown, t: Translator) -> Markup:
    if shown.made is None:
        return Markup("")
    said = notice(t("Send this link. It is shown this once."), wrong=False)
    return said + tag("p", tag("code", shown.made, id="link-made"), class_="mp-people-link")


def _form(shown: Shown, csrf: str, t: Translator) -> Markup:
    if not shown.choices:
        return tag("p", t("There is no party yet that a link could be for."))
    options = [
        (one.value, f"{one.party} · {t(ROLES[one.role])} · {one.site}") for one in shown.choices
    ]
    inner = fields(
        choice(t("Party"), "for", options, shown.chosen, required=True),
        field(t("Days until it ends"), "days", type="number", min=1, max=shown.most_days,
              value=shown.days),
    )  # fmt: skip
    return form(PATH, csrf, inner, t("Make a link"))


def _table(shown: Shown, csrf: str, t: Translator) -> Markup:
    if not shown.rows:
        return tag("p", t("No link was made yet."), class_="mp-quiet")
    names = (
        t("Party"), t("Role"), t("Site"), t("State"), t("Ends"), t("Last used"), t("Uses"),
        t("Made by"), t("Made on"), "",
    )  # fmt: skip
    return table(names, [_row(names, one, shown, csrf, t) for one in shown.rows])


def _row(names: Sequence[str], one: Row, shown: Shown, csrf: str, t: Translator) -> Markup:
    link, zone = one.link, one.timezone
    works = link.revoked_at is None and shown.now < link.ends_at
    used = t("never") if link.used_at is None else t.stamp(link.used_at, zone, shown.now)
    end = form(f"{PATH}/{link.token_hash.hex()}/revoke", csrf, None, t("End it now"))
    role = "" if link.role is None else t(ROLES[link.role])
    cells = (
        one.party, role, link.site or "", _state(link, works, t), t.date(link.ends_at, zone), used,
        t.number(link.uses), one.by, t.date(link.created_at, zone),
        tag("div", end if works else None, class_="mp-people-changes"),
    )  # fmt: skip
    return row(names, cells, class_=None if works else "mp-is-off")


def _state(link: Link, works: bool, t: Translator) -> str:
    if works:
        return t("works")
    return t("ended") if link.revoked_at is None else t("taken back")
