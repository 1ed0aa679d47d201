"""Tables on paper: a PDF of A4 pages from the same tables as the page and the workbook. Pure.

Fonts: Latin text is set in Helvetica; Chinese in the fonts that every PDF reader brings or finds
for itself (Adobe's standard CID fonts), so none is embedded and a file stays small.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any
from xml.sax.saxutils import escape  # nosec B406  # it writes, and parses nothing

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table

from layouts.sheets import Column, Kind, Sheet, Value
from layouts.text import NONE, Translator

FONTS = {"zh-Hant": "MSung-Light", "zh-Hans": "STSong-Light", "en": "Helvetica"}
MARGIN, INSET = 12 * mm, 6  # the page's, and what a frame keeps free within
WIDTH = A4[0] - 2 * (MARGIN + INSET)
MOST_ROWS = 200
_INK, _MUTE = colors.HexColor("#14191f"), colors.HexColor("#4a545f")
_EDGE, _HEAD = colors.HexColor("#d3d9df"), colors.HexColor("#eceff2")
_NUMBERS = frozenset({"number", "seconds", "share"})
Facts = Sequence[tuple[str, str]]
Written = Callable[[Value, Kind], str]


def as_pdf(
    title: str, lead: str, facts: Facts, sheets: Sequence[Sheet], written: Written, t: Translator
) -> bytes:
    """Return the document. `written(value, kind)`: a cell as it is read."""
    styles = _styles(t.locale)
    parts: list[Any] = [Paragraph(escape(title), styles["title"])]
    parts += [Paragraph(escape(lead), styles["lead"]), Spacer(0, 3 * mm)]
    parts += [_facts(facts, styles)] if facts else []
    for sheet in sheets:
        parts += _section(sheet, styles, written, t)
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=A4, title=title, subject=lead, author="Milepost", creator="Milepost",
        leftMargin=MARGIN, rightMargin=MARGIN, topMargin=14 * mm, bottomMargin=14 * mm,
        invariant=1, lang=t.locale,
    )  # fmt: skip
    foot = partial(_foot, font=FONTS[t.locale], words=lead)
    document.build(parts, onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


def _styles(locale: str) -> dict[str, ParagraphStyle]:
    font = _font(FONTS[locale])
    wrap = None if locale == "en" else "CJK"
    usual = {"fontName": font, "textColor": _INK, "wordWrap": wrap}
    return {
        "title": ParagraphStyle("title", fontSize=16, leading=20, **usual),
        "lead": ParagraphStyle("lead", fontSize=9.5, leading=13, **usual),
        "head": ParagraphStyle("head", fontSize=11, leading=15, spaceBefore=10, **usual),
        "cell": ParagraphStyle("cell", fontSize=8, leading=10, **usual),
        "number": ParagraphStyle("number", fontSize=8, leading=10, alignment=2, **usual),
        "name": ParagraphStyle("name", fontSize=8, leading=10, **usual | {"textColor": _MUTE}),
    }


@lru_cache(maxsize=len(FONTS))
def _font(name: str) -> str:
    if name != "Helvetica":
        pdfmetrics.registerFont(UnicodeCIDFont(name))
    return name


def _facts(facts: Facts, styles: dict[str, ParagraphStyle]) -> Table:
    """Return the key figures, four in a row."""
    cells = [
        [Paragraph(escape(name), styles["name"]), Paragraph(escape(value), styles["lead"])]
        for name, value in facts
    ]
    rows = [cells[n : n + 4] for n in range(0, len(cells), 4)]
    rows[-1] = rows[-1] + [""] * (4 - len(rows[-1]))
    table = Table(rows, colWidths=[WIDTH / 4] * 4)
    table.setStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)])
    return table


def _section(
    sheet: Sheet, styles: dict[str, ParagraphStyle], written: Written, t: Translator
) -> list[Any]:
    head = Paragraph(escape(sheet.name), styles["head"])
    if not sheet.rows:
        return [KeepTogether([head, Paragraph(escape(t("None.")), styles["name"])])]
    rows = [[Paragraph(escape(one.heading), styles[_style(one, "name")]) for one in sheet.columns]]
    rows += [_row(row, sheet, styles, written) for row in sheet.rows[:MOST_ROWS]]
    table = Table(rows, colWidths=_widths(sheet, written), repeatRows=1)
    table.setStyle(
        [
            ("BACKGROUND", (0, 0), (-1, 0), _HEAD),
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, _EDGE),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 3),
            ("RIGHTPADDING", (0, 0), (-1, -1), 3),
            ("TOPPADDING", (0, 0), (-1, -1), 2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
        ]
    )
    return [head, Spacer(0, 1 * mm), table]


def _row(
    row: Mapping[str, Value], sheet: Sheet, styles: dict[str, ParagraphStyle], written: Written
) -> list[Paragraph]:
    return [
        Paragraph(
            escape(written(row.get(one.key), one.kind)),
            styles[_style(one, "cell")],
        )
        for one in sheet.columns
    ]


def _style(column: Column, otherwise: str) -> str:
    return "number" if column.kind in _NUMBERS else otherwise


def _widths(sheet: Sheet, written: Written) -> list[float]:
    """Share the page's width out by the longest text of each column, within bounds."""
    longest = [
        max(len(one.heading), *(len(written(row.get(one.key), one.kind)) for row in sheet.rows))
        for one in sheet.columns
    ]
    weights = [min(32, max(6, length)) for length in longest]
    return [WIDTH * weight / sum(weights) for weight in weights]


def _foot(canvas: Any, document: Any, *, font: str, words: str) -> None:
    canvas.saveState()
    canvas.setFont(font, 7.5)
    canvas.setFillColor(_MUTE)
    canvas.drawString(MARGIN + INSET, 8 * mm, words or NONE)
    canvas.drawRightString(A4[0] - MARGIN - INSET, 8 * mm, str(document.page))
    canvas.restoreState()
