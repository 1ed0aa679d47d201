"""What a supplier and the factory say to each other: both sides' pages, on real engines."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from data.domain.audit import Action
from data.domain.policy import Kind, Treatment
from data.domain.scope import Role, Scope
from data.services.errors import Forbidden
from data.services.supplying import By
from tests.contract.supply import SOON, Stage, staged, still_texts

NEEDS = "/needs"
EN = "?lang=en"


@pytest.fixture
def stage(redis_url: str, database_url: str) -> Iterator[Stage]:
    with staged(redis_url, database_url) as made:
        yield made


def scope(role: Role, party: str | None = None) -> Scope:
    return Scope(role=role, sites=("plant",), party=party)


def asks(stage: Stage, words: str = "Is steel 4140 fine?") -> str:
    """Have the supplier ask about its bolts; return the key under which the factory has them."""
    assert stage.act("comment", stage.key("bolt"), words=words).json["ok"]
    return "n~CANARY-ORDER~n1"


def needs(stage: Stage, search: str = EN) -> str:
    return still_texts(stage.page(search, NEEDS))


@pytest.mark.parametrize("role", [Role.PURCHASER, Role.PLANNER])
def test_who_speaks_for_the_factory_sees_the_question_first_and_answers(
    stage: Stage, role: Role
) -> None:
    key = asks(stage)
    stage.come("", role)
    text = needs(stage)
    assert "1 waiting for your answer." in text
    assert text.index("Is steel 4140 fine?") < text.index("nut of steel")
    assert stage.say(key, "Yes, but hardened.").json["ok"]
    assert "Nothing waits for your answer." in needs(stage)
    assert "Yes, but hardened." in needs(stage, EN + f"&row={key}")


def test_the_supplier_sees_the_answer_as_new_since_its_last_visit_and_no_name(
    stage: Stage,
) -> None:
    stage.page()
    key = asks(stage)
    stage.world.clock.advance(hours=2)
    stage.come("", Role.PURCHASER)
    assert stage.say(key, "Yes, but hardened.").json["ok"]
    stage.world.clock.advance(minutes=1)
    stage.come("P1")
    text = still_texts(stage.page())
    assert "1 changed since you looked at" in text
    assert "the factory wrote" in text
    assert "Yes, but hardened." in still_texts(stage.page(EN + "&which=changed"))
    assert "the factory" in text and "purchaser" not in text


def test_an_answer_that_the_supplier_has_answered_is_no_news_to_it(stage: Stage) -> None:
    stage.page()
    stage.world.clock.advance(hours=2)
    key = asks(stage)
    stage.come("", Role.PLANNER)
    assert stage.say(key, "Yes.").json["ok"]
    stage.come("P1")
    assert "the factory wrote" in still_texts(stage.page())
    assert stage.act("comment", stage.key("bolt"), words="Thanks.").json["ok"]
    assert "the factory wrote" not in still_texts(stage.page())


def test_an_answer_reaches_the_suppliers_open_board_and_no_other(stage: Stage) -> None:
    key, told = asks(stage), []
    stage.live.touch = lambda site, party: told.append((site, party))  # type: ignore[method-assign]
    stage.come("", Role.PURCHASER)
    assert stage.say(key, "Yes.").json["ok"]
    assert told == [("plant", "P1")]


def test_each_comment_is_written_down_with_its_party(stage: Stage) -> None:
    key = asks(stage)
    stage.come("", Role.PURCHASER)
    assert stage.say(key, "Yes.").json["ok"]
    deeds = stage.deeds(Action.COMMENTED)
    assert [deed.subject for deed in deeds] == ["need/CANARY-ORDER/n1"] * 2
    assert [deed.party for deed in deeds] == ["P1", "P1"]
    assert deeds[0].actor != deeds[1].actor


def test_an_answer_that_says_nothing_is_refused_and_not_written_down(stage: Stage) -> None:
    stage.come("", Role.MANAGER)
    for words in ("", "  ", "x" * 1001):
        answer = stage.say("n~CANARY-ORDER~n1", words)
        assert (answer.status_code, answer.json["field"]) == (422, "words")
    assert stage.deeds(Action.COMMENTED) == []


def test_for_others_there_is_no_factorys_side(stage: Stage) -> None:
    key = asks(stage)
    for role, party in (
        (Role.OPERATOR, ""), (Role.AUDITOR, ""), (Role.SUPPLIER, "P1"),
        (Role.CUSTOMER, "CANARY-BUYER"),
    ):  # fmt: skip
        stage.come(party, role)
        assert stage.say(key, "Hello").status_code == 404
        assert "Is steel" not in stage.page(EN, NEEDS)
        assert stage.client.get("/export/needs.csv").status_code == 404


def test_a_row_that_is_not_there_or_nobodys_can_not_be_answered(stage: Stage) -> None:
    stage.come("", Role.MANAGER)
    for key in ("", "n~CANARY-ORDER~n9", "n~O-ABCDEF~n1", "o~CANARY-ORDER~CANARY-STEP"):
        assert stage.say(key, "Hello").status_code == 404


def test_the_purchaser_gets_what_its_policy_discloses_and_the_key_that_goes_with_it(
    stage: Stage,
) -> None:
    asks(stage)
    stage.boards._disclosures.change(
        scope(Role.MANAGER), "plant", Role.PURCHASER, None,
        {(Kind.NEED, "order"): Treatment.MASK, (Kind.NEED, "supplier"): Treatment.HIDE},
    )  # fmt: skip
    stage.come("", Role.PURCHASER)
    text = needs(stage)
    assert "Is steel 4140 fine?" in text
    assert "n~CANARY-ORDER" not in text
    (key,) = stage.talks.of_rows(scope(Role.PURCHASER), "plant")
    assert key.startswith("n~O-")
    assert stage.say("n~CANARY-ORDER~n1", "Yes.").status_code == 404
    assert stage.say(key, "Yes.").json["ok"]


def test_what_suppliers_did_since_the_last_visit_is_marked(stage: Stage) -> None:
    stage.come("", Role.PURCHASER)
    needs(stage)
    stage.world.clock.advance(hours=2)
    stage.come("P1")
    assert stage.act("confirm", stage.key("bolt"), promised_at=SOON.isoformat()).json["ok"]
    assert stage.act("ship", stage.key("nut"), quantity="30").json["ok"]
    stage.come("", Role.PURCHASER)
    text = needs(stage)
    assert "new promise" in text and "new shipment" in text
    assert "2 changed since you looked at" in text


def test_filters_leave_what_they_say(stage: Stage) -> None:
    stage.come("", Role.PURCHASER)
    text = needs(stage, EN + "&supplier=CANARY-RIVAL")
    assert "CANARY-PART" in text and "bolt" not in text
    assert "nut of steel" in needs(stage, EN + "&q=nut&which=silent")
    assert "Nothing fits" in needs(stage, EN + "&q=nut&which=late")
    stage.world.clock.advance(days=3)
    stage.come("", Role.PURCHASER)
    assert "nut of steel" in needs(stage, EN + "&q=nut&which=late")


def test_the_export_holds_what_the_filters_leave_and_is_written_down(stage: Stage) -> None:
    asks(stage)
    stage.come("", Role.PURCHASER)
    answer = stage.client.get("/export/needs.csv?lang=en&which=answer")
    lines = answer.data.decode("utf-8-sig").splitlines()
    assert len(lines) == 2 and "P1 Ltd" in lines[1] and lines[1].endswith("1,yes")
    (deed,) = stage.deeds(Action.EXPORTED)
    assert deed.subject == "needs" and deed.detail["count"] == 1


def test_the_factorys_own_work_is_asked_of_nobody(stage: Stage) -> None:
    stage.come("", Role.MANAGER)
    text = needs(stage, EN + "&which=all")
    assert "step 30" in text
    assert "step CANARY-STEP" not in text


def test_a_desk_stream_opens_for_who_sees_all_rows_and_for_no_party(stage: Stage) -> None:
    stage.come("", Role.PURCHASER)
    answer = stage.client.get("/live/desk/plant")
    assert answer.status_code == 200
    answer.close()
    stage.come("P1")
    assert stage.client.get("/live/desk/plant").status_code == 404


def test_a_thread_of_a_party_that_lost_the_row_is_nobodys(stage: Stage) -> None:
    asks(stage)
    live = stage.world.live()
    plan = live.board.orders["CANARY-ORDER"].plan
    assert plan is not None
    live.board.orders["CANARY-ORDER"].plan = type(plan)(
        **{name: getattr(plan, name) for name in plan.__struct_fields__ if name != "needs"},
        needs=(),
    )
    assert stage.talks.of_rows(scope(Role.PURCHASER), "plant") == {}


def test_what_is_said_of_an_order_is_known_as_of_an_instant(stage: Stage) -> None:
    key = asks(stage)
    then = stage.world.clock()
    stage.world.clock.advance(hours=1)
    by = By(scope=scope(Role.PLANNER), actor="account/x", name="Lin")
    stage.talks.say(by, "plant", key, "Yes.")
    of = stage.talks.of_order
    now = stage.world.clock()
    assert [one.words for one in of(by.scope, "plant", "CANARY-ORDER", now)[key]][1:] == ["Yes."]
    assert len(of(by.scope, "plant", "CANARY-ORDER", then)[key]) == 1
    assert of(by.scope, "plant", "CANARY-OTHER", now) == {}
    assert of(by.scope, "plant", "CANARY-ORDER", then - timedelta(hours=1))[key] == []


def test_one_supplier_can_not_reach_anothers_threads(stage: Stage) -> None:
    asks(stage)
    rival = scope(Role.SUPPLIER, "CANARY-RIVAL")
    assert stage.talks.of_rows(rival, "plant") == {}
    with pytest.raises(Forbidden):
        stage.comments.of(rival, "plant", "P1", [("CANARY-ORDER", "n1")])
    with pytest.raises(Forbidden):
        stage.talks.names(rival, "plant")
