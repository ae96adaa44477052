"""The watch's arithmetic: few raise nothing, chance raises little, what is worse is found; rules of one's own."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from coach.errors import SettingsError
from coach.lab.watch.alarms import alarms
from coach.lab.watch.figures import change, mean_of
from coach.lab.watch.rules import SHIPPED, watch_rules
from coach.store.repositories.watch import PersonDay

TODAY = datetime(2026, 11, 20, tzinfo=UTC)
NOON = TODAY + timedelta(hours=12)
METRICS = ("overall", "guards", "delayed", "first_scores_s", "cost_usd")


def person_day(day: int, user: int, values: dict[str, list[float]], bundle: str = "b@1#x") -> PersonDay:
    return PersonDay(
        day=TODAY - timedelta(days=day),
        bundle=bundle,
        user_id=f"u{user}",
        sums={name: sum(values.get(name, [])) for name in METRICS},
        counts={name: len(values.get(name, [])) for name in METRICS},
    )


def week(rng: np.random.Generator, people: int, *, shift: float = 0.0, answers: int = 4) -> list[PersonDay]:
    """Eight days; people resemble themselves, latency has a tail, guards are rare; today `shift`ed for the worse."""
    found = []
    for day in range(8):
        moved = shift if day == 0 else 0.0
        for user in rng.choice(people * 3, people, replace=False):
            own = rng.normal(0, 0.8)
            values = {
                "overall": list(np.clip(6.5 - moved + own + rng.normal(0, 1, answers), 0, 10)),
                "guards": list((rng.random(answers) < 0.1 + moved / 5).astype(float)),
                "delayed": list((rng.random(answers) < 0.01).astype(float)),
                "first_scores_s": list(rng.lognormal(0.7, 0.5, answers)),
                "cost_usd": list(rng.lognormal(-4, 0.3, answers)),
            }
            found.append(person_day(day, int(user), values))
    return found


def test_equal_days_raise_little_and_a_worse_one_is_found() -> None:
    rng, rules = np.random.default_rng(5), watch_rules()
    tomorrow = NOON + timedelta(days=1)  # today is over: the wider of the two chances
    false = sum(bool(alarms(week(rng, people), rules, tomorrow)) for people in (10, 14, 20, 40) for _ in range(50))
    assert false <= 10, f"{false} of 200 equal days raised something; 5 % are allowed"
    found = [alarms(week(rng, 40, shift=1.0), rules, tomorrow) for _ in range(20)]
    assert all("overall" in {alarm.metric for alarm in each} for each in found)


def test_a_day_under_way_is_looked_at_often_and_still_raises_little() -> None:
    rng, rules = np.random.default_rng(9), watch_rules()
    false = 0
    for _ in range(40):
        found = week(rng, 30)
        today = [row for row in found if row.day == TODAY]
        earlier = [row for row in found if row.day < TODAY]
        false += any(alarms([*earlier, *today[:n]], rules, NOON) for n in range(10, 31, 4))
    assert false <= 2


def test_few_people_raise_nothing_however_bad() -> None:
    rules = watch_rules()
    before = [person_day(day, user, {"overall": [7.0 + user % 2]}) for day in range(1, 8) for user in range(10)]
    few = [person_day(0, user, {"overall": [1.0]}) for user in range(9)]
    assert alarms([*before, *few], rules, NOON) == []
    enough = [*few, person_day(0, 9, {"overall": [1.0]})]
    assert [alarm.metric for alarm in alarms([*before, *enough], rules, NOON)] == ["overall"]
    assert alarms(enough, rules, NOON) == [], "nothing to compare with"
    new = [person_day(day, user, {"overall": [7.0]}) for day in range(1, 8) for user in range(9)]
    assert alarms([*new, *enough], rules, NOON) == []


def test_what_is_allowed_raises_nothing_however_sure() -> None:
    rules = watch_rules()
    before = [person_day(1, user, {"overall": [7.0], "cost_usd": [0.010]}) for user in range(50)]
    little = [person_day(0, user, {"overall": [6.7], "cost_usd": [0.0124]}) for user in range(50)]
    assert alarms([*before, *little], rules, NOON) == []
    dearer = [person_day(0, user, {"overall": [7.9], "cost_usd": [0.0126]}) for user in range(50)]
    (alarm,) = alarms([*before, *dearer], rules, NOON)
    assert alarm.metric == "cost_usd" and "0.01260 USD" in alarm.sentence


def test_answers_of_one_person_are_one_voice() -> None:
    crowd = mean_of([person_day(0, user, {"overall": [5.0 + user]}) for user in range(4)], "overall")
    loud = mean_of([person_day(0, user, {"overall": [5.0 + user] * 25}) for user in range(4)], "overall")
    assert crowd is not None and loud is not None
    assert loud.variance == pytest.approx(crowd.variance) and loud.answers == 100
    assert change(crowd, loud, 0.95)[0] == 0
    assert mean_of([person_day(0, 1, {})], "overall") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("metrics: {overall: {worse_by: 0, higher_is_better: true}}", "worse_by"),
        ("metrics: {charm: {worse_by: 1, higher_is_better: true}}", "charm"),
        ("metrics: {}", "metrics"),
        ("nonsense: 1\nmetrics: {overall: {worse_by: 1, higher_is_better: true}}", "nonsense"),
        ("- [", "not YAML"),
    ],
)
def test_rules_that_cannot_be_used_are_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "watch.yaml").write_text(text)
    with pytest.raises(SettingsError, match=words):
        watch_rules(str(tmp_path / "watch.yaml"))
    with pytest.raises(SettingsError, match="cannot be read"):
        watch_rules(str(tmp_path / "nowhere.yaml"))


def test_rules_of_ones_own_count(tmp_path: Path) -> None:
    own = tmp_path / "watch.yaml"
    own.write_text(SHIPPED.read_text("utf8").replace("least_people: 10", "least_people: 60"))
    before = [person_day(1, user, {"overall": [7.0]}) for user in range(50)]
    worse = [person_day(0, user, {"overall": [2.0]}) for user in range(50)]
    assert alarms([*before, *worse], watch_rules(), NOON) and not alarms([*before, *worse], watch_rules(str(own)), NOON)
