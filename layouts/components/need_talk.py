"""The thread of a need or an outsourced operation: what both sides said, and the way to answer.

Pure. On the supplier's board, on the factory's page of needs, on the page of an order.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from layouts.text import Translator


class Said(Struct, frozen=True, kw_only=True):
    """One comment. `own`: of the reader's side; `fresh`: from after the reader's last visit."""

    author: str
    own: bool
    at: datetime
    words: str
    fresh: bool = False


class Reader(Protocol):
    """For whom times are said."""

    @property
    def timezone(self) -> str:
        """The site's."""

    @property
    def now(self) -> datetime:
        """The site's."""


def summary(said: Sequence[Said], t: Translator, waits: bool = False) -> list[Any]:
    """Return the button's words: how many there are, whether any is new or `waits`."""
    count = [html.Span(t.number(len(said)), className="mp-count")] if said else []
    mark = t("to answer") if waits else t("new") if any(one.fresh for one in said) else ""
    fresh = [html.Span(mark, className="mp-ask-new")] if mark else []
    return [t("Comments"), *count, *fresh]


def thread(said: Sequence[Said], reader: Reader, t: Translator) -> Component:
    """Return what was said, oldest first."""
    return html.Ul([_said(one, reader, t) for one in said], className="mp-ask-thread")


def _said(one: Said, reader: Reader, t: Translator) -> Component:
    fresh = [html.Span(t("new"), className="mp-ask-new")] if one.fresh else []
    head = [
        html.Strong(one.author or t("the factory")),
        " ",
        html.Time(t.stamp(one.at, reader.timezone, reader.now), dateTime=one.at.isoformat()),
        *fresh,
    ]
    css = "mp-ask-own" if one.own else "mp-ask-theirs"
    return html.Li([html.Div(head), html.P(one.words)], className=css)
