"""Image bytes -> model input: the only decoding and the only deterministic transform there is."""

import struct
import zlib
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np
import torch
from PIL import ExifTags, Image

from handlers.cost import check_cost
from handlers.errors import BadRequest
from handlers.limits import TOO_MANY_PIXELS, check_body
from handlers.model_config import ModelConfig

# A phone's MPO is opened as the JPEG it starts with.
FORMATS = ("BMP", "JPEG", "PNG", "TIFF", "WEBP")
ORIENTATIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
TIFFS_BITS, TIFFS_PHOTOMETRY = 258, 262
# A PNG's colour that is, in what Pillow knows of a picture.
TRANSPARENT = "transparency"
RESAMPLING = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}

# What Pillow's decoders raise on damaged data; anything else is a bug of ours and travels up.
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


def decode(body: bytes, image_size: int) -> Image.Image:
    """An upright RGB image; a JPEG much larger than `image_size` (pixels) is decoded reduced."""
    if not body:
        raise BadRequest("The body is empty: send the bytes of an image.")
    check_body(len(body))
    try:
        with Image.open(BytesIO(body), formats=FORMATS) as image:
            check_cost(image, body)
            # At least twice the model's size is left, so the resize still has detail to average.
            image.draft(None, (2 * image_size, 2 * image_size))
            narrow_transparency(image)
            image.load()
            rgb = to_rgb(image)
            # Only now: Pillow turns a TIFF upright by itself when it loads.
            turn = ORIENTATIONS.get(orientation(image))
            return rgb if turn is None else rgb.transpose(turn)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadRequest(TOO_MANY_PIXELS) from error
    except UNREADABLE as error:
        raise BadRequest(
            "The body is not an image this service can read:"
            " send a whole JPEG, PNG, WebP, TIFF or BMP file."
        ) from error


def size_of(body: bytes) -> tuple[int, int]:
    """Width and height in pixels as they were sent, of a body that `decode` has read."""
    with Image.open(BytesIO(body), formats=FORMATS) as image:
        return image.size


def to_rgb(image: Image.Image) -> Image.Image:
    """8-bit RGB from any mode: transparency over white, 16 bits by their upper byte."""
    if image.mode.startswith("I;16") and bits(image) == 16:
        samples = np.asarray(image.convert("I"))
        upper = (samples >> 8).astype(np.uint8)
        # Pillow turns what has 8 bits by itself.
        grey = 255 - upper if white_is_zero(image) else upper
        if TRANSPARENT in image.info:
            grey[samples == image.info[TRANSPARENT]] = 255
        return Image.fromarray(grey).convert("RGB")
    if image.mode.startswith(("I", "F")):
        raise BadRequest(
            "The image has other than 8 or 16 bits a sample, or samples below 0, and no known"
            " white: send 8 or 16 bits a sample."
        )
    if not image.has_transparency_data:
        return image.convert("RGB")
    layered = image.convert("RGBA")
    rgb = Image.new("RGB", image.size, "white")
    rgb.paste(layered, mask=layered.getchannel("A"))
    return rgb


def narrow_transparency(image: Image.Image) -> None:
    """Pillow loads 16-bit colours by their upper bytes, and leaves the transparent one as it is.

    What shares these bytes with it is transparent too, as the others are lost.
    """
    tiles = getattr(image, "tile", [])
    if TRANSPARENT in image.info and tiles and tiles[0].args == "RGB;16B":
        image.info[TRANSPARENT] = tuple(value >> 8 for value in image.info[TRANSPARENT])


def bits(image: Image.Image) -> int:
    """Of a sample of a 16-bit mode; a TIFF's may have fewer."""
    return int(tags_of(image).get(TIFFS_BITS, (16,))[0])


def white_is_zero(image: Image.Image) -> bool:
    return tags_of(image).get(TIFFS_PHOTOMETRY) == 0


def tags_of(image: Image.Image) -> Mapping[int, Any]:
    """A TIFF's; none of another format's."""
    return getattr(image, "tag_v2", {})


def orientation(image: Image.Image) -> int:
    """The EXIF orientation of a loaded image, 1 to 8; 1 where the EXIF block is damaged."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except UNREADABLE:
        return 1


def to_input(image: Image.Image, config: ModelConfig) -> torch.Tensor:
    """The centred square of an RGB image as a float tensor (3, image_size, image_size)."""
    return normalise(np.asarray(to_square(image, config)), config)


def to_square(image: Image.Image, config: ModelConfig) -> Image.Image:
    """The centred square of an image, `config.image_size` pixels wide."""
    return image.resize(
        (config.image_size, config.image_size),
        RESAMPLING[config.interpolation],
        box=central_square(image),
    )


def central_square(image: Image.Image) -> tuple[float, float, float, float]:
    """Left, top, right and bottom in pixels, which may be halves: all that the model looks at."""
    side = min(image.size)
    left, top = (image.width - side) / 2, (image.height - side) / 2
    return left, top, left + side, top + side


def normalise(square: np.ndarray, config: ModelConfig) -> torch.Tensor:
    """8-bit RGB (H, W, 3) -> float32 tensor (3, H, W) with the model's mean and std."""
    values = np.asarray(square, dtype=np.float32) / np.float32(255)
    scaled = (values - np.array(config.mean, dtype=np.float32)) / np.array(
        config.std, dtype=np.float32
    )
    return torch.from_numpy(np.ascontiguousarray(scaled.transpose(2, 0, 1)))
