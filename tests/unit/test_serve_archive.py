"""An archive is unpacked whole or not at all, and can't do harm while it is."""

import hashlib
import json
import random
import stat
import zipfile
from pathlib import Path

import pytest
from model_archiver.model_archiver_config import ModelArchiverConfig
from model_archiver.model_packaging import generate_model_archive

from serve.dialect.faults import InvalidModel
from serve.models.archive import ArchivedModel, unpack
from serve.models.archive_config import ArchiveConfig
from serve.models.limits import Limits

MEGABYTE = 1 << 20


def manifest(**model: object) -> str:
    named = {"modelName": "spots", "modelVersion": "1.0", "handler": "spots.py"}
    return json.dumps({"runtime": "python", "model": named | model})


def mar(folder: Path, files: dict[str, str | bytes], **model: object) -> Path:
    path = folder / "spots.mar"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("MAR-INF/MANIFEST.json", manifest(**model))
        for name, content in {"spots.py": "handle = None\n", **files}.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return path


def refused(archive: Path, into: Path, limits: Limits | None = None) -> str:
    """The sentence; nothing of the archive stays behind."""
    with pytest.raises(InvalidModel) as caught:
        unpack(archive, into, limits=limits)
    assert not into.exists() or list(into.iterdir()) == []
    assert caught.value.code == 400
    return str(caught.value)


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "unpacked"


@pytest.mark.parametrize("form", ["default", "no-archive"])
def test_what_the_archiver_made_is_unpacked_and_described(
    form: str, tmp_path: Path, into: Path
) -> None:
    handler, config = tmp_path / "spots.py", tmp_path / "model-config.yaml"
    handler.write_text("handle = None\n")
    config.write_text("minWorkers: 1\nmaxWorkers: 2\nbatchSize: 4\nmaxBatchDelay: 20\n")
    made = ModelArchiverConfig(
        model_name="spots",
        version="2.1",
        handler=str(handler),
        config_file=str(config),
        export_path=str(tmp_path),
        archive_format=form,
    )
    generate_model_archive(made)

    found = unpack(tmp_path / ("spots.mar" if form == "default" else "spots"), into)

    assert found == ArchivedModel(
        folder=found.folder,
        name="spots",
        version="2.1",
        handler="spots.py",
        serialized_file=None,
        envelope=None,
        config=ArchiveConfig(min_workers=1, max_workers=2, batch_size=4, max_batch_delay_ms=20),
    )
    assert files_in(found.folder) == ["MAR-INF/MANIFEST.json", "model-config.yaml", "spots.py"]


def test_the_folder_is_named_after_the_content(tmp_path: Path, into: Path) -> None:
    archive = mar(tmp_path, {})

    first, second = unpack(archive, into), unpack(archive, into)

    assert first == second
    assert first.folder.name == hashlib.sha256(archive.read_bytes()).hexdigest()
    assert list(into.iterdir()) == [first.folder]


def test_a_folder_with_another_content_is_another_model(tmp_path: Path, into: Path) -> None:
    folder = tmp_path / "spots"
    (folder / "MAR-INF").mkdir(parents=True)
    (folder / "MAR-INF" / "MANIFEST.json").write_text(manifest())
    (folder / "spots.py").write_text("handle = 1\n")
    first = unpack(folder, into)
    (folder / "spots.py").write_text("handle = 2\n")

    second = unpack(folder, into)

    assert first.folder != second.folder
    assert (first.folder / "spots.py").read_text() == "handle = 1\n"


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


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{"model":', "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "must be a JSON object"),
        ('{"runtime": "python"}', "Missing Model entry in manifest file."),
        ('{"model": {"modelVersion": "1.0"}}', "Model name is not defined."),
        ('{"model": {"modelName": "spots"}}', "Model version is not defined."),
        ('{"model": {"modelName": 3}}', "modelName must be text"),
        ('{"model": {"modelName": "a/b"}}', "can't be part of a URL"),
        ('{"model": {"modelName": "spots", "modelVersion": ".."}}', "can't be part of a URL"),
        ('{"model": {"modelName": "spots", "modelVersion": "1"}}', "names no handler"),
        ('{"runtime": "LSP", "model": {}}', "runtime 'LSP' is not supported"),
    ],
)
def test_a_manifest_that_does_not_do_is_refused(
    content: str, sentence: str, tmp_path: Path, into: Path
) -> None:
    archive = tmp_path / "spots.mar"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("MAR-INF/MANIFEST.json", content)

    assert sentence in refused(archive, into)


def test_without_a_manifest_it_is_no_archive(tmp_path: Path, into: Path) -> None:
    archive = tmp_path / "spots.mar"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("spots.py", "")

    assert "has no MAR-INF/MANIFEST.json" in refused(archive, into)


