"""A message in words, and how it becomes a notice. Pure."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from data.domain.notices import Attachment, Notice


class Item(Struct, frozen=True):
    """One line of a list, which may open something."""

    text: str
    url: str | None = None


class Section(Struct, frozen=True):
    """A list with a title of its own."""

    title: str
    items: tuple[Item, ...]


class Content(Struct, frozen=True, kw_only=True):
    """What a message holds, in the order it is read; text and HTML are made from the same.

    `tone`: a colour of the theme that goes with the word beside it. `facts`: label and value.
    """

    subject: str
    text: str
    tone: str = "mute"
    facts: tuple[tuple[str, str], ...] = ()
    sections: tuple[Section, ...] = ()
    url: str | None = None
    action: str = ""
    foot: str = ""


class Message(Struct, frozen=True, kw_only=True):
    """A message in one language: what every way out needs of it."""

    language: str
    subject: str
    text: str
    lines: tuple[str, ...]
    html: str
    url: str | None = None
    action: str = ""


def as_notice(
    message: Message, *, id: str, way: str, address: str = "", mentions: tuple[str, ...] = (),
    document: dict[str, Any] | None = None, event: str = "milepost.notice", about: str = "",
    at: datetime | None = None, attachments: tuple[Attachment, ...] = (),
) -> Notice:  # fmt: skip
    """Return the notice that takes a message to one address on one way."""
    return Notice(
        id=id,
        way=way,
        address=address,
        language=message.language,
        subject=message.subject,
        text=message.text,
        lines=message.lines,
        url=message.url,
        action=message.action,
        html=message.html,
        mentions=mentions,
        document=document,
        event=event,
        about=about,
        at=at,
        attachments=attachments,
    )
