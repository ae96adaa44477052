"""Limits that hold whichever way the server is started: `make run`, `streamlit run` or `uvicorn app:app`.

Streamlit gives uvicorn its own figures (200 MB per socket message, no end to a graceful stop) and offers no setting
that would not also cut what pages may be sent. The attributes are therefore capped where every protocol reads them; the
HTTP protocol itself is made to lose its patience with slow clients the same way.
"""

import uvicorn

from coach.web import access
from coach.web.slow_clients import patient

GRACEFUL_STOP_S = 3
"""Connections get this long to end; sockets are closed with 1012 at once and come back to their place."""


class _Cap:
    """An attribute that is never more than `most`, whatever it is set to; None counts as no limit."""

    def __init__(self, name: str, most: int) -> None:
        self._name, self._most = name, most

    def __get__(self, config: object, _: type | None = None) -> object:
        if config is None:
            return self
        wished = config.__dict__.get(self._name)
        return self._most if wished is None else min(wished, self._most)

    def __set__(self, config: object, value: int | None) -> None:
        config.__dict__[self._name] = value


class _Patience:
    """The HTTP protocol that is configured, with an end to its patience."""

    def __get__(self, config: object, _: type | None = None) -> object:
        if config is None:
            return self
        try:
            return patient(config.__dict__["http_protocol_class"])
        except KeyError:
            raise AttributeError("http_protocol_class") from None

    def __set__(self, config: object, value: object) -> None:
        config.__dict__["http_protocol_class"] = value


def cap_server() -> None:
    """Puts the caps in force, for servers that are already configured too."""
    for name, most in (
        ("ws_max_size", access.MAX_TEXT_FRAME_BYTES),
        ("timeout_graceful_shutdown", GRACEFUL_STOP_S),
    ):
        setattr(uvicorn.Config, name, _Cap(name, most))
    setattr(uvicorn.Config, "http_protocol_class", _Patience())  # noqa: B010 - the class declares another type
