"""What a gate leaves behind: Markdown for a pull request, JUnit XML for a build server. No answer's words in either."""

import xml.etree.ElementTree as ET

from coach.lab.gate import GatedScorer, GateReport

_MARKS = {"pass": "✅", "regression": "❌", "unsure": "❔", "watched": "·"}
_HEADS = {"pass": "✅", "regression": "❌", "incomplete": "⚠️", "nothing compared": "⚠️"}


def markdown(report: GateReport) -> str:
    """The report as a comment on a pull request."""
    head = [f"### {_HEADS[report.verdict]} {_cell(report.experiment)}", "", f"**{_cell(report.sentence)}**", ""]
    tables = [line for name in report.candidates for line in _table(report, name)]
    about = (
        f"Run `{report.run}` · dataset {_cell(report.dataset)} `{report.dataset_hash}` · ${report.spent_usd} spent. "
        "Differences are candidate minus baseline, paired by answer, clustered by person, with 95 % intervals."
    )
    notes = [f"- {_cell(note)}" for note in report.notes]
    return "\n".join([*head, *tables, about, *(["", *notes] if notes else [])]) + "\n"


def _table(report: GateReport, name: str) -> list[str]:
    rows = [row for row in report.scorers if row.variant == name]
    lines = [f"#### {_cell(name)} against {_cell(report.baseline)}", "", _cell(report.sentences[name]), ""]
    if not rows:
        return lines
    lines += ["| | score | baseline | candidate | difference | may be worse by |", "|---|---|---:|---:|---:|---:|"]
    return [*lines, *(_row(row) for row in sorted(rows, key=lambda row: row.status == "watched")), ""]


def _row(row: GatedScorer) -> str:
    difference = f"{row.difference:+.3g} [{row.low:+.3g}, {row.high:+.3g}]"
    margin = "–" if row.margin is None else f"{row.margin:g}"
    arrow = "↑" if row.higher_is_better else "↓"
    reason = f"<br>{_cell(row.reason)}" if row.reason else ""
    name = f"{_cell(row.scorer)} {arrow}{reason}"
    return f"| {_MARKS[row.status]} | {name} | {row.baseline:.3g} | {row.candidate:.3g} | {difference} | {margin} |"


def _cell(text: str) -> str:
    """Text that stays one cell, whatever it says."""
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())


def junit(report: GateReport) -> str:
    """The report as JUnit XML: a test case per scorer and candidate, and one for the gate itself."""
    guarded = [row for row in report.scorers if row.status != "watched"]
    failed = [row for row in guarded if row.status in ("regression", "unsure")]
    broken = report.verdict in ("incomplete", "nothing compared")
    counts = {"tests": str(len(report.scorers) + 1), "failures": str(len(failed)), "errors": str(int(broken))}
    counts["skipped"] = str(len(report.scorers) - len(guarded))
    suite = ET.Element("testsuite", {"name": f"lab gate: {report.experiment}", **counts})
    whole = ET.SubElement(suite, "testcase", {"classname": "lab.gate", "name": "the comparison is complete"})
    if broken:
        ET.SubElement(whole, "error", {"type": report.verdict, "message": report.sentence})
    for row in report.scorers:
        case = ET.SubElement(suite, "testcase", {"classname": f"lab.gate.{row.variant}", "name": row.scorer})
        if row in failed:
            ET.SubElement(case, "failure", {"type": row.status, "message": row.reason})
        elif row.status == "watched":
            ET.SubElement(case, "skipped", {"message": "watched, not guarded"})
        ET.SubElement(case, "system-out").text = (
            f"baseline {row.baseline:.4g}, candidate {row.candidate:.4g}, difference {row.difference:+.4g} "
            f"[{row.low:+.4g}, {row.high:+.4g}], {row.n_items} answers of {row.n_persons} persons"
        )
    root = ET.Element("testsuites", counts)
    root.append(suite)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
