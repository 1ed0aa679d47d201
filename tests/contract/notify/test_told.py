"""From a move of an exception to the far side, with everything real between: SQL, words, ways."""

import msgspec
import psycopg
import pytest
from msgspec.structs import replace

from callbacks.papers import Papers
from callbacks.wording import Words
from data.domain.deliveries import LEAST_ATTEMPTS
from data.notify.dingtalk import DingTalk
from data.notify.webhook import Webhook
from data.services.disclosures import Disclosures
from data.services.live import utc_now
from data.settings import Settings
from data.store.disclosures import DisclosureStore
from data.store.scoped import WORKER, connect
from data.wiring import Engines, notifier_of
from tests.contract.notify.receivers import Receiver, answers, exchange
from tests.contract.telling import PLANT, RULE, FakeWay, FakeWays, Telling
from tests.engines import conninfo

DOWN, TAKEN = answers(503), answers(204)


@pytest.fixture
def engine(database_url):
    made = connect(database_url, role=WORKER)
    yield made
    made.dispose()


def telling(engine, **ways):
    rule = replace(RULE, ways=tuple(ways), levels=())
    made = Telling(engine, ways=FakeWays(**ways), rules=(rule,))
    made.wording = Words(
        made.plants, Disclosures(DisclosureStore(engine), b"s" * 32), "https://mp.example"
    )
    made.start()
    return made


def hook(receiver):
    return Webhook(exchange(), receiver.url + "/in", [b"k" * 32], "urn:milepost")


def test_a_receiver_that_is_down_for_most_of_a_day_gets_it_once_it_is_up_under_one_id(engine):
    with Receiver(DOWN) as receiver:
        one = telling(engine, hook=hook(receiver))
        case = one.raised()
        for _ in range(23 * 2):
            one.steps()
            one.clock.advance(minutes=30)
        assert one.states(case, "hook") == ["failed"]
        receiver.replies[:] = [TAKEN]
        one.clock.advance(hours=2)
        one.steps()
        assert one.states(case, "hook") == ["sent"]
    assert len(receiver.taken) > LEAST_ATTEMPTS
    assert len({taken.headers["webhook-id"] for taken in receiver.taken}) == 1
    assert len({taken.body for taken in receiver.taken}) == 1
    event = receiver.taken[-1].document
    assert event["type"] == "milepost.exception.raised"
    assert event["data"]["url"] == f"https://mp.example/exceptions/{case.number}?site=plant"


def test_a_receiver_that_stays_down_for_a_day_is_given_up_and_its_answer_kept(engine):
    with Receiver(DOWN) as receiver:
        one = telling(engine, hook=hook(receiver))
        case = one.raised()
        for _ in range(26):
            one.steps()
            one.clock.advance(hours=1, minutes=15)
        assert one.states(case, "hook") == ["given_up"]
    assert "503" in one.outbox.of("plant", case.number)[-1].answer


def test_a_robot_that_says_200_with_an_error_has_not_been_told(engine):
    error = answers(200, {"errcode": 310000, "errmsg": "sign not match"})
    with Receiver(error) as receiver:
        url = f"{receiver.url}/robot/send?access_token=t"
        one = telling(engine, group=DingTalk(exchange(), url))
        case = one.raised()
        one.steps()
        assert one.states(case, "group") == ["given_up"]
        assert "310000" in one.outbox.of("plant", case.number)[-1].answer


def test_an_address_that_is_gone_is_shut_and_asked_no_more(engine):
    with Receiver(answers(410)) as receiver:
        one = telling(engine, hook=hook(receiver))
        one.raised()
        one.steps()
        one.raised(subject="work-unit/W2")
        one.steps()
        assert len(receiver.taken) == 1
    assert [shut.way for shut in one.book.all_shut()] == ["hook"]


def test_the_program_puts_a_notifier_together_that_tells_and_shuts_what_is_no_more(
    engine, database_url, redis_url, tmp_path
):
    file = tmp_path / "ways.yaml"
    file.write_text("ways: {mail: {kind: email, host: localhost, from: a@works.test}}\n")
    settings = Settings.from_env(
        {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "MILEPOST_NOTIFY": str(file),
         "MILEPOST_SECRET": "s" * 32, "MILEPOST_PUBLIC_URL": "https://mp.example"}
    )  # fmt: skip
    with psycopg.connect(conninfo(database_url)) as connection:
        connection.execute(
            "INSERT INTO site (id, document, base) VALUES ('plant', %s, '')",
            [msgspec.json.encode(PLANT).decode()],
        )
    asked = telling(engine, group=FakeWay())
    asked.clock.at = utc_now()
    case = asked.raised()
    other = asked.raised(rule="work-unit-down", subject="work-unit/W2")  # one of the usual rules
    asked.planner.step()
    engines = Engines(settings, WORKER)
    try:
        notifier, senders = notifier_of(engines, settings, Words, Papers)
        assert sorted(senders) == ["daily reports", "mail"]
        while notifier.step():
            pass
    finally:
        engines.sql.dispose()
    assert asked.now(other).escalate_at is not None
    assert asked.states(case, "group") == ["given_up"]
    assert asked.sent("group") == []
