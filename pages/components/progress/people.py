"""Whose progress is looked at, where there are several people to look at."""

from coach.views.sessions import Plain
from pages.components.shared.selection import pick

OWNER_SAMPLE = "Robin Vale (sample), Data analyst"
"""Who the small sample shows under the owner's own name."""


def choose(sessions: list[Plain]) -> str | None:
    """The person chosen, by id; None where all sessions are one person's."""
    names = {str(s["user_id"]): OWNER_SAMPLE if s["user_id"] == "local" else str(s["person"]) for s in sessions}
    if len(names) < 2:
        return None
    ordered = sorted(names, key=lambda user_id: names[user_id].casefold())
    return pick(
        "Person", ordered, identity=str, label=names.__getitem__, key="progress_person", address="person", width=420
    )
