"""The avatar's policy: the cheapest way to be connected, counted in the vendor's started minutes."""

import pytest

from coach.avatar.policy import AvatarPolicyError, Utterance, avatar_policy, load_avatar_policies


def said(*parts):
    """Utterances from (at, seconds, purpose)."""
    return [Utterance(at, s, purpose, first=number == 0) for number, (at, s, purpose) in enumerate(parts)]


THREE = said((0, 15, "question"), (150, 15, "question"), (300, 15, "question"))


@pytest.mark.parametrize(
    ("name", "credits"), [("drawn", 0), ("on_demand", 3), ("per_utterance", 3), ("opening", 1), ("always_on", 7)]
)
def test_three_questions_cost_what_the_vendor_counts(name, credits):
    made = avatar_policy(name).connections(THREE, ended_s=400)
    assert sum(each.credits for each in made) == credits


def test_a_follow_up_within_the_paid_minute_costs_nothing_more():
    spoken = said((0, 15, "question"), (35, 12, "follow_up"))
    assert [c.credits for c in avatar_policy("on_demand").connections(spoken, ended_s=200)] == [1]
    assert [c.credits for c in avatar_policy("per_utterance").connections(spoken, ended_s=200)] == [1, 1]


@pytest.mark.parametrize("gap", range(16, 600, 7))
def test_no_other_gap_is_cheaper_than_the_rest_of_the_paid_minute(gap):
    spoken = said((0, 15, "question"), (gap, 15, "follow_up"))
    held = sum(c.credits for c in avatar_policy("on_demand").connections(spoken, ended_s=900))
    others = [
        sum(c.credits for c in avatar_policy(name).connections(spoken, ended_s=900))
        for name in ("per_utterance", "always_on")
    ]
    assert held <= min(others)


def test_a_waiting_connection_is_closed_before_its_next_minute():
    policy = avatar_policy("on_demand")
    assert policy.close_at(100, 115) == 158
    assert policy.close_at(100, 159) == 159, "words that end within the safety close at once"
    assert policy.close_at(100, 165) == 218


def test_included_credits_bind_inside_a_session():
    policy = avatar_policy("on_demand")
    made = policy.connections(THREE, ended_s=400, credits=2)
    assert sum(c.credits for c in made) == 2
    assert policy.affords(0, 10, connected_for_s=30) and not policy.affords(0, 40, connected_for_s=30)
    always = avatar_policy("always_on").connections(THREE, ended_s=400, credits=2)
    assert sum(c.credits for c in always) == 2


def test_a_ready_clip_is_never_said_live():
    assert not avatar_policy().wants_live("question", cached=True)
    assert avatar_policy().wants_live("question") and not avatar_policy().wants_live("intro")


def test_a_broken_file_is_named(tmp_path):
    (tmp_path / "a.yaml").write_text("version: '1'\n")
    with pytest.raises(AvatarPolicyError, match=r"a\.yaml"):
        load_avatar_policies(tmp_path / "a.yaml")
    with pytest.raises(AvatarPolicyError, match="no avatar policy called x"):
        avatar_policy("x")
