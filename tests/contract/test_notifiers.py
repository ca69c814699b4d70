"""What every notifier promises; each runs through every misbehaviour of a channel."""

import base64
import hashlib
import hmac
import json
import logging
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from alerting.notifiers import kinds, notifiers, settings_of
from domain.alerts import Delivery, Notice, NoticeState, Way
from domain.clock import SECOND_NS, VirtualClock
from domain.errors import SettingsInvalid
from domain.ports import Notifier
from tests.alert_samples import NOON, notice
from tests.servers.channel import Answer, Asked, Channel, running_channel
from tests.servers.process import free_port

TOKEN, SECRET = "t0ken-0123456789abcdef", "s3cret-0123456789abcdef"
PHONE = "+8613800000000"
DOCS = Path(__file__).parents[2] / "docs" / "alerts.md"


@dataclass(frozen=True)
class Case:
    """One HTTP notifier: how it is set up, and what its channel says for good and for bad."""

    address: str
    settings: Callable[[str], dict[str, Any]]
    accepted: Answer
    refused: Answer
    busy: Answer | None
    #: a good status with a body that says nothing readable
    unclear: tuple[bytes, ...] = (b"<html>log in</html>", b"", b"[]", b'"ok"', b"{}", b"\xff\xfe")
    hidden: tuple[str, ...] = field(default=(TOKEN, SECRET))


def robots(path: str) -> Callable[[str], dict[str, Any]]:
    return lambda url: {
        "url": url + path,
        "timeout_s": 10.0,
        "robots": {"duty": {"token": TOKEN, "secret": SECRET}},
    }


CASES = {
    "webhook": Case(
        "duty",
        lambda url: {
            "targets": {"duty": {"url": f"{url}/in?token={TOKEN}", "secret": SECRET}},
            "timeout_s": 10.0,
        },
        Answer.json({"ok": True}),
        Answer.json({"errcode": 40001, "errmsg": f"no such desk {TOKEN}"}),
        None,
        (b"<html>log in</html>", b"{", b'{"a":'),
    ),
    "wecom": Case(
        "duty",
        robots("/cgi-bin/webhook/send"),
        Answer.json({"errcode": 0, "errmsg": "ok"}),
        Answer.json({"errcode": 93000, "errmsg": f"invalid webhook url, key={TOKEN}"}),
        Answer.json({"errcode": 45009, "errmsg": "api freq out of limit"}),
    ),
    "dingtalk": Case(
        "duty",
        robots("/robot/send"),
        Answer.json({"errcode": 0, "errmsg": "ok"}),
        Answer.json({"errcode": 310000, "errmsg": f"sign not match {SECRET}"}),
        Answer.json({"errcode": 130101, "errmsg": "send too fast"}),
    ),
    "feishu": Case(
        "duty",
        robots("/open-apis/bot/v2/hook"),
        Answer.json({"code": 0, "msg": "success", "data": {}}),
        Answer.json({"code": 19021, "msg": f"sign match fail {SECRET}"}),
        Answer.json({"code": 11232, "msg": "too frequent"}),
    ),
    "sms": Case(
        PHONE,
        lambda url: {
            "url": f"{url}/send/{TOKEN}",
            "headers": {"X-Key": SECRET},
            "timeout_s": 10.0,
            "retry_values": ["BUSY"],
        },
        Answer.json({"code": "OK", "message": "sent"}),
        Answer.json({"code": "BLACKLISTED", "message": f"{PHONE} refuses {SECRET}"}),
        Answer.json({"code": "BUSY", "message": "later"}),
        hidden=(TOKEN, SECRET, PHONE),
    ),
}


@pytest.fixture
def channel() -> Iterator[Channel]:
    with running_channel() as server:
        yield server


