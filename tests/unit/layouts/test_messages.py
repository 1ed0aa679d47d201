"""Messages that leave the program: all that matters in the first line, nothing that isn't known."""

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import msgspec
import pytest

from data.domain.exceptions.records import Severity
from data.domain.tellings import (
    DigestTold,
    ExceptionTold,
    LateTold,
    MilestoneTold,
    Moved,
    News,
    ReportTold,
    ShareTold,
)
from layouts.messages import as_notice, of_digest, of_exception, of_milestone, of_report
from layouts.text import LOCALES

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
NEED = Moved(
    kind="need", name="4711 · Bearing", before_at=AT, after_at=AT + timedelta(days=1, hours=4)
)
TOLD = ExceptionTold(
    name="E-17",
    news=News.RAISED,
    severity=Severity.CRITICAL,
    title="M-3 has been down for 20 min",
    site="Plant 1",
    timezone="Asia/Taipei",
    since=AT - timedelta(minutes=20),
    at=AT,
    subject="Work unit M-3",
    place="Line A",
    moved=(NEED,),
    more=3,
    url="https://milepost.works/exceptions/17",
)
DIGEST = DigestTold(
    site="Plant 1",
    timezone="Asia/Taipei",
    start=AT - timedelta(hours=2),
    finish=AT,
    items=(msgspec.structs.replace(TOLD, severity=Severity.LOW, name="E-16"), TOLD),
    more=5,
)
MILESTONE = MilestoneTold(
    name="Shipped",
    order="4711",
    site="Plant 1",
    timezone="Asia/Taipei",
    at=AT,
    reached=False,
    forecast_at=AT + timedelta(hours=4),
    actual_at=None,
)
REPORT = ReportTold(
    site="Plant 1",
    timezone="Asia/Taipei",
    shift="Early",
    start=AT - timedelta(hours=8),
    finish=AT,
    planned=460,
    good=412,
    scrap=0,
    on_time=0.996,
    bottlenecks=(ShareTold(name="WC-40", share=0.46), ShareTold(name="WC-20", share=0.31)),
    raised={Severity.LOW: 3, Severity.CRITICAL: 1},
    open=0,
    late=(LateTold(order="4711", product="Pump", late_s=4000, cause="material"),),
    late_more=2,
)
MADE = {
    "exception": lambda locale: of_exception(TOLD, locale),
    "digest": lambda locale: of_digest(DIGEST, locale),
    "milestone": lambda locale: of_milestone(MILESTONE, locale),
    "report": lambda locale: of_report(REPORT, locale),
}


def changed(**changes):
    return msgspec.structs.replace(TOLD, **changes)


def test_the_first_line_says_what_how_grave_where_and_whom_it_hits():
    message = of_exception(TOLD, "en")
    assert message.subject == "Critical: M-3 has been down for 20 min (E-17)"
    assert message.text == (
        "Critical: M-3 has been down for 20 min (E-17) · Line A · 4711 · Bearing: need-by moves "
        "from Tue, Nov 24 10:00 to Wed, Nov 25 14:00 (1 d 4 h later)"
    )


def test_the_lines_hold_a_fact_each():
    assert of_exception(TOLD, "en").lines == (
        "What: Work unit M-3",
        "Where: Line A · Plant 1",
        "Severity: Critical",
        "Since: Tue, Nov 24 09:40 (20 min)",
        "Who has it: nobody yet",
        "Dates that moved",
        "• 4711 · Bearing: need-by moves from Tue, Nov 24 10:00 to Wed, Nov 25 14:00 "
        "(1 d 4 h later)",
        "• and 3 more",
    )


def test_what_is_not_known_or_not_disclosed_is_not_said():
    lines = of_exception(changed(subject="", place="", moved=(), more=0), "en").lines
    assert [line.partition(":")[0] for line in lines] == [
        "Where", "Severity", "Since", "Who has it",
    ]  # fmt: skip
    empty = ReportTold(site="P", timezone="UTC", shift="S", start=AT, finish=AT)
    assert [line.partition(":")[0] for line in of_report(empty, "en").lines] == ["Time"]


def test_an_escalation_says_how_far_and_who_has_it():
    message = of_exception(changed(news=News.ESCALATED, level=2, owner="Li Wei", inside=12), "en")
    assert message.subject.startswith("Escalated, Critical: ")
    assert "Escalated to level: 2" in message.lines
    assert "Who has it: Li Wei" in message.lines
    assert "Exceptions inside of it: 12" in message.lines


