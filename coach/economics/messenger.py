"""How an operator is told of something: by webhook and by mail, each where the notice names one."""

import smtplib
from collections.abc import Callable, Collection
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx

from coach.contracts.alert_message import AlertMessage, Delivery
from coach.economics.outside import looked_up
from coach.errors import InputError, SettingsError

SEND_TIMEOUT_S = 10.0


class Messenger:
    """Tells by webhook and by mail."""

    def __init__(
        self, smtp_url: str = "", sender: str = "", *, inside: bool = False, trusted: Collection[str] = ()
    ) -> None:
        """Sends nothing yet.

        Args:
            smtp_url: smtp://user:password@host:587 (STARTTLS where offered) or smtps://…
            sender: From.
            inside: whether webhooks may name addresses inside this network.
            trusted: webhooks of the operator's own settings, wherever they are.
        """
        self._smtp, self._sender = urlsplit(smtp_url) if smtp_url else None, sender
        self._inside, self._trusted = inside, frozenset(trusted)

    def __call__(self, notice: AlertMessage) -> Delivery:
        """Each way that did not arrive yet, whatever became of the other; see `coach.contracts.alert_message.Tell`."""
        arrived, errors = list(notice.arrived), []
        for way, named, go in (("webhook", notice.webhook, self._post), ("email", notice.email, self._mail)):
            if not named or way in arrived:
                continue
            error = _tried(go, notice)
            if error:
                errors.append(error)
            else:
                arrived.append(way)
        return Delivery(arrived=tuple(arrived), error="; ".join(errors))

    def _post(self, notice: AlertMessage) -> None:
        body = {"id": notice.id, **notice.body, "text": notice.text}
        how: dict[str, Any] = {"json": body, "timeout": SEND_TIMEOUT_S, "follow_redirects": False}
        if self._inside or notice.webhook in self._trusted:
            httpx.post(notice.webhook, **how).raise_for_status()
            return
        url, headers, extensions = looked_up(httpx.URL(notice.webhook))
        with httpx.Client(trust_env=False) as client:  # a proxy would look the name up again
            client.post(url, headers=headers, extensions=extensions, **how).raise_for_status()

    def _mail(self, notice: AlertMessage) -> None:
        if self._smtp is None or not self._smtp.hostname:
            raise SettingsError(
                "No mail server is set.", mend="Set COACH_SMTP_URL, e.g. smtp://user:password@host:587."
            )
        message = EmailMessage()
        message["Subject"] = notice.subject
        message["From"] = self._sender or f"job-foxy@{self._smtp.hostname}"
        message["To"] = notice.email
        message["Message-ID"] = f"<{notice.id}@job-foxy>"
        message.set_content(notice.text)
        kind = smtplib.SMTP_SSL if self._smtp.scheme == "smtps" else smtplib.SMTP
        with kind(self._smtp.hostname, self._smtp.port or 0, timeout=SEND_TIMEOUT_S) as server:
            server.ehlo()
            if kind is smtplib.SMTP and server.has_extn("starttls"):
                server.starttls()
            if self._smtp.username:
                server.login(unquote(self._smtp.username), unquote(self._smtp.password or ""))
            server.send_message(message)


def _tried(go: Callable[[AlertMessage], None], notice: AlertMessage) -> str:
    """Empty when it arrived, else why not."""
    try:
        go(notice)
    except httpx.HTTPStatusError as error:
        return f"the webhook answered {error.response.status_code}"
    except (SettingsError, InputError) as error:
        return str(error)
    except (OSError, httpx.HTTPError, httpx.InvalidURL, smtplib.SMTPException, ValueError) as error:
        return type(error).__name__  # an address that is none, too: one alert never keeps others from being told
    return ""
