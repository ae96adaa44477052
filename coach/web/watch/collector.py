"""Whether somebody collects traces: asked without loading what would send them (half a second)."""

import os

_NAMED_BY = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def configured() -> bool:
    """Whether a collector is named, by the variables every OpenTelemetry program reads."""
    return any(os.environ.get(name) for name in _NAMED_BY) and os.environ.get("OTEL_SDK_DISABLED", "").lower() != "true"
