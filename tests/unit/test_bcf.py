"""BCF out and in: files that others read, files of others, and files that mean harm."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import bcf.v3.model as mdl
import numpy as np
import pytest
from bcf.bcfxml import load
from bcf.xml_parser import XmlParserSerializer

from bim.bcf import ROLES, Selected, TopicOut, camera, write_bcf
from bim.bcf_read import BcfLimits, read_bcf
from bim.guids import same_guid, same_uuid
from bim.png import SIGNATURE, checked_png, encode
from bim.sketch import plan_sketch
from domain.errors import InvalidInput, ModelRejected
from domain.exchange import Topic, TopicComment

PROJECT = same_uuid("project", "b-1")
WALL, SENSOR = same_guid("wall"), same_guid("sensor")
OLD, NEW = same_uuid("old"), same_uuid("new")
MOMENT = "2026-11-20T06:00:00Z"


def topic(guid: str = NEW, **more: object) -> Topic:
    known: dict[str, object] = {
        "title": "3 号楼 裂缝 0.4 mm（明显）",
        "kind": "裂缝",
        "status": "Open",
        "priority": "Normal",
        "description": "东墙 2 层\n<未愈合> & 渗水",
        "author": "inspector",
        "created_at": MOMENT,
        "labels": (ROLES["affected"], ROLES["sensor"]),
        "comments": (TopicComment("inspector", MOMENT, "裂缝 0.4 mm"),),
        "related": (OLD,),
    }
    return Topic(guid, **(known | more))  # type: ignore[arg-type]


def out(**more: object) -> TopicOut:
    eye, direction = camera((4.0, 0.0, 4.5), (0.0, -1.0, 0.0), None)
    known: dict[str, object] = {
        "topic": topic(),
        "selected": (Selected(WALL, "affected", "e-1"), Selected(SENSOR, "sensor", "s-1")),
        "eye": eye,
        "direction": direction,
        "snapshot": plan_sketch([((0, 0), (8, 0), (8, 6), (0, 6))], (4.0, 0.0, 4.5)),
        "files": (("三号楼.ifc", "https://anju.example.org/file"),),
        "links": ("https://anju.example.org/d",),
    }
    return TopicOut(**(known | more))  # type: ignore[arg-type]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "out.bcf"
    bare = TopicOut(topic(OLD, related=(NEW,), comments=(), labels=()))
    path.write_bytes(write_bcf(PROJECT, "演示楼", [out(), bare]))
    return path


def test_another_program_reads_what_was_written(written: Path) -> None:
    with load(written) as file:
        assert file.version.version_id == "3.0"
        assert (file.project.name, file.project.project_id) == ("演示楼", PROJECT)
        extensions = file.extensions
        assert "裂缝" in extensions.topic_types.topic_type
        assert "In Progress" in extensions.topic_statuses.topic_status
        assert ROLES["cause"] in extensions.topic_labels.topic_label
        assert extensions.users.user == ["inspector"]
        assert set(file.topics) == {OLD, NEW}
        one = file.topics[NEW]
        assert one.topic.title == "3 号楼 裂缝 0.4 mm（明显）"
        assert one.topic.description == "东墙 2 层\n<未愈合> & 渗水"
        assert (one.topic.topic_type, one.topic.topic_status) == ("裂缝", "Open")
        assert one.topic.labels.label == [ROLES["affected"], ROLES["sensor"]]
        assert [each.guid for each in one.topic.related_topics.related_topic] == [OLD]
        assert one.header.files.file[0].filename == "三号楼.ifc"
        assert [c.comment for c in one.comments] == ["裂缝 0.4 mm"]
        (view,) = one.viewpoints.values()
        info = view.visualization_info
        chosen = info.components.selection.component
        assert [each.ifc_guid for each in chosen] == [WALL, SENSOR]
        assert [each.authoring_tool_id for each in chosen] == ["affected:e-1", "sensor:s-1"]
        seen = info.perspective_camera
        eye, way = seen.camera_view_point, seen.camera_direction
        away = (4.0 - eye.x) / way.x if way.x else (0.0 - eye.y) / way.y
        at = [e + w * away for e, w in ((eye.x, way.x), (eye.y, way.y), (eye.z, way.z))]
        np.testing.assert_allclose(at, (4.0, 0.0, 4.5), atol=1e-3)
        assert eye.y < 0, "it looks at the outer side"
        assert view.snapshot.startswith(SIGNATURE)
        assert not file.topics[OLD].viewpoints


def test_what_another_program_saves_again_is_read_as_it_was(written: Path, tmp_path: Path) -> None:
    with load(written) as file:
        for each in file.topics.values():
            assert each.viewpoints is not None
        file.save(tmp_path / "again.bcf")
    first, again = (read_bcf(path, tmp_path) for path in (written, tmp_path / "again.bcf"))
    assert first == again
    assert first.version == "3.0"
    assert first.project == "演示楼"
    one = next(each for each in first.topics if each.guid == NEW)
    assert one.components == (WALL, SENSOR)
    assert one.comments == topic().comments
    assert one.related == (OLD,)
    snapshot = (tmp_path / one.views[0].snapshot).read_bytes()
    assert checked_png(snapshot) == snapshot


def test_elements_and_attributes_stand_in_the_order_of_the_schema(written: Path) -> None:
    # bcf-client's classes are made from the schema and write in its order
    kinds = {"bcf.version": mdl.Version, "project.bcfp": mdl.ProjectInfo,
             "extensions.xml": mdl.Extensions, "markup.bcf": mdl.Markup,
             "bcfv": mdl.VisualizationInfo}  # fmt: skip
    checked = 0
    with zipfile.ZipFile(written) as archive:
        for name in archive.namelist():
            last = name.rsplit("/", 1)[-1]
            kind = kinds.get(last) or kinds.get(last.rsplit(".", 1)[-1])
            if kind is None:
                continue
            ours = archive.read(name)
            handler = XmlParserSerializer()
            theirs = handler.serialize(handler.parse(ours, kind))
            theirs = theirs if isinstance(theirs, bytes) else theirs.encode()
            told = [
                [(each.tag, (each.text or "").strip()) for each in ET.fromstring(text).iter()]
                for text in (ours, theirs)
            ]
            numbers = {"X", "Y", "Z", "FieldOfView", "AspectRatio"}
            for (tag, text), (other, again) in zip(*told, strict=True):
                assert tag == other, name
                same = float(text) == float(again) if tag in numbers else text == again
                assert same or tag.endswith("Date"), (name, tag)
            checked += 1
    assert checked == 6


def test_the_same_topics_give_the_same_bytes() -> None:
    assert write_bcf(PROJECT, "演示楼", [out()]) == write_bcf(PROJECT, "演示楼", [out()])


def test_a_camera_is_never_in_its_place_and_looks_straight_at_it() -> None:
    for normal, centre in (
        (None, None), (None, (4.0, 0.0, 1.0)), (None, (0.0, 9.0, 0.0)), ((0.0, 0.0, 1.0), None),
        ((0.0, 0.0, -1.0), (4.0, 0.0, 4.5)),
    ):  # fmt: skip
        eye, direction = camera((4.0, 0.0, 4.5), normal, centre)
        assert np.linalg.norm(direction) == pytest.approx(1.0, abs=1e-5)
        toward = np.subtract((4.0, 0.0, 4.5), eye)
        assert np.dot(toward, direction) == pytest.approx(np.linalg.norm(toward), abs=1e-4)
        assert np.linalg.norm(toward) > 3.0


def packed(**members: bytes | str) -> bytes:
    """Make an archive; `__` in a name is a slash, `_` a dot."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return buffer.getvalue()


