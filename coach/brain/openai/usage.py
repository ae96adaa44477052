"""Tokens by kind as usage events: input (neither cached nor written to cache), cached_input, cache_write, output."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from coach.contracts.usage import UsageEvent, usage_event_id

VENDOR = "openai"
CHARS_PER_TOKEN = 4.0
"""Used only where a vendor told no usage; such events are marked estimated."""


class UsageMeter:
    """Writes the events of one call. `subject` (attempt or interview) and `call` make their permanent identity."""

    def __init__(self, *, subject: str, call: str, model: str, **links: str | None) -> None:
        self._subject = subject
        self._call = call
        self._model = model
        self._links = {name: value or None for name, value in links.items()}

    def told(self, usage: Any) -> tuple[UsageEvent, ...]:
        """Events from the vendor's usage object of either interface; nothing when there is none."""
        if usage is None:
            return ()
        total_in = _count(usage, "input_tokens", "prompt_tokens")
        details_in = _part(usage, "input_tokens_details", "prompt_tokens_details")
        details_out = _part(usage, "output_tokens_details", "completion_tokens_details")
        cached = min(total_in, _count(details_in, "cached_tokens"))
        written = min(total_in - cached, _count(details_in, "cache_write_tokens"))
        return self._events(
            {
                "input": total_in - cached - written,
                "cached_input": cached,
                "cache_write": written,
                "output": _count(usage, "output_tokens", "completion_tokens"),
                "reasoning": _count(details_out, "reasoning_tokens"),
            }
        )

    def estimated(self, input_chars: int, output_chars: int) -> tuple[UsageEvent, ...]:
        """Events where the vendor told nothing: characters by a rule of thumb, marked as estimated."""
        tokens = {"input": input_chars / CHARS_PER_TOKEN, "output": output_chars / CHARS_PER_TOKEN}
        return self._events({kind: round(count) for kind, count in tokens.items()}, estimated=True)

    def _events(self, counts: dict[str, int], *, estimated: bool = False) -> tuple[UsageEvent, ...]:
        now = datetime.now(UTC)
        return tuple(
            UsageEvent(
                event_id=usage_event_id(self._subject, self._call, f"{self._model}.{kind}"),
                vendor=VENDOR,
                meter=f"{self._model}.{kind}",
                quantity=Decimal(count),
                unit="token",
                occurred_at=now,
                call_id=self._call,
                billable=kind != "reasoning",
                estimated=estimated,
                **self._links,
            )
            for kind, count in counts.items()
            if count > 0
        )


def _part(usage: object, *names: str) -> object:
    return next((part for name in names if (part := getattr(usage, name, None)) is not None), None)


def _count(usage: object, *names: str) -> int:
    value = _part(usage, *names)
    return max(0, int(value)) if isinstance(value, int | float) else 0
