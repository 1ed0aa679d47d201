"""One's own notifications: what one was told lately, by which ways one is told, and how to say so.

A plain page without any script. Imported by `callbacks.notifications`. Pure.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from markupsafe import Markup
from msgspec import Struct

from data.domain.deliveries import Delivery, DeliveryState
from data.domain.exceptions.records import Severity
from data.domain.preferences import DIGESTS_MIN, LANGUAGES, MOST_WAYS, Chosen, Preference
from data.domain.told import Line
from layouts.components.exception_looks import SEVERITIES, SEVERITY_LOOKS
from layouts.plain import Content, field, form, notice, tag
from layouts.text import LOCALE_NAMES, NONE, Translator, msgid
from layouts.theme import LOOKS

TITLE = msgid("Notifications")
PATH = "/notifications"
TEST = msgid("A test from Milepost")
TEST_WORDS = msgid("If you read this, this way works.")
STATES = {
    DeliveryState.WAITING: msgid("goes out"),
    DeliveryState.HELD: msgid("held"),
    DeliveryState.FAILED: msgid("failed, is tried again"),
    DeliveryState.FOLDED: msgid("in a digest"),
    DeliveryState.SENT: msgid("sent"),
    DeliveryState.GIVEN_UP: msgid("given up"),
    DeliveryState.WITHDRAWN: msgid("not needed any more"),
}
_BAD = frozenset({DeliveryState.FAILED, DeliveryState.GIVEN_UP})
SAID = {
    "saved": msgid("Saved. It holds from the next notification on."),
    "opened": msgid("The way is open again."),
    "marked": msgid("Thank you: the rule's page sums that up."),
}
WRONG = {
    "ways": msgid("Choose each way once, at most {most}."),
    "address": msgid("This way needs exactly one address."),
    "quiet": msgid("Quiet hours need a beginning and an end that differ, such as 22:00 and 07:00."),
    "digest_min": msgid("Choose a digest of the list."),
    "language": msgid("Choose a language of the list."),
    "mention": msgid("A mention is a phone number or the user id of the chat."),
    "least": msgid("Choose a severity of the list."),
    "soon": msgid("A test was sent just now. Wait a moment."),
    "gone": msgid("Save this way first, then try it."),
}
_ROWS = 2  # ways that the form offers, unless there are more


class Shut(Struct, frozen=True, kw_only=True):
    """A way, or one address of it, that takes nothing any more."""

    way: str
    address: str
    reason: str
    at: datetime


class Shown(Struct, frozen=True, kw_only=True):
    """What the page shows. `ways`: that may be chosen; `addressed`: those that need an address.

    `timezone`: of the reader's site; `shut`: None for who isn't to open ways. `tested`: what came
    of a test: whether it went out, and the answer. `marks`: whether exceptions may be marked.
    """

    said: Preference
    ways: Mapping[str, bool]
    lines: Sequence[Line]
    now: datetime
    timezone: str
    marks: bool
    shut: Sequence[Shut] | None = None
    tested: tuple[bool, str] | None = None
    done: str = ""
    wrong: str = ""


def layout(shown: Shown, csrf: str, t: Translator) -> Markup:
    """Return the page's body."""
    wrong = t(WRONG[shown.wrong], most=MOST_WAYS) if shown.wrong in WRONG else shown.wrong
    return Markup("").join(
        [
            tag("h1", t(TITLE)),
            notice(wrong),
            notice(t(SAID[shown.done]) if shown.done in SAID else None, wrong=False),
            _tested(shown, t),
            tag("div", _told(shown, csrf, t), _preference(shown, csrf, t), class_="mp-notes"),
            _shut(shown, csrf, t),
        ]
    )


def _tested(shown: Shown, t: Translator) -> Markup:
    if shown.tested is None:
        return Markup("")
    went, answer = shown.tested
    words = t("The test went out: {answer}") if went else t("The test did not go out: {answer}")
    return notice(words.format(answer=answer), wrong=not went)


