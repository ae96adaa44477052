"""A loopback server that speaks OpenAI's wire protocol, both interfaces, and can be told to fail.

It runs in a thread with a loop of its own, so that the command line can be tested against it too. Every request and
every kind of event it sends is checked against OpenAI's published schemas; a breach is kept in `breaches`.
"""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema

CONTRACT = Path(__file__).parent.parent / "protocol" / "openai_contract" / "schemas.json"
MODEL = "gpt-test-1"
EVENT_SCHEMAS = {
    "response.created": "ResponseCreatedEvent",
    "response.in_progress": "ResponseInProgressEvent",
    "response.output_item.added": "ResponseOutputItemAddedEvent",
    "response.content_part.added": "ResponseContentPartAddedEvent",
    "response.output_text.delta": "ResponseTextDeltaEvent",
    "response.output_text.done": "ResponseTextDoneEvent",
    "response.refusal.delta": "ResponseRefusalDeltaEvent",
    "response.refusal.done": "ResponseRefusalDoneEvent",
    "response.content_part.done": "ResponseContentPartDoneEvent",
    "response.output_item.done": "ResponseOutputItemDoneEvent",
    "response.completed": "ResponseCompletedEvent",
    "response.incomplete": "ResponseIncompleteEvent",
    "response.failed": "ResponseFailedEvent",
    "error": "ResponseErrorEvent",
}


@dataclass(frozen=True)
class Tokens:
    """Usage the server reports; `cached` and `written` are part of `input`, `reasoning` of `output`."""

    input: int = 1500
    cached: int = 1024
    written: int = 0
    output: int = 900
    reasoning: int = 0


@dataclass(frozen=True)
class Reply:
    """One scripted answer.

    `chunk` characters per delta; `fault` one of: "", "http_error" (`status`, `retry_after`, `param`, `code`),
    "stall_first", "stall_middle", "disconnect", "refusal", "truncated", "failed", "error_event", "no_usage",
    "split_bytes" (the TCP stream is cut inside characters), "split_surrogates" (a character in two deltas).
    """

    text: str = "{}"
    chunk: int = 24
    fault: str = ""
    status: int = 200
    retry_after: str | None = None
    param: str | None = None
    code: str | None = None
    tokens: Tokens = field(default_factory=Tokens)
    delta_s: float = 0.0
    id: str = "resp_1"


class Disconnect(Exception):
    """Break the connection off without a proper end."""


@lru_cache(maxsize=64)
def validator(name: str) -> jsonschema.Draft202012Validator:
    """Checks one of OpenAI's schemas."""
    document = json.loads(CONTRACT.read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    )