def test_fields_that_nobody_knows_are_left_alone(tmp_path: Path, into: Path) -> None:
    archive = mar(tmp_path, {"w.pt": "1"}, serializedFile="w.pt", envelope="kserve", author="me")

    found = unpack(archive, into)

    assert (found.serialized_file, found.envelope) == ("w.pt", "kserve")


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ({"handler": "other.py:handle"}, "handler is not in the archive: 'other.py'"),
        ({"serializedFile": "w.pt"}, "serializedFile is not in the archive"),
        ({"serializedFile": "../" * 30 + "etc/passwd"}, "serializedFile is not in the archive"),
        ({"configFile": "/etc/hostname"}, "configFile is not in the archive"),
        ({"requirementsFile": "spots.py"}, "install them where the server runs"),
    ],
)
def test_what_the_manifest_names_must_be_there(
    model: dict[str, str], sentence: str, tmp_path: Path, into: Path
) -> None:
    assert sentence in refused(mar(tmp_path, {}, **model), into)


@pytest.mark.parametrize(
    "handler", ["image_classifier", "spots.py:handle", "src/spots.py", "other.spots:handle"]
)
def test_a_handler_may_be_a_name_or_a_function(handler: str, tmp_path: Path, into: Path) -> None:
    assert unpack(mar(tmp_path, {}, handler=handler), into).handler == handler


def test_a_registration_may_name_another_handler(tmp_path: Path, into: Path) -> None:
    archive = mar(tmp_path, {}, handler=None)

    assert unpack(archive, into, handler="spots.py").handler == "spots.py"
    with pytest.raises(InvalidModel, match="not in the archive"):
        unpack(archive, into, handler="other.py")


@pytest.mark.parametrize(
    ("name", "sentence"), [("flow.war", "Workflows"), ("spots.tar.gz", "--archive-format default")]
)
def test_other_archives_are_refused_with_a_way_out(
    name: str, sentence: str, tmp_path: Path, into: Path
) -> None:
    (tmp_path / name).touch()

    assert sentence in refused(tmp_path / name, into)


def configured(tmp_path: Path, text: str) -> Path:
    return mar(tmp_path, {"model-config.yaml": text}, configFile="model-config.yaml")


def test_a_config_may_say_all_that_is_known(tmp_path: Path, into: Path) -> None:
    text = """
        minWorkers: 1
        maxWorkers: 3
        batchSize: 8
        maxBatchDelay: 0
        responseTimeout: 60
        startupTimeout: 90
        jobQueueSize: 5
        maxRetryTimeoutInSec: 30
        clientTimeoutInMills: 500
        deviceType: gpu
        continuousBatching: false
        parallelType: ""
        handler: {threshold: 0.5}
    """

    found = unpack(configured(tmp_path, text), into)

    assert found.config == ArchiveConfig(
        min_workers=1,
        max_workers=3,
        batch_size=8,
        max_batch_delay_ms=0,
        response_timeout_s=60,
        startup_timeout_s=90,
        job_queue_size=5,
        max_retry_timeout_s=30,
        client_timeout_ms=500,
        device_type="gpu",
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("batchSize: 0", "batchSize must be a whole number from 1 on, not 0"),
        ("batchSize: many", "not 'many'"),
        ("batchSize: true", "not True"),
        ("minWorkers: 1.5", "not 1.5"),
        ("minWorkers: -1", "from 0 on"),
        ("minWorkers: 3\nmaxWorkers: 2", "maxWorkers must not be less than minWorkers"),
        ("deviceType: tpu", "deviceType must be cpu or gpu"),
        ("parallelType: pp", "fits a worker"),
        ("torchrun: {nproc-per-node: 2}", "torchrun"),
        ("continuousBatching: true", "use batchSize"),
        ("sequenceBatching: true", "use batchSize"),
        ("asyncCommunication: true", "use batchSize"),
        ("useVenv: true", "install the packages where the server runs"),
        ("useJobTicket: true", "jobQueueSize"),
        ("deviceIds: [0, 1]", "CUDA_VISIBLE_DEVICES"),
        ("runtimeType: LSP", "Only python"),
        ("- a list", "must be keys and values"),
        ("batchSize: [", "can't be read"),
        ("date: 2024-99-99", "can't be read"),
        ("[" * 5000, "can't be read"),
        ("!!python/object/apply:os.system ['true']", "can't be read"),
    ],
)
def test_a_config_that_can_not_be_followed_is_refused(
    text: str, sentence: str, tmp_path: Path, into: Path
) -> None:
    assert sentence in refused(configured(tmp_path, text), into)


def test_a_config_that_grows_by_merging_is_refused(tmp_path: Path, into: Path) -> None:
    text = "l0: &l0 {a: 1, b: 2}\n" + "".join(
        f"l{level}: &l{level} {{<<: [{', '.join([f'*l{level - 1}'] * 9)}]}}\n"
        for level in range(1, 12)
    )

    assert "aliases" in refused(configured(tmp_path, text), into)


def test_an_empty_config_says_nothing(tmp_path: Path, into: Path) -> None:
    assert unpack(configured(tmp_path, "# nothing\n"), into).config == ArchiveConfig()
