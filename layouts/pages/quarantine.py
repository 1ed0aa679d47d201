"""The quarantine: what came in and was not taken, why, and what to do about it. Pure.

`callbacks.desk.quarantine` finds what it shows. What a sender wrote is shown as text alone, with
every character that can't be seen written out. The lists are still parts, so that the page may draw
itself anew while somebody reads.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.held import Held, HeldFilter, HeldLately, HeldPage, Tally
from data.domain.quarantine import QuarantineKind
from data.domain.view import Standing
from layouts import ids
from layouts.components import desk, forms
from layouts.components.exception_proof import ASIDE
from layouts.components.links import link
from layouts.components.parts import shape
from layouts.components.reading import Reading
from layouts.components.refusal_words import said
from layouts.components.still import still
from layouts.sheets import Column, Sheet
from layouts.text import NONE, Translator, msgid
from layouts.theme import LOOKS

TITLE = msgid("Quarantine")
SHORT, TABLED = 280, 900  # characters of a text: on the page before it is unfolded, in a table
# What to do about each kind; the run book (docs/operations.md) says more.
REMEDIES = {
    QuarantineKind.UNANSWERABLE: msgid(
        "Nothing of it was recorded. Mend the source, or send the plan that it lacks; then let it"
        " send the same again, also under the same id."
    ),
    QuarantineKind.CONFLICT: msgid(
        "The first one stands. If that was wrong, let the source take it back with event.voided"
        " and send what is right under a new id."
    ),
    QuarantineKind.POISON: msgid(
        "An entry of the log that can't be read or recorded; all others went on. Find out who"
        " writes into Redis. If nobody does, report it with its text."
    ),
    QuarantineKind.GAP: msgid(
        "Another hand emptied or trimmed the log: find out who has access to Redis, and stop it."
        " What isn't named as put back, let the sources send again; it counts once."
    ),
}
_TONES = {QuarantineKind.GAP: Standing.LATE, QuarantineKind.POISON: Standing.AT_RISK}
Href = Callable[..., str]


class QuarantineView(Struct, frozen=True, kw_only=True):
    """What the page shows. `shown`: the entry whose whole text is asked for, if it is among them.

    `sites`: names of those that the reader may see; `modelled`: this one has sent its model.
    """

    page: HeldPage
    lately: HeldLately
    by: HeldFilter
    site: str
    sites: Mapping[str, str]
    reading: Reading
    shown: Held | None = None
    modelled: bool = True


def layout(view: QuarantineView, href: Href) -> Component:
    """Return the page."""
    t = view.reading.t
    return html.Div(
        [
            desk.page_head(t(TITLE), _lead(view), _kinds(view, href)),
            *_sites(view, href),
            *_unmodelled(view),
            _filters(view, href),
            html.Div([_lately(view, href), _remedies(view)], className="mp-q-top"),
            still(html.Div(_list(view, href)), ids.Quarantine.LIST),
        ],
        className="mp-q",
    )


def _lead(view: QuarantineView) -> str:
    t, first = view.reading.t, view.lately.first_at
    what = t("What came in and was not taken. It is kept here, and nothing of it is dropped.")
    if first is None:
        return what
    when = t.exact(first, view.reading.timezone)
    return " ".join([what, t("It goes back to {when}.", when=when)])


def _kinds(view: QuarantineView, href: Href) -> Component:
    t, none = view.reading.t, {"before": None, "after": None, "show": None}
    counts = view.lately.of_kinds
    items = [desk.Chip(words=t("All kinds"), href=href(kind=None, **none), chosen=not view.by.kind)]
    items += [
        desk.Chip(
            words=t(words), href=href(kind=kind.value, **none), chosen=view.by.kind is kind,
            count=t.number(counts.get(kind, 0)) if counts.get(kind) else "",
        )
        for kind, words in ASIDE.items()
    ]  # fmt: skip
    return desk.chips(items, t("Kind"))


def _sites(view: QuarantineView, href: Href) -> list[Component]:
    """Return how much came in at each site, where there are several."""
    t = view.reading.t
    if len(view.sites) < 2:
        return []
    items = [
        desk.Chip(
            words=name, href=href(site=site, source=None, before=None, after=None, show=None),
            chosen=site == view.site, count=t.number(view.lately.of_sites.get(site, 0)),
        )
        for site, name in view.sites.items()
    ]  # fmt: skip
    words = html.Span(t("last 24 hours, by site"), className="mp-q-label")
    return [html.Div([words, desk.chips(items, t("Site"))], className="mp-q-sites")]


def _unmodelled(view: QuarantineView) -> list[Component]:
    """Return why nothing of a site could be taken that hasn't said what stands there."""
    if view.modelled:
        return []
    words = view.reading.t(
        "This site has not sent its model yet: its lines, machines and calendars. Nothing that it"
        " reports can be taken before; then its sources may send the same again."
    )
    tone = LOOKS[Standing.AT_RISK].css
    said = html.P([shape(), html.Span(words)], className=f"mp-standing mp-q-bare {tone}")
    return [said]


