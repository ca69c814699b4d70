"""Units of an IFC file as people write them."""

from typing import Any

_PREFIXES = {
    "EXA": "E", "PETA": "P", "TERA": "T", "GIGA": "G", "MEGA": "M", "KILO": "k", "HECTO": "h",
    "DECA": "da", "DECI": "d", "CENTI": "c", "MILLI": "m", "MICRO": "µ", "NANO": "n", "PICO": "p",
}  # fmt: skip
_SCALES = {
    "EXA": 1e18, "PETA": 1e15, "TERA": 1e12, "GIGA": 1e9, "MEGA": 1e6, "KILO": 1e3, "HECTO": 1e2,
    "DECA": 10.0, "DECI": 0.1, "CENTI": 0.01, "MILLI": 1e-3, "MICRO": 1e-6, "NANO": 1e-9,
    "PICO": 1e-12,
}  # fmt: skip
_NAMES = {
    "METRE": "m", "SQUARE_METRE": "m²", "CUBIC_METRE": "m³", "GRAM": "g", "SECOND": "s",
    "AMPERE": "A", "KELVIN": "K", "DEGREE_CELSIUS": "°C", "RADIAN": "rad", "STERADIAN": "sr",
    "NEWTON": "N", "PASCAL": "Pa", "JOULE": "J", "WATT": "W", "VOLT": "V", "HERTZ": "Hz",
    "LUX": "lx", "LUMEN": "lm", "CANDELA": "cd", "OHM": "Ω",
}  # fmt: skip
#: kind of unit by the measure of a value
_OF_MEASURE = {
    "IfcLengthMeasure": "LENGTHUNIT", "IfcPositiveLengthMeasure": "LENGTHUNIT",
    "IfcNonNegativeLengthMeasure": "LENGTHUNIT", "IfcAreaMeasure": "AREAUNIT",
    "IfcVolumeMeasure": "VOLUMEUNIT", "IfcPlaneAngleMeasure": "PLANEANGLEUNIT",
    "IfcPositivePlaneAngleMeasure": "PLANEANGLEUNIT", "IfcMassMeasure": "MASSUNIT",
    "IfcTimeMeasure": "TIMEUNIT", "IfcThermodynamicTemperatureMeasure":
    "THERMODYNAMICTEMPERATUREUNIT", "IfcForceMeasure": "FORCEUNIT",
    "IfcPressureMeasure": "PRESSUREUNIT", "IfcPowerMeasure": "POWERUNIT",
    "IfcFrequencyMeasure": "FREQUENCYUNIT", "IfcElectricVoltageMeasure": "ELECTRICVOLTAGEUNIT",
    "IfcElectricCurrentMeasure": "ELECTRICCURRENTUNIT",
    "IfcIlluminanceMeasure": "ILLUMINANCEUNIT", "IfcEnergyMeasure": "ENERGYUNIT",
}  # fmt: skip


class Units:
    """What lengths and other values of a file are in.

    Parameters
    ----------
    file
        An open `ifcopenshell.file`.

    """

    def __init__(self, file: Any) -> None:
        self._names: dict[str, str] = {}
        self._scales: dict[str, float] = {}
        for assignment in file.by_type("IfcUnitAssignment")[:1]:
            for unit in assignment.Units or ():
                kind = getattr(unit, "UnitType", None)
                if kind:
                    self._names[kind] = name_of(unit)
                    self._scales[kind] = scale_of(unit)

    @property
    def metres(self) -> float:
        """Metres of one length unit."""
        return self._scales.get("LENGTHUNIT", 1.0)

    @property
    def length(self) -> str:
        """Name of the length unit."""
        return self._names.get("LENGTHUNIT", "m")

    def of_measure(self, measure: str) -> str:
        """Name the unit of a value by its measure; empty for a plain number or word."""
        return self._names.get(_OF_MEASURE.get(measure, ""), "")

    def of_kind(self, kind: str) -> str:
        """Name the unit of a kind (`AREAUNIT`); empty when the file does not tell."""
        return self._names.get(kind, "")


def name_of(unit: Any) -> str:
    """Write a unit as people do: `mm`, `m²`, `degree`; empty for what is put together."""
    if unit.is_a("IfcSIUnit"):
        prefix = _PREFIXES.get(unit.Prefix or "", "")
        return prefix + _NAMES.get(unit.Name, str(unit.Name).lower())
    if unit.is_a("IfcConversionBasedUnit") or unit.is_a("IfcContextDependentUnit"):
        return str(unit.Name or "").lower()
    if unit.is_a("IfcMonetaryUnit"):
        return str(unit.Currency or "")
    return ""


def scale_of(unit: Any) -> float:
    """Give how many SI units one of it is; prefixes of areas and volumes count per length."""
    if unit.is_a("IfcSIUnit"):
        scale = _SCALES.get(unit.Prefix or "", 1.0)
        power = {"SQUARE_METRE": 2, "CUBIC_METRE": 3}.get(unit.Name, 1)
        return float(scale**power)
    if unit.is_a("IfcConversionBasedUnit") and unit.ConversionFactor:
        factor = unit.ConversionFactor
        part = factor.UnitComponent
        inner = scale_of(part) if part is not None and part.is_a("IfcSIUnit") else 1.0
        value = factor.ValueComponent
        try:
            return float(value[0] if hasattr(value, "is_a") else value) * inner
        except (TypeError, ValueError):
            return 1.0
    return 1.0
