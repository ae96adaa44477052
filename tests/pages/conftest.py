"""The application's parts on an empty home, for pages that are run without a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from coach import bootstrap
from coach.bootstrap import Services, build_services


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    """Offline whatever the environment says."""
    parts = build_services(coach_home=tmp_path, coach_database_url="", coach_audio_url="", coach_brain="offline")
    monkeypatch.setattr(bootstrap, "_services", parts)
    yield parts
    parts.store.close()