def _filters(view: QuarantineView, href: Href) -> Component:
    t = view.reading.t
    sources = sorted({one.source for one in view.lately.tallies if one.source})
    if view.by.source is not None and view.by.source not in sources:
        sources.append(view.by.source)
    options = [("", t("any source")), *((one, visible(one)) for one in sources)]
    action = href(source=None, before=None, after=None, show=None)
    field = forms.choice_field("source", options, view.by.source, t("Source"))
    return html.Div(forms.form(action, [field], t("Filter")), className="mp-filters")


# The last day


def _lately(view: QuarantineView, href: Href) -> Component:
    t, lately = view.reading.t, view.lately
    total = sum(lately.of_kinds.values())
    title, count = t("Last 24 hours"), t("{count} in all", count=t.number(total))
    if not lately.tallies:
        words = html.P(t("Nothing came in that was not taken."), className="mp-mute")
        return desk.section(title, words)
    columns = (
        desk.TableColumn(key="source", heading=t("Source")),
        desk.TableColumn(key="kind", heading=t("Kind")),
        desk.TableColumn(key="count", heading=t("Count"), css="mp-num"),
        desk.TableColumn(key="newest", heading=t("Newest"), css="mp-wide"),
    )
    rows = [_tally(one, view, href) for one in lately.tallies]
    body = [desk.table(columns, rows, title, opens="source", named="tally")]
    if lately.more:
        body.append(
            html.P(t("These are the most frequent; there are others."), className="mp-mute")
        )
    return desk.section(title, still(html.Div(body), ids.Quarantine.LATELY), count)


def _tally(one: Tally, view: QuarantineView, href: Href) -> desk.TableRow:
    t, none = view.reading.t, {"before": None, "after": None, "show": None}
    return desk.TableRow(
        key=f"{one.kind}-{one.source}",
        cells={
            "source": visible(one.source) or t("the program itself"),
            "kind": _kind(one.kind, t),
            "count": t.number(one.count),
            "newest": view.reading.moment(one.newest_at),
        },
        href=href(kind=one.kind.value, source=one.source or None, **none),
    )


def _kind(kind: QuarantineKind, t: Translator) -> Component:
    tone = _TONES.get(kind)
    if tone is None:
        return html.Span(t(ASIDE[kind]), className="mp-q-kind")
    return html.Span(
        [shape(), t(ASIDE[kind])], className=f"mp-standing mp-q-kind {LOOKS[tone].css}"
    )


def _remedies(view: QuarantineView) -> Component:
    """Return what to do about the kinds that are there; about all where nothing is."""
    t = view.reading.t
    there = {one.kind for one in view.lately.tallies} | {one.what.kind for one in view.page.entries}
    parts: list[Component] = []
    for kind, words in REMEDIES.items():
        if kind in there or not there:
            parts += [html.Dt(t(ASIDE[kind])), html.Dd(t(words))]
    note = t("Nothing is entered again from here: what was mended, its source sends.")
    body = [html.Dl(parts, className="mp-q-remedies"), html.P(note, className="mp-mute")]
    return desk.section(t("What to do"), body)


# The entries


def _list(view: QuarantineView, href: Href) -> list[Component]:
    t = view.reading.t
    if not view.page.entries:
        return [_nothing(view, href)]
    items = [_entry(one, view, href) for one in view.page.entries]
    body = [html.Ol(items, className="mp-q-list"), _ways(view, href)]
    return [desk.section(t("What is held"), body, t("newest first"))]


def _nothing(view: QuarantineView, href: Href) -> Component:
    t = view.reading.t
    if view.lately.first_at is None:
        words = t("Everything that came in at this site was taken, or its sender was told why not.")
        return desk.empty(t("Nothing is held"), words)
    all_of_it = href(kind=None, source=None, before=None, after=None, show=None)
    return desk.empty(t("Nothing held fits"), "", all_of_it, t("Show all of it"))


def _entry(one: Held, view: QuarantineView, href: Href) -> Component:
    t, what = view.reading.t, one.what
    name = f"held-{one.number}"
    head = [
        html.Time(
            view.reading.second(what.received_at), dateTime=what.received_at.isoformat(),
            className="mp-q-at",
        ),
        _kind(what.kind, t),
        html.Span(visible(what.source) or t("the program itself"), className="mp-q-source"),
        html.Code(visible(what.event_id) or NONE, className="mp-q-id", title=t("event id")),
    ]  # fmt: skip
    return html.Li(
        [html.Div(head, className="mp-q-head"), _why(one, t), *_evidence(one, view, href)], id=name
    )


