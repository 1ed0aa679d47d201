"""What people were told, as they see it: lists, counts, marks, pages and what each may change."""

import re

import pytest
from flask import Flask
from flask_wtf.csrf import CSRFProtect

from callbacks.gate import Viewer
from callbacks.notifications import NotificationPages
from callbacks.plain_pages import PlainPages
from callbacks.roster import RosterPages
from callbacks.triggers import TriggerPages
from data.domain.notices import Permanent
from data.domain.preferences import Chosen
from data.domain.scope import Role, Scope
from data.services.audit import Audit
from data.services.exception_desk import ExceptionDesk
from data.services.inbox import Inbox
from data.services.preferences import Preferences, Roster
from data.services.triggers import Triggers, usual_triggers
from data.store.audit import AuditStore
from data.store.exceptions import ExceptionStore
from data.store.scoped import WEB
from data.store.told import ToldStore
from data.store.triggers import TriggerStore
from data.store.way_states import WayStates
from layouts.desk import Head
from tests.contract.telling import PLANT, FakeWay, FakeWays, Telling, hit
from tests.people import account_of


@pytest.fixture(autouse=True)
def database_url(emptied_database_url):
    return emptied_database_url


class Pages:
    """The pages on a real PostgreSQL, opened by somebody."""

    def __init__(self, engine, telling):
        web = engine.execution_options(milepost_role=WEB)
        self.telling, self.who = telling, None
        audit = Audit(AuditStore(web), b"s" * 32, telling.clock)
        cases, ways = ExceptionStore(web), telling.ways
        self.inbox = Inbox(ToldStore(web), cases, telling.wording, telling.clock, self._second)
        self._seconds = 0.0
        desk = ExceptionDesk(cases, audit, lambda _: telling.clock(), telling.clock)
        self.triggers = Triggers(TriggerStore(web), ways, audit, telling.clock)
        self.preferences = Preferences(telling.pages, ways, audit, self._second)
        self.book = WayStates(web)
        plain = PlainPages(
            lambda here, site, t, theme: Head(site=None, site_name="", theme=theme),
            self._sites, "en",
        )  # fmt: skip
        own = NotificationPages(self.preferences, self.inbox, desk, self.book, audit, plain)
        roster = RosterPages(Roster(telling.pages, audit), plain)
        server = Flask("told")
        server.secret_key = "s"
        server.config["WTF_CSRF_ENABLED"] = False
        CSRFProtect(server)
        server.before_request(self._let_in)
        for one in (own, roster, TriggerPages(self.triggers, plain)):
            server.register_blueprint(one.blueprint())
        self.client = server.test_client()

    def _second(self):
        self._seconds += 30
        return self._seconds

    def _sites(self):
        return {"plant": PLANT}

    def _let_in(self):
        from flask import g

        account = self.who
        scope = Scope(role=account.role, sites=("plant",), party=account.party)
        g.viewer = Viewer(
            scope=scope, actor=f"account/{account.id}", name=account.name, account=account
        )

    def get(self, account, path):
        self.who = account
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def post(self, account, path, **form):
        self.who = account
        return self.client.post(path, data=form)


@pytest.fixture
def telling(engine):
    ways = FakeWays(mail=FakeWay(), hook=FakeWay(addressed=False))
    return Telling(engine, ways=ways)


@pytest.fixture
def pages(engine, telling):
    return Pages(engine, telling)


@pytest.fixture
def operator(database_url):
    return account_of(database_url, Role.OPERATOR)


def test_a_party_has_no_line_and_no_count_of_what_it_may_not_know(telling, pages, database_url):
    sue = account_of(database_url, Role.SUPPLIER, party="P2")
    told = telling.raised(informs=(Role.SUPPLIER,), hits=(hit("P2"),), parties=frozenset({"P2"}))
    telling.steps()
    assert [line.number for line in pages.inbox.lately(sue, "en")] == [told.number]
    assert pages.inbox.unread(sue) == 1
    telling.wording.hidden.add(told.number)
    assert pages.inbox.lately(sue, "en") == []
    assert pages.inbox.unread(sue) == 0


def test_what_somebody_was_told_stands_in_their_list_with_what_became_of_it(
    pages, telling, operator
):
    telling.wants(operator)
    case = telling.raised()
    telling.ways.find("mail").answers.append(Permanent("550 no such mailbox"))
    telling.steps()
    assert pages.inbox.unread(operator) == 1
    shown = pages.get(operator, "/notifications?lang=en")
    assert f"raised {case.name}" in shown
    assert "mail: given up (550 no such mailbox)" in shown
    assert "mp-notes-new" in shown
    assert pages.inbox.unread(operator) == 0
    assert "mp-notes-new" not in pages.get(operator, "/notifications?lang=en")
    telling.wording.hidden.add(case.number)
    assert f"raised {case.name}" not in pages.get(operator, "/notifications?lang=en")


def test_nobody_sees_anothers_list(pages, telling, operator, database_url):
    other = account_of(database_url, Role.OPERATOR, sites=("elsewhere",))
    case = telling.raised()
    telling.steps()
    assert pages.inbox.unread(operator) == 1
    assert pages.inbox.unread(other) == 0
    assert case.name not in pages.get(other, "/notifications?lang=en")


