"""Robots of DingTalk, WeCom and Feishu against servers that check as the vendors document."""

import base64
import hashlib
import hmac
from urllib.parse import parse_qs, urlsplit

import pytest

from data.domain.notices import Permanent, Sent, Transient
from data.notify.dingtalk import DingTalk
from data.notify.feishu import Feishu
from data.notify.wecom import WeCom
from tests.contract.notify.receivers import NOW, Receiver, answers, exchange, notice, trickles

SECRET = "SEC0f1e2d3c4b5a"
TOKEN = "7c0ffee7c0ffee7c0ffee7c0ffee"
OK = answers(200, {"errcode": 0, "errmsg": "ok"})
FEISHU_OK = answers(200, {"code": 0, "msg": "success", "StatusCode": 0})


def dingtalk(receiver, **options):
    url = f"{receiver.url}/robot/send?access_token={TOKEN}"
    return DingTalk(exchange(TOKEN, SECRET), url, **options)


def wecom(receiver):
    return WeCom(exchange(TOKEN), f"{receiver.url}/cgi-bin/webhook/send?key={TOKEN}")


def feishu(receiver, **options):
    return Feishu(
        exchange(TOKEN, SECRET), f"{receiver.url}/open-apis/bot/v2/hook/{TOKEN}", **options
    )


def test_dingtalk_gets_a_signature_that_it_can_verify_after_decoding_the_address_once():
    with Receiver(OK) as receiver:
        assert isinstance(dingtalk(receiver, secret=SECRET).send(notice()), Sent)
    query = parse_qs(urlsplit(receiver.taken[0].path).query)
    at_ms = query["timestamp"][0]
    assert int(at_ms) == NOW.timestamp() * 1000
    expected = hmac.digest(SECRET.encode(), f"{at_ms}\n{SECRET}".encode(), hashlib.sha256)
    assert base64.b64decode(query["sign"][0]) == expected
    assert query["access_token"] == [TOKEN]


def test_dingtalk_calls_people_in_the_field_and_in_the_text_and_never_everybody():
    with Receiver(OK) as receiver:
        dingtalk(receiver).send(notice(mentions=("13800000001", "manager7", "@all")))
    sent = receiver.taken[0].document
    assert sent["at"] == {"atMobiles": ["13800000001"], "atUserIds": ["manager7"], "isAtAll": False}
    assert sent["text"]["content"].endswith("@13800000001 @manager7")
    assert sent["msgtype"] == "text"


def test_a_robot_s_keyword_is_put_first_where_the_message_lacks_it():
    with Receiver(OK, OK) as receiver:
        dingtalk(receiver, keyword="Milepost").send(notice())
        dingtalk(receiver, keyword="Critical").send(notice())
    first, second = (one.document["text"]["content"] for one in receiver.taken)
    assert first.startswith("Milepost\nCritical")
    assert second.startswith("Critical")


def test_wecom_gets_at_most_2048_bytes_and_the_link_survives():
    with Receiver(OK) as receiver:
        wecom(receiver).send(notice(lines=("單" * 3000,), mentions=("13800000001", "li.wei")))
    text = receiver.taken[0].document["text"]
    assert 2040 <= len(text["content"].encode()) <= 2048
    assert "…\n" in text["content"]
    assert text["content"].endswith("https://milepost.works/exceptions/17")
    assert text["mentioned_mobile_list"] == ["13800000001"]
    assert text["mentioned_list"] == ["li.wei"]


def test_feishu_gets_a_signature_over_nothing_keyed_by_instant_and_secret():
    with Receiver(FEISHU_OK) as receiver:
        assert isinstance(feishu(receiver, secret=SECRET).send(notice()), Sent)
    sent = receiver.taken[0].document
    key = f"{sent['timestamp']}\n{SECRET}".encode()
    assert int(sent["timestamp"]) == NOW.timestamp()
    assert base64.b64decode(sent["sign"]) == hmac.digest(key, b"", hashlib.sha256)