@pytest.fixture(params=CASES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def made(name: str, url: str, clock: VirtualClock | None = None, **more: Any) -> Notifier:
    settings = {name: CASES[name].settings(url) | more}
    return notifiers(settings, clock or VirtualClock(NOON))[name]


def send(name: str, url: str, one: Notice | None = None) -> Delivery:
    return made(name, url).send(one or notice(), Way(name, CASES[name].address))


def body_of(asked: Asked) -> Any:
    return json.loads(asked.body)


def test_every_notifier_of_the_folder_is_under_this_contract() -> None:
    assert set(kinds()) == {*CASES, "smtp"}
    assert all(kind.name == name for name, kind in kinds().items())


def test_accepted_is_what_the_channel_says_is_accepted(name: str, channel: Channel) -> None:
    channel.answer = CASES[name].accepted
    delivery = send(name, channel.url)
    assert delivery.state is NoticeState.ACCEPTED
    assert len(channel.asked) == 1


def test_a_good_status_with_an_error_code_is_refused(name: str, channel: Channel) -> None:
    channel.answer = CASES[name].refused
    delivery = send(name, channel.url)
    assert (delivery.state, delivery.retry) == (NoticeState.REFUSED, False)
    said = json.loads(CASES[name].refused.body)
    assert str(said.get("errcode", said.get("code"))) in delivery.answer


def test_a_code_that_says_busy_is_refused_for_now(name: str, channel: Channel) -> None:
    answer = CASES[name].busy
    channel.answer = answer or Answer("reply", 503)
    delivery = send(name, channel.url)
    assert (delivery.state, delivery.retry) == (NoticeState.REFUSED, True)


def test_an_answer_that_says_nothing_readable_is_refused_for_now(
    name: str, channel: Channel
) -> None:
    for body in CASES[name].unclear:
        kind = "text/html" if b"<" in body else "application/json"
        channel.answer = Answer("reply", 200, body, {"Content-Type": kind})
        delivery = send(name, channel.url)
        assert (delivery.state, delivery.retry) == (NoticeState.REFUSED, True), body


@pytest.mark.parametrize(("stamp", "wait_s"), [("7", 7.0), ("soon", None), ("9" * 400, 86400.0)])
def test_too_many_requests_are_tried_again_when_the_channel_says(
    name: str, channel: Channel, stamp: str, wait_s: float | None
) -> None:
    channel.answer = Answer("reply", 429, b"slow down", {"Retry-After": stamp})
    delivery = send(name, channel.url)
    assert (delivery.state, delivery.retry) == (NoticeState.REFUSED, True)
    assert delivery.retry_after_s == wait_s


def test_a_wait_given_as_a_date_is_read_against_the_channels_own_clock(channel: Channel) -> None:
    until = "Mon, 23 Nov 2026 06:06:00 GMT"
    channel.answer = Answer(
        "reply", 503, b"", {"Retry-After": until, "Date": "Mon, 23 Nov 2026 06:05:00 GMT"}
    )
    assert send("webhook", channel.url).retry_after_s == 60.0
    channel.answer = Answer("reply", 503, b"", {"Retry-After": until})
    assert send("webhook", channel.url).retry_after_s is None


@pytest.mark.parametrize(
    ("status", "retry"),
    [(400, False), (401, False), (403, False), (404, False), (408, True), (500, True), (503, True)],
)
def test_a_bad_status_is_refused_for_good_or_for_now(
    name: str, channel: Channel, status: int, retry: bool
) -> None:
    channel.answer = Answer("reply", status, b"nothing here", {"Content-Type": "text/plain"})
    delivery = send(name, channel.url)
    assert (delivery.state, delivery.retry) == (NoticeState.REFUSED, retry)
    assert str(status) in delivery.answer


def test_a_redirect_is_not_followed(name: str, channel: Channel) -> None:
    with running_channel() as elsewhere:
        elsewhere.answer = CASES[name].accepted
        channel.answer = Answer("reply", 307, b"", {"Location": f"{elsewhere.url}/{TOKEN}"})
        delivery = send(name, channel.url)
        assert (delivery.state, delivery.retry) == (NoticeState.REFUSED, False)
        assert elsewhere.asked == []


@pytest.mark.parametrize("way", ["hang", "drop", "reset", "half", "drip"])
def test_a_channel_that_breaks_off_or_hangs_is_refused_for_now(
    name: str, channel: Channel, way: str
) -> None:
    channel.answer = Answer(way)
    impatient = made(name, channel.url, timeout_s=0.5 if way in {"hang", "drip"} else 10.0)
    delivery = impatient.send(notice(), Way(name, CASES[name].address))
    assert (delivery.state, delivery.retry) == (NoticeState.REFUSED, True)
    assert len(channel.asked) == 1


def test_nobody_there_is_refused_for_now(name: str) -> None:
    delivery = send(name, f"http://127.0.0.1:{free_port()}")
    assert (delivery.state, delivery.retry) == (NoticeState.REFUSED, True)
    assert delivery.answer == "connection refused"


def test_an_endless_answer_is_broken_off(name: str, channel: Channel) -> None:
    channel.answer = Answer("reply", 200, b" " * 200_000, {"Content-Type": "application/json"})
    delivery = send(name, channel.url)
    assert (delivery.state, delivery.retry) == (NoticeState.REFUSED, True)


def test_deep_nesting_in_an_answer_harms_nobody(name: str, channel: Channel) -> None:
    channel.answer = Answer("reply", 200, b'{"a":' * 10_000, {"Content-Type": "application/json"})
    assert send(name, channel.url).state is NoticeState.REFUSED


def test_an_address_that_nobody_set_up_is_refused_for_good(name: str, channel: Channel) -> None:
    delivery = made(name, channel.url).send(notice(), Way(name, "nobody"))
    assert (delivery.state, delivery.retry) == (NoticeState.REFUSED, False)
    assert channel.asked == []


def test_neither_answers_nor_logs_hold_a_secret(
    name: str,
    channel: Channel,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    hidden = CASES[name].hidden
    told = f"{channel.url}/back?key={TOKEN} {SECRET} {PHONE} " + " ".join(hidden)
    answers = [
        CASES[name].accepted,
        CASES[name].refused,
        Answer("reply", 403, told.encode()),
        Answer.json({"errcode": 7, "code": 7, "errmsg": told, "msg": told, "message": told}),
        Answer("reply", 302, b"", {"Location": told}),
        Answer("drop"),
    ]
    said = []
    with caplog.at_level(logging.INFO):
        for answer in answers:
            channel.answer = answer
            said.append(send(name, channel.url).answer)
        said.append(send(name, f"http://127.0.0.1:{free_port()}").answer)
    out, err = capfd.readouterr()
    for text in [*said, caplog.text, out, err]:
        assert "http://" not in text
        for secret in hidden:
            assert secret not in text
    assert SECRET not in repr(made(name, channel.url).__dict__)


def test_an_answer_is_one_short_line(name: str, channel: Channel) -> None:
    channel.answer = Answer("reply", 400, ("错\r\n\x1b[31m" * 500).encode())
    answer = send(name, channel.url).answer
    assert len(answer) <= 250
    assert not re.search(r"[\x00-\x1f]", answer)


def test_the_text_arrives_whole_in_utf8(name: str, channel: Channel) -> None:
    channel.answer = CASES[name].accepted
    send(name, channel.url, notice(text='扩展 "0.31" mm\n第二行 {id} \\ 𠮷'))
    sent = json.dumps(body_of(channel.asked[0]), ensure_ascii=False)
    assert json.dumps('扩展 "0.31" mm\n第二行 {id} \\ 𠮷', ensure_ascii=False)[1:-1] in sent


def test_one_notifier_serves_many_threads(name: str, channel: Channel) -> None:
    from concurrent.futures import ThreadPoolExecutor

    channel.answer = CASES[name].accepted
    one = made(name, channel.url)
    way = Way(name, CASES[name].address)
    with ThreadPoolExecutor(8) as pool:
        states = [d.state for d in pool.map(lambda n: one.send(notice(n), way), range(16))]
    assert states == [NoticeState.ACCEPTED] * 16
    assert len(channel.asked) == 16


# ------------------------------------------------------------------------------ each one's own


def test_a_webhook_is_a_signed_cloud_event_that_a_repeat_equals(channel: Channel) -> None:
    channel.answer = Answer("reply", 204)
    clock = VirtualClock(NOON)
    one = made("webhook", channel.url, clock)
    assert one.send(notice(), Way("webhook", "duty")).state is NoticeState.ACCEPTED
    clock.advance_to(NOON + 60 * SECOND_NS)
    one.send(replace(notice(), attempts=3), Way("webhook", "duty"))
    first, repeat = channel.asked
    assert first.body == repeat.body
    assert first.headers["content-type"].startswith("application/cloudevents+json")
    event = body_of(first)
    assert (event["specversion"], event["id"]) == ("1.0", notice().id)
    assert (event["type"], event["subject"]) == ("anju.alert.notice.v1", "a1")
    assert event["time"] == "2026-11-23T06:05:00Z"
    assert event["data"]["level"] == "red"
    for asked, stamp in ((first, "1795413900"), (repeat, "1795413960")):
        assert asked.headers["x-anju-timestamp"] == stamp
        mac = hmac.new(SECRET.encode(), stamp.encode() + b"." + asked.body, hashlib.sha256)
        assert asked.headers["x-anju-signature"] == "sha256=" + mac.hexdigest()


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Answer("reply", 202), NoticeState.QUEUED),
        (Answer.json({"queued": True}), NoticeState.QUEUED),
        (Answer("reply", 200, b"ok", {"Content-Type": "text/plain"}), NoticeState.ACCEPTED),
        (Answer.json({"code": 0}), NoticeState.ACCEPTED),
        (Answer.json({"code": "E1"}), NoticeState.REFUSED),
        (Answer.json({"ok": False}), NoticeState.REFUSED),
        (Answer.json({"error": "no"}), NoticeState.REFUSED),
        (Answer.json([1]), NoticeState.ACCEPTED),
    ],
)
def test_a_webhooks_receiver_may_say_more_than_its_status(
    channel: Channel, answer: Answer, state: NoticeState
) -> None:
    channel.answer = answer
    assert send("webhook", channel.url).state is state


