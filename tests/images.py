"""Pictures drawn for tests: every colour mode, format and EXIF orientation that goes together."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import ExifTags, Image

from train.data.generated import LOOKS, draw

MODES_OF = {
    "JPEG": ("L", "RGB", "CMYK"),
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "WEBP": ("RGB", "RGBA"),
    "TIFF": ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"),
    "BMP": ("1", "L", "P", "RGB"),
}
ORIENTATIONS = range(1, 9)
OPTIONS: dict[str, dict[str, object]] = {"JPEG": {"quality": 92}, "WEBP": {"lossless": True}}


@dataclass(frozen=True, kw_only=True)
class Picture:
    name: str
    body: bytes


def lesion(seed: int = 0, code: str = "NV") -> Image.Image:
    return draw(LOOKS[code], np.random.default_rng(seed))


def encoded(image: Image.Image, kind: str, orientation: int = 1) -> bytes:
    """Lossless where the format can be, so that decoders have nothing to disagree about."""
    buffer = BytesIO()
    options = dict(OPTIONS.get(kind, {}))
    if orientation > 1:
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = orientation
        options["exif"] = exif
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def in_mode(image: Image.Image, mode: str) -> Image.Image:
    """`image` in a colour mode; where the mode has one, with a soft transparent border."""
    if mode == "I;16":
        return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    if mode in ("LA", "RGBA"):
        x = np.linspace(-1, 1, image.width)
        alpha = np.clip(3 * (1 - np.abs(x)), 0, 1)[None, :] * np.ones((image.height, 1))
        layered = image.convert(mode.removesuffix("A"))
        layered.putalpha(Image.fromarray((alpha * 255).astype(np.uint8)))
        return layered
    return image.convert(mode)


def every_kind() -> Iterator[Picture]:
    """328 pictures: two lesions in each orientation, mode and format that go together."""
    for seed, code in enumerate(("MEL", "VASC")):
        for kind, modes in MODES_OF.items():
            for mode in modes:
                image = in_mode(lesion(seed, code), mode)
                # A BMP holds no EXIF.
                for orientation in ORIENTATIONS if kind != "BMP" else (1,):
                    yield Picture(
                        name=f"{code}-{mode}-{orientation}.{kind.lower()}",
                        body=encoded(image, kind, orientation),
                    )
