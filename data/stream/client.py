"""The client of a Redis, or of a Redis Cluster: nothing else knows which of them it is.

Imported within `data.stream`. The address decides: `redis+cluster://` names nodes of a cluster,
any of which knows the others, and `rediss+cluster://` speaks TLS with them. All keys of a site
carry one hash tag, so they are on one shard.
"""

import time
from collections.abc import Sequence
from typing import Any, Self, cast

import redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.commands.core import Script
from redis.exceptions import (
    AskError,
    MovedError,
    NoScriptError,
    RedisClusterException,
    SlotNotCoveredError,
)
from redis.retry import Retry

from data.cluster_address import SCHEMES, parse, secured
from data.services.errors import Unavailable

COPY_WITHIN_MS = 1000  # how long an acknowledgement waits for the replicas
LOST = (redis.ConnectionError, redis.TimeoutError, RedisClusterException)
_PATIENCE_S = (0.2, 0.5, 1, 2, 4, 8, 8)  # a cluster that is just coming up
_TURNS = 4  # redirections and missing scripts in a row


class Cluster(RedisCluster):
    """A Redis Cluster. `replicas`: how many must have what is acknowledged."""

    replicas: int = 0

    @classmethod
    def at(cls, url: str, timeout_s: float) -> Self:
        """Return a client of the cluster whose nodes an address names.

        Raises: ValueError for another address; redis' own errors.
        """
        address, node = parse(url), cast(Any, ClusterNode)
        made = cls(
            startup_nodes=[node(host, port) for host, port in address.nodes],
            username=address.user,
            password=address.password,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=Retry(NoBackoff(), 0),
            require_full_coverage=False,  # sites on other shards go on
            protocol=2,
            **secured(address),
        )
        made.replicas = address.replicas
        return made

    def copied(self, script: Script, keys: Sequence[str], args: Sequence[Any], mark: str) -> Any:
        """Run a script and return its answer once enough replicas have what it wrote.

        `mark`: a key of the same site. It is written too, since a connection waits for its own
        writes alone, and a script that finds everything there already writes nothing.

        Raises: Unavailable when the replicas don't have it in time: some of them may.
        """
        node_of: Any = self.get_node_from_key
        for _ in range(_TURNS):
            node = node_of(keys[0])
            answer, marked, copies = self._asked(node, script, keys, args, mark)
            if not self._elsewhere(node, script, answer):
                break
        for found in (answer, marked, copies):
            if isinstance(found, Exception):
                raise found
        if copies < self.replicas:
            raise Unavailable(f"{copies} replicas of {self.replicas} have it")
        return answer

    def _asked(
        self, node: Any, script: Script, keys: Sequence[str], args: Sequence[Any], mark: str
    ) -> list[Any]:
        """Send script and wait over one connection."""
        pipe: Any = self.get_redis_connection(node).pipeline(transaction=False)
        pipe.evalsha(script.sha, len(keys), *keys, *args)
        pipe.set(mark, b"")
        pipe.execute_command("WAIT", self.replicas, COPY_WITHIN_MS)
        try:
            answers: list[Any] = pipe.execute(raise_on_error=False)
        except (redis.ConnectionError, redis.TimeoutError):
            self.nodes_manager.initialize(last_failed_node_name=node.name)
            raise
        return answers

    def _elsewhere(self, node: Any, script: Script, answer: Any) -> bool:
        """Whether the script must be sent again, and to whom is known by now."""
        if isinstance(answer, NoScriptError):
            self.get_redis_connection(node).script_load(script.script)
        elif isinstance(answer, AskError):
            raise Unavailable("the site is just being moved to another shard")
        elif isinstance(answer, MovedError):
            self.nodes_manager.initialize(
                additional_startup_nodes_info=[(answer.host, answer.port)]
            )
        return isinstance(answer, NoScriptError | MovedError)


Client = redis.Redis | Cluster


def connect(url: str, timeout_s: float) -> Client:
    """Return the client that an address asks for; a cluster must answer soon.

    No automatic retry: whoever asks decides whether to ask again.
    Raises: Unavailable when no node of a cluster answers.
    """
    if url.startswith(SCHEMES):
        return _patiently(url, timeout_s)
    return redis.Redis.from_url(
        url,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
        protocol=2,
    )


def memories(client: Client) -> list[dict[str, Any]]:
    """Return what each server that takes writes says of its memory; of those that answer.

    Raises: redis' own errors when none does.
    """
    if not isinstance(client, Cluster):
        told: dict[str, Any] = client.info("memory")
        return [told]
    found, lost = [], None
    primaries: Any = client.get_primaries
    for node in primaries():
        try:
            found.append(client.info("memory", target_nodes=node))
        except LOST as error:
            lost = error
    if not found:
        raise lost or redis.ConnectionError("no shard is known")
    return found


def close(client: Client) -> None:
    """Let all connections go."""
    client.close()
    if isinstance(client, Cluster):
        disconnect: Any = client.disconnect_connection_pools
        disconnect()
    else:
        client.connection_pool.disconnect()


def _patiently(url: str, timeout_s: float) -> Cluster:
    for pause_s in _PATIENCE_S:
        try:
            return Cluster.at(url, timeout_s)
        except (*LOST, SlotNotCoveredError, redis.ResponseError):
            time.sleep(pause_s)
    try:
        return Cluster.at(url, timeout_s)
    except (*LOST, SlotNotCoveredError) as error:
        raise Unavailable(f"no node of the cluster answers: {error}") from error
