"""Pages without any script: signing in, choosing a password, one's own account.

They are plain documents, so that nobody has to be known for Dash to draw them, and work where
scripts don't. Everything that goes into them is escaped. Pure.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from dash.development.base_component import Component
from markupsafe import Markup, escape

from layouts.components.still import Node, node_of
from layouts.text import LOCALE_NAMES, LOCALES, Translator
from layouts.urls import address

_NOTHING = Markup("")
_CONTENT = "content"  # where the header is skipped to
_VOID = frozenset({"input", "link", "meta", "br", "img"})
Content = str | Markup | Sequence["Content"] | None


def tag(name: str, /, *content: Content, **attributes: str | bool | int | None) -> Markup:
    """Return an element; a trailing underscore of an attribute's name is left out.

    True stands for an attribute without a value; None and False leave it out.
    """
    written = [
        Markup(" {}").format(_name(key)) if value is True
        else Markup(' {}="{}"').format(_name(key), value)
        for key, value in attributes.items()
        if value is not None and value is not False
    ]  # fmt: skip
    element = Markup(name)  # nosec B704  # a word of ours, as in `tag("p")`
    opened = Markup("<{}{}>").format(element, Markup("").join(written))
    return opened if name in _VOID else opened + _inside(content) + Markup("</{}>").format(element)


def document(
    title: str, body: Content, t: Translator, theme: str, styles: Sequence[str],
    kept: Mapping[str, str] = MappingProxyType({}), header: Markup = _NOTHING,
) -> str:  # fmt: skip
    """Return a whole document.

    `styles`: addresses of the style sheets; `kept`: parameters that another language keeps.
    `header`: that of desk pages, which has the languages too.
    """
    head = [
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="robots", content="noindex"),
        tag("title", f"{title} · Milepost"),
        tag("link", rel="icon", href="/_favicon.ico"),
        *(tag("link", rel="stylesheet", href=style) for style in styles),
    ]
    inner = [tag("main", body, class_="mp-door-card"), languages(t, kept)]
    if header:
        own = tag("div", body, class_="mp-door-card mp-door-wide")
        skip = tag("a", t("Skip to the content"), href=f"#{_CONTENT}", class_="mp-skip")
        css = "mp-body mp-door mp-door-desk"
        inner = [skip, header, tag("main", own, id=_CONTENT, class_=css, tabindex=-1)]
    css = "mp-desk" if header else "mp-desk mp-door"
    page = tag("div", inner, class_=css, data_theme=theme, lang=t.locale)
    whole = tag("html", tag("head", head), tag("body", page), lang=t.locale)
    return Markup("<!doctype html>\n") + whole


def written(tree: Component) -> Markup:
    """Return a tree of `dash.html` elements as a document has it."""
    return _written(node_of(tree))


def _written(node: Node) -> Markup:
    if isinstance(node, str):
        return escape(node)
    name, attributes, children = node
    return tag(name, [_written(child) for child in children], **attributes)


def languages(t: Translator, kept: Mapping[str, str] = MappingProxyType({})) -> Markup:
    """Return the choice of languages; `kept`: parameters that stay in the address."""
    links = [
        tag(
            "a", LOCALE_NAMES[one], href=address("", {**kept, "lang": one}), lang=one,
            aria_current="true" if one == t.locale else None,
        )
        for one in LOCALES
    ]  # fmt: skip
    return tag("nav", links, class_="mp-door-languages", aria_label=t("Language"))


def form(
    action: str, csrf: str, fields: Content, button: str, hidden: Mapping[str, str] | None = None
) -> Markup:
    """Return a form that posts, with its token."""
    kept = [
        tag("input", type="hidden", name=name, value=value)
        for name, value in {"csrf_token": csrf, **(hidden or {})}.items()
    ]
    inner = [kept, fields, tag("button", button, type="submit", class_="mp-button")]
    return tag("form", inner, method="post", action=action, class_="mp-door-form")


def field(label: str, name: str, **attributes: str | bool | int | None) -> Markup:
    """Return a labelled input."""
    words = tag("span", label, class_="mp-field-name")
    given = {"type": "text", "required": True, "name": name, **attributes}
    return tag("label", words, tag("input", **given, class_="mp-input"), class_="mp-field")


def fields(*inner: Content) -> Markup:
    """Return fields of a form that stand beside each other where there is room."""
    return tag("div", inner, class_="mp-door-fields")


def choice(
    label: str, name: str, options: Sequence[tuple[str, str]], chosen: str = "",
    required: bool = False,
) -> Markup:  # fmt: skip
    """Return a labelled choice among values and their words."""
    items = [tag("option", said, value=value, selected=value == chosen) for value, said in options]
    words = tag("span", label, class_="mp-field-name")
    control = tag("select", items, name=name, class_="mp-input", required=required)
    return tag("label", words, control, class_="mp-field")


def table(names: Sequence[str], rows: Sequence[Markup]) -> Markup:
    """Return a table of `row`s; on a phone each is a card."""
    head = tag("thead", tag("tr", [tag("th", name, scope="col") for name in names]))
    whole = tag("table", head, tag("tbody", rows), class_="mp-table mp-stacked")
    return tag("div", whole, class_="mp-table-box")


def row(names: Sequence[str], cells: Sequence[Content], **attributes: str | None) -> Markup:
    """Return a row of a `table`, each cell with its column's name for where that isn't above it."""
    named = zip(cells, names, strict=True)
    return tag("tr", [tag("td", one, data_label=name or None) for one, name in named], **attributes)


def notice(words: str | None, wrong: bool = True) -> Markup:
    """Return what has to be said first; nothing when there is nothing."""
    if not words:
        return Markup("")
    css = "mp-door-notice mp-is-late" if wrong else "mp-door-notice mp-is-done"
    mark = tag("span", class_="mp-shape", aria_hidden="true")
    return tag("p", mark, words, class_=css, role="alert" if wrong else "status")


def _inside(content: Content) -> Markup:
    if content is None:
        return Markup("")
    if isinstance(content, str):
        return escape(content)
    return Markup("").join(_inside(one) for one in content)


def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-") if key != "csrf_token" else key
