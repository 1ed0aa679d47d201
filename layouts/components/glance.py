"""One site at one look, for the start: what is late, what waits for somebody, where it is held up.

Pure. Every figure has its age: what can't be live is hatched, and says how old it is.
"""

from collections.abc import Callable, Collection, Sequence

from dash import html
from dash.development.base_component import Component

from data.domain.exceptions.records import Severity
from data.domain.facts import LineBottleneck
from data.domain.glance import LineGlance, SiteGlance
from data.domain.view import Standing
from layouts.components.links import link
from layouts.components.parts import shape
from layouts.messages.words import SEVERITIES
from layouts.text import NONE, Translator
from layouts.theme import LOOKS
from layouts.urls import address as url

ORDERS, EXCEPTIONS = "/orders", "/exceptions"
_TONES = {
    Severity.CRITICAL: Standing.STOPPED,
    Severity.HIGH: Standing.AT_RISK,
    Severity.LOW: Standing.IDLE,
}


def figures(site: SiteGlance, opens: Collection[str], t: Translator) -> Component:
    """Return a site's key figures; each leads to its page, where that is open to the reader."""
    lost = not site.readers.log_connected
    at = {"site": site.site}
    way = _way(opens, ORDERS, at)
    tiles = [
        _count(t("Late orders"), site.late, Standing.LATE, way, lost, t),
        _count(t("Orders at risk"), site.at_risk, Standing.AT_RISK, way, lost, t),
        _exceptions(site, _way(opens, EXCEPTIONS, at), t),
        _count(t("Open orders"), site.open, None, way, lost, t),
    ]
    return html.Div(tiles, className="mp-glance")


def _way(opens: Collection[str], path: str, at: dict[str, str]) -> str:
    return url(path, at) if path in opens else ""


def _tile(label: str, body: Sequence[Component | str], href: str, css: str) -> Component:
    inside = [html.Span(label, className="mp-glance-label"), *body]
    css = f"mp-glance-tile {css}".strip()
    return link(inside, href, css) if href else html.Div(inside, className=css)


def _count(
    label: str, count: int, tone: Standing | None, href: str, stale: bool, t: Translator
) -> Component:
    mark, css = [], ""
    if tone is not None and count:
        mark, css = [shape()], LOOKS[tone].css
    value = html.Span([*mark, t.number(count)], className="mp-glance-value")
    return _tile(label, [value], href, f"{css} mp-stale" if stale else css)


def _exceptions(site: SiteGlance, href: str, t: Translator) -> Component:
    """Return the open exceptions by severity; of a watch that is silent with its age."""
    label, found = t("Open exceptions"), site.severities
    if found is None:
        why = html.Span(t("the watch hasn't reported yet"), className="mp-glance-note")
        return _tile(label, [html.Span(NONE, className="mp-glance-value"), why], href, "")
    parts = [
        html.Span(
            [shape(), html.Strong(t.number(count)), " ", t(SEVERITIES[severity])],
            className=f"mp-glance-part {LOOKS[_TONES[severity]].css}",
        )
        for severity, count in found.items()
        if count
    ]
    total = html.Span(t.number(sum(found.values())), className="mp-glance-value")
    below = [html.Span(parts, className="mp-glance-parts")] if parts else []
    silent = site.watch_silent_s
    old = [] if silent is None else [_note(t("{age} old", age=t.duration(silent)))]
    stale = silent is not None or not site.readers.log_connected
    return _tile(label, [total, *below, *old], href, "mp-stale" if stale else "")


def _note(words: str) -> Component:
    return html.Span(words, className="mp-glance-note")


