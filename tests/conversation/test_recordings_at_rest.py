"""Recordings after the answer: heard where they are sealed, and nothing of them left where a bucket keeps them."""

import tempfile

import httpx
import pytest

from coach.audio.archive import AudioArchive
from coach.contracts import commands as cmd
from coach.vault import ambient
from coach.vault.keyring import Keyring
from coach.vault.place import KeyPlace
from tests.conversation.driver import listening, make_hub
from tests.conversation.serving import served


@pytest.fixture
def sealed_home(tmp_path):
    ambient.mount([str(tmp_path)], Keyring(KeyPlace(str(tmp_path / "keys")), "m" * 43 + "="))
    yield tmp_path
    ambient.mount([str(tmp_path)], None)


async def test_a_sealed_recording_is_heard_by_whoever_said_it(sealed_home):
    hub = make_hub(sealed_home)
    async with served(hub) as host, httpx.AsyncClient(base_url=f"http://{host}") as http:
        client = await listening(hub)
        attempt = client.state.attempt_id
        await client.answer()
        lies = [path.read_bytes()[:4] for path in (sealed_home / "audio").iterdir()]
        assert lies == [b"JFSE"], "sealed on the disk"
        auth = {"Authorization": f"Bearer {await hub.token(client.conductor.id)}"}
        whole = await http.get(f"/attempts/{attempt}/audio", headers=auth)
        assert (whole.status_code, whole.content[:4]) == (200, b"fLaC")
        assert whole.headers["accept-ranges"] == "bytes"
        size = len(whole.content)
        for asked, first, last in (("4-13", 4, 13), (f"{size - 3}-", size - 3, size - 1), ("-5", size - 5, size - 1)):
            part = await http.get(f"/attempts/{attempt}/audio", headers={**auth, "Range": f"bytes={asked}"})
            assert (part.status_code, part.content) == (206, whole.content[first : last + 1])
            assert part.headers["content-range"] == f"bytes {first}-{last}/{size}"
        beyond = await http.get(f"/attempts/{attempt}/audio", headers={**auth, "Range": f"bytes={size}-"})
        assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
        for odd in ("bytes=-", "seconds=1-2", "bytes=1-2,5-6"):
            assert (await http.get(f"/attempts/{attempt}/audio", headers={**auth, "Range": odd})).status_code == 200


async def test_a_recording_fetched_from_a_bucket_is_cleared_away_again(tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    hub = make_hub(tmp_path, archive=AudioArchive(f"memory://{tmp_path.name}-recordings"))
    client = await listening(hub)
    attempt = client.state.attempt_id or ""
    await client.answer()
    assert list((tmp_path / "journal").glob("*.flac")) == []
    said = cmd.TranscriptPayload(attempt_id=attempt, text="What I really said was something else entirely.")
    await client.send(cmd.SubmitTranscript(payload=said))
    await client.settled()
    assert client.conductor.board.attempt(attempt).transcript.text == said.text
    left = [*(tmp_path / "temporary").iterdir(), *(tmp_path / "journal").glob("*.flac*")]
    assert left == [], "no copy of a recording stays on this machine"
    await hub.close()
