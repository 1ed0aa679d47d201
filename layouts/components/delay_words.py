"""What the page on delays calls its keys, hours and days. Pure; used by that page's parts."""

from datetime import UTC, date, datetime, time, timedelta

from msgspec import Struct

from data.domain.ledger.pieces import owner_of
from data.domain.ledger.records import Cause
from data.domain.site import Site
from layouts.components.causes import CAUSES, MEANINGS, owner_words
from layouts.text import Translator, msgid

NOBODY = "-"  # what an address calls the key of steps that have none
DIMENSION_WORDS = {
    "cause": msgid("Cause"),
    "work_center": msgid("Work center"),
    "party": msgid("Supplier"),
    "product": msgid("Product"),
    "customer": msgid("Customer"),
    "area": msgid("Line"),
}
_WITHOUT = {
    "work_center": msgid("no work center"),
    "party": msgid("the factory itself"),
    "customer": msgid("no customer"),
}
_HOUR_S, _FEW_H = 3600, 10
_LONG_AGO = 290  # days


class Names(Struct, frozen=True):
    """Names of what hours are summed up by, in one language."""

    site: Site
    t: Translator

    def of(self, dimension: str, key: str) -> str:
        """Return what a key is called."""
        if not key:
            return self.t(_WITHOUT[dimension]) if dimension in _WITHOUT else self.t("unknown")
        if dimension == "cause":
            return cause_words(key, self.t)
        return self._listed(dimension).get(key, "") or key

    def note(self, dimension: str, key: str) -> str:
        """Return who answers for a cause, the line of a work center where several share a name."""
        if dimension == "cause" and key in set(Cause):
            return owner_words(owner_of(Cause(key), None, None), self.t, {})
        return self._line_of(key) if dimension == "work_center" else ""

    def said(self, dimension: str, key: str) -> str:
        """Return name and, of a work center, what tells it from another of the same name."""
        line = self._line_of(key) if dimension == "work_center" else ""
        return f"{self.of(dimension, key)} · {line}" if line else self.of(dimension, key)

    def meaning(self, dimension: str, key: str) -> str:
        """Return what a key stands for, where its name doesn't say it."""
        known = dimension == "cause" and key in set(Cause)
        return self.t(MEANINGS[Cause(key)]) if known else ""

    def _line_of(self, key: str) -> str:
        names = [center.name for center in self.site.work_centers]
        found = next((center for center in self.site.work_centers if center.id == key), None)
        shared = found is not None and names.count(found.name) > 1
        return self.of("area", found.area) if found is not None and shared else ""

    def _listed(self, dimension: str) -> dict[str, str]:
        if dimension == "work_center":
            return {center.id: center.name for center in self.site.work_centers}
        if dimension == "area":
            return {area.id: area.name for area in self.site.areas}
        if dimension in ("party", "customer"):
            return {party.id: party.name for party in self.site.parties}
        return {}


def cause_words(cause: str, t: Translator) -> str:
    """Return what a cause is called, whatever version of the program named it."""
    return t(CAUSES[Cause(cause)]) if cause in set(Cause) else cause


def brief_moment(at: datetime, timezone: str, now: datetime, t: Translator) -> str:
    """Day and time at the site, for columns; the time alone today, the date alone long ago."""
    if abs((at - now).days) >= _LONG_AGO:
        return t.date(at, timezone)
    words, clock = t.moment(at, timezone, now), t.clock(at, timezone)
    return words if clock in words else f"{words} {clock}"


def hours(seconds: float, t: Translator) -> str:
    """Length of time in hours alone, so that lines compare; less than nothing has its sign."""
    sign, amount = ("−" if seconds < 0 else ""), abs(seconds) / _HOUR_S
    if amount >= _FEW_H:
        return sign + t("{hours} h", hours=t.number(amount))
    if amount >= 0.1 or not amount:
        return sign + t("{hours} h", hours=f"{amount:.1f}" if amount else "0")
    return sign + t("{minutes} min", minutes=max(1, round(amount * 60)))


def percent(share: float | None, t: Translator) -> str:
    """Return a share with its sign."""
    return t.percent(share) if share is None else t("{share} %", share=t.percent(share))


def day_words(day: date, t: Translator) -> str:
    """Year, month and day."""
    return t.date(_noon(day), "UTC")


def short_day(day: date, t: Translator) -> str:
    """Month and day."""
    noon = _noon(day)
    return t.moment(noon, "UTC", noon + timedelta(days=20))


def days_words(since: date, until: date, t: Translator) -> str:
    """Return a span of days."""
    if since == until:
        return day_words(since, t)
    return t("{since} to {until}", since=day_words(since, t), until=day_words(until, t))


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)