def test_dingtalk_is_signed_over_the_moment_and_the_secret(channel: Channel) -> None:
    channel.answer = CASES["dingtalk"].accepted
    send("dingtalk", channel.url)
    query = parse_qs(urlsplit(channel.asked[0].path).query)
    assert query["access_token"] == [TOKEN]
    assert query["timestamp"] == ["1795413900000"]
    mac = hmac.new(SECRET.encode(), f"1795413900000\n{SECRET}".encode(), hashlib.sha256)
    assert query["sign"] == [base64.b64encode(mac.digest()).decode()]
    # a plus sign must not arrive as a blank
    assert unquote(channel.asked[0].path).count(" ") == 0


def test_feishu_is_signed_with_moment_and_secret_as_the_key(channel: Channel) -> None:
    channel.answer = CASES["feishu"].accepted
    send("feishu", channel.url)
    sent = body_of(channel.asked[0])
    assert channel.asked[0].path == f"/open-apis/bot/v2/hook/{TOKEN}"
    assert sent["timestamp"] == "1795413900"
    mac = hmac.new(f"1795413900\n{SECRET}".encode(), digestmod=hashlib.sha256)
    assert sent["sign"] == base64.b64encode(mac.digest()).decode()


def test_feishus_older_answer_is_read_too(channel: Channel) -> None:
    channel.answer = Answer.json({"StatusCode": 0, "StatusMessage": "success"})
    assert send("feishu", channel.url).state is NoticeState.ACCEPTED
    channel.answer = Answer.json({"StatusCode": 9499, "StatusMessage": "bad request"})
    assert send("feishu", channel.url).answer == "StatusCode 9499: bad request"


