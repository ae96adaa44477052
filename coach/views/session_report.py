"""One session as something to hand on: what was asked and said, what came of it, what to practise. No audio, no ids."""

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from coach.contracts.evaluation import STAR_ITEMS
from coach.contracts.interview import Attempt, Exchange, InterviewSnapshot, SessionSummary
from coach.interview import rollup
from coach.interview.live_state import LiveState
from coach.interview.question_trail import what_counts

STANDS = {"present": "there", "weak": "thin", "missing": "missing"}


@dataclass(frozen=True, slots=True)
class ReportedAnswer:
    """One answered question with what counts for it."""

    number: int
    question: str
    overall: float | None
    attempts: int
    star: tuple[tuple[str, str, str], ...]
    headline: str
    tip: str
    figures: str
    transcript: str
    polished: str


@dataclass(frozen=True, slots=True)
class SessionReport:
    """A session as a document; `unanswered` are questions by their text."""

    title: str
    begun: datetime
    overall: float | None
    readiness: float | None
    headline: str
    strengths: Sequence[str]
    gaps: Sequence[str]
    plan: Sequence[str]
    answers: Sequence[ReportedAnswer]
    unanswered: Sequence[str]

    @property
    def file_name(self) -> str:
        """Without an ending."""
        return f"interview-{self.begun:%Y-%m-%d-%H%M}"


def session_report(snapshot: InterviewSnapshot) -> SessionReport:
    """The document of a session, finished or not."""
    board, interview = LiveState.of(snapshot), snapshot.interview
    summary = interview.summary or SessionSummary()
    counted = [(number, q, what_counts(board, q)) for number, q in enumerate(board.questions(), start=1)]
    job = ", ".join(part for part in (interview.job.job_title, interview.job.company) if part)
    score = interview.overall_score
    return SessionReport(
        title=job or "General practice",
        begun=interview.created_at,
        overall=score if score is not None else rollup.session_score(snapshot.exchanges, snapshot.attempts),
        readiness=interview.readiness_score,
        headline=summary.headline,
        strengths=summary.strengths,
        gaps=summary.gaps,
        plan=interview.plan or summary.next_plan,
        answers=[_answer(board, number, question, best) for number, question, best in counted if best],
        unanswered=[question.question_text for _, question, best in counted if best is None],
    )


def _answer(board: LiveState, number: int, question: Exchange, best: Attempt) -> ReportedAnswer:
    feedback = best.evaluation.content_feedback if best.evaluation else None
    checklist = feedback.star_checklist if feedback else None
    items = [(name, getattr(checklist, name)) for name in STAR_ITEMS] if checklist else []
    return ReportedAnswer(
        number=number,
        question=question.question_text,
        overall=best.overall_score,
        attempts=len(board.attempts_of(question.id)),
        star=tuple((name.capitalize(), STANDS[item.status.value], item.note) for name, item in items),
        headline=feedback.headline if feedback else "",
        tip=feedback.one_action_tip if feedback else "",
        figures=_figures(best),
        transcript=best.transcript.text if best.transcript else "",
        polished=best.evaluation.rewrite.polished_answer if best.evaluation else "",
    )


def _figures(attempt: Attempt) -> str:
    """The measured delivery in one line; nothing for a typed answer."""
    measured = attempt.delivery
    if measured is None or not attempt.duration_seconds:
        return ""
    pace = f"{measured.wpm:.0f} words a minute" if measured.wpm is not None else "pace not measured"
    fillers = "fillers not measured" if measured.filler_count is None else _count(measured.filler_count, "filler")
    pauses = _count(measured.long_pause_count, "pause")
    return f"{pace}, {fillers}, {pauses} over 3 s, {attempt.duration_seconds:.0f} s"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def score_text(value: float | None) -> str:
    """A score as everywhere; a dash where there is none."""
    return "–" if value is None else f"{value:.1f}"


_STYLE = """
@font-face { font-family: Figtree; src: url(data:font/woff2;base64,FONT) format("woff2"); font-weight: 300 900; }
:root { color-scheme: light dark; }
body { font: 16px/1.6 Figtree, system-ui, sans-serif; margin: 0 auto; max-width: 760px; padding: 40px 20px 80px;
  background: light-dark(#fbf8f3, #17181d); color: light-dark(#1d2330, #ece8e1); overflow-wrap: anywhere; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 6px; } h2 { font-size: 20px; margin: 40px 0 8px; }
h3 { font-size: 15px; margin: 20px 0 4px; } p, ul { margin: 6px 0; } ul { padding-left: 20px; }
.quiet { color: light-dark(#555c6b, #b9b5ae); font-size: 14px; }
.said { white-space: pre-wrap; } section { break-inside: avoid; }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; font-src data:"


def as_html(report: SessionReport, font: Path) -> str:
    """One HTML file that needs nothing else: no script, no link, no recording; `font` is put into it."""
    face = base64.b64encode(font.read_bytes()).decode("ascii")
    parts = [f"<h1>{_text(report.title)}</h1>", f'<p class="quiet">{_text(_line_below(report))}</p>']
    if report.headline:
        parts.append(f"<p>{_text(report.headline)}</p>")
    for title, lines in _lists(report):
        items = "".join(f"<li>{_text(line)}</li>" for line in lines)
        parts.append(f"<section><h2>{_text(title)}</h2><ul>{items}</ul></section>")
    parts += [_html_of(answer) for answer in report.answers]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(report.title)}, {report.begun:%d %B %Y}</title>"
        f"<style>{_STYLE.replace('FONT', face)}</style></head><body><main>{''.join(parts)}</main></body></html>"
    )


def _line_below(report: SessionReport) -> str:
    ready = "" if report.readiness is None else f" · readiness {score_text(report.readiness)}"
    return f"{report.begun:%d %B %Y} · {score_text(report.overall)} of 10{ready}"


def _lists(report: SessionReport) -> list[tuple[str, Sequence[str]]]:
    """The lists that are not empty, with their titles."""
    listed = (
        ("What carried you", report.strengths),
        ("What to work on", report.gaps),
        ("Next practice", report.plan),
        ("Not answered", report.unanswered),
    )
    return [(title, lines) for title, lines in listed if lines]


def _html_of(answer: ReportedAnswer) -> str:
    star = "".join(f"<li><b>{_text(n)}</b> {_text(stands)}. {_text(note)}</li>" for n, stands, note in answer.star)
    tries = "one attempt" if answer.attempts == 1 else f"{answer.attempts} attempts"
    below = " · ".join(part for part in (tries, answer.figures) if part)
    parts = [
        f"<h2>{answer.number}. {_text(answer.question)}</h2>",
        f'<p><b>{score_text(answer.overall)} of 10</b> <span class="quiet">{_text(below)}</span></p>',
        f"<p>{_text(answer.headline)}</p>" if answer.headline else "",
        f"<ul>{star}</ul>" if star else "",
        f"<p><b>Try this:</b> {_text(answer.tip)}</p>" if answer.tip else "",
        _said("What was said", answer.transcript),
        _said("Polished version", answer.polished),
    ]
    return f"<article>{''.join(parts)}</article>"


def _said(title: str, text: str) -> str:
    return f'<h3>{title}</h3><p class="said">{_text(text)}</p>' if text else ""


def _text(value: str) -> str:
    return html.escape(value)
