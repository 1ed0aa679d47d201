"""The page on what was not taken, as the shell draws it: for whom, and of what."""

from datetime import timedelta

import pytest

from callbacks.desk.exports import as_csv
from callbacks.desk.quarantine import QuarantinePage
from data.domain.held import Held, HeldFilter, HeldLately, HeldPage
from data.domain.quarantine import Quarantined, QuarantineKind
from data.domain.scope import Role
from data.services.errors import Forbidden, Unavailable
from data.services.live import LiveSite
from layouts.pages import quarantine as drawn
from tests.unit.callbacks.desk.places import (
    NOW,
    TAIPEI,
    Nothing,
    Places,
    Recorded,
    hrefs,
    live_site,
    manager_of,
    shell,
    site,
)

ENTRY = Held(
    number=7, size=3000,
    what=Quarantined(
        kind=QuarantineKind.CONFLICT, source="=plc", event_id="a", field="id", reason="@told",
        raw=b"+1", received_at=NOW,
    ),
)  # fmt: skip


class Kept:
    """A quarantine of one entry that records what it was asked."""

    def __init__(self):
        self.asked, self.trouble, self.gone = [], None, False

    def page(self, scope, site, wanted, limit, below=None, above=None):
        if self.trouble:
            raise self.trouble
        self.asked.append((site, wanted, below, above))
        return HeldPage(entries=(ENTRY,), older=7)

    def whole(self, scope, site, number):
        if self.gone:
            raise Forbidden(str(number))
        self.asked.append(number)
        return ENTRY

    def lately(self, scope, site):
        return HeldLately(since=NOW - timedelta(days=1), first_at=NOW)

    def listed(self, scope, site, wanted, limit):
        self.asked.append((site, wanted, limit))
        return [ENTRY]


@pytest.fixture
def views(monkeypatch):
    """What was drawn."""
    seen, real = [], drawn.layout
    monkeypatch.setattr(drawn, "layout", lambda view, href: seen.append(view) or real(view, href))
    return seen


def desk(kept, who=None, lives=None):
    lives = lives or [live_site(), live_site(site("south"))]
    places = Places(*lives)
    return shell(QuarantinePage(kept, places.all), lives=lives, who=who or manager_of("north"))


def draw(kept, who=None, lives=None, **parameters):
    there = desk(kept, who, lives)
    return there.whole(there.pages[0], parameters)


def said(tree):
    return " ".join(part for part in tree._traverse() if isinstance(part, str)) + " ".join(
        one for part in tree._traverse() if isinstance(one := getattr(part, "children", None), str)
    )


def test_it_asks_for_the_newest_of_everything_unless_the_address_says_otherwise(views):
    kept = Kept()
    draw(kept)
    draw(kept, kind="gap", source="plc", before="90")
    draw(kept, after="12")
    assert kept.asked == [
        ("north", HeldFilter(), None, None),
        ("north", HeldFilter(kind=QuarantineKind.GAP, source="plc"), 90, None),
        ("north", HeldFilter(), None, 12),
    ]


def test_it_names_the_sites_of_who_looks_and_no_other(views):
    draw(Kept())
    draw(Kept(), manager_of("north", "south"))
    assert [view.sites for view in views] == [
        {"north": "North"}, {"north": "North", "south": "South"},
    ]  # fmt: skip


def test_the_whole_text_is_read_of_an_entry_that_is_on_the_page_alone(views):
    kept = Kept()
    draw(kept, show="7")
    draw(kept, show="8")
    assert [one for one in kept.asked if isinstance(one, int)] == [7]
    assert [view.shown for view in views] == [ENTRY, None]


def test_an_entry_that_cannot_be_read_whole_stays_short(views):
    kept = Kept()
    kept.gone = True
    draw(kept, show="7")
    assert views[0].shown is None


@pytest.mark.parametrize(
    "wrong", [{"kind": "x"}, {"before": "-1"}, {"after": "x"}, {"show": "0"}, {"at": "2026-11-01"}]
)
def test_what_an_address_cannot_mean_is_named(wrong):
    kept = Kept()
    (name,) = wrong
    assert name in said(draw(kept, **wrong))
    assert kept.asked == []


