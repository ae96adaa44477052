"""The one wiring place: settings -> adapters -> services. The only room that names a vendor.

One module per part: `store`, `speech`, `brain`, `avatar`, `money`, `lab`; `services` joins them and holds what needs
several. Everything is imported late, so that a command pays only for what it uses.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from coach.bootstrap.avatar import build_avatar, chosen_avatar, chosen_avatar_mode, chosen_voice, spoken_from
from coach.bootstrap.brain import build_batch, build_brain, build_pair_judge, chosen_brain, local_models
from coach.bootstrap.services import Services
from coach.bootstrap.speech import build_transcriber, chosen_transcriber
from coach.settings import load_settings
from coach.settings import settings as process_settings

if TYPE_CHECKING:
    from coach.lab.service import Lab

__all__ = [
    "Services",
    "build_avatar",
    "build_batch",
    "build_brain",
    "build_lab",
    "build_pair_judge",
    "build_services",
    "build_transcriber",
    "chosen_avatar",
    "chosen_avatar_mode",
    "chosen_brain",
    "chosen_transcriber",
    "chosen_voice",
    "local_models",
    "services",
    "spoken_from",
]

_services: Services | None = None
_services_lock = threading.Lock()


def services() -> Services:
    """The services of this process."""
    global _services
    with _services_lock:
        if _services is None:
            _services = Services(process_settings())
        return _services


def build_services(*, transcriber: str = "", brain: str = "", **overrides: object) -> Services:
    """Services apart from the process's own, for a command or a test."""
    return Services(load_settings(**overrides), transcriber_name=transcriber, brain_name=brain)


def build_lab() -> Lab:
    """The prompt lab of this process."""
    return services().lab
