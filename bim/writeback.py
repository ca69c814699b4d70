"""A copy of an IFC file with what Anju knows of the building, for hand-over; never storage."""

from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.util.placement
import ifcopenshell.util.unit
import numpy as np

from bim.ifc_writer import IfcWriter, is_ours, plain
from domain.exchange import AlertMark, AppraisalMark, HandOver, SensorMark

#: edge of the cube that shows where a sensor is, m
_CUBE_M = 0.1
#: kinds that IfcSensorTypeEnum knows (IFC4 ADD2); all others are user defined
_SENSOR_TYPES = {"temperature": "TEMPERATURESENSOR", "humidity": "HUMIDITYSENSOR"}
_SENSOR_WORDS = {
    "tilt": "倾角计 tilt sensor",
    "crack": "裂缝计 crack gauge",
    "settlement": "静力水准 settlement sensor",
    "vibration": "振动传感器 vibration sensor",
    "temperature": "温度计 temperature sensor",
    "humidity": "湿度计 humidity sensor",
}
_SENSOR_CLASSES = {"IfcSensor", "IfcDistributionControlElement"}
#: sets of properties that nobody but a write-back makes; another program may have kept them
_OWN_SETS = {"Anju_Safety", "Anju_Suspicion", "Anju_Alerts", "Anju_Defects"}
_ROLE_WORDS = {"monitors": "监测", "mounted on": "安装于", "reference": "基准"}
_NO_APPRAISAL = "模型推断，不是鉴定结论 (a model's suspicion, no appraisal)"


def write_back(source: Path, target: Path, facts: HandOver) -> dict[str, int]:
    """Write a copy of a file with what Anju knows; the source is only read.

    The new lines are put at the end of the data, every byte before and after stays as it was.
    Only where an earlier write-back has to be taken out first is the whole file written anew.

    Parameters
    ----------
    source
        A whole IFC file (IFC2X3, IFC4, IFC4X3).
    target
        Must not exist yet.

    Returns
    -------
    dict
        Counts of what was written: `sensors`, `ties`, `property_sets`, `documents`, `placed`.

    """
    model = ifcopenshell.open(str(source))
    earlier = _forget(model)
    newest = model.get_max_id()
    counts = _Copy(model, facts).write()
    if earlier:
        model.write(str(target))
        return counts
    lines = [_line(model, number) for number in range(newest + 1, model.get_max_id() + 1)]
    content = source.read_bytes()
    at = content.rindex(b"ENDSEC", 0, content.rindex(b"END-ISO-10303-21"))
    with target.open("xb") as file:
        file.write(content[:at])
        file.write("".join(lines).encode("ascii"))
        file.write(content[at:])
    return counts


def _line(model: Any, number: int) -> str:
    return f"{model.by_id(number).to_string(True)};\n"


