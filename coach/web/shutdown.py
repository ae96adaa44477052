"""A graceful stop: nothing new is begun, answers in work are finished or kept, and it is over within ten seconds.

uvicorn closes its doors and gives connections three seconds; then the lifespan ends what runs. Whatever still holds
the process then (a library's thread) is left behind: everything acknowledged is on disk by that time.
"""

import logging
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

log = logging.getLogger(__name__)
WITHIN_S = 8.5
SETTLE_S = 3.0
"""How long answers in work may still take; what is not through by then is resumed at the next start."""
CLOSE_S = 2.5


def on_stop(stop_taking: Callable[[], None], leave: Callable[[int], object] = os._exit) -> None:
    """Lets the first signal to stop be heard before the server's own handler; only possible in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _before(signal.getsignal(number), stop_taking, leave))


def _before(
    usual: object, stop_taking: Callable[[], None], leave: Callable[[int], object]
) -> Callable[[int, FrameType | None], None]:
    begun = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        if not begun.is_set():
            begun.set()
            stop_taking()
            timer = threading.Timer(WITHIN_S, _give_up, (leave,))
            timer.daemon = True
            timer.start()
        if callable(usual):
            usual(number, frame)

    return handle


def _give_up(leave: Callable[[int], object]) -> None:
    log.warning(
        "the stop took longer than %.1f s; what still ran is left behind, nothing acknowledged is lost", WITHIN_S
    )
    leave(0)