class OpenAIServer:
    """Use as a context manager. `replies` are used up in order; the last one repeats."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.requests: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.breaches: list[str] = []
        self.billed: list[Tokens] = []
        """What the server counts: tokens of every answer it told the usage of."""
        self.untold = 0
        """Answers it began and never told the usage of; a vendor bills those all the same."""
        self.closed_early = threading.Event()
        self._served = 0
        self._seen: set[str] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> "OpenAIServer":
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", 0), self._loop
        ).result(5)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _stop(self) -> None:
        self._server.close()
        tasks = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                path, headers, body = await _read_request(reader)
                self.paths.append(path)
                self.headers.append(headers)
                await self._answer(path, body, writer)
        except (asyncio.IncompleteReadError, ConnectionError, Disconnect):
            self.closed_early.set()
        except asyncio.CancelledError:
            return
        finally:
            writer.close()

    async def _answer(self, path: str, raw: bytes, writer: asyncio.StreamWriter) -> None:
        if path.endswith("/models"):
            await _send_json(writer, 200, {"object": "list", "data": [{"id": MODEL, "object": "model"}]}, {})
            return
        body = json.loads(raw)
        self.requests.append(body)
        chat = path.endswith("/chat/completions")
        self._check("CreateChatCompletionRequest" if chat else "CreateResponse", body)
        reply = self.next_reply(body)
        if reply.fault == "http_error":
            await self._refuse(reply, writer)
            return
        told = reply.fault not in ("no_usage", "disconnect", "stall_first", "stall_middle", "error_event")
        self.billed += [reply.tokens] if told else []
        self.untold += not told
        if not body.get("stream") and reply.fault == "stall_first":
            await asyncio.sleep(3600)
        elif not body.get("stream"):
            whole = chat_whole(reply) if chat else response_whole(reply, "completed")
            self._check("CreateChatCompletionResponse" if chat else "Response", whole)
            await _send_json(writer, 200, whole, {})
        else:
            await self._stream(chat_events(reply) if chat else response_events(reply), reply, writer, chat=chat)

    def next_reply(self, body: dict[str, Any]) -> Reply:
        """What this request is answered with."""
        self._served += 1
        return self.replies[min(self._served, len(self.replies)) - 1]

    async def _refuse(self, reply: Reply, writer: asyncio.StreamWriter) -> None:
        error = {"message": f"refused {reply.param or ''}", "type": "error", "param": reply.param, "code": reply.code}
        headers = {"retry-after": reply.retry_after} if reply.retry_after else {}
        await _send_json(writer, reply.status, {"error": error}, headers)

    async def _stream(
        self, events: AsyncIterator[dict[str, Any]], reply: Reply, writer: asyncio.StreamWriter, *, chat: bool
    ) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        async for event in events:
            self._check_once("CreateChatCompletionStreamResponse" if chat else EVENT_SCHEMAS[event["type"]], event)
            head = "" if chat else f"event: {event['type']}\n"
            ascii_only = reply.fault == "split_surrogates"
            await _send_sse(writer, f"{head}data: {json.dumps(event, ensure_ascii=ascii_only)}\n\n", reply)
            if reply.delta_s:
                await asyncio.sleep(reply.delta_s)
        if chat:
            await _send_sse(writer, "data: [DONE]\n\n", reply)
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    def _check_once(self, name: str, event: dict[str, Any]) -> None:
        key = f"{name}:{sorted(event)}:{event.get('choices') == []}"
        if key not in self._seen:
            self._seen.add(key)
            self._check(name, event)

    def _check(self, name: str, value: Any) -> None:
        for error in validator(name).iter_errors(value):
            self.breaches.append(f"{name}: {error.message[:300]}")


async def _read_request(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return head[0].split(" ")[1], headers, body


async def _send_json(writer: asyncio.StreamWriter, status: int, body: Any, headers: dict[str, str]) -> None:
    data = json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", "content-type: application/json", f"content-length: {len(data)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
    await writer.drain()


async def _send_sse(writer: asyncio.StreamWriter, text: str, reply: Reply) -> None:
    data = text.encode("utf-8", "surrogatepass")
    size = 7 if reply.fault == "split_bytes" else len(data)
    for at in range(0, len(data), size):
        piece = data[at : at + size]
        writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
    await writer.drain()


async def deltas(reply: Reply) -> AsyncIterator[str]:
    """The text in pieces, with the reply's fault in it."""
    if reply.fault == "stall_first":
        await asyncio.sleep(3600)
    if reply.fault == "split_surrogates":
        units = reply.text.encode("utf-16-le", "surrogatepass")
        pieces = [units[i : i + 2].decode("utf-16-le", "surrogatepass") for i in range(0, len(units), 2)]
    else:
        pieces = [reply.text[i : i + reply.chunk] for i in range(0, len(reply.text), reply.chunk)]
    for number, piece in enumerate(pieces):
        if number == len(pieces) // 2:
            if reply.fault == "stall_middle":
                await asyncio.sleep(3600)
            if reply.fault == "disconnect":
                raise Disconnect
        yield piece


def response_usage(tokens: Tokens) -> dict[str, Any]:
    return {
        "input_tokens": tokens.input,
        "input_tokens_details": {"cached_tokens": tokens.cached, "cache_write_tokens": tokens.written},
        "output_tokens": tokens.output,
        "output_tokens_details": {"reasoning_tokens": tokens.reasoning},
        "total_tokens": tokens.input + tokens.output,
    }


