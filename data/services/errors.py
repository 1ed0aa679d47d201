"""Every error a service raises, in one tree.

    MilepostError
    ├── Unavailable      an engine (log or history) can't be reached: try again later
    │   ├── Cold         the log lost its memory of recorded identities and must be warmed
    │   └── Loading      which sites there are isn't known yet, or a board isn't loaded
    ├── NotMigrated      the schema isn't the newest, and this login may not change it
    ├── Overloaded       the log is full: nothing more is taken until it has drained
    └── Forbidden        the scope doesn't allow it (the API answers as if it weren't there)
        └── NoSuchInstant   the site's history doesn't reach there, or it lies ahead
            └── Archived    it did, and lies in files now: it can be brought back

Imported by every layer above the domain.
"""


class MilepostError(Exception):
    """Whatever goes wrong on purpose."""


class Unavailable(MilepostError):
    """An engine can't be reached; nothing was acknowledged."""

    retry_after_s = 2


class Cold(Unavailable):
    """The log doesn't remember which events it has: refill it before appending."""


class Loading(Unavailable):
    """This process was just started: what was asked for may be there in a moment."""


class NotMigrated(MilepostError):
    """The schema isn't the newest; who owns the tables must bring it there first."""


class Overloaded(MilepostError):
    """The log has no room; nothing was acknowledged."""

    retry_after_s = 10


class Forbidden(MilepostError):
    """The scope doesn't cover what was asked."""


class NoSuchInstant(Forbidden):
    """Nothing can be shown of that instant: it lies ahead, or before the site's history."""


class Archived(NoSuchInstant):
    """It was recorded and is archived: `python app.py archive --back SITE` brings it back."""
