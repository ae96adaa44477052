"""Files people bring are read in reading order, and hostile ones cost a clear sentence; what is written reads back."""

import io
import zipfile

import docx
import pytest
from fpdf import FPDF
from fpdf.enums import AccessPermission

from coach.documents import reader
from coach.documents.reader import MOST_BYTES, read_document
from coach.documents.writer import as_docx, as_pdf, lines_of
from coach.errors import InputError

RESUME = """Ana Müller
ana@example.org · Zürich

EXPERIENCE
Shift lead, bakery, 2019–2024
- Cut waste from 12 % to 4 %
- Trained six apprentices

EDUCATION
Master baker"""
LEFT = ["SKILLS", "Bread", "Pastry", "Hygiene and HACCP", "Rosters", "LANGUAGES", "German", "English"]
RIGHT = [
    "EXPERIENCE", "Shift lead, Brot AG, 2019 to 2024", "Cut waste from 12 to 4 per cent", "Trained six apprentices",
    "Baker, Beck GmbH, 2014 to 2019", "Ran the night shift of four people", "EDUCATION", "Master baker 2013",
]  # fmt: skip


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(("name", "write"), [("r.pdf", as_pdf), ("r.docx", as_docx)])
def test_what_is_exported_reads_back_word_for_word(name: str, write) -> None:
    assert words(read_document(name, write(RESUME))) == words(RESUME)


def two_columns(*, title: bool) -> bytes:
    page = FPDF(format="A4")
    page.add_page()
    page.set_font("Helvetica", size=16)
    if title:
        page.text(20, 20, "Ana Muller, baker and shift lead in Zurich for many years")
    page.set_font("Helvetica", size=10)
    for row, (left, right) in enumerate(zip(LEFT, RIGHT, strict=True)):
        page.text(20, 35 + row * 6, left)
        page.text(85, 35 + row * 6, right)
    return bytes(page.output())


@pytest.mark.parametrize("title", [True, False])
def test_two_columns_are_read_one_after_the_other(title: bool) -> None:
    lines = [line for line in read_document("two.pdf", two_columns(title=title)).splitlines() if line]
    assert lines[title:] == [*LEFT, *RIGHT]


def test_a_word_file_keeps_lists_tables_and_its_header_in_order() -> None:
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "Bo Lind"
    document.add_heading("Experience", 1)
    document.add_paragraph("Fixed pumps", style="List Bullet")
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "2019–2024", "Nurse, ward 4"
    merged = document.add_table(1, 2)
    merged.cell(0, 0).merge(merged.cell(0, 1)).text = "Said once"
    document.add_paragraph("The end")
    out = io.BytesIO()
    document.save(out)
    lines = [line for line in read_document("b.docx", out.getvalue()).splitlines() if line]
    assert lines == ["Bo Lind", "Experience", "- Fixed pumps", "2019–2024", "Nurse, ward 4", "Said once", "The end"]


def zipped(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("_", "."), content)
    return out.getvalue()


def odt(body: str, before: str = "") -> bytes:
    text = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
    return zipped(content_xml=f'<?xml version="1.0"?>{before}<doc xmlns:text="{text}">{body}</doc>'.encode())


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (
            "a.odt",
            odt(
                "<text:h>Ana</text:h><text:p>Baker<text:tab/>2019</text:p><text:list><text:list-item><text:p>Led"
                "<text:line-break/>six</text:p></text:list-item></text:list>"
            ),
            "Ana Baker 2019 - Led six",
        ),
        ("a.rtf", rb"{\rtf1\ansi{\b Ana M\'fcller}\par Baker\par}", "Ana Müller Baker"),
        (
            "a.html",
            "<head><title>x</title></head><h1>Ana</h1><script>alert(1)</script><ul><li>Led six</li></ul>".encode(
                "utf-16"
            ),
            "Ana - Led six",
        ),
        ("a.md", "Ana\r\n\r\n\r\n\r\n• Led six e\ufb03cient people".encode(), "Ana - Led six efficient people"),
    ],
)
def test_other_kinds_are_read_too(name: str, content: bytes, expected: str) -> None:
    assert words(read_document(name, content)) == expected


def test_ligatures_are_letters() -> None:
    assert (
        read_document("a.txt", "e\ufb03cient \ufb02our, co\u00adoperation".encode()) == "efficient flour, cooperation"
    )


def protected() -> bytes:
    page = FPDF()
    page.set_encryption(owner_password="o", user_password="u", permissions=AccessPermission.none())
    page.add_page()
    page.set_font("Helvetica")
    page.text(20, 20, "Ana")
    return bytes(page.output())


def pages(count: int, text: str = "Ana") -> bytes:
    page = FPDF()
    page.set_font("Helvetica")
    for _ in range(count):
        page.add_page()
        if text:
            page.text(20, 20, text)
        else:
            page.rect(10, 10, 50, 50)
    return bytes(page.output())


BOMB = zipped(content_xml=b"<a>" + b" " * 70_000_000 + b"</a>", word_document_xml=b" ")
EXPANDING = odt("<text:p>&c;</text:p>", '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY c "&a;&a;&a;">]>')
READS_A_FILE = odt("<text:p>&f;</text:p>", '<!DOCTYPE d [<!ENTITY f SYSTEM "file:///etc/passwd">]>')


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.pdf", b"%PDF-1.4 nonsense", "damaged"),
        ("a.pdf", two_columns(title=True)[:900], "damaged|no words|no text"),
        ("a.pdf", protected(), "password"),
        ("a.pdf", pages(41), "more than 40 pages"),
        ("a.pdf", pages(1, ""), "pictures of pages"),
        ("a.docx", b"PK nonsense", "damaged"),
        ("a.docx", BOMB, "unpacks"),
        ("a.odt", BOMB, "unpacks"),
        ("a.odt", EXPANDING, "damaged"),
        ("a.odt", READS_A_FILE, "damaged"),
        ("a.rtf", b"no rich text", "damaged"),
        ("a.txt", b"", "no words"),
        ("a.txt", b"   \n", "no words"),
        ("a.doc", b"x", "Old Word files"),
        ("a.exe", b"x", "are not read"),
        ("resume", b"x", "are not read"),
        ("a.txt", b"x" * (MOST_BYTES + 1), "5.0 MB; 5 MB are read"),
    ],
)
def test_what_cannot_be_read_says_why_and_what_to_do(name: str, content: bytes, says: str) -> None:
    with pytest.raises(InputError, match=says) as told:
        read_document(name, content)
    assert told.value.mend


def test_a_file_that_hangs_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "TIME_LIMIT_S", 0.05)
    with pytest.raises(InputError, match="too long"):
        read_document("a.pdf", pages(40))


def test_lines_are_what_they_look_like() -> None:
    kinds = [(line.kind, line.text) for line in lines_of("# Ana\n\nWORK\n* led\nplain\n## More\n12 %")]
    assert kinds == [
        ("title", "Ana"),
        ("heading", "WORK"),
        ("bullet", "led"),
        ("text", "plain"),
        ("heading", "More"),
        ("text", "12 %"),
    ]
