"""The script that starts TorchServe, with a torchserve that only tells how it was called."""

import os
import subprocess
import sys
from pathlib import Path

from mar_config.build import ROOT

SCRIPT = ROOT / "mar_config" / "start_torchserve.sh"
TELLS = '#!/bin/sh\nprintf "%s\\n" "$PWD" "$LOG_LOCATION" "$@"\n'
JAVA = "#!/bin/sh\necho 'openjdk version \"17.0.1\"' >&2\n"


def test_relative_folders_are_those_of_whoever_starts_it(tmp_path: Path) -> None:
    (tmp_path / "my store").mkdir()
    (tmp_path / "my store" / "skin_vit.mar").touch()
    bin = tmp_path / "bin"
    bin.mkdir()
    for name, text in {"torchserve": TELLS, "java": JAVA}.items():
        (bin / name).write_text(text)
        (bin / name).chmod(0o755)
    (bin / "python").symlink_to(sys.executable)
    env = os.environ | {
        "PATH": f"{bin}:{os.environ['PATH']}",
        "SKIN_PYTHON": str(bin / "python"),
        "SKIN_MODEL_STORE": "my store",
        "SKIN_LOGS": "my logs",
    }
    env.pop("JAVA_HOME", None)

    told = subprocess.run(
        [str(SCRIPT)], cwd=tmp_path, env=env, check=True, capture_output=True, text=True
    ).stdout.splitlines()

    logs = str(tmp_path / "my logs" / "torchserve")
    assert told[:2] == [logs, logs]
    assert told[told.index("--model-store") + 1] == str(tmp_path / "my store")
