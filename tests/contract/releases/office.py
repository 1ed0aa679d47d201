"""What people, screens and programs leave behind in a release, through the product's own services.

Imported by `tests.contract.releases.__main__`. What was handed out once and is kept nowhere
(passwords, tokens, keys) stands in `HandedOut`, which goes into the dump's first line: it opens
nothing but that dump.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from pyotp import TOTP

from data.domain.audit import Action
from data.domain.dates import Entry, Said, Side, Subject
from data.domain.exceptions.records import Severity, State
from data.domain.exceptions.search import CaseFilter
from data.domain.notices import Permanent, Rate, Transient
from data.domain.people import Account, Purpose
from data.domain.policy import Kind, Treatment
from data.domain.preferences import Chosen, Duty, Preference, Quiet
from data.domain.report_schedule import Schedule
from data.domain.scope import Role, Scope
from data.domain.triggers import Trigger, When
from data.secret import derived
from data.services.accounts_desk import By
from data.services.exception_desk import Acting, ExceptionDesk
from data.services.keys import Keys, noting
from data.services.links import Links, Wanted
from data.services.rules import usual_rules
from data.services.screens import Devices
from data.services.totp import new_secret
from data.store.exceptions import ExceptionStore
from data.store.keys import KeyStore
from data.store.people import PeopleStore
from data.store.preferences import PreferenceStore
from data.store.report_schedules import ReportScheduleStore
from data.store.screens import ScreenStore
from data.wiring import People, Statements
from tests.contract.releases.floor import DOCK, PLANT, Floor
from tests.contract.telling import FakeWay, FakeWays, Telling

SECRET = b"the secret of the releases that tests begin from"
PASSWORD = "a long walk along the line"
HandedOut = dict[str, str]
_BY = By("account/root", "10.0.0.1")


class Office:
    """Everybody who has to do with the two sites."""

    def __init__(self, floor: Floor) -> None:
        self.floor, self.world, self.clock = floor, floor.world, floor.clock
        with patch("data.wiring.utc_now", self.clock):
            self.people = People(self.world.sql, SECRET)
        self.statements = Statements(self.world.sql, derived(SECRET, "pseudonyms"))
        self.handed_out: HandedOut = {"password": PASSWORD}
        self.accounts: dict[str, Account] = {}
        sites = (PLANT.id, DOCK.id)
        self.manager = Scope(role=Role.MANAGER, sites=sites)
        self.supplier = Scope(role=Role.SUPPLIER, sites=(PLANT.id,), party="P1")
        self.customer = Scope(role=Role.CUSTOMER, sites=(PLANT.id,), party="B1")
        self.carrier = Scope(role=Role.LOGISTICS, sites=(PLANT.id,), party="T1")

    def open(self) -> None:
        """Let people, keys and screens in, say who is told what; before anything happens."""
        self._invite()
        self._keys()
        self._screens()
        self._links()
        self._policies()
        self._tellings()
        self._triggers()
        self._rules()

    def speak(self) -> None:
        """Let both sides talk of needs and dates, and look at their boards."""
        self._comments()
        self._dates()
        self._visits()

    def handle(self) -> None:
        """Take exceptions, say what is thought of them, and tell people."""
        desk = self._desk()
        anna = Acting(scope=self.manager, by=By(self._actor("anna"), "10.0.0.2"), name="Anna")
        found = desk.search(self.manager, PLANT.id, CaseFilter(top=False), 100).cases
        first, second = [one for one in found if one.state is State.UNACKNOWLEDGED][:2]
        until = self.clock() + timedelta(hours=4)
        desk.acknowledge(anna, PLANT.id, first.number, first.version, "on it")
        desk.shelve(anna, PLANT.id, second.number, second.version, until, "waits for the part")
        third = desk.search(self.manager, DOCK.id, CaseFilter(), 1).cases[0]
        desk.resolve(anna, DOCK.id, third.number, third.version, "tool", "changed: 'it' was worn")
        for case in (first, second, third):
            desk.comment(anna, case.site, case.number, "called the shop floor")
            desk.judge(anna, case.site, case.number, case is first)
        concerned = next(case for case in found if "P1" in case.parties)
        desk.comment(anna, PLANT.id, concerned.number, "when can it be here?", party="P1")

    def tell(self) -> None:
        """Tell everybody what is to be told; of the ways one is down and one is gone."""
        ways = FakeWays(
            mail=FakeWay(), robot=FakeWay(Rate(3, 60.0, 600.0), addressed=False), hook=FakeWay()
        )
        ways.find("robot").always = Transient("HTTP 503", 90.0)
        ways.find("hook").always = Permanent("HTTP 410: gone", disable=True)
        telling = Telling(self.world.worker_sql, self.clock, ways, usual_rules(), PLANT)
        telling.steps()

    def _actor(self, login: str) -> str:
        return f"account/{self.accounts[login].id}"

    def _invite(self) -> None:
        everywhere = (PLANT.id, DOCK.id)
        for login, role, sites, party in (
            ("root", Role.ADMINISTRATOR, ("*",), None),
            ("anna", Role.MANAGER, everywhere, None),
            ("bert", Role.PLANNER, (PLANT.id,), None),
            ("olga", Role.OPERATOR, (DOCK.id,), None),
            ("sam@parts.example", Role.SUPPLIER, (PLANT.id,), "P1"),
            ("cleo@buyer.example", Role.CUSTOMER, (PLANT.id,), "B1"),
            ("otto", Role.AUDITOR, ("*",), None),
        ):
            desk = self.people.desk
            offered = desk.add(_BY, login, f"{login.title()} of Works", role, sites, party)
            token = offered.path.rpartition("/")[2].rpartition("=")[2]
            if login != "otto":
                kept = self.people.identity.set_password(token, Purpose.INVITATION, PASSWORD)
                assert kept is not None
            self.accounts[login] = offered.account
        self.people.store.change(self.accounts["otto"].id, subject="https://id.example otto")
        self.people.identity.disable(self.accounts["olga"].id)
        self._sign_in()

    def _sign_in(self) -> None:
        identity = self.people.identity
        for login in ("anna", "sam@parts.example"):
            assert not hasattr(identity.sign_in(login, "wrong password", None, "10.0.0.9"), "token")
            name = f"session of {login}"
            self.handed_out[name] = identity.sign_in(login, PASSWORD, None, "10.0.0.2").token
        gone = identity.sign_in("bert", PASSWORD, None, "10.0.0.3")
        identity.sign_out(gone.token)
        secret = self.handed_out["authenticator of bert"] = new_secret()
        code = TOTP(secret).at(self.clock())
        assert identity.enrol_totp(self.people.store.by_login("bert"), secret, code)

    def _keys(self) -> None:
        keys = Keys(KeyStore(self.world.sql), self.clock, noting(self.people.audit, "account/root"))
        self.handed_out["key"] = keys.create(PLANT.id, "mes", 50.0)
        self.handed_out["reader"] = keys.create_reader(PLANT.id, Role.SUPPLIER, "P1")
        revoked = keys.create(DOCK.id, "plc")
        assert keys.revoke(revoked.split("_")[1])

    def _screens(self) -> None:
        store, audit, sql = ScreenStore(self.world.sql), self.people.audit, self.world.sql
        devices = Devices(store, PeopleStore(sql), audit, derived(SECRET, "screens"), self.clock)
        asked = [devices.ask("line-a", f"10.0.1.{n}") for n in range(3)]
        for token in asked[:2]:
            code = devices.waiting(token).code
            found = devices.enrol(_BY, code, "", {"line-a": PLANT.id}.get)
            devices.given(token, "0.9.0")
        self.handed_out["screen"] = asked[0]
        assert devices.revoke(_BY, found.id, (PLANT.id,))

    def _links(self) -> None:
        outside = [("P2", Role.SUPPLIER), ("B1", Role.CUSTOMER)]
        links = Links(self.people.store, self.people.audit, lambda _: outside, self.clock)
        for party, role in outside:
            wanted = Wanted(site=PLANT.id, role=role, party=party, days=90)
            self.handed_out[f"link of {party}"] = links.make(self.manager, _BY, wanted)
        links.take(self.handed_out["link of P2"], "10.2.0.1")
        gone = links.working(self.handed_out.pop("link of B1"))
        assert links.revoke(self.manager, _BY, gone.token_hash.hex())

    def _policies(self) -> None:
        change = self.statements.disclosures.change
        hidden = {(Kind.NEED, "quantity"): Treatment.HIDE}
        change(self.manager, PLANT.id, Role.SUPPLIER, None, hidden)
        change(self.manager, PLANT.id, Role.CUSTOMER, "B1", {
            (Kind.ORDER, "product"): Treatment.MASK, (Kind.ORDER, "quantity"): Treatment.HIDE,
        })  # fmt: skip
        self.people.audit.note(
            "account/root", Action.POLICY_CHANGED, "policy", site=PLANT.id, address="10.0.0.1",
        )  # fmt: skip

    def _tellings(self) -> None:
        store = PreferenceStore(self.world.sql)
        for login, least, ways in (
            ("anna", Severity.LOW, ("hook", "mail")), ("bert", Severity.HIGH, ("robot",)),
        ):  # fmt: skip
            chosen = tuple(Chosen(way=way, address=f"{login}@works.example") for way in ways)
            store.keep_preference(Preference(
                account=self.accounts[login].id, least=least, ways=chosen, language="zh-Hant",
                quiet=Quiet(start="22:00", finish="05:00") if login == "anna" else None,
            ))  # fmt: skip
        store.keep_duties(PLANT.id, [
            Duty(site=PLANT.id, role=role, area="A", shift="day", account=self.accounts[login].id)
            for role, login in ((Role.MANAGER, "anna"), (Role.PLANNER, "bert"))
        ])  # fmt: skip
        reports = ReportScheduleStore(self.world.sql)
        for login, more in (("anna", {"shift": "day"}), ("bert", {"at": "07:30", "days": (1, 5)})):
            reports.keep(Schedule(
                account=self.accounts[login].id, site=PLANT.id, upto=self.clock(),
                formats=("xlsx", "pdf"), **more,
            ))  # fmt: skip

    def _triggers(self) -> None:
        store = Telling(self.world.worker_sql, self.clock).editor
        for trigger in (
            Trigger(id="packed", when=When.REACHED, milestones=("Packed",), roles=(Role.CUSTOMER,)),
            Trigger(id="soon", when=When.NEAR, within_min=240.0, ways=("mail",), on=False),
        ):
            assert store.keep_trigger(PLANT.id, trigger, 0, "account/root", self.clock())

    def _rules(self) -> None:
        store = ExceptionStore(self.world.sql)
        for rule, document in zip(
            usual_rules()[:2], ({"limit_s": 7200.0}, {"on": False}), strict=True
        ):
            assert store.keep_rule(PLANT.id, rule.id, document, 0, "account/root", self.clock())

    def _comments(self) -> None:
        say = self.statements.comments.say
        thread = ("SO-5", "n1")
        for scope, author, words in (
            (self.supplier, "Sam", "Half of it comes tomorrow"),
            (self.manager, "Anna", "Thanks: 20 will do\nfor the first day"),
        ):
            say(scope, PLANT.id, "P1", thread, words, author, self.clock())

    def _dates(self) -> None:
        day, add = self.clock() + timedelta(days=3), self.statements.dates.add
        milestone, pick_up = Subject("SO-5", "m1", "B1"), Subject("SO-5", "", "T1")
        for scope, subject, said, side, words in (
            (self.customer, milestone, Said.REQUESTED, Side.PARTY, ""),
            (self.manager, milestone, Said.CONFIRMED, Side.FACTORY, "as agreed"),
            (self.carrier, pick_up, Said.REQUESTED, Side.PARTY, "dock 2"),
        ):
            entry = Entry(
                said=said, side=side, at=self.clock(), author="Cleo", date_at=day, words=words
            )
            add(scope, PLANT.id, subject, entry)

    def _visits(self) -> None:
        seen: Mapping[str, Any] = {"n~SO-5~n1": {"promised_at": "2026-11-02T05:00:00Z"}}
        for hours in (-30, 0):
            now = self.clock() + timedelta(hours=hours)
            for scope, login in ((self.supplier, "sam@parts.example"), (self.manager, "anna")):
                viewer = self._actor(login)
                self.statements.visits.look(scope, viewer, PLANT.id, "needs", seen, now)

    def _desk(self) -> ExceptionDesk:
        store = ExceptionStore(self.world.sql)
        return ExceptionDesk(store, self.people.audit, lambda _: self.clock(), self.clock)
