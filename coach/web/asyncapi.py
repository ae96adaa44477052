"""The AsyncAPI 3.0 document of the WebSocket, generated from the models of commands and events."""

from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from coach.contracts.commands import PROTOCOL_SAMPLE_RATE_HZ, Command
from coach.contracts.events import PROTOCOL_VERSION, Event
from coach.interview.service import WS_PATH
from coach.web import access

_REF = "#/components/schemas/{model}"
_ABOUT = """\
Text frames are JSON objects `{"type", "payload"}`; binary frames from the client are audio: Int16 little-endian PCM,
mono, 16 kHz, 20-50 ms each (at most 1 s), or, with `codec=opus`, one Opus packet each. With `framing=clocked` each
begins with a head of 24 bytes, little-endian: version 1 (1 byte), 3 zero bytes, take (4), sequence number (4), first
sample of the frame in its take at 16 kHz (4), the client's clock at that sample in ms since 1970 (8, float). Then a
frame may be sent again, late or out of order: each sample is kept once, gaps are silence, SOUND_KEPT says once a
second what need not be sent again, and FINISH_ANSWER with `take` ends the recording at `timestamp_ms` of that clock.

The first frame from the server is SESSION_STATE; after a reconnect it and the frames behind it put the client where
the interview is. Per attempt there is exactly one FOLLOW_UP_QUEUED or NO_FOLLOW_UP, before anything the avatar says
and before UPDATE_SCORES and UPDATE_REWRITE. What cannot be used is answered with ERROR to this client alone and
changes nothing; sending a command twice does nothing the second time.

Close codes: 1000 the interview is finished, 4401 the token is unknown or expired, 4408 the client did not read its
events (reconnect), 4429 the interview is open in too many tabs, 1009 a message was too large, 1013 not just now, with
an ERROR before any SESSION_STATE that says why (reconnect where it is recoverable).
The server pings; a client that does not answer is cut off.
"""


def _messages(union: Any) -> list[type[BaseModel]]:
    """The models of a discriminated union, in their order."""
    return list(union.__args__[0].__args__)


def _name(model: type[BaseModel]) -> str:
    return str(model.model_fields["type"].default)


def document() -> dict[str, Any]:
    """The whole document."""
    commands, told = _messages(Command), _messages(Event)
    _, schemas = models_json_schema([(m, "validation") for m in [*commands, *told]], ref_template=_REF)
    names = [_name(m) for m in [*commands, *told]]
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Job Foxy interview socket", "version": PROTOCOL_VERSION, "description": _ABOUT},
        "channels": {
            "interview": {
                "address": WS_PATH,
                "description": f"One interview. A text frame has at most {access.MAX_TEXT_FRAME_BYTES} characters.",
                "bindings": {"ws": {"method": "GET", "query": _query()}},
                "messages": {
                    **{name: {"$ref": f"#/components/messages/{name}"} for name in names},
                    "AUDIO": {"$ref": "#/components/messages/AUDIO"},
                },
            }
        },
        "operations": {
            "command": _operation("receive", [*(_name(m) for m in commands), "AUDIO"], "What a client sends."),
            "event": _operation("send", [_name(m) for m in told], "What the server tells."),
        },
        "components": {
            "messages": {**{_name(m): _message(m) for m in [*commands, *told]}, "AUDIO": _audio()},
            "schemas": schemas["$defs"],
        },
    }


def _query() -> dict[str, object]:
    return {
        "type": "object",
        "properties": {
            "token": {"type": "string", "description": "auth_token of POST /mock-interviews/init"},
            "framing": {"type": "string", "enum": ["plain", "clocked"], "default": "plain"},
            "codec": {"type": "string", "enum": ["pcm", "opus"], "default": "pcm"},
        },
        "required": ["token"],
    }


def _operation(action: str, names: list[str], summary: str) -> dict[str, object]:
    return {
        "action": action,
        "summary": summary,
        "channel": {"$ref": "#/channels/interview"},
        "messages": [{"$ref": f"#/channels/interview/messages/{name}"} for name in names],
    }


def _message(model: type[BaseModel]) -> dict[str, object]:
    about = (model.model_fields["payload"].annotation or model).__doc__
    summary = (model.__doc__ or about or "").strip().split("\n")[0]
    generic = summary.startswith(("An immutable", "dict("))
    return {
        "name": _name(model),
        "contentType": "application/json",
        **({"summary": summary} if summary and not generic else {}),
        "payload": {"$ref": _REF.format(model=model.__name__)},
    }


def _audio() -> dict[str, object]:
    rate = PROTOCOL_SAMPLE_RATE_HZ
    return {
        "name": "AUDIO",
        "summary": f"One frame of sound: Int16 PCM, mono, {rate} Hz, or an Opus packet; behind a head if clocked.",
        "contentType": "application/octet-stream",
        "payload": {"type": "string", "format": "binary", "maxLength": access.MAX_AUDIO_FRAME_BYTES},
    }


def text() -> str:
    """The document as YAML, as it is shipped in `docs/asyncapi.yaml`."""
    head = "# Generated from the models: python -m coach.web.asyncapi > docs/asyncapi.yaml\n"
    return head + yaml.dump(document(), Dumper=_Readable, sort_keys=False, allow_unicode=True, width=120)


class _Readable(yaml.SafeDumper):
    """Longer texts as blocks."""


_Readable.add_representer(
    str, lambda d, s: d.represent_scalar("tag:yaml.org,2002:str", s, style="|" if "\n" in s else None)
)


if __name__ == "__main__":
    import sys

    sys.stdout.write(text())
