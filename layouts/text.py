"""Words, numbers, times and durations in the reader's language and the site's time zone.

Messages are written in English in the code and looked up in `locales/`, where each part of the
program has a catalogue of its own; they are read from their sources at the first use, so none
can be older than its source.
"""

import gettext
import io
import math
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import negotiate_locale
from babel.dates import format_skeleton
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_compact_decimal, format_decimal

LOCALES = ("zh-Hant", "zh-Hans", "en")
LOCALE_NAMES = {"zh-Hant": "繁體中文", "zh-Hans": "简体中文", "en": "English"}
NONE = "–"
CATALOGUES = Path(__file__).parent / "locales"

_ALIASES = {"zh": "zh_Hant", "zh_TW": "zh_Hant", "zh_HK": "zh_Hant", "zh_CN": "zh_Hans"}
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def msgid(text: str) -> str:
    """Mark a text for translation where it is defined, not yet said."""
    return text


class Translator:
    """Says things in one language; made by `translator`."""

    def __init__(self, locale: str, catalogue: gettext.NullTranslations) -> None:
        self.locale = locale
        self._babel = locale.replace("-", "_")
        self._catalogue = catalogue

    def __call__(self, message: str, /, **values: object) -> str:
        """Return a message in this language with its values put in."""
        said = self._catalogue.gettext(message)
        return said.format(**values) if values else said

    def number(self, value: float | None) -> str:
        """Whole number with the language's separators."""
        return NONE if value is None else _whole(round(value), self._babel)

    def compact(self, value: float, digits: int = 1) -> str:
        """Return a number in a few signs, such as `1.2M`, for where the whole doesn't fit."""
        return _compact(value, self._babel, digits)

    def percent(self, share: float | None) -> str:
        """Return a share as a number of hundredths: one digit behind the point when it matters.

        Never 100 for less than all.
        """
        if share is None:
            return NONE
        if 0.9 <= share < 1:
            tenths = math.floor(share * 1000 + 1e-9) / 10
            return format_decimal(tenths, format="0.0", locale=self._babel)
        return self.number(share * 100)

    def clock(self, at: datetime, timezone: str) -> str:
        """Hour and minute at the site, of 24 hours in every language."""
        return at.astimezone(ZoneInfo(timezone)).strftime("%H:%M")

    def seconds(self, at: datetime, timezone: str) -> str:
        """Hour, minute and second at the site, of 24 hours in every language."""
        return at.astimezone(ZoneInfo(timezone)).strftime("%H:%M:%S")

    def exact(self, at: datetime, timezone: str) -> str:
        """Date, hour and minute at the site."""
        return f"{self.date(at, timezone)} {self.clock(at, timezone)}"

    def stamp(self, at: datetime, timezone: str, now: datetime) -> str:
        """Return an instant of a list: like `moment`, but what is past keeps its time."""
        zone = ZoneInfo(timezone)
        days = (now.astimezone(zone).date() - at.astimezone(zone).date()).days
        if 0 < days < 300:
            return f"{self._skeleton('MMMd', at, timezone)} {self.clock(at, timezone)}"
        return self.moment(at, timezone, now)

    def day(self, at: datetime, timezone: str) -> str:
        """Day of the week, month and day at the site."""
        return self._skeleton("MMMEd", at, timezone)

    def date(self, at: datetime, timezone: str) -> str:
        """Year, month and day at the site."""
        return self._skeleton("yMMMd", at, timezone)

    def moment(self, at: datetime, timezone: str, now: datetime) -> str:
        """Shortest unmistakable form: a time today, with its day within a week, else the date."""
        zone = ZoneInfo(timezone)
        days = (at.astimezone(zone).date() - now.astimezone(zone).date()).days
        if days == 0:
            return self.clock(at, timezone)
        if 0 < days < 7:
            return f"{self._skeleton('E', at, timezone)} {self.clock(at, timezone)}"
        return self._skeleton("MMMd" if abs(days) < 300 else "yMMM", at, timezone)

    def duration(self, seconds: float) -> str:
        """Length of time in at most two units; minutes are left out from ten hours on."""
        whole = max(0, int(seconds))
        if whole < _MINUTE:
            return self("{seconds} s", seconds=whole)
        if whole < _HOUR:
            return self("{minutes} min", minutes=whole // _MINUTE)
        if whole < _DAY:
            return self._hours(whole)
        days, hours = whole // _DAY, whole % _DAY // _HOUR
        if days >= 10 or not hours:
            return self("{days} d", days=self.number(days))
        return self("{days} d {hours} h", days=days, hours=hours)

    def brief(self, seconds: float) -> str:
        """Length of time in one unit, for columns: tenths of an hour below ten."""
        hours = max(0.0, seconds) / _HOUR
        if hours < 1:
            return self("{minutes} min", minutes=int(hours * _MINUTE))
        if hours < 10:
            tenths = format_decimal(math.floor(hours * 10) / 10, format="0.0", locale=self._babel)
            return self("{hours} h", hours=tenths)
        if hours < 48:
            return self("{hours} h", hours=int(hours))
        return self("{days} d", days=self.number(int(hours / 24)))

    def _hours(self, whole: int) -> str:
        hours, minutes = whole // _HOUR, whole % _HOUR // _MINUTE
        if hours >= 10 or not minutes:
            return self("{hours} h", hours=hours)
        return self("{hours} h {minutes} min", hours=hours, minutes=minutes)

    def _skeleton(self, skeleton: str, at: datetime, timezone: str) -> str:
        return format_skeleton(skeleton, at, tzinfo=ZoneInfo(timezone), locale=self._babel)


@lru_cache(maxsize=len(LOCALES))
def translator(locale: str) -> Translator:
    """Return the translator of a language.

    Raises: ValueError when there is none for it.
    """
    if locale not in LOCALES:
        raise ValueError(f"locale {locale!r}: expected one of {', '.join(LOCALES)}")
    compiled = io.BytesIO()
    write_mo(compiled, _catalogue(locale.replace("-", "_")))
    compiled.seek(0)
    return Translator(locale, gettext.GNUTranslations(compiled))


def _catalogue(locale: str) -> Catalog:
    """Return all catalogues of a language as one; English holds what it says otherwise."""
    whole = Catalog(locale=locale)
    for path in sorted((CATALOGUES / locale / "LC_MESSAGES").glob("*.po")):
        with path.open("rb") as source:
            for message in read_po(source, locale=locale):
                if message.id:
                    whole[message.id] = message
    return whole


@lru_cache(maxsize=16384)
def _whole(value: int, locale: str) -> str:
    """Format a whole number; a wall says the same ones again and again."""
    return format_decimal(value, locale=locale)


@lru_cache(maxsize=16384)
def _compact(value: float, locale: str, digits: int) -> str:
    return format_compact_decimal(value, locale=locale, fraction_digits=digits)


def best_locale(wanted: Iterable[str], otherwise: str = "en") -> str:
    """Return the language that fits a reader's preferences (best first) best.

    `wanted` holds language tags as browsers send them, such as `zh-TW`.
    """
    tags = [tag.replace("-", "_") for tag in wanted]
    available = [locale.replace("-", "_") for locale in LOCALES]
    found = negotiate_locale([_ALIASES.get(tag, tag) for tag in tags], available)
    return found.replace("_", "-") if found else otherwise
