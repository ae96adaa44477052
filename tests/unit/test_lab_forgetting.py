"""Answers cut out of the lab while somebody judges, adds or reads them: gone, and nothing of the others is lost."""

import asyncio
import json
from collections import Counter
from typing import IO, cast

import pytest

from coach.errors import InputError
from coach.lab.forgetting import LabFolder
from coach.lab.runs import appending
from coach.lab.runs.collecting import add_to, newest
from coach.lab.runs.journal import ResponseCache, RunJournal, content_key
from coach.lab.runs.replay import Replay
from coach.lab.runs.workspace import Experiment, Workspace
from tests.fakes.evaluations import make_outcome
from tests.unit.test_lab_replay import A, CountingJudge, make_dataset


@pytest.fixture
def work(tmp_path):
    return Workspace(tmp_path / "lab", shipped=tmp_path / "none")


def gone(work, *ids):
    """Of a person with these answers, as another process does it."""
    return LabFolder(work.folder, "", ids).forget_answers()


def test_a_run_goes_on_without_the_answers_of_who_left_and_loses_none_of_the_others(work):
    data = make_dataset(8)
    info, data = work.prepare(Experiment(name="r", dataset=str(data.freeze(work.datasets)), variants=[A]))
    journal, judged = work.journal(info.id), CountingJudge()

    async def judge(variant, item, repeat):
        outcome = await judged(variant, item, repeat)
        if sum(judged.calls.values()) == 3:
            left.update(first=item.id)
            gone(work, item.id, left["next"])  # the one in hand, and one that has its turn yet
        return outcome

    replay = Replay(data, [A], judge, journal, cache=work.cache)
    order = [item.id for item in replay._drawn()]
    left = {"next": order[-1]}
    replay.limits = type(replay.limits)(concurrency=1)
    report = asyncio.run(replay.run())
    theirs = {left["first"], left["next"]}
    assert left["next"] not in {item for _, item, _ in judged.calls}, "it is not even sent to a model any more"
    assert (report.total, report.done, report.stopped) == (6, 6, "")
    written = Counter(outcome.item_id for outcome in RunJournal(journal.path).outcomes())
    assert written == Counter({item.id: 1 for item in data.items if item.id not in theirs}), "paid once, kept once"
    again, _, outcomes = work.load(info.id)
    assert again.dataset_hash != info.dataset_hash and len(outcomes) == 6
    assert not theirs & {each.item_id for each in work.still_there([make_outcome("A", A.key, i, 0) for i in order])}


def test_what_somebody_still_holds_of_them_is_frozen_and_added_no_more(work):
    data = make_dataset(4)
    add_to(work, "growing", data.items[:2])
    gone(work, "i0", "i3")
    assert [item.id for item in newest(work, "growing").items] == ["i1"]
    grown, fresh = add_to(work, "growing", data.items)
    assert ([item.id for item in grown.items], fresh) == (["i1", "i2"], 1)
    assert [item.id for item in work.keep(data).items] == ["i1", "i2"]
    assert [
        item.id for item in work.prepare(Experiment(name="r", dataset=data_file(work, data), variants=[A]))[1].items
    ] == [
        "i1",
        "i2",
    ]
    with pytest.raises(InputError, match="deleted"):
        add_to(work, "other", [data.items[0]])
    assert not any("i0" in path.read_text() for path in work.folder.rglob("*") if path.is_file())


def data_file(work, data):
    path = work.folder.parent / "answers.jsonl"
    path.write_text("".join(f"{item.model_dump_json()}\n" for item in data.items))
    return str(path)


def test_an_index_that_leads_to_another_answer_answers_nothing(tmp_path):
    """A journal that was written anew, or was torn: at the old place stands something else of the same length."""
    one, two = (make_outcome("A", A.key, f"i{n}", 0) for n in range(2))
    items, journal = make_dataset(2).items, RunJournal(tmp_path / "run" / "outcomes.jsonl")
    cache = ResponseCache(tmp_path / "cache.jsonl")
    for item, outcome in zip(items, (one, two), strict=True):
        cache.put(item, outcome, journal.append(outcome))
    cache.close()
    journal.close()
    assert [cache.get(A.key, item, 0) for item in items] == [one, two]
    first, second = journal.path.read_text().splitlines()
    assert len(first) == len(second)
    journal.path.write_text(f"{second}\n{first}\n")
    for seen in (cache, ResponseCache(tmp_path / "cache.jsonl")):
        assert [seen.get(A.key, item, 0) for item in items] == [None, None]
    older = [json.dumps([content_key(A.key, item, 0), str(journal.path), 0, len(first)]) for item in items]
    (tmp_path / "cache.jsonl").write_text("\n".join(older))
    found = [ResponseCache(tmp_path / "cache.jsonl").get(A.key, item, 0) for item in items]
    assert found == [None, two], "an older index has no checksums: what it leads to must say that it is the answer"


def test_a_full_disk_takes_a_line_whole_or_not_at_all(tmp_path):
    class Full:
        """Takes seven bytes, then none."""

        def __init__(self, file):
            self.file, self.left = file, 7

        def write(self, data):
            if not self.left:
                raise OSError(28, "No space left on device")
            taken, self.left = bytes(data[: self.left]), 0
            return self.file.write(taken)

        def tell(self):
            return self.file.tell()

        def truncate(self, size):
            return self.file.truncate(size)

    path = tmp_path / "lines.jsonl"
    appending.append_line(path, "whole")
    with appending.appending(path) as file, pytest.raises(OSError, match="No space"):
        appending.write_whole(cast(IO[bytes], Full(file)), b"a line that does not fit\n")
    appending.append_line(path, "the next")
    assert path.read_text().splitlines() == ["whole", "the next"]
