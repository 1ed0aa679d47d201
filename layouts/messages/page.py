"""A message's lines and its HTML, from the same content. Pure.

The HTML is small and fetches nothing: programs for mail show little more than tables and
styles that stand in the element itself. All text in it is escaped.
"""

from html import escape

from layouts.messages.records import Content, Item, Message, Section
from layouts.text import Translator
from layouts.theme import LIGHT

_FONT = "font-family:-apple-system,'Segoe UI','Noto Sans CJK TC','Microsoft JhengHei',sans-serif"
_BULLET = "• "


def message_of(content: Content, t: Translator) -> Message:
    """Return the message that says the content."""
    return Message(
        language=t.locale,
        subject=content.subject,
        text=content.text,
        lines=lines(content, t),
        html=html(content, t.locale),
        url=content.url,
        action=content.action,
    )


def lines(content: Content, t: Translator) -> tuple[str, ...]:
    """Return the facts and lists, a line each."""
    facts = [t("{label}: {value}", label=label, value=value) for label, value in content.facts]
    lists = [line for section in content.sections for line in _list_lines(section)]
    return (*facts, *lists)


def html(content: Content, language: str) -> str:
    """Return the whole document."""
    rows = "".join(_row(label, value) for label, value in content.facts)
    table = f'<table style="border-collapse:collapse">{rows}</table>' if rows else ""
    lists = "".join(_list(section) for section in content.sections)
    return (
        f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8">'
        f"<title>{escape(content.subject)}</title></head>"
        f'<body style="margin:0;padding:16px;background:{LIGHT["ground"]};{_FONT}">'
        f'<div style="max-width:640px;padding:16px 20px;background:{LIGHT["panel"]};'
        f"color:{LIGHT['ink']};border-left:6px solid {LIGHT[content.tone]};"
        'font-size:15px;line-height:1.5">'
        f'<h1 style="margin:0 0 8px;font-size:18px">{escape(content.subject)}</h1>'
        f"{table}{lists}{_button(content)}{_foot(content.foot)}</div></body></html>"
    )


def _row(label: str, value: str) -> str:
    return (
        f'<tr><td style="padding:2px 16px 2px 0;color:{LIGHT["mute"]};vertical-align:top">'
        f'{escape(label)}</td><td style="padding:2px 0">{escape(value)}</td></tr>'
    )


def _list(section: Section) -> str:
    items = "".join(f"<li>{_linked(item)}</li>" for item in section.items)
    return (
        f'<h2 style="margin:16px 0 4px;font-size:15px">{escape(section.title)}</h2>'
        f'<ul style="margin:0;padding-left:20px">{items}</ul>'
    )


def _list_lines(section: Section) -> list[str]:
    return [section.title, *(_BULLET + item.text for item in section.items)]


def _linked(item: Item) -> str:
    if not _is_link(item.url):
        return escape(item.text)
    return f'<a href="{escape(item.url or "")}" style="color:inherit">{escape(item.text)}</a>'


def _button(content: Content) -> str:
    if not _is_link(content.url):
        return ""
    words = escape(content.action or content.url or "")
    return (
        f'<p style="margin:16px 0 0"><a href="{escape(content.url or "")}" '
        f'style="display:inline-block;padding:8px 14px;color:{LIGHT["panel"]};'
        f'background:{LIGHT["ink"]};text-decoration:none">{words}</a></p>'
    )


def _foot(text: str) -> str:
    if not text:
        return ""
    style = f"margin:16px 0 0;font-size:13px;color:{LIGHT['faint']}"
    return f'<p style="{style}">{escape(text)}</p>'


def _is_link(url: str | None) -> bool:
    return url is not None and url.startswith(("https://", "http://"))
