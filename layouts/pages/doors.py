"""Signing in, choosing a password, one's own account: plain pages.

Imported by `callbacks.doors`, which hands in what was asked and what went wrong.
"""

from collections.abc import Sequence
from datetime import datetime

from markupsafe import Markup
from msgspec import Struct

from layouts.plain import field, form, notice, tag
from layouts.text import Translator, msgid
from layouts.urls import address

LEAST_PASSWORD = 12
ACCOUNT, ACCOUNT_PATH = msgid("Your account"), "/account"

# What was done to the own account, by the name that stands in the address.
SAID = {
    "password": msgid("The password was changed. Everywhere else you are signed out."),
    "enrolled": msgid("From now on a code is asked for whenever you sign in."),
    "dropped": msgid("No code is asked for any more."),
}

# What went wrong, by the name under which callbacks know it.
WORDS = {
    "away": msgid("The database does not answer. Try again in a moment."),
    "wrong": msgid("Login or password is wrong."),
    "locked": msgid("Too many attempts. Wait a quarter of an hour, then try again."),
    "code": msgid("Enter the code that your authenticator app shows now."),
    "secret": msgid(
        "Your code can't be checked: the program's secret has changed. An administrator can take"
        " the authenticator away; then set up a new one."
    ),
    "present": msgid("The present password is wrong."),
    "authenticator": msgid("That code is wrong."),
    "unknown": msgid("Nobody here has an account under that name. Ask an administrator."),
}


def unfit_password(t: Translator) -> str:
    """Say why a password won't do."""
    return t(
        "That won't do as a password: at least {count} characters, not your login.",
        count=LEAST_PASSWORD,
    )


def session_words(t: Translator, since: datetime, seen_at: datetime) -> str:
    """Say since when a browser is signed in."""
    days = {"since": t.date(since, "UTC"), "seen": t.date(seen_at, "UTC")}
    return t("since {since}, last used {seen}", **days)


def sign_in(
    t: Translator, csrf: str, onward: str, wrong: str | None = None, login: str = "",
    code: bool = False, openid: str | None = None,
) -> Markup:  # fmt: skip
    """Return the form to sign in; `code`: an authenticator's code is asked for."""
    other = (
        tag("p", tag("a", t("Sign in with {name}", name=openid), href=_openid(onward)))
        if openid
        else None
    )
    return Markup("").join(
        [
            _brand(),
            tag("h1", t("Sign in")),
            notice(wrong),
            form("/sign-in", csrf, _credentials(t, login, code), t("Sign in"), {"next": onward}),
            other or Markup(""),
            tag(
                "p",
                t("No account, or no way in? Ask an administrator of your factory for a link."),
                class_="mp-quiet",
            ),
        ]
    )


def _openid(onward: str) -> str:
    """Return the way to the provider, which leads on to the same page."""
    return address("/sign-in/openid", {"next": onward if onward != "/" else None})


def _credentials(t: Translator, login: str, code: bool) -> list[Markup]:
    fields = [
        field(
            t("Login"), "login", value=login, autocomplete="username", autofocus=not login,
            autocapitalize="none", spellcheck="false",
        ),
        field(
            t("Password"), "password", type="password", autocomplete="current-password",
            autofocus=bool(login) and not code,
        ),
    ]  # fmt: skip
    if code:
        fields.append(
            field(
                t("Code of your authenticator app"), "code", inputmode="numeric",
                autocomplete="one-time-code", maxlength=7, autofocus=True,
            )
        )  # fmt: skip
    return fields


def needs_https(t: Translator, host: str) -> Markup:
    """Say that nobody signs in where others can read along."""
    words = t(
        "Signing in needs https, for others could read along on the way. "
        "Without it one signs in on the machine itself alone."
    )
    return Markup("").join(
        [_brand(), tag("h1", t("Sign in")), notice(words), tag("p", tag("code", f"https://{host}"))]
    )


