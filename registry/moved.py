"""MLflow's SQLite file where it is now, with the files that it speaks of moved beside it."""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Where this project has MLflow keep its files: beside the database, as no server does.
FILES = "mlflow_artifacts"
# In which tables what lies there is named, in full.
ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
    ("model_versions", "source"),
)
# Others may be writing.
WITHIN_S = 30


def readdress(file: Path) -> None:
    """What the database says lay beside it, where it was, lies beside it now.

    Nothing is changed where that is still there, as the database may be a copy.
    """
    now = file.with_name(FILES)
    if not (file.is_file() and now.is_dir()):
        return
    with closing(sqlite3.connect(file, timeout=WITHIN_S)) as database, database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master") if name}
        if "experiments" not in tables:
            return
        said = database.execute("SELECT DISTINCT artifact_location FROM experiments").fetchall()
        for (before,) in said:
            if str(before).endswith(f"/{FILES}") and not place_of(before).exists():
                move(database, tables, before, now.resolve().as_uri())


def place_of(uri: str) -> Path:
    return Path(unquote(urlsplit(uri).path))


def move(database: sqlite3.Connection, tables: set[str], before: str, now: str) -> None:
    for table, column in ADDRESSES:
        if table in tables:
            database.execute(
                f"UPDATE {table} SET {column} = :now || substr({column}, :rest)"
                f" WHERE substr({column}, 1, :rest - 1) = :before",
                {"before": before, "now": now, "rest": len(before) + 1},
            )
