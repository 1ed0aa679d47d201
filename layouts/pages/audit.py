"""The audit trail: who did what, when, from where; each record unfolds with what changed.

Pure; `callbacks.desk.audit` finds what it shows.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.audit import Action, AuditRecord, Break, Detail, Fault, Head
from data.domain.view import Standing
from layouts.components import desk, forms
from layouts.components.links import link
from layouts.components.still import still
from layouts.sheets import Column, Sheet
from layouts.text import NONE, Translator, msgid

TITLE = msgid("Audit trail")
PERIODS = {
    "1d": msgid("Today"),
    "7d": msgid("7 days"),
    "30d": msgid("30 days"),
    "all": msgid("All time"),
}
USUAL, CUSTOM = "30d", "custom"
FILTERS = ("actor", "action", "party", "q")
ACTIONS = {
    Action.SIGNED_IN: msgid("signed in"),
    Action.SIGNED_OUT: msgid("signed out"),
    Action.SIGN_IN_REFUSED: msgid("was not let in"),
    Action.REFUSED: msgid("was refused"),
    Action.SAW: msgid("looked at"),
    Action.EXPORTED: msgid("exported"),
    Action.REPORTED: msgid("reported"),
    Action.ACCOUNT_CHANGED: msgid("changed an account"),
    Action.POLICY_CHANGED: msgid("changed what is disclosed"),
    Action.LINK_MADE: msgid("made a link"),
    Action.LINK_USED: msgid("used a link"),
    Action.LINK_REVOKED: msgid("revoked a link"),
    Action.SCREEN_CHANGED: msgid("changed a screen"),
    Action.KEY_CHANGED: msgid("changed an API key"),
    Action.DATE_CHANGED: msgid("changed a date"),
    Action.COMMENTED: msgid("commented"),
    Action.EXCEPTION_MOVED: msgid("moved an exception"),
    Action.RULE_CHANGED: msgid("changed a rule"),
    Action.EXCEPTION_MOVED: msgid("moved an exception"),
    Action.RULE_CHANGED: msgid("changed a rule"),
}
BREAKS = {
    Break.ALTERED: msgid("altered, or out of its place"),
    Break.MISSING: msgid("missing"),
    Break.CUT_OFF: msgid("cut off: the chain ended later once"),
}
_REFUSED = frozenset({Action.SIGN_IN_REFUSED, Action.REFUSED})
Href = Callable[..., str]


class Checked(Struct, frozen=True, kw_only=True):
    """What came of walking the chain. `against`: the number of a head that was kept, if one."""

    head: Head
    fault: Fault | None
    against: int | None = None


class Shown(Struct, frozen=True, kw_only=True):
    """What the page shows. `names`: of actors, as far as they have one."""

    records: Sequence[AuditRecord]
    total: int
    page: int
    pages: int
    period: str
    since: date | None
    until: date | None
    actor: str | None
    action: str | None
    party: str | None
    words: str
    names: Mapping[str, str]
    parties: Mapping[str, str]
    timezone: str
    site_name: str
    checked: Checked | None = None


def layout(shown: Shown, href: Href, t: Translator) -> Component:
    """Return the page."""
    lead = t("Records of {site}, and those that belong to no site.", site=shown.site_name)
    below = [*_removable(shown, href, t), *_list(shown, href, t)]
    return html.Div(
        [
            desk.page_head(t(TITLE), lead, _periods(shown, href, t)),
            _filters(shown, href, t),
            _chain(shown, href, t),
            still(html.Div(below), "audit-records"),
        ],
        className="mp-audit",
    )


def _periods(shown: Shown, href: Href, t: Translator) -> list[Component]:
    usual = {"from": None, "to": None, "page": None}
    items = [
        desk.Chip(
            words=t(words),
            href=href(period=None if name == USUAL else name, **usual),
            chosen=shown.period == name,
        )
        for name, words in PERIODS.items()
    ]
    fields = [
        forms.day_field("from", shown.since and shown.since.isoformat(), t("From day")),
        forms.day_field("to", shown.until and shown.until.isoformat(), t("To day")),
    ]
    days = forms.form(href(period=None, **usual), fields, t("Any other period"))
    return [desk.chips(items, t("Period")), days]


def _filters(shown: Shown, href: Href, t: Translator) -> Component:
    actions = [("", t("anything")), *((a.value, t(words)) for a, words in ACTIONS.items())]
    actors = [("", t("anybody")), *sorted(shown.names.items(), key=lambda one: one[1])]
    parties = [("", t("any party")), *sorted(shown.parties.items(), key=lambda one: one[1])]
    fields = [
        forms.search_field("q", shown.words, t("Search"), t("Subject or actor")),
        forms.choice_field("actor", _with(actors, shown.actor), shown.actor, t("Who")),
        forms.choice_field("action", actions, shown.action, t("What")),
        forms.choice_field("party", _with(parties, shown.party), shown.party, t("Whose data")),
    ]
    action = href(**dict.fromkeys((*FILTERS, "page")))
    return html.Div(forms.form(action, fields, t("Search the trail")), className="mp-filters")


def _with(options: list[tuple[str, str]], chosen: str | None) -> list[tuple[str, str]]:
    """Add what an address asks for and nobody offers."""
    known = chosen is None or any(value == chosen for value, _ in options)
    return options if known else [*options, (chosen or "", chosen or "")]


def _removable(shown: Shown, href: Href, t: Translator) -> list[Component]:
    said = {
        "actor": shown.names.get(shown.actor or "", shown.actor),
        "action": shown.action and t(ACTIONS[Action(shown.action)]),
        "party": shown.parties.get(shown.party or "", shown.party),
        "q": shown.words,
    }
    found = [
        desk.removable(words, href(**{name: None}, page=None), t)
        for name, words in said.items()
        if words
    ]
    return [html.Div(found, className="mp-chips mp-audit-set", role="group")] if found else []


# Whether the chain holds


def _chain(shown: Shown, href: Href, t: Translator) -> Component:
    checked = shown.checked
    if checked is None:
        words = t("Each record carries a code made with the code of the one before it.")
        way = link(t("Check the whole chain"), href(verify="1"), "mp-small-button")
        return html.Div([html.Span(words), way], className="mp-chain")
    return html.Div(
        [_verdict(checked, t), *_end(checked, t), _compare(href, t)],
        className="mp-chain mp-chain-checked",
        role="status",
    )


def _verdict(checked: Checked, t: Translator) -> Component:
    if checked.fault is not None:
        words = t(
            "The chain is broken: record {number} is {what}.",
            number=checked.fault.number,
            what=t(BREAKS[checked.fault.what]),
        )
        return html.P(desk.standing(Standing.LATE, t, words))
    words = t("The chain holds: {count} records.", count=t.number(checked.head.number))
    more = t("It still has the end that was kept.") if checked.against is not None else ""
    return html.P(desk.standing(Standing.DONE, t, f"{words} {more}".strip()))


def _end(checked: Checked, t: Translator) -> list[Component]:
    if checked.fault is not None or not checked.head.number:
        return []
    code = html.Code(f"{checked.head.number}:{checked.head.code.hex()}", className="mp-head-code")
    words = t("Its end, to be kept elsewhere: whoever cuts off records can't hide it from you.")
    return [html.P([words, " ", code])]


def _compare(href: Href, t: Translator) -> Component:
    field = forms.search_field("head", None, t("An end that was kept"), t("number:code"))
    label = t("Compare with an end that was kept")
    send = forms.send(t("Compare"))
    return forms.form(href(verify="1", head=None), [field, send], label, "mp-chain-compare")


# The records


def _list(shown: Shown, href: Href, t: Translator) -> list[Component]:
    if not shown.records:
        return [desk.empty(t("No record fits"), t("Choose a longer period or fewer filters."))]
    items = [html.Li(_record(one, shown, href, t)) for one in shown.records]
    count = t("{count} records, newest first", count=t.number(shown.total))
    previous = href(page=str(shown.page - 1) if shown.page > 2 else None)
    pager = desk.pager(shown.page, shown.pages, previous, href(page=str(shown.page + 1)), t)
    body = [html.Ol(items, className="mp-trail"), pager]
    return [desk.section(t("Records"), body, count)]


def _record(record: AuditRecord, shown: Shown, href: Href, t: Translator) -> Component:
    deed, zone = record.deed, ZoneInfo(shown.timezone)
    at = deed.at.astimezone(zone)
    css = "mp-deed-word mp-refused" if deed.action in _REFUSED else "mp-deed-word"
    party = shown.parties.get(deed.party or "", deed.party or "")
    head = html.Summary(
        [
            html.Time(f"{at:%Y-%m-%d %H:%M:%S}", dateTime=at.isoformat(), className="mp-deed-at"),
            html.Span(shown.names.get(deed.actor, deed.actor), className="mp-deed-actor"),
            html.Span(t(ACTIONS[deed.action]), className=css),
            html.Span(deed.subject, className="mp-deed-subject", title=deed.subject),
            html.Span(party, className="mp-deed-party"),
        ]
    )
    body = [_particulars(record, t), *_told(deed.detail, t), _more(record, href, t)]
    return html.Details(
        [head, html.Div(body, className="mp-deed-body")], id=f"record-{record.number}"
    )


def _particulars(record: AuditRecord, t: Translator) -> Component:
    deed = record.deed
    said = {
        t("Record"): str(record.number),
        t("Who"): deed.actor,
        t("Site"): deed.site or NONE,
        t("Party"): deed.party or NONE,
        t("Address"): deed.address or NONE,
        t("Code"): record.code.hex()[:16] + "…",
    }
    return _pairs(said)


def _pairs(said: Mapping[str, str]) -> Component:
    parts: list[Component] = []
    for name, value in said.items():
        parts += [html.Dt(name), html.Dd(value)]
    return html.Dl(parts, className="mp-deed-facts")


def _told(detail: Detail, t: Translator) -> list[Component]:
    changes, rest = told(detail)
    parts: list[Component] = []
    if changes:
        rows = [
            desk.TableRow(key=name, cells={"name": name, "before": before, "after": after})
            for name, before, after in changes
        ]
        columns = [
            desk.TableColumn(key="name", heading=t("What")),
            desk.TableColumn(key="before", heading=t("Before")),
            desk.TableColumn(key="after", heading=t("After")),
        ]
        parts.append(desk.table(columns, rows, t("What changed")))
    return [*parts, _pairs(rest)] if rest else parts


def told(detail: Detail) -> tuple[list[tuple[str, str, str]], dict[str, str]]:
    """Split what a record tells into changes (what, before, after) and everything else.

    A change stands as `before` and `after`, or as `<what>.before` and `<what>.after`.
    """
    stems = [
        name.removesuffix("before")
        for name in detail
        if name.endswith("before") and name.removesuffix("before") + "after" in detail
    ]
    changes = [
        (stem.rstrip("."), _said(detail[f"{stem}before"]), _said(detail[f"{stem}after"]))
        for stem in stems
    ]
    taken = {f"{stem}{end}" for stem in stems for end in ("before", "after")}
    return changes, {name: _said(value) for name, value in detail.items() if name not in taken}


def _said(value: object) -> str:
    if value is None:
        return NONE
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _more(record: AuditRecord, href: Href, t: Translator) -> Component:
    deed = record.deed
    ways = [link(t("All of this actor"), href(actor=deed.actor, page=None), "mp-small-button")]
    if deed.party:
        words = t("All about this party")
        ways.append(link(words, href(party=deed.party, page=None), "mp-small-button"))
    return html.Div(ways, className="mp-deed-ways")


def sheets(
    records: Sequence[AuditRecord], names: Mapping[str, str], t: Translator
) -> tuple[Sheet, ...]:
    """Return the records as a table."""
    columns = (
        Column(key="number", heading=t("Record"), kind="number"),
        Column(key="at", heading=t("When"), kind="moment"),
        Column(key="actor", heading=t("Actor")),
        Column(key="name", heading=t("Who")),
        Column(key="action", heading=t("What")),
        Column(key="subject", heading=t("Subject")),
        Column(key="site", heading=t("Site")),
        Column(key="party", heading=t("Party")),
        Column(key="address", heading=t("Address")),
        Column(key="detail", heading=t("Detail")),
        Column(key="code", heading=t("Code")),
    )
    rows = [_row(record, names, t) for record in records]
    return (Sheet(name=t(TITLE), columns=columns, rows=rows),)


def _row(
    record: AuditRecord, names: Mapping[str, str], t: Translator
) -> dict[str, str | int | datetime | None]:
    deed = record.deed
    changes, rest = told(deed.detail)
    said = [f"{name}: {before} → {after}".lstrip(": ") for name, before, after in changes]
    said += [f"{name}: {value}" for name, value in rest.items()]
    return {
        "number": record.number,
        "at": deed.at,
        "actor": deed.actor,
        "name": names.get(deed.actor),
        "action": t(ACTIONS[deed.action]),
        "subject": deed.subject,
        "site": deed.site,
        "party": deed.party,
        "address": deed.address,
        "detail": "; ".join(said),
        "code": record.code.hex(),
    }
