"""BCF 3.0 files, written by hand: topics with viewpoints, components and snapshots."""

import io
import math
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

from bim.defect_words import CODES, PRIORITIES, STATUSES
from bim.guids import same_uuid
from domain.anchors import Point
from domain.exchange import Topic

VERSION = "3.0"
#: what a selected component has to do with the defect; BCF itself knows no roles
ROLES = {"affected": "受影响构件 affected", "cause": "原因 cause", "sensor": "测点 sensor"}
FIELD_OF_VIEW_DEG = 60.0
ASPECT_RATIO = 4 / 3
#: from where a place is looked at, m: away from the surface and above it
_AWAY_M, _ABOVE_M = 4.0, 1.2


@dataclass(frozen=True, slots=True)
class Selected:
    """A component of a topic: its GlobalId, a role of `ROLES`, and the id that it has with us."""

    global_id: str
    role: str
    own_id: str


@dataclass(frozen=True, slots=True)
class TopicOut:
    """A topic as it is written.

    Parameters
    ----------
    topic
        Its `views` are not looked at: the one viewpoint is made from what follows.
    eye, direction
        Camera, metres in the world of the model; `None`: no viewpoint.
    files
        (name, address) of the models that it is about.
    links
        Addresses of pages about it.

    """

    topic: Topic
    selected: tuple[Selected, ...] = ()
    eye: Point | None = None
    direction: Point | None = None
    snapshot: bytes | None = None
    files: tuple[tuple[str, str], ...] = ()
    links: tuple[str, ...] = ()


