"""The pages on exceptions and what is done on them, asked over HTTP by those whose they are."""

import re

import dash
import pytest
from msgspec.structs import replace

from callbacks.desk.exception import ExceptionPage
from callbacks.desk.exception_acts import ExceptionActs
from callbacks.desk.exceptions import ExceptionsPage, counts_of
from callbacks.desk.live import OPEN, Versions
from callbacks.desk.party_exceptions import PartyExceptionActs, PartyExceptionsPage
from callbacks.desk.party_visit import PartyVisits
from callbacks.desk.shell import Shell
from callbacks.hub import Hub
from callbacks.quiet import Quiet
from callbacks.walls import Walls
from callbacks.web import build
from data.domain.audit import Action
from data.domain.exceptions.records import State
from data.domain.rows import Rows
from data.domain.scope import Role, Scope
from data.domain.topics import EXCEPTIONS, PLAN
from data.services.boards import Boards
from data.services.disclosures import Disclosures
from data.services.errors import Unavailable
from data.services.party_exceptions import PartyExceptions
from layouts.screens import Screens
from tests.unit import cases
from tests.unit.callbacks.desk.places import NOW, Places, live_site, order
from tests.unit.callbacks.desk.test_administration import Silent, whole
from tests.unit.fakes import Entrance, csrf_of
from tests.unit.services.test_disclosure_desk import Said

JSON = {"Accept": "application/json"}
OUTSIDE = ((Role.SUPPLIER, "P2"), (Role.CUSTOMER, "P1"), (Role.LOGISTICS, "P3"))


class Works:
    """A server with the pages on exceptions, which are kept in memory."""

    def __init__(self, found=None):
        dash.page_registry.clear()
        self.entrance = Entrance()
        self.live = live_site(orders=[order("SO-1168"), order("SO-1171")])
        self.memory = cases.Memory(cases.ordinary() if found is None else found)
        self.live.facts.exceptions = {
            one.number: one
            for one in self.memory.cases.values()
            if one.parent is None and one.state is not State.CLOSED
        }
        self.told = []
        desk, people = cases.desk_of(self.memory, self.entrance.audit), cases.People()
        boards = Boards(Disclosures(Said(), b"a secret of the tests alone"))
        outside = PartyExceptions(Places(self.live), boards, desk)
        pages = (
            ExceptionPage(desk, cases.Rules(), people, lambda: NOW),
            ExceptionsPage(desk, cases.Rules(), lambda: NOW),
            PartyExceptionsPage(outside),
        )

        def tell(site, parties):
            self.told.append((site, tuple(parties)))

        acts = ExceptionActs(desk, people.takers, tell, lambda: NOW, "en")
        visits = PartyVisits(boards, self.entrance.audit)
        self.shell = Shell(Places(self.live), pages, None, "en", parties=visits)
        walls = Walls(Places(self.live), Screens(named={}, defaults={}), "b")
        self.server = build(
            walls, Hub("b"), Silent(), Silent(), self.entrance.entry, "en", self.shell,
            (acts.blueprint(), PartyExceptionActs(outside, tell, "en").blueprint()),
        )  # fmt: skip

    def client(self, role=Role.MANAGER, party=None):
        client = self.server.test_client()
        client.token = self.entrance.sign_in(client, role, party)
        return client

    def state(self, number):
        return self.memory.cases[number].state

    def deeds(self, *actions):
        return [deed for deed in self.entrance.deeds() if deed.action in actions]


@pytest.fixture
def works():
    yield Works()
    dash.page_registry.clear()


def act(client, move, seen=("17.1",), headers=JSON, **more):
    form = {"csrf_token": client.token, "site": "north", "move": move, "case": list(seen), **more}
    return client.post("/exceptions/act", data=form, headers=headers)


# Who sees what


@pytest.mark.parametrize("path", ["/exceptions", "/exceptions/17"])
@pytest.mark.parametrize(("role", "party"), OUTSIDE)
def test_parties_find_nothing_there(works, path, role, party):
    client = works.client(role, party)
    assert client.get(path).status_code == 404
    assert "There is nothing" in whole(client, path) or "Not found" in whole(client, path)
    assert act(client, "acknowledge").status_code == 404
    assert works.state(17) is State.UNACKNOWLEDGED


