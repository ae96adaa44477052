"""The lab's files while encryption is turned on or off, and where a line is torn or holds signs that cut lines."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from coach.contracts.brain import EvaluationInput, Question, UserAnswer
from coach.lab import turning
from coach.lab.forgetting import LabFolder
from coach.lab.runs.dataset import Dataset, Item, thaw
from coach.lab.runs.journal import RunJournal
from coach.lab.runs.outcome import Outcome
from coach.vault import ambient
from coach.vault.keyring import Keyring
from coach.vault.place import KeyPlace

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SAID = "I said one thing.\u2028Then\u0085another."


@pytest.fixture
def keys(tmp_path):
    yield Keyring(KeyPlace(str(tmp_path / "keys")), "m" * 43 + "=")
    ambient.mount([str(tmp_path)], None)


def answers() -> Dataset:
    said = EvaluationInput(question=Question(text="What?"), user_answer=UserAnswer(transcript=SAID))
    return Dataset(name="few", items=tuple(Item(id=f"a{n}", person=f"p{n}", input=said) for n in range(2)))


def outcome(item: str, said: str = SAID) -> Outcome:
    return Outcome(
        variant="a", variant_key="k", item_id=item, repeat=0, error=said, finished_at=NOW, cost_usd=Decimal(0)
    )


def journal(folder) -> RunJournal:
    return RunJournal(folder / "runs" / "r1" / "outcomes.jsonl")


def test_turning_keeps_every_sign_of_an_answer(tmp_path, keys):
    path = answers().freeze(tmp_path / "datasets")
    written = journal(tmp_path)
    for item in ("a0", "a1"):
        written.append(outcome(item), item)
    written.close()
    for sealed in (True, False):
        ambient.mount([str(tmp_path)], keys)
        assert turning.turn(tmp_path, sealed=sealed) == 2
        assert turning.turn(tmp_path, sealed=sealed) == 0
        assert thaw(path) == answers()
        assert [*journal(tmp_path).outcomes()] == [outcome("a0"), outcome("a1")]
        assert ("one thing" in path.read_text("utf8")) is not sealed


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("cut", [2, 3, 4, 5])
def test_a_torn_last_line_is_left_out_and_stays_with_nobody(tmp_path, keys, sealed, cut):
    if sealed:
        ambient.mount([str(tmp_path)], keys)
    data = answers()
    data.freeze(tmp_path / "datasets")
    written = journal(tmp_path)
    written.append(outcome("a0"), "p0")
    written.append(outcome("a1"), "p1")
    written.close()
    written.path.write_bytes(written.path.read_bytes()[:-cut])
    (written.path.parent / "run.json").write_text(f'{{"dataset_hash": "{data.content_hash}"}}')
    assert [*journal(tmp_path).outcomes()] == [outcome("a0")]
    again = journal(tmp_path)
    again.append(outcome("a1", "anew"), "p1")
    again.close()
    assert [*journal(tmp_path).outcomes()] == [outcome("a0"), outcome("a1", "anew")]
    LabFolder(tmp_path, "p1", ["a1"]).forget()
    assert [*journal(tmp_path).outcomes()] == [outcome("a0")]
    assert len(written.path.read_text("utf8").strip().split("\n")) == 1, "what was torn went, too: it may be theirs"
    if sealed:
        assert turning.turn(tmp_path, sealed=False) == 2


def test_what_others_tried_stays_whole_when_one_answer_is_forgotten(tmp_path):
    tried = RunJournal(tmp_path / "playground" / "outcomes.jsonl")
    for item in ("mine", "yours"):
        tried.append(outcome(item))
    tried.close()
    assert LabFolder(tmp_path, "", ["mine"]).forget_answers().judgements == 1
    assert [*RunJournal(tried.path).outcomes()] == [outcome("yours")]
