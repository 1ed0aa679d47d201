"""The pages that say one thing."""

import pytest

from layouts.components.again import EARLY, NONE, Again
from layouts.pages import message
from layouts.text import LOCALES, translator


def texts(tree):
    parts = [part for part in tree._traverse() if not isinstance(part, str)]
    alone = [part.children for part in parts if isinstance(getattr(part, "children", None), str)]
    return alone + [part for part in tree._traverse() if isinstance(part, str)]


def links(tree):
    return [part.href for part in tree._traverse() if getattr(part, "href", None)]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("page", [message.not_found, message.no_screen, message.broken])
def test_a_message_names_what_it_is_about_and_leads_on(page, locale):
    tree = page("x.y", translator(locale))
    assert "x.y" in texts(tree)
    assert links(tree) == ["/"]
    assert tree.lang == locale


def test_a_page_that_is_not_ready_leads_on_too():
    assert links(message.not_ready(translator("en"), Again("/ask", EARLY))) == ["/"]


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        (message.not_ready(translator("en"), Again("/ask", EARLY)), "early"),
        (message.no_screen("x.y", translator("en"), Again("/ask", NONE)), "none"),
    ],
)
def test_a_page_that_stands_in_for_a_wall_says_what_to_ask_and_what_it_shows(page, shown):
    marks = page.to_plotly_json()["props"]
    assert (marks["data-again"], marks["data-shown"]) == ("/ask", shown)
