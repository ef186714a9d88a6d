"""The command line of a study: the flags of a run that are not searched, and a study's own."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from train.config import MOVABLE, ConfigError, TrainConfig, add_flags, flag
from train.tuning.space import SPACE


@dataclass(frozen=True, kw_only=True)
class Options:
    """`values` are the flags of TrainConfig that were given; `together` None is for us to say."""

    values: dict[str, object]
    trials: int
    together: int | None
    resume: bool

    def __post_init__(self) -> None:
        if self.trials <= 0:
            raise ConfigError("--trials must be more than 0.")
        if self.together is not None and self.together <= 0:
            raise ConfigError("--together must be more than 0.")

    @property
    def out(self) -> Path:
        return Path(str(self.values.get("out", TrainConfig.out)))

    @property
    def moved(self) -> dict[str, object]:
        """Of a study that is resumed."""
        given = {name: value for name, value in self.values.items() if name in MOVABLE}
        return given | {"out": str(self.out)}


def parse(arguments: list[str] | None = None) -> Options:
    parser = argparse.ArgumentParser(
        prog="python -m train.tune",
        description=f"Search for better {', '.join(map(flag, SPACE))} of python -m train.run.",
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    # It looks at each epoch's validation.
    add_flags(parser, leave_out={*SPACE, "keep", "out", "unk_data"})
    parser.add_argument("--out", help=f"folder in which the study gets its own ({TrainConfig.out})")
    parser.add_argument(
        "--unk-data", help="for the command that the study ends with; not looked at"
    )
    parser.add_argument("--trials", type=int, help="settings to try, the defaults among them (10)")
    parser.add_argument(
        "--together", type=int, help="trials at a time (as many as GPUs allow; without one 1)"
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on with the newest study in --out, with its settings; --together may be given, and"
        " --data if it was moved; a cluster is named again by --ray-address",
    )
    values = vars(parser.parse_args(arguments))
    resume = bool(values.pop("resume", False))
    if resume and (given := set(values) - {*MOVABLE, "together"}):
        flags = ", ".join(map(flag, sorted(given)))
        raise ConfigError(f"A resumed study keeps its own settings: leave out {flags}.")
    count, together = values.pop("trials", 10), values.pop("together", None)
    return Options(values=values, trials=count, together=together, resume=resume)
