"""What is said of a picture's sharpness, exposure, size, border and skin."""

import json
import math
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from handlers.answer import Check
from handlers.preprocess import decode
from handlers.quality import Limits, examine, of_border, of_exposure, of_sharpness, of_skin
from tests.images import encoded, lesion

CHECKS = ["sharpness", "exposure", "size", "border", "skin"]
SIZE = 160


def checks(image: Image.Image, limits: Limits | None = None) -> dict[str, Check]:
    quality = examine(image, image.size, limits or Limits(), SIZE)
    return cast("dict[str, Check]", quality)


def noise(size: tuple[int, int] = (240, 180)) -> Image.Image:
    values = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(values)


def in_a_circle(image: Image.Image, radius: float) -> tuple[Image.Image, float]:
    """Black outside a centred circle, `radius` a share of the height; and the share of black."""
    mask, middle = Image.new("L", image.size), np.array(image.size) / 2
    reach = radius * image.height
    ImageDraw.Draw(mask).ellipse((*(middle - reach), *(middle + reach)), fill=255)
    black = Image.new("RGB", image.size, (4, 3, 6))
    return Image.composite(image, black, mask), 1 - np.asarray(mask).mean() / 255


def of_bands(*names: str, times: tuple[float, ...] = (1.0, 1.0, 1.0)) -> Image.Image:
    """A lesion whose red, green and blue are other bands of it, or fainter ones."""
    bands = np.stack([np.asarray(lesion().getchannel(name)) for name in names], axis=-1)
    return Image.fromarray((bands * times).astype(np.uint8))


def chequered(image: Image.Image) -> Image.Image:
    """In the colours of `image`, but full of hard edges."""
    rows, columns = np.indices((32, 32))
    squares = Image.fromarray(np.where((rows + columns) % 2, 255, 100).astype(np.uint8))
    light = squares.resize(image.size, Image.Resampling.NEAREST)
    return ImageChops.multiply(image, light.convert("RGB"))


def test_a_good_picture_passes_every_check() -> None:
    found = checks(lesion())

    assert list(found) == CHECKS
    assert {name: check["verdict"] for name, check in found.items() if not check["ok"]} == {}


def test_the_more_blurred_a_picture_the_less_sharp() -> None:
    pictures = [lesion().filter(ImageFilter.GaussianBlur(sigma)) for sigma in (0, 1, 2, 4)]

    found = [checks(picture)["sharpness"] for picture in pictures]

    values = [check["value"] for check in found]
    assert values == sorted(values, reverse=True)
    assert found[0]["verdict"] == "sharp"
    assert found[-1]["verdict"] == "blurred: the answer may be less reliable"
    assert not found[-1]["ok"]


def test_a_dark_picture_is_as_sharp_as_a_bright_one() -> None:
    bright = lesion()
    dark = bright.point(lambda value: value * 0.6)

    found = checks(dark)["sharpness"]["value"]

    assert found == pytest.approx(checks(bright)["sharpness"]["value"], rel=0.15)


def test_a_sharp_border_does_not_make_a_blurred_picture_sharp() -> None:
    blurred = lesion().filter(ImageFilter.GaussianBlur(4))

    found = checks(in_a_circle(blurred, 0.55)[0])

    assert not found["border"]["ok"]
    assert not found["sharpness"]["ok"]


@pytest.mark.parametrize(
    ("gamma", "verdict"), [(4.0, "too dark"), (1.0, "well exposed"), (0.15, "too bright")]
)
def test_exposure_is_said_in_words(gamma: float, verdict: str) -> None:
    picture = lesion().point([round(255 * (value / 255) ** gamma) for value in range(256)] * 3)

    found = checks(picture)["exposure"]

    assert found["verdict"] == verdict
    assert found["ok"] == (verdict == "well exposed")
    assert found["limit"] == [Limits().min_luminance, Limits().max_luminance]


def test_a_black_border_does_not_make_a_picture_dark() -> None:
    found = checks(in_a_circle(lesion(), 0.35)[0])

    assert found["border"]["value"] > 0.6
    assert found["exposure"]["ok"]


@pytest.mark.parametrize(
    ("size", "side", "ok"), [((160, 900), 160, True), ((900, 159), 159, False)]
)
def test_the_shorter_side_is_held_against_the_models(
    size: tuple[int, int], side: int, ok: bool
) -> None:
    found = examine(lesion(), size, Limits(), 160)["size"]

    assert found == {
        "value": side,
        "limit": 160,
        "ok": ok,
        "verdict": "large enough" if ok else "smaller than the model looks at",
    }


@pytest.mark.parametrize("radius", [0.35, 0.45, 0.55])
def test_the_share_outside_a_circular_field_is_told(radius: float) -> None:
    picture, share = in_a_circle(lesion(), radius)

    found = checks(picture)["border"]

    assert found["value"] == pytest.approx(share, abs=0.03)
    assert found["verdict"] == (
        f"a black border covers {round(100 * found['value'])} % of the picture"
    )
    assert not found["ok"]


