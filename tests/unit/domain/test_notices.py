"""Notices: cut to size at a character, and called by name are only those who are meant."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from data.domain.notices import Attachment, Notice, cut, fitted, linked, phones, plain_body, users

NOTICE = Notice(id="1", way="chat", subject="s", text="first", lines=("a", "b"))
WORDS = st.text(st.characters(codec="utf-8"))


@given(WORDS, st.integers(0, 60))
def test_what_is_cut_is_never_too_long_nor_breaks_a_character(text, most):
    got = cut(text, most)
    assert len(got.encode()) <= most
    assert got == text or text.startswith(got.removesuffix("…").rstrip())


def test_what_fits_is_left_as_it_is_and_what_does_not_ends_with_an_ellipsis():
    assert cut("停機停", 9) == "停機停"
    assert cut("停機停", 8) == "停…"
    assert cut("停機停", 2) == ""


@given(WORDS, st.text("abc:/", min_size=1, max_size=20), st.integers(30, 80))
def test_the_end_survives_whatever_comes_before_it(body, end, most):
    got = fitted(body, end, most)
    assert len(got.encode()) <= most
    assert got.endswith("\n" + end)


def test_those_called_by_name_are_phones_or_ids_each_once_and_never_everybody():
    mentions = ("13800000001", "+886-912345678", "li.wei", "li.wei", " ", "ALL", "@all", "4711")
    assert phones(mentions) == ["13800000001", "+886-912345678"]
    assert users(mentions) == ["li.wei", "4711"]


def test_a_keyword_is_added_only_where_it_is_missing():
    assert plain_body(NOTICE) == "first\na\nb"
    assert plain_body(NOTICE, "a") == "first\na\nb"
    assert plain_body(NOTICE, "Works") == "Works\nfirst\na\nb"


def test_a_link_stands_behind_its_words():
    told = msgspec.structs.replace(NOTICE, url="https://m/x", action="Open")
    assert linked(told) == "Open: https://m/x"
    assert linked(msgspec.structs.replace(told, action="")) == "https://m/x"
    assert linked(NOTICE) == ""


def test_a_notice_can_be_kept_whole():
    one = Attachment(name="a.pdf", media_type="application/pdf", body=bytes(range(256)))
    told = msgspec.structs.replace(NOTICE, attachments=(one,), document={"order": 1})
    assert msgspec.json.decode(msgspec.json.encode(told), type=Notice) == told
