"""The page on what was not taken: what is said of each entry, and that its text stays text."""

from datetime import UTC, datetime, timedelta

import pytest

from data.domain.held import Held, HeldFilter, HeldLately, HeldPage, Tally
from data.domain.quarantine import Quarantined, QuarantineKind
from layouts.components.exception_proof import ASIDE
from layouts.components.reading import Reading
from layouts.pages import quarantine
from layouts.pages.quarantine import QuarantineView, visible, written
from layouts.text import LOCALES, translator
from layouts.urls import Address
from tests.unit.stills import nodes

NOW = datetime(2026, 11, 24, 3, 42, tzinfo=UTC)
T = translator("en")
HOSTILE = b'<img src=x onerror=alert(1)>\x1b]0;\xe2\x80\xae"}'


def held(number=7, kind=QuarantineKind.UNANSWERABLE, raw=b'{"id":"a"}', size=None, **more):
    usual = {"source": "plc", "event_id": "a", "field": "data.good", "reason": "is required"}
    what = Quarantined(kind=kind, raw=raw, received_at=NOW, **usual | more)
    return Held(number=number, what=what, size=len(raw) if size is None else size)


def lately(*tallies, **more):
    of_kinds = {one.kind: one.count for one in tallies}
    usual = {"since": NOW - timedelta(days=1), "first_at": NOW - timedelta(days=3)}
    return HeldLately(tallies=tallies, of_kinds=of_kinds, **usual | more)


def view(*entries, locale="en", **more):
    address = Address(path="/quarantine", query={"site": "north"})
    reading = Reading(t=translator(locale), timezone="Asia/Taipei", now=NOW, address=address)
    usual = {
        "page": HeldPage(entries=entries), "lately": lately(), "by": HeldFilter(),
        "site": "north", "sites": {"north": "North"},
    }  # fmt: skip
    return QuarantineView(reading=reading, **usual | more)


def page(shown):
    return quarantine.layout(shown, shown.reading.address.href)


def said(tree):
    plain = [part for part in tree._traverse() if isinstance(part, str)]
    alone = [getattr(part, "children", None) for part in tree._traverse()]
    still = [node for node in nodes(tree) if isinstance(node, str)]
    return [*plain, *[one for one in alone if isinstance(one, str)], *still]


def hrefs(tree):
    own = [part.href for part in tree._traverse() if getattr(part, "href", None)]
    return [*own, *(n[1]["href"] for n in nodes(tree) if not isinstance(n, str) and "href" in n[1])]


def test_each_entry_says_when_from_where_which_field_and_why():
    words = said(page(view(held())))
    assert {"Tue, Nov 24 11:42:00", "plc", "a", "data.good", "is required"} <= {*words}
    assert '{"id":"a"}' in words


def test_in_another_language_the_reason_is_said_in_it_and_as_it_was():
    words = said(page(view(held(), locale="zh-Hant")))
    assert {"必須填寫", "is required"} <= {*words}


def test_a_reason_that_has_no_words_stays_as_it_was_said():
    words = said(page(view(held(reason="cannot, because"), locale="zh-Hans")))
    assert words.count("cannot, because") == 1


def test_what_a_sender_wrote_stays_text_and_hides_nothing():
    tree = page(view(held(raw=HOSTILE, source="a\u202eb", event_id="<b>", reason="<i>x</i>")))
    words = said(tree)
    assert {"<b>", "<i>x</i>", "a\\u202eb"} <= {*words}
    assert '<img src=x onerror=alert(1)>\\x1b]0;\\u202e"}' in words
    tags = {node[0] for node in nodes(tree) if not isinstance(node, str)}
    assert not tags & {"img", "b", "i", "script"}


def test_a_long_text_is_shortened_until_somebody_asks_for_all_of_it():
    long = held(raw=b"x" * 1000, size=4000)
    tree = page(view(long))
    assert "Show all, 4,000 bytes" in said(tree)
    assert "/quarantine?show=7&site=north" in hrefs(tree)
    assert "x" * 280 + "…" in said(tree)


