"""Webhooks and gateways for text messages against real servers, well behaved and not."""

import base64
import hashlib
import hmac
from datetime import timedelta
from urllib.parse import parse_qs

import pytest

from data.domain.notices import Permanent, Sent, Transient
from data.notify.sms import Gateway, Sms, Success
from data.notify.webhook import Webhook
from tests.contract.notify.receivers import (
    NAME,
    NOW,
    Receiver,
    answers,
    certificate,
    exchange,
    hangs,
    notice,
)

KEY, OLD_KEY = b"k" * 32, b"o" * 32


def webhook(receiver, now=NOW, whole_s=10.0):
    return Webhook(
        exchange(now=now, whole_s=whole_s), receiver.url + "/in", [KEY, OLD_KEY], "urn:x"
    )


def verifies(taken, key):
    """Verify as Standard Webhooks tells a receiver to."""
    signed = f"{taken.headers['webhook-id']}.{taken.headers['webhook-timestamp']}.".encode()
    mine = base64.b64encode(hmac.digest(key, signed + taken.body, hashlib.sha256)).decode()
    return f"v1,{mine}" in taken.headers["webhook-signature"].split(" ")


def test_a_receiver_verifies_with_the_new_key_and_with_the_old_one():
    with Receiver(answers(204)) as receiver:
        assert webhook(receiver).send(notice()) == Sent("HTTP 204")
    taken = receiver.taken[0]
    assert verifies(taken, KEY)
    assert verifies(taken, OLD_KEY)
    assert not verifies(taken, b"x" * 32)


def test_what_is_sent_is_a_cloud_event():
    told = notice(
        event="milepost.milestone.reached", about="milestone/4711/shipped", at=NOW,
        document={"order": "4711"},
    )  # fmt: skip
    with Receiver(answers(200)) as receiver:
        webhook(receiver).send(told)
    taken = receiver.taken[0]
    assert taken.headers["content-type"].startswith("application/cloudevents+json")
    assert taken.document == {
        "specversion": "1.0",
        "id": "ntc-17-1",
        "source": "urn:x",
        "type": "milepost.milestone.reached",
        "subject": "milestone/4711/shipped",
        "time": "2026-11-24T03:42:00Z",
        "datacontenttype": "application/json",
        "data": {"order": "4711"},
    }


def test_another_attempt_has_the_same_id_and_body_a_timestamp_and_signature_of_its_own():
    with Receiver(answers(503), answers(200)) as receiver:
        assert isinstance(webhook(receiver).send(notice()), Transient)
        later = NOW + timedelta(minutes=5)
        assert isinstance(webhook(receiver, now=later).send(notice()), Sent)
    first, second = receiver.taken
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == "ntc-17-1"
    assert first.body == second.body
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 300
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    assert verifies(second, KEY)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("120", 120.0),
        ("Tue, 24 Nov 2026 03:43:00 GMT", 60.0),
        ("Tue, 24 Nov 2026 03:00:00 GMT", 0.0),
        ("99999999", 86400.0),
        ("soon", None),
    ],
)
def test_what_a_busy_receiver_asks_to_wait_is_heard_up_to_a_day(given, expected):
    with Receiver(answers(429, b"slow down", Retry_After=given)) as receiver:
        outcome = webhook(receiver).send(notice())
    assert outcome == Transient("HTTP 429 slow down", expected)


def test_gone_shuts_the_way_and_other_refusals_only_this_notice():
    with Receiver(answers(410), answers(400, b"no"), answers(404), answers(500)) as receiver:
        outcomes = [webhook(receiver).send(notice()) for _ in range(4)]
    assert outcomes[0] == Permanent("HTTP 410", disable=True)
    assert outcomes[1] == Permanent("HTTP 400 no")
    assert isinstance(outcomes[2], Transient)
    assert isinstance(outcomes[3], Transient)


def test_a_redirect_is_a_failure_and_is_not_followed():
    with Receiver(answers(200)) as elsewhere, Receiver() as receiver:
        receiver.replies.append(answers(302, Location=elsewhere.url))
        assert isinstance(webhook(receiver).send(notice()), Permanent)
    assert elsewhere.taken == []


def test_a_huge_answer_is_not_read_to_its_end():
    with Receiver(answers(400, b"x" * 5_000_000)) as receiver:
        outcome = webhook(receiver).send(notice())
    assert isinstance(outcome, Permanent)
    assert len(outcome.reason) < 230


def test_a_receiver_that_hangs_is_left_after_the_limit():
    with Receiver() as receiver:
        receiver.replies.append(hangs(lambda: receiver))
        assert webhook(receiver, whole_s=0.3).send(notice()) == Transient(f"{NAME}: took too long")


