"""A resume as Word document or PDF, from plain text: `# ` and lines in capitals are headings, `- ` are bullets."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from fpdf import FPDF

Kind = Literal["title", "heading", "bullet", "text"]
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MARGIN_MM, LINE_MM, HANGING_MM = 20, 5.2, 4.5


@dataclass(frozen=True, slots=True)
class ResumeLine:
    """One line of a resume and what it is."""

    kind: Kind
    text: str


def lines_of(content: str) -> Iterator[ResumeLine]:
    """The lines of a plain-text resume; the first is its title, empty ones are left out."""
    first = True
    for raw in content.splitlines():
        text = raw.strip()
        if not text:
            continue
        bullet = re.match(r"[-*•–]\s+(.*)", text)
        if bullet:
            yield ResumeLine("bullet", bullet.group(1))
        elif first:
            yield ResumeLine("title", text.lstrip("# "))
        elif text.startswith("#") or (len(text) < 60 and text == text.upper() and any(c.isalpha() for c in text)):
            yield ResumeLine("heading", text.lstrip("# "))
        else:
            yield ResumeLine("text", text)
        first = False


def as_docx(content: str) -> bytes:
    """The resume as Word document, with Word's own heading and list styles, so that any program can restyle it."""
    import docx

    document = docx.Document()
    for line in lines_of(content):
        if line.kind == "title":
            document.add_heading(line.text, 0)
        elif line.kind == "heading":
            document.add_heading(line.text, 1)
        else:
            document.add_paragraph(line.text, style="List Bullet" if line.kind == "bullet" else None)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def as_pdf(content: str) -> bytes:
    """The resume as A4 PDF in Noto Sans; selectable text in reading order."""
    from fpdf import FPDF

    sizes: dict[Kind, float] = {"title": 20, "heading": 13, "bullet": 10.5, "text": 10.5}
    page = FPDF(format="A4")
    page.set_margin(MARGIN_MM)
    page.set_auto_page_break(True, MARGIN_MM)
    page.set_lang("en")
    page.add_font("Noto", fname=_font())
    page.add_page()
    for line in lines_of(content):
        if line.kind == "heading":
            page.ln(LINE_MM * 0.7)
        page.set_font("Noto", size=sizes[line.kind])
        write_line(page, line.text, sizes[line.kind] * 0.5, bullet=line.kind == "bullet")
    return bytes(page.output())


def write_line(page: "FPDF", text: str, height_mm: float, *, bullet: bool = False) -> None:
    """A paragraph from margin to margin; the lines of a bullet stand below its first word, not below its sign."""
    margin = page.l_margin
    if bullet:
        page.cell(HANGING_MM, height_mm, "•")
        page.set_left_margin(margin + HANGING_MM)
    page.multi_cell(0, height_mm, text, align="L", new_x="LMARGIN", new_y="NEXT")
    page.set_left_margin(margin)
    page.set_x(margin)


def _font() -> Path:
    import fontpkg_noto_sans

    return next((Path(fontpkg_noto_sans.__file__).parent / "files").glob("NotoSans[[]*.ttf"))
