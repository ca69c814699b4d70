"""Writes places, bodies and colours into an IFC file."""

from collections.abc import Sequence
from typing import Any, Literal

IfcSchema = Literal["IFC2X3", "IFC4", "IFC4X3"]
Point = tuple[float, float, float]
Flat = tuple[float, float]


class Solids:
    """The geometry of a file in the making; lengths come in metres.

    Parameters
    ----------
    file
        An `ifcopenshell.file`.
    metres
        Of one length unit of the file.

    """

    #: context and axes that bodies are written in
    body: Any
    _origin: Any

    def __init__(self, file: Any, schema: IfcSchema, metres: float) -> None:
        self.file = file
        self.schema = schema
        self._metres = metres
        self._styles: dict[str, Any] = {}
        self._directions: dict[tuple[float, ...], Any] = {}

    def make(self, what: str, *plain: Any, **values: Any) -> Any:
        """Create an entity; attributes that this schema does not have are an error."""
        return self.file.create_entity(what, *plain, **values)

    def length(self, metres: float) -> float:
        """Give a length in the file's unit."""
        return round(metres / self._metres, 6)

    def point(self, *metres: float) -> Any:
        """Write a point of two or three coordinates, m."""
        return self.make("IfcCartesianPoint", Coordinates=[self.length(one) for one in metres])

    def direction(self, *ratios: float) -> Any:
        """Write a direction, each once."""
        ratios = tuple(float(one) for one in ratios)
        if ratios not in self._directions:
            self._directions[ratios] = self.make("IfcDirection", DirectionRatios=ratios)
        return self._directions[ratios]

    def axes(self, at: Sequence[float], x: Sequence[float] | None = None) -> Any:
        """Write axes at a point, m, whose x axis points along `x`."""
        more = {"Axis": self.direction(0, 0, 1), "RefDirection": self.direction(*x)} if x else {}
        return self.make("IfcAxis2Placement3D", Location=self.point(*at), **more)

    def placed(self, at: Sequence[float], on: Any = None, x: Sequence[float] | None = None) -> Any:
        """Write a placement at a point of another one's axes."""
        to = on.ObjectPlacement if on is not None else None
        return self.make("IfcLocalPlacement", PlacementRelTo=to, RelativePlacement=self.axes(at, x))

    def box(self, at: Point, size: Point) -> Any:
        """Write a solid box by its lowest corner and its sides, m."""
        middle = self.make(
            "IfcAxis2Placement2D", Location=self.point(at[0] + size[0] / 2, at[1] + size[1] / 2)
        )
        profile = self.make(
            "IfcRectangleProfileDef", ProfileType="AREA", Position=middle,
            XDim=self.length(size[0]), YDim=self.length(size[1]),
        )  # fmt: skip
        return self._extruded(profile, self.axes((0, 0, at[2])), size[2])

    def cylinder(self, at: Point, radius: float, height: float) -> Any:
        """Write a solid cylinder on a point, m."""
        middle = self.make("IfcAxis2Placement2D", Location=self.point(at[0], at[1]))
        profile = self.make(
            "IfcCircleProfileDef", ProfileType="AREA", Position=middle,
            Radius=self.length(radius),
        )  # fmt: skip
        return self._extruded(profile, self.axes((0, 0, at[2])), height)

    def prism(self, outline: Sequence[Flat], at: Any, depth: float) -> Any:
        """Write an outline, m, drawn out from axes."""
        ends = [self.point(*one) for one in outline]
        line = self.make("IfcPolyline", Points=[*ends, ends[0]])
        profile = self.make("IfcArbitraryClosedProfileDef", ProfileType="AREA", OuterCurve=line)
        return self._extruded(profile, at, depth)

    def _extruded(self, profile: Any, at: Any, depth: float) -> Any:
        return self.make(
            "IfcExtrudedAreaSolid", SweptArea=profile, Position=at,
            ExtrudedDirection=self.direction(0, 0, 1), Depth=self.length(depth),
        )  # fmt: skip

    def brep(self, corners: Sequence[Point], faces: Sequence[Sequence[int]]) -> Any:
        """Write a closed body of flat faces, as furniture comes."""
        points = [self.point(*one) for one in corners]
        sides = []
        for face in faces:
            loop = self.make("IfcPolyLoop", Polygon=[points[i] for i in face])
            bound = self.make("IfcFaceOuterBound", Bound=loop, Orientation=True)
            sides.append(self.make("IfcFace", Bounds=[bound]))
        return self.make("IfcFacetedBrep", Outer=self.make("IfcClosedShell", CfsFaces=sides))

    def paint(self, item: Any, name: str, color: Sequence[float]) -> Any:
        """Give a body a colour: red, green, blue, opacity."""
        if name not in self._styles:
            shade = self.make(
                "IfcSurfaceStyleRendering",
                SurfaceColour=self.make(
                    "IfcColourRgb", Red=color[0], Green=color[1], Blue=color[2]
                ),
                Transparency=1.0 - color[3], ReflectanceMethod="NOTDEFINED",
            )  # fmt: skip
            style = self.make("IfcSurfaceStyle", Name=name, Side="BOTH", Styles=[shade])
            if self.schema == "IFC2X3":
                style = self.make("IfcPresentationStyleAssignment", Styles=[style])
            self._styles[name] = style
        self.make("IfcStyledItem", Item=item, Styles=[self._styles[name]])
        return item

    def bodies(self, *items: Any, kind: str = "SweptSolid") -> Any:
        """Write a representation of bodies."""
        return self.make(
            "IfcShapeRepresentation", ContextOfItems=self.body, RepresentationIdentifier="Body",
            RepresentationType=kind, Items=list(items),
        )  # fmt: skip

    def stamp(self, representation: Any) -> Any:
        """Make a representation into one that many elements share."""
        return self.make(
            "IfcRepresentationMap", MappingOrigin=self._origin, MappedRepresentation=representation
        )

    def stamped(self, stamp: Any) -> Any:
        """Use a shared representation."""
        target = self.make("IfcCartesianTransformationOperator3D", LocalOrigin=self.point(0, 0, 0))
        item = self.make("IfcMappedItem", MappingSource=stamp, MappingTarget=target)
        return self.bodies(item, kind="MappedRepresentation")