@pytest.mark.parametrize(
    ("role", "party"),
    [
        (Role.PURCHASER, None), (Role.OPERATOR, None), (Role.SCREEN, None), (Role.SOURCE, None),
        (Role.SUPPLIER, "P2"), (Role.CUSTOMER, "P1"), (Role.LOGISTICS, "P3"),
    ],
)  # fmt: skip
def test_who_does_not_see_all_of_a_site_finds_nothing_there(role, party):
    kept = Kept()
    assert "nothing" in said(draw(kept, manager_of("north", role=role, party=party))).lower()
    assert kept.asked == []


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.MANAGER, Role.PLANNER, Role.AUDITOR])
def test_who_sees_all_of_a_site_reads_it(role, views):
    draw(Kept(), manager_of("north", role=role))
    assert len(views) == 1


def test_another_site_is_not_there_for_them():
    kept = Kept()
    assert "isn't yours to see" in said(draw(kept, site="south"))
    assert kept.asked == []


def test_with_sql_out_of_reach_the_page_says_so():
    kept = Kept()
    kept.trouble = Unavailable("down")
    assert "History can't be reached" in said(draw(kept))


def test_as_a_table_it_holds_what_the_filters_leave_and_no_formula():
    kept = Kept()
    there = desk(kept)
    visit = there.visit_of(there.pages[0], {"kind": "conflict", "before": "9"})
    entries, _ = there.pages[0].sheets(visit)
    assert kept.asked == [("north", HeldFilter(kind=QuarantineKind.CONFLICT), 20_000)]
    row = as_csv(entries, TAIPEI).decode("utf-8-sig").splitlines()[1]
    assert "'=plc" in row and "'@told" in row and "'+1" in row


# Of a site that has sent no model yet


def bare(name="bare"):
    live = LiveSite(name, Nothing(), Nothing(), lambda: NOW)
    live.loaded = True
    return live


def both():
    return [live_site(), bare()]


ADMINISTRATOR = manager_of("north", "bare", role=Role.ADMINISTRATOR)


def test_of_a_site_without_a_model_administrators_read_what_came_in(views):
    kept = Kept()
    draw(kept, ADMINISTRATOR, both(), site="bare")
    assert kept.asked == [("bare", HeldFilter(), None, None)]
    assert (views[0].modelled, views[0].sites) == (False, {"north": "North", "bare": "bare"})


def test_it_is_there_for_them_also_where_no_site_has_a_model_yet(views):
    draw(Kept(), manager_of("bare", role=Role.ADMINISTRATOR), [bare()])
    assert [(view.site, view.modelled) for view in views] == [("bare", False)]


def test_without_a_word_they_get_a_site_that_has_a_model(views):
    draw(Kept(), ADMINISTRATOR, [bare("a-bare"), live_site()])
    assert [(view.site, view.modelled) for view in views] == [("north", True)]


@pytest.mark.parametrize(
    "who",
    [
        *(manager_of("north", "bare", role=role) for role in Role if role != Role.ADMINISTRATOR),
        manager_of("north", role=Role.ADMINISTRATOR),
    ],
)
def test_nobody_else_learns_of_a_site_without_a_model(who, views):
    kept = Kept()
    draw(kept, who, both(), site="bare")
    draw(kept, who, both())
    assert {"bare"}.isdisjoint(site for view in views for site in view.sites)
    assert all(asked[0] == "north" for asked in kept.asked)


def test_a_site_whose_board_is_not_there_yet_is_none_without_a_model(views):
    live = bare()
    live.loaded = False
    draw(Kept(), ADMINISTRATOR, [live_site(), live], site="bare")
    assert views == []


def test_from_there_no_other_page_is_asked_for_of_that_site():
    lives = both()
    own = QuarantinePage(Kept(), Places(*lives).all)
    there = shell(own, Recorded(), lives=lives, who=ADMINISTRATOR)
    ways = hrefs(there.whole(own, {"site": "bare"}))
    assert {"/quarantine?site=bare", "/orders"} <= {*ways}
    assert not [way for way in ways if way.startswith("/orders?")]


def test_what_came_in_there_is_exported_for_them_alone():
    kept = Kept()
    there = desk(kept, ADMINISTRATOR, both())
    there.pages[0].sheets(there.visit_of(there.pages[0], {"site": "bare"}))
    assert kept.asked == [("bare", HeldFilter(), 20_000)]
    with pytest.raises(Forbidden):
        manager = desk(kept, manager_of("north", "bare"), both())
        manager.visit_of(manager.pages[0], {"site": "bare"})
