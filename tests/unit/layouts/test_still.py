"""A tree as one value: its texts stay texts, and nothing that needs Dash gets in."""

import json

import pytest
from dash import dcc, html

from layouts.components.still import still


def sent(*children):
    return json.loads(getattr(still(html.Div(list(children)), "x"), "data-still"))


def test_an_element_becomes_its_tag_attributes_and_children():
    assert sent(html.Strong("7", className="mp-n")) == [
        "div", {}, [["strong", {"class": "mp-n"}, ["7"]]]
    ]  # fmt: skip


def test_attributes_have_their_names_in_html():
    (tag, attributes, _) = sent(html.Time("now", dateTime="2026-11-24", tabIndex=0))[2][0]
    assert (tag, attributes) == ("time", {"datetime": "2026-11-24", "tabindex": "0"})


def test_what_is_true_is_there_and_what_is_false_or_none_is_not():
    assert sent(html.Details([], open=True))[2][0][1] == {"open": ""}
    assert sent(html.Details([], open=False, className=None))[2][0][1] == {}


def test_a_style_goes_along_as_it_is():
    assert sent(html.Span(style={"left": "3%"}))[2][0][1] == {"style": {"left": "3%"}}


def test_lists_within_lists_and_nothing_are_flattened():
    assert sent(["a", [None, "b"]], 3)[2] == ["a", "b", "3"]


def test_texts_that_look_like_html_stay_texts():
    assert sent("<script>alert(1)</script>")[2] == ["<script>alert(1)</script>"]


def test_aria_and_data_attributes_go_along():
    marks = {"aria-label": "Why", "data-inner": "1"}
    assert sent(html.A("x", href="/orders", **marks))[2][0][1] == {"href": "/orders", **marks}


def test_a_component_that_needs_dash_is_refused():
    with pytest.raises(TypeError, match="Input"):
        still(html.Div(dcc.Input(id="i")), "x")
