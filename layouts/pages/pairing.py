"""What a screen on a wall shows until someone lets it in: a code, large, and what to do with it.

A plain page with one script, which asks whether the code still holds. Imported by
`callbacks.screens`. Pure.
"""

from markupsafe import Markup

from data.domain.screens import in_groups
from layouts.plain import languages, tag
from layouts.text import Translator, msgid

TITLE = msgid("Let this screen in")
_RETRY_S = 60


def page(t: Translator, code: str, where: str, screen: str, onward: str) -> str:
    """Return the page of a screen that waits.

    `where`: the address of the page on which the code is typed; `screen`: which wall was opened,
    empty for none; `onward`: where a person goes who would rather sign in.
    """
    wall = tag("p", t("It was opened for {screen}.", screen=screen)) if screen else None
    body = [
        tag("h1", t(TITLE)),
        tag(
            "p", in_groups(code), id="pair-code", class_="mp-pair-code", data_code=code,
            translate="no",
        ),
        tag("p", t("Whoever looks after screens types this code at {address}.", address=where)),
        wall,
        tag("p", t("No connection to the server."), id="pair-lost", class_="mp-pair-lost",
            hidden=True, role="alert"),
        tag("p", tag("a", t("Sign in instead"), href=onward), class_="mp-pair-quiet"),
        tag("script", src="/assets/pairing.js"),
    ]  # fmt: skip
    return _document(t, body)


def too_many(t: Translator) -> str:
    """Return the page for when more screens ask than can be; it tries again by itself."""
    words = t("Too many screens ask from here. This one tries again in a minute.")
    body = [tag("h1", t(TITLE)), tag("p", words)]
    return _document(t, body, tag("meta", http_equiv="refresh", content=str(_RETRY_S)))


def _document(t: Translator, body: list[Markup | None], more: Markup | None = None) -> str:
    head = [
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"{t(TITLE)} · Milepost"),
        tag("link", rel="stylesheet", href="/assets/tokens.css"),
        tag("link", rel="stylesheet", href="/assets/screens.css"),
        more,
    ]
    brand = tag("p", tag("span", class_="mp-pair-mark"), "Milepost", class_="mp-pair-brand")
    whole = tag(
        "main", brand, body, languages(t), class_="mp-paper mp-pair", data_theme="dark",
        lang=t.locale,
    )  # fmt: skip
    return Markup("<!doctype html>\n") + tag(
        "html", tag("head", head), tag("body", whole), lang=t.locale
    )
