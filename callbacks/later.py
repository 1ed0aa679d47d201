"""How an answer says that the same may be asked again soon, to programs and to browsers.

Imported by whatever answers 503 to both.
"""

from flask import request
from werkzeug.wrappers import Response as Answer

from data.services.errors import Unavailable

READ = ("GET", "HEAD")


def later(answer: Answer, error: Unavailable) -> None:
    """Say when to come again. A browser that only looks does so: a wall has nobody to do it."""
    answer.headers["Retry-After"] = str(error.retry_after_s)
    if request.method in READ:
        answer.headers["Refresh"] = str(error.retry_after_s)
