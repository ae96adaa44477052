"""The service's figures for Prometheus (`/metrics`): requests, sockets, answers by stage, what waits, what is left."""

import logging
from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from coach.contracts.interview import Attempt
from coach.interview import latency

SECONDS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)


class Figures:
    """Counts of one process."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=registry)

        def timed(name: str, about: str, labels: tuple[str, ...] = ()) -> Histogram:
            return Histogram(f"coach_{name}_seconds", about, labels, buckets=SECONDS, registry=registry)

        def counted(name: str, about: str, labels: tuple[str, ...]) -> Counter:
            return Counter(f"coach_{name}", about, labels, registry=registry)

        self.requests = counted("http_requests", "Answers of the service.", ("route", "status"))
        self.seconds = timed("http", "From a request to its answer.", ("route",))
        self.sockets = Gauge("coach_sockets", "Open sockets.", ("route",), registry=registry)
        self.answers = counted("answers", "Judged answers.", ("brain", "transcriber", "outcome"))
        self.stages = timed("answer_stage", "Stages of an answer.", ("stage", "kind"))
        self.records = counted("log_records", "Log records from warnings up.", ("level",))
        self.lag = timed("loop_lag", "How late the event loop is.")

    def answered(self, attempt: Attempt) -> None:
        """An answer has its feedback, or is to have it later."""
        outcome = attempt.extra.evaluation_status or attempt.status.value
        heard = attempt.transcript.transcriber if attempt.transcript else ""
        self.answers.labels(attempt.brain or "none", heard or "none", outcome).inc()
        for stage in latency.stages(attempt.timeline):
            self.stages.labels(stage.name, stage.kind).observe(stage.ms / 1000)

    def text(self, standing: Mapping[str, float]) -> bytes:
        """Everything in Prometheus' text form; `standing` are gauges of this moment."""
        now = CollectorRegistry()
        for name, value in standing.items():
            Gauge(f"coach_{name}", name.replace("_", " "), registry=now).set(value)
        return generate_latest(self.registry) + generate_latest(now)

    def counting(self) -> logging.Handler:
        """A log handler that counts warnings and errors."""
        return _Counting(self.records)


class _Counting(logging.Handler):
    def __init__(self, records: Counter) -> None:
        super().__init__(logging.WARNING)
        self._records = records

    def emit(self, record: logging.LogRecord) -> None:
        self._records.labels(record.levelname.lower()).inc()


def known_route(path: str, params: Mapping[str, object], known: Iterable[str]) -> str:
    """The template of a path, so that no id becomes a label; `pages` for everything that is Streamlit's."""
    for name, value in params.items():
        path = path.replace(str(value), f"{{{name}}}", 1)
    return path if path in known else "pages"