VERSION_21 = '<Version VersionId="2.1"><DetailedVersion>2.1</DetailedVersion></Version>'
OLD_MARKUP = f"""<?xml version="1.0"?><Markup>
<Header><File IfcProject="{WALL}"><Filename>a.ifc</Filename></File></Header>
<Topic Guid="{OLD.upper()}" TopicType="Clash" TopicStatus="Active">
<ReferenceLink>https://example.org</ReferenceLink><Title>柱 K-2 开裂</Title>
<Priority>High</Priority><Labels>Structure</Labels><Labels>裂缝</Labels>
<CreationDate>2026-01-02T03:04:05+08:00</CreationDate><CreationAuthor>a@example.org</CreationAuthor>
<RelatedTopic Guid="{NEW}"/></Topic>
<Comment Guid="{NEW}"><Date>2026-01-03T00:00:00Z</Date><Author>b</Author><Comment>复查</Comment>
</Comment><Viewpoints Guid="{NEW}"><Viewpoint>v.bcfv</Viewpoint></Viewpoints></Markup>"""
OLD_VIEW = f"""<VisualizationInfo Guid="{NEW}"><Components><ViewSetupHints/><Selection>
<Component IfcGuid="{WALL}"/><Component IfcGuid="no guid"/><Component/></Selection>
<Visibility/></Components><OrthogonalCamera><CameraViewPoint><X>1</X><Y>2</Y><Z>NaN</Z>
</CameraViewPoint><CameraDirection><X>0</X><Y>1</Y><Z>0</Z></CameraDirection>
</OrthogonalCamera></VisualizationInfo>"""


def test_a_file_of_bcf_2_1_is_read(tmp_path: Path) -> None:
    path = tmp_path / "old.bcfzip"
    path.write_bytes(packed(bcf_version=VERSION_21, t__markup_bcf=OLD_MARKUP, t__v_bcfv=OLD_VIEW))
    (one,) = read_bcf(path, tmp_path).topics
    assert (one.guid, one.title, one.status, one.priority) == (OLD, "柱 K-2 开裂", "Active", "High")
    assert one.labels == ("Structure", "裂缝")
    assert one.related == (NEW,)
    assert one.comments == (TopicComment("b", "2026-01-03T00:00:00Z", "复查"),)
    assert one.components == (WALL,)
    assert one.views[0].eye is None, "that is no number"
    assert one.views[0].direction == (0.0, 1.0, 0.0)


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY c "&a;&a;&a;&a;&a;">]>'
    "<Markup><Topic Guid='x'><Title>&c;</Title></Topic></Markup>"
)
OUTSIDE = (
    '<!DOCTYPE b [<!ENTITY a SYSTEM "file:///etc/hostname">]><Markup><Topic>&a;</Topic></Markup>'
)


