"""Signatures by vectors that others made, and what the texts around them are."""

import base64

import pytest

from data.notify import dingtalk, feishu
from data.notify.webhook import key_of, signature


def test_a_webhook_is_signed_as_the_example_of_the_specification():
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == expected


def test_dingtalk_and_feishu_sign_the_same_parts_in_different_places():
    ding = dingtalk.signature(1577262236757, "SEC0000")
    shu = feishu.signature(1577262236757, "SEC0000")
    assert ding != shu
    assert len(base64.b64decode(ding)) == len(base64.b64decode(shu)) == 32


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_YQ==", "whsec_!", "MfKQ9r8GKYqrTwjUPD8I"])
def test_a_secret_that_is_none_is_refused(secret):
    with pytest.raises(ValueError, match="whsec_ and"):
        key_of(secret)