@pytest.mark.parametrize("role", [Role.MANAGER, Role.PLANNER, Role.ADMINISTRATOR, Role.AUDITOR])
def test_who_sees_the_whole_site_sees_all_that_is_open(works, role):
    page = whole(works.client(role), "/exceptions")
    assert all(f"case-{number}" in page for number in (17, 12, 14, 9))
    assert "case-5" not in page and "case-3" not in page


def test_a_purchaser_sees_what_is_the_purchasers_or_informs_them(works):
    page = whole(works.client(Role.PURCHASER), "/exceptions")
    assert "case-14" in page and "case-17" in page
    assert "case-12" not in page and "case-9" not in page
    assert "Not found" not in whole(works.client(Role.PURCHASER), "/exceptions/14")
    assert "mp-x-one" not in whole(works.client(Role.PURCHASER), "/exceptions/12")


def test_a_purchaser_is_told_no_customers_name(works):
    page = whole(works.client(Role.PURCHASER), "/exceptions/17")
    assert "SO-1168" in page
    assert "Aurelia Telecom" not in page and '"P1"' not in page.replace("\\", "")


def test_an_operator_is_shown_no_names_of_parties(works):
    works.memory.cases[17] = replace(works.memory.cases[17], owner_role=Role.OPERATOR)
    works.live.facts.exceptions[17] = works.memory.cases[17]
    page = whole(works.client(Role.OPERATOR), "/exceptions/17")
    assert "SO-1168" in page and "Aurelia Telecom" not in page


def test_the_auditor_looks_and_may_not_act(works):
    client = works.client(Role.AUDITOR)
    assert "x-bulk" not in whole(client, "/exceptions")
    assert act(client, "acknowledge").status_code == 404


@pytest.mark.parametrize("path", ["/exceptions/999", "/exceptions/x", "/exceptions/%00"])
def test_an_exception_that_is_not_there_is_not_found(works, path):
    page = whole(works.client(), path)
    assert "mp-x-one" not in page and "That went wrong" not in page


@pytest.mark.parametrize(
    "search", ["?which=nothing", "?severity=x", "?page=0", "?mine=2", "?at=2026-11-24T03:00:00Z"]
)
def test_an_address_that_cannot_be_is_named_and_makes_no_fault(works, search):
    page = whole(works.client(), "/exceptions", search)
    assert "mp-x-list" not in page and "That went wrong" not in page


def test_the_address_holds_the_filters(works):
    client = works.client()
    assert "case-17" in whole(client, "/exceptions", "?severity=critical")
    assert "case-12" not in whole(client, "/exceptions", "?severity=critical")
    assert "case-5" in whole(client, "/exceptions", "?which=shelved")
    assert "case-18" in whole(client, "/exceptions", "?unfold=17")
    assert "case-14" in whole(client, "/exceptions", "?party=P2")


def test_the_export_holds_those_inside_of_others_too(works):
    body = works.client().get("/export/exceptions.csv").data.decode()
    assert "E-17" in body and "E-12" in body and "E-3" not in body.split("\n", 1)[0]
    assert works.client().get("/export/exception.xlsx?number=17").status_code == 200


def test_the_number_in_the_navigation_is_that_of_the_list(works):
    scope = Scope(role=Role.MANAGER, sites=("north",))
    assert counts_of(works.live.facts, scope)["open"] == 4
    assert "4 open, 2 of them with nobody" in whole(works.client(), "/exceptions")
    versions = Versions(works.live, lambda topic: 1000.5, scope=scope)
    assert versions.render(EXCEPTIONS)[OPEN] == {"t": "4"}
    assert OPEN not in versions.render(PLAN)


# What is done


def test_acknowledging_gives_it_to_who_did(works):
    answer = act(works.client(), "acknowledge")
    assert answer.json == {"ok": True, "said": "Acknowledged: 1"}
    case = works.memory.cases[17]
    assert (case.state, case.owner_name, case.version) == (State.ACKNOWLEDGED, "manager", 2)
    assert [deed.subject for deed in works.deeds(Action.EXCEPTION_MOVED)] == ["exception/17"]


def test_who_comes_second_is_told_who_was_first_and_nothing_changes(works):
    act(works.client(Role.PLANNER), "acknowledge")
    answer = act(works.client(Role.MANAGER), "resolve", cause="machine")
    assert answer.status_code == 422
    assert answer.json["renew"] is True
    assert answer.json["words"] == "planner was first: E-17 is acknowledged now."
    assert works.state(17) is State.ACKNOWLEDGED


