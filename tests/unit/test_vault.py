"""Keys and what they seal: right and wrong ones, a rotation killed half-way, two processes at once, sealed files."""

import os
import random
import secrets
import signal
import subprocess
import time
from pathlib import Path

import pytest

from coach.audio.disk import SoundReader, plain_content
from coach.audio.journal import RecordingJournal
from coach.errors import NotFoundError, SettingsError, StoreError
from coach.settings import Settings, load_settings
from coach.vault import ambient, blocks, files
from coach.vault.keyring import HOUSE, Keyring, is_sealed
from coach.vault.mounting import mount
from coach.vault.place import KeyPlace
from tests import forks

OLD = "m" * 43 + "="
NEW = "correct horse battery staple"
HEX = "ab" * 32


def keyring(folder: Path, text: str = OLD) -> Keyring:
    return Keyring(KeyPlace(str(folder)), text)


def home_with_key(folder: Path, key: str = OLD) -> Settings:
    return load_settings(coach_home=folder, coach_encryption_key=key, coach_database_url="", coach_audio_url="")


@pytest.mark.parametrize("text", [OLD, NEW, HEX])
def test_what_is_sealed_opens_again_and_tells_nothing(tmp_path, text):
    keys = keyring(tmp_path, text)
    for said in (b"a b", b"the zebra budget " * 400, "Größe ✓".encode()):
        token = keys.seal(said, "ada@quillhaven")
        assert is_sealed(token)
        assert said not in token.encode()
        assert keyring(tmp_path, text).unseal(token) == said
    assert keys.seal(b"same", "ada") != keys.seal(b"same", "ada")
    assert b"ada@quillhaven" not in b"".join(path.read_bytes() + path.name.encode() for path in tmp_path.iterdir())
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_a_changed_text_is_told_and_another_key_does_not_open(tmp_path):
    keys = keyring(tmp_path / "one")
    token = keys.seal(b"the zebra budget", "ada")
    with pytest.raises(StoreError, match="changed"):
        keys.unseal(f"{token[:-1]}{'A' if token[-1] != 'A' else 'B'}")
    assert keyring(tmp_path / "two").unseal(token) is None, "another installation has no such key"


def test_a_destroyed_key_opens_nothing_also_when_its_person_comes_back(tmp_path):
    keys, beside = keyring(tmp_path), keyring(tmp_path)
    gone, other = keys.seal(b"hers", "ada"), keys.seal(b"his", "bob")
    assert beside.unseal(gone) == b"hers"
    assert keys.destroy("ada")
    assert not keys.destroy("ada")
    assert (keys.unseal(gone), keys.unseal(other)) == (None, b"his")
    again = keys.seal(b"new", "ada")
    assert (keys.unseal(gone), keys.unseal(again)) == (None, b"new")
    assert keyring(tmp_path).unseal(gone) is None


def test_another_process_uses_a_destroyed_key_no_longer_than_it_says(tmp_path, monkeypatch):
    keys, beside = keyring(tmp_path), keyring(tmp_path)
    now = time.monotonic()
    token = beside.seal(b"hers", "ada")
    keys.destroy("ada")
    monkeypatch.setattr("coach.vault.keyring.time.monotonic", lambda: now + 1.1)
    assert beside.unseal(token) is None


@pytest.mark.parametrize("wrong", [NEW, HEX, f"{NEW},{HEX}"])
def test_a_wrong_key_is_told_with_its_mend(tmp_path, wrong):
    keyring(tmp_path)
    with pytest.raises(SettingsError, match="does not open") as told:
        keyring(tmp_path, wrong)
    assert "NEW,OLD" in told.value.mend
    assert wrong not in str(told.value)


@pytest.mark.parametrize("text", ["short", "abc=", " , "])
def test_a_key_that_protects_nothing_is_refused(tmp_path, text):
    with pytest.raises(SettingsError, match="COACH_ENCRYPTION_KEY"):
        keyring(tmp_path, text)


def test_rotation_is_repeated_and_refused_half_way_with_the_new_key_alone(tmp_path):
    keys = keyring(tmp_path)
    tokens = [keys.seal(str(n).encode(), f"person-{n}") for n in range(5)]
    both = keyring(tmp_path, f"{NEW},{OLD}")
    half = [path for path in sorted(tmp_path.glob("*.key")) if path.stem != keys.who(HOUSE)][:2]
    for path in half:
        both._rewrap(path.name)
    with pytest.raises(SettingsError, match="does not open"):
        keyring(tmp_path, NEW)
    assert both.behind() == 4
    assert (both.rotate().rewrapped, both.rotate().rewrapped, both.behind()) == (4, 0, 0)
    alone = keyring(tmp_path, NEW)
    assert [alone.unseal(token) for token in tokens] == [str(n).encode() for n in range(5)]
    with pytest.raises(SettingsError):
        keyring(tmp_path)


