"""Every page as somebody draws it who has 5,000 answers (1,250 sessions, 200 stories, 60 jobs) among 10,000.

`python -m benchmarks pages`. The page's own script with its questions to a DuckDB file, without a browser: the first
draw of a process, then the median of three, on the clock and of the processor, seconds.
"""

import statistics
import tempfile
import time
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from benchmarks.scale import MADE, fill
from coach import bootstrap
from coach.bootstrap import build_services
from coach.contracts.people import OWNER
from coach.settings import ROOT

PAGES = ("practice", "jobs", "progress", "library", "review", "cohorts", "prompt_lab", "margins", "operations")
ATTEMPTS, STORIES, JOBS, ROUNDS = 10_000, 200, 60, 3
LIMIT_S = 60


def make_mine(connection: sa.Connection) -> None:
    """Gives the busy person's rows to whoever sits at this computer, with stories and jobs."""
    for table in ("mock_interviews", "usage_tracking"):
        connection.execute(sa.text(f"UPDATE {table} SET user_id = '{OWNER}' WHERE user_id = 'p0'"))
    connection.execute(sa.text(f"INSERT INTO users (id, name, created_at) SELECT '{OWNER}', 'Me', {MADE}"))
    connection.execute(
        sa.text(
            "INSERT INTO job_descriptions (id, user_id, title, company, description, summary, source_url, is_sample, "
            f"created_at) SELECT 'j' || n, '{OWNER}', 'Analyst ' || n, 'Company ' || n, 'We look for somebody.', '', "
            f"'', false, {MADE} FROM range(0, {JOBS}) AS t(n)"
        )
    )
    connection.execute(
        sa.text(
            "INSERT INTO star_stories (id, user_id, title, category, situation, task, action, result, source_type, "
            "polished_answer, is_sample, created_at, updated_at) SELECT 's' || n, "
            f"'{OWNER}', 'Story ' || n, 'ownership', 'We were late.', 'Mend it.', 'I cut the scope.', 'On time.', "
            f"'manual', 'We were late, so I cut the scope, and we shipped on time.', false, {MADE}, {MADE} "
            f"FROM range(0, {STORIES}) AS t(n)"
        )
    )


def drawn(name: str) -> tuple[float, float]:
    """Seconds on the clock and of the processor for one draw of a page.

    Raises:
        RuntimeError: the page failed.
    """
    start, busy = time.perf_counter(), time.process_time()
    page = AppTest.from_file(str(ROOT / "pages" / f"{name}.py"), default_timeout=LIMIT_S).run()
    took = time.perf_counter() - start, time.process_time() - busy
    if page.exception or page.error:
        raise RuntimeError(f"{name}: {[each.value for each in (*page.exception, *page.error)]}")
    return took


def main() -> None:
    """Prints a row per page."""
    # A server looks through the packages once, too.
    manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)
    with tempfile.TemporaryDirectory() as home:
        parts = build_services(coach_home=Path(home), coach_database_url="", coach_audio_url="", coach_brain="offline")
        bootstrap._services = parts
        fill(parts.store, ATTEMPTS)
        parts.store.run(make_mine)
        print(f"{'page':<12}{'first s':>10}{'clock s':>10}{'processor s':>14}")
        for name in PAGES:
            first, *later = [drawn(name) for _ in range(1 + ROUNDS)]
            clock, busy = (statistics.median(column) for column in zip(*later, strict=True))
            print(f"{name:<12}{first[0]:>10.2f}{clock:>10.2f}{busy:>14.2f}", flush=True)
        parts.store.close()


if __name__ == "__main__":
    main()
