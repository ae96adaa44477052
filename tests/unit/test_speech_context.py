"""What a recogniser is told beforehand: terms of the job and of the resume, nothing that tells who somebody is."""

import time

from coach.brain.planning.resume_terms import MOST_TERMS, resume_terms
from coach.contracts.brain import JobContext
from coach.contracts.interview import PlannedQuestion
from coach.errors import StoreError
from coach.interview.answer.speech_context import speech_context
from coach.interview.dependencies import JobMaterial
from coach.interview.service import InitRequest
from tests.conversation.driver import make_hub
from tests.fakes import vendors

RESUME = """Jordan Rivera
12 Quay Street, Leeds
jordan@rivera.example · +44 7700 900123 · linkedin.com/in/jordanrivera
Senior Software Engineer, Globex Metrics, 2020 - 2024
- Built Kubernetes operators in Go; led the Terraform migration at Initech.
- Reduced latency by 40% using Python, PostgreSQL and dbt. Managed a team of five on the Quillon platform.
"""


def test_skills_come_first_then_names_and_no_address():
    terms = resume_terms(RESUME)
    assert set(terms[:5]) >= {"Kubernetes", "Terraform", "Python", "PostgreSQL"}
    assert {"Globex Metrics", "Initech", "Quillon"} <= set(terms)
    said = " ".join(terms)
    for private in ("Jordan", "Rivera", "Quay", "example", "7700", "linkedin"):
        assert private not in said
    for everyday in ("Built", "Reduced", "Managed"):
        assert everyday not in said.split()


def test_an_endless_or_hostile_resume_is_read_in_part():
    for text in ("", "\n\n", "A\nB\n" + "A-" * 50_000, "A\nB\n" + "\n".join(f"at Xq{n}z Inc" for n in range(20_000))):
        begun = time.process_time()
        assert len(resume_terms(text)) <= MOST_TERMS
        assert time.process_time() - begun < 10


class Shelf:
    """Materials with one resume, or none to be had."""

    broken = False

    async def job(self, **_):
        return JobMaterial(
            "Engineer", "Acme", "", JobContext(job_title="Engineer", key_skills=["kafka", "Kafka", "Go"])
        )

    async def resume_text(self, resume_id):
        if self.broken:
            raise StoreError("gone")
        return RESUME if resume_id == "r1" else ""


class Listener(vendors.FakeTranscriber):
    """Keeps what it was told."""

    def __init__(self):
        super().__init__()
        self.told = []

    async def open_stream(self, context):
        self.told.append(context)
        return await super().open_stream(context)


async def test_the_live_stream_knows_terms_of_job_and_resume(tmp_path):
    listener, shelf = Listener(), Shelf()
    hub = make_hub(tmp_path, transcriber=listener, materials=shelf)
    request = InitRequest(q_count=1, job_description_id="j1", resume_id="r1")
    opened = await hub.init(request, questions=[PlannedQuestion(text="Why?")])
    conductor = await hub.open(opened.mock_interview_id)
    await conductor._listening.open_stream()
    terms = listener.told[0].keyterms
    assert len({t.lower() for t in terms}) == len(terms)
    assert {"Kubernetes", "Initech"} <= set(terms)
    shelf.broken = True
    assert (await speech_context(conductor._s)).keyterms == ("kafka", "Go")
    await hub.close()
