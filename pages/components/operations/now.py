"""How the installation stands at this moment: what needs somebody, what is open, what is left of the disk."""

import pandas as pd
import streamlit as st

from coach.bootstrap import Services
from coach.views import operations as ops
from coach.views import standing
from pages.components.shared import samples
from pages.components.shared.csv_file import csv_file
from pages.components.shared.prose import plain

WHEN = st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm")


def show_standing(parts: Services, answers: pd.DataFrame, due: dict[str, int]) -> None:
    """What needs somebody, and how the installation stands at this moment."""
    seen = parts.standing()
    last = answers.sort_values("created_at").tail(50)["outcome"] if len(answers) else pd.Series(dtype=str)
    troubled = float(last.isin(["fallback", "failed"]).mean()) if len(last) else 0.0
    found = standing.alerts(seen, troubled, due["overdue"]) + standing.budget_alerts(parts.budgets.open_alerts())
    found += [standing.Alert(f"{each.name}: {each.detail}.", each.mend) for each in parts.providers.last.failing]
    for alert in found:
        st.warning(f"**{plain(alert.what)}** {alert.mend}", icon=":material/notifications_active:")
    if not found:
        st.success("Nothing needs you at the moment.", icon=":material/check_circle:")
    figures = [
        (
            "Interviews open",
            f"{seen['interviews_open']:.0f}",
            "In memory now; let go of after ten minutes alone.",
        ),
        (
            "Being watched",
            f"{seen['interviews_watched']:.0f}",
            "Interviews with a browser or program connected.",
        ),
        ("Answers in work", f"{seen['answers_processing']:.0f}", "Being transcribed or judged at this moment."),
        (
            "Oldest unbilled",
            _age(seen.get("outbox_oldest_seconds")),
            "How long the oldest row of the outbox waits.",
        ),
        ("Disk left", _gigabytes(seen.get("disk_free_bytes")), "Where database and recordings live."),
    ]
    with st.container(horizontal=True, gap="medium"):
        for name, value, about in figures:
            st.metric(name, value, help=about, border=True, height="stretch")


def _age(seconds: float | None) -> str:
    if not seconds:
        return "–"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def _gigabytes(size: float | None) -> str:
    return "–" if size is None else f"{size / 1e9:.1f} GB"


def show_providers(parts: Services) -> None:
    """Whether each provider that is set up answers, as last asked, and a way to ask now."""
    if st.button("Ask providers now", icon=":material/network_check:", help="Costs nothing; takes 4 s at most."):
        with st.spinner("Asking …"):
            parts.providers.look()
        st.rerun()
    asked = parts.providers.last
    if asked.at is None:
        st.caption("A running service asks once a minute whether the providers that are set up answer.")
    elif not asked.found:
        st.caption("No provider is set up: everything runs on this computer.")
    else:
        rows = [
            {"provider": e.name, "answers": e.status != "failed", "finding": e.detail, "mend": e.mend}
            for e in asked.found
        ]
        st.dataframe(pd.DataFrame(rows), hide_index=True)
        st.caption(f"Asked at {asked.at:%H:%M:%S} UTC; a running service asks once a minute.")


def show_disk(parts: Services) -> None:
    """What takes room in the home."""
    sizes = standing.sizes(parts.settings.coach_home)
    if not sizes:
        st.info("Nothing is stored yet.", icon=":material/hard_drive:")
        return
    rows = pd.DataFrame({"part": list(sizes), "MB": [size / 1e6 for size in sizes.values()]})
    megabytes = st.column_config.NumberColumn(format="%.1f")
    st.dataframe(rows, hide_index=True, width=520, column_config={"MB": megabytes})
    st.caption("Recordings go after their days, copies of the database beyond the newest ones.")


def show_counts(counts: dict[str, int], about: str) -> None:
    """A small table of counts with what to do about them."""
    st.dataframe(pd.DataFrame({"what": list(counts), "count": list(counts.values())}), hide_index=True, width=520)
    st.caption(about)


def show_deletions(parts: Services) -> None:
    """When, why and how much was deleted lately; never what it was or whose."""
    st.header("Deleted lately", anchor=False)
    frame = ops.deletions_frame(parts.store, of_samples=samples.shown())
    if frame.empty:
        st.info("Nothing was deleted yet.", icon=":material/delete_history:")
        return
    st.dataframe(frame, hide_index=True, column_config={"when": WHEN})
    csv_file(frame, "deleted-lately")
