"""What was said about needs and outsourced operations, in SQL; a thread is a party's own.

Imported by `app`, which hands it to `data.services.comments`.
"""

from collections.abc import Sequence

from sqlalchemy import Engine, insert, select, tuple_

from data.services.comments import Comment, Thread
from data.store.history import answering
from data.store.people_tables import need_comment

MOST = 5000


class CommentStore:
    """The table of comments; nothing in it is ever changed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, site: str, party: str, thread: Thread, comment: Comment) -> None:
        """Put a comment at the end of a thread."""
        order, item = thread
        row = {
            "site": site, "party": party, "order_id": order, "need_id": item, "at": comment.at,
            "author": comment.author, "side": comment.side, "words": comment.words,
        }  # fmt: skip
        with answering(), self._engine.begin() as connection:
            connection.execute(insert(need_comment).values(row))

    def of(self, site: str, party: str, threads: Sequence[Thread]) -> dict[Thread, list[Comment]]:
        """Return the comments of threads, oldest first."""
        table = need_comment.c
        query = (
            select(table.order_id, table.need_id, table.at, table.author, table.side, table.words)
            .where(
                table.site == site,
                table.party == party,
                tuple_(table.order_id, table.need_id).in_(list(threads)),
            )
            .order_by(table.number)
            .limit(MOST)
        )
        found: dict[Thread, list[Comment]] = {}
        with answering(), self._engine.connect() as connection:
            for order, item, at, author, side, words in connection.execute(query):
                comment = Comment(at=at, author=author, side=side, words=words)
                found.setdefault((order, item), []).append(comment)
        return found
