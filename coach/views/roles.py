"""Role profiles that ship with the product, for practice without a posting."""

from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from coach.contracts.asking import own_id
from coach.contracts.people import OWNER
from coach.settings import DATA
from coach.store.repositories.library_records import JobDescription, RoleProfile


@lru_cache(maxsize=1)
def shipped_profiles(folder: Path = DATA / "role_profiles") -> tuple[RoleProfile, ...]:
    """All profiles in `folder` (YAML or JSON, one or several per file), by title."""
    found = [_profile(entry) for path in sorted(folder.glob("*.[jy]*")) for entry in _entries(path)]
    return tuple(sorted(found, key=lambda profile: profile.title))


def _entries(path: Path) -> list[dict[str, object]]:
    content = yaml.safe_load(path.read_text("utf8"))
    if isinstance(content, dict) and "title" not in content:
        content = next((value for value in content.values() if isinstance(value, list)), [])
    entries = content if isinstance(content, list) else [content]
    return [{"id": path.stem, **entry} if len(entries) == 1 else entry for entry in entries]


def _profile(entry: dict[str, Any]) -> RoleProfile:
    title = entry.get("title") or entry.get("job_title") or entry["id"]
    return RoleProfile(
        id=str(entry.get("id") or title.lower().replace(" ", "-")),
        title=title,
        summary=entry.get("summary") or entry.get("description", ""),
        key_skills=entry.get("key_skills") or entry.get("skills") or [],
        competencies=entry.get("competencies") or [],
    )


def as_job(profile: RoleProfile) -> JobDescription:
    """The profile as something to practise for; the same profile is always the same job of whoever asks."""
    me = own_id()
    whose = "" if me == OWNER else f"-{sha256(f'{me}|{profile.id}'.encode()).hexdigest()[:16]}"
    return JobDescription(
        id=f"role-{profile.id}"[: 64 - len(whose)] + whose,
        title=profile.title,
        description=profile.summary,
        parsed_skills=profile.key_skills,
        competencies=profile.competencies,
        summary=profile.summary,
    )