def write_bcf(project_id: str, project: str, topics: Sequence[TopicOut]) -> bytes:
    """Write a BCF 3.0 file; the same topics give the same bytes.

    Parameters
    ----------
    project_id
        A UUID of ours that stays.

    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        _put(archive, "bcf.version", _xml(_leaf("Version", VersionId=VERSION)))
        _put(archive, "project.bcfp", _xml(_project(project_id, project)))
        _put(archive, "extensions.xml", _xml(_extensions(topics)))
        for number, one in enumerate(topics):
            guid = one.topic.guid
            # readers look for folders of their own
            _put(archive, f"{guid}/", b"")
            view = same_uuid("viewpoint", guid) if one.eye and one.direction else ""
            _put(archive, f"{guid}/markup.bcf", _xml(_markup(one, number, view)))
            if view:
                _put(archive, f"{guid}/{view}.bcfv", _xml(_viewpoint(one, view)))
                if one.snapshot:
                    _put(archive, f"{guid}/{view}.png", one.snapshot)
    return buffer.getvalue()


def camera(point: Point, normal: Point | None, centre: Point | None) -> tuple[Point, Point]:
    """Choose where to look at a place from: before its surface, else from outside the building.

    Returns
    -------
    tuple
        Eye and direction (of length 1).

    """
    x, y = (normal[0], normal[1]) if normal else (0.0, 0.0)
    if math.hypot(x, y) < 1e-6 and centre is not None:
        x, y = point[0] - centre[0], point[1] - centre[1]
    if math.hypot(x, y) < 1e-6:
        x, y = -1.0, -1.0
    length = math.hypot(x, y)
    steps = (x / length * _AWAY_M, y / length * _AWAY_M, _ABOVE_M)
    eye = tuple(round(p + step, 4) for p, step in zip(point, steps, strict=True))
    direction = _unit([p - e for p, e in zip(point, eye, strict=True)])
    return (eye[0], eye[1], eye[2]), direction


def _unit(vector: Sequence[float]) -> Point:
    length = math.sqrt(sum(part * part for part in vector))
    x, y, z = (round(part / length, 6) for part in vector)
    return x, y, z


def _up(direction: Point) -> Point:
    """Give the upright of a view: what of straight up lies across its direction."""
    rise = direction[2]
    across = [-rise * part for part in direction]
    across[2] += 1.0
    return _unit(across) if math.sqrt(sum(p * p for p in across)) > 1e-6 else (0.0, 1.0, 0.0)


def _project(project_id: str, name: str) -> Element:
    root = Element("ProjectInfo")
    _add(SubElement(root, "Project", ProjectId=project_id), "Name", name)
    return root


def _extensions(topics: Sequence[TopicOut]) -> Element:
    """List every word that the topics use, so that other programs offer the same."""
    used = [one.topic for one in topics]
    people = [t.author for t in used] + [c.author for t in used for c in t.comments]
    lists: tuple[tuple[str, str, Iterable[str]], ...] = (
        ("TopicTypes", "TopicType", [*CODES.values(), *(t.kind for t in used)]),
        ("TopicStatuses", "TopicStatus", [*STATUSES.values(), *(t.status for t in used)]),
        ("Priorities", "Priority", [*PRIORITIES.values(), *(t.priority for t in used)]),
        ("TopicLabels", "TopicLabel", [*ROLES.values(), *(x for t in used for x in t.labels)]),
        ("Users", "User", sorted(people)),
        ("SnippetTypes", "SnippetType", ()),
        ("Stages", "Stage", ()),
    )
    root = Element("Extensions")
    for plural, single, words in lists:
        holder = SubElement(root, plural)
        for word in dict.fromkeys(filter(None, map(_clean, words))):
            _add(holder, single, word)
    return root


def _markup(one: TopicOut, number: int, view: str) -> Element:
    topic = one.topic
    root = Element("Markup")
    if one.files:
        files = SubElement(SubElement(root, "Header"), "Files")
        for name, address in one.files:
            file = SubElement(files, "File", IsExternal="true")
            _add(file, "Filename", name)
            _add(file, "Reference", address)
    made = SubElement(
        root, "Topic", Guid=topic.guid, TopicType=_clean(topic.kind) or CODES["other"],
        TopicStatus=_clean(topic.status) or "Open",
    )  # fmt: skip
    _add_list(made, "ReferenceLinks", "ReferenceLink", one.links)
    _add(made, "Title", _clean(topic.title) or "-")
    _add(made, "Priority", topic.priority)
    _add(made, "Index", str(number))
    _add_list(made, "Labels", "Label", topic.labels)
    _add(made, "CreationDate", topic.created_at)
    _add(made, "CreationAuthor", _clean(topic.author) or "Anju")
    _add(made, "Description", topic.description)
    if topic.related:
        related = SubElement(made, "RelatedTopics")
        for guid in topic.related:
            SubElement(related, "RelatedTopic", Guid=guid)
    if topic.comments:
        comments = SubElement(made, "Comments")
        for comment in topic.comments:
            guid = same_uuid("comment", topic.guid, comment.at, comment.author, comment.text)
            said = SubElement(comments, "Comment", Guid=guid)
            _add(said, "Date", comment.at)
            _add(said, "Author", _clean(comment.author) or "Anju")
            _add(said, "Comment", _clean(comment.text) or "-")
            if view:
                SubElement(said, "Viewpoint", Guid=view)
    if view:
        point = SubElement(SubElement(made, "Viewpoints"), "ViewPoint", Guid=view)
        _add(point, "Viewpoint", f"{view}.bcfv")
        if one.snapshot:
            _add(point, "Snapshot", f"{view}.png")
        _add(point, "Index", "0")
    return root


def _viewpoint(one: TopicOut, view: str) -> Element:
    if one.eye is None or one.direction is None:
        raise ValueError("a viewpoint needs a camera")
    root = Element("VisualizationInfo", Guid=view)
    components = SubElement(root, "Components")
    if one.selected:
        selection = SubElement(components, "Selection")
        for each in one.selected:
            component = SubElement(selection, "Component", IfcGuid=each.global_id)
            _add(component, "OriginatingSystem", "Anju")
            _add(component, "AuthoringToolId", f"{each.role}:{each.own_id}")
    SubElement(components, "Visibility", DefaultVisibility="true")
    seen = SubElement(root, "PerspectiveCamera")
    for name, vector in (
        ("CameraViewPoint", one.eye),
        ("CameraDirection", one.direction),
        ("CameraUpVector", _up(one.direction)),
    ):
        holder = SubElement(seen, name)
        for axis, part in zip("XYZ", vector, strict=True):
            _add(holder, axis, repr(float(part)))
    _add(seen, "FieldOfView", repr(FIELD_OF_VIEW_DEG))
    _add(seen, "AspectRatio", repr(round(ASPECT_RATIO, 6)))
    return root


def _leaf(name: str, **attributes: str) -> Element:
    return Element(name, attributes)


def _add(parent: Element, name: str, text: str) -> None:
    """Add a child with a text; an empty one is left out, as the schema wants it."""
    if cleaned := _clean(text):
        SubElement(parent, name).text = cleaned


def _add_list(parent: Element, plural: str, single: str, texts: Sequence[str]) -> None:
    if texts:
        holder = SubElement(parent, plural)
        for text in texts:
            _add(holder, single, text)


def _clean(text: str) -> str:
    """Leave out what XML 1.0 cannot hold; lines stay lines."""
    kept = "".join(c for c in text if c in "\n\t" or (c.isprintable() and c not in "\ufffe\uffff"))
    return kept.strip()


def _xml(root: Element) -> bytes:
    head = b'<?xml version="1.0" encoding="UTF-8"?>\n'
    body: bytes = tostring(root, encoding="utf-8")
    return head + body


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    # a time of its own would make every file another one
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)