def test_wecom_takes_the_key_in_the_address(channel: Channel) -> None:
    channel.answer = CASES["wecom"].accepted
    send("wecom", channel.url)
    assert channel.asked[0].path == f"/cgi-bin/webhook/send?key={TOKEN}"


@pytest.mark.parametrize("name", ["wecom", "dingtalk", "feishu"])
def test_false_and_text_are_no_error_code_of_zero(name: str, channel: Channel) -> None:
    for code in (False, "0", None, 0.5):
        channel.answer = Answer.json({"errcode": code, "code": code})
        assert send(name, channel.url).state is NoticeState.REFUSED


@pytest.mark.parametrize(
    ("name", "limit"), [("wecom", 2048), ("dingtalk", 20_000), ("feishu", 20_000)]
)
@pytest.mark.parametrize("text", ["裂缝" * 20_000, '"\n' * 20_000])
def test_a_robots_message_is_cut_to_what_it_takes(
    name: str, limit: int, text: str, channel: Channel
) -> None:
    channel.answer = CASES[name].accepted
    assert send(name, channel.url, notice(text=text)).state is NoticeState.ACCEPTED
    sent = body_of(channel.asked[0])
    if name == "wecom":
        assert len(sent["text"]["content"].encode()) <= limit
    else:
        assert len(channel.asked[0].body) <= limit or name == "feishu"
    content = sent.get("text", {}).get("content") or sent["content"]["text"]
    assert content.startswith("■ 红色预警")
    assert content.endswith("…\nhttps://anju.example/alerts/a1")


