"""Judges for the offline coach and reads long answers: JSON in, JSON out, line by line (`python -m …offline.worker`).

A thread of its own watches the input: when the service is gone, so is this, also in the middle of a text. The argument
is how many seconds of processor time a text may take; the system ends the process that takes more, in the middle of it.
"""

import json
import os
import queue
import signal
import sys
import threading

from coach.brain.guards.context import GuardContext
from coach.brain.offline.coach import as_json, evaluation_of
from coach.brain.offline.packing import packed, unpacked
from coach.contracts.brain import EvaluationInput

NICENESS = 10


def answer(line: str) -> str:
    """`{"input", "max_words"}` to the evaluation's JSON, `{"read"}` to the same, read; or `{"error": class name}`."""
    try:
        asked = json.loads(line)
        if "read" in asked:
            context: GuardContext = unpacked(asked["read"])
            return json.dumps({"read": packed(context.read_ahead())})
        return as_json(evaluation_of(EvaluationInput.model_validate(asked["input"]), asked["max_words"]))
    except Exception as error:
        return json.dumps({"error": type(error).__name__})


def main() -> None:
    """Serves until the input ends."""
    os.nice(NICENESS)
    limit_s = float(sys.argv[1])
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_watch, args=(lines,), daemon=True).start()
    while True:
        line = lines.get()
        signal.setitimer(signal.ITIMER_PROF, limit_s)
        sys.stdout.write(answer(line) + "\n")
        signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout.flush()


def _watch(lines: "queue.Queue[str]") -> None:
    for line in sys.stdin:
        lines.put(line)
    os._exit(0)


if __name__ == "__main__":
    main()
