"""Files that wait to be fetched: for whom they were made, a piece at a time, and nobody finds them on the disk."""

import tracemalloc
from pathlib import Path
from typing import cast

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from starlette.testclient import TestClient

from coach.contracts.asking import asking
from coach.contracts.people import Asker
from coach.errors import NotFoundError, StoreError
from coach.web.handed_over import LASTS_S, MOST, HandedOver, handed_over_routes

ADA, BOB = Asker("ada"), Asker("bob")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def files(tmp_path: Path, clock: Clock) -> HandedOver:
    return HandedOver(tmp_path, clock)


def fetched(files: HandedOver, url: str) -> tuple[int, bytes]:
    answer = TestClient(Starlette(routes=handed_over_routes(files))).get(url)
    return answer.status_code, answer.content


def test_it_is_for_whom_it_was_made_as_often_as_they_like(files, tmp_path):
    with asking(ADA):
        mine = files.make("all.zip", lambda file: file.write(b"ada's life"))
        assert (mine.size_bytes, mine.name) == (10, "all.zip")
        assert fetched(files, mine.url) == fetched(files, mine.url) == (200, b"ada's life")
    assert list(tmp_path.iterdir()) == [], "it has no name on the disk"
    with asking(BOB):
        assert fetched(files, mine.url)[0] == 404
        files.make("all.zip", lambda file: file.write(b"bob's"))
    with asking(ADA):
        assert fetched(files, mine.url)[0] == 200, "somebody else's takes nothing away"
        again = files.make("all.zip", lambda file: file.write(b"newer"))
        assert fetched(files, mine.url)[0] == 404 and fetched(files, again.url) == (200, b"newer")
        files.forget()
        assert fetched(files, again.url)[0] == 404


def test_it_waits_for_an_hour_and_only_so_many_wait(files, clock):
    with asking(ADA):
        url = files.make("all.zip", lambda file: file.write(b"x")).url
        clock.now = LASTS_S - 1
        assert fetched(files, url)[0] == 200
        clock.now = LASTS_S
        assert fetched(files, url)[0] == 404
    urls = {}
    for number in range(MOST + 1):
        with asking(Asker(f"p{number}")):
            urls[number] = files.make("all.zip", lambda file: file.write(b"x")).url
    with asking(Asker("p0")), pytest.raises(NotFoundError):
        files.open(urls[0].rpartition("/")[2].removesuffix(".zip"))
    with asking(Asker("p1")):
        assert fetched(files, urls[1])[0] == 200
    files.close()
    with asking(Asker("p1")):
        assert fetched(files, urls[1])[0] == 404


def test_what_cannot_be_written_is_told_and_leaves_nothing(files, tmp_path):
    def full(file):
        file.write(b"half of it")
        raise OSError(28, "No space left on device")

    with asking(ADA), pytest.raises(StoreError, match="cannot be written"):
        files.make("all.zip", full)
    assert list(tmp_path.iterdir()) == []


async def test_a_large_one_is_never_in_memory_as_a_whole(files):
    """Hours of sound: 64 MB go in and come out again, a few pieces of it in memory at a time."""
    piece, places = bytes(1024 * 1024), list[int]()

    def write(file):
        for _ in range(64):
            file.write(piece)

    with asking(ADA):
        url = files.make("all.zip", write).url
        route = cast(Route, handed_over_routes(files)[0])
        request = Request({"type": "http", "path_params": {"key": url.rpartition("/")[2].removesuffix(".zip")}})
        answer = await route.endpoint(request)
        tracemalloc.start()
        try:
            async for each in answer.body_iterator:
                places.append(len(each))
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert answer.headers["content-disposition"] == 'attachment; filename="all.zip"'
    assert sum(places) == int(answer.headers["content-length"]) == 64 * 1024 * 1024
    assert most < 8 * 1024 * 1024
