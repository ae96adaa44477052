"""The gate stops what is worse, lets pass what is not, and never passes what was not compared."""

import json
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from pydantic import ValidationError

from coach.bootstrap import Services, build_services
from coach.errors import InputError
from coach.lab.gate import gated, pass_gate
from coach.lab.gate_files import junit, markdown
from coach.lab.report import ComparisonReport
from coach.lab.runs.gate_rules import Bound, GateRules
from coach.lab.runs.variant import Variant
from coach.lab.runs.workspace import Experiment
from coach.lab.statistics.paired import compare_paired
from coach.lab.statistics.verdict import Verdict
from coach.settings import DATA, ROOT
from tests import forks

EXAMPLES = ROOT / "examples" / "lab"


@pytest.fixture
def parts(tmp_path: Path) -> Services:
    return build_services(coach_home=tmp_path, coach_database_url="", coach_audio_url="", coach_brain="offline")


def experiment(policy: dict[str, Any], **change: Any) -> Experiment:
    return Experiment(
        name="A | gate <b>",
        dataset=str(DATA / "sample" / "lab_answers.jsonl"),
        variants=[Variant(name="as shipped"), Variant(name="candidate", policy=policy)],
        **change,
    )


def comparison_of(differences: np.ndarray, *, per_person: int = 3) -> ComparisonReport:
    table = pd.DataFrame(
        {
            "item": [f"i{n}" for n in range(len(differences))],
            "cluster": [f"p{n // per_person}" for n in range(len(differences))],
            "a": 6.0,
            "b": 6.0 + differences,
        }
    )
    found = compare_paired(table, scorer="overall")
    return ComparisonReport(
        a="A", b="B", dataset="d", dataset_hash="h", primary="overall", comparisons=[found],
        verdict=Verdict("hold", "Hold."), detectable=0.1, failures={}, better={"overall": True},
    )  # fmt: skip


def test_equal_candidates_are_let_pass_and_worse_ones_are_stopped() -> None:
    rng = np.random.default_rng(7)
    person = lambda: np.repeat(rng.normal(0, 0.3, 20), 3)  # noqa: E731
    equal = [gated(comparison_of(rng.normal(0, 0.5, 60) + person()), GateRules())[0].status for _ in range(60)]
    assert equal.count("regression") <= 4
    worse = [gated(comparison_of(rng.normal(-0.5, 0.5, 60) + person()), GateRules())[0].status for _ in range(20)]
    assert worse.count("regression") >= 18
    margin = GateRules(margins={"overall": 1.0})
    assert gated(comparison_of(rng.normal(-0.5, 0.2, 60)), margin)[0].status == "pass"
    unsure = comparison_of(rng.normal(0, 2.0, 30))
    assert gated(unsure, GateRules(margins={"overall": 0.1}, unsure="fail"))[0].status == "unsure"
    assert gated(unsure, GateRules(margins={"overall": 0.1}))[0].status == "pass"


def test_bounds_hold_whatever_the_baseline_has_and_rules_name_what_is_measured() -> None:
    report = comparison_of(np.full(30, 0.2) + np.tile([-0.1, 0.0, 0.1], 10))
    low = gated(report, GateRules(bounds={"overall": Bound(least=7)}))[0]
    assert low.status == "regression" and "is not at least 7" in low.reason
    assert gated(report, GateRules(bounds={"overall": Bound(least=6, most=7)}))[0].status == "pass"
    with pytest.raises(InputError, match="STAR accuracy, which this comparison does not measure"):
        gated(report, GateRules(margins={"STAR accuracy": 0.1}))
    for wrong in ({}, {"least": 2, "most": 1}):
        with pytest.raises(ValidationError):
            Bound(**wrong)


async def test_a_regression_is_written_for_people_and_machines(parts: Services) -> None:
    rules = GateRules(bounds={"follow-up right": Bound(least=0.8)})
    report = await pass_gate(parts.lab, experiment({"follow_up": {"star_triggers": []}}, gate=rules))
    assert report.verdict == "regression" and "follow-up right: 0.4 is not at least 0.8" in report.sentence
    text = markdown(report)
    assert text.startswith("### ❌ A \\| gate &lt;b>") and "| ❌ | follow-up right ↑<br>0.4 is not" in text
    root = ET.fromstring(junit(report))
    failed = {case.get("name") for case in root.iter("testcase") if case.find("failure") is not None}
    assert failed == {row.scorer for row in report.scorers if row.status == "regression"} >= {"follow-up right"}
    assert root.get("failures") == str(len(failed)) and len(list(root.iter("testcase"))) == int(root.get("tests") or 0)


async def test_what_was_not_compared_does_not_pass(parts: Services) -> None:
    same = await pass_gate(parts.lab, experiment({}))
    assert same.verdict == "nothing compared" and "reads no prompt" in same.sentence
    assert ET.fromstring(junit(same)).get("errors") == "1" and markdown(same).startswith("### ⚠️")
    one = experiment({}).model_copy(update={"variants": [Variant(name="alone")]})
    with pytest.raises(InputError, match="two variants"):
        await pass_gate(parts.lab, one)


async def test_rules_may_change_without_a_call_being_made_again(parts: Services) -> None:
    policy = {"follow_up": {"relevance_weak_below": 6.0}}
    first = await pass_gate(parts.lab, experiment(policy))
    second = await pass_gate(parts.lab, experiment(policy, gate=GateRules(bounds={"content error": Bound(most=0.1)})))
    assert (first.verdict, second.verdict) == ("pass", "regression") and first.run == second.run
    assert parts.lab.workspace.runs()[0].experiment.gate.bounds["content error"].most == 0.1


def command(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {"COACH_HOME": str(home), "PATH": "/usr/bin:/bin"}
    return forks.run(["-m", "coach", "lab", "gate", *arguments], cwd=ROOT, env=env, timeout=120)


async def test_the_shipped_example_passes_on_the_offline_coach(parts: Services) -> None:
    report = await pass_gate(parts.lab, Experiment.load(EXAMPLES / "gate.yaml"))
    assert report.verdict == "pass" and {row.scorer for row in report.scorers} >= {"content error", "STAR accuracy"}
    assert markdown(report).startswith("### ✅") and ET.fromstring(junit(report)).get("failures") == "0"


def test_the_command_exits_with_one_on_a_regression(tmp_path: Path) -> None:
    comment, results = tmp_path / "out" / "gate.md", tmp_path / "out" / "gate.xml"
    files = ["--markdown", str(comment), "--junit", str(results)]
    bad = command(tmp_path, str(EXAMPLES / "regression.yaml"), "--json", *files)
    assert bad.returncode == 1 and json.loads(bad.stdout)["verdict"] == "regression"
    assert bad.stderr.strip().startswith("Regression: candidate, follow-up right") and bad.stderr.count("\n") == 1
    assert comment.read_text("utf8").startswith("### ❌") and int(ET.parse(results).getroot().get("failures") or 0) > 0


def test_the_workflow_example_and_the_repository_run_the_gate() -> None:
    example = yaml.safe_load((EXAMPLES / "prompt-gate.yml").read_text("utf8"))
    steps = "\n".join(str(step.get("run", "")) for step in example["jobs"]["gate"]["steps"])
    assert "lab gate" in steps and "--markdown" in steps and "--junit" in steps
    assert "make gate" in (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf8")
