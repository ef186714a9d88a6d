"""How large a request may be; known to a door that does not load torch."""

from handlers.errors import BadRequest, BodyTooLarge

MAX_BODY_BYTES = 20_000_000
MAX_PIXELS = 50_000_000
TOO_MANY_PIXELS = f"The image is over {MAX_PIXELS // 1_000_000} megapixels: send a smaller one."


def check_body(size: int) -> None:
    """`size` in bytes."""
    if size > MAX_BODY_BYTES:
        raise BodyTooLarge(
            f"The body is over {MAX_BODY_BYTES // 1_000_000} MB: send a smaller image."
        )


def check_pixels(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise BadRequest(TOO_MANY_PIXELS)
