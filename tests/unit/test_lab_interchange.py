"""Out to Inspect and promptfoo and back without loss; foreign files; whatever is wrong is named and loses nothing."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from coach.cli.lab.group import lab
from coach.errors import CoachError, InputError
from coach.lab.comparing import compare_runs
from coach.lab.forgetting import LabFolder
from coach.lab.interchange.carried import KEY
from coach.lab.interchange.desk import TOOLS, Tool, read_answers, send, take
from coach.lab.runs.dataset import Dataset, from_jsonl
from coach.lab.runs.replay import Replay
from coach.lab.runs.workspace import Experiment, Workspace
from coach.settings import DATA
from tests.unit.test_lab_replay import A, B, CountingJudge, make_dataset

SAMPLE = DATA / "sample" / "lab_answers.jsonl"
NASTY = 'Ünï "quoted" {{ 7*7 }} {% raw %} </script>\n\u2028 \\ tab\t 🦊'


def nasty(size: int = 4) -> Dataset:
    items = make_dataset(size).items
    worse = items[0].input.user_answer.model_copy(update={"transcript": NASTY})
    first = items[0].model_copy(update={"input": items[0].input.model_copy(update={"user_answer": worse})})
    return Dataset(name="nasty: {{ x }}", items=(first, *items[1:]))


async def a_run(folder: Path, *, fails: str = "") -> tuple[Workspace, str]:
    workspace = Workspace(folder, shipped=folder / "none")
    nasty(12).freeze(workspace.datasets)
    wanted = Experiment(name="There and back", dataset=nasty(12).content_hash, variants=[A, B], repeats=2)
    info, data = workspace.prepare(wanted)
    await Replay(data, [A, B], CountingJudge(fails=fails), workspace.journal(info.id), repeats=2).run()
    return workspace, info.id


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("data", [nasty(), from_jsonl(SAMPLE)], ids=["nasty", "sample"])
def test_a_dataset_comes_back_as_it_went(tmp_path: Path, tool: Tool, data: Dataset) -> None:
    here, there = Workspace(tmp_path / "a"), Workspace(tmp_path / "b")
    data.freeze(here.datasets)
    (path,) = send(here, data.content_hash, tool, tmp_path / "out", default_model="gpt-6-luna")
    found = take(there, [path], name=data.name)
    assert (found.dataset, found.answers) == (data.content_hash, len(data.items))


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("fails", ["", "B"], ids=["whole", "with failed calls"])
async def test_a_run_comes_back_as_it_went_and_is_no_evidence(tmp_path: Path, tool: Tool, fails: str) -> None:
    here, run = await a_run(tmp_path / "a", fails=fails)
    there = Workspace(tmp_path / "b", shipped=tmp_path / "none")
    files = [path for path in send(here, run, tool, tmp_path / "out", default_model="") if path.suffix == ".json"]
    assert take(there, files).run == run
    info, data, outcomes = here.load(run)
    back, same, again = there.load(run)
    assert back.model_copy(update={"recorded": ""}) == info and "imported from" in back.recorded
    assert same == data and {o.identity: o for o in again} == {o.identity: o for o in outcomes}
    if not fails:
        one, two = compare_runs(here, run, run), compare_runs(there, run, run)
        assert one.summary()["comparisons"] == two.summary()["comparisons"] and two.recorded
    with pytest.raises(InputError, match="here already"):
        take(there, files)


def test_what_other_people_wrote_is_taken_by_question_and_answer(tmp_path: Path) -> None:
    lines = [
        {"input": "I led it.", "target": "good", "metadata": {"question": "Tell me."}},
        {
            "id": 7,
            "input": [
                {"role": "system", "content": "Be kind."},
                {"role": "user", "content": [{"type": "text", "text": "We cut it"}, {"type": "image", "image": "x"}]},
            ],
            "target": "",
            "metadata": {"question": "And then?", "person": "ada"},
        },
    ]
    (tmp_path / "s.jsonl").write_text("\n".join(map(json.dumps, lines)))
    first, second = read_answers(tmp_path / "s.jsonl").items
    assert (first.id, first.input.user_answer.transcript, second.input.user_answer.transcript) == (
        "1", "I led it.", "We cut it"
    )  # fmt: skip
    assert (second.id, second.person) == ("7", "ada")
    config = {"prompts": ["x"], "providers": ["echo"], "tests": [{"vars": {"question": "Why?", "answer": "Because."}}]}
    (tmp_path / "promptfooconfig.yaml").write_text(yaml.safe_dump(config))
    (item,) = read_answers(tmp_path / "promptfooconfig.yaml").items
    assert item.input.question.text == "Why?" and item.id == "test-1"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.jsonl", '{"input": "said", "target": ""}', "Line 1 has no question"),
        ("a.jsonl", '{"input": 5, "target": ""}', "Line 1 is not a sample"),
        ("a.jsonl", '{"input": [], "target": "", "metadata": {}}', "Line 1"),
        ("a.jsonl", "", "holds no answers"),
        ("a.yaml", "tests: file://tests.csv", "names its tests"),
        ("a.yaml", "tests: [{vars: {question: q}}]", "Test 1 has no question and answer"),
        ("a.yaml", "tests: [3]", "Test 1 is not a test"),
        ("a.yaml", "tests: [{metadata: [1]}]", "Test 1 has no question and answer"),
        ("a.jsonl", "[1, 2]", "Line 1 is not an answer"),
        ("a.jsonl", '"said"', "Line 1 is not an answer"),
        ("a.jsonl", "5", "Line 1 is not an answer"),
        ("a.yaml", "- 1", "no configuration"),
        ("a.yaml", "tests: []", "holds no answers"),
        ("a.json", '{"eval": {}}', "no log of a run"),
        ("a.json", '{"config": {}}', "no results of a run"),
        ("a.json", "{", "not JSON"),
        ("a.txt", "x", "neither JSONL"),
    ],
)
def test_what_cannot_be_used_is_named_and_nothing_is_kept(tmp_path: Path, name: str, text: str, words: str) -> None:
    workspace = Workspace(tmp_path / "lab", shipped=tmp_path / "none")
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=words):
        take(workspace, [tmp_path / name])
    assert not workspace.frozen() and not workspace.runs()


async def test_half_a_run_or_two_runs_are_refused(tmp_path: Path) -> None:
    here, run = await a_run(tmp_path / "a")
    there = Workspace(tmp_path / "b", shipped=tmp_path / "none")
    one, two = send(here, run, "inspect", tmp_path / "out", default_model="")
    log = json.loads(two.read_text())
    log["eval"]["metadata"][KEY]["run"]["id"] = "another"
    two.write_text(json.dumps(log))
    with pytest.raises(InputError, match="different runs"):
        take(there, [one, two])
    log = json.loads(one.read_text())
    log["eval"]["metadata"][KEY]["dataset"]["items"].pop()
    one.write_text(json.dumps(log))
    with pytest.raises(InputError, match="not those the run was made on"):
        take(there, [one])
    assert not there.runs()


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("wrong", [{"id": "../../out"}, {"dataset_hash": "../x"}, {"variant_keys": {}}])
async def test_a_run_from_elsewhere_writes_nowhere_but_among_the_runs(
    tmp_path: Path, tool: Tool, wrong: dict[str, object]
) -> None:
    here, run = await a_run(tmp_path / "a")
    there = Workspace(tmp_path / "deep" / "b", shipped=tmp_path / "none")
    path = next(p for p in send(here, run, tool, tmp_path / "sent", default_model="") if p.suffix == ".json")
    log = json.loads(path.read_text())
    carried = log["config"]["metadata"] if tool == "promptfoo" else log["eval"]["metadata"]
    carried[KEY]["run"] |= wrong
    path.write_text(json.dumps(log))
    with pytest.raises(InputError):
        take(there, [path])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "sent"], "nothing was written"


async def test_one_torn_file_does_not_close_the_lab(tmp_path: Path) -> None:
    workspace, run = await a_run(tmp_path / "lab")
    (workspace.datasets / "torn.jsonl").write_text("{")
    torn = tmp_path / "lab" / "runs" / "torn" / "run.json"
    torn.parent.mkdir()
    torn.write_text('{"id": "torn"')
    assert [info.id for info in workspace.runs()] == [run] and len(workspace.frozen()) == 1
    with pytest.raises(InputError, match="cannot be read"):
        workspace.load("torn")
    (workspace.datasets / "torn.jsonl").unlink()
    whose = workspace.load(run)[1].items[0].person
    with pytest.raises(CoachError, match="nobody can say whose answers it judged"):
        LabFolder(tmp_path / "lab", whose, []).forget()


def test_the_commands_write_and_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COACH_HOME", str(tmp_path / "home"))
    for tool in TOOLS:
        sent = ["export", str(SAMPLE), "--as", tool, "--to", str(tmp_path / tool), "--json"]
        done = CliRunner().invoke(lab, sent)
        assert done.exit_code == 0, done.output
        (path,) = json.loads(done.output)["files"]
        back = CliRunner().invoke(lab, ["import", path, "--json"])
        assert json.loads(back.output)["dataset"] == from_jsonl(SAMPLE).content_hash
    lost = CliRunner().invoke(lab, ["export", "nowhere", "--as", "inspect", "--json"])
    assert lost.exit_code != 0


async def test_what_one_person_said_is_forgotten_whole_whatever_signs_it_had(tmp_path: Path) -> None:
    workspace, run = await a_run(tmp_path / "lab")
    _, data, outcomes = workspace.load(run)
    first = outcomes[0]
    assert first.result is not None
    said = first.result.evaluation.model_copy(update={"rewrite": first.result.evaluation.rewrite.model_copy(
        update={"polished_answer": NASTY})})  # fmt: skip
    journal = workspace.journal(run)
    journal.append(first.model_copy(update={"result": first.result.model_copy(update={"evaluation": said})}))
    journal.close()
    theirs = next(item for item in data.items if item.id == first.item_id)
    LabFolder(tmp_path / "lab", theirs.person, [theirs.id]).forget()
    left = workspace.load(run)[2]
    assert left and first.item_id not in {o.item_id for o in left}
    assert b"quoted" not in journal.path.read_bytes()
