"""What the browser is told about every answer: what may be loaded, who may frame us, what is sent along."""

from starlette.datastructures import MutableHeaders

_POLICY = {
    "default-src": "'self'",
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' blob:",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "media-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self' data: blob:",
    "worker-src": "'self' blob:",
    "frame-src": "'self'",
    "frame-ancestors": "'self'",
    "form-action": "'self'",
    "base-uri": "'self'",
    "object-src": "'none'",
}
"""Streamlit needs inline scripts and styles, `eval` (its charts) and blobs (its components, the stage's worklet);
nothing is loaded from anywhere else, so that a link or picture in somebody's text reaches nobody."""
_OTHERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "SAMEORIGIN",
    "Permissions-Policy": "microphone=(self), camera=(self), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class SecurityHeaders:
    """The headers of one installation."""

    def __init__(self, *, reaches: str = "") -> None:
        """`reaches`: where pages may connect to besides this server, e.g. `wss://*.livekit.cloud`."""
        policy = _POLICY | {"connect-src": f"{_POLICY['connect-src']} {reaches}".strip()}
        self._all = _OTHERS | {"Content-Security-Policy": "; ".join(f"{k} {v}" for k, v in policy.items())}

    def put_on(self, headers: MutableHeaders) -> None:
        """Adds what an answer does not say itself."""
        for name, value in self._all.items():
            headers.setdefault(name, value)
