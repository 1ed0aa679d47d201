"""A TCP proxy of the tests' own in front of a server, which does to its bytes what networks do.

Listens on this machine, leads to an engine's Unix socket or a web process's port, runs in a thread
of its own. What it does can be changed while connections go through it:

`delay`: 200 ms for every piece, both ways. `trickle`: a few bytes at a time. `reset`: every
connection is reset each half second. `hold`: nothing passes and nothing is closed, as behind a
cable that is cut; afterwards it arrives. `swallow`: now and then an answer is dropped after the
engine has done what was asked, and the connection with it.
"""

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

Evil = Literal["", "delay", "trickle", "reset", "hold", "swallow"]
EVILS: tuple[Evil, ...] = ("delay", "trickle", "reset", "hold", "swallow")
DELAY_S, RESET_EVERY_S, SWALLOWED = 0.2, 0.5, 0.15
DROP, DROP_PAUSE_S = 64, 0.005
_PIECE = 65536
_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset


class Proxy:
    """One proxy. `start` and `stop` once each; `doing` for what it does meanwhile."""

    def __init__(self, engine: Path | int, seed: int = 1) -> None:
        """`engine`: its Unix socket, or the port that it has on this machine."""
        self.port = 0
        self.swallowed = 0
        self._engine = engine
        self._evil: Evil = ""
        self._chance = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._passes = asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._run, name=f"proxy {engine}", daemon=True)
        self._ready = threading.Event()

    def start(self) -> None:
        """Listen; `port` says where."""
        self._thread.start()
        assert self._ready.wait(10), "the proxy does not listen"

    def stop(self) -> None:
        """Close everything."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    @contextmanager
    def doing(self, evil: Evil) -> Iterator[None]:
        """Do something to what passes, for a while."""
        self._loop.call_soon_threadsafe(self._turn, evil)
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(self._turn, "")

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._passes.set()
        resetting = self._loop.create_task(self._reset_now_and_then())
        self._ready.set()
        self._loop.run_forever()
        server.close()
        resetting.cancel()
        self._loop.run_until_complete(self._end())
        self._loop.close()

    async def _end(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in list(self._open):
            writer.transport.abort()

    def _turn(self, evil: Evil) -> None:
        self._evil = evil
        if evil == "hold":
            self._passes.clear()
        else:
            self._passes.set()

    async def _reset_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(RESET_EVERY_S)
            if self._evil == "reset":
                for writer in list(self._open):
                    _reset(writer)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._engine, int):
            return await asyncio.open_connection("127.0.0.1", self._engine)
        return await asyncio.open_unix_connection(str(self._engine))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await self._connect()
        except OSError:
            _reset(writer)
            return
        self._open |= {writer, back}
        ways = [
            asyncio.ensure_future(self._pass(reader, back, answers=False)),
            asyncio.ensure_future(self._pass(there, writer, answers=True)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for end in (writer, back):
                self._open.discard(end)
                end.transport.abort()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answers: bool
    ) -> None:
        with suppress(ConnectionError):
            while piece := await reader.read(_PIECE):
                await self._passes.wait()
                if self._evil == "delay":
                    await asyncio.sleep(DELAY_S)
                if answers and self._swallows():
                    return
                for part in self._parts(piece):
                    writer.write(part)
                    await writer.drain()
                    if self._evil == "trickle":
                        await asyncio.sleep(DROP_PAUSE_S)

    def _swallows(self) -> bool:
        if self._evil != "swallow" or self._chance.random() >= SWALLOWED:
            return False
        self.swallowed += 1
        return True

    def _parts(self, piece: bytes) -> list[bytes]:
        if self._evil != "trickle":
            return [piece]
        return [piece[first : first + DROP] for first in range(0, len(piece), DROP)]


def _reset(writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        found: socket.socket | None = writer.get_extra_info("socket")
        if found is not None and found.family == socket.AF_INET:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    writer.transport.abort()
