"""What is known of a viewer before anyone signs in: the language and the theme they chose.

Both are named by the address, else remembered in a cookie. Imported by everything in
`callbacks` that draws a page.
"""

import dash
from dash.exceptions import MissingCallbackContextException
from flask import Response, has_request_context, request

from layouts.desk import THEMES
from layouts.text import LOCALES, Translator, best_locale, translator

LANGUAGE_COOKIE = "language"
THEME_COOKIE = "theme"
_YEAR_S = 365 * 24 * 3600


def chosen_language(lang: object) -> str | None:
    """Return the language that the address names, else the one chosen before; None: neither."""
    return next((one for one in (lang, _kept(LANGUAGE_COOKIE)) if one in LOCALES), None)


def translator_of(otherwise: str, lang: object) -> Translator:
    """Return the viewer's language: named, chosen before, their browser's, else `otherwise`."""
    chosen = chosen_language(lang)
    if chosen is not None:
        return translator(chosen)
    if has_request_context():
        wanted = [tag for tag, _ in request.accept_languages]
        return translator(best_locale(wanted, otherwise))
    return translator(otherwise)


def theme_of(theme: object) -> str:
    """Return the theme that the address names, else the one chosen before, else light."""
    chosen = (one for one in (theme, _kept(THEME_COOKIE)) if isinstance(one, str) and one in THEMES)
    return next(chosen, "light")


def remember(answer: Response) -> None:
    """Keep what the address of this request chose."""
    for name, cookie, known in (
        ("lang", LANGUAGE_COOKIE, LOCALES),
        ("theme", THEME_COOKIE, THEMES),
    ):
        value = request.args.get(name)
        if value in known:
            answer.set_cookie(cookie, value, max_age=_YEAR_S, samesite="Lax")


def in_callback() -> bool:
    """Whether a viewer asks for what a page holds.

    Dash itself calls layouts too, with the first request that comes, to see what ids there are,
    and sends what it got to everybody: then a page must hold nothing.
    """
    try:
        return bool(dash.ctx.outputs_list)
    except (MissingCallbackContextException, LookupError):
        return False


def _kept(cookie: str) -> str | None:
    return request.cookies.get(cookie) if has_request_context() else None
