"""The files of a .mar, unpacked without trusting what it says of itself."""

import re
import stat
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from serve.dialect.faults import InvalidModel
from serve.models.limits import Limits, Tally

CHUNK = 1 << 20
ENCRYPTED = 0x1
UNSAFE = re.compile(r"[\\\x00-\x1f\x7f]|^/|^[A-Za-z]:|(^|/)\.\.?(/|$)|//")
LONGEST_NAME = 200
# What zipfile raises for bytes that are no zip, or a broken one.
DAMAGE = (
    BadZipFile,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    ValueError,
    struct.error,
    zlib.error,
)


def unzip(archive: IO[bytes], packed_bytes: int, folder: Path, limits: Limits) -> None:
    """Into an empty folder. Raises InvalidModel, and leaves what was written by then."""
    written = Tally(limits, packed_bytes)
    try:
        opened = ZipFile(archive)
    except DAMAGE as error:
        raise damaged(error) from error
    with opened:
        declared = Tally(limits, packed_bytes)
        for entry in opened.infolist():
            declared.add_file()
            declared.add_bytes(entry.file_size)
        for entry in opened.infolist():
            target = folder / safe_path(entry)
            try:
                file = made(entry, target)
            except (FileExistsError, NotADirectoryError) as error:
                raise InvalidModel(f"The archive holds {entry.filename!r} twice.") from error
            if file is not None:
                unpack_file(opened, entry, file, written)


def made(entry: ZipInfo, target: Path) -> IO[bytes] | None:
    """A new file to write to, or a folder and nothing to write."""
    if entry.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return None
    target.parent.mkdir(parents=True, exist_ok=True)
    return target.open("xb")


def unpack_file(opened: ZipFile, entry: ZipInfo, file: IO[bytes], written: Tally) -> None:
    """Counts what comes out, as the sizes in the header may lie."""
    with file:
        for chunk in chunks(opened, entry):
            written.add_bytes(len(chunk))
            file.write(chunk)


def chunks(opened: ZipFile, entry: ZipInfo) -> Iterator[bytes]:
    try:
        with opened.open(entry) as source:
            while chunk := source.read(CHUNK):
                yield chunk
    except DAMAGE as error:
        raise damaged(error) from error


def damaged(error: Exception) -> InvalidModel:
    return InvalidModel(f"The archive is damaged, or no .mar at all: {error}")


def safe_path(entry: ZipInfo) -> PurePosixPath:
    """Where the entry goes, below the folder. Raises InvalidModel for what isn't a plain file."""
    # The name as it stands there: zipfile cuts it at a zero byte.
    name = entry.orig_filename
    if UNSAFE.search(name):
        raise InvalidModel(f"The archive holds {name!r}, which points out of its folder.")
    # In bytes, as file systems count.
    size, parts = len(name.encode()), name.encode().split(b"/")
    if size > 5 * LONGEST_NAME or any(len(part) > LONGEST_NAME for part in parts):
        raise InvalidModel(f"The archive holds a name that is too long: {name[:50]!r}…")
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise InvalidModel(f"The archive holds {name!r}, which is a link or a device.")
    if entry.flag_bits & ENCRYPTED:
        raise InvalidModel("The archive is encrypted: pack it without a password.")
    # The others, which TorchServe doesn't read either, unpack without bounds.
    if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise InvalidModel("The archive is packed by another method than deflate.")
    return PurePosixPath(name)
