"""What is compared: a bundle with a brain, a model and, where wanted, another policy or other settings."""

import hashlib
import json
from functools import cached_property
from typing import Any, Literal

from pydantic import Field

from coach.brain.prompts.bundle import PromptBundle, content_hash
from coach.contracts.base import Record

BrainName = Literal["openai", "local", "offline"]
BRAINS: tuple[BrainName, ...] = ("offline", "openai", "local")


class Variant(Record):
    """One side of a comparison.

    Attributes:
        name: how tables and charts call it.
        bundle: prompt bundle by name.
        brain: `openai` (any server that speaks it), `local` (the model on this computer) or `offline`.
        model: overrides the bundle's and the configured model.
        model_settings, policy: single values that differ from the bundle's.
        files: the bundle's texts as they are being edited, not on disk yet; empty: as they stand in its folder.
    """

    name: str = Field(min_length=1, max_length=60)
    bundle: str = "jobfoxy_v1"
    brain: BrainName = "offline"
    model: str = ""
    model_settings: dict[str, object] = {}
    policy: dict[str, Any] = {}
    files: dict[str, str] = {}

    def resolve(self) -> PromptBundle:
        """The bundle with this variant's overrides put in, validated.

        Raises:
            InputError: unknown bundle, or texts that make none.
            ValidationError: an override that cannot be used.
        """
        bundle = PromptBundle.from_files(self.bundle, self.files) if self.files else PromptBundle.load(self.bundle)
        settings = {**bundle.model_settings.model_dump(), **self.model_settings}
        if self.model:
            settings["model"] = self.model
        return bundle.model_copy(
            update={
                "model_settings": type(bundle.model_settings).model_validate(settings),
                "policy": type(bundle.policy).model_validate({**bundle.policy.model_dump(), **self.policy}),
            }
        )

    @cached_property
    def key(self) -> str:
        """Content identity, 16 hex digits: same key, same words and settings; the name does not count."""
        digest = content_hash(self.files) if self.files else PromptBundle.load(self.bundle).hash
        body = {**self.model_dump(exclude={"name", "files"}), "hash": digest}
        return hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()[:16]
