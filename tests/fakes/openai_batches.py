"""A loopback server for OpenAI's files and batches: keeps what was uploaded, answers each line when told to finish."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

Answer = Callable[[dict[str, Any]], dict[str, Any]]


class BatchServer:
    """Use as a context manager. `answer` turns an uploaded line into its output line; polls until done are counted."""

    def __init__(self, answer: Answer, *, polls_before_done: int = 2) -> None:
        self.answer = answer
        self.polls_before_done = polls_before_done
        self.refuse_all = False
        self.files: dict[str, str] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.submitted: list[list[dict[str, Any]]] = []
        routes = [
            Route("/v1/files", self._upload, methods=["POST"]),
            Route("/v1/files/{id}/content", self._content),
            Route("/v1/batches", self._create, methods=["POST"]),
            Route("/v1/batches/{id}", self._retrieve),
        ]
        config = uvicorn.Config(Starlette(routes=routes), host="127.0.0.1", port=0, log_level="error")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    @property
    def base_url(self) -> str:
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}/v1"

    def __enter__(self) -> "BatchServer":
        self._thread.start()
        deadline = time.monotonic() + 10
        while not self._server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)

    async def _upload(self, request: Request) -> Response:
        form = await request.form()
        upload = form["file"]
        content = (await upload.read()).decode()  # type: ignore[union-attr]
        file_id = self._keep(content)
        size = len(content.encode())
        body = {"id": file_id, "object": "file", "bytes": size, "created_at": 1, "filename": "calls.jsonl"}
        return JSONResponse({**body, "purpose": form["purpose"], "status": "processed"})

    async def _content(self, request: Request) -> Response:
        return PlainTextResponse(self.files[request.path_params["id"]])

    async def _create(self, request: Request) -> Response:
        asked = await request.json()
        lines = [json.loads(line) for line in self.files[asked["input_file_id"]].splitlines()]
        self.submitted.append(lines)
        batch = {
            "id": f"batch_{len(self.batches)}",
            "object": "batch",
            "endpoint": asked["endpoint"],
            "input_file_id": asked["input_file_id"],
            "completion_window": asked["completion_window"],
            "status": "validating",
            "created_at": 1,
            "request_counts": {"total": len(lines), "completed": 0, "failed": 0},
            "polls": 0,
        }
        self.batches[batch["id"]] = batch
        return JSONResponse({k: v for k, v in batch.items() if k != "polls"})

    async def _retrieve(self, request: Request) -> Response:
        batch = self.batches[request.path_params["id"]]
        batch["polls"] += 1
        batch["status"] = "in_progress"
        if self.refuse_all:
            batch["status"] = "failed"
        elif batch["polls"] > self.polls_before_done:
            self._finish(batch)
        return JSONResponse({k: v for k, v in batch.items() if k != "polls"})

    def _finish(self, batch: dict[str, Any]) -> None:
        lines = [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]
        answers = [self.answer(line) for line in lines]
        good = [a for a in answers if not a.get("error")]
        bad = [a for a in answers if a.get("error")]
        batch["status"] = "completed"
        batch["output_file_id"] = self._keep("\n".join(map(json.dumps, good))) if good else None
        batch["error_file_id"] = self._keep("\n".join(map(json.dumps, bad))) if bad else None
        batch["request_counts"] = {"total": len(lines), "completed": len(good), "failed": len(bad)}

    def _keep(self, content: str) -> str:
        file_id = f"file-{len(self.files)}"
        self.files[file_id] = content
        return file_id


def response_line(line: dict[str, Any], text: str, *, status: str = "completed", refusal: str = "") -> dict[str, Any]:
    """The output line of one call in the shape of the Batch API with a Responses body."""
    part = (
        {"type": "refusal", "refusal": refusal} if refusal else {"type": "output_text", "text": text, "annotations": []}
    )
    usage = {
        "input_tokens": 1200,
        "input_tokens_details": {"cached_tokens": 1000},
        "output_tokens": 800,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 2000,
    }
    body = {
        "id": "resp_1",
        "object": "response",
        "status": status,
        "model": line["body"]["model"],
        "output": [{"type": "message", "role": "assistant", "content": [part]}],
        "usage": usage,
    }
    return {
        "id": f"line_{line['custom_id']}",
        "custom_id": line["custom_id"],
        "response": {"status_code": 200, "request_id": "r", "body": body},
        "error": None,
    }
