"""A Chromium whose microphone is a recording, the stage on its own, and the real application."""

import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, BrowserType, Page, sync_playwright

from tests.browser.stage_server import StageServer, stage_server
from tests.forks import Python

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SPOKEN = (
    "In April our checkout project was very late. I was asked to bring it back. "
    "I cut the scope to three payment methods, and we shipped four days early, so errors fell by twenty percent."
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what drives the real application; the stage on its own needs little of the processor."""
    for item in items:
        if item.path.is_relative_to(HERE) and "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.application)


def microphone_recording(folder: Path, text: str = SPOKEN) -> Path:
    """Speech with numbers in it, made by espeak-ng, as Chromium takes it: 48 kHz WAV, played in a loop."""
    raw, wav = folder / "raw.wav", folder / "microphone.wav"
    subprocess.run(["espeak-ng", "-s", "150", "-w", str(raw), text], check=True)
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-i", str(raw), "-af", "volume=0.4", "-ar", "48000", str(wav)], check=True
    )
    return wav


WHOLE = ("chromium", "chromium-browser")
SHELL = ("chromium-headless-shell", *WHOLE)
"""The engine without the browser's own surface takes half the processor time: 0.6 s for the stage instead of 1.4."""
CALM: dict[str, Any] = {"reduced_motion": "reduce"}
"""As to somebody who wants less motion, where motion is not the point: drawing it takes the processor."""

WORDLESS = {"COACH_VOICE": "none", "COACH_TRANSCRIBER": "typed"}
"""An application that neither speaks nor listens loads no model for it: for tests in which nobody says anything."""


def launch(kind: BrowserType, recording: Path, programs: tuple[str, ...] = WHOLE) -> Browser:
    """Starts the first of the programs that is installed; it hears the recording."""
    return kind.launch(
        executable_path=next(filter(None, map(shutil.which, programs)), None),
        args=[
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-audio-capture={recording}",
            "--no-sandbox",
        ],
    )


@pytest.fixture(scope="package")
def kind() -> Iterator[BrowserType]:
    """For this folder only: while it is open, its loop stands in the way of asynchronous tests."""
    with sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture(scope="package")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What every microphone hears."""
    return microphone_recording(tmp_path_factory.mktemp("speech"))


@pytest.fixture(scope="package")
def chromium(kind: BrowserType, recording: Path) -> Iterator[Browser]:
    """The browser people have, for what drives the application."""
    browser = launch(kind, recording)
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def shell(kind: BrowserType, recording: Path) -> Iterator[Browser]:
    """The engine on its own, for the stage."""
    browser = launch(kind, recording, SHELL)
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def harness() -> Iterator[tuple[StageServer, str]]:
    with stage_server() as served:
        yield served


@pytest.fixture
def open_stage(harness: tuple[StageServer, str], shell: Browser) -> Iterator[Callable[..., tuple[Page, StageServer]]]:
    """Opens the stage with a plan for its scripted conductor; any script error fails the test."""
    server, url = harness
    contexts, errors = [], []

    def open_(*, microphone=True, motion=False, width=1280, data: dict[str, object] | None = None, **plan: object):
        server.plan, server.data = plan, data or {}
        server.commands, server.frames = [], []
        context = shell.new_context(
            viewport={"width": width, "height": 844},
            permissions=["microphone"] if microphone else [],
            **({} if motion else CALM),
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url)
        return page, server

    yield open_
    for context in contexts:
        context.close()
    assert errors == []


class RunningApp:
    """The real application in its own process, on its own home."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home, self.settings = home, settings
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://localhost:{self.port}"

    def start(self) -> "RunningApp":
        known = {"PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV"}
        env = {k: v for k, v in os.environ.items() if k in known} | {"COACH_HOME": str(self.home)} | self.settings
        command = ["-m", "streamlit", "run", "app.py", "--server.port", str(self.port)]
        self.log = (self.home / "server.log").open("a")
        self.process = Python(command, cwd=ROOT, env=env, stdout=self.log, stderr=self.log)
        self._wait(120)
        return self

    def _wait(self, patience_s: float) -> None:
        until = time.monotonic() + patience_s
        while time.monotonic() < until:
            try:
                urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1).close()
                return
            except (urllib.error.URLError, OSError):
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        raise AssertionError(f"the application did not start: {(self.home / 'server.log').read_text()[-2000:]}")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)
        self.log.close()


@pytest.fixture(scope="package")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The application with the sample people, for tests that leave it as nobody had practised."""
    running = RunningApp(tmp_path_factory.mktemp("home"), COACH_SAMPLE_DATA="1").start()
    yield running
    running.stop()


@pytest.fixture(scope="package")
def first_day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The application as it is after installing, for tests that look at their own interview only."""
    running = RunningApp(tmp_path_factory.mktemp("home")).start()
    yield running
    running.stop()


@pytest.fixture(scope="package")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The same without a voice: questions are read, and nobody waits until they are spoken."""
    running = RunningApp(tmp_path_factory.mktemp("home"), COACH_VOICE="none").start()
    yield running
    running.stop()


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a page in a context of its own, with the microphone allowed, `CALM` unless told otherwise."""
    opened: list[BrowserContext] = []

    def open_(**how: Any) -> Page:
        context = chromium.new_context(permissions=["microphone"], **CALM | how)
        context.set_default_timeout(60_000)
        opened.append(context)
        return context.new_page()

    yield open_
    for context in opened:
        context.close()


@pytest.fixture
def app(tmp_path: Path) -> Iterator[RunningApp]:
    running = RunningApp(tmp_path, COACH_VOICE="none").start()
    yield running
    if running.process.poll() is None:
        running.stop()