def response_object(reply: Reply, status: str, output: list[dict[str, Any]]) -> dict[str, Any]:
    done = status in ("completed", "incomplete", "failed")
    usage = response_usage(reply.tokens) if done and reply.fault != "no_usage" else None
    return {
        "id": reply.id,
        "object": "response",
        "created_at": int(time.time()),
        "status": status,
        "error": {"code": "server_error", "message": "it broke"} if status == "failed" else None,
        "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
        "instructions": None,
        "metadata": {},
        "model": MODEL,
        "output": output,
        "parallel_tool_calls": True,
        "temperature": 0.2,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        **({"usage": usage} if usage else {}),
    }


def message_item(part: dict[str, Any] | None, status: str) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": status,
        "content": [part] if part else [],
    }


def text_part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def response_whole(reply: Reply, status: str) -> dict[str, Any]:
    if reply.fault == "refusal":
        return response_object(reply, status, [message_item({"type": "refusal", "refusal": "no"}, "completed")])
    status = "incomplete" if reply.fault == "truncated" else "failed" if reply.fault == "failed" else status
    return response_object(reply, status, [message_item(text_part(reply.text), "completed")])


async def response_events(reply: Reply) -> AsyncIterator[dict[str, Any]]:
    """The Responses interface's events, numbered."""
    number = 0
    async for event in _response_events(reply):
        yield {**event, "sequence_number": number}
        number += 1


async def _response_events(reply: Reply) -> AsyncIterator[dict[str, Any]]:
    at = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    yield {"type": "response.created", "response": response_object(reply, "in_progress", [])}
    yield {"type": "response.in_progress", "response": response_object(reply, "in_progress", [])}
    if reply.fault == "error_event":
        yield {"type": "error", "code": "server_error", "message": "it broke", "param": None}
        return
    yield {"type": "response.output_item.added", "output_index": 0, "item": message_item(None, "in_progress")}
    if reply.fault == "refusal":
        yield {"type": "response.refusal.delta", **at, "delta": "I can't help"}
        yield {"type": "response.refusal.done", **at, "refusal": "I can't help"}
        yield {"type": "response.completed", "response": response_whole(reply, "completed")}
        return
    yield {"type": "response.content_part.added", **at, "part": text_part("")}
    async for piece in deltas(reply):
        yield {"type": "response.output_text.delta", **at, "delta": piece, "logprobs": []}
    if reply.fault not in ("truncated", "failed"):
        yield {"type": "response.output_text.done", **at, "text": reply.text, "logprobs": []}
        yield {"type": "response.content_part.done", **at, "part": text_part(reply.text)}
        done = message_item(text_part(reply.text), "completed")
        yield {"type": "response.output_item.done", "output_index": 0, "item": done}
    kind = {"truncated": "incomplete", "failed": "failed"}.get(reply.fault, "completed")
    yield {"type": f"response.{kind}", "response": response_whole(reply, kind)}


def chat_usage(tokens: Tokens) -> dict[str, Any]:
    return {
        "prompt_tokens": tokens.input,
        "completion_tokens": tokens.output,
        "total_tokens": tokens.input + tokens.output,
        "prompt_tokens_details": {"cached_tokens": tokens.cached},
        "completion_tokens_details": {"reasoning_tokens": tokens.reasoning},
    }


def chat_whole(reply: Reply) -> dict[str, Any]:
    refusal = "no" if reply.fault == "refusal" else None
    message = {"role": "assistant", "content": None if refusal else reply.text, "refusal": refusal}
    finish = "length" if reply.fault == "truncated" else "stop"
    return {
        "id": "chat_1",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
        "usage": chat_usage(reply.tokens),
    }


async def chat_events(reply: Reply) -> AsyncIterator[dict[str, Any]]:
    """The Chat Completions interface's chunks: role, deltas, finish reason, usage."""
    base = {"id": "chat_1", "object": "chat.completion.chunk", "created": int(time.time()), "model": MODEL}

    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}]}

    yield chunk({"role": "assistant", "content": ""})
    if reply.fault == "refusal":
        yield chunk({"refusal": "I can't help"})
    else:
        async for piece in deltas(reply):
            yield chunk({"content": piece})
    if reply.fault in ("failed", "error_event"):
        raise Disconnect
    yield chunk({}, "length" if reply.fault == "truncated" else "stop")
    if reply.fault != "no_usage":
        yield {**base, "choices": [], "usage": chat_usage(reply.tokens)}