def test_a_robot_sends_no_more_than_its_minute_allows(channel: Channel) -> None:
    channel.answer = CASES["dingtalk"].accepted
    clock = VirtualClock(NOON)
    one = made("dingtalk", channel.url, clock)
    way = Way("dingtalk", "duty")
    states = [one.send(notice(n), way) for n in range(21)]
    assert [d.state for d in states[:20]] == [NoticeState.ACCEPTED] * 20
    assert (states[20].state, states[20].retry) == (NoticeState.REFUSED, True)
    assert states[20].retry_after_s == 60.0
    assert len(channel.asked) == 20
    clock.advance_to(NOON + 60 * SECOND_NS)
    assert one.send(notice(21), way).state is NoticeState.ACCEPTED


def test_two_of_a_kind_have_names_of_their_own(channel: Channel) -> None:
    channel.answer = CASES["wecom"].accepted
    table = CASES["wecom"].settings(channel.url)
    both = notifiers({"north": {"kind": "wecom", **table}, "wecom": table})
    assert set(both) == {"north", "wecom"}
    assert both["north"].send(notice(), Way("north", "duty")).state is NoticeState.ACCEPTED


def test_an_sms_is_written_as_its_gateway_wants_it(channel: Channel) -> None:
    channel.answer = Answer.json({"result": [{"status": 0, "why": "queued"}]})
    one = made(
        "sms",
        channel.url,
        body={"to": ["{phone}"], "sign": "安居", "args": {"text": "{text}", "n": 1}, "uid": "{id}"},
        secrets={"app_key": SECRET},
        state_path="result.0.status",
        message_path="result.0.why",
        accepted_values=[],
        queued_values=["0"],
        characters_max=30,
    )
    delivery = one.send(notice(text="{phone} 扩展" + "x" * 500), Way("sms", PHONE))
    assert (delivery.state, delivery.answer) == (NoticeState.QUEUED, "result.0.status 0: queued")
    sent = body_of(channel.asked[0])
    assert sent["to"] == [PHONE]
    assert (sent["sign"], sent["app_key"], sent["uid"]) == ("安居", SECRET, notice().id)
    # what a text says is never taken for a place to fill
    assert "{phone} 扩展" in sent["args"]["text"]
    assert len(sent["args"]["text"]) == 30
    assert channel.asked[0].headers["x-key"] == SECRET


def test_an_sms_may_go_as_a_form(channel: Channel) -> None:
    channel.answer = CASES["sms"].accepted
    one = made("sms", channel.url, encoding="form")
    assert one.send(notice(), Way("sms", PHONE)).state is NoticeState.ACCEPTED
    sent = parse_qs(channel.asked[0].body.decode())
    assert sent["phone"] == [PHONE]
    assert channel.asked[0].headers["content-type"] == "application/x-www-form-urlencoded"


# ---------------------------------------------------------------------------------------- TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody else trusts, with its key."""
    program = shutil.which("openssl")
    if program is None:
        pytest.fail("openssl is needed to make a certificate: apt-get install openssl")
    folder = tmp_path_factory.mktemp("tls")
    both = folder / "both.pem"
    command = [program, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-keyout", str(both)]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-out", str(folder / "cert.pem")]
    subprocess.run(command, check=True, capture_output=True)
    both.write_bytes(both.read_bytes() + (folder / "cert.pem").read_bytes())
    return both


def test_a_certificate_that_is_not_trusted_is_refused(name: str, certificate: Path) -> None:
    with running_channel(certificate) as channel:
        channel.answer = CASES[name].accepted
        delivery = send(name, channel.url)
        assert (delivery.state, delivery.retry) == (NoticeState.REFUSED, True)
        assert "certificate" in delivery.answer
        assert channel.asked == []
        ca_file = str(certificate.parent / "cert.pem")
        trusting = made(name, channel.url, ca_file=ca_file)
        delivery = trusting.send(notice(), Way(name, CASES[name].address))
        assert delivery.state is NoticeState.ACCEPTED


def test_a_channel_without_tls_behind_https_is_refused_for_now(name: str, channel: Channel) -> None:
    delivery = send(name, channel.url.replace("http:", "https:"))
    assert (delivery.state, delivery.retry) == (NoticeState.REFUSED, True)
    assert "TLS" in delivery.answer


# --------------------------------------------------------------------------------------- SMTP


