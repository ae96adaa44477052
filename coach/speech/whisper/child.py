"""Our end of the recognising process: starts it when first needed, starts it anew once when it dies."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any, cast

from coach.errors import SettingsError, VendorError
from coach.settings import ROOT
from coach.speech.freeing import ONE_ARENA
from coach.speech.whisper.worker import read_message, write_message

Task = Mapping[str, str]
HeardWord = tuple[str, float, float, float]


class WhisperChild:
    """One child process, used by one caller at a time. Thread-safe; calls block, so make them in a thread."""

    def __init__(self, models: Callable[[], Mapping[str, str]]) -> None:
        """`models` finds folders or hub names by role (`text`, `fillers`); asked when the child starts."""
        self._models = models
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
            VendorError: the recogniser failed on this piece, died twice on it, or was closed.
            SettingsError: there is no model.
        """
        message = json.dumps(task).encode() + b"\n" + pcm16
        with self._lock:
            for _ in range(2):
                answer = self._ask(message)
                if answer is not None:
                    break
                self._stop()
        if answer is None:
            raise VendorError("The recogniser died while it listened.", mend="Free some memory and try again.")
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

    def _ask(self, message: bytes) -> bytes | None:
        child = self._running()
        assert child.stdin and child.stdout
        try:
            write_message(child.stdin, message)  # type: ignore[arg-type]
            return read_message(child.stdout)  # type: ignore[arg-type]
        except OSError:
            return None

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
        try:
            write_message(self._child.stdin, models)  # type: ignore[arg-type]
            answer = json.loads(read_message(self._child.stdout) or b'{"error": ""}')  # type: ignore[arg-type]
        except OSError:
            answer = {"error": ""}
        if "error" in answer:
            self._stop()
            if answer["error"]:
                raise SettingsError(answer["error"], mend=answer.get("mend", ""))
            raise VendorError("The recogniser does not start.", mend="Install the pinned requirements.")
        self.load_s = answer["seconds"]

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe:
                pipe.close()
