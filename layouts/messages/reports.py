"""What a shift came to, as it is sent by mail. Pure."""

from data.domain.exceptions.records import Severity
from data.domain.tellings import LateTold, ReportTold
from layouts.messages.page import message_of
from layouts.messages.records import Content, Item, Message, Section
from layouts.messages.words import SEVERITIES, facts, joined, late_words, listed, span
from layouts.text import Translator, translator


def of_report(told: ReportTold, locale: str) -> Message:
    """Return the message of a shift's report."""
    t = translator(locale)
    day = t.day(told.start, told.timezone)
    subject = t("{site}, {shift}, {day}: report", site=told.site, shift=told.shift, day=day)
    return message_of(
        Content(
            subject=subject,
            text=joined(subject, _output(told, t), _late(told, t)),
            facts=_facts(told, t),
            sections=_sections(told, t),
            url=told.url,
            action=t("Open the report"),
            foot=joined("Milepost", told.site),
        ),
        t,
    )


def _facts(told: ReportTold, t: Translator) -> tuple[tuple[str, str], ...]:
    scrap = None if told.scrap is None else t.number(told.scrap)
    on_time = None if told.on_time is None else t.percent(told.on_time) + " %"
    shares = (f"{one.name} {t.percent(one.share)} %" for one in told.bottlenecks)
    return facts(
        (t("Time"), span(told.start, told.finish, told.timezone, t)),
        (t("Output"), _output(told, t)),
        (t("Scrap"), scrap),
        (t("On time"), on_time),
        (t("Bottleneck"), joined(*shares)),
        (t("Exceptions raised"), _raised(told, t)),
        (t("Exceptions open"), None if told.open is None else t.number(told.open)),
    )


def _sections(told: ReportTold, t: Translator) -> tuple[Section, ...]:
    return (
        *listed(t("Late orders"), _items(told.late, t), told.late_more, t),
        *listed(t("At risk next"), _items(told.risks, t), told.risks_more, t),
    )


def _items(orders: tuple[LateTold, ...], t: Translator) -> list[Item]:
    return [Item(late_words(one, t)) for one in orders]


def _output(told: ReportTold, t: Translator) -> str | None:
    """Say how many good ones of how many planned; nothing without the first."""
    if told.good is None:
        return None
    if told.planned is None:
        return t.number(told.good)
    return t("{good} of {planned}", good=t.number(told.good), planned=t.number(told.planned))


def _raised(told: ReportTold, t: Translator) -> str | None:
    counts = [(severity, told.raised.get(severity, 0)) for severity in Severity]
    return joined(*(f"{t(SEVERITIES[one])} {t.number(count)}" for one, count in counts if count))


def _late(told: ReportTold, t: Translator) -> str | None:
    count = len(told.late) + told.late_more
    return f"{t('Late orders')} {t.number(count)}" if count else None
