"""What the operator is told: alerts with their mend, sizes, the person's time apart, spans with their stages."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from coach.contracts.interview import Attempt
from coach.interview import latency
from coach.interview.dependencies import now_utc
from coach.store import open_store
from coach.views import operations_figures as ops_operations_figures
from coach.views import standing
from coach.web.watch import collector, traces
from tests.unit.test_operations_view import LINE

ROOT = Path(__file__).resolve().parents[2]
WELL = {"disk_free_bytes": 5e10, "outbox_oldest_seconds": 0.0, "usage_unpriced": 0.0}
REVIEWED = {
    "finish": 0.0,
    "transcript_final": 300.0,
    "reviewed": 20_300.0,
    **{k: v + 20_000 for k, v in LINE.items() if v > 300},
}


@pytest.mark.parametrize(
    ("change", "says", "mend"),
    [
        ({"disk_free_bytes": 1e9}, "1.0 GB", "Make room"),
        ({"outbox_oldest_seconds": 7200.0}, "2 h", "billing flush"),
        ({"usage_unpriced": 3.0}, "3 metered", "Margins"),
        ({"store_waiting": 1}, "database", "doctor"),
    ],
)
def test_what_needs_somebody_is_told_with_its_mend(change, says, mend):
    assert standing.alerts(WELL, 0.0, 0) == []
    (alert,) = standing.alerts(WELL | change, 0.0, 0)
    assert says in alert.what and mend in alert.mend


def test_troubled_answers_and_late_deletions_are_told():
    assert "20%" in standing.alerts(WELL, 0.2, 0)[0].what
    assert "retention sweep" in standing.alerts(WELL, 0.0, 4)[0].mend


def test_figures_and_sizes_of_a_home(tmp_path):
    with open_store(f"duckdb:///{tmp_path / 'coach.duckdb'}") as store:
        found = standing.figures(store, tmp_path)
    assert found["outbox_open"] == found["outbox_oldest_seconds"] == 0 and found["disk_free_bytes"] > 0
    (tmp_path / "audio").mkdir()
    (tmp_path / "audio" / "a.flac").write_bytes(bytes(10_000_000))
    assert next(iter(standing.sizes(tmp_path))) == "audio" and standing.sizes(tmp_path)["audio"] == 10_000_000


def test_a_persons_time_is_no_machine_time():
    machine = latency.without_review(REVIEWED)
    assert machine == LINE and latency.without_review(LINE) == LINE
    assert [(s.name, s.ms, s.kind) for s in latency.review(REVIEWED)] == [("transcript review", 20_000.0, "person")]
    assert sum(s.ms for s in latency.stages(machine)) == pytest.approx(latency.wall_ms(LINE))
    assert ops_operations_figures.review_ms(REVIEWED) == 20_000 and ops_operations_figures.review_ms(LINE) == 0
    drawn = ops_operations_figures.waterfall_figure(REVIEWED)
    assert max(x + b for bar in drawn.data for x, b in zip(bar.x, bar.base, strict=True)) < 7000


def test_an_answer_becomes_a_span_with_its_stages(monkeypatch):
    kept = InMemorySpanExporter()
    sent = traces.Traces(kept)
    attempt = Attempt(id="a", exchange_id="e", interview_id="i", attempt_number=1, timeline=LINE, created_at=now_utc())
    sent.answered(attempt)
    sent.close()
    spans = {span.name: span for span in kept.get_finished_spans()}
    whole = spans["answer"]
    assert whole.attributes["attempt.id"] == "a"
    assert whole.end_time - whole.start_time == pytest.approx(6012e6, rel=1e-3)
    assert spans["speech to text"].parent.span_id == whole.context.span_id
    assert {s.name for s in latency.stages(LINE)} < set(spans)
    assert not collector.configured()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    assert collector.configured()


UNTRACED = """
import sys
from coach.bootstrap import build_services
parts = build_services(coach_home=sys.argv[1], coach_voice="none")
parts.serves = True
assert parts.traces is None
sys.exit("opentelemetry.sdk" in sys.modules)
"""


def test_an_answer_that_nobody_traces_does_not_load_what_sends_traces(tmp_path):
    """Half a second on the event loop, in which the first answer's interview held up everybody's."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("OTEL")}
    assert subprocess.run([sys.executable, "-c", UNTRACED, str(tmp_path)], env=env, cwd=ROOT).returncode == 0
