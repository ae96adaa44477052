"""Short form of `benchmarks pairings`: commands beside a loaded server lose nothing that was acknowledged."""

import tempfile
from pathlib import Path

import pytest

from benchmarks import pairings
from benchmarks._playing import process


@pytest.mark.slow
def test_commands_beside_a_loaded_server_lose_nothing():
    facts = pairings.Facts()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        pairings.coach(home, "db", "upgrade")
        with process("benchmarks._pairing_server", home) as url, pairings.loaded(url, facts):
            pairings.practise(home, facts)
            doors = [path.name for path in home.glob("coach.duckdb.door-*")]
            for words in (("retention", "sweep"), ("db", "backup")):
                pairings.command(*words, "--json")(home, facts)
            pairings.delete(home, facts)
        there, sound = pairings.look(home)
    assert len(doors) == 1, "the server opened its door"
    assert facts.refused == []
    assert len(facts.kept) > 2, "both sides got something acknowledged"
    assert facts.kept - there == set()
    assert facts.gone & there == set()
    assert len(facts.gone) == 1
    assert sound == "sound"
    assert list(Path(folder).glob("*")) == []