def _told(shown: Shown, csrf: str, t: Translator) -> Markup:
    head = tag("h2", t("What you were told lately"))
    if not shown.lines:
        words = t("Nothing yet. What concerns you appears here, whatever your ways are.")
        return tag("section", head, tag("p", words, class_="mp-quiet"))
    items = [_line(one, shown, csrf, t) for one in shown.lines]
    return tag("section", head, tag("ol", items, class_="mp-notes-list"))


def _line(one: Line, shown: Shown, csrf: str, t: Translator) -> Markup:
    own = one.told.own
    at = t.stamp(own.planned_at, shown.timezone, shown.now)
    fresh = tag("span", t("new"), class_="mp-notes-new") if one.fresh else None
    words = t("not open to you any more") if one.said is None else one.said.subject
    href = None if one.said is None else one.said.url
    title = tag("a", words, href=href) if href else tag("span", words, class_="mp-quiet")
    about = "" if one.said is None else " · ".join(one.said.text.split(" · ")[1:])
    return tag(
        "li",
        _shape(own.severity, t),
        tag(
            "div",
            tag("div", title, fresh, class_="mp-notes-title"),
            tag("div", tag("time", at), f" · {about}" if about else None, class_="mp-notes-about"),
            tag("div", [_went(each, t) for each in one.told.ways], class_="mp-notes-ways"),
        ),
        _marks(one, shown, csrf, t),
        class_="mp-notes-fresh" if one.fresh else None,
    )


def _shape(severity: Severity | None, t: Translator) -> Markup:
    if severity is None:
        return tag("span", class_="mp-notes-shape mp-is-done", aria_hidden="true")
    words = t(SEVERITIES[severity])
    css = f"mp-notes-shape {LOOKS[SEVERITY_LOOKS[severity]].css}"
    inner = (tag("span", class_="mp-shape", aria_hidden="true"),
             tag("span", words, class_="mp-unseen"))  # fmt: skip
    return tag("span", *inner, class_=css, title=words)


def _went(one: Delivery, t: Translator) -> Markup:
    """Return how far it got on one way; what failed says why."""
    bad = one.state in _BAD
    words = f"{one.way}: {t(STATES[one.state])}"
    answer = f" ({one.answer})" if bad and one.answer else ""
    mark = tag("span", class_="mp-shape", aria_hidden="true") if bad else None
    return tag("span", mark, words + answer, class_="mp-notes-way mp-is-late" if bad else
               "mp-notes-way")  # fmt: skip


def _marks(one: Line, shown: Shown, csrf: str, t: Translator) -> Markup:
    if not shown.marks or one.number is None or one.said is None:
        return Markup("")
    choices = ((t("useful"), "1", one.useful is True), (t("noise"), "0", one.useful is False))
    buttons = [
        tag(
            "button", words, type="submit", name="useful", value=value,
            class_="mp-small-button", aria_pressed="true" if chosen else "false",
        )
        for words, value, chosen in choices
    ]  # fmt: skip
    hidden = _hidden(csrf, site=one.told.own.site, number=str(one.number))
    return tag(
        "form", hidden, buttons, method="post", action=f"{PATH}/mark", class_="mp-notes-marks"
    )


def _preference(shown: Shown, csrf: str, t: Translator) -> Markup:
    said = shown.said
    severities = [(one.value, t(SEVERITIES[one])) for one in reversed(Severity)]
    quiet = said.quiet
    fields: list[Content] = [
        _choice(t("Tell me from this severity on"), "least", severities, said.least.value),
        _ways(shown, t),
        tag(
            "fieldset",
            tag("legend", t("Quiet hours, by the site's clock")),
            tag(
                "div",
                field(t("from"), "quiet_start", type="time", required=False,
                      value=quiet.start if quiet else ""),
                field(t("to"), "quiet_finish", type="time", required=False,
                      value=quiet.finish if quiet else ""),
                class_="mp-notes-pair",
            ),
            _tick("critical_breaks", said.critical_breaks, t("Critical ones come at any time")),
        ),
        _choice(t("Gather into a digest"), "digest_min", _digests(t), str(said.digest_min)),
        _tick("returns", said.returns, t("Also tell me when it is back to normal")),
        _choice(t("Language of messages"), "language", _languages(t), said.language),
        field(
            t("How a group chat mentions me (phone or user id)"), "mention", required=False,
            value=said.mention, maxlength=64, autocomplete="off",
        ),
    ]  # fmt: skip
    own = form(f"{PATH}/save", csrf, fields, t("Save"))
    return tag("section", tag("h2", t("How I am told")), own, _tests(shown, csrf, t))


