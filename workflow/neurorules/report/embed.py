"""Files as data URIs, so that one page holds them."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path

# Tables that are larger are named, not embedded: 300 kB of CSV make 400 kB of page.
MOST_BYTES = 300_000

# Figures are drawn with 200 pixels an inch and shown with 100, which is sharp on screens of two pixels a point.
PIXELS_PER_POINT = 2

MEDIA_TYPES = {".csv": "text/csv", ".pdf": "application/pdf", ".md": "text/markdown"}


@dataclass(frozen=True)
class Picture:
    """A picture in the page.

    Attributes:
        uri: data URI.
        width, height: as shown, in CSS pixels.
    """

    uri: str
    width: int
    height: int


@dataclass(frozen=True)
class Download:
    """A file that a reader can save from the page, or is told the path of.

    Attributes:
        name: of the file.
        path: below the folder that Snakemake runs in.
        size: in words.
        uri: data URI; "" for a file that is too large to embed.
    """

    name: str
    path: str
    size: str
    uri: str


def data_uri(content: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"


def picture(file: Path) -> Picture:
    """A PNG as a picture, pixel for pixel: as lossless WebP, which takes a third of the bytes, where Pillow writes it.

    Raises:
        OSError: the file is missing or is no picture.
    """
    from PIL import Image, features

    with Image.open(file) as image:
        width, height = (max(1, round(pixels / PIXELS_PER_POINT)) for pixels in image.size)
        if not features.check("webp"):
            return Picture(data_uri(file.read_bytes(), "image/png"), width, height)
        packed = io.BytesIO()
        image.convert("RGBA").save(packed, "WEBP", lossless=True, quality=50)
    return Picture(data_uri(packed.getvalue(), "image/webp"), width, height)


def download(root: Path, path: str) -> Download:
    """A file to save, embedded if it is small.

    Args:
        root: the folder that Snakemake runs in.
        path: of the file, below it.
    """
    file = root / path
    size = file.stat().st_size
    small = size <= MOST_BYTES
    uri = data_uri(file.read_bytes(), MEDIA_TYPES.get(file.suffix, "application/octet-stream")) if small else ""
    return Download(file.name, path, size_words(size), uri)


def size_words(size: int) -> str:
    """A number of bytes as people read it: 12 kB, 9.8 MB."""
    return f"{max(1, round(size / 1000))} kB" if size < 1_000_000 else f"{size / 1e6:.1f} MB"