class _Copy:
    """The open copy while it is written to."""

    def __init__(self, model: Any, facts: HandOver) -> None:
        self._model, self._facts = model, facts
        self._writer = IfcWriter(model, facts.model_id, facts.as_of)
        self._scale_m = ifcopenshell.util.unit.calculate_unit_scale(model)
        self._storeys = _storeys(model, self._scale_m)
        self._body = _body_context(model)
        self._cube: Any = None
        self._tagged = {
            each.Tag: each
            for ifc_class in _SENSOR_CLASSES & set(model.types())
            for each in model.by_type(ifc_class, include_subtypes=False)
            if each.Tag
        }
        self._counts = dict.fromkeys(
            ("sensors", "placed", "ties", "property_sets", "documents", "classifications"), 0
        )

    def write(self) -> dict[str, int]:
        """Write all of it."""
        facts = self._facts
        if (building := _building(self._model)) is not None:
            self._write_safety(building)
            self._write_suspicion(building)
            if facts.appraisal is not None:
                self._write_report(building, facts.appraisal)
                self._write_class(building, facts.appraisal)
        self._write_alerts()
        self._write_defects()
        self._write_sensors(building)
        return self._counts

    def _properties(self, of: Any, name: str, note: str, rows: list[tuple[str, str, Any]]) -> None:
        if self._writer.properties(of, name, note, rows) is not None:
            self._counts["property_sets"] += 1

    def _write_safety(self, building: Any) -> None:
        facts, writer = self._facts, self._writer
        made = facts.appraisal
        rows: list[tuple[str, str, Any]] = [
            ("BuildingCode", "房屋编码", writer.value("IfcIdentifier", facts.building_code)),
            ("BuildingName", "房屋名称", writer.value("IfcLabel", facts.building_name)),
            ("Link", "安居中的房屋页面", writer.value("IfcText", facts.link)),
            (
                "OpenAlerts",
                "导出时未关闭的预警数",
                writer.value("IfcInteger", len(facts.alerts)),
            ),
        ]
        for number, alert in enumerate(facts.alerts, 1):
            rows.append(self._alert_row(number, alert))
        if facts.inspected_on:
            note = "最近一次人工查看或测量的日期"
            rows.append(("LastInspectedOn", note, writer.day(facts.inspected_on)))
        if facts.suspicion is not None:
            note = "最近一次模型评估的日期"
            rows.append(("LastAssessedOn", note, writer.day(facts.suspicion.assessed_on)))
        if made is not None:
            rows += [
                ("AppraisedGrade", "鉴定等级", writer.value("IfcLabel", made.grade)),
                (
                    "AppraisalReportNumber",
                    "鉴定报告编号",
                    writer.value("IfcIdentifier", made.report_number),
                ),
                ("AppraisalStandard", "鉴定所依标准", writer.value("IfcLabel", made.scheme)),
                ("Appraiser", "鉴定机构", writer.value("IfcLabel", made.appraiser)),
                ("AppraisedOn", "鉴定日期", writer.day(made.appraised_on)),
            ]
            if made.valid_until:
                rows.append(("AppraisalValidUntil", "鉴定有效期至", writer.day(made.valid_until)))
            if made.report_sha256:
                sha256 = writer.value("IfcIdentifier", made.report_sha256)
                rows.append(("AppraisalReportSha256", "鉴定报告文件的 SHA-256", sha256))
        self._properties(building, "Anju_Safety", "安居导出，仅供移交；不含监测读数", rows)

    def _write_suspicion(self, building: Any) -> None:
        found, writer = self._facts.suspicion, self._writer
        if found is None:
            return
        rows = [
            ("SuspectedGrade", _NO_APPRAISAL, writer.value("IfcLabel", found.suspected)),
            ("AssessedOn", "评估日期", writer.day(found.assessed_on)),
            ("Model", "评估模型", writer.value("IfcLabel", found.model)),
        ]
        if found.score is not None:
            score = (found.score, found.low, found.high)
            names = ("Score", "ScoreLow", "ScoreHigh")
            note = "0 至 100，越高越差"
            rows += [
                (name, note, writer.value("IfcReal", float(value)))
                for name, value in zip(names, score, strict=True)
            ]
        self._properties(building, "Anju_Suspicion", _NO_APPRAISAL, rows)

    def _write_report(self, building: Any, made: AppraisalMark) -> None:
        writer = self._writer
        name = plain(f"鉴定报告 {made.report_number}")
        note = f"sha256:{made.report_sha256}" if made.report_sha256 else "纸质存档 (on paper)"
        number = plain(made.report_number) or "-"
        link = {"Location": made.report_link} if made.report_link else {}
        if writer.old:
            reference = writer.make(
                "IfcDocumentReference", ItemReference=plain(note) or None, **link
            )
            writer.make(
                "IfcDocumentInformation",
                DocumentId=number,
                Name=name,
                Description=note,
                DocumentReferences=[reference],
                Purpose="房屋安全鉴定",
            )
        else:
            about = writer.make(
                "IfcDocumentInformation",
                Identification=number,
                Name=name,
                Description=note,
                Purpose="房屋安全鉴定",
                CreationTime=f"{made.appraised_on}T00:00:00",
            )
            reference = writer.make(
                "IfcDocumentReference",
                Identification=plain(note),
                ReferencedDocument=about,
                **link,
            )
        writer.root(
            "IfcRelAssociatesDocument",
            ("report", made.report_number),
            Name="鉴定报告",
            RelatedObjects=[building],
            RelatingDocument=reference,
        )
        self._counts["documents"] += 1

    def _write_class(self, building: Any, made: AppraisalMark) -> None:
        if not made.scheme or not made.grade:
            return
        writer = self._writer
        source, _, edition = plain(made.scheme).rpartition("-")
        whole = writer.make(
            "IfcClassification",
            Source=source or plain(made.scheme),
            Edition=edition or plain(made.scheme),
            Name=plain(made.scheme),
        )
        key = "ItemReference" if writer.old else "Identification"
        reference = writer.make(
            "IfcClassificationReference",
            Name=f"{plain(made.grade)} 级",
            ReferencedSource=whole,
            **{key: plain(made.grade)},
        )
        writer.root(
            "IfcRelAssociatesClassification",
            ("grade", made.scheme),
            Name="危险性等级",
            RelatedObjects=[building],
            RelatingClassification=reference,
        )
        self._counts["classifications"] += 1

    def _alert_row(self, number: int, alert: AlertMark) -> tuple[str, str, Any]:
        note = f"{alert.level} {alert.cause}"
        return f"Alert{number}", note, self._writer.value("IfcText", alert.link)

    def _write_alerts(self) -> None:
        by_element: dict[int, list[AlertMark]] = {}
        for alert in self._facts.alerts:
            for step_id in alert.step_ids:
                by_element.setdefault(step_id, []).append(alert)
        for step_id, alerts in sorted(by_element.items()):
            if (element := self._product(step_id)) is not None:
                rows = [self._alert_row(number, each) for number, each in enumerate(alerts, 1)]
                self._properties(element, "Anju_Alerts", "与本构件测点有关的未关闭预警", rows)

    def _write_defects(self) -> None:
        by_element: dict[int, list[tuple[str, str, Any]]] = {}
        for defect in self._facts.defects:
            rows = by_element.setdefault(defect.step_id, [])
            value = self._writer.value("IfcText", defect.text)
            rows.append((f"Defect{len(rows) + 1}", defect.link, value))
        for step_id, rows in sorted(by_element.items()):
            if (element := self._product(step_id)) is not None:
                self._properties(element, "Anju_Defects", "本构件上记录的缺陷", rows)

    def _write_sensors(self, building: Any) -> None:
        held: dict[int, tuple[Any, list[Any]]] = {}
        for mark in self._facts.sensors:
            where = self._storey_of(mark) or building
            sensor = self._known(mark)
            if sensor is None:
                sensor = self._sensor(mark, where)
                if where is not None:
                    held.setdefault(where.id(), (where, []))[1].append(sensor)
            self._describe(sensor, mark)
            for tie in mark.ties:
                element = self._product(tie.step_id)
                if element is None or element == sensor:
                    continue
                self._writer.root(
                    "IfcRelAssignsToProduct",
                    ("tie", mark.id, tie.role, element.GlobalId, element.id()),
                    Name=plain(tie.role),
                    Description=_ROLE_WORDS.get(tie.role),
                    RelatedObjects=[sensor],
                    RelatingProduct=element,
                )
                self._counts["ties"] += 1
        for where, sensors in held.values():
            self._writer.root(
                "IfcRelContainedInSpatialStructure",
                ("sensors of", where.GlobalId, where.id()),
                RelatedElements=sensors,
                RelatingStructure=where,
            )

    def _known(self, mark: SensorMark) -> Any:
        """Find a sensor that the model has itself: it bears our id, or ours is placed on it."""
        if (tagged := self._tagged.get(mark.id)) is not None:
            return tagged
        for tie in mark.ties:
            element = self._product(tie.step_id)
            if element is not None and element.is_a() in _SENSOR_CLASSES:
                return element
        return None

    def _sensor(self, mark: SensorMark, where: Any) -> Any:
        writer = self._writer
        kind = plain(_SENSOR_WORDS.get(mark.kind, mark.kind)) or "sensor"
        own: dict[str, Any] = {"ObjectType": kind}
        if writer.old:
            ifc_class = "IfcDistributionControlElement"
        else:
            ifc_class = "IfcSensor"
            own["PredefinedType"] = _SENSOR_TYPES.get(mark.kind, "USERDEFINED")
        if mark.point is not None:
            own["ObjectPlacement"] = self._placement(mark.point, where)
            if self._body is not None:
                own["Representation"] = self._shape()
            self._counts["placed"] += 1
        return writer.root(
            ifc_class,
            ("sensor", mark.id),
            Name=plain(mark.code) or plain(mark.id),
            Description=plain(mark.place) or None,
            Tag=plain(mark.id),
            **own,
        )

    def _describe(self, sensor: Any, mark: SensorMark) -> None:
        writer = self._writer
        texts = (
            ("SensorId", "安居中的测点编号", mark.id),
            ("Kind", "监测量", mark.kind),
            ("Place", "位置", mark.place),
            ("InstrumentModel", "仪器型号", mark.model),
            ("SerialNumber", "仪器编号", mark.serial),
        )
        rows = [(n, note, writer.value("IfcLabel", text)) for n, note, text in texts if text]
        self._properties(sensor, "Anju_Sensor", "安居测点；读数不写入模型", rows)
        self._counts["sensors"] += 1

    def _placement(self, point: tuple[float, float, float], where: Any) -> Any:
        above = getattr(where, "ObjectPlacement", None)
        matrix = np.eye(4)
        if above is not None:
            matrix = ifcopenshell.util.placement.get_local_placement(above)
        world = np.array([*(c / self._scale_m for c in point), 1.0])
        local = np.linalg.solve(matrix, world)[:3]
        # a micrometre is enough, and hides how the last bits came about
        digits = 6 + round(np.log10(self._scale_m))
        at = self._writer.make(
            "IfcCartesianPoint", Coordinates=[round(float(c), digits) for c in local]
        )
        return self._writer.make(
            "IfcLocalPlacement",
            PlacementRelTo=above,
            RelativePlacement=self._writer.make("IfcAxis2Placement3D", Location=at),
        )

    def _shape(self) -> Any:
        """Show a sensor as a small cube about its point: one without a shape is never seen."""
        writer = self._writer
        if self._cube is None:
            edge = _CUBE_M / self._scale_m
            centre = writer.make("IfcCartesianPoint", Coordinates=[0.0, 0.0])
            square = writer.make(
                "IfcRectangleProfileDef",
                ProfileType="AREA",
                Position=writer.make("IfcAxis2Placement2D", Location=centre),
                XDim=edge,
                YDim=edge,
            )
            bottom = writer.make("IfcCartesianPoint", Coordinates=[0.0, 0.0, -edge / 2])
            self._cube = writer.make(
                "IfcExtrudedAreaSolid",
                SweptArea=square,
                Position=writer.make("IfcAxis2Placement3D", Location=bottom),
                ExtrudedDirection=writer.make("IfcDirection", DirectionRatios=[0.0, 0.0, 1.0]),
                Depth=edge,
            )
        shape = writer.make(
            "IfcShapeRepresentation",
            ContextOfItems=self._body,
            RepresentationIdentifier="Body",
            RepresentationType="SweptSolid",
            Items=[self._cube],
        )
        return writer.make("IfcProductDefinitionShape", Representations=[shape])

    def _storey_of(self, mark: SensorMark) -> Any:
        for _, storey in self._storeys:
            if mark.storey_guid and storey.GlobalId == mark.storey_guid:
                return storey
        if mark.point is None:
            return None
        # a floor that lies a little above the point still is the one that it stands on
        below = [storey for level, storey in self._storeys if level <= mark.point[2] + 0.05]
        if below:
            return below[-1]
        return self._storeys[0][1] if self._storeys else None

    def _product(self, step_id: int) -> Any:
        try:
            found = self._model.by_id(step_id)
        except RuntimeError:
            return None
        return found if found.is_a("IfcProduct") else None


