"""A server on this machine that speaks enough HTTP for an OpenAI-compatible endpoint, and fails on demand."""

import asyncio
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Call:
    """A request that came in."""

    number: int
    method: str
    path: str
    headers: dict[str, str]
    data: bytes

    @property
    def body(self) -> dict[str, Any]:
        return json.loads(self.data)

    @property
    def prompt(self) -> str:
        return self.body["messages"][-1]["content"]


@dataclass
class Response:
    """What to say: `cut` closes the connection after so many bytes of the body, `hang` never answers."""

    body: object = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut: int | None = None
    hang: bool = False

    def payload(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


def completion(
    content: object,
    *,
    finish_reason: str = "stop",
    usage: tuple[int, int] | None = (100, 10),
    delay: float = 0.0,
    **message: object,
) -> Response:
    """A chat completion, as a response."""
    body: dict[str, Any] = {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": "fake",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content, **message},
                "finish_reason": finish_reason,
            }
        ],
    }
    if usage:
        body["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
    return Response(body, delay=delay)


def failure(status: int, message: str = "no", code: str | None = None, **headers: str) -> Response:
    """An error, as OpenAI words it."""
    return Response({"error": {"message": message, "type": "error", "code": code}}, status, headers)


class Server:
    """Answers every request by `respond`, in a thread of its own. `calls` keeps what came in."""

    def __init__(self, respond: Callable[[Call], Response], port: int = 0) -> None:
        self.respond = respond
        self.calls: list[Call] = []
        self.in_flight = self.most_in_flight = 0
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def port(self) -> int:
        return self._port

    @property
    def prompts(self) -> list[str]:
        return [call.prompt for call in self.calls]

    def __enter__(self) -> "Server":
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *args: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _serve(self) -> None:
        server = self._loop.run_until_complete(asyncio.start_server(self._talk, "127.0.0.1", self._port))
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:])
            if name
        }
        data = await reader.readexactly(int(headers.get("content-length", 0)))
        call = Call(len(self.calls), method, path, headers, data)
        self.calls.append(call)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            response = self.respond(call)
            if response.delay:
                await asyncio.sleep(response.delay)
            if response.hang:
                await asyncio.Event().wait()
        finally:
            self.in_flight -= 1
        payload = response.payload()
        lines = {"content-type": "application/json", "content-length": str(len(payload)), **response.headers}
        top = (
            f"HTTP/1.1 {response.status} X\r\n" + "".join(f"{n}: {v}\r\n" for n, v in lines.items()) + "\r\n"
        )
        writer.write(top.encode() + payload[: response.cut])
        await writer.drain()
        return response.cut is None
