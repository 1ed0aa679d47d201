"""What is said of exceptions, in lists, on the page of one and on walls, in every language."""

from dataclasses import dataclass

import pytest
from dash import html
from msgspec.structs import replace

from data.domain.events import Data, Event, EventType, WorkUnitState
from data.domain.exceptions.evidence import Evidence
from data.domain.exceptions.records import Move, Note, Severity, State, Transition
from data.domain.exceptions.rules import Condition
from data.domain.exceptions.search import CaseFilter
from data.domain.exceptions.values import VALUES as NAMES
from data.domain.plan import Operation, Order
from data.domain.quarantine import Quarantined, QuarantineKind
from data.domain.scope import party_source
from layouts.components import exception_looks as looks
from layouts.components.exception_aside import DELIVERY
from layouts.components.exception_forms import Sender
from layouts.components.exception_proof import ASIDE
from layouts.components.exception_view import CaseView, Delivered
from layouts.components.exception_words import CONDITIONS, Words, condition, facts, title, where
from layouts.components.reading import Reading
from layouts.grid import Place
from layouts.pages import exception, exceptions
from layouts.panels import exceptions as panel
from layouts.text import LOCALES, translator
from layouts.urls import Address
from tests.browser.harness import views
from tests.unit import cases
from tests.unit.callbacks.desk.places import TAIPEI
from tests.unit.stills import nodes

T = translator("en")
WORDS = Words(T, TAIPEI, cases.NOW, {"P1": "Aurelia Telecom"})
SENDER = Sender(action="/act", csrf="proof", site="north", back="/exceptions")
PLACE = Place(prefix="p", width=20.0, height=10.2)
BY_KIND = {one.kind: one for one in cases.every_kind()}


@dataclass
class Hrefs:
    """Links as the shell makes them."""

    path: str = "/exceptions"

    def __call__(self, path=None, **changes):
        return Address(path=self.path, query={}).href(path, **changes)


def inbox(found=None, **more):
    given = {
        "cases": cases.ordinary()[:1] if found is None else found, "total": 1, "which": "open",
        "by": CaseFilter(), "mine": False, "counts": {"open": 4, "waiting": 2}, "inside": {},
        "page": 1, "pages": 1, "areas": {"A": "Line A"}, "parties": {"P1": "Aurelia Telecom"},
        "rules": {"work-unit-state": "Machine down"}, "timezone": TAIPEI, "now": cases.NOW,
        "real_now": cases.NOW, "sender": SENDER,
    }  # fmt: skip
    return exceptions.InboxView(**(given | more))


def said(tree):
    return [node for node in nodes(tree) if isinstance(node, str)]


def elements(tree, tag):
    return [node[1] for node in nodes(tree) if not isinstance(node, str) and node[0] == tag]


def shown(view, t=T):
    return exceptions.layout(view, Hrefs(), t)


def one(case=None, **more):
    found = case or cases.ordinary()[0]
    reading = Reading(
        t=T, timezone=TAIPEI, now=cases.NOW, address=Address(path="/exceptions/17", query={}),
        parties={"P1": "Aurelia Telecom", "P2": "Formosa"},
    )  # fmt: skip
    given = {
        "case": found, "transitions": (cases._raised(found),), "notes": (), "inside": (),
        "marks": {}, "reading": reading, "real_now": cases.NOW, "areas": {"A": "Line A"},
        "rule": "Machine down", "names": {"account/2": "Lin Wei-ting"}, "people": {"2": "Lin"},
        "sender": SENDER,
    }  # fmt: skip
    return CaseView(**(given | more))


def page(view):
    return html.Div([exception.layout(view, Hrefs("/exceptions/17"))])


# Words


def test_every_condition_has_a_name_a_title_and_facts():
    assert set(CONDITIONS) == set(Condition)
    assert set(BY_KIND) == set(Condition)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", list(Condition))
def test_every_kind_is_told_in_every_language(kind, locale):
    t = translator(locale)
    case = BY_KIND[kind]
    whole = title(case, t) + facts(case, Words(t, TAIPEI, cases.NOW))
    assert title(case, t) and "{" not in whole and "None" not in whole


@pytest.mark.parametrize("kind", list(Condition))
def test_the_made_up_values_are_those_that_findings_carry(kind):
    assert set(cases.VALUES[kind]) == set(NAMES[kind])


@pytest.mark.parametrize("kind", list(Condition))
def test_what_is_not_known_is_left_out(kind):
    bare = replace(BY_KIND[kind], values={}, subject="thing/X-1")
    assert "None" not in title(bare, T) + facts(bare, WORDS)


