"""A party's own daily report, as it is sent by mail. Pure."""

from datetime import datetime

from data.domain.report import OwnReport
from layouts.messages.page import message_of
from layouts.messages.records import Content, Item, Message
from layouts.messages.words import joined, listed
from layouts.pages.report import shift_words, written
from layouts.pages.report_sheets import own_sheets
from layouts.sheets import Sheet
from layouts.text import translator

MOST = 20


def of_own_report(report: OwnReport, locale: str, url: str | None) -> Message:
    """Return the message of a party's report."""
    t = translator(locale)
    day = t.day(report.shift.start, report.timezone)
    name = shift_words(report.shift.name, t)
    subject = t("{site}, {shift}, {day}: report", site=report.site_name, shift=name, day=day)
    sheets = own_sheets(report, t)
    counts = [f"{one.name} {t.number(len(one.rows))}" for one in sheets if one.rows]
    sections = [
        listed(one.name, _items(one, report.timezone, locale), max(0, len(one.rows) - MOST), t)
        for one in sheets
    ]
    return message_of(
        Content(
            subject=subject,
            text=joined(subject, *counts),
            sections=tuple(part for found in sections for part in found),
            url=url,
            action=t("Open the report"),
            foot=joined("Milepost", report.site_name),
        ),
        t,
    )


def _items(sheet: Sheet, timezone: str, locale: str) -> list[Item]:
    t = translator(locale)
    named = {one.key: one.heading for one in sheet.columns if one.kind == "moment"}
    found = []
    for row in sheet.rows[:MOST]:
        values = [(one, row.get(one.key)) for one in sheet.columns]
        said = [
            f"{named[one.key]} {written(value, one.kind, timezone, t)}"
            if isinstance(value, datetime)
            else written(value, one.kind, timezone, t)
            for one, value in values
            if value not in (None, "")
        ]
        found.append(Item(joined(*said)))
    return found
