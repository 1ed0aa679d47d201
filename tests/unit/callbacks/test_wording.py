from datetime import UTC, datetime, timedelta

import pytest

from callbacks.wording import Words
from data.domain.deliveries import Delivery, Topic
from data.domain.exceptions.records import Case, Hit, Place, Severity, State
from data.domain.policy import Kind, Treatment
from data.domain.scope import Role
from data.domain.site import Area, Site
from data.services.disclosures import Disclosures
from data.services.errors import Unavailable

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
SITE = Site(id="north", name="North works", timezone="UTC", areas=(Area(id="A", calendar="d"),))
NEED = Hit(
    kind="need", order="SO-77123", id="n1", name="bearing", party="acme", before_at=NOW,
    after_at=NOW + timedelta(hours=28),
)  # fmt: skip
OTHERS = Hit(
    kind="need", order="SO-88123", id="n2", name="shaft", party="bolts", before_at=NOW,
    after_at=NOW + timedelta(hours=5),
)  # fmt: skip
CASE = Case(
    site="north", number=17, rule="down", kind="work_unit_state", subject="work-unit/M-SECRET",
    severity=Severity.HIGH, state=State.UNACKNOWLEDGED, standing=True, since=NOW, raised_at=NOW,
    owner_role=Role.OPERATOR, place=Place(area="A", work_unit="M-SECRET"),
    values={"state": "down"}, parties=frozenset({"acme", "bolts"}), hits=(NEED, OTHERS),
    owner_name="Anna", informs=(Role.SUPPLIER,),
)  # fmt: skip


class Plants:
    def sites(self):
        return [SITE]


class Policies:
    def __init__(self, **changes):
        self.said = {}

    def changes(self, site, role, party):
        return self.said


@pytest.fixture
def policies():
    return Policies()


@pytest.fixture
def words(policies):
    return Words(Plants(), Disclosures(policies, b"s" * 32), "https://mp.example")


def to(role=Role.OPERATOR, party=None, **more):
    said = {
        "site": "north", "event": "raised/1", "topic": Topic.EXCEPTION, "subject": "exception/17",
        "news": "raised", "way": "mail", "planned_at": NOW, "due_at": NOW, "recipient": "a",
        "role": role, "party": party, "address": "a@b.c", "happened_at": NOW, **more,
    }  # fmt: skip
    return Delivery(**said)


def everything(notice):
    return repr(notice)


def test_inside_it_says_what_where_whom_it_hits_and_leads_there(words):
    notice = words.exception(to(), CASE)
    assert "M-SECRET" in notice.text
    said = everything(notice)
    assert "SO-77123 · bearing" in said
    assert "Anna" in said
    assert notice.url == "https://mp.example/exceptions/17?site=north"
    assert notice.event == "milepost.exception.raised"
    assert notice.about == "exception/north/17"
    assert notice.id == to().id


@pytest.mark.parametrize("language", ["en", "zh-Hant", "zh-Hans"])
def test_a_supplier_gets_its_own_rows_as_disclosed_and_nothing_else(words, language):
    notice = words.exception(to(Role.SUPPLIER, "acme", language=language), CASE)
    said = everything(notice)
    assert "bearing" in said
    for secret in ("M-SECRET", "SO-77123", "SO-88123", "shaft", "bolts", "Anna", "E-17", "/17"):
        assert secret not in said
    assert notice.document["moved"][0]["after_at"] == "2026-11-25T12:00:00Z"


def test_to_a_party_that_it_does_not_hit_nothing_is_said(words):
    assert words.exception(to(Role.SUPPLIER, "other"), CASE) is None
    assert words.exception(to(Role.SUPPLIER, None), CASE) is None


def test_dates_that_a_sites_policy_hides_are_not_told(words, policies):
    policies.said = {(Kind.EXCEPTION, "after_at"): Treatment.HIDE}
    assert words.exception(to(Role.SUPPLIER, "acme"), CASE) is None


@pytest.mark.parametrize("treatment", [Treatment.HIDE, Treatment.BUCKET])
def test_a_party_that_does_not_get_the_forecast_is_told_nothing_that_rests_on_it(
    words, policies, treatment
):
    policies.said = {(Kind.NEED, "forecast_need_by"): treatment}
    assert words.exception(to(Role.SUPPLIER, "acme"), CASE) is None


def test_a_digest_says_all_that_is_disclosed_of_several(words):
    supplier = to(Role.SUPPLIER, "acme")
    other = to(Role.SUPPLIER, "acme", subject="exception/18")
    digest = to(Role.SUPPLIER, "acme", topic=Topic.DIGEST)
    notice = words.digest(digest, [(supplier, CASE), (other, CASE)])
    assert len(notice.document["items"]) == 2
    assert "M-SECRET" not in everything(notice)
    stranger = to(Role.SUPPLIER, "other")
    assert words.digest(stranger, [(stranger, CASE)]) is None


MILESTONE = {
    "order": "SO-77123", "milestone": "m1", "name": "packed", "product": "pump-9",
    "customer": "buyer", "quantity": 40, "baseline_at": "2026-11-20T08:00:00Z",
    "committed_at": "2026-11-25T08:00:00Z", "requested_at": None, "confirmed_at": None,
    "forecast_p50_at": "2026-11-24T20:00:00Z", "forecast_p80_at": "2026-11-25T06:00:00Z",
    "reached_at": None, "standing": "on_track",
}  # fmt: skip


def test_a_pick_up_is_asked_of_a_carrier_with_what_it_may_know(words):
    carrier = to(
        Role.LOGISTICS, "t1", topic=Topic.PICK_UP, news="near", detail=MILESTONE, recipient=""
    )
    notice = words.milestone(carrier)
    assert notice.event == "milepost.pick-up.requested"
    assert notice.document["quantity"] == 40
    assert notice.document["forecast_at"] == "2026-11-25T06:00:00Z"
    assert "pump-9" not in everything(notice)  # what is in the boxes is no carrier's business
    inside = words.milestone(to(None, topic=Topic.MILESTONE, news="near", detail=MILESTONE))
    assert "pump-9" in everything(inside)


def test_before_a_sites_model_is_there_nothing_can_be_said_yet(words):
    with pytest.raises(Unavailable):
        words.exception(to(), CASE.__class__(**{**_fields(CASE), "site": "south"}))


def _fields(case):
    return {name: getattr(case, name) for name in case.__struct_fields__}