def test_a_kind_of_another_version_is_told_by_its_subject():
    odd = replace(cases.ordinary()[0], kind="new_kind")
    assert (title(odd, T), facts(odd, WORDS)) == ("work-unit/U1", "")
    assert condition("new_kind", T) == "new_kind"


def test_titles_name_the_thing_and_what_is_wrong_with_it():
    titles = {kind: title(BY_KIND[kind], T) for kind in Condition}
    assert titles[Condition.UNIT_STATE] == "U1: down"
    assert titles[Condition.NOT_STARTED] == "SO-1168: Selective soldering has not started"
    assert titles[Condition.SCRAP] == "U1: 8 % scrap"
    assert titles[Condition.READER_LAG] == "The recorder is 1 min behind"


def test_customers_are_named_only_where_they_may_be():
    case = BY_KIND[Condition.PAST_DUE]
    assert "Aurelia Telecom" in facts(case, WORDS)
    assert "P1" not in facts(case, Words(T, TAIPEI, cases.NOW))


def test_a_place_goes_from_the_line_down():
    assert where(cases.ordinary()[0], {"A": "Line A"}) == "Line A · U1"


# Looks


def test_only_what_waits_for_somebody_has_colour():
    down, taken = cases.ordinary()[0], cases.ordinary()[4]
    assert looks.tone_of(down) == "mp-is-stopped"
    assert looks.tone_of(taken) == "mp-is-late mp-x-quiet"


def test_impact_counts_each_order_and_party_once():
    down = cases.ordinary()[0]
    assert looks.impact(down, T) == ["3 orders", "2 parties"]
    assert looks.delay(down, T) == "+14 h"


def test_the_next_level_is_said_while_nobody_has_it():
    down = cases.ordinary()[0]
    assert looks.escalation(down, cases.NOW, T) == "next level in 12 min"
    assert looks.escalation(replace(down, state=State.ACKNOWLEDGED), cases.NOW, T) == ""


# The inbox


@pytest.mark.parametrize("locale", LOCALES)
def test_the_inbox_says_what_where_since_impact_and_who(locale):
    found = said(shown(inbox(cases.ordinary()), translator(locale)))
    t = translator(locale)
    for words in ("E-17", "Line A · U1", f"+{t.duration(14 * 3600)}", "Lin Wei-ting"):
        assert words in found


def test_a_group_unfolds_by_its_address_and_folds_again():
    closed = shown(inbox())
    links = [given["href"] for given in elements(closed, "a")]
    assert "/exceptions?unfold=17" in links
    opened = shown(inbox(inside={17: cases.ordinary()[1:4]}))
    marks = [given for given in elements(opened, "a") if "aria-expanded" in given]
    assert [given["aria-expanded"] for given in marks] == ["true"]
    assert marks[0]["href"] == "/exceptions"
    ids = [given.get("id") for given in elements(opened, "li")]
    assert ids[:4] == ["case-17", "case-18", "case-19", "case-20"]


def test_a_box_says_which_version_was_seen():
    boxes = [g for g in elements(shown(inbox()), "input") if g.get("name") == "case"]
    assert [box["value"] for box in boxes] == ["17.1"]
    assert all(box["form"] == "x-bulk" for box in boxes)


def test_who_may_only_look_has_no_boxes_and_no_bar():
    tree = shown(inbox(sender=None))
    assert [one["name"] for one in elements(tree, "input")] == ["q"]
    assert elements(tree, "form") == [{"method": "dialog"}]


def test_an_empty_inbox_is_calm_and_says_since_when():
    tree = shown(inbox([], total=0, counts={"open": 0}, quiet_since=cases.ago(300)))
    words = " ".join(said(tree))
    assert "No exceptions" in words and "Quiet since" in words


def test_an_empty_list_behind_filters_offers_to_clear_them():
    tree = shown(inbox([], total=0, by=CaseFilter(severity=Severity.LOW)))
    assert "Clear all filters" in said(tree)


def test_a_table_of_the_inbox_holds_what_the_list_says():
    sheet = exceptions.sheet(cases.ordinary(), {"A": "Line A"}, WORDS)
    first = sheet.rows[0]
    assert (first["number"], first["what"], first["orders"]) == ("E-17", "U1: down", 3)
    assert {column.key for column in sheet.columns} == set(first)


# One


def test_the_page_of_one_says_whom_it_hits_from_when_to_when():
    words = said(page(one()))
    for part in ("SO-1168", "Aurelia Telecom", "+14 h", "+6 h"):
        assert part in words


