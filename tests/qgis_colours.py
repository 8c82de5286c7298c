"""Counts the colours of a picture, for the scripts that run in the Python of QGIS."""

from collections import Counter

from qgis.PyQt.QtGui import QImage


def colours(image: QImage, most: int) -> dict[str, int]:
    """Count the picture's commonest colours."""
    data = image.convertToFormat(QImage.Format_RGB888)
    seen = Counter(
        data.pixel(x, y) & 0xFFFFFF
        for y in range(0, data.height(), 2)
        for x in range(0, data.width(), 2)
    )
    return {f"#{colour:06x}": count for colour, count in seen.most_common(most)}
