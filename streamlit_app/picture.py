"""An upload -> the upright picture that is shown, as the model's core decodes it."""

import struct
import zlib
from io import BytesIO

import numpy as np
from PIL import ExifTags, Image

# No wider or higher on the page; a larger one is only slower there.
SIDE = 1024
TIFFS_PHOTOMETRY = 262
TRANSPARENT = "transparency"
FORMATS = ("BMP", "JPEG", "PNG", "TIFF", "WEBP")
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# What Pillow's decoders raise on damaged data.
UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    OverflowError,
    TypeError,
    struct.error,
    zlib.error,
)


def upright(body: bytes) -> Image.Image | None:
    """RGB, turned as its EXIF says, `SIDE` pixels at most; None where Pillow can't open it."""
    try:
        with Image.open(BytesIO(body), formats=FORMATS) as image:
            image.draft(None, (SIDE, SIDE))
            narrow_transparency(image)
            image.load()
            rgb = to_rgb(image)
            # Only now: Pillow turns a TIFF upright by itself when it loads.
            turn = TURNS.get(orientation(image))
    except (*UNREADABLE, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None
    turned = rgb if turn is None else rgb.transpose(turn)
    turned.thumbnail((SIDE, SIDE))
    return turned


def to_rgb(image: Image.Image) -> Image.Image:
    """Transparency over white, 16 bits by their upper byte."""
    if image.mode.startswith("I;16"):
        samples = np.asarray(image.convert("I"))
        upper = (samples >> 8).astype(np.uint8)
        white_is_zero = getattr(image, "tag_v2", {}).get(TIFFS_PHOTOMETRY) == 0
        grey = 255 - upper if white_is_zero else upper
        if TRANSPARENT in image.info:
            grey[samples == image.info[TRANSPARENT]] = 255
        return Image.fromarray(grey).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    layered = image.convert("RGBA")
    rgb = Image.new("RGB", image.size, "white")
    rgb.paste(layered, mask=layered.getchannel("A"))
    return rgb


def narrow_transparency(image: Image.Image) -> None:
    """Pillow loads 16-bit colours by their upper bytes, and leaves the transparent one as it is."""
    tiles = getattr(image, "tile", [])
    if TRANSPARENT in image.info and tiles and tiles[0].args == "RGB;16B":
        image.info[TRANSPARENT] = tuple(value >> 8 for value in image.info[TRANSPARENT])


def orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except UNREADABLE:
        return 1