def freshness(site: SiteGlance, t: Translator) -> Component:
    """Return how old the newest event is, and what is behind; the script lets the age go on."""
    readers, age_s = site.readers, site.readers.event_age_s
    marks = {"data-lost": t("no connection")}
    if age_s is not None and not site.replay:
        units = {
            "s": t("{seconds} s", seconds="#"), "m": t("{minutes} min", minutes="#"),
            "h": t("{hours} h", hours="#"), "d": t("{days} d", days="#"),
        }  # fmt: skip
        marks |= {"data-age": f"{max(0.0, age_s):.0f}"}
        marks |= {f"data-{name}": words for name, words in units.items()}
    words = [html.Span(_newest(age_s, t), className="mp-glance-age", **marks)]
    flags = _flags(site, t)
    css = "mp-glance-fresh" if readers.log_connected else "mp-glance-fresh mp-glance-off"
    dot = html.Span(className="mp-dot", **{"aria-hidden": "true"})
    return html.P([dot, html.Span(t("newest event")), *words, *flags], className=css)


def _newest(age_s: float | None, t: Translator) -> str:
    return t("nothing heard yet") if age_s is None else t.duration(max(0.0, age_s))


def _flags(site: SiteGlance, t: Translator) -> list[Component]:
    readers, said = site.readers, []
    if not readers.log_connected:
        said.append(t("log not connected"))
    if readers.history_stale:
        lag_s = readers.history_lag_s
        said.append(
            t("not recording") if lag_s is None
            else t("recording {age} behind", age=t.duration(lag_s))
        )  # fmt: skip
    if readers.watch_stale:
        said.append(t("forecasts are {age} old", age=t.duration(readers.watch_lag_s or 0)))
    return [html.Span(words, className="mp-glance-flag mp-stale") for words in said]


def line_card(
    site: SiteGlance, line: LineGlance, href: Callable[[str], str], t: Translator
) -> Component:
    """Return a line: its bottleneck now, its orders, and the way to its wall."""
    age_s = line.stale_s if site.readers.log_connected else site.readers.event_age_s
    stale = line.stale_s is not None or not site.readers.log_connected
    old = [_note(t("{age} old", age=t.duration(age_s)))] if stale and age_s is not None else []
    units = html.Span(t("{count} work units", count=t.number(line.units)))
    held_up = _held_up(site, line.bottleneck, t)
    inside = [html.Strong(line.name), units, held_up, _standings(line, t), *old]
    css = "mp-link mp-glance-line mp-stale" if stale else "mp-link mp-glance-line"
    return html.Li(html.A(inside, href=href(f"{site.site}.{line.area}"), className=css))


def _held_up(site: SiteGlance, fact: LineBottleneck | None, t: Translator) -> Component:
    """Return where the line is held up now, as far as the watch has said so."""
    name = html.Span(t("Bottleneck now"), className="mp-glance-label")
    if fact is None:
        who, more = NONE, t("No finding for this time")
    elif fact.work_unit is None:
        who, more = NONE, t("line off shift") if fact.paused else t("nobody is active")
    else:
        ran_s = 0.0 if fact.paused else max(0.0, (site.now - fact.as_of).total_seconds())
        ran = t.duration(fact.active_s + ran_s)
        who, more = fact.work_unit, t("{duration} active", duration=ran)
    silent = site.watch_silent_s
    if silent is not None:
        more = t("{age} old", age=t.duration(silent))
    css = "mp-glance-bn" if silent is None else "mp-glance-bn mp-stale"
    return html.Span([name, html.Strong(who), html.Span(more)], className=css)


def _standings(line: LineGlance, t: Translator) -> Component:
    counts = ((Standing.LATE, line.late), (Standing.AT_RISK, line.at_risk))
    parts = [
        html.Span(
            [shape(), html.Strong(t.number(count)), " ", t(LOOKS[standing].word)],
            className=f"mp-glance-part {LOOKS[standing].css}",
        )
        for standing, count in counts
        if count
    ]
    calm = html.Span([shape(), t("no order late or at risk")],
                     className=f"mp-glance-part {LOOKS[Standing.ON_TRACK].css}")  # fmt: skip
    return html.Span(parts or [calm], className="mp-glance-parts")
