"""Budgets over both databases: told once, by mail and webhook, however many look; what fails is tried again."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from coach.contracts.alert_message import AlertMessage, Delivery
from coach.contracts.usage import UsageEvent
from coach.economics import outside
from coach.economics.budgets import Budgets, check, period_start
from coach.economics.messenger import Messenger
from coach.economics.metering import MeteredStore
from coach.errors import InputError, NotFoundError
from coach.store import SqlStore
from coach.store.repositories import budgets as rows
from tests.fakes import records as make

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Hook:
    """A webhook on loopback that answers as told and keeps what it got."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.names: list[str] = []
        self.answers: list[int] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                hook.names.append(self.headers["host"])
                hook.got.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(hook.answers.pop(0) if hook.answers else 204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/alerts"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Inbox:
    """What a mail server on loopback got."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.mails.append(envelope.content)
        return "250 OK"


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    yield made
    made.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def use(store: SqlStore, user: str, usd: str, *, at: datetime = NOW, interview: str | None = None) -> None:
    event = UsageEvent(
        event_id=f"{user}-{usd}-{at.isoformat()}-{interview}",
        vendor="openai",
        meter="gpt-6-luna.output",
        quantity=Decimal(usd) / Decimal("0.0000005"),
        unit="token",
        occurred_at=at,
        user_id=user,
        interview_id=interview,
    )
    asyncio.run(store.add_usage([event]))


@pytest.fixture
def metered(sql_url: str) -> Iterator[MeteredStore]:
    store = MeteredStore(sql_url, idle_s=30)
    with store:
        yield store


def test_a_level_is_told_once_whoever_looks_and_the_next_day_anew(metered: MeteredStore, hook: Hook) -> None:
    budgets = Budgets(metered, inside=True)
    made = budgets.add("all", "day", Decimal("1"), webhook=hook.address)
    use(metered, "ada", "0.5")
    assert check(metered, Messenger(inside=True), clock=lambda: NOW).raised == 0
    use(metered, "bo", "0.4")
    looks = [
        threading.Thread(target=check, args=(metered, Messenger(inside=True)), kwargs={"clock": lambda: NOW})
        for _ in range(4)
    ]
    for each in looks:
        each.start()
    for each in looks:
        each.join()
    assert [(got["level_percent"], got["spent_usd"], got["user_id"]) for got in hook.got] == [
        (80, "0.900000000000", None)
    ]
    use(metered, "bo", "0.2")
    check(metered, Messenger(inside=True), clock=lambda: NOW)
    assert [got["level_percent"] for got in hook.got] == [80, 100]
    assert "$1.10 of $1.00 (110%) on 20 November 2026" in hook.got[-1]["text"]
    assert [alert.level for _, alert in budgets.open_alerts(NOW)] == [100]
    tomorrow = NOW + timedelta(days=1)
    assert not budgets.open_alerts(tomorrow)
    use(metered, "bo", "0.9", at=tomorrow)
    check(metered, Messenger(inside=True), clock=lambda: tomorrow)
    assert len(hook.got) == 3
    budgets.remove(made.id)
    assert not metered.run(rows.recent, NOW - timedelta(days=9))


def test_each_customer_has_their_own_month_and_samples_are_nobodys(metered: MeteredStore, hook: Hook) -> None:
    Budgets(metered, inside=True).add("customer", "month", Decimal("1"), webhook=hook.address)
    use(metered, "ada", "0.7", at=NOW - timedelta(days=10))
    use(metered, "ada", "0.2")
    use(metered, "bo", "0.7")
    sample = make.interview(user_id="cy", is_sample=True)
    asyncio.run(metered.create_interview(sample, []))
    use(metered, "cy", "9", interview=sample.id)
    check(metered, Messenger(inside=True), clock=lambda: NOW)
    assert [(got["user_id"], got["level_percent"]) for got in hook.got] == [("ada", 80)]


def test_what_did_not_arrive_is_tried_again_and_says_why_meanwhile(metered: MeteredStore, hook: Hook) -> None:
    budgets = Budgets(metered, inside=True)
    budgets.add("all", "day", Decimal("1"), webhook=hook.address)
    use(metered, "ada", "0.9")
    hook.answers = [503]
    assert check(metered, Messenger(inside=True), clock=lambda: NOW).failed == 1
    assert budgets.open_alerts(NOW)[0][1].error == "the webhook answered 503"
    assert check(metered, Messenger(inside=True), clock=lambda: NOW).failed == 0, "not before its time"
    later = NOW + timedelta(minutes=5)
    assert check(metered, Messenger(inside=True), clock=lambda: later).told == 1
    assert hook.got[0]["id"] == hook.got[1]["id"] and budgets.open_alerts(later)[0][1].error is None


def test_an_address_that_is_none_keeps_no_other_alert_from_being_told(metered: MeteredStore, hook: Hook) -> None:
    made = Budgets(metered, inside=True).add("all", "day", Decimal("1"), webhook=hook.address)
    metered.run(rows.keep, replace(made, id="0-odd", webhook="http://[half", created_at=NOW - timedelta(days=1)))
    use(metered, "ada", "0.9")
    done = check(metered, Messenger(inside=True), clock=lambda: NOW)
    assert (done.raised, done.told, done.failed) == (2, 1, 1) and len(hook.got) == 1


def test_a_mail_server_that_wants_a_password_gets_the_mail(metered: MeteredStore) -> None:
    class Inbox:
        mails: list[tuple[list[str], bytes]] = []

        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
            self.mails.append((envelope.rcpt_tos, envelope.content))
            return "250 OK"

    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"foxy", b"p@ss"))

    port = free_port()
    server = Controller(
        Inbox(), hostname="127.0.0.1", port=port, authenticator=authenticate, auth_required=True, auth_require_tls=False
    )
    server.start()
    try:
        Budgets(metered, inside=True).add("all", "day", Decimal("1"), email="ops@example.org")
        use(metered, "ada", "2")
        wrong = Messenger(f"smtp://foxy:wrong@127.0.0.1:{port}")
        assert check(metered, wrong, clock=lambda: NOW).failed == 1
        later = NOW + timedelta(minutes=5)
        assert check(metered, Messenger(f"smtp://foxy:p%40ss@127.0.0.1:{port}"), clock=lambda: later).told == 1
    finally:
        server.stop()
    to, content = Inbox.mails[0]
    mail = message_from_bytes(content)
    assert to == ["ops@example.org"] and "100 %" in mail["Subject"] and "$2.00 of $1.00" in mail.get_payload()


def test_a_way_that_arrived_is_not_gone_again_while_the_other_one_fails(metered: MeteredStore, hook: Hook) -> None:
    inbox, port, moment = Inbox(), free_port(), [NOW]
    Budgets(metered, inside=True).add("all", "day", Decimal("1"), email="ops@example.org", webhook=hook.address)
    use(metered, "ada", "2")
    messenger = Messenger(f"smtp://127.0.0.1:{port}", inside=True)
    for _ in range(3):
        assert check(metered, messenger, clock=lambda: moment[0]).failed == 1
        moment[0] += timedelta(hours=1)
    assert len(hook.got) == 1, "the mail failed three times, the webhook arrived the first time"
    server = Controller(inbox, hostname="127.0.0.1", port=port)
    server.start()
    try:
        assert check(metered, messenger, clock=lambda: moment[0]).told == 1
    finally:
        server.stop()
    assert (len(hook.got), len(inbox.mails)) == (1, 1)


def test_the_mail_goes_out_though_the_webhook_fails(metered: MeteredStore, hook: Hook) -> None:
    hook.answers, inbox = [503], Inbox()
    server = Controller(inbox, hostname="127.0.0.1", port=free_port())
    server.start()
    try:
        Budgets(metered, inside=True).add("all", "day", Decimal("1"), email="ops@example.org", webhook=hook.address)
        use(metered, "ada", "2")
        messenger = Messenger(f"smtp://127.0.0.1:{server.port}", inside=True)
        assert check(metered, messenger, clock=lambda: NOW).failed == 1
        assert check(metered, messenger, clock=lambda: NOW + timedelta(hours=1)).told == 1
    finally:
        server.stop()
    assert (len(hook.got), len(inbox.mails)) == (2, 1)


def test_many_alerts_at_a_slow_address_are_told_once_by_two_who_look(metered: MeteredStore, hook: Hook) -> None:
    """Each is claimed when it is told: the last of a batch would be told after its lease, and again by another."""
    budgets, moment = Budgets(metered, inside=True), [NOW]
    for _ in range(4):
        budgets.add("all", "day", Decimal("1"), webhook=hook.address)
    use(metered, "ada", "2")
    told: list[str] = []

    def slowly(notice: AlertMessage) -> Delivery:
        told.append(notice.id)
        moment[0] += timedelta(seconds=50)
        if len(told) == 3:  # somebody else looks while the third is told, two leases after the first claim
            check(metered, slowly, clock=lambda: moment[0])
        return Delivery(arrived=("webhook",))

    check(metered, slowly, clock=lambda: moment[0])
    assert len(told) == len(set(told)) == 4


def test_mail_without_a_server_names_the_setting(metered: MeteredStore) -> None:
    budgets = Budgets(metered, inside=True)
    budgets.add("all", "day", Decimal("1"), email="ops@example.org")
    use(metered, "ada", "2")
    check(metered, Messenger(inside=True), clock=lambda: NOW)
    assert "COACH_SMTP_URL" in (budgets.open_alerts(NOW)[0][1].error or "")


@pytest.mark.parametrize(
    "wrong",
    [
        {"usd": Decimal("0")},
        {"usd": Decimal("NaN")},
        {"email": "nobody"},
        {"email": "a@b\nBcc: c@d"},
        {"webhook": "file:///etc/passwd"},
        {"webhook": "http://[half"},
        {"webhook": "http://127.0.0.1:99999/"},
        {"usd": Decimal("1e30")},
    ],
)
def test_a_budget_that_could_tell_nobody_is_refused(metered: MeteredStore, wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        Budgets(metered, inside=True).add("all", "day", **({"usd": Decimal("1")} | wrong))
    with pytest.raises(NotFoundError):
        Budgets(metered, inside=True).remove("nobody's")
    assert not Budgets(metered, inside=True).listed()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "relay", "10.0.0.5", "169.254.169.254", "100.64.0.1", "[::1]", "[fd00::1]",
        "2130706433", "[::ffff:10.0.0.5]", "[64:ff9b::a00:5]", "[2002:a00:5::1]", "printer.local", "0.0.0.0",
        "224.0.0.1",
    ],
)  # fmt: skip
def test_a_webhook_does_not_lead_into_this_network(metered: MeteredStore, host: str) -> None:
    with pytest.raises(InputError, match="COACH_WEBHOOKS_INSIDE"):
        Budgets(metered).add("all", "day", Decimal("1"), webhook=f"http://{host}/alerts")
    assert not Budgets(metered).listed()
    told = Messenger()(AlertMessage(id="1", subject="s", text="t", webhook=f"http://{host}/alerts"))
    assert not told.arrived and "COACH_WEBHOOKS_INSIDE" in told.error, "kept before, or brought in by a restore"


def test_a_name_that_leads_inside_is_not_followed_and_one_that_leads_out_is_asked_once(
    hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(hook.address.rpartition(":")[2].partition("/")[0])
    message = AlertMessage(id="1", subject="s", text="t", webhook=f"http://hooks.example.com:{port}/alerts")
    asked: list[str] = []

    def resolver(host: str, number: int, *_: Any, **__: Any) -> list[tuple[Any, ...]]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", number))]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    assert "inside this network" in Messenger()(message).error and not hook.got
    monkeypatch.setattr(outside, "_is_outside", lambda _: True)
    asked.clear()
    assert Messenger()(message).arrived == ("webhook",)
    assert hook.names == [f"hooks.example.com:{port}"] and asked.count("hooks.example.com") == 1
    at = AlertMessage(id="2", subject="s", text="t", webhook=hook.address)
    assert Messenger(trusted=[hook.address])(at).arrived == ("webhook",), "the operator's own setting"


def test_periods_begin_at_midnight_utc() -> None:
    assert period_start("day", NOW) == datetime(2026, 11, 20, tzinfo=UTC)
    assert period_start("month", NOW) == datetime(2026, 11, 1, tzinfo=UTC)