class Mailbox:
    """Takes mail for everybody but `nobody@…` and, for now, `full@…`."""

    def __init__(self, last_words: str = "250 Message accepted for delivery") -> None:
        self.mails: list[Envelope] = []
        self.last_words = last_words

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: object, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("nobody@"):
            return f"550 5.1.1 no such user {address}"
        if address.startswith("full@"):
            return "452 4.2.2 mailbox full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the library's name
        self, server: object, session: Session, envelope: Envelope
    ) -> str:
        if self.last_words.startswith("250"):
            self.mails.append(envelope)
        return self.last_words


class Server(Controller):
    """aiosmtpd with the options of a test."""

    def __init__(self, handler: Mailbox, **options: Any) -> None:
        self._options = options
        super().__init__(handler, hostname="127.0.0.1", port=free_port())

    def factory(self) -> SMTP:
        return SMTP(self.handler, hostname="mail.example", **self._options)


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    box = Mailbox()
    server = Server(box)
    server.start()
    try:
        yield box, server.port
    finally:
        server.stop()


def mailer(port: int, **more: Any) -> Notifier:
    table = {
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "sender": "anju@duty.example",
        "timeout_s": 10.0,
    }
    return notifiers({"smtp": table | more}, VirtualClock(NOON))["smtp"]


def mail_to(notifier: Notifier, address: str = "head@duty.example") -> Delivery:
    return notifier.send(notice(), Way("smtp", address))


def test_a_mail_is_accepted_and_reads_right(mailbox: tuple[Mailbox, int]) -> None:
    import email
    import email.policy

    box, port = mailbox
    delivery = mail_to(mailer(port))
    assert delivery.state is NoticeState.ACCEPTED
    assert delivery.answer == "250 Message accepted for delivery"
    (envelope,) = box.mails
    assert envelope.rcpt_tos == ["head@duty.example"]
    assert isinstance(envelope.content, bytes)
    mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert mail["Subject"] == "■ 红色预警 · 3 号楼 · 裂缝"
    assert mail["Message-ID"] == f"<{notice().id}@duty.example>"
    content = mail.get_body().get_content()  # type: ignore[attr-defined]
    assert "扩展 1.31 mm" in content
    assert "https://anju.example/alerts/a1" in content