def test_many_are_moved_at_once_and_the_lost_are_counted(works):
    act(works.client(Role.PLANNER), "acknowledge", ["14.1"])
    answer = act(works.client(), "acknowledge", ["17.1", "14.1", "9.1"])
    assert answer.json["said"] == "Acknowledged: 2 · 1 had been moved by others meanwhile"
    assert works.state(9) is State.CLOSED


def test_a_move_that_the_table_forbids_is_refused(works):
    answer = act(works.client(), "acknowledge", ["3.1"])
    assert answer.status_code == 422 and answer.json["renew"] is True
    assert works.state(3) is State.CLOSED


def test_shelving_asks_for_how_long(works):
    client = works.client()
    assert act(client, "shelve", minutes="soon").json["field"] == "minutes"
    assert act(client, "shelve", minutes="99999999").status_code == 422
    assert act(client, "shelve", minutes="240").json["ok"]
    assert (works.memory.cases[17].shelved_until - NOW).total_seconds() == 4 * 3600


def test_resolving_asks_for_what_it_came_from(works):
    client = works.client()
    assert act(client, "resolve").json["field"] == "cause"
    assert act(client, "resolve", cause="gremlins").json["field"] == "cause"
    assert act(client, "resolve", cause="machine", words="new feeder").json["ok"]
    assert works.memory.cases[17].cause_found == "machine"


def test_it_is_handed_to_those_alone_who_work_there(works):
    client = works.client()
    assert act(client, "assign", owner="99").json["field"] == "owner"
    assert act(client, "assign", owner="2").json["ok"]
    assert works.memory.cases[17].owner_name == "Lin Wei-ting"


def test_a_comment_for_a_party_is_told_to_it_and_to_no_other(works):
    client = works.client()
    assert act(client, "comment", words="  ").json["field"] == "words"
    assert act(client, "comment", words="call me", party="P9").status_code == 422
    assert act(client, "comment", words="ours").json["ok"]
    assert act(client, "comment", words="for you", party="P2").json["ok"]
    assert works.told == [("north", ()), ("north", ("P2",))]
    assert [(note.words, note.party) for note in works.memory.said] == [
        ("ours", None), ("for you", "P2"),
    ]  # fmt: skip


def test_a_mark_says_whether_it_was_any_use(works):
    client = works.client()
    assert act(client, "mark-noise").json["ok"]
    assert list(works.memory.marked.values()) == [False]
    assert 'aria-pressed":"true' in whole(client, "/exceptions/17").replace("\\", "")


@pytest.mark.parametrize("seen", [[], ["x"], ["17"], ["17.x"], ["1e3.1"], ["9999999999.1"]])
def test_forged_cases_are_refused(works, seen):
    assert act(works.client(), "acknowledge", seen).status_code == 422
    assert works.state(17) is State.UNACKNOWLEDGED


def test_moves_of_the_watch_are_nobodys_to_make(works):
    for move in ("raise", "clear", "suppress", "expire", "escalate", ""):
        assert act(works.client(), move).status_code == 404


def test_another_site_is_not_there(works):
    assert act(works.client(), "acknowledge", site="south").status_code == 404


def test_without_the_proof_of_the_form_nothing_is_done(works):
    client = works.client()
    client.token = "forged"
    assert act(client, "acknowledge").status_code == 400
    assert works.state(17) is State.UNACKNOWLEDGED


def test_without_a_script_the_browser_comes_back_to_the_list(works):
    answer = act(works.client(), "acknowledge", headers={}, back="/exceptions?which=waiting")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/exceptions?which=waiting")
    elsewhere = act(works.client(), "acknowledge", ["14.1"], headers={}, back="//evil.example")
    assert elsewhere.headers["Location"] in ("/", "/exceptions")


def test_while_sql_is_away_it_can_be_sent_again(works):
    def away(*_, **__):
        raise Unavailable

    works.memory.keep = away
    answer = act(works.client(), "acknowledge")
    assert answer.status_code == 503 and answer.headers["Retry-After"]


# What parties see and say


# Any two letters may stand in it by chance, also those that are sought.
PROOF = re.compile(r"[\w-]{40,}\.[\w-]{6}\.[\w-]{20,}")


def theirs(works, party="P2", role=Role.SUPPLIER):
    client = works.client(role, party)
    page = whole(client, "/our-exceptions").replace("\\", "")
    page = PROOF.sub("", page)
    return client, page, re.findall(r'"name": ?"key", ?"value": ?"([^"]+)"', page)


