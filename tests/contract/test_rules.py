"""Rules on real engines: a site's own over the usual ones, and tried on what was recorded."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from data.domain.exceptions.records import Case, Move, Severity, State, Transition
from data.domain.exceptions.rules import Condition, Rule, RuleError
from data.domain.exceptions.search import Change
from data.domain.scope import Role, Scope
from data.services.accounts_desk import By
from data.services.audit import Audit
from data.services.errors import Forbidden
from data.services.rules import RuleDesk, RuleMoved, Rules, usual_rules
from data.services.trials import NotTried, Trial, Trials
from data.store.audit import AuditStore
from data.store.exceptions import ExceptionStore
from data.store.past import PastEvents
from data.store.trials import TrialRows
from tests.contract.world import FACTORY, NOW, PLANT, World, drain, envelope, order, process

SITE = PLANT.id
BY = By("account/anna")
DOWN = Rule(
    id="unit-down", condition=Condition.UNIT_STATE, severity=Severity.HIGH,
    owner=Role.OPERATOR, states=("down",), limit_s=600.0,
)  # fmt: skip
USUAL = usual_rules()[0]


@pytest.fixture
def world(redis_url: str, database_url: str) -> Iterator[World]:
    with process(redis_url, database_url) as made:
        made.open(order("SO-1"))
        yield made


@pytest.fixture
def desk(world: World) -> RuleDesk:
    audit = Audit(AuditStore(world.sql), b"s" * 32, world.clock)
    trials = Trials(PastEvents(world.sql), TrialRows(world.sql), lambda _: world.clock())
    return RuleDesk(ExceptionStore(world.sql), audit, world.clock, trials)


def at(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)


def lived(world: World, *states: tuple[float, str], until: float, unit: str = "W1") -> None:
    """Let a work unit change its state at these hours, each recorded when it happened."""
    recorder = world.recorder()
    drain(recorder)
    for number, (hours, state) in enumerate(states):
        world.clock.at = at(hours)
        kind, subject = "work_unit.state_changed", f"work-unit/{unit}"
        world.accept(envelope(f"s{number}", kind, subject, {"state": state}, world.clock()))
        drain(recorder)
    world.clock.at = at(until)


def keep_case(world: World, subject: str, begun: float, ended: float, *moves: Move) -> None:
    """Keep an exception of the past, with what a person did of it."""
    store = ExceptionStore(world.worker_sql)
    case = Case(
        site=SITE, number=0, rule="another", kind=DOWN.condition, subject=subject,
        severity=Severity.LOW, state=State.CLOSED, standing=False, since=at(begun),
        raised_at=at(begun), closed_at=at(ended), owner_role=Role.OPERATOR,
    )  # fmt: skip
    raised = Transition(
        site=SITE, number=0, version=1, move=Move.RAISE, before=None,
        after=State.UNACKNOWLEDGED, actor="watch", at=at(begun),
    )  # fmt: skip
    (kept,) = store.keep(SITE, [Change(case=case, transition=raised, was=0)]).done
    for version, move in enumerate(moves, 2):
        later = replace(raised, number=kept.number, version=version, move=move, actor="account/b")
        after = replace(kept, version=version)
        assert store.keep(SITE, [Change(case=after, transition=later, was=version - 1)]).done


STOPS = (
    (1.0, "down"), (2.0, "processing"), (3.0, "down"), (3.1, "processing"), (4.0, "down"),
    (5.0, "processing"), (6.0, "down"),
)  # fmt: skip


def test_a_rule_says_how_often_it_would_have_fired(world: World, desk: RuleDesk) -> None:
    lived(world, *STOPS, until=7)
    found: Trial = desk.try_out(FACTORY, SITE, replace(DOWN, on=False))
    assert (found.fired, found.subjects, found.standing, found.most_at_once) == (3, 1, 1, 1)
    assert found.by_day == ((NOW.date().isoformat(), 3),)
    firings = [(one.subject, one.until) for one in found.firings]
    assert [until for _, until in firings] == [None, at(5), at(2)]
    limits = [abs((one.at - at(h)).total_seconds() - 600) for one, h in zip(
        found.firings, (6, 4, 1), strict=True)]  # fmt: skip
    assert max(limits) <= 60
    assert (found.known, found.acted) == (0, 0)


def test_what_held_before_the_time_began_is_told_apart(world: World, desk: RuleDesk) -> None:
    lived(world, (1.0, "down"), until=40)
    found = desk.try_out(FACTORY, SITE, DOWN, days=0.5)
    assert (found.fired, found.standing_before, found.standing) == (0, 1, 1)


def test_those_that_somebody_acted_on_are_counted(world: World, desk: RuleDesk) -> None:
    lived(world, *STOPS, until=7)
    keep_case(world, "work-unit/W1", 1.2, 2, Move.ACKNOWLEDGE)
    keep_case(world, "work-unit/W1", 4.2, 5)
    keep_case(world, "work-unit/W2", 6.2, 6.5, Move.RESOLVE)
    found = desk.try_out(FACTORY, SITE, DOWN)
    assert (found.fired, found.known, found.acted) == (3, 2, 1)


def test_events_are_taken_as_they_were_recorded(world: World, desk: RuleDesk) -> None:
    recorder = world.recorder()
    drain(recorder)
    world.clock.at = at(2)
    late = {"state": "down"}
    world.accept(envelope("s", "work_unit.state_changed", "work-unit/W1", late, at(1)))
    drain(recorder)
    world.clock.at = at(3)
    (firing,) = desk.try_out(FACTORY, SITE, DOWN).firings
    assert at(2) <= firing.at <= at(2) + timedelta(minutes=1)


def test_orders_that_were_planned_meanwhile_are_judged(world: World, desk: RuleDesk) -> None:
    lived(world, until=3)
    slow = replace(USUAL, id="slow", applies={}, limit_s=3600.0)
    assert desk.try_out(FACTORY, SITE, slow).standing_before == 0
    found = desk.try_out(FACTORY, SITE, replace(slow, limit_s=0.0))
    assert {one.subject for one in found.firings} == {"operation/SO-1/10", "operation/SO-1/20"}


def test_what_is_not_recorded_can_not_be_tried(world: World, desk: RuleDesk) -> None:
    silent = Rule(
        id="x", condition=Condition.NO_SIGNAL, severity=Severity.LOW, owner=Role.OPERATOR,
        limit_s=60.0,
    )  # fmt: skip
    with pytest.raises(NotTried, match="nothing is recorded of what no_signal looks at"):
        desk.try_out(FACTORY, SITE, silent)
    with pytest.raises(NotTried, match="no history"):
        desk.try_out(FACTORY, SITE, DOWN)


def test_a_stranger_can_neither_look_nor_try_nor_change(world: World, desk: RuleDesk) -> None:
    stranger = Scope(role=Role.MANAGER, sites=("elsewhere",))
    with pytest.raises(Forbidden):
        desk.shown(stranger, SITE)
    with pytest.raises(Forbidden):
        desk.try_out(stranger, SITE, DOWN)
    for scope in (stranger, Scope(role=Role.AUDITOR, sites=(SITE,))):
        with pytest.raises(Forbidden):
            desk.change(BY, scope, SITE, DOWN, 0)
    assert Rules(ExceptionStore(world.sql)).of(SITE) == usual_rules()


def test_a_change_is_kept_audited_and_judged_by(world: World, desk: RuleDesk) -> None:
    desk.change(BY, FACTORY, SITE, replace(USUAL, limit_s=60.0), 0)
    (own,) = [one for one in desk.shown(FACTORY, SITE) if one.differs]
    assert (own.rule.limit_s, own.usual, own.version) == (60.0, USUAL, 1)
    assert own.rule in Rules(ExceptionStore(world.sql)).of(SITE)
    (said,) = world.rows("SELECT action, subject, detail FROM audit")
    assert said[:2] == ("rule_changed", f"rule/{USUAL.id}")
    assert said[2] == {"limit_s": [str(USUAL.limit_s), "60.0"]}


def test_a_site_may_have_rules_of_its_own(world: World, desk: RuleDesk) -> None:
    desk.change(BY, FACTORY, SITE, DOWN, 0)
    assert desk.shown(FACTORY, SITE)[-1].rule == DOWN
    assert desk.shown(FACTORY, SITE)[-1].usual is None
    with pytest.raises(LookupError):
        desk.reset(BY, FACTORY, SITE, DOWN.id, 1)


def test_a_new_rule_gets_an_id_of_its_own_and_stands_in_the_trail(
    world: World, desk: RuleDesk
) -> None:
    named = replace(DOWN, id="", name={"en": "Press down!"})
    first, second = (desk.add(BY, FACTORY, SITE, named) for _ in range(2))
    assert (first.id, second.id) == ("press-down", "press-down-2")
    assert desk.add(BY, FACTORY, SITE, replace(DOWN, id="")).id == "work-unit-state"
    assert [one.rule for one in desk.shown(FACTORY, SITE)][-3:-1] == [first, second]
    said = world.rows("SELECT subject, detail->'limit_s' FROM audit ORDER BY number")
    assert said[0] == ("rule/press-down", ["", "600.0"])


def test_a_new_rule_that_says_what_cant_be_is_not_kept(world: World, desk: RuleDesk) -> None:
    with pytest.raises(RuleError, match="states: expected some of"):
        desk.add(BY, FACTORY, SITE, replace(DOWN, states=()))
    with pytest.raises(Forbidden):
        desk.add(BY, Scope(role=Role.AUDITOR, sites=(SITE,)), SITE, DOWN)
    assert world.rows("SELECT id FROM exception_rule") == []


def test_a_rule_of_its_own_can_be_retired_and_its_id_is_not_used_again(
    world: World, desk: RuleDesk
) -> None:
    named = replace(DOWN, id="", name={"en": "Press down"})
    kept = desk.add(BY, FACTORY, SITE, named)
    with pytest.raises(RuleMoved):
        desk.retire(BY, FACTORY, SITE, kept.id, 7)
    with pytest.raises(Forbidden):
        desk.retire(BY, Scope(role=Role.AUDITOR, sites=(SITE,)), SITE, kept.id, 1)
    desk.retire(BY, FACTORY, SITE, kept.id, 1)
    assert Rules(ExceptionStore(world.sql)).of(SITE) == usual_rules()
    detail = world.rows("SELECT detail->'condition' FROM audit ORDER BY number DESC LIMIT 1")
    assert detail == [(["work_unit_state", ""],)]
    assert desk.add(BY, FACTORY, SITE, named).id == "press-down-2"


def test_a_usual_rule_can_be_switched_off_but_not_retired(world: World, desk: RuleDesk) -> None:
    with pytest.raises(LookupError):
        desk.retire(BY, FACTORY, SITE, USUAL.id, 0)


def test_whoever_changes_a_rule_must_have_seen_it_as_it_is(world: World, desk: RuleDesk) -> None:
    desk.change(BY, FACTORY, SITE, replace(USUAL, limit_s=60.0), 0)
    with pytest.raises(RuleMoved):
        desk.change(BY, FACTORY, SITE, replace(USUAL, limit_s=90.0), 0)
    desk.reset(BY, FACTORY, SITE, USUAL.id, 1)
    assert Rules(ExceptionStore(world.sql)).of(SITE) == usual_rules()
    assert [one.version for one in desk.shown(FACTORY, SITE) if one.version] == [2]


def test_a_rule_is_kept_by_whoever_knew_its_version_and_by_nobody_else(world: World) -> None:
    store = ExceptionStore(world.sql)

    def keep(limit: float, was: int) -> bool:
        return store.keep_rule(SITE, "own", {"limit_s": limit}, was, "account/anna", NOW)

    assert keep(1, was=0)
    assert not keep(2, was=0)
    assert not keep(3, was=7)
    assert store.rules(SITE)["own"] == ({"limit_s": 1}, 1)
    assert keep(4, was=1)
    assert store.rules(SITE)["own"] == ({"limit_s": 4}, 2)


def test_a_rule_that_says_what_cant_be_is_not_kept(world: World, desk: RuleDesk) -> None:
    with pytest.raises(RuleError, match="unit-down: states"):
        desk.change(BY, FACTORY, SITE, replace(DOWN, states=("asleep",)), 0)
    assert world.rows("SELECT id FROM exception_rule") == []
