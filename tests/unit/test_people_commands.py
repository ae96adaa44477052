"""`user invite`, `user role`, `user members`: what an operator needs before anybody has signed in."""

import json
from datetime import UTC, datetime

from coach.store import open_store
from coach.store.repositories import interviews, invitations


def join(link: str, person: str) -> None:
    with open_store() as store:
        secret = link.rpartition("/")[2]
        store.run(invitations.accept, secret, person, datetime.now(UTC), name="Olga Operator")


def test_the_first_operator_is_invited_and_gets_another_role(coach):
    status, out, _ = coach("user", "invite", "--organisation", "Blue Fox", "--role", "operator", "--json")
    invited = json.loads(out)
    assert status == 0
    assert invited["link"].startswith("http://localhost:8501/join/")
    assert set(invited) == {
        "id", "organisation_id", "role", "created_at", "expires_at", "created_by", "link",
    }  # fmt: skip
    join(invited["link"], "olga")
    given = json.loads(coach("user", "role", "olga", "analyst", "--organisation", "Blue Fox", "--json")[1])
    assert given["roles"] == ["analyst", "operator"]
    known = json.loads(coach("user", "members", "--json")[1])
    assert [(row["person_id"], row["role"]) for row in known["members"]] == [("olga", "analyst"), ("olga", "operator")]
    assert "Olga Operator" in coach("user", "members")[1]


def test_nothing_is_deleted_where_the_receipt_cannot_be_written(coach, tmp_path):
    with open_store() as store:
        store.run(interviews.ensure_user, "ada")
    to = ("user", "delete", "ada", "--yes", "--receipt")
    status, out, err = coach(*to, str(tmp_path / "nowhere" / "receipt.json"))
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert "nothing was deleted" in err
    assert coach(*to, str(tmp_path / "receipt.json"))[0] == 0
    assert coach("user", "receipt", str(tmp_path / "receipt.json"))[0] == 0


def test_what_cannot_be_is_refused_in_one_line(coach):
    assert "No organisation yet" in coach("user", "members")[1]
    assert coach("user", "invite", "--organisation", "X", "--role", "king")[0] == 2
    for words in (
        ("user", "invite", "--organisation", " ", "--role", "coach"),
        ("user", "invite", "--organisation", "X", "--role", "coach", "--days", "0"),
        ("user", "role", "olga", "coach", "--organisation", "Nowhere"),
    ):
        status, out, err = coach(*words)
        assert (status, out, err.count("\n")) == (1, "", 1), words
