"""What a posting asks for against what a person wrote: found by stems, silent where it does not know."""

import pytest

from coach.store.repositories.library_records import JobDescription, StarStory
from coach.views.job_match import defence, explained_plan, line_of, requirements

POSTING = """Shift lead
- You lead a team of twelve on the ward
- Experience with C++ and triage
- Good records in Epic, please"""
JOB = JobDescription(
    title="Shift lead", description=POSTING, parsed_skills=["triage", "C++", "Epic"], competencies=["leading a team"]
)


def test_every_requirement_has_its_line_and_what_covers_it():
    story = StarStory(title="The night of the flood", action="I was leading two teams through a night.")
    found = {each.name: each for each in requirements(JOB, "Used C++ for five years.\nDid triage.", [story])}
    assert found["leading a team"].line == "You lead a team of twelve on the ward"
    assert found["C++"].line == "Experience with C++ and triage"
    assert {name: each.covered_by for name, each in found.items()} == {
        "triage": "your resume",
        "C++": "your resume",
        "Epic": "",
        "leading a team": "your story “The night of the flood”",
    }


@pytest.mark.parametrize("line", ["We care", "", "teamwork matters", "lead"])
def test_half_a_name_is_no_find(line):
    assert line_of("leading a team", [line]) == ""


def test_a_name_without_words_finds_nothing():
    assert line_of("", ["anything"]) == "" and line_of("…", ["anything"]) == ""


def test_questions_name_the_line_they_come_from():
    plan = explained_plan(JOB)
    assert len(plan) == 5 and any("triage" in each.line or "Epic" in each.line for each in plan)
    assert all(each.line in POSTING for each in plan)


def test_a_gap_is_met_without_pretending():
    gaps = [each for each in requirements(JOB, "", []) if not each.covered_by]
    assert len(gaps) == 4
    said = defence(gaps[0])
    assert "triage" in said.question and "I have not used triage" in said.line_to_fill and "[" in said.line_to_fill
