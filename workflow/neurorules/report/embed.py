"""Embed files in a page as data URIs."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path

# Larger tables are listed, not embedded: 300 kB of CSV take 400 kB in the page.
MOST_BYTES = 300_000

# Figures are drawn at 200 pixels per inch and shown at 100, which is sharp on high-density screens.
PIXELS_PER_POINT = 2

MEDIA_TYPES = {".csv": "text/csv", ".pdf": "application/pdf", ".md": "text/markdown"}


@dataclass(frozen=True)
class Picture:
    """A picture in the page.

    Attributes:
        uri: data URI.
        width, height: displayed size in CSS pixels.
    """

    uri: str
    width: int
    height: int


@dataclass(frozen=True)
class Download:
    """A file that a reader can save from the page or, if it is too large, find by its path.

    Attributes:
        name: name of the file.
        path: path relative to the folder where Snakemake runs.
        size: size as text.
        uri: data URI; "" for a file that is too large to embed.
    """

    name: str
    path: str
    size: str
    uri: str


def data_uri(content: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"


def picture(file: Path) -> Picture:
    """Load a PNG file as a picture: as lossless WebP, a third of the size, if Pillow supports it.

    Raises:
        OSError: the file is missing or not a picture.
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
        root: the folder where Snakemake runs.
        path: path of the file, relative to it.
    """
    file = root / path
    size = file.stat().st_size
    small = size <= MOST_BYTES
    uri = data_uri(file.read_bytes(), MEDIA_TYPES.get(file.suffix, "application/octet-stream")) if small else ""
    return Download(file.name, path, size_words(size), uri)


def size_words(size: int) -> str:
    """A human-readable size: 12 kB, 9.8 MB."""
    return f"{max(1, round(size / 1000))} kB" if size < 1_000_000 else f"{size / 1e6:.1f} MB"