@pytest.mark.parametrize(
    ("content", "code", "why"),
    [
        (b"", "empty", "empty"),
        (b"IFC? no", "not bcf", "a zip file"),
        (packed(a_txt="x"), "not bcf", "bcf.version"),
        (packed(bcf_version='<Version VersionId="2.0"/>'), "not bcf", "2.1 or 3.0, got '2.0'"),
        (packed(bcf_version="<Version"), "xml", "not well-formed"),
        (packed(bcf_version='<!DOCTYPE V><Version VersionId="3.0"/>'), "xml", "DOCTYPE"),
        (packed(bcf_version=VERSION_21)[:-30], "not bcf", "zip"),
    ],
)
def test_what_is_no_bcf_file_is_refused_with_a_reason(
    tmp_path: Path, content: bytes, code: str, why: str
) -> None:
    path = tmp_path / "bad.bcf"
    path.write_bytes(content)
    with pytest.raises(ModelRejected, match=why) as refused:
        read_bcf(path, tmp_path)
    assert refused.value.code == code


@pytest.mark.parametrize("markup", [BOMB, OUTSIDE, "<a>" * 100, "<Markup/>", "\xff\xfe"])
def test_a_topic_that_means_harm_is_left_out_with_a_reason_and_the_others_stay(
    tmp_path: Path, markup: str
) -> None:
    path = tmp_path / "bad.bcf"
    path.write_bytes(
        packed(bcf_version=VERSION_21, bad__markup_bcf=markup, t__markup_bcf=OLD_MARKUP)
    )
    found = read_bcf(path, tmp_path)
    assert [each.guid for each in found.topics] == [OLD]
    assert [name for name, why in found.left_out if why] == ["bad"]


def test_limits_hold_whatever_the_archive_says(tmp_path: Path) -> None:
    path = tmp_path / "big.bcf"

    def refused(limits: BcfLimits, content: bytes) -> str:
        path.write_bytes(content)
        with pytest.raises(ModelRejected) as told:
            read_bcf(path, tmp_path, limits)
        return told.value.code

    long = OLD_MARKUP.replace("复查", "复" * 3_000_000)
    bloated = packed(bcf_version=VERSION_21, t__markup_bcf=long)
    assert refused(BcfLimits(), bloated) in {"zip ratio", "too large"}
    assert refused(BcfLimits(xml_bytes_max=100), packed(bcf_version=VERSION_21 + " " * 99)) == (
        "too large"
    )
    many = packed(bcf_version=VERSION_21, **{f"t{i}__markup_bcf": OLD_MARKUP for i in range(4)})
    assert refused(BcfLimits(topics_max=3), many) == "too large"
    assert refused(BcfLimits(members_max=4), many) == "zip"
    # the directory lies about the size of what is in it
    lying = bytearray(bloated)
    at = lying.index(b"PK\x01\x02", lying.index(b"PK\x01\x02") + 4)
    lying[at + 24 : at + 28] = struct.pack("<I", 10)
    assert refused(BcfLimits(), bytes(lying)) in {"zip ratio", "too large", "not bcf"}


def test_an_archive_that_is_locked_or_packed_in_another_way_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.bcf"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("bcf.version", VERSION_21)
    path.write_bytes(buffer.getvalue())
    with pytest.raises(ModelRejected, match="Deflate") as told:
        read_bcf(path, tmp_path)
    assert told.value.code == "zip method"
    locked = bytearray(packed(bcf_version=VERSION_21))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(mark) + place] |= 1
    path.write_bytes(bytes(locked))
    with pytest.raises(ModelRejected, match="password"):
        read_bcf(path, tmp_path)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def test_a_picture_loses_what_is_no_picture() -> None:
    whole = encode(np.zeros((4, 4, 3), np.uint8))
    told = chunk(b"tEXt", b"Author\0somebody") + chunk(b"eXIf", b"28.68 N")
    talking = whole[:33] + told + whole[33:]
    assert checked_png(talking) == whole
    assert checked_png(whole + b"more behind the end") == whole


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda p: b"GIF89a" + p, "must be a PNG"),
        (lambda p: p[:-6], "cut off"),
        (lambda p: p[:40] + bytes([p[40] ^ 1]) + p[41:], "damaged|cut off"),
        (lambda p: p[:8] + p[33:], "IHDR"),
        (lambda p: SIGNATURE + chunk(b"IEND", b""), "IHDR"),
        (lambda p: p + b"\0" * 3_000_000, "3,000,000 bytes"),
        (
            lambda p: (
                p[:8] + chunk(b"IHDR", struct.pack(">IIBBBBB", 9999, 1, 8, 2, 0, 0, 0)) + p[33:]
            ),
            "4096",
        ),
    ],
)
def test_what_is_no_whole_picture_is_refused(spoil: Callable[[bytes], bytes], why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        checked_png(spoil(encode(np.zeros((4, 4, 3), np.uint8))))
