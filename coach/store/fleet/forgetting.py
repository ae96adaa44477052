"""A deleted interview is forgotten by whichever process has it."""

import logging
import time
from collections.abc import Callable

from coach.contracts.asking import asking
from coach.store.fleet import leases, notices

log = logging.getLogger(__name__)

WITHIN_S = 2.0
POLL_S = 0.05


def tell_to_forget(run: Callable[..., object], interview_id: str) -> None:
    """Tells every process on the server, and waits until the one that has the interview gave it up; blocking.

    Args:
        run: `SqlStore.run`.
        interview_id: which.
    """
    with asking(None):
        run(notices.send, {"kind": "forget", "interview_id": interview_id})
        until = time.monotonic() + WITHIN_S
        while run(leases.with_a_living, interview_id):
            if time.monotonic() >= until:
                log.warning("a running server did not let go of a deleted session at once")
                return
            time.sleep(POLL_S)