def _forget(model: Any) -> int:
    """Take an earlier write-back out of a file that was handed over and came back."""
    mine = {each.id() for each in model.by_type("IfcRoot") if is_ours(each)}
    mine |= {each.id() for each in model.by_type("IfcPropertySet") if each.Name in _OWN_SETS}
    mine |= {
        each.id()
        for each in model.by_type("IfcRelDefinesByProperties")
        if each.RelatingPropertyDefinition and each.RelatingPropertyDefinition.id() in mine
    }
    ours = {sub.id() for number in mine for sub in model.traverse(model.by_id(number)) if sub.id()}
    # in IFC2X3 a document names its references, not the other way round
    ours |= {
        each.id()
        for number in list(ours)
        for each in model.get_inverse(model.by_id(number))
        if each.is_a("IfcDocumentInformation")
    }
    ours -= {number for number in ours - mine if model.by_id(number).is_a("IfcRoot")}
    kept: set[int] = set()
    while True:
        # what something else of the file stands on stays
        needed = {
            number
            for number in ours - kept - mine
            if any(each.id() not in ours - kept for each in model.get_inverse(model.by_id(number)))
        }
        if not needed:
            break
        kept |= needed
    left = ours - kept
    while left:
        # from the outside in: nothing is ever left pointing to what is gone
        loose = [n for n in sorted(left) if not model.get_total_inverses(model.by_id(n))]
        for number in loose or sorted(left):
            model.remove(model.by_id(number))
        left -= set(loose or left)
    return len(mine)


def _building(model: Any) -> Any:
    """Find what stands for the building: the first IfcBuilding, else the site, else the project."""
    for ifc_class in ("IfcBuilding", "IfcSite", "IfcProject"):
        if found := model.by_type(ifc_class):
            return found[0]
    return None


def _storeys(model: Any, scale_m: float) -> list[tuple[float, Any]]:
    """List storeys by the height of their floors, m, building axes."""
    found = []
    for storey in model.by_type("IfcBuildingStorey"):
        level = storey.Elevation or 0.0
        if storey.ObjectPlacement is not None:
            matrix = ifcopenshell.util.placement.get_local_placement(storey.ObjectPlacement)
            level = float(matrix[2][3])
        found.append((level * scale_m, storey))
    return sorted(found, key=lambda each: (each[0], each[1].id()))


def _body_context(model: Any) -> Any:
    for context in model.by_type("IfcGeometricRepresentationSubContext"):
        if context.ContextIdentifier == "Body":
            return context
    for context in model.by_type("IfcGeometricRepresentationContext"):
        if context.ContextType == "Model" and context.CoordinateSpaceDimension == 3:
            return context
    return None
