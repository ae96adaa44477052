"""Sections appear with the delta that closes them, whatever the size of the deltas."""

import pytest

from coach.brain.evaluation.section_reader import MAX_CHARS, OutputError, SectionReader
from coach.contracts.evaluation import SECTION_ORDER
from tests.fakes.brain_samples import evaluation, output


def read(text: str, size: int) -> tuple[list[str], str]:
    reader, names = SectionReader(), []
    try:
        for start in range(0, len(text), size):
            names += [section.name for section in reader.feed(text[start : start + size])]
        names += [section.name for section in reader.finish()]
    except OutputError as error:
        return names, str(error)
    return names, ""


@pytest.mark.parametrize("size", [1, 2, 4, 97, 100_000])
def test_all_sections_in_order_for_any_chunk_size(size: int) -> None:
    assert read(output(), size) == (list(SECTION_ORDER), "")


def test_a_section_is_there_with_its_closing_brace_and_not_before() -> None:
    text = output()
    end = text.index("}") + 1
    reader = SectionReader()
    assert reader.feed(text[: end - 1]) == []
    (section,) = reader.feed(text[end - 1 : end])
    assert (section.name, section.value) == ("follow_up", evaluation()["follow_up"])


@pytest.mark.parametrize("size", [1, 3, 10_000])
@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('{"a":{"b":1},,', ["a"]),
        ('{"a":{"b":NaN}}', []),
        ('{"a":[1,]}', []),
        ('{"a":1,"a":2}', ["a"]),
        ('{"a":{"b":1,"b":2}}', []),
        ('{"a":{"b":1}', ["a"]),
        ("[1]", []),
        ("7", []),
        ("", []),
        ("Sure, I will do that.", []),
        ("<think>{}", []),
        ("[" * 20_000, []),
        ('{"a":1e999}', []),
    ],
)
def test_what_is_no_single_object_is_refused_alike_for_any_chunk_size(text: str, names: list[str], size: int) -> None:
    found, problem = read(text, size)
    assert found == names and problem


@pytest.mark.parametrize("size", [1, 3, 10_000])
@pytest.mark.parametrize(
    "text",
    [
        '```json\n{"a":{"b":1}}\n```',
        '<think>perhaps {"a": 2}?</think>\n{"a":{"b":1}}',
        'Here is the {evaluation} you asked for:\n{ "a":{"b":1}}\nHope it helps {"c":1}',
        '{"a":{"b":1}} tail',
        '{"a":{"b":1}}<think>was that right?',
    ],
)
def test_what_stands_around_the_object_is_peeled_off(text: str, size: int) -> None:
    reader = SectionReader()
    found = [s for at in range(0, len(text), size) for s in reader.feed(text[at : at + size])]
    found += reader.finish()
    assert [(s.name, s.value) for s in found] == [("a", {"b": 1})] and reader.peeled


def test_a_bare_object_needs_no_peeling() -> None:
    reader = SectionReader()
    reader.feed('\n {"a":1}\n')
    reader.finish()
    assert not reader.peeled


def test_characters_cut_in_halves_are_joined_and_lone_halves_replaced() -> None:
    reader = SectionReader()
    values = [s.value for c in ('{"a":"', "\ud83d", "", "\ude00", '","b":"\ud83d', '"}') for s in reader.feed(c)]
    assert values == ["😀", "\ufffd"]


def test_an_endless_output_is_stopped() -> None:
    reader = SectionReader()
    reader.feed('{"a":"')
    with pytest.raises(OutputError, match="longer"):
        for _ in range(MAX_CHARS // 1000 + 1):
            reader.feed("x" * 1000)


def test_the_message_holds_no_content() -> None:
    _, problem = read('{"secret name": oops', 4)
    assert "secret" not in problem
