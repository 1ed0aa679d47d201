"""The file of ways out: what it makes, what it refuses, and that it keeps its secrets."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from data.domain.notices import Rate
from data.notify import dingtalk, feishu, wecom
from data.notify.ways import NOBODY, WaysError, parse, read

PAGE = (Path(__file__).parents[3] / "docs" / "notifications.md").read_text()
KINDS = ("email", "dingtalk", "wecom", "feishu", "sms", "webhook")
NOW = datetime(2026, 11, 24, tzinfo=UTC)
WHSEC = "whsec_" + "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
ROBOT = {"kind": "wecom", "url": "https://qyapi.example/send?key=1"}
MAIL = {"kind": "email", "host": "smtp.works.test", "from": "Milepost <board@works.test>"}
SMS = {"kind": "sms", "url": "https://sms.example/send", "body": {"to": "{phone}"}}


def ways(env=None, **entries):
    return parse({"ways": entries}, env or {}, lambda: NOW)


def refusal(env=None, top=None, **entries):
    with pytest.raises(WaysError) as caught:
        parse({"ways": entries} | (top or {}), env or {}, lambda: NOW)
    return str(caught.value)


def test_every_kind_has_its_name_its_limit_and_whether_it_needs_an_address():
    made = ways(
        mail=MAIL | {"rate": {"count": 100, "per_s": 60}},
        chat=ROBOT,
        floor={"kind": "dingtalk", "url": "https://oapi.example/robot/send?access_token=1"},
        office={"kind": "feishu", "url": "https://open.example/hook/1", "secret": "s"},
        phone=SMS,
        erp={"kind": "webhook", "url": "https://erp.example/in", "secrets": [WHSEC]},
        theirs={"kind": "webhook", "secrets": [WHSEC]},
    )
    assert made.names() == ("chat", "erp", "floor", "mail", "office", "phone", "theirs")
    assert made.names("webhook") == ("erp", "theirs")
    found = {name: made.find(name) for name in made.names()}
    assert {n for n, way in found.items() if way.addressed} == {"mail", "phone", "theirs"}
    assert found["floor"].rate == Rate(20, 60.0, 600.0)
    assert found["chat"].rate == Rate(20, 60.0)
    assert found["office"].rate == Rate(100, 60.0)
    assert found["mail"].rate == Rate(100, 60.0)


def test_without_a_file_there_is_no_way_out():
    assert NOBODY.names() == ()
    assert NOBODY.find("mail") is None


def test_a_text_may_stand_in_the_environment_or_in_a_file(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("f1le-s3cret\n")
    chat = {"kind": "dingtalk", "url": "env:CHAT", "secret": f"file:{secret}"}
    way = ways({"CHAT": "https://oapi.example/send?access_token=1"}, chat=chat).find("chat")
    assert (way._url, way._secret) == ("https://oapi.example/send?access_token=1", "f1le-s3cret")


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"kind": "fax"}, "ways.x.kind: expected one of email, dingtalk"),
        ({}, "ways.x.kind: expected one of"),
        (ROBOT | {"url": "env:NO"}, "ways.x.url: the environment has no NO"),
        (ROBOT | {"url": "file:/no/such"}, "ways.x.url: no file /no/such that can be read"),
        (ROBOT | {"url": "http://chat.example/1"}, "ways.x.url: chat.example: expected an https"),
        (ROBOT | {"secret": "s"}, "ways.x: Object contains unknown field `secret`"),
        (MAIL | {"port": 0}, "ways.x: port: Expected `int` >= 1"),
        (MAIL | {"from": "board"}, "ways.x.from: expected an e-mail address"),
        (MAIL | {"from": "a@b.c\r\nBcc: x@y.z"}, "ways.x.from: expected an e-mail address"),
        (MAIL | {"login": "x", "security": "none"}, "ways.x.login: expected security"),
        (SMS | {"url": "https://{phone}.example/"}, "ways.x.url: expected placeholders behind"),
        (SMS | {"headers": {"X": "a\r\nY: b"}}, "ways.x.headers.X: expected plain text"),
        (SMS | {"success": {"matches": "("}}, "ways.x.success.matches: expected a regular"),
        ({"kind": "webhook", "secrets": []}, "ways.x: secrets: Expected `array` of length >= 1"),
        ({"kind": "webhook", "secrets": ["abc"]}, "ways.x.secrets: expected whsec_ and base 64"),
        ({"kind": "webhook", "secrets": ["whsec_YQ=="]}, "ways.x.secrets: expected whsec_ and 24"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_field(entry, expected):
    assert expected in refusal(x=entry)


def test_what_stands_beside_the_ways_is_checked_too(tmp_path):
    words = tmp_path / "words.pem"
    words.write_text("no certificate")
    assert "expected nothing but authorities" in refusal(top={"wasy": {}})
    assert "inside: expected a list of hosts" in refusal(top={"inside": "sms.works"})
    assert "authorities: expected the path" in refusal(top={"authorities": "/no/such"})
    assert "authorities: expected certificates" in refusal(top={"authorities": str(words)})
    assert "ways.Bad Name: expected a name" in refusal(**{"Bad Name": ROBOT})


def test_a_refusal_repeats_no_secret():
    env = {"S": "v3ry-s3cret-value"}
    entries = [
        {"kind": "webhook", "url": "https://x.example/", "secrets": ["env:S"]},
        MAIL | {"from": "env:S"},
        ROBOT | {"url": "env:S"},
        SMS | {"method": "env:S"},
    ]
    for entry in entries:
        assert "v3ry" not in refusal(env, x=entry)


def test_a_file_that_is_no_yaml_or_holds_a_mistake_is_named(tmp_path):
    file = tmp_path / "notify.yaml"
    file.write_text("ways: [")
    with pytest.raises(WaysError, match=r"notify\.yaml: not readable as YAML"):
        read(file, {}, lambda: NOW)
    file.write_text("ways: {x: {kind: fax}}")
    with pytest.raises(WaysError, match=r"notify\.yaml: ways\.x\.kind"):
        read(file, {}, lambda: NOW)


def test_inside_hosts_may_be_spoken_to_in_plain_http():
    document = {"inside": ["sms.works.test"], "ways": {"x": SMS | {"url": "http://sms.works.test"}}}
    assert parse(document, {}, lambda: NOW).names() == ("x",)


def test_the_example_of_the_documentation_can_be_used(tmp_path):
    example = re.search(r"```yaml\n(.*?)```", PAGE, re.S).group(1)
    file = tmp_path / "notify.yaml"
    file.write_text(example.replace("file:/run/secrets/mail", "s3cret"))
    env = dict.fromkeys(re.findall(r"env:(\w+)", example), "https://chat.example/1")
    keys = {name: WHSEC for name in env if "KEY" in name}
    made = read(file, env | keys, lambda: NOW)
    assert {made.find(name).kind for name in made.names()} == set(KINDS)


@pytest.mark.parametrize(
    ("column", "codes"), [(2, dingtalk.CODES), (3, wecom.CODES), (4, feishu.CODES)]
)
def test_the_documentation_names_the_codes_that_are_read(column, codes):
    for row, expected in (("too busy, tried again", codes.later), ("robot is gone", codes.gone)):
        cells = re.search(rf"^\| {row} .*$", PAGE, re.M).group(0).split("|")
        assert {int(code) for code in cells[column].split(",")} == expected
