"""The page of administrators: who has an account, and how someone gets one.

A plain page without any script. Imported by `callbacks.people`. Pure.
"""

from collections.abc import Sequence

from markupsafe import Markup
from msgspec import Struct

from data.domain.people import MOST_LOGIN, MOST_NAME, OUTSIDE, PEOPLE, Account
from data.domain.scope import Role
from layouts.plain import choice, field, fields, form, notice, row, table, tag
from layouts.text import Translator, msgid

EVERY_SITE = "*"
TITLE = msgid("People")
PATH = "/people"
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
SAID = {
    "disable": msgid("{name} can't sign in any more. What they had open has ended."),
    "enable": msgid("{name} may sign in again."),
    "drop-codes": msgid("{name} is asked for no codes any more."),
}
WRONG = {
    "login": msgid("A login has 3 to {most} characters, no spaces, and nobody else has it."),
    "name": msgid("A name has 1 to {most} characters."),
    "role": msgid("Choose a role of the list."),
    "sites": msgid("Choose at least one site."),
    "party": msgid("These have a party, others have none: {roles}."),
    "account": msgid("Nobody disables their own account."),
}
_MOST = {"login": MOST_LOGIN, "name": MOST_NAME}


class Row(Struct, frozen=True, kw_only=True):
    """One account; `sessions`: how many browsers it is signed in with; `own`: the reader's."""

    account: Account
    sessions: int
    own: bool


class Typed(Struct, frozen=True, kw_only=True):
    """What the form says of someone who is invited."""

    login: str = ""
    name: str = ""
    role: str = ""
    sites: Sequence[str] = (EVERY_SITE,)
    party: str = ""


class Shown(Struct, frozen=True, kw_only=True):
    """What the page shows. `link`: one that was just made, for `link_for`, shown this once.

    `done`: what was changed, and whose account; `wrong`: the field that can't be so.
    """

    rows: Sequence[Row]
    sites: Sequence[str]
    link: str | None = None
    link_for: str = ""
    done: tuple[str, str] = ("", "")
    wrong: str = ""
    typed: Typed = Typed()


def layout(shown: Shown, csrf: str, t: Translator) -> Markup:
    """Return the page's body."""
    change, name = shown.done
    return Markup("").join(
        [
            tag("h1", t(TITLE)),
            notice(_wrong(shown.wrong, t)),
            notice(t(SAID[change], name=name) if change in SAID else None, wrong=False),
            _link(shown, t),
            tag("h2", t("Invite someone")),
            tag("p", t("They get a link with which they choose a password."), class_="mp-quiet"),
            _invitation(shown, csrf, t),
            tag("h2", t("Who has an account")),
            _table(shown.rows, csrf, t),
        ]
    )


def _wrong(name: str, t: Translator) -> str | None:
    if name not in WRONG:
        return name or None
    return t(WRONG[name], most=_MOST.get(name, 0), roles=_outside(t))


def _outside(t: Translator) -> str:
    return ", ".join(t(ROLES[role]) for role in sorted(OUTSIDE))


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
    return table(names, [_row(names, one, csrf, t) for one in rows])


def _row(names: Sequence[str], shown: Row, csrf: str, t: Translator) -> Markup:
    one = shown.account
    sites = t("all") if EVERY_SITE in one.sites else ", ".join(one.sites)
    seen = t("never") if one.seen_at is None else t.date(one.seen_at, "UTC")
    cells = (
        one.name, one.login, t(ROLES[one.role]), one.party or "", sites, seen,
        t.number(shown.sessions), _state(one, t), _changes(shown, csrf, t),
    )  # fmt: skip
    return row(names, cells, class_=None if one.disabled_at is None else "mp-is-off")


def _state(account: Account, t: Translator) -> str:
    if account.disabled_at is not None:
        return t("disabled")
    if account.password is None and account.subject is None:
        return t("invited")
    return t("may sign in")


def _changes(shown: Row, csrf: str, t: Translator) -> Markup:
    one = shown.account
    changes = [("reset", t("Make a link"))] if one.disabled_at is None else []
    if one.totp_secret is not None:
        changes.append(("drop-codes", t("Ask for no codes")))
    if one.disabled_at is not None:
        changes.append(("enable", t("Let in again")))
    elif not shown.own:
        changes.append(("disable", t("Disable")))
    forms = [form(f"{PATH}/{one.id}/{path}", csrf, None, words) for path, words in changes]
    return tag("div", forms, class_="mp-people-changes")


def _invitation(shown: Shown, csrf: str, t: Translator) -> Markup:
    typed, outside = shown.typed, _outside(t)
    roles = [("", t("Choose a role")), *((str(role), t(ROLES[role])) for role in PEOPLE)]
    inner = fields(
        field(t("Login"), "login", value=typed.login, autocomplete="off", autocapitalize="none",
              maxlength=MOST_LOGIN),
        field(t("Name"), "name", value=typed.name, autocomplete="off", maxlength=MOST_NAME),
        choice(t("Role"), "role", roles, typed.role, required=True),
        field(t("Party's id, for {roles} alone", roles=outside), "party", value=typed.party,
              required=False, autocomplete="off"),
    )  # fmt: skip
    return form(PATH, csrf, [inner, _sites(shown, t)], t("Invite"))


def _sites(shown: Shown, t: Translator) -> Markup:
    values = [(EVERY_SITE, t("all")), *((site, site) for site in shown.sites)]
    ticks = [
        tag(
            "label",
            tag("input", type="checkbox", name="sites", value=value,
                checked=value in shown.typed.sites),
            words, class_="mp-notes-tick",
        )
        for value, words in values
    ]  # fmt: skip
    return tag("fieldset", tag("legend", t("Sites")), tag("div", ticks, class_="mp-notes-ticks"))
