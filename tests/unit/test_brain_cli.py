"""The brain on the command line: evaluate, schema, eval rewrites; good input, bad input, a refused key."""

import json
from pathlib import Path
from typing import Any

import pytest

from coach import cli
from coach.contracts.evaluation import Evaluation, json_schema
from tests.fakes import brain_samples as samples
from tests.fakes.openai_server import OpenAIServer, Reply

INPUT = {
    "policy_version": "mi_v1.0",
    "question": {"text": "Tell me about a time you improved a process.", "type": "behavioral", "is_follow_up": False},
    "job_context": {"job_title": "Shift lead", "company": "", "key_skills": [], "competencies": [], "summary": ""},
    "user_answer": {"transcript": samples.ANSWER, "duration_seconds": 22},
    "delivery_metrics": {
        "wpm": 142,
        "filler_count": 1,
        "long_pause_count": 0,
        "clarity_note": "Clear.",
        "eye_contact_proxy_score_0_to_10": None,
    },
}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    monkeypatch.setenv("COACH_HOME", str(tmp_path))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    def call(*args: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["coach", *args])
        status = 0
        try:
            cli.main()
        except SystemExit as stop:
            status = int(stop.code or 0)
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


def write(tmp_path: Path, value: Any) -> str:
    path = tmp_path / "input.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return str(path)


def use_server(monkeypatch: pytest.MonkeyPatch, server: OpenAIServer, api: str = "responses") -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("COACH_OPENAI_API", api)
    monkeypatch.setenv("COACH_BRAIN", "openai")


@pytest.mark.parametrize("api", ["responses", "chat"])
def test_evaluate_through_the_model(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api: str) -> None:
    body = samples.evaluation()
    body["content_feedback"]["top_strengths"] = ["You lead with great energy."]
    with OpenAIServer(Reply(samples.output(**body))) as server:
        use_server(monkeypatch, server, api)
        status, out, _ = run("evaluate", "--input", write(tmp_path, INPUT), "--json")
    result = json.loads(out)
    assert status == 0 and {"evaluation", "guards", "usage", "care"} <= set(result)
    Evaluation.model_validate_json(json.dumps(result["evaluation"]), strict=True)
    assert {"rule", "detail"} == set(result["guards"][0])
    assert {"vendor", "meter", "quantity", "unit", "cost_usd"} <= set(result["usage"][0])
    assert result["usage"][0]["cost_usd"] is not None


def test_evaluate_offline_uses_nothing(run: Any, tmp_path: Path) -> None:
    status, out, _ = run("evaluate", "--input", write(tmp_path, INPUT), "--brain", "offline", "--json")
    result = json.loads(out)
    assert status == 0 and result["usage"] == [] and result["status"] == "complete"
    assert result["evaluation"]["rewrite"]["polished_answer"]


def test_a_refused_key_is_one_line(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with OpenAIServer(Reply(fault="http_error", status=401)) as server:
        use_server(monkeypatch, server)
        status, out, err = run("evaluate", "--input", write(tmp_path, INPUT), "--json")
    assert (status, out) == (1, "") and "OPENAI_API_KEY" in err and err.count("\n") == 1


def test_delayed_feedback_is_told_beside_the_safe_evaluation(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with OpenAIServer(Reply("no json")) as server:
        use_server(monkeypatch, server)
        status, out, err = run("evaluate", "--input", write(tmp_path, INPUT), "--json")
    assert status == 0 and json.loads(out)["status"] == "fallback" and "delayed" in err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("not json", "not JSON"),
        ("[]", "cannot be used"),
        ({"question": {}}, "question.text"),
        ({**INPUT, "user_answer": {"transcript": 7}}, "user_answer.transcript"),
        ({**INPUT, "user_answer": {"transcript": "x" * 70_000}}, "user_answer.transcript"),
        ("[" * 100_000, "nested"),
    ],
)
def test_bad_input_gets_one_clear_line(run: Any, tmp_path: Path, given: Any, said: str) -> None:
    status, out, err = run("evaluate", "--input", write(tmp_path, given), "--json")
    assert (status, out) == (1, "") and said in err and err.count("\n") == 1


def test_a_missing_file_and_an_unknown_bundle_are_named(run: Any, tmp_path: Path) -> None:
    assert "nowhere.json" in run("evaluate", "--input", str(tmp_path / "nowhere.json"))[2]
    status, _, err = run("evaluate", "--input", write(tmp_path, INPUT), "--bundle", "nope")
    assert status == 1 and "jobfoxy_v1" in err


def test_schema_prints_the_published_schema(run: Any) -> None:
    assert json.loads(run("schema", "--json")[1]) == json_schema()


def test_eval_rewrites_scores_and_writes_offsets(run: Any, tmp_path: Path) -> None:
    rows = [
        {
            "id": "a",
            "transcript": "we cut it to eight minutes",
            "resume_snippet": "Clerk, Dunmore Bank",
            "rewrite": "At Dunmore Bank 😀 we cut it by 60% to eight minutes.",
            "violations": ["60%"],
        },
        {"id": "b", "transcript": "i helped", "rewrite": "I helped Ann Lee.", "violations": []},
        {"id": "c", "transcript": "i helped", "rewrite": "I helped 12 people."},
    ]
    source, outputs = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    status, out, _ = run("eval", "rewrites", str(source), "--outputs", str(outputs), "--json")
    result = json.loads(out)
    assert status == 0
    assert (result["items"], result["precision"], result["recall"], result["wrong_items"]) == (2, 0.5, 1.0, ["b"])
    lines = [json.loads(line) for line in outputs.read_text(encoding="utf-8").splitlines()]
    assert [[v["text"] for v in line["violations"]] for line in lines] == [["60%"], ["Ann Lee"], ["12"]]
    for line in lines:
        assert all(line["rewrite"][v["start"] : v["end"]] == v["text"] for v in line["violations"])


def test_eval_rewrites_names_the_bad_line(run: Any, tmp_path: Path) -> None:
    source = tmp_path / "rows.jsonl"
    source.write_text('{"id": "a"}\n', encoding="utf-8")
    status, _, err = run("eval", "rewrites", str(source))
    assert status == 1 and "line 1" in err
