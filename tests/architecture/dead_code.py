"""What nothing calls: vulture over the product alone, so that a test's use of a thing does not keep it.

Functions, methods, classes and properties count from 60 % (vulture's figure for "no name like it is used anywhere");
names only assigned count from 80 %, as fields of records are read by whoever the record is sent to.
"""

import re
import sys
from pathlib import Path

import vulture

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("coach", "pages", "app.py", "training", "examples")
CALLABLE = {"function", "method", "class", "property"}

CALLED_BY_NAME = {
    r"_on_\w+": "the stage's events find their handler by name (`interview_desk`)",
    r"list_commands|format_commands": "click asks a group for its commands",
    r"settings_customise_sources|field_title_should_be_set": "pydantic asks for it",
    r"process_bind_param|process_result_value": "SQLAlchemy's type decorator",
    r"finish_request|handle_error|client_address|file_secret_settings": "overrides what the library calls",
    r"next_question": "named in `coach.web.endpoints`",
    r"sessions_frame": "for notebooks",
}
"""Regular expression of a whole name -> who calls it without naming it in the product's code."""

KEPT = {
    "asked_interviews": "recorded interviews, for replaying avatar policies",
    "compare_policies": "avatar policies on recorded interviews",
    "RemoteAvatar": "a live avatar's line",
    "paid_usd": "what a trial in the laboratory cost",
}
"""Built and tested, not yet reached from a page or command."""


def unused() -> list[str]:
    """`path:line: what` of what nothing calls and nothing excuses, and each excuse that nothing needs any more."""
    found = vulture.Vulture(
        ignore_decorators=[
            "@*.command",
            "@*.group",
            "@click.command",
            "@click.group",
            "@*validator",
            "@*serializer",
            "@*.listens_for",
        ]
    )
    found.scavenge([str(ROOT / path) for path in PRODUCT])
    lonely = [
        item
        for item in found.get_unused_code(min_confidence=60)
        if item.typ in CALLABLE or (item.confidence >= 80 and item.typ != "import")  # imports are ruff's
    ]
    excused = re.compile("|".join(CALLED_BY_NAME))
    dead = [
        f"{Path(item.filename).relative_to(ROOT)}:{item.first_lineno}: unused {item.typ} {item.name}"
        for item in lonely
        if item.name not in KEPT and not excused.fullmatch(item.name)
    ]
    return dead + stale({item.name for item in lonely})


def stale(lonely: set[str]) -> list[str]:
    """Excuses for what is called by now, or is gone."""
    patterns = [one for pattern in CALLED_BY_NAME for one in pattern.split("|")]
    needless = [one for one in patterns if not any(re.fullmatch(one, name) for name in lonely)]
    return [f"tests/architecture/dead_code.py: stale excuse {name}" for name in [*(KEPT.keys() - lonely), *needless]]


if __name__ == "__main__":
    dead = unused()
    print("\n".join(dead))
    sys.exit(bool(dead))
