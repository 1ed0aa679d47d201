"""The page of administrators: who has an account, and how someone gets one.

A plain page without any script, like those for signing in. Imported by `callbacks.people`.
"""

from collections.abc import Sequence

from markupsafe import Markup
from msgspec import Struct

from data.domain.people import OUTSIDE, PEOPLE, Account
from data.domain.scope import Role
from layouts.plain import field, form, notice, tag
from layouts.text import Translator, msgid

EVERY_SITE = "*"
TITLE = msgid("People")
ROLES = {
    Role.ADMINISTRATOR: msgid("administrator"),
    Role.MANAGER: msgid("manager"),
    Role.PLANNER: msgid("planner"),
    Role.PURCHASER: msgid("purchaser"),
    Role.OPERATOR: msgid("operator"),
    Role.SUPPLIER: msgid("supplier"),
    Role.CUSTOMER: msgid("customer"),
    Role.LOGISTICS: msgid("logistics"),
    Role.AUDITOR: msgid("auditor"),
}


class Row(Struct, frozen=True, kw_only=True):
    """One account; `sessions`: how many browsers it is signed in with; `own`: the reader's."""

    account: Account
    sessions: int
    own: bool


class Shown(Struct, frozen=True, kw_only=True):
    """What the page shows. `link`: one that was just made, for `link_for`, shown this once."""

    rows: Sequence[Row]
    sites: Sequence[str]
    link: str | None = None
    link_for: str = ""
    wrong: str = ""


def layout(shown: Shown, csrf: str, t: Translator) -> Markup:
    """Return the page's body."""
    return Markup("").join(
        [
            tag("p", tag("a", "Milepost", href="/"), class_="mp-door-brand"),
            tag("h1", t(TITLE)),
            notice(shown.wrong),
            _link(shown, t),
            _table(shown.rows, csrf, t),
            tag("h2", t("Invite someone")),
            _invitation(shown.sites, csrf, t),
        ]
    )


def _link(shown: Shown, t: Translator) -> Markup:
    if shown.link is None:
        return Markup("")
    words = t(
        "Send this link to {name}. It is shown this once and works once.", name=shown.link_for
    )
    return notice(words, wrong=False) + tag("p", tag("code", shown.link), class_="mp-people-link")


def _table(rows: Sequence[Row], csrf: str, t: Translator) -> Markup:
    names = (
        t("Name"), t("Login"), t("Role"), t("Party"), t("Sites"), t("Last signed in"),
        t("Sessions"), t("State"), "",
    )  # fmt: skip
    head = tag("thead", tag("tr", [tag("th", name, scope="col") for name in names]))
    body = tag("tbody", [_row(row, csrf, t) for row in rows])
    return tag("div", tag("table", head, body, class_="mp-table"), class_="mp-table-box")


def _row(row: Row, csrf: str, t: Translator) -> Markup:
    one = row.account
    sites = t("all") if EVERY_SITE in one.sites else ", ".join(one.sites)
    seen = t("never") if one.seen_at is None else t.date(one.seen_at, "UTC")
    cells = (
        one.name, one.login, t(ROLES[one.role]), one.party or "", sites, seen,
        t.number(row.sessions), _state(one, t),
    )  # fmt: skip
    return tag("tr", [tag("td", cell) for cell in cells], tag("td", _changes(row, csrf, t)))


def _state(account: Account, t: Translator) -> str:
    if account.disabled_at is not None:
        return t("disabled")
    if account.password is None and account.subject is None:
        return t("invited")
    return t("may sign in")


def _changes(row: Row, csrf: str, t: Translator) -> Markup:
    one = row.account
    changes = [("reset", t("Make a link"))] if one.disabled_at is None else []
    if one.totp_secret is not None:
        changes.append(("drop-codes", t("Ask for no codes")))
    if one.disabled_at is not None:
        changes.append(("enable", t("Let in again")))
    elif not row.own:
        changes.append(("disable", t("Disable")))
    forms = [form(f"/people/{one.id}/{path}", csrf, None, words) for path, words in changes]
    return tag("div", forms, class_="mp-people-changes")


def _invitation(sites: Sequence[str], csrf: str, t: Translator) -> Markup:
    roles = [tag("option", t(ROLES[role]), value=role) for role in PEOPLE]
    choices = [tag("option", t("all"), value=EVERY_SITE, selected=True)]
    choices += [tag("option", site, value=site) for site in sites]
    outside = ", ".join(t(ROLES[role]) for role in sorted(OUTSIDE))
    fields = [
        field(t("Login"), "login", autocomplete="off", autocapitalize="none", maxlength=120),
        field(t("Name"), "name", autocomplete="off", maxlength=120),
        _choice(t("Role"), tag("select", roles, name="role", class_="mp-input")),
        _choice(t("Sites"), tag("select", choices, name="sites", multiple=True, size=3)),
        field(
            t("Party's id, for {roles} alone", roles=outside), "party", required=False,
            autocomplete="off",
        ),
    ]  # fmt: skip
    return form("/people", csrf, fields, t("Invite"))


def _choice(label: str, control: Markup) -> Markup:
    return tag("label", tag("span", label, class_="mp-field-name"), control, class_="mp-field")
