"""Puts daily reports into a mail: what it says, and the files that go along.

Imported by `app`, which hands it to the notifier.
"""

from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

from callbacks.desk.exports import as_xlsx
from data.domain.deliveries import Delivery
from data.domain.notices import Attachment, Notice
from data.domain.orders import OrderRow
from data.domain.report import DailyReport, OwnReport
from data.domain.tellings import LateTold, ReportTold, ShareTold
from layouts.messages import Message, as_notice, of_report
from layouts.messages.own_reports import of_own_report
from layouts.pages import report as page
from layouts.pages.orders import cause_word
from layouts.pages.report_sheets import own_sheets, sheets
from layouts.paper import as_pdf
from layouts.sheets import Sheet
from layouts.text import Translator, translator
from layouts.urls import address

MOST_LISTED = 10
MIMES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}
Report = DailyReport | OwnReport


class Papers:
    """Mails of reports. `address`: where people open the program, without a slash."""

    def __init__(self, address: str) -> None:
        self._address = address

    def notice(self, to: Delivery, report: Report, formats: Sequence[str]) -> Notice:
        """Return what is mailed to one recipient."""
        t = translator(to.language)
        message = self._message(report, t)
        return as_notice(
            message, id=to.id, way=to.way, address=to.address, event="milepost.report",
            about=to.subject, at=report.as_of, attachments=files_of(report, formats, t),
        )  # fmt: skip

    def _message(self, report: Report, t: Translator) -> Message:
        shift = report.shift
        query = {"site": report.site, "day": shift.day.isoformat(), "shift": page.named(shift)}
        url = self._address + address("/report", query)
        if isinstance(report, OwnReport):
            return of_own_report(report, t.locale, url)
        return of_report(told_of(report, url, t), t.locale)


def files_of(report: Report, formats: Sequence[str], t: Translator) -> tuple[Attachment, ...]:
    """Return a report as files."""
    tables = sheets(report, t) if isinstance(report, DailyReport) else own_sheets(report, t)
    name = file_name(report)
    return tuple(
        Attachment(
            name=f"{name}.{one}", media_type=MIMES[one], body=_WRITERS[one](report, tables, t)
        )
        for one in formats
    )


def file_name(report: Report) -> str:
    """Return what a report's files are called, without their ending."""
    start = report.shift.start.astimezone(ZoneInfo(report.timezone))
    return f"{report.site}_report_{start:%Y%m%d-%H%M}"


def told_of(report: DailyReport, url: str, t: Translator) -> ReportTold:
    """Return what a mail tells of a report."""
    return ReportTold(
        site=report.site_name,
        timezone=report.timezone,
        shift=page.shift_words(report.shift.name, t),
        start=report.shift.start,
        finish=report.shift.finish,
        planned=report.planned,
        good=report.good,
        scrap=report.scrap,
        on_time=report.on_time,
        bottlenecks=tuple(
            ShareTold(name=one.work_unit, share=one.share) for one in report.bottlenecks
        ),
        raised=report.raised,
        open=None if "exceptions" in report.missing else report.open,
        late=_late(report.late, t),
        late_more=max(0, report.late_total - MOST_LISTED),
        risks=_late(report.risks, t),
        risks_more=max(0, len(report.risks) - MOST_LISTED),
        url=url,
    )


def _late(orders: Sequence[OrderRow], t: Translator) -> tuple[LateTold, ...]:
    return tuple(
        LateTold(
            order=one.order, product=one.product,
            late_s=one.late_s if (one.late_s or 0) > 0 else None,
            cause=cause_word(one.top_cause, t),
        )
        for one in orders[:MOST_LISTED]
    )  # fmt: skip


def _workbook(report: Report, tables: Sequence[Sheet], t: Translator) -> bytes:
    return as_xlsx(tables, report.timezone)


def _paper(report: Report, tables: Sequence[Sheet], t: Translator) -> bytes:
    facts = page.facts(report, t) if isinstance(report, DailyReport) else ()
    return as_pdf(
        t(page.TITLE), page.headline(report, t), facts, tables,
        lambda value, kind: page.written(value, kind, report.timezone, t), t,
    )  # fmt: skip


_WRITERS: dict[str, Callable[[Report, Sequence[Sheet], Translator], bytes]] = {
    "xlsx": _workbook,
    "pdf": _paper,
}