def _ways(shown: Shown, t: Translator) -> Markup:
    legend = tag("legend", t("Ways, the first that works"))
    if not shown.ways:
        words = t("No way out is set up here. Everything stands in this list.")
        return tag("fieldset", legend, tag("p", words, class_="mp-quiet"))
    chosen = [*shown.said.ways, *[Chosen(way="")] * MOST_WAYS]
    count = min(MOST_WAYS, max(_ROWS, len(shown.said.ways) + 1))
    options = [("", NONE), *((name, name) for name in shown.ways)]
    rows = [
        tag(
            "div",
            _choice(_way_words(place, t), f"way_{place}", options, one.way),
            field(t("Address"), f"address_{place}", required=False, value=one.address,
                  maxlength=320, autocomplete="off"),
            class_="mp-notes-pair",
        )
        for place, one in enumerate(chosen[:count])
    ]  # fmt: skip
    return tag("fieldset", legend, rows)


def _way_words(place: int, t: Translator) -> str:
    return t("Way {number}", number=t.number(place + 1))


def _tests(shown: Shown, csrf: str, t: Translator) -> Markup:
    forms = [
        form(
            f"{PATH}/test", csrf, None, t("Send me a test by {way}", way=one.way), {"way": one.way}
        )
        for one in shown.said.ways
    ]
    return tag("div", forms, class_="mp-notes-tests")


def _shut(shown: Shown, csrf: str, t: Translator) -> Markup:
    """Return what takes nothing any more, for who can open it again."""
    if not shown.shut:
        return Markup("")
    rows = [
        tag(
            "tr",
            tag("td", tag("span", class_="mp-shape", aria_hidden="true"), f" {one.way}",
                class_="mp-is-late"),
            tag("td", one.address or t("altogether")),
            tag("td", t.stamp(one.at, shown.timezone, shown.now)),
            tag("td", one.reason, class_="mp-notes-reason"),
            tag("td", form(f"{PATH}/open", csrf, None, t("Open again"),
                           {"way": one.way, "address": one.address})),
        )
        for one in shown.shut
    ]  # fmt: skip
    names = (t("Way"), t("Address"), t("Shut"), t("What the far side said"), "")
    head = tag("thead", tag("tr", [tag("th", name, scope="col") for name in names]))
    table = tag("table", head, tag("tbody", rows), class_="mp-table")
    words = t("Nothing is sent there. Mend the cause, then open it again.")
    return tag(
        "section", tag("h2", t("Ways that are shut")), tag("p", words, class_="mp-quiet"),
        tag("div", table, class_="mp-table-box"),
    )  # fmt: skip


def _digests(t: Translator) -> list[tuple[str, str]]:
    return [
        (str(one), t("every {duration}", duration=t.duration(one * 60)) if one else t("no, each"))
        for one in DIGESTS_MIN
    ]


def _languages(t: Translator) -> list[tuple[str, str]]:
    return [(one, LOCALE_NAMES[one] if one else t("as the program")) for one in LANGUAGES]


def _choice(label: str, name: str, options: Sequence[tuple[str, str]], chosen: str) -> Markup:
    items = [
        tag("option", words, value=value, selected=value == chosen) for value, words in options
    ]
    control = tag("select", items, name=name, class_="mp-input")
    return tag("label", tag("span", label, class_="mp-field-name"), control, class_="mp-field")


def _tick(name: str, on: bool, words: str) -> Markup:
    box = tag("input", type="checkbox", name=name, value="1", checked=on)
    return tag("label", box, tag("span", words), class_="mp-notes-tick")


def _hidden(csrf: str, **values: str) -> list[Markup]:
    return [
        tag("input", type="hidden", name=name, value=value)
        for name, value in {"csrf_token": csrf, **values}.items()
    ]
