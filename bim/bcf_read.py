"""BCF files of others (2.1 and 3.0), read in the child process."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from bim.careful_xml import parse
from bim.faults import Fault
from bim.guids import same_uuid
from bim.png import PNG_BYTES_MAX, checked_png
from domain.anchors import Point
from domain.errors import InvalidInput, ModelRejected
from domain.exchange import Topic, TopicComment, TopicFile, TopicView

VERSIONS = ("2.1", "3.0")
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_IFC_GUID = re.compile(r"[0-9A-Za-z_$]{22}")
_AT_ONCE = 1 << 16


@dataclass(frozen=True, slots=True)
class BcfLimits:
    """How much a BCF file may hold.

    Parameters
    ----------
    members_max, unpacked_bytes_max, ratio_max
        Of the whole archive; the ratio is unpacked over packed bytes.
    xml_bytes_max
        Of one document.
    topics_max, each_max
        Topics; and comments, viewpoints, labels or components of one.

    """

    members_max: int = 10_000
    unpacked_bytes_max: int = 200_000_000
    ratio_max: float = 200.0
    xml_bytes_max: int = 4_000_000
    topics_max: int = 1_000
    each_max: int = 500


def read_bcf(path: Path, scratch: Path, limits: BcfLimits | None = None) -> TopicFile:
    """Read a BCF file; the newest snapshot of each topic goes to the scratch folder.

    Raises
    ------
    ModelRejected
        `empty`, `not bcf`, `zip`, `zip method`, `zip ratio`, `too large` or `xml`.

    """
    limits = limits or BcfLimits()
    if not path.stat().st_size:
        raise ModelRejected(Fault.EMPTY, "the file is empty")
    try:
        with zipfile.ZipFile(path) as archive:
            return _Reader(archive, path.stat().st_size, scratch, limits).read()
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise ModelRejected(Fault.NOT_BCF, f"a BCF file is a zip file, got: {error}") from None


class _Reader:
    """One archive while it is read; all that is unpacked is counted."""

    def __init__(
        self, archive: zipfile.ZipFile, packed: int, scratch: Path, limits: BcfLimits
    ) -> None:
        self._archive, self._scratch, self._limits = archive, scratch, limits
        members = archive.infolist()
        if len(members) > limits.members_max:
            raise ModelRejected(
                Fault.ZIP, f"a BCF file may hold {limits.members_max:,} files, got {len(members):,}"
            )
        self._members = {member.filename: member for member in members}
        self._left = min(limits.unpacked_bytes_max, int(packed * limits.ratio_max))
        self._left_out: list[tuple[str, str]] = []

    def read(self) -> TopicFile:
        """Read all of it."""
        version = self._version()
        folders = dict.fromkeys(
            name.rpartition("/")[0] for name in self._members if name.endswith("/markup.bcf")
        )
        if len(folders) > self._limits.topics_max:
            raise ModelRejected(
                Fault.TOO_LARGE,
                f"a BCF file may have {self._limits.topics_max:,} topics, got {len(folders):,}",
            )
        topics = []
        for number, folder in enumerate(folders):
            try:
                topics.append(self._topic(folder, number))
            except ModelRejected as error:
                if error.code != Fault.XML:
                    raise
                self._left_out.append((folder[:80], str(error)))
        return TopicFile(version, self._project(), tuple(topics), tuple(self._left_out))

    def _version(self) -> str:
        if "bcf.version" not in self._members:
            raise ModelRejected(Fault.NOT_BCF, "a BCF file holds bcf.version, this one does not")
        version = self._xml("bcf.version").get("VersionId", "")
        if version not in VERSIONS:
            raise ModelRejected(
                Fault.NOT_BCF, f"must be BCF {' or '.join(VERSIONS)}, got {version[:20]!r}"
            )
        return version

    def _project(self) -> str:
        if "project.bcfp" not in self._members:
            return ""
        return _text(self._xml("project.bcfp"), "Project/Name", 200)

    def _topic(self, folder: str, number: int) -> Topic:
        name = f"{folder}/markup.bcf"
        markup = self._xml(name)
        topic = markup.find("Topic")
        if topic is None:
            raise ModelRejected(Fault.XML, f"{name} has no Topic")
        said = [*topic.iterfind("Comments/Comment"), *markup.iterfind("Comment")]
        points = [*topic.iterfind("Viewpoints/ViewPoint"), *markup.iterfind("Viewpoints")]
        labels = [_own(each) for each in topic.iterfind("Labels/Label")]
        labels += [_own(each) for each in topic.iterfind("Labels")]  # 2.1
        related = [*topic.iterfind("RelatedTopics/RelatedTopic"), *topic.iterfind("RelatedTopic")]
        most = self._limits.each_max
        views = tuple(self._view(folder, each, number) for each in points[:most])
        return Topic(
            guid=_uuid(topic.get("Guid", "") or folder),
            title=_text(topic, "Title", 200),
            kind=topic.get("TopicType", "")[:100],
            status=topic.get("TopicStatus", "")[:100],
            priority=_text(topic, "Priority", 100),
            description=_text(topic, "Description", 4000),
            author=_text(topic, "CreationAuthor", 200),
            created_at=_text(topic, "CreationDate", 40),
            labels=tuple(filter(None, labels))[:most],
            comments=tuple(
                TopicComment(
                    _text(each, "Author", 200),
                    _text(each, "Date", 40),
                    _text(each, "Comment", 2000),
                )
                for each in said[:most]
            ),
            views=views,
            related=tuple(_uuid(each.get("Guid", "")) for each in related[:most]),
        )

    def _view(self, folder: str, point: Element, number: int) -> TopicView:
        # 2.1 lets the names be left out: then they are these
        name = f"{folder}/{_text(point, 'Viewpoint', 200) or 'viewpoint.bcfv'}"
        guid = _uuid(point.get("Guid", ""))
        snapshot = self._snapshot(f"{folder}/{_text(point, 'Snapshot', 200)}", number)
        if name not in self._members:
            return TopicView(guid, None, None, (), snapshot)
        root = self._xml(name)
        chosen = (
            each.get("IfcGuid", "") for each in root.iterfind("Components/Selection/Component")
        )
        guids = dict.fromkeys(each for each in chosen if _IFC_GUID.fullmatch(each))
        seen = root.find("PerspectiveCamera")
        if seen is None:
            seen = root.find("OrthogonalCamera")
        eye = _point(seen, "CameraViewPoint")
        direction = _point(seen, "CameraDirection")
        return TopicView(guid, eye, direction, tuple(guids)[: self._limits.each_max], snapshot)

    def _snapshot(self, name: str, number: int) -> str:
        """Put a snapshot into the scratch folder; what is no whole PNG is passed over."""
        member = self._members.get(name)
        if member is None or member.is_dir() or member.file_size > PNG_BYTES_MAX:
            return ""
        try:
            picture = checked_png(self._content(member, PNG_BYTES_MAX))
        except InvalidInput:
            return ""
        made = f"topic{number}.png"
        (self._scratch / made).write_bytes(picture)
        return made

    def _xml(self, name: str) -> Element:
        return parse(self._content(self._members[name], self._limits.xml_bytes_max), name[:120])

    def _content(self, member: zipfile.ZipInfo, most: int) -> bytes:
        if member.flag_bits & 1:
            raise ModelRejected(Fault.ZIP, "the zip file is locked with a password")
        if member.compress_type not in _METHODS:
            raise ModelRejected(
                Fault.ZIP_METHOD,
                f"a BCF file must be packed with Deflate, got method {member.compress_type}",
            )
        pieces = []
        # what the directory says of the size is the sender's word: count while unpacking
        for piece in self._pieces(member):
            most -= len(piece)
            self._left -= len(piece)
            if most < 0:
                raise ModelRejected(Fault.TOO_LARGE, f"{member.filename[:120]} is too large")
            if self._left < 0:
                raise ModelRejected(
                    Fault.ZIP_RATIO,
                    f"a BCF file may unpack to {self._limits.ratio_max:.0f} times its size and"
                    f" {self._limits.unpacked_bytes_max / 1e6:.0f} MB, got more",
                )
            pieces.append(piece)
        return b"".join(pieces)

    def _pieces(self, member: zipfile.ZipInfo) -> Iterator[bytes]:
        with self._archive.open(member) as file:
            while piece := file.read(_AT_ONCE):
                yield piece


def _own(element: Element) -> str:
    return (element.text or "").strip()[:100]


def _text(element: Element, path: str, most: int) -> str:
    return (element.findtext(path) or "").strip()[:most]


def _uuid(text: str) -> str:
    """Take a GUID as it is; whatever else stands there gives one that stays the same."""
    lowered = text.strip().lower()
    return lowered if _UUID.fullmatch(lowered) else same_uuid("foreign topic", text)


def _point(camera: Element | None, name: str) -> Point | None:
    if camera is None:
        return None
    try:
        x, y, z = (float(camera.findtext(f"{name}/{axis}") or "") for axis in "XYZ")
    except ValueError:
        return None
    # not a number, or farther than any building
    return (x, y, z) if all(abs(part) < 1e9 for part in (x, y, z)) else None