def test_a_mark_is_kept_and_shown(pages, telling, operator):
    case = telling.raised()
    telling.steps()
    answer = pages.post(
        operator, "/notifications/mark", site="plant", number=case.number, useful="0"
    )
    assert answer.status_code == 303
    assert telling.store.marks("plant", case.number) == {f"account/{operator.id}": False}
    (line,) = pages.inbox.lately(operator, "en")
    assert line.useful is False


def test_a_preference_is_kept_or_it_is_said_what_cant_be(pages, telling, operator):
    form = {
        "least": "high", "way_0": "mail", "address_0": "anna@example.com", "digest_min": "30",
        "quiet_start": "22:00", "quiet_finish": "07:00", "language": "zh-Hant",
    }  # fmt: skip
    assert pages.post(operator, "/notifications/save", **form).status_code == 303
    kept = telling.pages.preference(operator.id)
    assert kept.ways == (Chosen(way="mail", address="anna@example.com"),)
    assert (kept.quiet.start, kept.digest_min, kept.critical_breaks) == ("22:00", 30, False)
    wrong = pages.post(operator, "/notifications/save", **{**form, "quiet_finish": "22:00"})
    assert wrong.status_code == 422
    assert "mp-is-late" in wrong.text
    assert telling.pages.preference(operator.id) == kept


def test_a_test_goes_out_by_a_way_of_ones_own_and_its_answer_is_shown(pages, telling, operator):
    assert pages.post(operator, "/notifications/test", way="mail").status_code == 422
    telling.wants(operator)
    shown = pages.post(operator, "/notifications/test", way="mail")
    assert "250 ok" in shown.text
    (sent,) = telling.ways.find("mail").sent
    assert sent.address == f"{operator.id}@example.com"


def test_a_shut_way_is_shown_to_administrators_who_open_it_again(pages, telling, database_url):
    admin = account_of(database_url, Role.ADMINISTRATOR)
    manager = account_of(database_url, Role.MANAGER)
    telling.book.shut("hook", "", "410 Gone", telling.clock())
    assert "410 Gone" in pages.get(admin, "/notifications?lang=en")
    assert "410 Gone" not in pages.get(manager, "/notifications?lang=en")
    assert pages.post(manager, "/notifications/open", way="hook").status_code == 404
    assert pages.post(admin, "/notifications/open", way="hook").status_code == 303
    assert telling.book.all_shut() == []


def test_a_roster_is_changed_by_whoever_saw_it_as_it_is(pages, telling, operator, database_url):
    planner = account_of(database_url, Role.PLANNER)
    shown = pages.get(planner, "/roster?lang=en")
    assert "nobody is named" in shown
    was = re.search(r'name="was" value="(\w+)"', shown)[1]
    form = {"site": "plant", "was": was, "lines": "1", "account_0": operator.id,
            "area_0": "A", "shift_0": "early"}  # fmt: skip
    assert pages.post(planner, "/roster/save", **form).status_code == 303
    (duty,) = telling.people.duties("plant")
    assert (duty.account, duty.role, duty.shift) == (operator.id, Role.OPERATOR, "early")
    assert pages.post(planner, "/roster/save", **form).status_code == 409
    stranger = {**form, "was": "x", "account_0": "nobody"}
    assert pages.post(planner, "/roster/save", **stranger).status_code == 409
    assert pages.post(operator, "/roster/save", **form).status_code == 404


def test_usual_triggers_are_there_and_switched_changed_and_dropped(pages, telling, database_url):
    planner = account_of(database_url, Role.PLANNER)
    shown = pages.get(planner, "/triggers?lang=en&trigger=new")
    assert all(one.name["en"] in shown for one in usual_triggers())
    form = {"site": "plant", "trigger": "tested-customer", "was": "0", "on": "1"}
    assert pages.post(planner, "/triggers/switch", **form).status_code == 303
    assert pages.post(planner, "/triggers/switch", **form).status_code == 409
    scope = Scope(role=Role.PLANNER, sites=("plant",))
    known = {one.id: (one.on, version) for one, version in pages.triggers.of(scope, "plant")}
    assert known["tested-customer"] == (True, 1)
    assert known["packed-carrier"] == (True, 0)
    pick_up = {**form, "trigger": "ready-to-ship-pick-up"}
    assert pages.post(planner, "/triggers/switch", **pick_up).status_code == 422  # tells nobody
    made = {"site": "plant", "trigger": "own", "was": "0", "when": "near", "within_min": "60",
            "sure": "50", "milestones": "Tested\n\nPacked", "way_hook": "1", "on": "1",
            "name": "Soon"}  # fmt: skip
    assert pages.post(planner, "/triggers/save", **made).status_code == 303
    own = {one.id: one for one, _ in pages.triggers.of(scope, "plant")}["own"]
    assert (own.milestones, own.ways, own.sure) == (("Tested", "Packed"), ("hook",), 50)
    gone = {"site": "plant", "trigger": "tested-customer", "was": "1"}
    assert pages.post(planner, "/triggers/drop", **gone).status_code == 303
    known = {one.id: one.on for one, _ in pages.triggers.of(scope, "plant")}
    assert known["tested-customer"] is False
