"""The pages of those who look after who sees what, asked over HTTP by them and by others."""

import json
import re
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import dash
import pytest
from flask import Blueprint

from callbacks.desk.access import AccessPage
from callbacks.desk.audit import AuditPage
from callbacks.desk.disclosure import DisclosurePage
from callbacks.desk.shell import Shell
from callbacks.hub import Hub
from callbacks.walls import Walls
from callbacks.web import build
from data.domain.audit import Action
from data.domain.policy import Kind, Treatment
from data.domain.scope import Role
from data.services.access import Access
from data.services.boards import Boards
from data.services.disclosure_desk import DisclosureDesk
from data.services.disclosures import Disclosures
from layouts.screens import Screens
from tests.unit.callbacks.desk.places import Places, live_site, need, order
from tests.unit.fakes import Entrance
from tests.unit.services.test_access import Everything, Keys
from tests.unit.services.test_disclosure_desk import Said

PAGES = [("_pages_content", "children"), ("_pages_store", "data")]
LOCATION = [("_pages_location", "pathname"), ("_pages_location", "search")]
CHANGE = "/disclosure/change?role=supplier&party=P2"
PART = (Kind.NEED, "part")
PATHS = ("/audit", "/disclosure", "/access")
OUTSIDE = ((Role.SUPPLIER, "P2"), (Role.CUSTOMER, "P1"), (Role.LOGISTICS, "P3"))
INSIDE = tuple((role, None) for role in (Role.PLANNER, Role.PURCHASER, Role.OPERATOR))


class Silent:
    """Routes of which there are none."""

    def blueprint(self) -> Blueprint:
        return Blueprint(f"silent{id(self)}", __name__)

    def is_ready(self) -> bool:
        return True


class Works:
    """A whole server with the three pages; `client(role)` is a browser of someone's."""

    def __init__(self):
        dash.page_registry.clear()
        self.entrance, self.said, self.touched = Entrance(), Said(), []
        live = live_site(orders=[order("SO-1", needs=(need("M-77"),), customer="P1")])
        audit = self.entrance.audit
        policies = Disclosures(self.said, b"a secret of the tests alone")
        desk = DisclosureDesk(policies, self.said, Boards(policies), audit)
        every = Everything(accounts=())
        access = Access(every, Keys([]), every, policies, lambda: datetime.now(UTC))
        pages = (
            DisclosurePage(
                desk,
                lambda page, given: self.shell.visit_of(page, given),
                lambda site, parties: self.touched.append((site, sorted(parties))),
            ),
            AccessPage(access, audit),
            AuditPage(audit, access.names),
        )
        self.shell = Shell(Places(live), pages, None, "en")
        walls = Walls(Places(live), Screens(named={}, defaults={}), "b")
        self.server = build(
            walls, Hub("b"), Silent(), Silent(), self.entrance.entry, "en", self.shell
        )

    def client(self, role=Role.MANAGER, party=None):
        client = self.server.test_client()
        client.token = self.entrance.sign_in(client, role, party)
        return client

    def deeds(self, *actions):
        return [deed for deed in self.entrance.deeds() if deed.action in actions]


@pytest.fixture
def works():
    yield Works()
    dash.page_registry.clear()


def whole(client, path, search="?lang=en"):
    body = {
        "output": ".." + "...".join(f"{name}.{prop}" for name, prop in PAGES) + "..",
        "outputs": [{"id": name, "property": prop} for name, prop in PAGES],
        "inputs": [
            {"id": name, "property": prop, "value": value}
            for (name, prop), value in zip(LOCATION, (path, search), strict=True)
        ],
        "changedPropIds": [f"{name}.{prop}" for name, prop in LOCATION],
    }
    answer = client.post(
        "/_dash-update-component", json=body, headers={"X-CSRFToken": client.token}
    )
    return json.dumps(answer.json, ensure_ascii=False).replace('\\\\\\"', '"').replace('\\"', '"')


def change(client, form, address=CHANGE, **headers):
    form = {"csrf_token": client.token, **form}
    return client.post(address, data=form, headers=headers)


# Who may open what


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("role", "party"), OUTSIDE + INSIDE)
def test_others_find_nothing_there_whatever_they_ask(works, path, role, party):
    client = works.client(role, party)
    assert client.get(path).status_code == 404
    assert "There is nothing" in whole(client, path) or "Not found" in whole(client, path)
    assert client.get(f"/export{path}.csv").status_code == 404
    assert client.get(f"/export{path}.xlsx").status_code == 404


