"""One row, asked of both servers: what is wrong with the answers."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.contract.rows.asking import Asker
from tests.contract.rows.comparing import differences
from tests.contract.rows.row import Row, Step
from tests.contract.table import Deviation, deviations


def faults(row: Row, askers: Mapping[str, Asker]) -> list[str]:
    """Empty if both answered as expected and, but for the deviations, alike."""
    applying = deviations_of(askers)
    found: list[str] = []
    seen: set[str] = set()
    for number, (step, answers) in enumerate(zip(row.steps, asked(row, askers), strict=True)):
        if step.statuses is None:
            continue
        key = row.key(number)
        covering = [deviation for deviation in applying if deviation.covers(key)]
        found += [f"{key}: {line}" for line in unexpected(step, answers, covering)]
        for one, other in zip(answers["torchserve"], answers["ray"], strict=True):
            for line in differences(one, other, step):
                allowing = {deviation.id for deviation in covering if deviation.allows(line)}
                seen |= allowing
                if not allowing:
                    found.append(f"{key}: {line}")
    return found + [
        f"{row.id}: no deviation any more: {one}" for one in unseen(row, applying, seen)
    ]


def deviations_of(askers: Mapping[str, Asker]) -> list[Deviation]:
    """Only those of timing, if one server stands for both."""
    torchserve, ray = askers["torchserve"].target, askers["ray"].target
    return [
        one
        for one in deviations()
        if one.sometimes or (torchserve != ray and (ray.one_address or not one.one_address))
    ]


def asked(row: Row, askers: Mapping[str, Asker]) -> list[dict[str, list[httpx.Response]]]:
    """By step. Two servers at the same time; one that stands for both, one time after the other."""
    with ThreadPoolExecutor(len({asker.target.inference for asker in askers.values()})) as pool:
        answers = pool.map(
            lambda asker: [asker.answers(step) for step in row.steps], askers.values()
        )
        return [dict(zip(askers, step, strict=True)) for step in zip(*answers, strict=True)]


def unexpected(
    step: Step, answers: Mapping[str, list[httpx.Response]], covering: Sequence[Deviation]
) -> Iterator[str]:
    own = next((one.status for one in covering if one.status), step.statuses)
    expected = {"torchserve": step.statuses, "ray": own}
    for server, found in answers.items():
        statuses = tuple(answer.status_code for answer in found)
        if statuses not in (expected[server], (step.also,)):
            yield f"{server} answers {statuses}, not {expected[server]}: {found[0].text[:200]}"


def unseen(row: Row, applying: Sequence[Deviation], seen: set[str]) -> list[str]:
    keys = [row.key(number) for number in range(len(row.steps))]
    return [
        one.id
        for one in applying
        if one.must_be_seen and one.id not in seen and any(one.covers(key) for key in keys)
    ]
