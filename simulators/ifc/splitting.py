"""Cuts a wall into two, as authors do when a part of it is changed."""

from typing import Any

LENGTH_MIN_M = 0.5
#: relations that the new half joins beside the old one, and the attribute that lists elements
_RELATIONS = (
    ("IfcRelContainedInSpatialStructure", "RelatedElements"),
    ("IfcRelDefinesByType", "RelatedObjects"),
    ("IfcRelDefinesByProperties", "RelatedObjects"),
    ("IfcRelAssociatesMaterial", "RelatedObjects"),
)


def can_split(wall: Any) -> bool:
    """Tell whether an element is a wall of one plain body without holes."""
    if not wall.is_a("IfcWall") or wall.HasOpenings or wall.Representation is None:
        return False
    return _solid(wall) is not None


def split(file: Any, wall: Any, guid: str, metres: float) -> tuple[int, int]:
    """Cut a wall in the middle; the first half keeps its identity.

    Returns
    -------
    tuple of int
        Step ids of both halves.

    """
    solid = _solid(wall)
    profile = solid.SweptArea
    along_x = profile.XDim >= profile.YDim
    if max(profile.XDim, profile.YDim) * metres < LENGTH_MIN_M:
        return (wall.id(), wall.id())
    inverse = [
        (tie, name) for what, name in _RELATIONS for tie in file.get_inverse(wall)
        if tie.is_a(what) and wall in getattr(tie, name)
    ]  # fmt: skip
    context = next(
        one for one in wall.Representation.Representations
        if one.RepresentationIdentifier == "Body"
    ).ContextOfItems  # fmt: skip
    other = file.create_entity(
        wall.is_a(),
        **{
            name: value
            for name, value in wall.get_info(include_identifier=False, recursive=False).items()
            if name not in {"type", "GlobalId", "Representation", "Tag"}
        },
        GlobalId=guid,
    )
    if wall.Tag:
        other.Tag = f"{wall.Tag}1"
    old = wall.Representation
    for half, sign in ((wall, -1), (other, 1)):
        part = _half(file, solid, profile, sign, along_x=along_x)
        shape = file.create_entity(
            "IfcShapeRepresentation", ContextOfItems=context,
            RepresentationIdentifier="Body", RepresentationType="SweptSolid", Items=[part],
        )  # fmt: skip
        half.Representation = file.create_entity(
            "IfcProductDefinitionShape", Representations=[shape]
        )
    for one in (old, *old.Representations):
        file.remove(one)
    for tie, name in inverse:
        setattr(tie, name, [*getattr(tie, name), other])
    return (wall.id(), other.id())


def _solid(wall: Any) -> Any:
    """Give the one extruded rectangle that a wall is made of, or `None`."""
    for shape in wall.Representation.Representations:
        if shape.RepresentationIdentifier == "Body" and len(shape.Items) == 1:
            item = shape.Items[0]
            if item.is_a("IfcExtrudedAreaSolid") and item.SweptArea.is_a("IfcRectangleProfileDef"):
                return item
    return None


def _half(file: Any, solid: Any, profile: Any, sign: int, *, along_x: bool) -> Any:
    length = profile.XDim if along_x else profile.YDim
    place = profile.Position
    x, y = place.Location.Coordinates[:2] if place is not None else (0.0, 0.0)
    reference = place.RefDirection if place is not None else None
    dx, dy = reference.DirectionRatios[:2] if reference is not None else (1.0, 0.0)
    if not along_x:
        dx, dy = -dy, dx
    far = sign * length / 4
    point = file.create_entity("IfcCartesianPoint", Coordinates=[x + dx * far, y + dy * far])
    position = file.create_entity("IfcAxis2Placement2D", Location=point, RefDirection=reference)
    area = file.create_entity(
        profile.is_a(), ProfileType=profile.ProfileType, Position=position,
        XDim=profile.XDim / (2 if along_x else 1), YDim=profile.YDim / (1 if along_x else 2),
    )  # fmt: skip
    made = file.create_entity(
        "IfcExtrudedAreaSolid", SweptArea=area, Position=solid.Position,
        ExtrudedDirection=solid.ExtrudedDirection, Depth=solid.Depth,
    )  # fmt: skip
    for styled in solid.StyledByItem:
        file.create_entity("IfcStyledItem", Item=made, Styles=styled.Styles)
    return made