@pytest.mark.parametrize("path", ["/audit", "/access"])
def test_managers_find_no_trail_and_no_review(works, path):
    client = works.client(Role.MANAGER)
    assert client.get(path).status_code == 404
    assert "Not found" in whole(client, path)
    assert client.get(f"/export{path}.csv").status_code == 404


@pytest.mark.parametrize("path", PATHS)
def test_who_is_not_signed_in_is_sent_to_sign_in(works, path):
    answer = works.server.test_client().get(path)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/sign-in")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.AUDITOR])
def test_those_it_is_for_get_the_page_and_its_tables(works, path, role):
    client = works.client(role)
    assert client.get(path).status_code == 200
    assert "That went wrong" not in whole(client, path)
    assert "mp-page-head" in whole(client, path)
    assert client.get(f"/export{path}.csv").status_code == 200
    assert client.get(f"/export{path}.xlsx").status_code == 200


# Changing what is disclosed


def test_a_manager_changes_what_a_party_gets_and_it_is_written_down(works):
    answer = change(works.client(), {"need.part.usual": "mask", "need.order.usual": ""})
    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["changed"] == ["1"]
    assert works.said.own("north", Role.SUPPLIER, "P2") == {PART: Treatment.MASK}
    (deed,) = works.deeds(Action.POLICY_CHANGED)
    assert deed.detail == {"need.part.before": "show", "need.part.after": "mask"}
    assert (deed.site, deed.party) == ("north", "P2")


def test_open_boards_of_whom_a_change_concerns_are_drawn_anew_and_no_others(works):
    client = works.client()
    change(client, {"need.part.usual": ""})
    assert works.touched == []
    change(client, {"need.part.usual": "mask"})
    assert works.touched == [("north", ["P2"])]
    change(client, {"order.late_s.usual": "bucket"}, "/disclosure/change?role=customer")
    assert works.touched[1:] == [("north", ["P1"])]


def test_the_forms_own_fields_change_nothing_when_sent_as_they_are(works):
    client = works.client()
    page = whole(client, "/disclosure", "?role=supplier&party=P2&lang=en")
    names = re.findall(r'"name": ?"([a-z]+\.\w+\.\w+)"', page)
    assert len(names) > 50
    answer = change(client, dict.fromkeys(names, ""))
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["changed"] == ["0"]
    assert works.said.levels == {}


def test_everything_said_is_taken_back_by_one_button(works):
    client = works.client()
    change(client, {"need.part.usual": "mask", "need.quantity.usual": "hide"})
    answer = change(client, {"need.part.mask": "show"}, CHANGE + "&reset=1")
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["changed"] == ["2"]
    assert works.said.own("north", Role.SUPPLIER, "P2") == {}


def test_a_form_that_is_outdated_changes_nothing_and_says_so(works):
    client = works.client()
    change(client, {"need.part.usual": "hide"})
    answer = change(client, {"need.part.usual": "show"})
    assert "outdated=1" in answer.headers["Location"]
    assert works.said.own("north", Role.SUPPLIER, "P2") == {PART: Treatment.HIDE}
    assert "Someone else has changed this" in whole(
        client, "/disclosure", "?" + urlsplit(answer.headers["Location"]).query + "&lang=en"
    )


@pytest.mark.parametrize(("role", "party"), [*OUTSIDE, *INSIDE, (Role.AUDITOR, None)])
def test_nobody_else_changes_anything_even_with_a_token(works, role, party):
    assert change(works.client(role, party), {"need.part.usual": "show"}).status_code == 404
    assert works.said.levels == {}
    assert works.deeds(Action.POLICY_CHANGED) == []


def test_a_change_without_its_token_or_from_elsewhere_is_refused(works):
    client = works.client()
    form = {"need.part.usual": "hide"}
    assert client.post(CHANGE, data=form).status_code == 400
    assert change(client, {**form, "csrf_token": "x"}).status_code == 400
    assert change(client, form, Origin="https://evil.example").status_code == 403
    assert works.server.test_client().post(CHANGE, data=form).status_code in (400, 401)
    assert works.said.levels == {}


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/disclosure/change?role=manager", 400),
        ("/disclosure/change?role=administrator&party=P2", 400),
        ("/disclosure/change?role=supplier&party=nobody", 400),
        ("/disclosure/change?role=purchaser&party=P2", 400),
        ("/disclosure/change?role=supplier&site=elsewhere", 404),
        ("/disclosure/change?role=supplier&at=2026-01-01T00:00", 400),
    ],
)
def test_forged_addresses_change_nothing(works, address, status):
    assert change(works.client(), {"need.part.usual": "hide"}, address).status_code == status
    assert works.said.levels == {}


