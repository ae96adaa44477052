"""Our end of the recognising process: starts it when first needed, restarts it once when it dies."""

import json
import subprocess
import sys
import threading
from typing import cast

from coach.errors import VendorError
from coach.settings import ROOT
from coach.speech.pocketsphinx_worker import RecognisedWord, read_message, write_message


class RecogniserProcess:
    """One child process, used by one caller at a time. Thread-safe; calls block, so make them in a thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return self._child.pid if self._child else None

    def warm_up(self) -> None:
        """Starts the child and loads the model (about 0.5 s)."""
        with self._lock:
            self._running()

    def recognise(self, pcm16: bytes) -> list[RecognisedWord]:
        """Words of one utterance (16 kHz mono Int16), times from its start.

        Raises:
            VendorError: the recogniser died twice on this utterance, or was closed.
        """
        with self._lock:
            for _ in range(2):
                answer = self._ask(pcm16)
                if answer is not None:
                    return [cast(RecognisedWord, tuple(word)) for word in json.loads(answer)]
                self._stop()
        raise VendorError("The offline recogniser stopped working.", mend="The recording is kept; try again.")

    def close(self) -> None:
        """Ends the child; a call under way fails."""
        self._closed = True
        child = self._child
        if child is not None:
            child.kill()
        with self._lock:
            self._stop()

    def _ask(self, pcm16: bytes) -> bytes | None:
        child = self._running()
        assert child.stdin and child.stdout
        try:
            write_message(child.stdin, pcm16)  # type: ignore[arg-type]
            return read_message(child.stdout)  # type: ignore[arg-type]
        except OSError:
            return None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._closed:
            raise VendorError("The offline recogniser was closed.")
        if self._child is None or self._child.poll() is not None:
            command = [sys.executable, "-m", "coach.speech.pocketsphinx_worker"]
            self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
            assert self._child.stdout
            if read_message(self._child.stdout) != b"ready":  # type: ignore[arg-type]
                self._stop()
                raise VendorError("The offline recogniser does not start.", mend="Install the pinned requirements.")
        return self._child

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe:
                pipe.close()