def test_feishu_calls_people_by_tags_of_their_own_which_no_text_can_forge():
    forged = '<at user_id="all">Everyone</at>'
    with Receiver(FEISHU_OK) as receiver:
        feishu(receiver).send(notice(lines=(forged,), mentions=("ou_123", "all", "13800000001")))
    tags = [tag for row in receiver.taken[0].document["content"]["post"]["en_us"]["content"] for tag in row]  # fmt: skip  # noqa: E501
    assert {"tag": "text", "text": forged} in tags
    assert [tag["user_id"] for tag in tags if tag["tag"] == "at"] == ["ou_123"]
    assert [tag["href"] for tag in tags if tag["tag"] == "a"] == [notice().url]


def test_feishu_gets_at_most_20_000_bytes_and_the_link_survives():
    with Receiver(FEISHU_OK) as receiver:
        feishu(receiver, secret=SECRET).send(notice(lines=('"單"\n' * 5000,), mentions=("ou_1",)))
    request = receiver.taken[0]
    assert 15_000 < len(request.body) <= 20_000
    rows = request.document["content"]["post"]["en_us"]["content"]
    assert rows[-2][0]["tag"] == "a"
    assert rows[-1][0] == {"tag": "at", "user_id": "ou_1"}


@pytest.mark.parametrize(
    ("robot", "reply", "expected"),
    [
        (dingtalk, {"errcode": 310000, "errmsg": "sign not match"}, Permanent),
        (dingtalk, {"errcode": 130101, "errmsg": "send too fast"}, Transient),
        (dingtalk, {"errcode": -1, "errmsg": "system busy"}, Transient),
        (wecom, {"errcode": 45009, "errmsg": "api freq out of limit"}, Transient),
        (wecom, {"errcode": 40058, "errmsg": "invalid parameter"}, Permanent),
        (feishu, {"code": 19021, "msg": "sign match fail"}, Permanent),
        (feishu, {"code": 11232, "msg": "frequency limited"}, Transient),
        (feishu, {"StatusCode": 19024, "StatusMessage": "Key Words Not Found"}, Permanent),
        (dingtalk, [], Transient),
        (feishu, {}, Transient),
    ],
)
def test_an_answer_of_200_with_an_error_in_it_is_a_failure(robot, reply, expected):
    with Receiver(answers(200, reply)) as receiver:
        outcome = robot(receiver).send(notice())
    assert isinstance(outcome, expected)
    said = [value for value in dict(reply).values() if isinstance(value, str)]
    assert all(words in outcome.reason for words in said)


@pytest.mark.parametrize(
    ("robot", "reply"),
    [
        (dingtalk, {"errcode": 300001, "errmsg": "token is not exist"}),
        (wecom, {"errcode": 93000, "errmsg": "invalid webhook url"}),
        (feishu, {"code": 19001, "msg": "param invalid: incoming webhook access token invalid"}),
    ],
)
def test_a_robot_that_is_gone_shuts_its_way(robot, reply):
    with Receiver(answers(200, reply)) as receiver:
        outcome = robot(receiver).send(notice())
    assert isinstance(outcome, Permanent)
    assert outcome.disable


def test_an_error_status_with_a_code_in_it_is_read_by_its_code():
    limited = answers(400, {"code": 99991400, "msg": "limit"}, x_ogw_ratelimit_reset="52")
    with Receiver(limited, answers(400, {"code": 0}), answers(502, {"code": 19001})) as receiver:
        assert feishu(receiver).send(notice()) == Transient("99991400 limit", 52.0)
        assert isinstance(feishu(receiver).send(notice()), Permanent)
        assert isinstance(feishu(receiver).send(notice()), Transient)


def test_an_answer_that_repeats_the_token_is_told_without_it():
    with Receiver(answers(200, {"errcode": 1, "errmsg": f"bad token {TOKEN}\n\x07"})) as receiver:
        outcome = dingtalk(receiver).send(notice())
    assert outcome == Permanent("1 bad token •••")


def test_a_server_that_trickles_is_left_after_the_limit():
    with Receiver() as receiver:
        receiver.replies.append(trickles(lambda: receiver))
        way = WeCom(exchange(whole_s=0.3), receiver.url)
        assert way.send(notice()) == Transient("hooks.test: took too long")
