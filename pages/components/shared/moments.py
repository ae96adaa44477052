"""What coaches said about moments of an answer, each played from its second; and the second under the playhead."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from coach.contracts.interview import Attempt
from coach.lab.coaching import Comment, CommentAuthor, sentences_of

STATIC = Path(__file__).parent / "static"
HTML = '<div class="moments"></div>'


@lru_cache(maxsize=1)
def _component() -> Any:
    script, style = (STATIC / f"moments.{kind}" for kind in ("js", "css"))
    return st.components.v2.component(
        "jobfoxy_moments", html=HTML, css=style.read_text("utf8"), js=script.read_text("utf8")
    )


def sound_key(attempt: Attempt) -> str:
    """Key of the container in which the recording of `attempt` stands."""
    return f"sound-{attempt.id}"


def moments(
    attempt: Attempt,
    comments: Sequence[Comment],
    *,
    plays: bool,
    author: CommentAuthor | None = None,
    on_act: Callable[[], None] | None = None,
) -> None:
    """The comments on an answer; nothing at all where there is none and nobody may add one.

    Args:
        attempt: the answer; its recording stands in the container `sound_key`.
        comments: by moment.
        plays: whether its recording is there.
        author: whose comments may be changed here.
        on_act: called when a coach wants to comment, edit or remove; `st.session_state[moments_key(attempt)].act` says
            what: `name`, and `at` (seconds, or None) or `id`. None: read only.
    """
    if not comments and on_act is None:
        return
    said = sentences_of(attempt)
    data = {
        "within": f".st-key-{sound_key(attempt)}",
        "plays": plays,
        "add": on_act is not None,
        "keys": on_act is not None and plays,
        "moments": [_plain(comment, said, author) for comment in comments],
    }
    _component()(key=moments_key(attempt), data=data, on_act_change=on_act or (lambda: None))


def moments_key(attempt: Attempt) -> str:
    """Key of the component in the session."""
    return f"moments-{attempt.id}"


def _plain(comment: Comment, said: Sequence[str], author: CommentAuthor | None) -> dict[str, object]:
    known = comment.sentence is not None and comment.sentence < len(said)
    return {
        "id": comment.id,
        "at": comment.at_s,
        "quote": said[comment.sentence] if known and comment.sentence is not None else "A sentence that is gone",
        "author": comment.author,
        "text": comment.text,
        "edited": comment.edited_at is not None,
        "mine": author is not None and bool(author.name) and author.wrote(comment),
    }