@pytest.mark.parametrize(
    "form",
    [
        {"need.part.usual": "bucket"},
        {"need.part.usual": "everything"},
        {"need.secret.usual": "show"},
        {"need.part.else": "show"},
    ],
)
def test_forged_fields_change_nothing(works, form):
    assert change(works.client(), {"need.order.usual": "show", **form}).status_code == 400
    assert works.said.levels == {}


def test_fields_that_are_none_are_left_aside(works):
    answer = change(works.client(), {"role": "administrator", "x": "show", "account.role.y": "z"})
    assert answer.status_code == 303
    assert works.said.levels == {}


# Looking through a party's eyes


def test_the_preview_shows_the_partys_rows_and_is_marked_and_written_down(works):
    page = whole(works.client(), "/disclosure", "?role=supplier&party=P2&view=need&lang=en")
    assert "Preview: what P2 gets" in page
    assert "M-77" in page
    assert "SO-1" not in page  # a supplier knows the order by its pseudonym alone
    (deed,) = works.deeds(Action.SAW)
    assert (deed.subject, deed.party, deed.detail["as"]) == ("disclosure", "P2", "supplier")


def test_without_asking_for_it_nothing_of_a_party_is_shown_or_written_down(works):
    page = whole(works.client(), "/disclosure", "?role=supplier&party=P2&lang=en")
    assert "View as this party" in page
    assert "M-77" not in page
    assert works.deeds(Action.SAW) == []


def test_an_exported_preview_is_written_down_as_such(works):
    answer = works.client().get("/export/disclosure.csv?role=supplier&party=P2&view=need&lang=en")
    assert "M-77" in answer.text
    assert "SO-1" not in answer.text
    (deed,) = works.deeds(Action.EXPORTED)
    assert deed.detail["count"] == 1


@pytest.mark.parametrize("query", ["role=supplier&view=need", "role=supplier&party=P9&view=need"])
def test_there_is_no_preview_without_a_party_that_the_site_deals_with(works, query):
    assert "M-77" not in whole(works.client(), "/disclosure", f"?{query}&lang=en")
    assert works.deeds(Action.SAW) == []


def test_auditors_see_the_policy_and_have_no_form(works):
    page = whole(works.client(Role.AUDITOR), "/disclosure", "?role=supplier&party=P2&lang=en")
    assert "Material needs" in page
    assert "Save changes" not in page
    assert "disclosure/change" not in page


# The trail


def test_the_trail_tells_what_changed_before_and_after(works):
    change(works.client(), {"need.part.usual": "mask"})
    page = whole(works.client(Role.AUDITOR), "/audit")
    assert "changed what is disclosed" in page
    assert "need.part" in page
    assert "mask" in page
    assert "10.0.0.1" not in page


def test_the_chain_is_checked_when_asked_and_only_then(works):
    client = works.client(Role.AUDITOR)
    works.entrance.audit.note("account/x", Action.SIGNED_OUT, "x")
    assert "The chain holds" not in whole(client, "/audit")
    end = works.entrance.trail.records[-1]
    page = whole(client, "/audit", "?verify=1&lang=en")
    assert f"The chain holds: {end.number} records." in page
    assert f"{end.number}:{end.code.hex()}" in page


def test_a_chain_that_was_cut_is_found_out_by_an_end_that_was_kept(works):
    client, trail = works.client(Role.AUDITOR), works.entrance.trail
    for number in range(3):
        works.entrance.audit.note("account/x", Action.SIGNED_OUT, str(number))
    kept = f"{trail.records[-1].number}:{trail.records[-1].code.hex()}"
    holds = whole(client, "/audit", f"?verify=1&head={kept}&lang=en")
    assert "It still has the end that was kept." in holds
    trail.records.pop()
    assert "The chain is broken: record 3" in whole(
        client, "/audit", f"?verify=1&head={kept}&lang=en"
    )


@pytest.mark.parametrize(
    "query", ["action=x", "period=x", "page=0", "page=9", "head=x", "head=0:00", "at=2026-01-01"]
)
def test_an_address_that_cannot_be_used_is_named(works, query):
    page = whole(works.client(Role.AUDITOR), "/audit", f"?{query}&lang=en")
    assert f"{query.partition('=')[0]}: " in page
    assert "mp-trail" not in page


def test_whoever_takes_the_trail_along_is_in_it(works):
    client = works.client(Role.AUDITOR)
    works.entrance.audit.note("account/x", Action.SAW, "=cmd", party="P2")
    assert "'=cmd" in client.get("/export/audit.csv?lang=en").text
    (deed,) = works.deeds(Action.EXPORTED)
    assert (deed.subject, deed.detail["count"]) == ("audit", 1)
