"""The document of a session as PDF, in Noto Sans: Latin, Greek, Cyrillic and Devanagari; other signs become a box.

One weight: the face is variable, and cutting its bold out takes four seconds; headings stand out by their size.
"""

from collections.abc import Iterator
from pathlib import Path

import fontpkg_noto_sans
from fpdf import FPDF

from coach.documents.writer import write_line
from coach.views.session_report import ReportedAnswer, SessionReport, score_text

INK, QUIET = (29, 35, 48), (85, 92, 107)
MARGIN_MM, LINE_MM = 20, 6


def as_pdf(report: SessionReport) -> bytes:
    """The whole session, A4, as many pages as it takes."""
    page = _Page(report)
    page.heading(report.title, 20)
    ready = "" if report.readiness is None else f" · readiness {score_text(report.readiness)}"
    page.text(f"{report.begun:%d %B %Y} · {score_text(report.overall)} of 10{ready}", quiet=True)
    page.text(report.headline)
    for title, lines in (
        ("What carried you", report.strengths),
        ("What to work on", report.gaps),
        ("Next practice", report.plan),
        ("Not answered", report.unanswered),
    ):
        page.bullets(title, list(lines))
    for answer in report.answers:
        _answer(page, answer)
    return page.bytes()


def _answer(page: "_Page", answer: ReportedAnswer) -> None:
    page.heading(f"{answer.number}. {answer.question}", 14)
    tries = "one attempt" if answer.attempts == 1 else f"{answer.attempts} attempts"
    page.text(" · ".join(p for p in (f"{score_text(answer.overall)} of 10", tries, answer.figures) if p), quiet=True)
    page.text(answer.headline)
    page.bullets("", [f"{name}: {stands}. {note}" for name, stands, note in answer.star])
    if answer.tip:
        page.text(f"Try this: {answer.tip}")
    for title, said in (("What was said", answer.transcript), ("Polished version", answer.polished)):
        if said:
            page.heading(title, 11)
            page.text(said)


class _Page:
    """A PDF that is written from top to bottom."""

    def __init__(self, report: SessionReport) -> None:
        self._pdf = FPDF(format="A4")
        self._pdf.set_margin(MARGIN_MM)
        self._pdf.set_auto_page_break(True, MARGIN_MM)
        self._pdf.set_title(f"{report.title}, {report.begun:%d %B %Y}")
        self._pdf.set_lang("en")
        self._pdf.add_font("Noto", fname=_font())
        self._pdf.add_page()

    def heading(self, text: str, size: float) -> None:
        """A heading; nothing is left alone at the foot of a page."""
        if self._pdf.will_page_break(LINE_MM * 4):
            self._pdf.add_page()
        self._pdf.ln(3)
        self._write(text, size, colour=INK)

    def text(self, text: str, *, quiet: bool = False) -> None:
        """A paragraph; an empty one is left out."""
        if text:
            self._write(text, 9.5 if quiet else 10.5, colour=QUIET if quiet else INK)

    def bullets(self, title: str, lines: list[str]) -> None:
        """A list with its title; left out when it is empty."""
        if not lines:
            return
        if title:
            self.heading(title, 12)
        for line in lines:
            self._write(line, 10.5, colour=INK, bullet=True)

    def bytes(self) -> bytes:
        """The file."""
        return bytes(self._pdf.output())

    def _write(self, text: str, size: float, *, colour: tuple[int, int, int], bullet: bool = False) -> None:
        self._pdf.set_font("Noto", size=size)
        self._pdf.set_text_color(*colour)
        write_line(self._pdf, text, size * 0.5, bullet=bullet)
        self._pdf.ln(1.2)


def _font() -> Path:
    """The upright face; its name has its axes in it."""
    files: Iterator[Path] = (Path(fontpkg_noto_sans.__file__).parent / "files").glob("NotoSans[[]*.ttf")
    return next(files)
