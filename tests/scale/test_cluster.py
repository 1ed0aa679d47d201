"""Log, facts, news, kept answers and limits on a real Redis Cluster; what a dead shard costs.

A site is on one shard. What is acknowledged is on its replica too, so the failover of a killed
master loses none of it.
"""

import os
import signal
import threading
import time
from collections.abc import Iterator
from itertools import count

import pytest
from flask import Blueprint, Flask

from callbacks.limits import ReadLimit
from data.services.errors import Cold, Unavailable
from data.services.news import News, What
from data.services.ports import Claim
from data.stream.cache import RedisShelf
from data.stream.client import Cluster, close
from data.stream.facts import FactsStream
from data.stream.log import EventLog, connect, key_of
from data.stream.news import NewsStream
from data.stream.room import LogRoom
from tests.browser.product.program import wait_for
from tests.scale.cluster import Node, RealCluster

SITES = ("hsinchu", "suzhou", "brno", "leon")
RECOVERED_WITHIN_S = 60.0
NOTHING_HAPPENED_S = 5.0


@pytest.fixture
def client(cluster: RealCluster) -> Iterator[Cluster]:
    made = connect(cluster.url)
    assert isinstance(made, Cluster)
    yield made
    close(made)


@pytest.fixture
def log(client: Cluster) -> EventLog:
    made = EventLog(client)
    for site in SITES:
        made.warm(site, "epoch-1", {})
    return made


def claim(event_id: str, digest: bytes = b"d") -> Claim:
    return Claim("test", event_id, digest, event_id.encode())


def ids(log: EventLog, site: str) -> list[str]:
    found, after = [], "0-0"
    while entries := log.read(site, after, 5000, None):
        found += [entry.payload.decode() for entry in entries]
        after = entries[-1].offset
    return found


def test_the_sites_are_on_several_shards_and_all_of_a_site_on_one(
    cluster: RealCluster, client: Cluster
) -> None:
    names = ("events", "epoch", "facts", "readers", "copied", "i:1")
    assert all(len({client.keyslot(key_of(site, name)) for name in names}) == 1 for site in SITES)
    assert len({cluster.master_of(key_of(site, "events")).port for site in SITES}) > 1


def test_events_are_appended_once_and_read_back_on_every_shard(log: EventLog) -> None:
    for site in SITES:
        log.announce(site)
        first, again = [claim("a"), claim("b")], [claim("b"), claim("a", b"other")]
        assert log.append(site, first) == ["accepted", "accepted"]
        assert log.append(site, again) == ["duplicate", "conflict"]
        log.append_quarantined(site, [b"not an event"])
        entries = log.read(site, "0-0", 10, None)
        assert [(e.payload, e.digest) for e in entries] == [
            (b"a", b"d"), (b"b", b"d"), (b"not an event", None),
        ]  # fmt: skip
        assert log.first_offset(site) == entries[0].offset
        assert log.last_offset(site) == entries[-1].offset
        log.trim(site, entries[-1].offset)
        log.signal(site, ["W1"], 3.5)
        log.note_reader(site, "recorder", entries[-1].offset, 4.5)
        assert log.signals(site) == {"W1": 3.5}
        assert log.readers(site) == {"recorder": (entries[-1].offset, 4.5)}
        assert log.generated(site) == entries[-1].offset
        log.forget(site, [("test", "a"), ("test", "b")])
        assert log.append(site, first) == ["accepted", "accepted"]
    assert log.sites() >= {*SITES}
    log.ping()


def test_the_room_of_a_cluster_is_that_of_its_fullest_shard(
    client: Cluster, cluster: RealCluster, log: EventLog
) -> None:
    room = LogRoom(client)
    for site in SITES:
        master = cluster.master_of(key_of(site, "events"))
        with master.client() as shard:
            most = shard.config_get("maxmemory")["maxmemory"]
            shard.config_set("maxmemory", shard.info("memory")["used_memory"] * 2)
            assert 0.2 < room.memory() < 0.8
            shard.config_set("maxmemory", most)
        assert room.memory() < 0.2
        assert room.behind_s(site, "0-0") >= 0


def test_a_log_without_memory_is_cold_until_it_is_warmed(log: EventLog) -> None:
    with pytest.raises(Cold):
        log.append("new-site", [claim("a")])
    log.warm("new-site", "epoch-1", {("test", "a"): b"d"})
    assert log.append("new-site", [claim("a"), claim("b")]) == ["duplicate", "accepted"]


def test_a_reader_that_waits_gets_what_comes(log: EventLog, cluster: RealCluster) -> None:
    other = connect(cluster.url)
    found: list[str] = []
    after = log.last_offset("suzhou")

    def wait() -> None:
        while not found:
            found.extend(e.payload.decode() for e in log.read("suzhou", after, 10, 1000))

    reader = threading.Thread(target=wait)
    reader.start()
    EventLog(other).append("suzhou", [claim("late")])
    reader.join(10)
    close(other)
    assert found == ["late"]


