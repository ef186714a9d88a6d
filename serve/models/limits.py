"""How large an archive may become."""

from dataclasses import dataclass

from serve.dialect.faults import InvalidModel


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Trained weights hardly shrink, code to a fifth: a hundredth is a bomb.

    The ratio holds from `ratio_from_bytes` on, as a small file of zeros harms nobody.
    """

    total_bytes: int = 8 << 30
    files: int = 10_000
    ratio: int = 100
    ratio_from_bytes: int = 64 << 20


class Tally:
    """Counts what is unpacked, and stops it with InvalidModel."""

    def __init__(self, limits: Limits, packed_bytes: int) -> None:
        self.limits = limits
        self.packed_bytes = packed_bytes
        self.total_bytes = 0
        self.files = 0

    def add_file(self) -> None:
        self.files += 1
        if self.files > self.limits.files:
            raise InvalidModel(f"The archive holds more than {self.limits.files} files.")

    def add_bytes(self, count: int) -> None:
        self.total_bytes += count
        if self.total_bytes > self.limits.total_bytes:
            raise InvalidModel(f"The archive is larger than {self.limits.total_bytes} bytes.")
        if self.total_bytes > max(
            self.limits.ratio_from_bytes, self.limits.ratio * self.packed_bytes
        ):
            raise InvalidModel(
                f"The archive unpacks to more than {self.limits.ratio} times its size."
            )
