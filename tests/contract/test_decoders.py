"""What every payload brings along; a new file in `ingest/decoders/` runs the same tests."""

import importlib
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ingest.decoders
from domain.topics import Topic, uplink_filters
from ingest.decoders import Decoder, decoder_by_topic, decoders
from tests.fuzz.register import read

PAGE = (Path(__file__).parents[2] / "docs" / "mqtt.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```(json|hex) ([\w/]+)\n(.*?)\n```", PAGE, re.DOTALL)


@pytest.fixture(params=sorted(decoders()))
def decoder(request: pytest.FixtureRequest) -> Decoder:
    return decoders()[request.param]


def test_every_file_that_offers_a_decoder_is_found_once() -> None:
    offered = []
    for module in pkgutil.iter_modules(ingest.decoders.__path__):
        found = getattr(importlib.import_module(f"ingest.decoders.{module.name}"), "DECODER", None)
        offered += [] if found is None else [found]
    assert {decoder.name for decoder in offered} == set(decoders())
    assert len(offered) == len(decoders())
    assert {"readings", "readings/cbor", "senml", "dzt", "thingsboard", "status"} <= set(decoders())


def test_no_two_payloads_share_a_topic_and_each_is_subscribed_to() -> None:
    topics = [topic for decoder in decoders().values() for topic in decoder.topics]
    assert len(set(topics)) == len(topics)
    assert set(decoder_by_topic()) == set(topics)
    filters = [re.compile(f.replace("+", "[^/]+")) for f in uplink_filters(3)]
    for topic in topics:
        assert any(one.fullmatch(str(Topic(3, "g-7", topic))) for one in filters), topic


def test_its_example_is_taken_in_without_a_complaint(decoder: Decoder) -> None:
    came = read(decoder, [decoder.example])
    assert not came.refused
    assert len(came.batch) > 0 or came.statuses


def test_it_has_a_section_and_an_example_in_the_page_for_gateway_makers(decoder: Decoder) -> None:
    assert re.search(rf"^\| .*`{re.escape(decoder.topics[0])}`.*\| to Anju \|", PAGE, re.MULTILINE)
    assert decoder.name in {name for _, name, _ in EXAMPLES}


@pytest.mark.parametrize(("form", "name", "text"), EXAMPLES)
def test_the_pages_examples_are_read(form: str, name: str, text: str) -> None:
    if name == "receipt":
        return  # sent by us: see test_kinds
    payload = bytes.fromhex(text) if form == "hex" else text.encode()
    came = read(decoders()[name], [payload])
    assert len(came.batch) > 0 or came.statuses or came.refused
    assert {refused.reason for refused in came.refused} <= {"unknown channel"}


@pytest.mark.parametrize(
    "payload",
    [b"\x00", b"\xff\xff", b"garbage", b"[1]", b'"text"', b"5", b"[", b"{", b"\xa1", bytes(256)],
)
def test_garbage_is_refused_with_a_reason(decoder: Decoder, payload: bytes) -> None:
    came = read(decoder, [payload])
    assert len(came.batch) == 0
    assert not came.statuses
    assert came.refused
    assert all(refused.reason and refused.detail for refused in came.refused)


def test_a_payload_over_the_limit_is_refused_unread(decoder: Decoder) -> None:
    for refused in read(decoder, [b" " * 1_000_001]).refused:
        assert (refused.reason, refused.readings, len(refused.sample)) == ("too large", 0, 2000)


def test_only_numbered_payloads_number_their_readings(decoder: Decoder) -> None:
    came = read(decoder, [decoder.example])
    if decoder.numbered:
        ((gateway_id, boot), count), *_ = came.counts.items()
        assert (gateway_id, boot, count.runs[0][0]) == ("g-1", 3, 1700)
        assert came.batch.seq.tolist() == list(range(1700, 1700 + len(came.batch)))
    else:
        assert not came.counts
        assert (came.batch.seq == -1).all()


def test_readings_of_a_stranger_are_kept_aside_whole(decoder: Decoder) -> None:
    came = read(decoder, [decoder.example], "stranger")
    assert len(came.batch) == 0
    assert not came.statuses
    assert not came.counts
    assert {refused.reason for refused in came.refused} == {"unknown gateway"}
    if decoder.readings:
        without_channel = 1 if decoder.name == "dzt" else 0
        known = len(read(decoder, [decoder.example]).batch)
        assert sum(refused.readings for refused in came.refused) == known + without_channel


def test_a_retained_reading_is_ignored_and_a_retained_status_is_not(decoder: Decoder) -> None:
    from ingest.intake import Intake
    from ingest.messages import Message
    from ingest.settings import IngestSettings
    from tests.fuzz.register import DIRECTORY, NOW_NS

    intake = Intake(lambda: DIRECTORY, IngestSettings())
    topic = f"anju/1/0/g-1/{decoder.topics[0]}"
    came = intake.arrivals([Message(topic, decoder.example, NOW_NS, retained=True)])
    assert len(came.batch) == 0
    assert not came.refused
    assert bool(came.statuses) is not decoder.readings


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_whatever_comes_is_taken_in_or_refused(data: Any) -> None:
    name = data.draw(st.sampled_from(sorted(decoders())))
    decoder = decoders()[name]
    payload = data.draw(st.binary(max_size=120) | mutated(decoder.example))
    read(decoder, [payload])
    read(decoder, [payload], "stranger")


def mutated(example: bytes) -> st.SearchStrategy[bytes]:
    """Make payloads of an example with a stretch of it replaced."""
    cut = st.integers(0, len(example))
    return st.tuples(cut, cut, st.binary(max_size=12)).map(
        lambda drawn: example[: min(drawn[:2])] + drawn[2] + example[max(drawn[:2]) :]
    )
