"""Mailing reports on a real PostgreSQL: each once, to who may have it, whoever dies when."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from data.domain.notices import Attachment, Notice, Transient
from data.domain.report_schedule import Schedule
from data.domain.scope import Role
from data.services.errors import Unavailable
from data.services.report_post import ReportPost
from data.store.report_schedules import ReportScheduleStore
from data.store.scoped import WEB, WORKER, connect
from tests.contract.telling import NOW, Telling
from tests.people import account_of

SHIFT_END = NOW + timedelta(hours=6)  # 14:00


@pytest.fixture
def engine(database_url):
    made = connect(database_url, role=WORKER)
    yield made
    made.dispose()


@pytest.fixture
def pages(engine):
    """What people write schedules with."""
    return ReportScheduleStore(engine.execution_options(milepost_role=WEB))


@pytest.fixture
def manager(database_url):
    return account_of(database_url, Role.MANAGER, login="may@works.test")


class Gathering:
    """Makes a report of a word; fails when it is told to."""

    def __init__(self):
        self.made, self.fails = [], None

    def of(self, account, site, wanted):
        if self.fails is not None:
            raise self.fails
        self.made.append((account.login, wanted.shift.name))
        return "report"


class Papers:
    """Says which shift, with a file."""

    def notice(self, to, report, formats):
        files = tuple(
            Attachment(name=f"r.{one}", media_type="x/y", body=b"\x00") for one in formats
        )
        return Notice(id=to.id, way=to.way, address=to.address, subject=to.subject,
                      text=to.subject, attachments=files)  # fmt: skip


class Post:
    """One notifier's step of reports."""

    def __init__(self, engine, telling):
        self.gathering = Gathering()
        self.schedules = ReportScheduleStore(engine)
        self.telling = telling
        self.begin()

    def begin(self):
        asked = self.telling
        self.post = ReportPost(
            self.schedules, asked.people, asked.plants, self.gathering, Papers(), asked.outbox,
            asked.ways, asked.clock,
        )  # fmt: skip

    def step(self):
        count = self.post.step()
        self.telling.steps()
        return count


@pytest.fixture
def post(engine, telling):
    return Post(engine, telling)


def wish(account, **more):
    return Schedule(account=account.id, site="plant", upto=NOW, formats=("xlsx",), **more)


def sent(telling):
    return [(one.address, one.subject) for one in telling.ways.find("mail").sent]


def test_after_the_shift_it_is_sent_once_with_its_files(telling, pages, post, manager):
    pages.keep(wish(manager))
    assert post.step() == 0
    telling.clock.at = SHIFT_END + timedelta(minutes=5)
    assert post.step() == 1
    assert sent(telling) == [("may@works.test", "report/2026-11-24/early")]
    (file,) = telling.ways.find("mail").sent[0].attachments
    assert (file.name, file.body) == ("r.xlsx", b"\x00")
    telling.clock.advance(hours=1)
    assert post.step() == 0
    assert len(sent(telling)) == 1


def test_a_notifier_that_dies_before_it_noted_sends_none_twice(telling, pages, post, manager):
    pages.keep(wish(manager))
    telling.clock.at = SHIFT_END + timedelta(minutes=5)
    noted, post.schedules.note = post.schedules.note, lambda *_: None
    post.step()
    post.schedules.note = noted
    post.begin()
    post.step()
    assert post.gathering.made == [("may@works.test", "early")] * 2
    assert len(sent(telling)) == 1


def test_two_notifiers_send_one(engine, telling, pages, post, manager):
    pages.keep(wish(manager))
    telling.clock.at = SHIFT_END + timedelta(minutes=5)
    other = Post(engine, Telling(engine, telling.clock, telling.ways))
    other.schedules.note = lambda *_: None
    other.step()
    post.step()
    assert len(sent(telling)) == 1


def test_a_way_that_fails_gets_the_same_again(telling, pages, post, manager):
    pages.keep(wish(manager))
    telling.ways.find("mail").answers.append(Transient("busy"))
    telling.clock.at = SHIFT_END + timedelta(minutes=5)
    post.step()
    telling.clock.advance(minutes=2)
    post.step()
    first, second = telling.ways.find("mail").sent
    assert first == second


def test_one_that_can_not_be_made_is_left_out_and_stops_no_other(
    telling, pages, post, manager, database_url
):
    pages.keep(wish(manager))
    telling.clock.at = SHIFT_END + timedelta(minutes=5)
    post.gathering.fails = ValueError("no words")
    assert post.step() == 0
    assert pages.of(manager.id, "plant").upto == SHIFT_END + timedelta(minutes=5)


def test_without_the_past_it_waits(telling, pages, post, manager):
    pages.keep(wish(manager))
    telling.clock.at = SHIFT_END + timedelta(minutes=5)
    post.gathering.fails = Unavailable("the history")
    with pytest.raises(Unavailable):
        post.post.step()
    post.gathering.fails = None
    assert post.step() == 1


def test_who_is_nobody_any_more_or_has_no_address_is_sent_nothing(
    telling, pages, post, database_url
):
    nowhere = account_of(database_url, Role.MANAGER, login="no-address")
    elsewhere = account_of(database_url, Role.MANAGER, login="e@works.test", sites=("other",))
    for one in (nowhere, elsewhere):
        pages.keep(wish(one))
    pages.keep(replace(wish(nowhere), account="gone"))
    telling.clock.at = SHIFT_END + timedelta(minutes=5)
    assert post.step() == 0
    assert (post.gathering.made, sent(telling)) == ([], [])


def test_a_schedule_is_kept_changed_and_dropped(pages, manager):
    said = wish(manager, at="07:30", days=(1, 2), language="zh-Hant")
    pages.keep(said)
    assert pages.of(manager.id, "plant") == said
    pages.keep(replace(said, shift="early", at=""))
    assert pages.all() == [replace(said, shift="early", at="")]
    pages.note(manager.id, "plant", NOW - timedelta(days=1))
    assert pages.of(manager.id, "plant").upto == NOW
    pages.drop(manager.id, "plant")
    assert pages.all() == []