def _why(one: Held, t: Translator) -> Component:
    """Return which field it is about and the reason; the reader's words before those it has."""
    reason, field = visible(one.what.reason), visible(one.what.field)
    words = visible(said(one.what.reason, t))
    own = [html.Span(reason, className="mp-q-own")] if words != reason else []
    named = [html.Code(field, className="mp-q-field")] if field.strip("$") else []
    return html.P([*named, html.Span(words), *own], className="mp-q-why")


def _evidence(one: Held, view: QuarantineView, href: Href) -> list[Component]:
    """Return what came in as it came, shortened until somebody asks for the whole of it."""
    t, shown = view.reading.t, view.shown
    if not one.size:
        return []
    if shown is not None and shown.number == one.number:
        raw = html.Pre(written(shown.what.raw), className="mp-q-raw mp-q-whole", tabIndex=0)
        less = link(t("Show less"), href(show=None), "mp-small-button")
        return [raw, html.Div([less, *_cut(shown, t)], className="mp-q-ways")]
    text = written(one.what.raw)
    if len(text) <= SHORT and one.size == len(one.what.raw):
        return [html.Pre(text, className="mp-q-raw")]
    words = t("Show all, {bytes} bytes", bytes=t.number(one.size))
    more = link(words, href(show=str(one.number)), "mp-small-button")
    return [
        html.Pre(f"{text[:SHORT]}…", className="mp-q-raw"), html.Div(more, className="mp-q-ways")
    ]  # fmt: skip


def _cut(shown: Held, t: Translator) -> list[Component]:
    left = shown.size - len(shown.what.raw)
    if left <= 0:
        return []
    return [html.Span(t("{bytes} bytes more are kept", bytes=t.number(left)), className="mp-mute")]


def _ways(view: QuarantineView, href: Href) -> Component:
    """Return the ways to newer and older entries; they hold while others come in."""
    t, page = view.reading.t, view.page
    if page.newer is None and page.older is None:
        return html.Span()
    steps = [
        _step(t("Newest"), href(before=None, after=None, show=None) if page.newer else None),
        _step(t("Newer"), page.newer and href(after=str(page.newer), before=None, show=None)),
        _step(t("Older"), page.older and href(before=str(page.older), after=None, show=None)),
    ]
    return html.Nav(steps, className="mp-pager", **{"aria-label": t("Pages of the list")})


def _step(words: str, href: str | None) -> Component:
    if not href:
        return html.Span(words, className="mp-small-button", **{"aria-disabled": "true"})
    return link(words, href, "mp-small-button")


# As text


def written(raw: bytes) -> str:
    """Return what came in as text, lines kept, whatever else can't be seen escaped."""
    return visible(raw.decode(errors="backslashreplace"), "\n\t")


def visible(text: str, kept: str = "") -> str:
    """Return a text whose controls, marks of direction and the like are written out."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in kept else _escape(one) for one in text)


def _escape(one: str) -> str:
    return one.encode("unicode_escape").decode("ascii")


def sheets(entries: Sequence[Held], lately: HeldLately, t: Translator) -> tuple[Sheet, ...]:
    """Return the entries, and what came in within the last day, as tables."""
    columns = (
        Column(key="number", heading=t("Number"), kind="number"),
        Column(key="at", heading=t("When"), kind="moment"),
        Column(key="kind", heading=t("Kind")),
        Column(key="source", heading=t("Source")),
        Column(key="id", heading=t("Event id")),
        Column(key="field", heading=t("Field")),
        Column(key="words", heading=t("Why it was not taken")),
        Column(key="reason", heading=t("Reason as it was said")),
        Column(key="bytes", heading=t("Bytes"), kind="number"),
        Column(key="raw", heading=t("What came in")),
    )
    held = Sheet(name=t(TITLE), columns=columns, rows=[_row(one, t) for one in entries])
    counted = (
        Column(key="source", heading=t("Source")),
        Column(key="kind", heading=t("Kind")),
        Column(key="count", heading=t("Count"), kind="number"),
        Column(key="newest", heading=t("Newest"), kind="moment"),
    )
    rows = [_counted(one, t) for one in lately.tallies]
    return held, Sheet(name=t("Last 24 hours"), columns=counted, rows=rows)


def _row(one: Held, t: Translator) -> dict[str, str | int | datetime | None]:
    what = one.what
    return {
        "number": one.number,
        "at": what.received_at,
        "kind": t(ASIDE[what.kind]),
        "source": visible(what.source),
        "id": visible(what.event_id),
        "field": visible(what.field),
        "words": visible(said(what.reason, t)),
        "reason": visible(what.reason),
        "bytes": one.size,
        "raw": written(what.raw)[:TABLED],
    }


def _counted(one: Tally, t: Translator) -> dict[str, str | int | datetime | None]:
    return {
        "source": visible(one.source),
        "kind": t(ASIDE[one.kind]),
        "count": one.count,
        "newest": one.newest_at,
    }
