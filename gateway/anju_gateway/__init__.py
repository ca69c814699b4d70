"""Sends sensor readings to Anju and loses none that `publish` has taken."""

from anju_gateway.buffer import BufferFailed, BufferFull, BufferInUse
from anju_gateway.gateway import Gateway
from anju_gateway.settings import Settings, SettingsWrong

__all__ = [
    "BufferFailed",
    "BufferFull",
    "BufferInUse",
    "Gateway",
    "Settings",
    "SettingsWrong",
]