def test_facts_and_news_go_from_process_to_process(client: Cluster, cluster: RealCluster) -> None:
    other = connect(cluster.url)
    mine, theirs = FactsStream(client), FactsStream(other)
    number = mine.publish("brno", {"x": b"1", "y": b"2"}, None)
    assert number is not None
    assert mine.publish("brno", {"x": b"3", "y": None}, number) == number + 1
    change = theirs.read("brno", number, None)
    assert change is not None
    assert change.documents == {"x": b"3", "y": None}
    assert theirs.snapshot("brno").documents == {"x": b"3"}
    before = NewsStream(other).last()
    NewsStream(client).publish(news := News(site="brno", what=What.COMMENT))
    assert NewsStream(other).read(before, None)[1] == [news]
    close(other)


def test_kept_answers_and_counted_reads_are_shared(cluster: RealCluster) -> None:
    one, other = RedisShelf(cluster.url), RedisShelf(cluster.url)
    for n in range(20):  # over all shards
        one.put(f"answer-{n}", b"{}", 60)
        assert other.get(f"answer-{n}") == b"{}"
    one.close()
    other.close()
    first, second = served(cluster.url), served(cluster.url)
    assert [client.get("/").status_code for client in (first, second, first)] == [200, 200, 429]
    for client in (first, second):
        (limiter,) = client.application.extensions["limiter"]
        limiter.storage.storage.disconnect_connection_pools()


def served(url: str):
    """A process whose one route may be read twice a minute."""
    app, routes = Flask("test"), Blueprint("reading", __name__)
    routes.get("/")(lambda: "read")
    ReadLimit(url, a_minute=2).guard(routes, lambda: "somebody")
    app.register_blueprint(routes)
    return app.test_client()


def test_nothing_is_acknowledged_that_no_replica_has(log: EventLog, cluster: RealCluster) -> None:
    master = cluster.master_of(key_of("leon", "events"))
    with standing_still(cluster, master), pytest.raises(Unavailable, match="0 replicas of 1"):
        log.append("leon", [claim("alone")])
    wait_for(lambda: _taken(log, "alone") == ["duplicate"], 60, "the replica goes on")
    assert ids(log, "leon").count("alone") == 1


class standing_still:
    """The replicas of a master stop, as on a machine that hangs; shorter than anybody minds."""

    def __init__(self, cluster: RealCluster, master: Node) -> None:
        ports = [port for port, of in cluster.replicas().items() if of == master.port]
        self._pids = [node.pid for node in cluster.nodes if node.port in ports]

    def __enter__(self) -> None:
        for pid in self._pids:
            os.kill(pid, signal.SIGSTOP)

    def __exit__(self, *_: object) -> None:
        for pid in self._pids:
            os.kill(pid, signal.SIGCONT)


def _taken(log: EventLog, event_id: str) -> list[str]:
    try:
        return list(log.append("leon", [claim(event_id)]))
    except Unavailable:
        return []


class Sender(threading.Thread):
    """Sends to a site, repeats what wasn't acknowledged, and notes how long it had to wait."""

    def __init__(self, url: str, site: str) -> None:
        super().__init__(daemon=True)
        self.site, self.acknowledged = site, list[str]()
        self.longest_s = 0.0
        self.failure: BaseException | None = None
        self._url, self._stopping = url, threading.Event()

    def run(self) -> None:
        client = connect(self._url)
        try:
            for number in count():
                self._send(EventLog(client), f"{self.site}-{number}")
                if self._stopping.wait(0.005):
                    return
        except BaseException as error:
            self.failure = error
            raise
        finally:
            close(client)

    def _send(self, log: EventLog, event_id: str) -> None:
        begun = time.monotonic()
        while not self._stopping.is_set():
            try:
                assert log.append(self.site, [claim(event_id)])[0] in ("accepted", "duplicate")
            except Unavailable:
                self._stopping.wait(0.05)
                continue
            self.acknowledged.append(event_id)
            self.longest_s = max(self.longest_s, time.monotonic() - begun)
            return

    def stop(self) -> None:
        self._stopping.set()
        self.join(10)


@pytest.mark.long
def test_a_killed_master_costs_its_sites_seconds_and_nothing_that_was_acknowledged(
    cluster: RealCluster, log: EventLog
) -> None:
    senders = [Sender(cluster.url, site) for site in SITES]
    for sender in senders:
        sender.start()
    wait_for(lambda: all(len(s.acknowledged) > 100 for s in senders), 60, "all are sending")

    victim = cluster.master_of(key_of(SITES[0], "events"))
    ill = {s.site for s in senders if cluster.master_of(key_of(s.site, "events")) is victim}
    victim.kill()
    before = {s.site: len(s.acknowledged) for s in senders}
    wait_for(
        lambda: all(len(s.acknowledged) > before[s.site] + 100 for s in senders),
        RECOVERED_WITHIN_S, "every site is taken in again",
    )  # fmt: skip
    victim.start()  # comes back as a replica, and drops what it alone has
    wait_for(lambda: victim.port in cluster.replicas(), 60, "the dead one is a replica")

    for sender in senders:
        sender.stop()
        assert sender.failure is None
        kept = ids(log, sender.site)
        mine = [name for name in kept if name.startswith(sender.site)]
        assert {*sender.acknowledged} <= {*mine}
        assert len(mine) == len(set(mine))
    assert max(s.longest_s for s in senders if s.site not in ill) < NOTHING_HAPPENED_S
