"""The address Stripe's webhooks arrive at. Verified by signature, so it needs no token and no origin."""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from coach.economics.billing.webhook_facts import WebhookError
from coach.economics.billing.webhooks import Webhooks
from coach.errors import CoachError

PATH = "/billing/webhook"
LARGEST_BYTES = 512 * 1024


def billing_routes(webhooks: Webhooks) -> list[BaseRoute]:
    """`POST /billing/webhook`: 200 applied (or seen before), 400 refused, 503 try again later."""

    async def receive(request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST_BYTES:
                return _error(413, "WEBHOOK", "The webhook is too large.")
        try:
            outcome = await asyncio.to_thread(webhooks.receive, body, request.headers.get("stripe-signature", ""))
        except WebhookError as error:
            return _error(400, error.code, error.message)
        except CoachError as error:
            return _error(503, error.code, error.message)
        return JSONResponse(outcome.model_dump())

    return [Route(PATH, receive, methods=["POST"])]


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status_code=status)
