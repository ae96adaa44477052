"""A PDF's text in the order people read it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pdfminer.layout import LTPage, LTTextBox


class RefusedFile(Exception):
    """Carries a key of `reader._MENDS`."""


def of_pdf(content: bytes, most_pages: int) -> str:
    """Page by page; a page with a gutter down its middle is read column by column."""
    from pdfminer.high_level import extract_pages
    from pdfminer.layout import LAParams
    from pdfminer.pdfdocument import PDFPasswordIncorrect

    pages, drawn = [], False
    try:
        for number, page in enumerate(extract_pages(io.BytesIO(content), laparams=LAParams(boxes_flow=None))):
            if number >= most_pages:
                raise RefusedFile("pages")
            pages.append("\n\n".join(box.get_text().strip() for box in in_reading_order(page)))
            drawn = drawn or any(True for _ in page)
    except PDFPasswordIncorrect as error:
        raise RefusedFile("encrypted") from error
    text = "\n\n".join(pages)
    if drawn and not text.strip():
        raise RefusedFile("pictures")
    return text


def in_reading_order(page: LTPage) -> list[LTTextBox]:
    """Text boxes from top to bottom; between boxes that span the page, the left column before the right one."""
    from pdfminer.layout import LTTextBox

    boxes = sorted((box for box in page if isinstance(box, LTTextBox)), key=lambda box: -box.y1)
    gutter = _gutter(page, boxes)
    if gutter is None:
        return boxes
    ordered: list[LTTextBox] = []
    left: list[LTTextBox] = []
    right: list[LTTextBox] = []
    for box in boxes:
        if box.x0 < gutter < box.x1:
            ordered += [*left, *right, box]
            left, right = [], []
        else:
            (left if box.x1 <= gutter else right).append(box)
    return [*ordered, *left, *right]


def _gutter(page: LTPage, boxes: list[LTTextBox]) -> float | None:
    """Where a vertical line crosses least text with much of it on both sides; None for a page of one column.

    Of several such lines the one in the middle: a gutter has a width.
    """
    total = sum(len(box.get_text()) for box in boxes)
    found: list[tuple[int, float]] = []
    for percent in range(15, 86):
        x = page.width * percent / 100
        sides = [
            sum(len(box.get_text()) for box in boxes if box.x1 <= x),
            sum(len(box.get_text()) for box in boxes if box.x0 >= x),
        ]
        crossing = total - sum(sides)
        if min(sides) >= 0.15 * total and crossing <= 0.3 * total:
            found.append((crossing, x))
    least = [x for crossing, x in found if crossing == min(found)[0]]
    return least[len(least) // 2] if least else None