def test_a_repeated_mail_has_the_same_message_id(mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    one = mailer(port)
    mail_to(one)
    mail_to(one)
    ids = [re.search(rb"Message-ID: (\S+)", e.content)[1] for e in box.mails]  # type: ignore[arg-type,index]
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_a_mail_that_is_only_queued_says_so(mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    box.last_words = "250 2.0.0 Ok: queued as 4F2A"
    assert mail_to(mailer(port)).state is NoticeState.QUEUED


@pytest.mark.parametrize(
    ("address", "retry"), [("nobody@a.example", False), ("full@a.example", True)]
)
def test_a_refused_recipient_is_refused(
    mailbox: tuple[Mailbox, int], address: str, retry: bool
) -> None:
    box, port = mailbox
    delivery = mail_to(mailer(port), address)
    assert (delivery.state, delivery.retry) == (NoticeState.REFUSED, retry)
    assert delivery.answer[:3] in {"550", "452"}
    assert address not in delivery.answer
    assert box.mails == []


@pytest.mark.parametrize(
    ("words", "retry"), [("554 5.7.1 spam", False), ("451 4.3.0 try later", True)]
)
def test_a_mail_refused_after_its_data_is_refused(
    mailbox: tuple[Mailbox, int], words: str, retry: bool
) -> None:
    box, port = mailbox
    box.last_words = words
    delivery = mail_to(mailer(port))
    assert (delivery.state, delivery.retry) == (NoticeState.REFUSED, retry)


@pytest.mark.parametrize(
    "address",
    ["", "nobody", "a@b@c", "a@b\r\nRCPT TO:<x@y>", "a b@c.example", "<a@b.example>", "a@b,c@d"],
)
def test_an_address_that_is_none_reaches_no_server(
    mailbox: tuple[Mailbox, int], address: str
) -> None:
    box, port = mailbox
    delivery = mail_to(mailer(port), address)
    assert (delivery.state, delivery.retry) == (NoticeState.REFUSED, False)
    assert box.mails == []


def test_a_line_break_in_a_title_adds_no_header(mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    one = notice(title="red\r\nBcc: x@y.example")
    assert mailer(port).send(one, Way("smtp", "a@b.example")).state is NoticeState.ACCEPTED
    assert b"\nBcc:" not in (box.mails[0].content or b"")


@pytest.mark.parametrize("way", ["hang", "drop", "greeting", "refuse"])
def test_a_mail_server_that_breaks_off_is_refused_for_now(way: str) -> None:
    import threading

    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = threading.Event()

        def serve() -> None:
            peer, _ = listener.accept()
            with peer:
                if way == "greeting":
                    peer.sendall(b"220 hello\r\n")
                    peer.recv(100)
                elif way == "refuse":
                    peer.sendall(b"421 too busy\r\n")
                    peer.recv(100)
                elif way == "hang":
                    over.wait(20)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            patience_s = 0.5 if way == "hang" else 10.0
            delivery = mail_to(mailer(listener.getsockname()[1], timeout_s=patience_s))
        finally:
            over.set()
            thread.join(20)
    assert (delivery.state, delivery.retry) == (NoticeState.REFUSED, True)


def test_no_mail_server_there_is_refused_for_now() -> None:
    delivery = mail_to(mailer(free_port()))
    assert (delivery.retry, delivery.answer) == (True, "connection refused")


def test_mail_goes_through_tls_with_a_log_in(certificate: Path) -> None:
    import ssl

    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    box = Mailbox()

    def check(
        server: object, session: object, envelope: object, mechanism: str, given: LoginPassword
    ) -> AuthResult:
        right = given == LoginPassword(b"anju", SECRET.encode())
        return AuthResult(success=right, handled=True)

    server = Server(
        box, tls_context=tls, require_starttls=True, authenticator=check, auth_required=True
    )
    server.start()
    try:
        how = {
            "security": "starttls",
            "username": "anju",
            "ca_file": str(certificate.parent / "cert.pem"),
        }
        good = mail_to(mailer(server.port, password=SECRET, **how))
        wrong = mail_to(mailer(server.port, password="wrong-pass", **how))
        untrusted = mail_to(mailer(server.port, password=SECRET, **(how | {"ca_file": ""})))
        plain = mail_to(mailer(server.port))
    finally:
        server.stop()
    assert good.state is NoticeState.ACCEPTED, good
    # some servers answer 535, this one breaks off when a second way of logging in is tried
    assert wrong.state is NoticeState.REFUSED
    assert "log-in" in wrong.answer or "535" in wrong.answer
    assert "wrong-pass" not in wrong.answer
    assert "certificate" in untrusted.answer
    assert (plain.state, plain.retry) == (NoticeState.REFUSED, False), plain
    assert len(box.mails) == 1


def test_a_server_without_starttls_gets_no_mail_in_the_clear(
    mailbox: tuple[Mailbox, int],
) -> None:
    box, port = mailbox
    delivery = mail_to(mailer(port, security="starttls"))
    assert (delivery.state, delivery.retry) == (NoticeState.REFUSED, False)
    assert box.mails == []


# ------------------------------------------------------------------------- settings and docs


@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        ({"pigeon": {}}, "kind must be one of dingtalk"),
        ({"wecom": {"robots": {"duty": {}}}}, "notifiers.wecom.robots.duty.token"),
        ({"wecom": {"robot": {}}}, "notifiers.wecom.robot"),
        ({"smtp": {"host": "h", "sender": SECRET}}, "notifiers.smtp.sender"),
        ({"webhook": {"targets": {"a": {"url": "u", "secret": "short"}}}}, "targets.a.secret"),
        ({"wecom": {"ca_file": "/no/such/file.pem"}}, "cannot read ca_file"),
    ],
)
def test_a_wrong_setting_is_named_and_no_value_is_shown(table: dict[str, Any], wanted: str) -> None:
    with pytest.raises(SettingsInvalid, match=re.escape(wanted)) as error:
        notifiers(table)
    assert SECRET not in str(error.value)
    assert "short" not in str(error.value)


@pytest.mark.parametrize("kind", sorted({*CASES, "smtp"}))
def test_every_setting_of_a_notifier_stands_in_the_docs(kind: str) -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert f"### {kind}" in text
    section = text.split(f"### {kind}", 1)[1].split("\n### ", 1)[0]
    for name, setting in settings_of(kind).model_fields.items():
        assert setting.description, name
        assert f"`{name}`" in section, name
