"""What is told of a milestone: that it was reached, or when it will be. Pure."""

from datetime import datetime

from data.domain.tellings import MilestoneTold
from layouts.messages.page import message_of
from layouts.messages.records import Content, Message
from layouts.messages.words import facts, joined, moment
from layouts.text import Translator, translator


def of_milestone(told: MilestoneTold, locale: str) -> Message:
    """Return the message of one milestone."""
    t = translator(locale)
    subject = _subject(told, t)
    at = told.actual_at if told.reached else told.forecast_at
    return message_of(
        Content(
            subject=subject,
            text=joined(subject, _moment(told, at, t), told.site),
            tone="on-track",
            facts=_facts(told, t),
            url=told.url,
            action=t("Open the order"),
            foot=joined("Milepost", told.site),
        ),
        t,
    )


def _subject(told: MilestoneTold, t: Translator) -> str:
    if told.reached:
        return t("Order {order} has reached {milestone}", order=told.order, milestone=told.name)
    return t("Order {order} will soon reach {milestone}", order=told.order, milestone=told.name)


def _facts(told: MilestoneTold, t: Translator) -> tuple[tuple[str, str], ...]:
    return facts(
        (t("Order"), told.order),
        (t("Product"), told.product),
        (t("Milestone"), told.name),
        (t("Committed"), _moment(told, told.committed_at, t)),
        (t("Forecast"), None if told.reached else _moment(told, told.forecast_at, t)),
        (t("Reached"), _moment(told, told.actual_at, t) if told.reached else None),
    )


def _moment(told: MilestoneTold, at: datetime | None, t: Translator) -> str | None:
    return None if at is None else moment(at, told.timezone, told.at, t)