def test_a_frame_on_one_side_is_a_border() -> None:
    picture = lesion()
    picture.paste((2, 2, 2), (0, 0, 60, 180))

    found = checks(picture)

    assert found["border"]["value"] == pytest.approx(60 / 240)
    assert found["skin"]["value"] == 1


def test_a_black_lesion_at_the_edge_is_no_border() -> None:
    picture = lesion()
    ImageDraw.Draw(picture).ellipse((80, -50, 180, 60), fill=(20, 12, 12))

    found = checks(picture)["border"]

    assert found["value"] == 0
    assert found["verdict"] == "no wide black border"


@pytest.mark.parametrize(
    "picture",
    [
        lesion().convert("L").convert("RGB"),
        of_bands("G", "R", "B"),
        of_bands("B", "G", "R"),
        of_bands("R", "G", "B", times=(1.0, 0.6, 1.0)),
        of_bands("R", "G", "B", times=(1.0, 1.0, 0.6)),
        chequered(lesion()),
    ],
    ids=["grey", "green", "blue", "magenta", "yellow", "chequered"],
)
def test_what_is_no_skin_is_said_to_be_none(picture: Image.Image) -> None:
    found = checks(picture)["skin"]

    assert not found["ok"]
    assert found["verdict"] == "does not look like skin"


def test_what_is_just_at_its_limit_is_fine() -> None:
    limits = Limits()

    assert of_sharpness(limits.min_sharpness, limits)["ok"]
    assert of_exposure(limits.min_luminance, limits)["ok"]
    assert of_exposure(limits.max_luminance, limits)["ok"]
    assert of_border(limits.max_border, limits)["ok"]
    assert of_skin(limits.min_skin, limits)["ok"]


def test_limits_decide() -> None:
    strict = Limits(
        min_sharpness=1e9, min_luminance=0.9, max_luminance=1.0, max_border=-1.0, min_skin=1.1
    )

    found = checks(lesion(), strict)

    assert [name for name in CHECKS if found[name]["ok"]] == ["size"]


@pytest.mark.parametrize("colour", ["black", "white", "lime", (222, 178, 152)])
@pytest.mark.parametrize("size", [(1, 1), (2, 1), (3, 2000), (2000, 3), (7, 7), (300, 200)])
def test_every_value_is_a_number_whatever_the_picture(
    size: tuple[int, int], colour: str | tuple[int, int, int]
) -> None:
    uniform = checks(Image.new("RGB", size, colour))
    rough = checks(noise(size))

    json.dumps([uniform, rough], allow_nan=False)
    for check in (*uniform.values(), *rough.values()):
        assert type(check["value"]) is float
        assert type(check["ok"]) is bool
        assert math.isfinite(check["value"])
    assert not uniform["sharpness"]["ok"]


def test_a_border_that_leaves_hardly_anything_is_no_trouble() -> None:
    picture = Image.new("RGB", (9, 9))
    picture.paste((222, 178, 152), (3, 3, 7, 7))

    found = checks(picture)

    assert found["border"]["value"] > 0.7
    assert math.isfinite(found["sharpness"]["value"])


def test_a_picture_that_is_black_but_for_a_small_field_has_a_border() -> None:
    picture = Image.new("RGB", (300, 300), (4, 4, 4))
    picture.paste(lesion().resize((60, 60)), (120, 120))

    found = checks(picture)

    assert found["border"]["value"] == pytest.approx(1 - 60**2 / 300**2, abs=0.03)
    assert not found["border"]["ok"]


def test_black_alone_is_no_border() -> None:
    found = checks(Image.new("RGB", (300, 300), (4, 4, 4)))

    assert found["border"]["value"] == 0
    assert found["exposure"]["verdict"] == "too dark"


def test_the_same_picture_is_judged_the_same_and_left_as_it_was() -> None:
    picture = lesion()

    first, second = checks(picture), checks(picture)

    assert first == second
    assert picture.tobytes() == lesion().tobytes()


def test_a_reduced_decoding_changes_no_verdict() -> None:
    large = lesion().resize((2400, 1800), Image.Resampling.BICUBIC)
    body = encoded(large, "JPEG")

    reduced, whole = decode(body, SIZE), decode(body, 2400)

    assert reduced.size < whole.size
    for name in CHECKS:
        few, many = checks(reduced)[name], checks(whole)[name]
        assert few["value"] == pytest.approx(many["value"], rel=0.1) or name == "size"
        assert few["verdict"] == many["verdict"]


def test_real_dermoscopic_pictures_raise_few_false_alarms(real_images: list[Path]) -> None:
    alarms = dict.fromkeys(CHECKS, 0)

    for path in real_images[::61]:
        image = decode(path.read_bytes(), 224)
        quality = examine(image, image.size, Limits(), 224)
        for name, check in cast("dict[str, Check]", quality).items():
            alarms[name] += not check["ok"]

    assert alarms.pop("border") < 15
    assert max(alarms.values()) <= 4, alarms
