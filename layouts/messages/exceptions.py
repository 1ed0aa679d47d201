"""What is told of exceptions: one that came, was escalated or went, and several at once. Pure."""

from data.domain.exceptions.records import Severity
from data.domain.tellings import DigestTold, ExceptionTold, News
from layouts.messages.page import message_of
from layouts.messages.records import Content, Item, Message
from layouts.messages.words import (
    SEVERITIES,
    TONES,
    aside,
    facts,
    joined,
    listed,
    moment,
    moved_words,
    span,
)
from layouts.text import Translator, msgid, translator

_SUBJECTS = {
    News.RAISED: msgid("{severity}: {title} ({name})"),
    News.ESCALATED: msgid("Escalated, {severity}: {title} ({name})"),
    News.RETURNED: msgid("Back to normal: {title} ({name})"),
    News.MOVED: msgid("Dates moved on, {severity}: {title} ({name})"),
}
_WORST_FIRST = tuple(Severity)


def of_exception(told: ExceptionTold, locale: str) -> Message:
    """Return the message of one exception."""
    t = translator(locale)
    moved = [moved_words(one, told.timezone, told.at, t) for one in told.moved]
    subject = _subject(told, t)
    return message_of(
        Content(
            subject=subject,
            text=joined(subject, told.place or told.site, *moved[:1]),
            tone=_tone(told),
            facts=_facts(told, t),
            sections=listed(t("Dates that moved"), [Item(one) for one in moved], told.more, t),
            url=told.url,
            action=t("Open the exception"),
            foot=joined("Milepost", told.site),
        ),
        t,
    )


def of_digest(told: DigestTold, locale: str) -> Message:
    """Return the message of several exceptions, the worst first."""
    t = translator(locale)
    worst_first = sorted(told.items, key=lambda one: _WORST_FIRST.index(one.severity))
    subject = t(
        "Exceptions at {site}: {count}",
        site=told.site,
        count=t.number(len(told.items) + told.more),
    )
    items = [Item(_item(one, t), one.url) for one in worst_first]
    return message_of(
        Content(
            subject=subject,
            text=joined(subject, *(_subject(one, t) for one in worst_first[:1])),
            tone=_tone(worst_first[0]) if worst_first else "mute",
            facts=facts((t("Time"), span(told.start, told.finish, told.timezone, t))),
            sections=listed(t("Exceptions"), items, told.more, t),
            url=told.url,
            action=t("Open the exceptions"),
            foot=joined("Milepost", told.site),
        ),
        t,
    )


def _subject(told: ExceptionTold, t: Translator) -> str:
    severity = t(SEVERITIES[told.severity])
    return t(_SUBJECTS[told.news], severity=severity, title=told.title, name=told.name)


def _tone(told: ExceptionTold) -> str:
    return "on-track" if told.news is News.RETURNED else TONES[told.severity]


def _facts(told: ExceptionTold, t: Translator) -> tuple[tuple[str, str], ...]:
    return facts(
        (t("What"), told.subject),
        (t("Where"), joined(told.place, told.site)),
        (t("Severity"), t(SEVERITIES[told.severity])),
        _time(told, t),
        (t("Cause"), told.cause),
        (t("Who has it"), _owner(told, t)),
        (t("Escalated to level"), t.number(told.level) if told.level else None),
        (t("Exceptions inside of it"), t.number(told.inside) if told.inside else None),
    )


def _time(told: ExceptionTold, t: Translator) -> tuple[str, str]:
    """Say since when, or while it lasted; and for how long."""
    length = t.duration((told.at - told.since).total_seconds())
    if told.news is News.RETURNED:
        return t("Lasted"), aside(span(told.since, told.at, told.timezone, t), length, t)
    return t("Since"), aside(moment(told.since, told.timezone, told.at, t), length, t)


def _owner(told: ExceptionTold, t: Translator) -> str | None:
    """Say who has it; that nobody has is worth saying as long as somebody should."""
    if told.owner is None and told.news is not News.RETURNED:
        return t("nobody yet")
    return told.owner


def _item(told: ExceptionTold, t: Translator) -> str:
    since = moment(told.since, told.timezone, told.at, t)
    return joined(_subject(told, t), told.place, since, told.owner)
