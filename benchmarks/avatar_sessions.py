"""What the avatar costs, in three books: whole interviews with the loopback avatar over its wire, on a jumping clock.

The vendor's stand-in counts started minutes, the ledger what was recorded, the model what the policy computes from the
recorded attempts. Every figure is for the same seeded interviews.
"""

import os
import tempfile
from pathlib import Path

from benchmarks._playing import table
from coach.avatar.policy import avatar_policy
from tests.conversation.avatar_sessions import sessions
from tests.conversation.fast_forward import run

SESSIONS = int(os.environ.get("AVATAR_SESSIONS", "1000"))
POLICIES = tuple(os.environ.get("AVATAR_POLICIES", "on_demand").split(","))


def main() -> None:
    """Plays the interviews under each policy and prints the credits of the three books."""
    rows = []
    for name in POLICIES:
        with tempfile.TemporaryDirectory() as home:
            counts = run(sessions(SESSIONS, Path(home), avatar_policy(name)))
        spent = [counts.connections, counts.model, counts.ledger, counts.vendor]
        agree = counts.model == counts.ledger == counts.vendor and counts.model_usd == counts.ledger_usd
        mean = float(counts.ledger_usd) / counts.interviews
        rows.append([name, counts.interviews, *spent, f"{mean:.4f}", "yes" if agree else "NO"])
    head = ["policy", "interviews", "connections", "credits: model", "ledger", "vendor", "USD per interview", "agree"]
    table(head, rows)


if __name__ == "__main__":
    main()
