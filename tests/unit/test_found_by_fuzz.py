"""What `make fuzz` found, each as the smallest input it came down to."""

import pytest
from pydantic import ValidationError

from coach.contracts.commands import command_adapter
from coach.text.shorten import shorten
from coach.web.problems import unusable


@pytest.mark.parametrize("limit", [1, 2, 3, 12])
def test_a_text_that_begins_with_a_tab_is_cut_like_any_other(limit: int) -> None:
    assert len(shorten("\t I moved the label printer ", limit)) <= limit
    assert len(shorten('"\t I moved the label printer', limit)) <= limit


@pytest.mark.parametrize(
    "message", ['{"type": "%s"}' % ("[" * 900), '{"type": "RETRY_FEEDBACK", "%s": 1}' % ("x" * 900)]
)
def test_what_somebody_sends_is_not_repeated_to_them(message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        command_adapter.validate_json(message)
    assert len(unusable(refused.value, "frame")) < 500 and "[[" not in unusable(refused.value, "frame")
