"""A Redis Cluster that speaks TLS alone: every node proves its name, or nobody talks to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from limits.storage import storage_from_string

from callbacks.limits import _as_limits_has_it
from data.services.errors import Unavailable
from data.services.ports import Claim
from data.stream.cache import RedisShelf
from data.stream.client import close
from data.stream.log import EventLog, connect, key_of
from tests.contract.notify.receivers import certificate
from tests.scale.cluster import Build, RealCluster, running_cluster, server_with_tls

SITES = ("hsinchu", "suzhou", "brno", "leon")
HOST = "127.0.0.1"


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealCluster]:
    server = server_with_tls()
    if server is None:
        pytest.skip("no Redis on the PATH was built with TLS; that of the wheel isn't")
    _, trusted = certificate(tmp_path_factory.mktemp("authority"), HOST)
    own = trusted.with_name("redis.pem")  # with_suffix of an address isn't what it seems
    own.write_bytes(trusted.read_bytes())
    own.with_suffix(".key").write_bytes(trusted.with_name(f"{HOST}.key").read_bytes())
    with running_cluster(Build(server, own)) as made:
        yield made


@pytest.mark.long
def test_events_are_copied_to_replicas_and_read_back_on_every_shard(secured: RealCluster) -> None:
    client = connect(secured.url)
    log = EventLog(client)
    for site in SITES:
        log.warm(site, "epoch-1", {})
        assert log.append(site, [Claim("test", "a", b"d", b"{}")] * 2) == ["accepted", "duplicate"]
        assert [entry.payload for entry in log.read(site, "0-0", 10, None)] == [b"{}"]
    assert len({secured.master_of(key_of(site, "events")).port for site in SITES}) > 1
    close(client)


@pytest.mark.long
def test_kept_answers_and_counted_reads_go_over_tls_too(secured: RealCluster) -> None:
    shelf = RedisShelf(secured.url)
    shelf.put("answer", b"42", 60)
    assert shelf.get("answer") == b"42"
    shelf.close()
    address, told = _as_limits_has_it(secured.url)
    counted = storage_from_string(address, **told)
    assert (counted.incr("reads", 60), counted.incr("reads", 60)) == (1, 2)
    counted.storage.close()
    counted.storage.disconnect_connection_pools()


@pytest.mark.long
def test_a_cluster_that_proves_nothing_that_is_trusted_is_not_talked_to(
    secured: RealCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.stream.client._PATIENCE_S", ())
    _, other = certificate(tmp_path, HOST)
    nodes = secured.url.partition("?")[0]
    for url in (nodes, f"{nodes}?ssl_ca_certs={other}", nodes.replace("rediss", "redis", 1)):
        with pytest.raises(Unavailable):
            connect(url)
