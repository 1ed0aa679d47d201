"""Messages that leave the program: what is told, in the reader's language, as text and as HTML.

Pure. Records of `data.domain.tellings` in, a `Message` out; `as_notice` addresses it.
"""

from layouts.messages.exceptions import of_digest, of_exception
from layouts.messages.milestones import of_milestone
from layouts.messages.records import Message, as_notice
from layouts.messages.reports import of_report

__all__ = ["Message", "as_notice", "of_digest", "of_exception", "of_milestone", "of_report"]
