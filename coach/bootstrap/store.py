"""The database, recordings and the ledger's writer: what every other part rests on."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from coach.settings import Settings

if TYPE_CHECKING:
    from coach.audio.archive import AudioArchive
    from coach.brain.prompts.bundle import PromptBundle
    from coach.economics.metering import MeteredStore
    from coach.economics.pricebook import PriceBook
    from coach.economics.usage_writer import UsageWriter
    from coach.interview.fleet import Fleet
    from coach.interview.recording_ports import Journals
    from coach.vault.keyring import Keyring
    from coach.views.bin import Bin
    from coach.views.library import PersonalLibrary
    from coach.views.membership import PeopleDesk
    from coach.web.shelf import StoreShelf


@dataclass
class StoreParts:
    """The settings, the names a command gave, and what is kept. Each part is built on first use and once."""

    settings: Settings
    transcriber_name: str = ""
    brain_name: str = ""
    serves: bool = False
    """Whether this process serves many people: then judging may not hold up the others."""
    _lock: threading.RLock = field(default_factory=threading.RLock)
    vault: Keyring | None = field(init=False)
    """People's keys, where what they say is encrypted."""

    def __post_init__(self) -> None:
        """Puts the keys in force before anything is read or written.

        Raises:
            SettingsError: the key is missing or wrong.
        """
        from coach.vault.mounting import mount

        self.vault = mount(self.settings)

    @cached_property
    def store(self) -> MeteredStore:
        """The database, metered: use is priced on its way in."""
        from coach.economics.metering import MeteredStore

        return MeteredStore(
            self.settings.database_url,
            book=self.price_book,
            backup_hours=self.settings.coach_backup_hours,
            backups_kept=self.settings.coach_backups_kept,
        )

    @cached_property
    def usage(self) -> UsageWriter:
        """Writes use to the ledger that no stored answer carries: of calls that failed, were given up, or judged."""
        from coach.economics.usage_writer import UsageWriter

        return UsageWriter(self.store, self.settings.journal_dir / "usage.jsonl")

    @cached_property
    def price_book(self) -> PriceBook:
        """Dated vendor prices."""
        from coach.economics.pricebook import price_book

        return price_book()

    @cached_property
    def archive(self) -> AudioArchive:
        """Finished recordings."""
        from coach.audio.archive import AudioArchive

        return AudioArchive(self.settings.audio_url)

    @cached_property
    def journals(self) -> Journals:
        """Recordings in progress: on this disk, and in the bucket as well where recordings go to one."""
        from coach.audio.journal import RecordingJournal
        from coach.audio.shared_journal import SharedJournals

        return SharedJournals(self.archive) if self.archive.shared else RecordingJournal

    @cached_property
    def fleet(self) -> Fleet:
        """The other processes on the same database server; there are none where the database is a file."""
        from coach.interview.fleet import Lone
        from coach.store.fleet.fleet import ServerFleet

        return Lone() if self.settings.database_url.startswith("duckdb") else ServerFleet(self.store)

    @cached_property
    def bundle(self) -> PromptBundle:
        """The prompt bundle in force when this process started."""
        from coach.lab.promotion import Promotions

        return Promotions(self.store).active()

    @cached_property
    def stories(self) -> StoreShelf:
        """The library, as the open interface saves to it."""
        from coach.web.shelf import StoreShelf

        return StoreShelf(self.store)

    @cached_property
    def library(self) -> PersonalLibrary:
        """Stories, jobs and resumes."""
        from coach.views.library import PersonalLibrary

        return PersonalLibrary(self.store, hidden=self.bin.holds)

    @cached_property
    def people(self) -> PeopleDesk:
        """Members, invitations and consent."""
        from coach.views.membership import PeopleDesk

        return PeopleDesk(self.store)

    @cached_property
    def bin(self) -> Bin:
        """Deletions that can still be taken back."""
        from coach.views.bin import Bin

        return Bin()

    def has_samples(self) -> bool:
        """Whether there is sample content; blocking."""
        from coach.store.maintenance.sample import has_sample

        return has_sample(self.store)

    def remove_samples(self) -> None:
        """Takes the sample content out again; blocking."""
        from coach.store.maintenance.sample_removal import remove_sample

        remove_sample(self.store, self.archive, self.settings.journal_dir)