def told(subject="work-unit/U1", kind=EventType.WORK_UNIT_STATE_CHANGED, **data):
    return Event("m-1", "machines", kind, subject, cases.ago(27), cases.ago(27), Data(**data))


def test_it_shows_the_events_it_was_raised_from_with_who_reported_them():
    down = told(state=WorkUnitState.DOWN, reason="feeder jam")
    words = said(page(one(evidence=Evidence(looked=True, events=(down,)))))
    assert "What it was raised from" in words
    assert {"work unit changed state", "down, feeder jam", "machines", "work-unit/U1"} <= {*words}
    assert "The newest 1; there are more." not in words
    more = said(page(one(evidence=Evidence(looked=True, events=(down,), more=True))))
    assert "The newest 1; there are more." in more


def test_a_party_that_reported_is_named_where_it_may_be():
    shipped = replace(told("operation/SO-1168/30", EventType.OPERATION_STARTED),
                      source=party_source("P2"))  # fmt: skip
    found = Evidence(looked=True, events=(shipped,))
    assert "Formosa" in said(page(one(evidence=found)))
    hidden = one(evidence=found, sees_orders=False, sees_parties=False)
    words = said(page(hidden))
    assert "Formosa" not in words and not any("urn:milepost" in word for word in words)


def test_of_a_plan_it_says_by_when_the_operation_and_the_order_were_planned():
    late = next(case for case in cases.every_kind() if case.kind == Condition.NOT_STARTED)
    step = Operation(
        id="30", work_center="CA", planned_start=cases.ago(75), planned_finish=cases.NOW
    )
    plan = Order(id="SO-1168", product="p", quantity=1, due_at=cases.ahead(8), operations=(step,))
    changed = told("order/SO-1168", EventType.PLAN_CHANGED, order=plan)
    words = said(page(one(late, evidence=Evidence(looked=True, events=(changed,)))))
    assert "planned for 10:27 · promised for 19:42" in words


def test_of_a_gap_it_shows_the_word_of_the_quarantine_and_the_way_to_all_of_it():
    gap = Quarantined(
        kind=QuarantineKind.GAP, source="", event_id="17-0", field="$", reason="<b>emptied</b>",
        raw=b"", received_at=cases.NOW,
    )  # fmt: skip
    tree = page(one(evidence=Evidence(looked=True, aside=(gap,))))
    assert {"gap in the log", "17-0", "<b>emptied</b>", "The whole quarantine"} <= {*said(tree)}
    ways = [given["href"] for given in elements(tree, "a")]
    assert "/quarantine?kind=gap&site=north" in ways
    both = (gap, replace(gap, kind=QuarantineKind.POISON))
    tree = page(one(evidence=Evidence(looked=True, aside=both)))
    assert "/quarantine?site=north" in [given["href"] for given in elements(tree, "a")]


@pytest.mark.parametrize(
    ("condition", "way"),
    [
        (Condition.QUARANTINE, "/quarantine?site=north"),
        (Condition.LOG_GAP, "/quarantine?kind=gap&site=north"),
    ],
)
def test_what_the_quarantine_tells_of_leads_there_also_when_nothing_is_found(condition, way):
    case = replace(cases.ordinary()[0], kind=condition.value, values={})
    assert way in [given["href"] for given in elements(page(one(case)), "a")]


def test_it_says_when_no_event_is_recorded_or_reached_and_nothing_where_none_can_be():
    assert "Nothing is recorded of it." in said(page(one(evidence=Evidence(looked=True))))
    assert "The events can't be reached now." in said(page(one(evidence=None)))
    assert "What it was raised from" not in said(page(one(evidence=Evidence())))


def test_every_kind_of_quarantined_input_has_a_word():
    assert set(ASIDE) == set(QuarantineKind)


def test_its_state_is_a_path_and_the_step_it_is_at_is_marked():
    items = elements(page(one()), "li")
    steps = [given for given in items if "mp-x-step" in given.get("class", "")]
    assert [given.get("aria-current") for given in steps] == ["step", None, None]
    back = one(cases.ordinary()[6])
    assert "Back to normal" in said(page(back))


@pytest.mark.parametrize(
    ("place", "moves"),
    [
        (0, {"acknowledge", "assign", "shelve", "resolve"}),
        (4, {"assign", "shelve", "resolve"}),
        (7, {"unshelve", "resolve"}),
        (8, set()),
    ],
)
def test_it_offers_what_the_table_of_moves_allows_and_nothing_else(place, moves):
    buttons = elements(page(one(cases.ordinary()[place])), "button")
    values = {given.get("value") for given in buttons}
    assert values & {move.value for move in Move} == moves