def say(client, move, key, **more):
    form = {"csrf_token": client.token, "site": "north", "move": move, "key": key, **more}
    return client.post("/our-exceptions/act", data=form, headers=JSON)


def test_a_supplier_sees_what_of_its_own_moves_and_nothing_of_others(works):
    _, page, keys = theirs(works)
    assert "Connector, 24 poles" in page and len(set(keys)) == 2
    for hidden in ("SO-1168", "SO-1171", "E-17", "E-14", "Aurelia", "U1", "Lin Wei-ting"):
        assert hidden not in page


def test_one_who_is_not_informed_is_told_nothing(works):
    _, page, keys = theirs(works, "P1", Role.CUSTOMER)
    assert keys == [] and "Nothing that concerns you" in page


@pytest.mark.parametrize("role", [Role.MANAGER, Role.OPERATOR])
def test_the_parties_page_is_not_there_for_the_factory(works, role):
    client = works.client(role)
    assert client.get("/our-exceptions").status_code == 404
    assert say(client, "acknowledge", "x").status_code == 404


def test_a_supplier_says_that_it_knows_and_takes_nothing_from_the_factory(works):
    client, _, keys = theirs(works)
    assert all(say(client, "acknowledge", key).json["ok"] for key in set(keys))
    down = works.memory.cases[17]
    assert (down.state, down.owner, down.owner_name) == (State.ACKNOWLEDGED, None, None)


def test_what_a_supplier_says_is_read_by_the_factory_and_by_no_other_party(works):
    client, _, keys = theirs(works)
    assert say(client, "comment", keys[0], words="on its way").json["ok"]
    assert [(note.words, note.party) for note in works.memory.said] == [("on its way", "P2")]
    assert works.told == [("north", ("P2",))]
    assert "on its way" in theirs(works)[1]
    assert "on its way" not in theirs(works, "P1", Role.CUSTOMER)[1]


@pytest.mark.parametrize("key", ["E-17", "17", "", "x" * 5000])
def test_a_supplier_reaches_none_by_its_number_or_by_guessing(works, key):
    client, *_ = theirs(works)
    assert say(client, "acknowledge", key).status_code == 404
    assert say(client, "comment", key, words="hello").status_code == 404
    assert works.state(17) is State.UNACKNOWLEDGED


def test_a_name_of_another_party_is_of_no_use(works):
    _, _, keys = theirs(works)
    account = works.entrance.account(Role.SUPPLIER, "P8", login="rival@works.example")
    rival = works.server.test_client()
    rival.set_cookie("milepost", works.entrance.identity.open_session(account).token)
    rival.token = csrf_of(rival)
    assert say(rival, "acknowledge", keys[0]).status_code == 404


def test_what_a_supplier_may_not_do_is_not_there(works):
    client, _, keys = theirs(works)
    for move in ("resolve", "shelve", "assign", ""):
        assert say(client, move, keys[0]).status_code == 404


# Since when a line is quiet


def test_a_line_is_quiet_from_when_its_last_exception_goes():
    quiet, down = Quiet(), cases.ordinary()[0]
    assert quiet.since("north", "A", [down], NOW) is None
    assert quiet.since("north", "A", [], NOW) == NOW
    assert quiet.since("north", "A", [], cases.ahead(1)) == NOW


def test_at_the_start_the_past_is_asked_beside_and_only_once():
    asked = []
    quiet = Quiet(lambda site, area: cases.ago(60), asked.append)
    assert quiet.since("north", "A", [], NOW) is None
    quiet.since("north", "A", [], NOW)
    assert len(asked) == 1
    asked[0]()
    assert quiet.since("north", "A", [], NOW) == cases.ago(60)


def test_a_party_is_told_of_its_own_need_before_any_forecast_has_moved(works):
    owed = replace(works.memory.cases[14], hits=())
    works.live.facts.exceptions[14] = owed
    rows = Rows(board=works.live.board, facts=works.live.facts, now=NOW, dates={})
    (row,) = rows.exceptions([owed], "P2")
    assert (row.fields["need"], row.fields["name"]) == ("n1", "Connector, 24 poles")
    assert row.fields["after_at"] == cases.NEED["need_by"]
    assert list(rows.exceptions([owed], "P1")) == []