def test_what_is_over_says_how_long_it_lasted_and_asks_nobody():
    message = of_exception(changed(news=News.RETURNED), "en")
    assert message.subject == "Back to normal: M-3 has been down for 20 min (E-17)"
    assert "Lasted: Tue, Nov 24 09:40 – 10:00 (20 min)" in message.lines
    assert not any("Who has it" in line for line in message.lines)


@pytest.mark.parametrize(
    ("moved", "expected"),
    [
        (Moved(kind="need", name="N", after_at=AT), "• N: need-by is now Tue, Nov 24 10:00"),
        (Moved(kind="milestone", name="N"), "• N: no date can be told any more"),
        (
            Moved(kind="order", name="N", before_at=AT, after_at=AT - timedelta(hours=2)),
            "• N: finish moves from Tue, Nov 24 10:00 to Tue, Nov 24 08:00 (2 h earlier)",
        ),
        (
            Moved(kind="milestone", name="N", before_at=AT, after_at=AT + timedelta(days=365)),
            "• N: milestone moves from Tue, Nov 24 10:00 to Nov 24, 2027 10:00 (365 d later)",
        ),
    ],
)
def test_each_kind_of_date_has_its_words_in_the_site_s_own_time(moved, expected):
    assert expected in of_exception(changed(moved=(moved,)), "en").lines


def test_a_digest_begins_with_the_worst_and_counts_them_all():
    message = of_digest(DIGEST, "en")
    assert message.subject == "Exceptions at Plant 1: 7"
    assert message.lines[2].startswith("• Critical: ")
    assert message.lines[3].startswith("• Low: ")
    assert message.lines[-1] == "• and 5 more"


def test_a_milestone_is_told_before_and_when_it_is_reached():
    near, reached = (
        of_milestone(one, "en")
        for one in (MILESTONE, msgspec.structs.replace(MILESTONE, reached=True, actual_at=AT))
    )
    assert near.text == "Order 4711 will soon reach Shipped · Tue, Nov 24 14:00 · Plant 1"
    assert reached.text == "Order 4711 has reached Shipped · Tue, Nov 24 10:00 · Plant 1"
    assert not any(line.startswith("Forecast") for line in reached.lines)


def test_a_report_says_what_the_shift_came_to():
    assert of_report(REPORT, "en").lines == (
        "Time: Tue, Nov 24 02:00 – 10:00",
        "Output: 412 of 460",
        "Scrap: 0",
        "On time: 99.6 %",
        "Bottleneck: WC-40 46 % · WC-20 31 %",
        "Exceptions raised: Critical 1 · Low 3",
        "Exceptions open: 0",
        "Late orders",
        "• 4711 · Pump · 1 h 6 min later · material",
        "• and 2 more",
    )


class Page(HTMLParser):
    """Gathers what a program for mail would make of a document."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.said, self.ends = [], [], "", []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src", "background")]

    def handle_endtag(self, tag):
        self.ends.append(tag)

    def handle_data(self, data):
        self.said += data


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", MADE)
def test_the_html_says_the_same_as_the_lines_and_fetches_nothing(kind, locale):
    message = MADE[kind](locale)
    page = Page(message.html)
    assert set(page.tags) <= {
        "html", "head", "meta", "title", "body", "div", "h1", "h2", "table", "tr", "td", "ul",
        "li", "a", "p",
    }  # fmt: skip
    assert sorted(page.ends) == sorted(tag for tag in page.tags if tag != "meta")
    assert set(page.links) <= {TOLD.url}
    assert "url(" not in message.html
    for line in message.lines:
        assert line.removeprefix("• ").replace("：", ": ").partition(": ")[2] in page.said
    assert len(message.html) < 10_000


def test_a_name_with_markup_stays_a_name():
    evil = '<img src=x onerror=alert(1)>"&'
    message = of_exception(
        changed(title=evil, subject=evil, place=evil, site=evil, cause=evil, owner=evil, url=evil,
                moved=(Moved(kind="need", name=evil),)),
        "en",
    )  # fmt: skip
    page = Page(message.html)
    assert "img" not in page.tags
    assert page.links == []
    assert page.said.count(evil) >= 6


def test_a_notice_takes_a_message_along_whole():
    message = of_exception(TOLD, "zh-Hant")
    got = as_notice(message, id="n-1", way="mail", address="li@works.test", about="exception/17")
    assert (got.subject, got.text, got.lines) == (message.subject, message.text, message.lines)
    assert (got.language, got.url, got.action) == ("zh-Hant", TOLD.url, "查看異常")
    assert (got.html, got.about) == (message.html, "exception/17")
