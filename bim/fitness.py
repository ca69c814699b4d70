"""How fit a model is: an IDS file held against it, and what no IDS file can say; in the child."""

import collections
import re
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.util.element

from bim.careful_xml import parse
from bim.exchange_tasks import IDS_BYTES_MAX, SHIPPED_IDS
from bim.faults import Fault
from domain.errors import ModelRejected
from domain.exchange import Check, CheckState, Example, Fitness

EXAMPLES_MAX = 10
_TEXT_MAX = 200
#: as IDS names the schemas that we read
_VERSIONS = {"IFC2X3": "IFC2X3", "IFC4": "IFC4", "IFC4X3": "IFC4X3_ADD2"}
_SCHEMA_LOCATION = re.compile(r"""\s[\w.-]+:\w*[sS]chemaLocation\s*=\s*("[^"]*"|'[^']*')""")


def check(model_path: Path, ids_path: Path | None = None) -> Fitness:
    """Hold a model against an IDS file; without one against the shipped file and our own checks.

    Where ifctester is not installed only our own checks are made.

    Raises
    ------
    ModelRejected
        `ids`, `xml` or `too large`: the user's IDS file cannot be read.

    """
    model = ifcopenshell.open(str(model_path))
    try:
        from ifctester import ids  # noqa: PLC0415 - an optional group
    except ImportError:
        return Fitness(own_checks(model), ids_read=False)
    if ids_path is None:
        content = SHIPPED_IDS.read_bytes()
        title, checks = _hold(ids, model, content, shipped=True)
        return Fitness((*checks, *own_checks(model)), title=title)
    if (size := ids_path.stat().st_size) > IDS_BYTES_MAX:
        raise ModelRejected(
            Fault.TOO_LARGE, f"an IDS file may have {IDS_BYTES_MAX:,} bytes, got {size:,}"
        )
    title, checks = _hold(ids, model, ids_path.read_bytes(), shipped=False)
    return Fitness(tuple(checks), title=title)


def own_checks(model: Any) -> tuple[Check, ...]:
    """Check what no IDS file can say: that ids are unique and elements lie in storeys."""
    roots = model.by_type("IfcRoot")
    counts = collections.Counter(each.GlobalId for each in roots)
    double = [each for each in roots if counts[each.GlobalId] > 1]
    elements = [
        each
        for each in model.by_type("IfcElement")
        if not each.is_a("IfcFeatureElement") and not each.is_a("IfcVirtualElement")
    ]
    loose = [each for each in elements if not _in_storey(each)]
    return (
        _own("unique guids", roots, double, lambda each: f"{counts[each.GlobalId]} x"),
        _own("in a storey", elements, loose, lambda _: ""),
    )


def _own(key: str, all_of_them: list[Any], failed: list[Any], why: Any) -> Check:
    state = CheckState.FAILED if failed else CheckState.PASSED
    return Check(
        key,
        key,
        state if all_of_them else CheckState.NOT_CHECKED,
        len(all_of_them),
        len(failed),
        "" if all_of_them else "nothing applies",
        examples=tuple(_example(each, why(each)) for each in failed[:EXAMPLES_MAX]),
    )


def _in_storey(element: Any) -> bool:
    # an element may be part of another, and a storey of several containers
    return (
        ifcopenshell.util.element.get_container(element, ifc_class="IfcBuildingStorey") is not None
    )


def _hold(ids: Any, model: Any, content: bytes, *, shipped: bool) -> tuple[str, list[Check]]:
    root = parse(content, "the IDS file")
    keys = [each.get("identifier", "") for each in root.iter("specification")]
    try:
        asked = ids.from_string(_without_addresses(content))
    except ModelRejected:
        raise
    except Exception as error:  # noqa: BLE001 - whatever the library makes of a foreign file
        raise ModelRejected(
            Fault.IDS, f"must be an IDS 1.0 file, got: {_first_line(error)}"
        ) from None
    version = _VERSIONS.get(model.schema, model.schema)
    checks = []
    for key, specification in zip(keys, asked.specifications, strict=True):
        if version not in specification.ifcVersion:
            if not shipped:
                checks.append(_other_schema(specification))
            continue
        specification.reset_status()
        specification.validate(model)
        checks.append(_check(key if shipped else "", specification, model))
    return str(asked.info.get("title", ""))[:_TEXT_MAX], checks


def _check(key: str, made: Any, model: Any) -> Check:
    applicable, failed = len(made.applicable_entities), len(made.failed_entities)
    required = made.minOccurs != 0
    prohibited = made.maxOccurs == 0
    reason = ""
    if not applicable:
        # the library calls this a success: a check on IfcWall finds none of a subclass
        state = CheckState.FAILED if required else CheckState.NOT_CHECKED
        reason = "must be there" if required else "nothing applies"
    elif prohibited:
        state, reason, failed = CheckState.FAILED, "must not be there", applicable
    else:
        state = CheckState.PASSED if made.status else CheckState.FAILED
    examples: dict[int, tuple[Any, str, Any]] = {}
    for facet in made.requirements:
        for failure in facet.failures:
            entity = failure["element"]
            examples.setdefault(entity.id(), (entity, failure["reason"], facet))
    if prohibited:
        examples = {each.id(): (each, "", None) for each in made.applicable_entities}
    return Check(
        key,
        made.name[:_TEXT_MAX],
        state,
        applicable,
        failed,
        reason,
        (made.description or "")[:_TEXT_MAX],
        tuple(_example(*each) for _, each in sorted(examples.items())[:EXAMPLES_MAX]),
        () if applicable else _passed_over(made, model),
    )


def _passed_over(made: Any, model: Any) -> tuple[tuple[str, int], ...]:
    """Count entities of subclasses of what a specification asks for by its exact name."""
    counts: collections.Counter[str] = collections.Counter()
    for facet in made.applicability:
        if type(facet).__name__ != "Entity":
            continue
        options = getattr(facet.name, "options", {})
        names = [facet.name] if isinstance(facet.name, str) else options.get("enumeration", [])
        for name in names:
            try:
                found = model.by_type(str(name))
            except RuntimeError:  # not in this schema
                continue
            counts.update(each.is_a() for each in found if each.is_a().upper() != str(name))
    return tuple(sorted(counts.items()))


def _other_schema(made: Any) -> Check:
    return Check(
        "", made.name[:_TEXT_MAX], CheckState.NOT_CHECKED, 0, 0, "other schema",
        (made.description or "")[:_TEXT_MAX],
    )  # fmt: skip


def _example(entity: Any, reason: str, facet: Any = None) -> Example:
    # a failure keeps its sentence only; the facet tells its kind again
    told = getattr(facet(entity), "reason", None) if facet is not None else None
    return Example(
        entity.id(),
        entity.is_a(),
        str(getattr(entity, "GlobalId", "") or ""),
        str(getattr(entity, "Name", "") or "")[:_TEXT_MAX],
        reason[:_TEXT_MAX],
        str(told.get("type", "")) if isinstance(told, dict) else "",
    )


def _without_addresses(content: bytes) -> str:
    """Drop where the file says its schema lies: nothing is fetched for it."""
    try:
        text = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise ModelRejected(Fault.IDS, "an IDS file must be UTF-8") from None
    # what does not begin so would be taken for an address
    if not text.startswith("<"):
        raise ModelRejected(Fault.IDS, "an IDS file must begin with <")
    return _SCHEMA_LOCATION.sub("", text)


def _first_line(error: Exception) -> str:
    told = getattr(error, "xml_error", error)
    reason = getattr(told, "reason", None) or str(told)
    return " ".join(str(reason).split())[:300]
