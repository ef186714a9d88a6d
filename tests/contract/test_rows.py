"""Each row of the table is answered by both servers as TorchServe does."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import groupby

import httpx
import pytest

from tests.contract import archives
from tests.contract.pair import pair
from tests.contract.rows import ROWS
from tests.contract.rows.asking import Asker, Target
from tests.contract.rows.judging import faults
from tests.contract.rows.registering import register, unregister
from tests.contract.rows.row import Row

Askers = dict[str, Asker]


@pytest.fixture(scope="session")
def one_address(targets: dict[str, Target]) -> Iterator[Askers]:
    with serving(targets, archives.SERVED) as found:
        yield found


@pytest.fixture(scope="session")
def dropped_in(one_address: Askers, dropped_in_target: Target) -> Iterator[Askers]:
    """The same servers, Ray Serve's asked by TorchServe's own ports."""
    with Asker(dropped_in_target) as ray:
        yield one_address | {"ray": ray}


@pytest.fixture
def askers(request: pytest.FixtureRequest) -> Askers:
    found: Askers = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="module")
def enveloped(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[str], Askers]]:
    """Servers under the service_envelope that is named; those of the one before end."""
    running: dict[str, Askers] = {}
    with ExitStack() as stack:

        def enveloped(envelope: str) -> Askers:
            if envelope not in running:
                stack.close()
                running.clear()
                settings = {"TS_SERVICE_ENVELOPE": envelope}
                targets = stack.enter_context(pair(tmp_path_factory.mktemp(envelope), settings))
                running[envelope] = stack.enter_context(askers_of(targets))
            return running[envelope]

        yield enveloped


@contextmanager
def askers_of(targets: dict[str, Target]) -> Iterator[Askers]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(Asker(target)) for name, target in targets.items()}


@contextmanager
def serving(targets: dict[str, Target], served: archives.Served) -> Iterator[Askers]:
    """Both servers with the archives in their stores and the models registered."""
    with askers_of(targets) as found:
        different = list({asker.target.inference: asker for asker in found.values()}.values())
        models = [list(group) for _, group in groupby(served, key=lambda one: one[0])]
        for asker in different:
            archives.fill(asker.target.store)
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda pair: add(*pair), [(a, m) for a in different for m in models]))
        yield found
        for asker in different:
            remove(asker, served)


def add(asker: Asker, versions: archives.Served) -> None:
    for model, archive in versions:
        answer = asker.answer(register(200, model, url=f"{archive}.mar", initial_workers=1))
        assert answer.status_code == 200, answer.text


def remove(asker: Asker, served: archives.Served) -> None:
    """The default version of a model comes last."""
    for model, archive in reversed(served):
        version = next(one.version for one in archives.ARCHIVES if one.name == archive)
        answer = asker.answer(unregister(f"{model}/{version}"))
        assert answer.status_code == 200, answer.text


# One after the other for each row, as the last ones end workers.
@pytest.mark.parametrize("askers", ["one_address", "dropped_in"], indirect=True)
@pytest.mark.parametrize("row", [row for row in ROWS if not row.needs], ids=str)
def test_both_answer_alike(row: Row, askers: Askers) -> None:
    found = faults(row, askers)

    assert not found, "\n".join(found)


@pytest.mark.long
@pytest.mark.parametrize("row", [row for row in ROWS if row.needs], ids=str)
def test_both_answer_alike_under_an_envelope(row: Row, enveloped: Callable[[str], Askers]) -> None:
    found = faults(row, enveloped(row.needs))

    assert not found, "\n".join(found)


@pytest.mark.long
def test_without_a_metrics_api_nobody_listens_there(enveloped: Callable[[str], Askers]) -> None:
    for asker in enveloped("body").values():
        with pytest.raises(httpx.ConnectError):
            asker.clients["metrics"].get("/metrics")
