"""E-mail over SMTP."""

import re
import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTP as SMTP_LINES
from email.utils import format_datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from alerting.posting import refused, trust, words
from domain.alerts import Delivery, Notice, NoticeState, Way
from domain.clock import Clock, to_datetime

_ADDRESS = re.compile(r"[^\s@<>,;:\"()\\\x00-\x1f]+@[^\s@<>,;:\"()\\\x00-\x1f]+")


class Settings(BaseModel):
    """Settings of the e-mail notifier."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    host: str = Field(min_length=1, description="mail server")
    port: int = Field(587, ge=1, le=65535, description="its port: 587, 465 with `tls`, or 25")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="`starttls`, `tls` from the first byte, or `none`"
    )
    username: str = Field("", description="name to log in with; empty: none")
    password: SecretStr = Field(SecretStr(""), description="its password")
    sender: str = Field(pattern=r"^[^\s@]+@[^\s@]+$", description="address that mails come from")
    timeout_s: float = Field(10.0, gt=0, le=60, description="for connecting and for each answer")
    ca_file: str = Field("", description="CA certificates (PEM); empty: the system's")


def mail(notice: Notice, sender: str, address: str) -> EmailMessage:
    """Write a notice as a mail; a repeat has the same `Message-ID`."""
    message = EmailMessage(policy=SMTP_LINES)
    message["From"], message["To"] = sender, address
    message["Subject"] = " ".join(notice.title.split())
    message["Date"] = format_datetime(to_datetime(notice.created_at_ns))
    message["Message-ID"] = f"<{notice.id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(f"{notice.text}\n\n{notice.link}\n")
    return message


class Smtp:
    """Hands notices to a mail server.

    Accepted means that this server has taken the mail; where its last words say that it is only
    queued, so does the notice. Whether somebody reads it, no mail server knows.
    """

    name = "smtp"

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._tls = trust(settings.ca_file)

    def send(self, notice: Notice, way: Way) -> Delivery:
        """Send once and read the server's own code."""
        if not _ADDRESS.fullmatch(way.address):
            return refused("e-mail address must be one name@domain")
        hide = (self._settings.password.get_secret_value(), self._settings.username)
        try:
            return self._hand_over(notice, way.address, hide)
        except smtplib.SMTPServerDisconnected:
            return refused("connection dropped before the mail was taken", retry=True)
        except smtplib.SMTPNotSupportedError as error:
            return refused(f"the server cannot: {words(error, hide)}")
        except smtplib.SMTPResponseException as error:
            return _answer(error.smtp_code, error.smtp_error, hide)
        except smtplib.SMTPException as error:
            return refused(f"mail failed: {type(error).__name__}", retry=True)
        except ssl.SSLCertVerificationError as error:
            return refused(f"TLS: certificate not trusted ({error.verify_message})", retry=True)
        except ssl.SSLError as error:
            return refused(f"TLS: {words(error.reason or 'handshake failed')}", retry=True)
        except TimeoutError:
            return refused(f"timed out after {self._settings.timeout_s:g} s", retry=True)
        except ConnectionRefusedError:
            return refused("connection refused", retry=True)
        except OSError as error:
            return refused(f"cannot connect: {error.strerror or type(error).__name__}", retry=True)
        except UnicodeError:
            return refused("the mail server cannot take an address or log-in in these letters")

    def _hand_over(self, notice: Notice, address: str, hide: tuple[str, ...]) -> Delivery:
        s = self._settings
        if s.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                s.host, s.port, timeout=s.timeout_s, context=self._tls
            )
        else:
            server = smtplib.SMTP(s.host, s.port, timeout=s.timeout_s)
        try:
            server.ehlo_or_helo_if_needed()
            if s.security == "starttls":
                server.starttls(context=self._tls)
                server.ehlo()
            if s.username:
                try:
                    server.login(s.username, s.password.get_secret_value())
                except smtplib.SMTPServerDisconnected:
                    return refused("the server broke off the log-in", retry=True)
            options = ["SMTPUTF8"] if server.has_extn("smtputf8") and not address.isascii() else []
            code, said = server.mail(s.sender, options)
            if code != 250:
                return _answer(code, said, hide)
            code, said = server.rcpt(address)
            if code not in {250, 251}:
                return _answer(code, said, (*hide, address))
            code, said = server.data(mail(notice, s.sender, address).as_bytes())
            return _answer(code, said, hide)
        finally:
            # the mail is taken or not by now: what comes after changes nothing
            server.close()


def _answer(code: int, said: bytes | str, hide: tuple[str, ...]) -> Delivery:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    answer = f"{code} {words(text, hide)}".strip()
    if code == 250:
        queued = re.search(r"\bqueued\b", text, re.IGNORECASE)
        return Delivery(NoticeState.QUEUED if queued else NoticeState.ACCEPTED, answer)
    # 4xx passes, 5xx stays (RFC 5321 4.2.1); -1 is a connection that broke
    return refused(answer, retry=code < 500)


NOTIFIER = Smtp