def test_rotation_killed_at_any_moment_goes_on(tmp_path):
    keys = keyring(tmp_path)
    tokens = [keys.seal(str(n).encode(), f"person-{n}") for n in range(120)]
    code = (
        "import sys; from coach.vault.keyring import Keyring; from coach.vault.place import KeyPlace\n"
        "keys = Keyring(KeyPlace(sys.argv[1]), sys.argv[2]); print('ready', flush=True); keys.rotate()"
    )
    child = forks.Python(["-c", code, str(tmp_path), f"{HEX},{OLD}"], stdout=subprocess.PIPE)
    assert child.stdout
    child.stdout.readline()
    both = keyring(tmp_path, f"{HEX},{OLD}")
    until = time.monotonic() + 30
    while both.behind() > 100 and time.monotonic() < until:
        pass
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert [both.unseal(token) for token in tokens] == [str(n).encode() for n in range(120)]
    both.rotate()
    assert [keyring(tmp_path, HEX).unseal(token) for token in tokens] == [str(n).encode() for n in range(120)]
    assert not [path for path in tmp_path.glob("*.key") if OLD in path.read_text()]


def test_a_key_that_is_destroyed_during_a_rotation_does_not_come_back(tmp_path):
    keys = keyring(tmp_path)
    token = keys.seal(b"said", "ada")

    class Meanwhile(KeyPlace):
        """Another process destroys the key just before it is written anew."""

        def replace(self, name: str, data: bytes, *, instead_of: bytes) -> bool:
            keys.destroy("ada")
            return super().replace(name, data, instead_of=instead_of)

    Keyring(Meanwhile(str(tmp_path)), f"{HEX},{OLD}").rotate()
    both = keyring(tmp_path, f"{HEX},{OLD}")
    assert both.unseal(token) is None
    assert not both.has_key("ada")


def test_a_draft_of_a_killed_rotation_goes_with_its_key(tmp_path, monkeypatch):
    keys = keyring(tmp_path)
    keys.seal(b"said", "ada")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "replace", killed)
        keyring(tmp_path, f"{HEX},{OLD}").rotate()
    assert [path for path in tmp_path.iterdir() if path.name.endswith(".part")]
    assert keys.destroy("ada")
    assert not [path.name for path in tmp_path.iterdir() if keys.who("ada") in path.name]


