"""Our end of the recognising process: starts it when first needed, starts it anew once when it dies or hangs."""

import json
import logging
import math
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

from coach.audio.pcm import BYTES_PER_SECOND
from coach.errors import SettingsError, VendorError, VendorTimeoutError
from coach.settings import ROOT
from coach.speech.freeing import ONE_ARENA
from coach.speech.whisper.watchdog import Watchdog
from coach.speech.whisper.worker import read_message, write_message

log = logging.getLogger(__name__)
Task = Mapping[str, str]
HeardWord = tuple[str, float, float, float]
ENDS_WITHIN_S = 5.0
"""A killed process that waits for a disk ends when the disk answers; nobody waits for that."""


@dataclass(frozen=True, slots=True)
class HangLimits:
    """From when on the recogniser counts as hanging.

    `still_s`: without any processor time while it listens (a starved one still gets some each second); `loads_s`: the
    same while it loads, where a model may come over a network. A piece may take `processor_s` of processor time and
    `per_second` times its length: base takes 0.3 a second, the largest model about 8.
    """

    still_s: float = 15.0
    loads_s: float = 60.0
    processor_s: float = 30.0
    per_second: float = 10.0

    def of(self, pcm16: bytes) -> float:
        """Processor time that listening to this sound may take, seconds."""
        return self.processor_s + self.per_second * len(pcm16) / BYTES_PER_SECOND


class WhisperChild:
    """One child process, used by one caller at a time. Thread-safe; calls block, so make them in a thread."""

    def __init__(self, models: Callable[[], Mapping[str, str]], limits: HangLimits | None = None) -> None:
        """`models` finds folders or hub names by role (`text`, `fillers`); asked when the child starts."""
        self._models = models
        self._limits = limits or HangLimits()
        self._tries = 2
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._closed = False
        self.load_s = 0.0

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return self._child.pid if self._child else None

    def warm_up(self) -> None:
        """Starts the child and loads the models (1 to 3 s).

        Raises:
            SettingsError: there is no model.
        """
        with self._lock:
            self._running()

    def hear(self, task: Task, pcm16: bytes) -> list[HeardWord]:
        """One pass over one piece; times are seconds from its start.

        Raises:
            VendorTimeoutError: the recogniser hung over this piece, twice, or once after it had hung twice before.
            VendorError: it failed on this piece, died twice on it, or was closed.
            SettingsError: there is no model.
        """
        message = json.dumps(task).encode() + b"\n" + pcm16
        with self._lock:
            answer = self._heard(message, self._limits.of(pcm16))
        heard: dict[str, Any] = json.loads(answer)
        if "error" in heard:
            raise VendorError(f"The recogniser failed ({heard['error']}).")
        return [cast("HeardWord", tuple(word)) for word in heard["words"]]

    def close(self) -> None:
        """Ends the child; what is being asked fails."""
        self._closed = True
        child = self._child
        if child:
            child.kill()
        with self._lock:
            self._stop()

    def _heard(self, message: bytes, processor_s: float) -> bytes:
        """The answer, of a second process where the first one dies or hangs.

        After two that hung the next piece is tried once: who waits behind it waits no longer than has to be.
        """
        hung = False
        for _ in range(self._tries):
            answer, hung = self._ask(message, processor_s)
            if answer is not None:
                self._tries = 2
                return answer
            self._stop()
            if not self._closed:
                log.warning("the recogniser %s over a piece", "hung" if hung else "died")
        if hung:
            self._tries = 1
            raise VendorTimeoutError("The recogniser hung while it listened.", mend="Try again in a moment.")
        raise VendorError("The recogniser died while it listened.", mend="Free some memory and try again.")

    def _ask(self, message: bytes, processor_s: float) -> tuple[bytes | None, bool]:
        """The answer (None: it died), and whether it was ended because it hung."""
        child = self._running()
        assert child.stdin and child.stdout
        answer = None
        with Watchdog(child, still_s=self._limits.still_s, processor_s=processor_s) as watch:
            try:
                write_message(child.stdin, message)  # type: ignore[arg-type]
                answer = read_message(child.stdout)  # type: ignore[arg-type]
            except OSError:
                answer = None
        return answer, watch.hung

    def _running(self) -> subprocess.Popen[bytes]:
        if self._closed:
            raise VendorError("The recogniser was closed.")
        if self._child is None or self._child.poll() is not None:
            self._start()
        assert self._child
        return self._child

    def _start(self) -> None:
        models = json.dumps(dict(self._models())).encode()
        command = [sys.executable, "-m", "coach.speech.whisper.worker"]
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=ONE_ARENA | os.environ
        )
        assert self._child.stdin and self._child.stdout
        with Watchdog(self._child, still_s=self._limits.loads_s, processor_s=math.inf) as watch:
            try:
                write_message(self._child.stdin, models)  # type: ignore[arg-type]
                answer = json.loads(read_message(self._child.stdout) or b'{"error": ""}')  # type: ignore[arg-type]
            except OSError:
                answer = {"error": ""}
        if "error" in answer:
            self._stop()
            if answer["error"]:
                raise SettingsError(answer["error"], mend=answer.get("mend", ""))
            if watch.hung:
                raise VendorTimeoutError("The recogniser hung while it started.", mend="Try again in a moment.")
            raise VendorError("The recogniser does not start.", mend="Install the pinned requirements.")
        self.load_s = answer["seconds"]

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        try:
            child.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            log.warning("a recogniser that was ended does not go yet")
        for pipe in (child.stdin, child.stdout):
            if pipe:
                with suppress(OSError):  # what it never read
                    pipe.close()
