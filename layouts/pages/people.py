"""The page of administrators: who has an account, and how someone gets one.

A plain page without any script. Imported by `callbacks.people`. Pure.
"""

from collections.abc import Mapping, Sequence

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
    "party": msgid("Choose a party of the list."),
    "party-absent": msgid("None of the chosen sites has this party."),
    "party-another": msgid(
        "At one of the chosen sites another party has the same id. Choose only the sites that"
        " this one is to see."
    ),
    "account": msgid("Nobody disables their own account."),
}
MOST_PARTY = 300
_MOST = {"login": MOST_LOGIN, "name": MOST_NAME}


class Row(Struct, frozen=True, kw_only=True):
    """One account; `sessions`: how many browsers it is signed in with; `own`: the reader's.

    `party`: what the party it speaks for is called, as far as that is known.
    """

    account: Account
    sessions: int
    own: bool
    party: str = ""


class PartyChoice(Struct, frozen=True, kw_only=True):
    """A party that somebody of a role can speak for, and the names of the sites that have it.

    `words`: what stands for it, unlike any other of its role.
    """

    role: Role
    id: str
    name: str
    words: str
    sites: Sequence[str]


class Typed(Struct, frozen=True, kw_only=True):
    """What the form says of someone who is invited; `party`: as it was typed."""

    login: str = ""
    name: str = ""
    role: str = ""
    sites: Sequence[str] = (EVERY_SITE,)
    party: str = ""


class Shown(Struct, frozen=True, kw_only=True):
    """What the page shows. `sites`: names by id; `parties`: those that can be chosen.

    `link`: one that was just made, for `link_for`, shown this once.
    `done`: what was changed, and whose account; `wrong`: the field that can't be so.
    """

    rows: Sequence[Row]
    sites: Mapping[str, str]
    parties: Sequence[PartyChoice] = ()
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
            _table(shown, csrf, t),
        ]
    )


def party_field(role: str) -> str:
    """Return the name of the field in which the party of a role is chosen."""
    return f"party-{role}"


def _wrong(name: str, t: Translator) -> str | None:
    if name not in WRONG:
        return name or None
    return t(WRONG[name], most=_MOST.get(name, 0))


def _link(shown: Shown, t: Translator) -> Markup:
    if shown.link is None:
        return Markup("")
    words = t(
        "Send this link to {name}. It is shown this once and works once.", name=shown.link_for
    )
    return notice(words, wrong=False) + tag("p", tag("code", shown.link), class_="mp-people-link")


def _table(shown: Shown, csrf: str, t: Translator) -> Markup:
    names = (
        t("Name"), t("Login"), t("Role"), t("Party"), t("Sites"), t("Last signed in"),
        t("Sessions"), t("State"), "",
    )  # fmt: skip
    return table(names, [_row(names, one, shown.sites, csrf, t) for one in shown.rows])


def _row(
    names: Sequence[str], shown: Row, known: Mapping[str, str], csrf: str, t: Translator
) -> Markup:
    one = shown.account
    own = ", ".join(known.get(site, site) for site in one.sites)
    sites = t("all") if EVERY_SITE in one.sites else own
    seen = t("never") if one.seen_at is None else t.date(one.seen_at, "UTC")
    cells = (
        one.name, one.login, t(ROLES[one.role]), _party(shown), sites, seen,
        t.number(shown.sessions), _state(one, t), _changes(shown, csrf, t),
    )  # fmt: skip
    return row(names, cells, class_=None if one.disabled_at is None else "mp-is-off")


def _party(shown: Row) -> str | Markup:
    """Return what a party is called, with its id; the id alone where no site names it."""
    party = shown.account.party or ""
    if not shown.party or shown.party == party:
        return party
    return tag("span", shown.party, " ", tag("span", party, class_="mp-people-id"))


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
    typed = shown.typed
    roles = [("", t("Choose a role")), *((str(role), t(ROLES[role])) for role in PEOPLE)]
    inner = fields(
        field(t("Login"), "login", value=typed.login, autocomplete="off", autocapitalize="none",
              maxlength=MOST_LOGIN),
        field(t("Name"), "name", value=typed.name, autocomplete="off", maxlength=MOST_NAME),
        choice(t("Role"), "role", roles, typed.role, required=True),
        *(_party_choice(role, shown, t) for role in PEOPLE if role in OUTSIDE),
    )  # fmt: skip
    return form(PATH, csrf, [inner, _sites(shown, t)], t("Invite"))


def _party_choice(role: Role, shown: Shown, t: Translator) -> Markup:
    """Return where the party of a role is searched for; styles show that of the chosen role."""
    own = [one for one in shown.parties if one.role is role]
    label = f"{t('Party')} · {t(ROLES[role])}"
    if not own:
        none = tag("p", t("None is known yet: parties come with a site."), class_="mp-quiet")
        words = tag("span", label, class_="mp-field-name")
        return tag("div", words, none, class_="mp-people-party", data_role=role.value)
    named = f"parties-{role}"
    options = [tag("option", _beside(one), value=one.words) for one in own]
    typed = shown.typed.party if shown.typed.role == role else ""
    chosen = field(
        label, party_field(role), value=typed, list=named, required=False, autocomplete="off",
        placeholder=t("Search by name"), maxlength=MOST_PARTY,
    )  # fmt: skip
    inner = [chosen, tag("datalist", options, id=named)]
    return tag("div", inner, class_="mp-people-party", data_role=role.value)


def _beside(one: PartyChoice) -> str:
    """Return what tells a party from others of a like name."""
    return " · ".join([one.id, *one.sites])


def _sites(shown: Shown, t: Translator) -> Markup:
    values = [(EVERY_SITE, t("all")), *shown.sites.items()]
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
