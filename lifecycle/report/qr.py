"""A QR code as squares on the page."""

import segno
from reportlab.lib.colors import black
from reportlab.platypus import Flowable


class QrCode(Flowable):  # type: ignore[misc]
    """An address as a QR code in the middle of a line, with the quiet zone that readers need."""

    def __init__(self, address: str, size: float, width: float) -> None:
        super().__init__()
        self._rows = [
            list(row) for row in segno.make(address, error="m", micro=False).matrix_iter(border=4)
        ]
        self._size = size
        self.width, self.height = width, size

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        """Tell the room that it takes."""
        return self.width, self.height

    def draw(self) -> None:
        """Draw runs of dark squares."""
        side = self._size / len(self._rows)
        left = (self.width - self._size) / 2
        self.canv.setFillColor(black)
        for at, row in enumerate(self._rows):
            y = self._size - (at + 1) * side
            begin = 0
            for x, dark in enumerate([*row, 0]):
                if dark:
                    continue
                if x > begin:
                    self.canv.rect(left + begin * side, y, (x - begin) * side, side, 0, 1)
                begin = x + 1
