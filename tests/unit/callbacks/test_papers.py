"""What is mailed of a report: the words, a workbook, and a PDF in the reader's language."""

import base64
import io
import re
import zlib

import pytest
from msgspec.structs import replace
from openpyxl import load_workbook

from callbacks.papers import Papers, files_of
from data.domain.deliveries import Delivery, Topic
from data.domain.report import BottleneckShare, DailyReport, LineOutput, OwnReport, shift_of
from data.domain.view import Standing
from layouts.paper import FONTS, as_pdf
from layouts.sheets import Column, Sheet
from layouts.text import LOCALES, translator
from tests.unit.cases import every_kind
from tests.unit.domain.test_report import PLANT, TUESDAY, row

SHIFT = shift_of(PLANT, TUESDAY, "day")
REPORT = DailyReport(
    site="plant", site_name="新竹 <Plant>", timezone="Asia/Taipei", shift=SHIFT,
    as_of=SHIFT.finish, scrap=4.0, completed=5, in_time=4, on_time=0.9,
    lines=(LineOutput(area="A", name="Line A", planned=200.0, good=150),),
    bottlenecks=(BottleneckShare(area="A", work_unit="W1", work_center="C1", share=0.4),),
    exceptions=tuple(replace(one, raised_at=SHIFT.start) for one in every_kind()),
    late=(row("SO-1", Standing.LATE, 2),), late_total=12, risks=(row("SO-2", p80_h=1),),
)  # fmt: skip
OWN = OwnReport(
    site="plant", site_name="Plant", timezone="Asia/Taipei", shift=SHIFT, as_of=SHIFT.finish,
    needs=({"part": "J-204", "need_by": SHIFT.start, "standing": "late", "quantity": 12},),
)  # fmt: skip


def to(language="en"):
    return Delivery(
        site="plant", event="report", topic=Topic.REPORT, subject="report/2026-11-24/day",
        news="report", way="mail", address="may@works.test", planned_at=SHIFT.finish,
        due_at=SHIFT.finish, recipient="a", language=language,
    )  # fmt: skip


def notice(report, language="en", formats=("xlsx", "pdf")):
    return Papers("https://mp.example").notice(to(language), report, formats)


def content(pdf):
    """What the streams of a PDF hold."""
    found = re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL)
    return b"".join(_inflated(one) for one in found)


def _inflated(stream):
    return zlib.decompress(base64.a85decode(b"<~" + stream.strip(), adobe=True))


def test_a_mail_says_what_came_of_the_shift_and_leads_to_the_same_page():
    told = notice(REPORT)
    assert (told.id, told.address) == (to().id, "may@works.test")
    assert told.subject == "新竹 <Plant>, day, Tue, Nov 24: report"
    assert told.url == "https://mp.example/report?day=2026-11-24&shift=day&site=plant"
    assert "Output: 150 of 200" in told.lines
    assert any("and 2 more" in line for line in told.lines)
    assert "&lt;Plant&gt;" in told.html


def test_it_says_the_same_at_every_attempt():
    assert notice(REPORT).attachments[1] == notice(REPORT).attachments[1]


def test_its_files_are_those_that_were_asked_for():
    names = [one.name for one in notice(REPORT).attachments]
    assert names == ["plant_report_20261124-0600.xlsx", "plant_report_20261124-0600.pdf"]
    assert notice(REPORT, formats=()).attachments == ()


@pytest.mark.parametrize("locale", LOCALES)
def test_the_workbook_holds_the_tables_of_the_page(locale):
    (file,) = files_of(REPORT, ("xlsx",), translator(locale))
    book = load_workbook(io.BytesIO(file.body))
    assert len(book.sheetnames) == 6
    first = list(book.worksheets[0].values)
    assert first[1][:3] == ("Line A", 150, 200)


@pytest.mark.parametrize("locale", LOCALES)
def test_the_pdf_is_small_and_set_in_a_font_that_readers_have(locale):
    (file,) = files_of(REPORT, ("pdf",), translator(locale))
    assert file.body.startswith(b"%PDF-") and len(file.body) < 40_000
    assert f"/BaseFont /{FONTS[locale]}".encode() in file.body
    assert b"/FontFile" not in file.body


def test_the_pdf_says_what_the_page_says():
    (file,) = files_of(REPORT, ("pdf",), translator("en"))
    said = content(file.body)
    assert b"(Output against plan)" in said and b"(150)" in said and b"(SO-1)" in said


def test_a_long_table_goes_on_over_pages_and_text_is_no_markup():
    sheet = Sheet(
        name="<b>Orders & more</b>", columns=(Column(key="order", heading="Order <i>"),),
        rows=[{"order": f"<SO-{n}>"} for n in range(150)],
    )  # fmt: skip
    pdf = as_pdf("t", "lead", (), (sheet,), lambda value, kind: str(value), translator("en"))
    said = content(pdf)
    assert b"(SO-0)" in said and b"(SO-149)" in said
    assert b"(<) Tj (b) Tj (>) Tj (Orders & more)" in said
    assert len(re.findall(rb"/Type /Page\b", pdf)) > 2


def test_a_party_s_mail_tells_its_rows_and_no_more():
    told = notice(OWN, "zh-Hant")
    assert any("J-204" in line and "延遲" in line for line in told.lines)
    book = load_workbook(io.BytesIO(told.attachments[0].body))
    assert book.sheetnames == ["物料", "異常"]


def test_what_could_not_be_had_is_not_told_as_none():
    told = notice(replace(REPORT, missing=("exceptions",), exceptions=()))
    assert not any(line.startswith("Exceptions open") for line in told.lines)