def test_the_whole_text_says_how_much_of_it_is_left_out():
    whole = held(raw=b"y" * 3000, size=4000)
    words = said(page(view(held(raw=b"y" * 1000, size=4000), shown=whole)))
    assert "y" * 3000 in words
    assert {"Show less", "1,000 bytes more are kept"} <= {*words}


def test_a_text_that_fits_offers_no_more_and_an_entry_without_one_shows_none():
    assert not [one for one in said(page(view(held()))) if one.startswith("Show all")]
    empty = page(view(held(raw=b"")))
    assert "pre" not in {node[0] for node in nodes(empty) if not isinstance(node, str)}


def test_what_came_in_lately_leads_to_the_entries_of_that_source_and_kind():
    one = Tally(source="plc", kind=QuarantineKind.CONFLICT, count=1200, newest_at=NOW)
    tree = page(view(held(), lately=lately(one)))
    assert {"1,200", "1,200 in all"} <= {*said(tree)}
    assert "/quarantine?kind=conflict&site=north&source=plc" in hrefs(tree)


def test_it_says_how_far_back_it_goes():
    words = " ".join(said(page(view(held()))))
    assert "It goes back to Nov 21, 2026 11:42." in words


def test_where_nothing_is_held_it_says_so_and_where_nothing_fits_it_leads_to_all():
    bare = view(lately=lately(first_at=None))
    assert "Nothing is held" in said(page(bare))
    narrow = page(view(by=HeldFilter(kind=QuarantineKind.GAP)))
    assert "Nothing held fits" in said(narrow)
    assert "/quarantine?site=north" in hrefs(narrow)


def test_newer_and_older_entries_are_named_by_their_numbers():
    tree = page(view(held(), page=HeldPage(entries=(held(),), newer=9, older=7)))
    assert {"/quarantine?after=9&site=north", "/quarantine?before=7&site=north"} <= {*hrefs(tree)}
    assert "Older" not in said(page(view(held())))


def test_with_several_sites_it_says_how_much_came_in_at_each():
    sites = {"north": "North", "south": "South"}
    shown = view(held(), sites=sites, lately=lately(of_sites={"north": 0, "south": 31}))
    assert {"South", "31"} <= {*said(page(shown))}
    assert "/quarantine?site=south" in hrefs(page(shown))
    assert "last 24 hours, by site" not in said(page(view(held())))


@pytest.mark.parametrize("locale", LOCALES)
def test_it_is_told_what_to_do_about_every_kind_that_is_there_and_no_other(locale):
    t = translator(locale)
    for kind in QuarantineKind:
        words = said(page(view(held(kind=kind), locale=locale)))
        told = {one for one, remedy in quarantine.REMEDIES.items() if t(remedy) in words}
        assert told == {kind}
        assert t(ASIDE[kind]) in words
    assert set(quarantine.REMEDIES) == set(QuarantineKind)


def test_as_a_table_every_entry_has_its_reason_twice_and_its_text():
    entries, counts = quarantine.sheets(
        [held(raw=b"=1+1")],
        lately(Tally(source="p", kind=QuarantineKind.GAP, count=2, newest_at=NOW)),
        translator("zh-Hant"),
    )
    (row,) = entries.rows
    assert (row["words"], row["reason"]) == ("必須填寫", "is required")
    assert (row["raw"], row["bytes"], row["number"]) == ("=1+1", 4, 7)
    assert [one["count"] for one in counts.rows] == [2]
    assert {column.key for column in entries.columns} == set(row)


def test_lines_are_kept_and_bytes_that_are_no_text_are_written_out():
    assert written(b"a\n\tb\r\xff") == "a\n\tb\\r\\xff"
    assert visible("中文 ok") == "中文 ok"
    assert visible("a\u200bb\n") == "a\\u200bb\\n"


@pytest.mark.parametrize("locale", LOCALES)
def test_of_a_site_that_sent_no_model_it_says_why_nothing_can_be_taken(locale):
    words = translator(locale)(
        "This site has not sent its model yet: its lines, machines and calendars. Nothing that it"
        " reports can be taken before; then its sources may send the same again."
    )
    assert words in said(page(view(held(), locale=locale, modelled=False)))
    assert words not in said(page(view(held(), locale=locale)))
