"""An archive is unpacked whole or not at all, and can't do harm while it is."""

import random
import stat
import zipfile
from pathlib import Path

import pytest

from serve.dialect.faults import InvalidModel
from serve.models.archive import unpack
from serve.models.limits import Limits
from tests.unit.packed import mar, refused

MEGABYTE = 1 << 20


@pytest.mark.parametrize(
    "name",
    [
        "../evil.py",
        "a/../../evil.py",
        "/tmp/evil.py",
        "..\\evil.py",
        "C:/evil.py",
        "C:evil.py",
        "a//b.py",
        "./evil.py",
        "a/..",
        "spots\x00.py",
        "line\nbreak.py",
        "n" * 300,
        "n/" * 600 + "n",
    ],
)
def test_no_file_leaves_the_folder(name: str, tmp_path: Path, into: Path) -> None:
    archive = mar(tmp_path, {"x" * len(name): "evil"})
    # zipfile itself would clean the name.
    archive.write_bytes(archive.read_bytes().replace(b"x" * len(name), name.encode()))

    said = refused(archive, into)

    assert "points out of its folder" in said or "too long" in said
    assert sorted(tmp_path.iterdir()) == [archive, into]


@pytest.mark.parametrize("name", ["漢" * 100, "/".join(["漢" * 60] * 6)], ids=["a part", "in all"])
def test_a_name_is_measured_in_bytes(name: str, tmp_path: Path, into: Path) -> None:
    assert "too long" in refused(mar(tmp_path, {name: ""}), into)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_are_refused(kind: int, tmp_path: Path, into: Path) -> None:
    archive = mar(tmp_path, {})
    link = zipfile.ZipInfo("link")
    link.external_attr = (kind | 0o777) << 16
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr(link, "/etc/passwd")

    assert "a link or a device" in refused(archive, into)


def test_a_link_in_a_folder_is_refused(tmp_path: Path, into: Path) -> None:
    folder = tmp_path / "spots"
    folder.mkdir()
    (folder / "link").symlink_to("/etc/passwd")

    assert "a link or a device" in refused(folder, into)


def test_a_bomb_is_stopped_by_its_ratio(tmp_path: Path, into: Path) -> None:
    archive = mar(tmp_path, {"zeros": bytes(20 * MEGABYTE)})
    limits = Limits(ratio_from_bytes=MEGABYTE)

    assert "more than 100 times" in refused(archive, into, limits=limits)
    assert unpack(archive, into).name == "spots"


def test_a_bomb_is_stopped_by_its_size(tmp_path: Path, into: Path) -> None:
    archive = mar(tmp_path, {"weights": random.Random(1).randbytes(MEGABYTE)})

    said = refused(archive, into, limits=Limits(total_bytes=MEGABYTE))

    assert "larger than 1048576 bytes" in said


def test_a_bomb_is_stopped_by_its_number_of_files(tmp_path: Path, into: Path) -> None:
    archive = mar(tmp_path, {f"{number}.py": "" for number in range(50)})

    assert "more than 50 files" in refused(archive, into, limits=Limits(files=50))


@pytest.mark.parametrize("declared", [0, 1, 1000])
def test_a_bomb_whose_header_lies_writes_no_more_than_it_declared(
    declared: int, tmp_path: Path, into: Path
) -> None:
    size = 20 * MEGABYTE
    archive = mar(tmp_path, {"zeros": bytes(size)})
    lying = archive.read_bytes().replace(size.to_bytes(4, "little"), declared.to_bytes(4, "little"))
    archive.write_bytes(lying)

    said = refused(archive, into, limits=Limits(total_bytes=MEGABYTE))

    assert "damaged" in said


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_unpack_without_bounds_are_refused(
    method: int, tmp_path: Path, into: Path
) -> None:
    archive = mar(tmp_path, {})
    with zipfile.ZipFile(archive, "a", method) as opened:
        opened.writestr("more.py", "")

    assert "deflate" in refused(archive, into)


def test_two_files_of_one_name_are_refused(tmp_path: Path, into: Path) -> None:
    archive = mar(tmp_path, {})
    with zipfile.ZipFile(archive, "a") as opened, pytest.warns(UserWarning, match="Duplicate"):
        opened.writestr("spots.py", "evil")

    assert "twice" in refused(archive, into)


@pytest.mark.parametrize("names", [("a", "a/b"), ("a", "a/b/c"), ("a", "a/"), ("a/", "a")])
def test_a_file_that_is_a_folder_too_is_refused(
    names: tuple[str, str], tmp_path: Path, into: Path
) -> None:
    archive = mar(tmp_path, dict.fromkeys(names, ""))

    said = refused(archive, into)

    assert "twice" in said


def test_damage_anywhere_is_told_and_leaves_nothing(tmp_path: Path, into: Path) -> None:
    whole = mar(tmp_path, {"weights": random.Random(1).randbytes(2000)}).read_bytes()
    dice = random.Random(2)
    for turn in range(300):
        hurt = bytearray(whole)
        for _ in range(dice.randint(1, 4)):
            hurt[dice.randrange(len(hurt))] = dice.randrange(256)
        archive = tmp_path / "hurt.mar"
        archive.write_bytes(hurt[: dice.randint(0, len(hurt))] if turn % 3 == 0 else hurt)

        try:
            unpack(archive, into / str(turn))
        except InvalidModel:
            assert list((into / str(turn)).iterdir()) == []
