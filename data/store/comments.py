"""What was said about needs and outsourced operations, in SQL; a thread is a party's own.

Imported by the wiring, which hands it to `data.services.comments`.
"""

from collections.abc import Sequence

from sqlalchemy import Engine, func, insert, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on

from data.domain.scope import Scope
from data.services.comments import Comment, Talk, Thread
from data.store.people_tables import need_comment
from data.store.scoped import reading, writing

MOST = 5000


class CommentStore:
    """The table of comments; nothing in it is ever changed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, scope: Scope, site: str, party: str, thread: Thread, comment: Comment) -> None:
        """Put a comment at the end of a thread."""
        order, item = thread
        row = {
            "site": site, "party": party, "order_id": order, "need_id": item, "at": comment.at,
            "author": comment.author, "side": comment.side, "words": comment.words,
        }  # fmt: skip
        with writing(self._engine, scope) as connection:
            connection.execute(insert(need_comment).values(row))

    def of(
        self, scope: Scope, site: str, party: str, threads: Sequence[Thread]
    ) -> dict[Thread, list[Comment]]:
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
        with reading(self._engine, scope) as connection:
            for order, item, at, author, side, words in connection.execute(query):
                comment = Comment(at=at, author=author, side=side, words=words)
                found.setdefault((order, item), []).append(comment)
        return found

    def talks(self, scope: Scope, site: str, party: str | None) -> list[Talk]:
        """Return every thread of a site in short, or those of one party."""
        table = need_comment.c
        thread = (table.party, table.order_id, table.need_id)
        count = func.count().over(partition_by=thread)
        query = (
            select(*thread, table.at, table.author, table.side, table.words, count)
            .where(table.site == site, *(() if party is None else (table.party == party,)))
            .ext(distinct_on(*thread))
            .order_by(*thread, table.number.desc())
        )
        with reading(self._engine, scope) as connection:
            return [
                Talk(
                    party=whose, thread=(order, item), count=number,
                    last=Comment(at=at, author=author, side=side, words=words),
                )
                for whose, order, item, at, author, side, words, number in connection.execute(query)
            ]  # fmt: skip
