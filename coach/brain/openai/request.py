"""Builds the request for either interface, and leaves out what a model or server turns out not to take."""

import json
from dataclasses import dataclass, field
from typing import Literal

import openai

from coach.brain.prompts.bundle import ModelSettings, PromptBundle

Api = Literal["responses", "chat"]


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is asked: static text first, so that its prefix can be cached; then the data; then a correction."""

    system: str
    user: str
    schema_name: str
    schema: dict[str, object]
    correction: str = ""
    max_output_tokens: int = 1200

    @property
    def chars(self) -> int:
        """Characters sent, schema included."""
        return len(self.system) + len(self.user) + len(self.correction) + len(json.dumps(self.schema))


@dataclass
class Abilities:
    """What the server at the other end has refused so far; learned from its answers, kept per client."""

    refused: set[str] = field(default_factory=set)

    def learn(self, error: openai.APIStatusError, sent: dict[str, object]) -> bool:
        """True when the error names an optional parameter that can be left out next time.

        A server that refuses a JSON schema is asked for plain JSON first (llama.cpp's Python server takes only that).
        """
        said = f"{error.param or ''} {error.message}".lower()
        for name in _OPTIONAL:
            if name in sent and name not in self.refused and any(word in said for word in _OPTIONAL[name]):
                schema_only = name == "response_format" and "json_schema" not in self.refused
                self.refused.add("json_schema" if schema_only else name)
                return True
        return False


_OPTIONAL: dict[str, tuple[str, ...]] = {
    "temperature": ("temperature",),
    "reasoning": ("reasoning", "effort"),
    "reasoning_effort": ("reasoning_effort", "reasoning", "effort"),
    "max_completion_tokens": ("max_completion_tokens",),
    "max_tokens": ("max_tokens",),
    "stream_options": ("stream_options",),
    "prompt_cache_key": ("prompt_cache_key",),
    "store": ("store",),
    "text": ("text.format", "json_schema", "text"),
    "response_format": ("response_format", "json_schema", "grammar"),
}


class RequestBuilder:
    """Knows the bundle's settings and what the server takes."""

    def __init__(self, bundle: PromptBundle, *, api: Api, model: str, official: bool) -> None:
        self.abilities = Abilities()
        self._bundle = bundle
        self.api = api
        self._model = model
        self._official = official

    def build(self, prompt: Prompt, *, stream: bool) -> dict[str, object]:
        """The keyword arguments of `responses.create` or `chat.completions.create`."""
        body = self._responses(prompt) if self.api == "responses" else self._chat(prompt, stream=stream)
        kept = {key: value for key, value in body.items() if value is not None and key not in self.abilities.refused}
        return {**kept, "model": self._model, "stream": stream}

    @property
    def schema_refused(self) -> bool:
        """True when the server takes no JSON schema; the prompt then has to carry it."""
        return bool({"text", "response_format", "json_schema"} & self.abilities.refused)

    def _settings(self) -> ModelSettings:
        return self._bundle.model_settings

    def _system(self, prompt: Prompt) -> str:
        if not self.schema_refused:
            return prompt.system
        return f"{prompt.system}\n\n# Schema\n{json.dumps(prompt.schema, separators=(',', ':'))}"

    def _correction(self, prompt: Prompt) -> str:
        """A retry carries the schema in words too: a server may take the parameter and not act on it."""
        schema = "" if self.schema_refused else json.dumps(prompt.schema, separators=(",", ":"))
        return f"{prompt.correction}\n{schema}".strip()

    def _turns(self, prompt: Prompt) -> list[dict[str, str]]:
        content = f"{prompt.user}\n\n{self._correction(prompt)}" if prompt.correction else prompt.user
        return [{"role": "user", "content": content}]

    def _responses(self, prompt: Prompt) -> dict[str, object]:
        settings = self._settings()
        shape = {"type": "json_schema", "name": prompt.schema_name, "schema": prompt.schema, "strict": self._strict}
        return {
            "instructions": self._system(prompt),
            "input": self._turns(prompt),
            "text": {"format": shape},
            "temperature": settings.temperature,
            "reasoning": {"effort": settings.effort} if settings.effort else None,
            "max_output_tokens": prompt.max_output_tokens,
            "prompt_cache_key": self._cache_key,
            "store": False,
        }

    def _chat(self, prompt: Prompt, *, stream: bool) -> dict[str, object]:
        settings = self._settings()
        shape = {"name": prompt.schema_name, "schema": prompt.schema, "strict": self._strict}
        return {
            "messages": [{"role": "system", "content": self._system(prompt)}, *self._turns(prompt)],
            "response_format": {"type": "json_object"}
            if "json_schema" in self.abilities.refused
            else {"type": "json_schema", "json_schema": shape},
            "temperature": settings.temperature,
            "reasoning_effort": settings.effort if self._official else None,
            self._limit_name: prompt.max_output_tokens,
            "stream_options": {"include_usage": True} if stream else None,
            "prompt_cache_key": self._cache_key,
        }

    @property
    def _limit_name(self) -> str:
        """The vendor's newer models take one name, many local servers only the other; each refusal turns it around."""
        refused = self.abilities.refused
        newer = "max_tokens" in refused or (self._official and "max_completion_tokens" not in refused)
        return "max_completion_tokens" if newer else "max_tokens"

    @property
    def _strict(self) -> bool:
        return self._bundle.schema_options.strict

    @property
    def _cache_key(self) -> str | None:
        """Routes equal prefixes to the same cache; only the vendor itself knows the parameter."""
        return f"{self._bundle.name}-{self._bundle.hash}" if self._official else None