def test_two_processes_make_one_key_of_one_person(tmp_path):
    code = (
        "import sys; from coach.vault.keyring import Keyring; from coach.vault.place import KeyPlace\n"
        "keys = Keyring(KeyPlace(sys.argv[1]), sys.argv[2]); sys.stdin.readline()\n"
        "print('\\n'.join(keys.seal(b'said', f'person-{n}') for n in range(20)))"
    )
    command = ["-c", code, str(tmp_path / "keys"), OLD]
    both = [forks.Python(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = [child.communicate("go\n", timeout=60)[0].split() for child in both]
    keys = keyring(tmp_path / "keys")
    assert [keys.unseal(token) for tokens in told for token in tokens] == [b"said"] * 40
    assert len(list((tmp_path / "keys").glob("*.key"))) == 21


def test_keys_in_a_bucket():
    place = KeyPlace("memory://vault-test/keys")
    keys = Keyring(place, OLD)
    token = keys.seal(b"hers", "ada")
    assert Keyring(place, OLD).unseal(token) == b"hers"
    assert len(place.names()) == 2
    assert not place.create(place.names()[0], b"")
    assert Keyring(place, f"{NEW},{OLD}").rotate().rewrapped == 2
    assert keys.destroy("ada")
    assert Keyring(place, NEW).unseal(token) is None


def test_an_encrypted_home_without_its_key_or_its_keys_is_told(tmp_path):
    home = tmp_path / "home"
    mount(home_with_key(home))
    mount(load_settings(coach_home=tmp_path / "elsewhere", coach_database_url="", coach_audio_url=""))
    with pytest.raises(SettingsError, match="COACH_ENCRYPTION_KEY is not set"):
        mount(load_settings(coach_home=home, coach_database_url="", coach_audio_url=""))
    with pytest.raises(SettingsError, match="COACH_ENCRYPTION_KEY is not set"):
        ambient.over(home / "journal" / "x.pcm")
    (home / "keys").rename(tmp_path / "keys")
    with pytest.raises(SettingsError, match="are not in"):
        mount(home_with_key(home))
    assert not (home / "keys").exists(), "no new keys are made where the old ones are missing"
    (tmp_path / "keys").rename(home / "keys")
    assert mount(home_with_key(home))
    salt, kept = home / "keys" / "vault.salt", sorted((home / "keys").iterdir())
    salt.rename(tmp_path / "salt")
    with pytest.raises(SettingsError, match="are not in"):
        mount(home_with_key(home))
    assert not salt.exists(), "with another salt no key would be found under its name"
    (tmp_path / "salt").rename(salt)
    assert mount(home_with_key(home))
    assert sorted((home / "keys").iterdir()) == kept


def test_a_recording_is_the_same_sealed_and_plain_whatever_is_done_to_it(tmp_path):
    settings = home_with_key(tmp_path / "home")
    keys, rnd, model = mount(settings), random.Random(3), bytearray()
    with ambient.belonging_to("ada"):
        journal = RecordingJournal.create(settings.journal_dir, "attempt")
    for _ in range(400):
        kind, data = rnd.random(), rnd.randbytes(2 * rnd.randint(1, 800))
        at = rnd.randint(0, len(model) // 2 + 200)
        if kind < 0.7:
            journal.append(data)
            model += data
        elif kind < 0.8:
            journal.write_at(at, data)
            model += bytes(max(0, 2 * at - len(model)))
            model[2 * at : 2 * at + len(data)] = data
        elif kind < 0.9 and 2 * at <= len(model):
            journal.insert(at, data, [])
            model[2 * at : 2 * at] = data
        else:
            journal.cut(at)
            model = model[: 2 * at] + bytes(max(0, 2 * at - len(model)))
        whole = journal.read_samples(0, len(model))
        assert whole[: len(model)] == model
        assert len(whole) - len(model) < blocks.SHORTEST
    journal.close()
    again = RecordingJournal.create(settings.journal_dir, "attempt")
    assert again.read()[: len(model)] == model
    assert plain_content(again.path)[: len(model)] == model
    raw = again.path.read_bytes()
    assert all(bytes(model[start : start + 16]) not in raw for start in range(0, len(model) - 16, 160))
    assert keys and keys.destroy("ada")
    with pytest.raises(NotFoundError):
        RecordingJournal.create(settings.journal_dir, "attempt")


def test_who_reads_along_hears_every_sample_once(tmp_path):
    settings = home_with_key(tmp_path / "home")
    mount(settings)
    journal, rnd = RecordingJournal.create(settings.journal_dir, "attempt"), random.Random(5)
    reader, heard, said = SoundReader(journal.path), b"", b""
    for _ in range(60):
        data = rnd.randbytes(2 * rnd.randint(8, 900))
        journal.append(data)
        said += data
        heard += reader.rest(ended=False)
        assert said.startswith(heard)
    heard += reader.rest(ended=True)
    assert heard == said == reader.all()
    reader.close()
    assert reader.closed


def test_a_sealed_file_that_was_changed_is_told(tmp_path):
    settings = home_with_key(tmp_path / "home")
    mount(settings)
    path = settings.coach_home / "x.flac"
    sealed = files.sealed_bytes(path, b"sound" * 100)
    assert files.sealed_bytes(path, sealed) == sealed, "sealed once"
    assert files.opened_bytes(path, sealed) == b"sound" * 100
    with pytest.raises(StoreError, match="changed"):
        files.opened_bytes(path, sealed[:-1] + bytes([sealed[-1] ^ 1]))


def test_without_a_key_nothing_is_different(tmp_path):
    settings = load_settings(coach_home=tmp_path / "home", coach_database_url="", coach_audio_url="")
    assert mount(settings) is None
    journal = RecordingJournal.create(settings.journal_dir, "attempt")
    data = secrets.token_bytes(640)
    journal.append(data)
    assert journal.path.read_bytes() == data
    assert files.sealed_line(settings.journal_dir / "facts.jsonl", "{}") == "{}"
    assert files.sealed_bytes(journal.path, data) == data
    assert sorted(os.listdir(settings.coach_home)) == ["journal"]