def choose_password(
    t: Translator, csrf: str, action: str, name: str, wrong: str | None = None
) -> Markup:
    """Return the form in which a person who came by a link chooses a password."""
    return Markup("").join(
        [
            _brand(),
            tag("h1", t("Choose a password")),
            tag("p", name, class_="mp-quiet"),
            notice(wrong),
            form(action, csrf, _new_password(t), t("Save and sign in")),
        ]
    )


def dead_link(t: Translator) -> Markup:
    """Return what a link says that leads nowhere any more."""
    return Markup("").join(
        [
            _brand(),
            tag("h1", t("This link leads nowhere any more")),
            tag("p", t("It was used, it has ended, or it was taken back. Ask for a new one.")),
            tag("p", tag("a", t("Sign in"), href="/sign-in", class_="mp-button")),
        ]
    )


class Account(Struct, frozen=True, kw_only=True):
    """What a person's own page shows.

    `sessions`: where they are signed in, and whether it is here; `offer`: secret and QR code to
    set up an authenticator with; `done`: what was just changed.
    """

    name: str
    login: str
    role: str
    sessions: Sequence[tuple[str, bool]]
    enrolled: bool
    offer: tuple[str, Markup] | None
    done: str = ""
    wrong: str | None = None


def account(shown: Account, csrf: str, t: Translator) -> Markup:
    """Return a person's own page."""
    sections = [
        _section(
            t("Password"), form(f"{ACCOUNT_PATH}/password", csrf, [_present(t), _new_password(t)],
                                t("Change password")),
        ),
        _section(t("Authenticator app"), _authenticator(t, csrf, shown.enrolled, shown.offer)),
        _section(
            t("Where you are signed in"),
            tag("ul", [_session(t, words, current) for words, current in shown.sessions]),
            form("/sign-out", csrf, None, t("Sign out")),
        ),
    ]  # fmt: skip
    return Markup("").join(
        [
            tag("h1", shown.name),
            tag("p", f"{shown.login} · {shown.role}", class_="mp-quiet"),
            notice(t(SAID[shown.done]) if shown.done in SAID else None, wrong=False),
            notice(shown.wrong),
            tag("div", sections, class_="mp-account"),
        ]
    )


def _section(heading: str, *inner: Markup) -> Markup:
    return tag("section", tag("h2", heading), inner)


def _authenticator(
    t: Translator, csrf: str, enrolled: bool, offer: tuple[str, Markup] | None
) -> Markup:
    if enrolled:
        words, drop = t("A code is asked for whenever you sign in."), f"{ACCOUNT_PATH}/totp/drop"
        return tag("p", words) + form(drop, csrf, _present(t), t("Ask no longer"))
    if offer is None:
        return tag("p", t("Your organisation signs you in."))
    secret, code = offer
    fields = field(t("Code that the app shows"), "code", inputmode="numeric", maxlength=7)
    return Markup("").join(
        [
            tag("p", t("Scan this with an authenticator app, then enter the code that it shows.")),
            tag("p", code, class_="mp-door-code"),
            tag("p", tag("code", secret), class_="mp-quiet"),
            form(f"{ACCOUNT_PATH}/totp", csrf, fields, t("Set up"), {"secret": secret}),
        ]
    )


def _session(t: Translator, words: str, current: bool) -> Markup:
    return tag("li", words, tag("strong", t("this one")) if current else None)


def _present(t: Translator) -> Markup:
    return field(
        t("Present password"), "password", type="password", autocomplete="current-password"
    )


def _new_password(t: Translator) -> Markup:
    words = t("New password, at least {count} characters", count=LEAST_PASSWORD)
    return field(
        words, "new_password", type="password", autocomplete="new-password",
        minlength=LEAST_PASSWORD,
    )  # fmt: skip


def _brand() -> Markup:
    return tag("p", tag("span", class_="mp-door-mark"), "Milepost", class_="mp-door-brand")
