"""What an archive says of itself, and where it is unpacked to."""

import hashlib
import zipfile
from pathlib import Path

import pytest
from model_archiver.model_archiver_config import ModelArchiverConfig
from model_archiver.model_packaging import generate_model_archive

from serve.dialect.faults import InvalidModel
from serve.models.archive import ArchivedModel, unpack
from serve.models.archive_config import ArchiveConfig
from tests.unit.packed import manifest, mar, refused


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


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
        file="spots.mar" if form == "default" else "spots",
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
        ({"handler": "n" * 300 + ".py"}, "handler is not in the archive"),
        ({"serializedFile": "n" * 300}, "serializedFile is not in the archive"),
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
