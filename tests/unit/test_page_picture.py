"""The picture on the page is the one that the model's core decodes."""

import io

import numpy as np
import pytest
from PIL import Image

from handlers.preprocess import decode
from streamlit_app.picture import SIDE, upright
from tests.images import Picture, encoded, every_kind, lesion

KINDS = list(every_kind())
# None of the drawings is decoded reduced for a model of this size.
WHOLE = 512


@pytest.mark.parametrize("picture", KINDS[: len(KINDS) // 2], ids=lambda picture: picture.name)
def test_every_kind_is_shown_as_the_core_sees_it(picture: Picture) -> None:
    shown = upright(picture.body)

    assert shown is not None
    assert np.array_equal(np.asarray(shown), np.asarray(decode(picture.body, WHOLE)))


def test_of_sixteen_bits_the_upper_eight_are_shown() -> None:
    body = encoded(Image.fromarray(np.full((9, 9), 0x80FF, dtype=np.uint16)), "PNG")

    shown = upright(body)

    assert shown is not None
    assert shown.getpixel((0, 0)) == (0x80, 0x80, 0x80)


def test_a_large_picture_is_shown_smaller() -> None:
    large = lesion().resize((3 * SIDE, 2 * SIDE))

    shown = upright(encoded(large, "PNG"))

    assert shown is not None
    assert shown.size == (SIDE, round(SIDE * 2 / 3))


def test_what_can_not_be_opened_is_none() -> None:
    cut = encoded(lesion(), "PNG")[:2000]
    gif = io.BytesIO()
    Image.new("RGB", (9, 9)).save(gif, "GIF")

    assert upright(b"not an image") is None
    assert upright(cut) is None
    assert upright(gif.getvalue()) is None
