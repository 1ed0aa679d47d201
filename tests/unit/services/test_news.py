"""News of statements: heard by every process, the one that tells them too."""

import pytest

from data.services.errors import Unavailable
from data.services.news import News, NewsDesk, What


class Stream:
    """News in memory; `lost`: it can't be reached."""

    def __init__(self):
        self.said, self.lost = [], False

    def publish(self, news):
        self._check()
        self.said.append(news)

    def last(self):
        self._check()
        return str(len(self.said))

    def read(self, after, block_ms):
        self._check()
        return str(len(self.said)), self.said[int(after) :]

    def _check(self):
        if self.lost:
            raise Unavailable("lost")


def desk(stream):
    made, heard = NewsDesk(stream, lambda seconds: None), []
    made.listen(heard.append)
    return made, heard


def news(what=What.COMMENT, *parties):
    return News(site="works", what=what, parties=parties)


def test_every_process_hears_what_one_of_them_tells_the_teller_too():
    stream = Stream()
    (here, told), (_, other) = desk(stream), (there := desk(stream))
    here.read()
    there[0].read()
    here.tell(What.COMMENT, "works", {"P2", "P1"})
    assert (here.read(), there[0].read()) == (1, 1)
    assert told == other == [None, news(What.COMMENT, "P1", "P2")]


def test_what_was_said_before_a_process_began_is_not_told_it_but_that_it_may_have_missed_it():
    stream = Stream()
    stream.publish(news())
    late, heard = desk(stream)
    assert late.read() == 0
    assert heard == [None]


def test_what_can_not_be_published_is_heard_here_at_least():
    stream = Stream()
    here, heard = desk(stream)
    stream.lost = True
    here.tell(What.POLICY, "works", ())
    assert heard == [news(What.POLICY)]


def test_who_was_away_hears_that_news_may_have_been_missed():
    stream = Stream()
    turns = []

    def pause(seconds):
        turns.append(seconds)
        stream.lost = len(turns) < 2
        if len(turns) == 3:
            raise SystemExit

    here, heard = NewsDesk(stream, pause), []
    here.listen(heard.append)
    here.read()
    stream.publish(news())
    stream.lost = True
    here.listen(lambda found: pause(0))  # ends the endless reading once it has heard again
    with pytest.raises(SystemExit):
        here.run()
    assert heard == [None, None]


def test_a_listener_that_fails_does_not_end_the_reading():
    stream, calls = Stream(), []

    def pause(seconds):
        if len(calls) > 1:
            raise SystemExit

    def listener(found):
        calls.append(found)
        raise RuntimeError("not drawn")

    here = NewsDesk(stream, pause)
    here.listen(listener)
    with pytest.raises(SystemExit):
        here.run()
    assert calls == [None, None]