def test_a_server_that_is_down_is_tried_again_and_takes_it_when_it_is_up():
    receiver = Receiver(answers(200))
    way = webhook(receiver)
    receiver._server.socket.close()
    assert way.send(notice()) == Transient(f"{NAME}: refused the connection")
    receiver._server.server_close()
    with Receiver(answers(200)) as up:
        assert isinstance(webhook(up).send(notice()), Sent)


def test_what_speaks_no_http_is_tried_again():
    with Receiver(lambda handler: handler.wfile.write(b"SSH-2.0-x\r\n")) as receiver:
        assert isinstance(webhook(receiver).send(notice()), Transient)


def test_a_private_connection_is_made_in_the_name_of_the_host_though_to_its_address(tmp_path):
    context, trusted = certificate(tmp_path)
    with Receiver(answers(200)) as receiver:
        receiver.private(context)
        url = f"https://{NAME}:{receiver.port}/in?a=1"
        way = Webhook(exchange(authorities=trusted), url, [KEY], "urn:x")
        assert isinstance(way.send(notice()), Sent)
    assert receiver.taken[0].headers["host"] == f"{NAME}:{receiver.port}"
    assert receiver.taken[0].path == "/in?a=1"


def test_a_certificate_of_another_name_or_of_nobody_known_is_not_trusted(tmp_path):
    context, trusted = certificate(tmp_path, "127.0.0.1")
    with Receiver(answers(200)) as receiver:
        receiver.private(context)
        url = f"https://{NAME}:{receiver.port}/in"
        for authorities in (trusted, None):
            way = Webhook(exchange(authorities=authorities), url, [KEY], "urn:x")
            outcome = way.send(notice())
            assert isinstance(outcome, Transient)
            assert "certificate is not trusted" in outcome.reason
    assert receiver.taken == []


def sms(receiver, *secrets, path="/send", **fields):
    return Sms(exchange(*secrets), Gateway(url=receiver.url + path, **fields))


def test_a_gateway_gets_its_own_form_of_json_and_no_text_becomes_a_field():
    body = {"to": ["{phone}"], "message": {"text": "{text}", "ref": "{id}"}, "priority": 1}
    told = notice(address="+86 138-0000-0001", text='x", "to": "{id}"', url=None)
    with Receiver(answers(200, {"code": "0"})) as receiver:
        way = sms(receiver, headers={"Authorization": "Bearer k3y"}, body=body,
                  success=Success(field="code", equals=(0,)))  # fmt: skip
        assert isinstance(way.send(told), Sent)
    taken = receiver.taken[0]
    assert taken.headers["authorization"] == "Bearer k3y"
    assert taken.document == {
        "to": ["+8613800000001"],
        "message": {"text": 'x", "to": "{id}"', "ref": "ntc-17-1"},
        "priority": 1,
    }


def test_a_gateway_gets_a_form_or_an_address_with_everything_quoted():
    told = notice(address="13800000001", text="停機 & more\nagain", url=None)
    with Receiver(answers(200)) as receiver:
        sms(receiver, encoding="form", body={"m": "{phone}", "t": "{text}"}).send(told)
        sms(receiver, path="/send?m={phone}&t={text}", method="GET").send(told)
    form, address = receiver.taken
    expected = {"m": ["13800000001"], "t": ["停機 & more again"]}
    assert parse_qs(form.body.decode()) == expected
    assert parse_qs(address.path.partition("?")[2]) == expected
    assert address.method == "GET"


def test_the_gateway_s_own_word_counts_not_its_status():
    rule = Success(field="result.0.code", equals=("0", 0), later=(8,))
    replies = [{"result": [{"code": code}]} for code in (0, "0", 5, 8)] + [{}]
    with Receiver(*(answers(200, reply) for reply in replies)) as receiver:
        way = sms(receiver, body={}, success=rule)
        kinds = [type(way.send(notice(address="13800000001"))) for _ in replies]
    assert kinds == [Sent, Sent, Permanent, Transient, Permanent]


def test_a_gateway_that_answers_in_text_is_read_by_a_pattern_and_its_echo_holds_no_secret():
    with Receiver(answers(200, b"OK:1"), answers(200, b"ERR key=s3cr3t")) as receiver:
        way = sms(receiver, "s3cr3t", body={}, success=Success(matches="^OK"))
        told = notice(address="13800000001")
        assert way.send(told) == Sent("OK:1")
        assert way.send(told) == Permanent("ERR key=•••")


def test_what_is_no_phone_number_is_not_sent():
    with Receiver(answers(200)) as receiver:
        for address in ("", "li@works", "123", "1380000\r\n0001"):
            assert isinstance(sms(receiver, body={}).send(notice(address=address)), Permanent)
    assert receiver.taken == []
