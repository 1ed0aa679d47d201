"""The roster: who is on call for which role, where and in which shift; who is just now.

A plain page without any script. Imported by `callbacks.roster`. Pure.
"""

from collections.abc import Sequence
from datetime import datetime

from markupsafe import Markup
from msgspec import Struct

from data.domain.exceptions.on_call import Post
from data.domain.people import Account
from data.domain.preferences import Duty
from data.domain.site import Site
from layouts.components.exception_looks import ROLES
from layouts.plain import Content, form, notice, tag
from layouts.text import Translator, msgid

TITLE = msgid("Who is on call")
PATH = "/roster"
SAID = {"saved": msgid("The roster was kept. It holds from now on.")}
WRONG = {
    "account": msgid("Choose people of the list."),
    "area": msgid("Choose a line of the list."),
    "shift": msgid("Choose a shift of the list."),
    "roster": msgid("There are too many lines."),
    "moved": msgid("Someone else changed the roster meanwhile. Look again."),
}
_SPARE = 3  # empty lines that the form offers


class Shown(Struct, frozen=True, kw_only=True):
    """What the page shows. `was`: a mark of the roster as it is shown."""

    site: Site
    duties: Sequence[Duty]
    staff: Sequence[Account]
    posts: Sequence[Post]
    now: datetime
    was: str
    done: str = ""
    wrong: str = ""


def layout(shown: Shown, csrf: str, t: Translator) -> Markup:
    """Return the page's body."""
    lead = t("Whom exceptions reach first. Off shift the next shift is told when it begins.")
    return Markup("").join(
        [
            tag("h1", f"{t(TITLE)} · {shown.site.name}"),
            notice(t(WRONG[shown.wrong]) if shown.wrong in WRONG else shown.wrong),
            notice(t(SAID[shown.done]) if shown.done in SAID else None, wrong=False),
            tag("p", lead, class_="mp-quiet"),
            _now(shown, t),
            tag("h2", t("Roster")),
            _form(shown, csrf, t),
        ]
    )


def _now(shown: Shown, t: Translator) -> Markup:
    """Return who is on call just now; where nobody is named, who is told then."""
    areas = {area.id: area.name or area.id for area in shown.site.areas}
    names = (t("Role"), t("Line"), t("Shift"), t("On call now"))
    head = tag("thead", tag("tr", [tag("th", name, scope="col") for name in names]))
    rows = [
        tag(
            "tr",
            tag("td", t(ROLES[post.role])),
            tag("td", areas.get(post.area, post.area)),
            tag("td", _shift(post, shown, t)),
            tag("td", _people(post, t)),
        )
        for post in shown.posts
    ]
    table = tag("table", head, tag("tbody", rows), class_="mp-table")
    return tag("div", table, class_="mp-table-box")


def _shift(post: Post, shown: Shown, t: Translator) -> str:
    if post.starts_at is None:
        return post.shift
    at = t.stamp(post.starts_at, shown.site.timezone, shown.now)
    return t("off shift; {shift} from {when}", shift=post.shift, when=at)


def _people(post: Post, t: Translator) -> Markup:
    if post.named:
        return tag("strong", ", ".join(one.name for one in post.named), class_="mp-notes-on")
    mark = tag("span", class_="mp-shape", aria_hidden="true")
    if not post.others:
        words = t("nobody: no account has this role")
        return tag("span", mark, " ", words, class_="mp-notes-way mp-is-late")
    words = t("nobody is named; all {count} are told", count=t.number(len(post.others)))
    return tag("span", mark, " ", words, class_="mp-notes-way mp-is-at-risk")


def _form(shown: Shown, csrf: str, t: Translator) -> Markup:
    duties: list[Duty | None] = [*shown.duties, *[None] * _SPARE]
    lines = [_line(place, one, shown, t) for place, one in enumerate(duties)]
    hidden = {"site": shown.site.id, "was": shown.was, "lines": str(len(lines))}
    words = t("Leave a line without a person to take it out.")
    fields: list[Content] = [tag("p", words, class_="mp-quiet"), lines]
    own = form(f"{PATH}/save", csrf, fields, t("Save"), hidden)
    return tag("div", own, class_="mp-notes-roster")


def _line(place: int, one: Duty | None, shown: Shown, t: Translator) -> Markup:
    people = [("", t("nobody")), *((a.id, f"{t(ROLES[a.role])}: {a.name}") for a in shown.staff)]
    areas = [("", t("every line")), *((a.id, a.name or a.id) for a in shown.site.areas)]
    shifts = [("", t("at any time")), *((name, name) for name in shift_names(shown.site))]
    number = t.number(place + 1)
    return tag(
        "div",
        _choice(t("Person, line {number}", number=number), f"account_{place}", people,
                one.account if one else ""),
        _choice(t("Line of the plant, line {number}", number=number), f"area_{place}", areas,
                one.area if one else ""),
        _choice(t("Shift, line {number}", number=number), f"shift_{place}", shifts,
                one.shift if one else ""),
        class_="mp-notes-line",
    )  # fmt: skip


def shift_names(site: Site) -> list[str]:
    """Return the names of a site's shifts, each once."""
    return list(dict.fromkeys(shift.name for one in site.calendars for shift in one.shifts))


def _choice(label: str, name: str, options: Sequence[tuple[str, str]], chosen: str) -> Markup:
    known = options if chosen in dict(options) else [*options, (chosen, chosen)]
    items = [tag("option", words, value=value, selected=value == chosen) for value, words in known]
    return tag("select", items, name=name, class_="mp-input", aria_label=label)
