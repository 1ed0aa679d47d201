"""The access review: who can see what, by role and party; every way in, and what is odd about it.

Pure; `callbacks.desk.access` finds what it shows.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.access import Mark, Review, Sight, Way
from data.domain.scope import Role
from data.domain.view import Standing
from layouts.components import desk
from layouts.components.disclosure_words import KINDS, fields_said
from layouts.components.links import link
from layouts.components.still import still
from layouts.pages.people import ROLES
from layouts.sheets import Column, Sheet
from layouts.text import NONE, Translator, msgid

TITLE = msgid("Access")
MARKS = {
    Mark.UNUSED: msgid("unused for 90 days"),
    Mark.NEVER_USED: msgid("never used"),
    Mark.NO_AUTHENTICATOR: msgid("no authenticator"),
    Mark.INVITED: msgid("no password yet"),
    Mark.DISABLED: msgid("disabled"),
    Mark.REVOKED: msgid("revoked"),
    Mark.ENDED: msgid("ended"),
}
GROUPS = {
    "accounts": msgid("Accounts"),
    "links": msgid("Signed links"),
    "screens": msgid("Screens"),
    "keys": msgid("API keys"),
}
ODD = frozenset({Mark.UNUSED, Mark.NO_AUTHENTICATOR})
_CLOSED = frozenset({Mark.DISABLED, Mark.REVOKED, Mark.ENDED})
EVERY_SITE = "*"
Href = Callable[..., str]


class Shown(Struct, frozen=True, kw_only=True):
    """What the page shows. `names`: of the actors that made links and screens."""

    review: Review
    parties: Mapping[str, str]
    names: Mapping[str, str]
    odd: bool
    timezone: str
    site_name: str


def layout(shown: Shown, href: Href, t: Translator) -> Component:
    """Return the page."""
    lead = t(
        "Who can see what of {site}, as of {when}.",
        site=shown.site_name, when=t.exact(shown.review.at, shown.timezone),
    )  # fmt: skip
    parts = [_stats(shown.review, href, t), *_groups(shown, href, t)]
    if not shown.odd:
        parts.insert(1, _sights(shown, href, t))
    return html.Div(
        [
            desk.page_head(t(TITLE), lead, _which(shown, href, t)),
            still(html.Div(parts), "access-review"),
        ],
        className="mp-access",
    )


def _which(shown: Shown, href: Href, t: Translator) -> Component:
    ways = shown.review.ways
    items = [
        desk.Chip(
            words=t("Everything"),
            href=href(which=None),
            chosen=not shown.odd,
            count=t.number(len(ways)),
        ),
        desk.Chip(
            words=t("To be looked at"),
            href=href(which="odd"),
            chosen=shown.odd,
            count=t.number(sum(is_odd(way) for way in ways)),
        ),
    ]
    return desk.chips(items, t("Which ways in"))


def is_odd(way: Way) -> bool:
    """Whether a reviewer should look at it: it is open, and unused or without a second factor."""
    return way.open and bool(ODD & set(way.marks))


def _stats(review: Review, href: Href, t: Translator) -> Component:
    def tile(label: str, mark: Mark) -> Component:
        count = sum(way.open and mark in way.marks for way in review.ways)
        words = link(t.number(count), href(which="odd"), "mp-stat-link") if count else t.number(0)
        return desk.stat(label, words, None, Standing.AT_RISK if count else None)

    open_ = [way for way in review.ways if way.open]
    return desk.stats(
        desk.stat(t("Open ways in"), t.number(len(open_)), _kinds(review, t)),
        tile(t("Unused for 90 days"), Mark.UNUSED),
        tile(t("Without authenticator"), Mark.NO_AUTHENTICATOR),
        desk.stat(
            t("Never used"),
            t.number(sum(Mark.NEVER_USED in way.marks for way in open_)),
            t("made less than 90 days ago, or among the unused"),
        ),
    )


def _kinds(review: Review, t: Translator) -> str:
    counts = [
        f"{t(words)} {t.number(sum(way.open for way in getattr(review, name)))}"
        for name, words in GROUPS.items()
    ]
    return " · ".join(counts)


# What each may know


def _sights(shown: Shown, href: Href, t: Translator) -> Component:
    columns = [
        desk.TableColumn(key="role", heading=t("Role")),
        desk.TableColumn(key="party", heading=t("Party")),
        desk.TableColumn(key="ways", heading=t("Ways in"), css="mp-num"),
        desk.TableColumn(key="sees", heading=t("May see"), css="mp-sees"),
    ]
    rows = [
        desk.TableRow(
            key=f"{sight.role}-{sight.party}",
            cells={
                "role": t(ROLES[sight.role]),
                "party": _party(sight.party, shown),
                "ways": t.number(sight.ways),
                "sees": _sees(sight, href, t),
            },
        )
        for sight in shown.review.sights
    ]
    words = t("By the policies that hold now")
    return desk.section(t("Who may see what"), desk.table(columns, rows, t(TITLE)), words)


def _sees(sight: Sight, href: Href, t: Translator) -> list[Component]:
    said = sees_said(sight, t)
    if sight.whole or not sight.fields:
        return [html.Span(said[0])]
    words = "、" if t.locale.startswith("zh") else ", "
    kinds = words.join(t(KINDS[kind]) for kind in KINDS if kind in sight.fields)
    way = link(t("Policy"), href("/disclosure", role=sight.role.value, party=sight.party))
    return [
        html.Details(
            [html.Summary(kinds), *(html.P(line) for line in said), html.P(way)],
            id=f"sight-{sight.role}-{sight.party or ''}",
        )
    ]


def sees_said(sight: Sight, t: Translator) -> list[str]:
    """Say which kinds of rows and fields someone may see, in words."""
    if sight.whole:
        return [t("Everything of the site, as it is")]
    if not sight.fields:
        return [t("Nothing")]
    return [
        f"{t(KINDS[kind])} ({'; '.join(fields_said(sight.fields[kind], t))})"
        for kind in KINDS
        if kind in sight.fields
    ]


# The ways in


def _groups(shown: Shown, href: Href, t: Translator) -> Iterable[Component]:
    for name, words in GROUPS.items():
        ways: Sequence[Way] = getattr(shown.review, name)
        wanted = [way for way in ways if not shown.odd or is_odd(way)]
        if shown.odd and not wanted:
            continue
        open_ = sum(way.open for way in ways)
        count = t("{open} open of {all}", open=t.number(open_), all=t.number(len(ways)))
        if wanted:
            yield desk.section(t(words), _table(name, wanted, shown, href, t), count)
        else:
            yield desk.section(t(words), html.P(t("None"), className="mp-quiet"), count)


def _table(group: str, ways: Sequence[Way], shown: Shown, href: Href, t: Translator) -> Component:
    columns = [
        desk.TableColumn(
            key="name", heading=t("Name") if group == "accounts" else t("Designation")
        ),
        *([desk.TableColumn(key="role", heading=t("Role"))] if _has_role(group) else []),
        *([desk.TableColumn(key="party", heading=t("Party"))] if _has_role(group) else []),
        *([desk.TableColumn(key="sites", heading=t("Sites"))] if group == "accounts" else []),
        desk.TableColumn(key="made", heading=t("Made"), css="mp-num"),
        *([desk.TableColumn(key="ends", heading=t("Ends"), css="mp-num")] * (group == "links")),
        desk.TableColumn(key="used", heading=t("Used last"), css="mp-num"),
        desk.TableColumn(key="marks", heading=t("State")),
        desk.TableColumn(key="trail", heading=t("Audit trail")),
    ]
    rows = [_row(way, shown, href, t) for way in ways]
    return desk.table(columns, rows, t(GROUPS[group]))


def _has_role(group: str) -> bool:
    return group != "screens"


def _row(way: Way, shown: Shown, href: Href, t: Translator) -> desk.TableRow:
    def day(at: datetime | None, never: str = NONE) -> Component | str:
        if at is None:
            return never
        return html.Span(t.date(at, shown.timezone), title=t.exact(at, shown.timezone))

    made_by = shown.names.get(way.made_by, way.made_by)
    made = [day(way.made_at), *([html.Span(made_by, className="mp-made-by")] if made_by else [])]
    trail = link(t("Records"), href("/audit", actor=way.id, period="all"), "mp-row-link")
    return desk.TableRow(
        key=way.id,
        cells={
            "name": html.Span(_name(way, shown), title=way.id),
            "role": _role(way, t),
            "party": _party(way.party, shown),
            "sites": t("all") if EVERY_SITE in way.reach else ", ".join(way.reach),
            "made": made,
            "ends": day(way.ends_at),
            "used": day(way.used_at, t("never")),
            "marks": _marks(way, t),
            "trail": trail,
        },
    )


def _name(way: Way, shown: Shown) -> str:
    return shown.parties.get(way.name, way.name) or way.id


def _role(way: Way, t: Translator) -> str:
    if way.role is Role.SOURCE:
        return t("reports only")
    return t(ROLES[way.role]) if way.role in ROLES else ""


def _marks(way: Way, t: Translator) -> Component | str:
    words = [
        html.Span(t(MARKS[mark]), className=f"mp-mark-word mp-mark-{_tone(mark, way)}")
        for mark in way.marks
    ]
    return html.Span(words, className="mp-marks") if words else t("in use")


def _tone(mark: Mark, way: Way) -> str:
    if mark in _CLOSED:
        return "closed"
    return "odd" if mark in ODD and way.open else "plain"


def _party(party: str | None, shown: Shown) -> str:
    return "" if party is None else shown.parties.get(party, party)


# For spreadsheets


def sheets(shown: Shown, t: Translator) -> tuple[Sheet, ...]:
    """Return every way in, then what each role and party may see."""
    return _ways_sheet(shown, t), _sights_sheet(shown, t)


def _ways_sheet(shown: Shown, t: Translator) -> Sheet:
    columns = (
        Column(key="group", heading=t("Way in")),
        Column(key="id", heading=t("Actor")),
        Column(key="name", heading=t("Designation")),
        Column(key="role", heading=t("Role")),
        Column(key="party", heading=t("Party")),
        Column(key="reach", heading=t("Leads to")),
        Column(key="made", heading=t("Made"), kind="moment"),
        Column(key="by", heading=t("Made by")),
        Column(key="ends", heading=t("Ends"), kind="moment"),
        Column(key="used", heading=t("Used last"), kind="moment"),
        Column(key="uses", heading=t("Uses"), kind="number"),
        Column(key="open", heading=t("Still valid")),
        Column(key="marks", heading=t("State")),
    )
    rows = [
        {
            "group": t(words),
            "id": way.id,
            "name": _name(way, shown),
            "role": _role(way, t) or None,
            "party": _party(way.party, shown) or None,
            "reach": ", ".join(way.reach),
            "made": way.made_at,
            "by": shown.names.get(way.made_by, way.made_by) or None,
            "ends": way.ends_at,
            "used": way.used_at,
            "uses": way.uses,
            "open": t("yes") if way.open else t("no"),
            "marks": ", ".join(t(MARKS[mark]) for mark in way.marks),
        }
        for group, words in GROUPS.items()
        for way in getattr(shown.review, group)
        if not shown.odd or is_odd(way)
    ]
    return Sheet(name=t("Ways in"), columns=columns, rows=rows)


def _sights_sheet(shown: Shown, t: Translator) -> Sheet:
    columns = (
        Column(key="role", heading=t("Role")),
        Column(key="party", heading=t("Party")),
        Column(key="ways", heading=t("Ways in"), kind="number"),
        Column(key="sees", heading=t("May see")),
    )
    rows = [
        {
            "role": t(ROLES[sight.role]),
            "party": _party(sight.party, shown) or None,
            "ways": sight.ways,
            "sees": " / ".join(sees_said(sight, t)),
        }
        for sight in shown.review.sights
    ]
    return Sheet(name=t("Who may see what"), columns=columns, rows=rows)
