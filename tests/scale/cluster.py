"""A real Redis Cluster on this machine: masters, a replica for each, and one to spare.

The server is the one that the wheel brings along, for TLS one of the system's; `redis-cli` beside
it makes the cluster. The settings are those that docs/scaling.md asks for, with a shorter time-out.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import redis

from data.processes import Child, Solo
from data.stream.embedded import _program
from tests.browser.product.program import wait_for
from tests.folders import short_folder
from tests.ports import free_pair

MASTERS, SPARE = 3, 1
NODE_TIMEOUT_MS = 2000
_BUS = 10_000


class Build(NamedTuple):
    """Programs, and with TLS a certificate that vouches for itself, whose key is beside it."""

    server: Path
    certificate: Path | None = None

    @property
    def settings(self) -> dict[str, str]:
        if self.certificate is None:
            return {}
        return {
            "tls-cluster": "yes", "tls-replication": "yes", "tls-auth-clients": "no",
            "tls-cert-file": str(self.certificate), "tls-ca-cert-file": str(self.certificate),
            "tls-key-file": str(self.certificate.with_suffix(".key")),
        }  # fmt: skip

    @property
    def client(self) -> dict[str, Any]:
        return {"ssl": True, "ssl_ca_certs": str(self.certificate)} if self.certificate else {}

    def cli(self, *arguments: str) -> None:
        """Run `redis-cli`; it must succeed."""
        secured = ["--tls", "--cacert", str(self.certificate)] if self.certificate else []
        done = subprocess.run(
            [str(self.server.with_name("redis-cli")), *secured, *arguments],
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr


def server_with_tls() -> Path | None:
    """Return a server on the PATH that was built with TLS."""
    for folder in map(Path, os.get_exec_path()):
        cli = folder / "redis-cli"
        if cli.is_file() and (folder / "redis-server").is_file():
            said = subprocess.run([str(cli), "--help"], capture_output=True, text=True, check=False)
            if "--tls" in said.stdout + said.stderr:
                return folder / "redis-server"
    return None


class Node:
    """One server of the cluster."""

    def __init__(self, folder: Path, build: Build) -> None:
        self.port = free_pair(_BUS)
        self._build = build
        self.folder = folder / str(self.port)
        self.folder.mkdir()
        child = Child(
            name=f"redis-{self.port}", argv=self._argv(), ready=self.answers, ready_within_s=60,
            output=self.folder / "log",
        )  # fmt: skip
        self._solo = Solo(child)
        self.start = self._solo.start
        self.kill = self._solo.kill
        self.stop = self._solo.stop

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._solo.pid is not None
        return self._solo.pid

    @property
    def lives(self) -> bool:
        return self._solo.pid is not None

    def answers(self) -> bool:
        with self.client() as client, suppress(redis.ConnectionError, redis.TimeoutError):
            return bool(client.ping())
        return False

    @contextmanager
    def client(self) -> Iterator[redis.Redis]:
        how = {"host": "127.0.0.1", "port": self.port, "socket_timeout": 5, "retry": None}
        with redis.Redis(**how, **self._build.client) as made:
            yield made
            made.connection_pool.disconnect()

    def _argv(self) -> tuple[str, ...]:
        ports = {"port": str(self.port)}
        if self._build.certificate is not None:
            ports = {"port": "0", "tls-port": str(self.port)}
        settings = {
            "bind": "127.0.0.1", "dir": str(self.folder),
            "cluster-enabled": "yes", "cluster-config-file": "nodes.conf",
            "cluster-node-timeout": str(NODE_TIMEOUT_MS),
            "cluster-require-full-coverage": "no",
            "appendonly": "yes", "appendfsync": "always", "save": "",
            "min-replicas-to-write": "1", "repl-diskless-sync": "yes",
            "repl-diskless-sync-delay": "0",
            "maxmemory": "256mb", "maxmemory-policy": "noeviction", "loglevel": "notice",
            **ports, **self._build.settings,
        }  # fmt: skip
        options = [part for name, value in settings.items() for part in (f"--{name}", value)]
        return (str(self._build.server), *options)


class RealCluster:
    """The servers, who of them is what, and an address for the program."""

    def __init__(self, folder: Path, build: Build) -> None:
        self.nodes = [Node(folder, build) for _ in range(2 * MASTERS + SPARE)]
        self._build = build

    @property
    def url(self) -> str:
        nodes = ",".join(node.address for node in self.nodes[:MASTERS])
        trusted = self._build.certificate
        if trusted is None:
            return f"redis+cluster://{nodes}"
        return f"rediss+cluster://{nodes}?ssl_ca_certs={trusted}"

    def start(self) -> None:
        for node in self.nodes:
            node.start()
        whole, spare = self.nodes[: 2 * MASTERS], self.nodes[2 * MASTERS :]
        self._build.cli("--cluster", "create", *(n.address for n in whole),
             "--cluster-replicas", "1", "--cluster-yes")  # fmt: skip
        wait_for(self.is_whole, 90, "the cluster is whole")
        for node in spare:
            self._build.cli(
                "--cluster", "add-node", node.address, whole[0].address, "--cluster-slave"
            )
        wait_for(lambda: len(self.replicas()) == MASTERS + SPARE, 90, "the spare is a replica")

    def stop(self) -> None:
        for node in self.nodes:
            node.kill()

    def is_whole(self) -> bool:
        return all(_sees_whole(node) for node in self.nodes[: 2 * MASTERS] if node.lives)

    def replicas(self) -> dict[int, list[int]]:
        """The ports of replicas that are up to date, and of whom: by the port of each."""
        found = {}
        for node in filter(lambda node: node.lives, self.nodes):
            with node.client() as client:
                said = client.info("replication")
            if said["role"] == "slave" and said["master_link_status"] == "up":
                found[node.port] = said["master_port"]
        return found

    def empty(self) -> None:
        """Delete every key of every shard."""
        for node in filter(lambda node: node.lives, self.nodes):
            with node.client() as client:
                if client.info("replication")["role"] == "master":
                    client.flushall()

    def reshard(self, key: str) -> int:
        """Move the beginning of a shard's slots up to that of a key to another shard; how many."""
        source = self.master_of(key)
        with source.client() as client:
            slot = int(client.execute_command("CLUSTER KEYSLOT", key))
            nodes = client.execute_command("CLUSTER NODES")
        mine = nodes[source.address]
        target = next(
            one for address, one in nodes.items()
            if "master" in one["flags"] and one["slots"] and address != source.address
        )  # fmt: skip
        count = slot - int(mine["slots"][0][0]) + 1
        self._build.cli("--cluster", "reshard", source.address, "--cluster-from", mine["node_id"],
             "--cluster-to", target["node_id"], "--cluster-slots", str(count),
             "--cluster-yes")  # fmt: skip
        return count

    def master_of(self, key: str) -> Node:
        """The living server that holds a key and takes writes to it."""
        for node in filter(lambda node: node.lives, self.nodes):
            with node.client() as client, suppress(redis.RedisError):
                client.exists(key)
                if client.info("replication")["role"] == "master":
                    return node
        raise AssertionError(f"nobody holds {key}")


def _sees_whole(node: Node) -> bool:
    with node.client() as client:
        said = client.execute_command("CLUSTER INFO")
        role = client.info("replication")
    linked = role["role"] == "slave" or role["connected_slaves"] >= 1
    return said["cluster_state"] == "ok" and said["cluster_known_nodes"] == "6" and linked


@contextmanager
def running_cluster(build: Build | None = None) -> Iterator[RealCluster]:
    """Start a cluster in a folder of its own; end it afterwards."""
    with short_folder() as folder:
        made = RealCluster(folder, build or Build(_program()))
        try:
            made.start()
            yield made
        finally:
            made.stop()
