"""A TCP proxy on loopback that breaks connections at a chosen byte, in a chosen way."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from dataclasses import dataclass
from typing import Literal, Self

How = Literal["close", "reset", "stall", "half-close"]


@dataclass(frozen=True)
class Fault:
    """What happens to a connection, and after how many bytes of which direction.

    ``half-close`` ends the broken direction only. ``bite`` is how many bytes are passed at once,
    with a turn of the loop between two: a slow link.
    """

    request_at: int | None = None
    answer_at: int | None = None
    how: How = "close"
    bite: int | None = None


class Proxy:
    """Stands before one port of this machine; ``faulty`` connections break, later ones pass."""

    def __init__(self, port: int, fault: Fault = Fault(), *, faulty: int = 1_000_000) -> None:
        self._port = port
        self._fault = fault
        self._faulty = faulty
        self.opened = 0
        """Connections made to the server so far."""
        self.request_bytes = 0
        self.answer_bytes = 0
        self._loop = asyncio.new_event_loop()
        self._ends: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run)
        self._ready = threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all connections; what stalled ends, too."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        self.port: int = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for end in self._ends:
            end.transport.abort()
        for _ in range(3):  # turns in which the transports let go of their sockets
            await asyncio.sleep(0)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.append(writer)
        task = self._loop.create_task(self._join(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._ends.append(up_writer)
        number, self.opened = self.opened, self.opened + 1
        fault = self._fault if number < self._faulty else Fault()
        ends = [writer, up_writer]
        there = self._pump(
            reader,
            up_writer,
            fault=fault,
            most=fault.request_at,
            ends=ends,
            counter="request_bytes",
        )
        back = self._pump(
            up_reader, writer, fault=fault, most=fault.answer_at, ends=ends, counter="answer_bytes"
        )
        pumps = [asyncio.ensure_future(there), asyncio.ensure_future(back)]
        try:
            await asyncio.gather(*pumps)
        except ConnectionError:
            pass  # broken as asked, or by an end that has gone
        finally:
            for pump in pumps:
                pump.cancel()
            for end in ends:
                end.close()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        fault: Fault,
        most: int | None,
        ends: list[asyncio.StreamWriter],
        counter: str,
    ) -> None:
        passed = 0
        if fault.answer_at == 0 and counter == "answer_bytes":
            await reader.read(1)  # no answer is cut before there is one
        while most is None or passed < most:
            want = min(fault.bite or 1 << 16, 1 << 16 if most is None else most - passed)
            part = await reader.read(want)
            if not part:
                # One side has said all it will say; the other may still speak.
                if writer.can_write_eof() and not writer.is_closing():
                    writer.write_eof()
                return
            writer.write(part)
            await writer.drain()
            passed += len(part)
            setattr(self, counter, getattr(self, counter) + len(part))
            if fault.bite:
                await asyncio.sleep(0)
        await self._break(fault.how, writer, ends)

    async def _break(
        self, how: How, writer: asyncio.StreamWriter, ends: list[asyncio.StreamWriter]
    ) -> None:
        if how == "stall":
            await self._stop.wait()
        elif how == "half-close":
            writer.write_eof()
            return
        elif how == "reset":
            for end in ends:
                wire = end.get_extra_info("socket")
                wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.transport.abort()
        raise ConnectionResetError("as the test asked")
