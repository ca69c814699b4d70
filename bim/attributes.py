"""Where attributes stand in entities; alike in IFC2X3, IFC4 and IFC4X3.

Reading an attribute by its name costs six times as much as by its place, and a file has some
hundred thousand of them. Only what stands at one place in all three schemas is listed.
"""

# IfcRoot, IfcObject, IfcProduct, IfcElement
GUID, NAME, OBJECT_TYPE, PLACEMENT, TAG = 0, 2, 4, 5, 7
DESCRIPTION = 3
# IfcSpatialStructureElement
LONG_NAME = 7
# relations: what they are between, in the order of the file
FIRST, SECOND = 4, 5
# IfcPropertySet, IfcElementQuantity, IfcTypeObject
HAS_PROPERTIES, QUANTITIES, TYPE_SETS = 4, 5, 5
# IfcPropertySingleValue
VALUE, VALUE_UNIT = 2, 3
# IfcPhysicalSimpleQuantity and its kinds
QUANTITY_UNIT, QUANTITY_VALUE = 2, 3
