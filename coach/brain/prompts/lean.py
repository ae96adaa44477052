"""The lean variant of a prompt bundle: a smaller model and a shorter rewrite, for interviews in the light mode.

It judges by the same words and the same policy of scores; only what is written at length is cut. Its label says so
(`name@version-lean#hash`), and the hash covers model and limits, so every attempt tells what it was judged with.
"""

import re

from coach.brain.prompts.bundle import PromptBundle, content_hash

REWRITE_WORDS = (60, 110)
MAX_OUTPUT_TOKENS, RETRY_OUTPUT_TOKENS = 900, 1200
"""A rewrite is written twice (whole, and by STAR item): half of its words less saves 300 tokens of 1200."""
SUFFIX = "-lean"
FILE = "lean.yaml"
NOTE = """
# Short form
This person's plan asks for the short form of your feedback: polished_answer has {low} to {high} words, star_version the same words in four, coach_notes are at most three, every other text is one sentence. Scores, STAR items and the follow-up are judged exactly as above.
"""  # noqa: E501
CORRECTION = "{said} The polished answer has at most {high} words in any case."


def is_lean(label: str) -> bool:
    """Whether a label `name@version#hash` is that of a lean variant."""
    return label.partition("#")[0].endswith(SUFFIX)


def lean(bundle: PromptBundle, model: str = "") -> PromptBundle:
    """The lean variant of `bundle` with `model` (empty: the model it would use anyway)."""
    full, settings = bundle.policy.rewrite_words, bundle.model_settings
    low, high = (min(ours, theirs) for ours, theirs in zip(REWRITE_WORDS, full, strict=True))
    limits = {
        "max_output_tokens": min(MAX_OUTPUT_TOKENS, settings.max_output_tokens),
        "retry_output_tokens": min(RETRY_OUTPUT_TOKENS, settings.retry_output_tokens),
        "model": model or settings.model,
    }
    prompt = re.sub(rf"\b{full[0]} to {full[1]} words\b", f"{low} to {high} words", bundle.system_prompt)
    prompt = f"{prompt.rstrip()}\n{NOTE.format(low=low, high=high)}"
    truncated = CORRECTION.format(said=bundle.corrections.truncated.strip(), high=high)
    said = f"{limits}{(low, high)}{prompt}{truncated}"
    return bundle.model_copy(
        update={
            "version": f"{bundle.version}{SUFFIX}",
            "hash": content_hash({**bundle.files, FILE: said}),
            "policy": bundle.policy.model_copy(update={"rewrite_words": (low, high)}),
            "model_settings": settings.model_copy(update=limits),
            "system_prompt": prompt,
            "corrections": bundle.corrections.model_copy(update={"truncated": truncated}),
        }
    )
