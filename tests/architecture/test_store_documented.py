"""The steps of `docs/how-to/add-a-migration.md`: tables described, owned and deleted from, versions in line."""

import re
from pathlib import Path

from coach.store.engine import schema
from coach.store.scoping import rules
from coach.store.tables.billing import billing_accounts
from coach.store.tables.columns import metadata

ROOT = Path(__file__).resolve().parents[2]


def test_every_table_is_documented() -> None:
    page = (ROOT / "docs" / "storage.md").read_text("utf8")
    assert billing_accounts.name in metadata.tables
    assert [name for name in metadata.tables if f"`{name}`" not in page] == []


def test_what_is_somebodys_goes_with_the_session_or_the_person() -> None:
    """Each table has a rule of whose it is, and whoever deletes knows those that are a person's or a session's."""
    store = ROOT / "coach" / "store"
    deleting = (store / "repositories" / "people.py", store / "maintenance" / "removal.py")
    known = {name for path in deleting for name in re.findall(r"\w+", path.read_text("utf8"))}
    assert {*rules.RULES} == {*metadata.tables}
    somebodys = [name for name, rule in rules.RULES.items() if rule.kind not in ("office", "place", "shared")]
    assert len(somebodys) > 20
    assert [name for name in somebodys if name not in known] == []


def test_migrations_are_numbered_without_gaps_and_follow_one_another() -> None:
    versions = schema.known_versions()
    assert versions == [f"{number:04d}" for number in range(1, len(versions) + 1)]
    for path in sorted((schema.MIGRATIONS / "versions").glob("0*.py")):
        scope: dict[str, object] = {}
        lines = [line for line in path.read_text("utf8").splitlines() if line.startswith(("revision", "down_revision"))]
        exec("\n".join(lines), scope)
        number = int(path.name[:4])
        assert scope["revision"] == f"{number:04d}"
        assert scope["down_revision"] == (f"{number - 1:04d}" if number > 1 else None)
