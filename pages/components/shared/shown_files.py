"""What a page shows or offers as a file (a recording, a table) goes to browsers of whoever that page is drawn for.

Streamlit serves such files to anybody who knows the address, a hash of what is in them. Which tab shows which file it
keeps for itself, to throw away what nobody shows any more; whose tab it is we note when its page is drawn. A file that
no tab shows (one that was made for a click a moment ago, a page that is being drawn anew) is left to its address.
"""

from streamlit.runtime import exists, get_instance

from coach.interview.recent import Recent

MOST_TABS = 10_000

_tabs: Recent[str, str] = Recent(MOST_TABS)


def is_tab_of(session_id: str, identity_id: str) -> None:
    """The tab's page is drawn for this identity."""
    if _tabs.used(session_id) != identity_id:
        _tabs[session_id] = identity_id


def may_have(path: str, identity_id: str) -> bool:
    """Whether the file at `/media/…` is shown in a tab of this identity, or in nobody's."""
    if not exists():
        return True
    name, files = path.rpartition("/")[2].partition(".")[0], get_instance().media_file_mgr
    with files._lock:
        showing = [tab for tab, shown in files._files_by_session_and_coord.items() if name in shown.values()]
    return not showing or any(_tabs.used(tab) == identity_id for tab in showing)
