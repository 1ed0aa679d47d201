"""Words, numbers, times and durations in every language; catalogues without a gap."""

import ast
import string
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from layouts.text import CATALOGUES, LOCALES, best_locale, translator

LAYOUTS = CATALOGUES.parent
KEYWORDS = {"t": None, "msgid": None, "self": None}
NOW = datetime(2026, 11, 24, 3, 42, tzinfo=UTC)
TAIPEI = "Asia/Taipei"


def messages():
    found = extract_from_dir(str(LAYOUTS), [("**.py", "python")], keywords=KEYWORDS)
    return {message for _, _, message, _, _ in found}


CHINESE = [locale for locale in LOCALES if locale != "en"]


def catalogue(locale):
    found = []
    for path in sorted((CATALOGUES / locale.replace("-", "_") / "LC_MESSAGES").glob("*.po")):
        with path.open("rb") as source:
            found += [message for message in read_po(source) if message.id]
    return found


def fields(text):
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)


@pytest.mark.parametrize("locale", CHINESE)
def test_catalogues_hold_every_message_of_the_code_and_no_other(locale):
    assert {message.id for message in catalogue(locale)} == messages()


@pytest.mark.parametrize("locale", CHINESE)
def test_a_message_that_stands_in_two_catalogues_says_the_same_in_both(locale):
    said = {}
    for message in catalogue(locale):
        assert said.setdefault(message.id, message.string) == message.string, message.id


@pytest.mark.parametrize("locale", CHINESE)
def test_every_message_is_translated_with_all_its_values(locale):
    for message in catalogue(locale):
        assert message.string, message.id
        assert not message.fuzzy, message.id
        assert fields(message.string) == fields(message.id), message.id


def test_the_two_chineses_do_not_mix():
    simplified = "".join(m.string for m in catalogue("zh-Hans"))
    traditional = "".join(m.string for m in catalogue("zh-Hant"))
    assert not set("單產線時無險數計遲餘") & set(simplified)
    assert not set("单产线时无险数计迟余") & set(traditional)


def literal_texts(path):
    """Yield texts that stand in the code as children of a component."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if getattr(node.func.value, "id", "") not in ("html", "dcc"):
            continue
        children = [*node.args, *(k.value for k in node.keywords if k.arg in ("children", "title"))]
        for child in children:
            items = child.elts if isinstance(child, ast.List) else [child]
            for item in items:
                if isinstance(item, ast.Constant) and isinstance(item.value, str):
                    yield item.value


def test_no_text_of_a_page_stands_in_the_code():
    allowed = {"Milepost", "python app.py import-plan FILE"}
    found = {text for path in LAYOUTS.rglob("*.py") for text in literal_texts(path)}
    assert {text for text in found if any(map(str.isalpha, text))} <= allowed


def test_a_language_without_catalogue_is_refused_by_name():
    with pytest.raises(ValueError, match=r"'de'.*zh-Hant"):
        translator("de")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (["zh-TW", "en"], "zh-Hant"),
        (["zh-HK"], "zh-Hant"),
        (["zh-CN"], "zh-Hans"),
        (["zh"], "zh-Hant"),
        (["en-GB"], "en"),
        (["de", "zh-Hans"], "zh-Hans"),
        (["de"], "en"),
        ([], "en"),
    ],
)
def test_the_readers_preference_finds_the_language(wanted, found):
    assert best_locale(wanted) == found


@pytest.mark.parametrize(
    ("seconds", "en", "hant", "hans"),
    [
        (0, "0 s", "0 秒", "0 秒"),
        (59.9, "59 s", "59 秒", "59 秒"),
        (60, "1 min", "1 分", "1 分"),
        (7800, "2 h 10 min", "2 時 10 分", "2 时 10 分"),
        (7200, "2 h", "2 小時", "2 小时"),
        (40000, "11 h", "11 小時", "11 小时"),
        (90000, "1 d 1 h", "1 天 1 時", "1 天 1 时"),
        (1e9, "11,574 d", "11,574 天", "11,574 天"),
        (-5, "0 s", "0 秒", "0 秒"),
    ],
)
def test_durations(seconds, en, hant, hans):
    assert [translator(locale).duration(seconds) for locale in ("en", "zh-Hant", "zh-Hans")] == [
        en,
        hant,
        hans,
    ]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(59, "0 min"), (3540, "59 min"), (18600, "5.1 h"), (36000, "10 h"), (172800, "2 d")],
)
def test_brief_durations_have_one_unit(seconds, said):
    assert translator("en").brief(seconds) == said


@pytest.mark.parametrize(
    ("share", "said"),
    [(0, "0"), (0.874, "87"), (0.986, "98.6"), (0.99999, "99.9"), (1, "100"), (None, "–")],
)
def test_percentages_never_say_all_of_less(share, said):
    assert translator("en").percent(share) == said


@pytest.mark.parametrize(
    ("after", "en", "hant"),
    [
        (timedelta(hours=2), "13:42", "13:42"),
        (timedelta(hours=26), "Wed 13:42", "週三 13:42"),
        (timedelta(days=17), "Dec 11", "12月11日"),
        (timedelta(days=-1), "Nov 23", "11月23日"),
        (timedelta(days=400), "Dec 2027", "2027年12月"),
    ],
)
def test_moments_are_as_short_as_they_can_be(after, en, hant):
    said = [translator(locale).moment(NOW + after, TAIPEI, NOW) for locale in ("en", "zh-Hant")]
    assert said == [en, hant]


def test_the_day_turns_at_the_sites_midnight():
    t = translator("en")
    assert t.moment(datetime(2026, 11, 24, 16, 0, tzinfo=UTC), TAIPEI, NOW) == "Wed 00:00"
    assert t.clock(NOW, "Europe/Madrid") == "04:42"


def test_catalogues_stand_where_the_code_looks():
    assert all(Path(CATALOGUES, locale.replace("-", "_")).is_dir() for locale in CHINESE)
