"""Models, places and defects for the small city of the API's tests: one of each a district."""

import gzip
from dataclasses import replace

from domain.anchors import Anchor, MonitorRole, PickedBy, SensorMonitors
from domain.bim_models import BimModel, BimRevision, MeshState, RevisionState
from domain.claims import ClaimMethod, ClaimStatus, IdentityClaim
from domain.clock import HOUR_NS
from domain.defects import Defect
from domain.elements import Element, ElementVersion, Storey
from domain.model_files import packed_key
from domain.rooms import RoomSchema, SchemaRoom, SchemaStorey
from tests.api_city import DISTRICTS, NOW_NS, City

GLB = b"glTF" + bytes(range(256)) * 40
#: the least that can be read as a model
UPLOAD = """ISO-10303-21;
HEADER;FILE_DESCRIPTION((''),'2;1');FILE_NAME('{place}','2026-11-23T00:00:00',(''),(''),'','','');
FILE_SCHEMA(('IFC4'));ENDSEC;
DATA;#1=IFCPROJECT('0hJyzL0b56xRfFkD4oXNeB',$,'{place}',$,$,$,$,$,$);ENDSEC;
END-ISO-10303-21;
"""
PACKED = gzip.compress(GLB, mtime=0)


def add_models(city: City) -> None:
    """Give each district `bm-PLACE`, revision `br-PLACE`, claim `cl-PLACE` and so on."""
    for place in DISTRICTS:
        revision = add_model(city, place)
        places = city.records.places
        anchor = Anchor(
            f"an-{place}", f"b-{place}", PickedBy.LIST, NOW_NS, "test", f"el-{place}", revision.id
        )
        places.put_anchor(anchor, "test")
        tie = SensorMonitors(
            f"mo-{place}", f"s-{place}", anchor.id, MonitorRole.MOUNTED, NOW_NS - HOUR_NS
        )
        places.put_monitors([tie], "test")
        places.put_defect(
            Defect(f"de-{place}", f"b-{place}", anchor.id, "crack", 2, NOW_NS, "test"), "test"
        )
        storey = SchemaStorey("1", f"一层 {place}", 0.0, 3.0)
        room = SchemaRoom("k", "1", f"厨房 {place}", ((0.0, 0.0), (3.0, 0.0), (3.0, 3.0)))
        places.put_schema(RoomSchema(f"b-{place}", (storey,), (room,), (("1", "x", 0.0),)), "test")


def add_model(city: City, place: str) -> BimRevision:
    """Give a building a model with one revision that has two elements and shapes."""
    models, files = city.records.models, city.services.files
    models.put_model(BimModel(f"bm-{place}", f"b-{place}", f"模型 {place}", by="test"), "test")
    file_key, glb_key = f"bim/{place}/a.ifc", f"bim/{place}/a.1.glb"
    upload = UPLOAD.format(place=place).encode()
    stored, glb = files.put(file_key, upload), files.put(glb_key, GLB)
    files.put(packed_key(glb_key), PACKED)
    new = models.add_revision(
        BimRevision(
            f"br-{place}", f"bm-{place}", 1, file_key, stored.sha256, len(upload),
            f"模型 {place}.ifc", NOW_NS, "test",
        ),
        "test",
    )  # fmt: skip
    wall = ElementVersion(
        new.id, 10, f"guid-{place}", "IfcWall", f"东墙 {place}", storey_guid="1st",
        storey_name="一层", storey_elevation_m=0.0, box=(0.0, 0.0, 0.0, 4.0, 0.2, 3.0),
        properties=(("Pset_WallCommon", "FireRating", "2", "h"),),
    )  # fmt: skip
    door = ElementVersion(new.id, 20, f"guid-2-{place}", "IfcDoor", f"M-1 {place}")
    read = replace(new, state=RevisionState.MATCHING, elements=2, storeys=1, version=2)
    models.put_index(read, [Storey("1st", "一层", 0.0)], [wall, door])
    element = Element(f"el-{place}", f"bm-{place}", "IfcWall", wall.name, new.id)
    lost = Element(f"lo-{place}", f"bm-{place}", "IfcDoor", door.name, new.id)
    claim = IdentityClaim(
        f"cl-{place}", f"bm-{place}", new.id, new.id, lost.id, 20, door.global_id,
        ClaimMethod.TAG, 0.5, ClaimStatus.PROPOSED, made_at_ns=NOW_NS,
    )  # fmt: skip
    ready = replace(read, state=RevisionState.READY, version=3)
    models.put_matches(ready, [element, lost], {10: element.id}, [claim], [], "test")
    shaped = replace(
        ready, mesh=MeshState.READY, glb_key=glb_key, glb_sha256=glb.sha256, version=4
    )  # fmt: skip
    models.put_revision(shaped)
    return shaped