def test_only_who_has_it_may_give_it_back():
    taken = cases.ordinary()[4]
    offered = [g.get("value") for g in elements(page(one(taken, mine=True)), "button")]
    assert "release" in offered


def test_a_note_says_who_reads_it():
    notes = tuple(
        Note(number=n, case=17, at=cases.NOW, author="account/2", name="Lin", words=w, party=p)
        for n, w, p in ((1, "ours", None), (2, "theirs", "P2"))
    )
    tree = page(one(notes=notes))
    found = {given["id"]: given["class"] for given in elements(tree, "li") if "id" in given}
    assert found["note-1"] == "mp-x-said-one"
    assert found["note-2"] == "mp-x-said-one mp-x-outside"
    assert "Formosa reads this too" in said(tree)


def test_who_may_name_no_party_finds_none_and_no_way_to_orders():
    tree = page(one(sees_parties=False, sees_orders=False))
    assert "Aurelia Telecom" not in said(tree)
    assert not [g for g in elements(tree, "a") if g["href"].startswith("/orders")]


def test_changes_that_follow_each_other_are_one_line():
    moves = [
        Transition(site="north", number=17, version=n, move=move, before=State.UNACKNOWLEDGED,
                   after=State.UNACKNOWLEDGED, actor="watch", at=cases.NOW)
        for n, move in enumerate([Move.RAISE, Move.CHANGE, Move.CHANGE, Move.ESCALATE, Move.CHANGE])
    ]  # fmt: skip
    assert [times for _, times in exception.runs(moves)] == [1, 2, 1, 1]


def test_a_delivery_that_failed_says_so_with_the_answer():
    told = [Delivered(way="mail", recipient="Lin", state="given_up", attempts=9,
                                answer="550 no such user")]  # fmt: skip
    words = " ".join(said(page(one(deliveries=told))))
    assert "given up · 9 attempts · 550 no such user" in words


def test_every_state_of_a_delivery_has_a_word():
    from data.domain.deliveries import DeliveryState

    assert set(DELIVERY) == {state.value for state in DeliveryState}


def test_whatever_people_wrote_stays_text():
    hostile = "<img src=x onerror=alert(1)>"
    note = Note(number=1, case=17, at=cases.NOW, author="a", name=hostile, words=hostile)
    tree = page(one(notes=(note,)))
    assert said(tree).count(hostile) == 2
    assert "img" not in {node[0] for node in nodes(tree) if not isinstance(node, str)}


# The wall


def test_the_wall_tells_the_newest_first_and_who_has_them():
    cells = panel.render(views.alarming(), PLACE, T)
    assert cells["p-0-title"]["t"] == "SEL-1: down"
    assert cells["p-0"]["c"] == "mp-x-wall-row mp-is-stopped"
    assert cells["p-1-owner"]["t"] == "Lin Wei-ting"
    assert cells["p-note"]["t"] == "4 of 5"


def test_the_ticker_shows_only_while_something_critical_waits():
    quiet, loud = (panel.ticker_cells(view, T) for view in (views.ordinary(), views.alarming()))
    assert quiet["wall-ticker"]["c"].endswith("mp-off") and quiet["wall-alarm"]["t"] == ""
    assert loud["wall-ticker"]["c"] == "mp-ticker mp-is-stopped"
    assert (loud["wall-ticker-text"]["t"], loud["wall-alarm"]["t"]) == ("SEL-1: down", "44")


def test_a_line_without_exceptions_says_since_when():
    cells = panel.render(views.empty(), PLACE, T)
    assert cells["p-empty"]["t"].startswith("No exceptions since Nov 2")


def test_a_wall_of_the_past_says_that_it_does_not_know_them():
    past = replace(views.ordinary(), exceptions=None)
    cells = panel.render(past, PLACE, T)
    assert cells["p-empty"]["t"] == "Exceptions of the past stand on their own page"
    assert panel.ticker_cells(past, T)["wall-alarm"]["t"] == ""


def test_exceptions_of_a_watch_that_is_behind_are_labelled_with_their_age():
    view = views.ordinary()
    readers = replace(view.readers, watch_lag_s=180.0, watch_stale=True)
    cells = panel.render(replace(view, readers=readers), PLACE, T)
    assert cells["p-age"]["t"] == "3 min old" and "mp-stale" in cells["p"]["c"]
