"""The quality of exceptions as tables. Pure."""

from collections.abc import Mapping, Sequence

from data.domain.exceptions.quality.records import TARGET, Answers
from data.domain.exceptions.records import Severity
from layouts.components.exception_looks import SEVERITIES
from layouts.pages.exception_quality import BANDS, Shown, key_words, subject_words
from layouts.sheets import Column, Sheet, Value, sheet
from layouts.text import Translator


def sheets(shown: Shown, t: Translator) -> Sequence[Sheet]:
    """Return people, floods, sources, answers, marks, what stood long, what chattered."""
    return (
        _people(shown, t),
        _floods(shown, t),
        _sources(shown, t),
        _severities(shown, t),
        _answers(shown, t),
        _precision(shown, t),
        _stale(shown, t),
        _chattering(shown, t),
    )


def _rule(t: Translator) -> tuple[Column, Column]:
    return Column(key="rule", heading=t("Rule")), Column(key="subject", heading=t("What"))


def _people(shown: Shown, t: Translator) -> Sheet:
    columns = (
        Column(key="name", heading=t("Person")),
        Column(key="band", heading=t("Alarm rate")),
        Column(key="alarms", heading=t("Alarms"), kind="number"),
        Column(key="mean", heading=t("In ten minutes"), kind="number"),
        Column(key="peak", heading=t("Most in ten minutes"), kind="number"),
        Column(key="at", heading=t("When"), kind="moment"),
        Column(key="day", heading=t("Most on a day"), kind="number"),
        Column(key="busiest", heading=t("Date")),
        Column(key="floods", heading=t("Floods"), kind="number"),
    )
    rows = (
        {"name": one.name, "band": t(BANDS[one.band]), "alarms": one.alarms,
         "mean": round(one.mean, 4), "peak": one.peak, "at": one.peak_at, "day": one.on_busiest,
         "busiest": one.busiest.isoformat(), "floods": len(one.floods)}
        for one in shown.quality.people
    )  # fmt: skip
    return sheet(t("Who was told how much"), columns, rows)


def _floods(shown: Shown, t: Translator) -> Sheet:
    columns = (
        Column(key="name", heading=t("Person")),
        Column(key="start", heading=t("From"), kind="moment"),
        Column(key="finish", heading=t("Until"), kind="moment"),
        Column(key="alarms", heading=t("Alarms"), kind="number"),
    )
    rows = (
        {"name": one.name, "start": one.start, "finish": one.finish, "alarms": one.alarms}
        for one in shown.quality.floods
    )
    return sheet(t("Floods"), columns, rows)


def _sources(shown: Shown, t: Translator) -> Sheet:
    columns = (
        *_rule(t),
        Column(key="raised", heading=t("Came up"), kind="number"),
        Column(key="share", heading=t("Share"), kind="share"),
    )
    rows = (
        {"rule": shown.rule(one.rule), "subject": subject_words(one.subject),
         "raised": one.raised, "share": one.share}
        for one in shown.quality.sources
    )  # fmt: skip
    return sheet(t("Top ten sources"), columns, rows)


def _severities(shown: Shown, t: Translator) -> Sheet:
    counts = shown.quality.severities
    total = sum(counts.values())
    columns = (
        Column(key="severity", heading=t("Severity")),
        Column(key="count", heading=t("Came up"), kind="number"),
        Column(key="share", heading=t("Share"), kind="share"),
        Column(key="aim", heading=t("Recommended"), kind="share"),
    )
    rows = (
        {"severity": t(SEVERITIES[one]), "count": counts.get(one, 0),
         "share": counts.get(one, 0) / total if total else None, "aim": TARGET[one]}
        for one in Severity
    )  # fmt: skip
    return sheet(t("How severe they were"), columns, rows)


def _answers(shown: Shown, t: Translator) -> Sheet:
    columns = (
        Column(key="key", heading=t("Rule or role")),
        Column(key="raised", heading=t("Came up"), kind="number"),
        Column(key="acknowledged", heading=t("Acknowledged"), kind="number"),
        Column(key="ack", heading=t("Acknowledged after"), kind="seconds"),
        Column(key="ack90", heading=t("Acknowledged: 9 of 10 within"), kind="seconds"),
        Column(key="resolved", heading=t("Over"), kind="number"),
        Column(key="done", heading=t("Over after"), kind="seconds"),
        Column(key="done90", heading=t("Over: 9 of 10 within"), kind="seconds"),
        Column(key="unseen", heading=t("Went by unseen"), kind="number"),
    )
    named = [(one, shown.rule(one.key)) for one in shown.quality.by_rule]
    named += [(one, key_words(one.key, t)) for one in shown.quality.by_role]
    rows = (_answer(one, name) for one, name in named)
    return sheet(t("How fast they were answered"), columns, rows)


def _answer(one: Answers, name: str) -> Mapping[str, Value]:
    return {
        "key": name, "raised": one.raised, "acknowledged": one.acknowledged.count,
        "ack": one.acknowledged.mean_s, "ack90": one.acknowledged.p90_s,
        "resolved": one.resolved.count, "done": one.resolved.mean_s,
        "done90": one.resolved.p90_s, "unseen": one.unseen,
    }  # fmt: skip


def _precision(shown: Shown, t: Translator) -> Sheet:
    columns = (
        Column(key="rule", heading=t("Rule")),
        Column(key="share", heading=t("Useful"), kind="share"),
        Column(key="useful", heading=t("Marked useful"), kind="number"),
        Column(key="noise", heading=t("Marked noise"), kind="number"),
    )
    rows = (
        {"rule": shown.rule(one.rule), "share": one.share, "useful": one.useful,
         "noise": one.noise}
        for one in shown.quality.precision
    )  # fmt: skip
    return sheet(t("What recipients said"), columns, rows)


def _stale(shown: Shown, t: Translator) -> Sheet:
    columns = (
        Column(key="number", heading=t("Number")),
        *_rule(t),
        Column(key="since", heading=t("Since"), kind="moment"),
        Column(key="stood", heading=t("Stood for"), kind="seconds"),
    )
    rows = (
        {"number": f"E-{one.number}", "rule": shown.rule(one.rule),
         "subject": subject_words(one.subject), "since": one.since, "stood": one.stood_s}
        for one in shown.quality.stale
    )  # fmt: skip
    return sheet(t("Stood for more than a day"), columns, rows)


def _chattering(shown: Shown, t: Translator) -> Sheet:
    columns = (
        *_rule(t),
        Column(key="times", heading=t("Most in a minute"), kind="number"),
        Column(key="at", heading=t("When"), kind="moment"),
        Column(key="minutes", heading=t("Such minutes"), kind="number"),
    )
    rows = (
        {"rule": shown.rule(one.rule), "subject": subject_words(one.subject),
         "times": one.times, "at": one.at, "minutes": one.minutes}
        for one in shown.quality.chattering
    )  # fmt: skip
    return sheet(t("Chattering"), columns, rows)
