"""Our scores against the ISIC challenge's own package, and where it fails against hand counts."""

from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from isic_challenge_scoring import ClassificationMetric, ClassificationScore

from train.evaluation.scores import (
    METRICS,
    UNDECIDED,
    answers,
    found,
    macro,
    mean_recall,
    per_category,
)

OFFICIAL_NAMES = {"average_precision": "ap", "f1": "dice"}

# The official package's, on pandas 3.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword in Series.rename")


def random_table(seed: int, categories: int, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Labels in which every category occurs, rare ones once or twice, and probabilities."""
    rng = np.random.default_rng(seed)
    frequencies = rng.dirichlet(np.full(categories, 0.5))
    images = int(rng.integers(20, 90))
    labels = np.concatenate([np.arange(categories), rng.choice(categories, images, p=frequencies)])
    probabilities = rng.dirichlet(np.full(categories, 0.4), len(labels))
    if kind == "good":
        probabilities = 0.4 * np.eye(categories)[labels] + 0.6 * probabilities
    if kind == "rounded":
        # Twentieths: many rows share their largest value, and many values are exactly 0.5.
        probabilities = rng.multinomial(20, probabilities) / 20
    if kind == "perfect":
        probabilities = np.eye(categories)[labels]
    return labels, probabilities


def official(labels: np.ndarray, probabilities: np.ndarray) -> ClassificationScore:
    truth = pd.DataFrame(np.eye(probabilities.shape[1])[labels]).add_prefix("category ")
    predicted = pd.DataFrame(probabilities, columns=truth.columns)
    weights = pd.DataFrame(
        1.0, index=truth.index, columns=pd.Index(["score_weight", "validation_weight"])
    )
    return ClassificationScore(truth, predicted, weights, ClassificationMetric.BALANCED_ACCURACY)


@pytest.mark.parametrize("kind", ["random", "good", "rounded", "perfect"])
@pytest.mark.parametrize("categories", [8, 9])
@pytest.mark.parametrize("seed", range(30))
def test_scores_are_those_of_the_challenge(seed: int, categories: int, kind: str) -> None:
    labels, probabilities = random_table(seed, categories, kind)

    scores = per_category(labels, probabilities)
    means = macro(scores)
    overall = mean_recall(labels, found(labels, probabilities))

    expected = official(labels, probabilities)
    names = [OFFICIAL_NAMES.get(metric, metric) for metric in METRICS]
    ours = pd.DataFrame([asdict(score) for score in scores])[list(METRICS)].to_numpy()
    np.testing.assert_allclose(ours, expected.per_category[names].to_numpy(), rtol=0, atol=1e-12)
    np.testing.assert_allclose(
        pd.Series(means)[list(METRICS)].to_numpy(),
        expected.macro_average[names].to_numpy(),
        rtol=0,
        atol=1e-12,
    )
    assert overall == pytest.approx(expected.overall, rel=0, abs=1e-12)


def test_the_rounded_tables_hold_ties_and_exact_halves() -> None:
    tables = [random_table(seed, 8, "rounded")[1] for seed in range(40)]

    assert sum((answers(table) == UNDECIDED).sum() for table in tables) > 100
    assert sum((table == 0.5).sum() for table in tables) > 100


@pytest.mark.parametrize("seed", range(5))
def test_a_category_without_a_true_image_changes_no_other_and_no_mean(seed: int) -> None:
    labels, probabilities = random_table(seed, 8, "rounded")
    with_unknown = np.column_stack([probabilities, np.zeros(len(labels))])

    scores = per_category(labels, with_unknown)

    assert scores[:8] == per_category(labels, probabilities)
    assert macro(scores) == macro(scores[:8])
    assert mean_recall(labels, found(labels, with_unknown)) == mean_recall(
        labels, found(labels, probabilities)
    )


def test_what_is_undefined_without_a_true_image_is_none() -> None:
    labels = np.array([0, 0, 1, 1])
    probabilities = np.array([[0.9, 0.1, 0, 0], [0.2, 0.1, 0, 0.7], [0, 1, 0, 0], [1, 0, 0, 0]])

    never, accused = per_category(labels, probabilities)[2:]

    undefined = {"auc", "average_precision", "auc_sens_80", "sensitivity"}
    assert {metric for metric in METRICS if asdict(never)[metric] is None} == (
        undefined | {"ppv", "f1", "dice"}
    )
    assert (never.specificity, never.accuracy, never.npv) == (1, 1, 1)
    assert {metric for metric in METRICS if asdict(accused)[metric] is None} == undefined
    assert (accused.specificity, accused.accuracy, accused.ppv, accused.f1) == (0.75, 0.75, 0, 0)


def test_what_is_undefined_with_only_true_images_is_none() -> None:
    labels = np.array([0, 0, 0, 0])
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.3, 0.7]])

    scores = per_category(labels, probabilities)

    undefined = {metric for metric in METRICS if asdict(scores[0])[metric] is None}
    assert undefined == {"auc", "auc_sens_80", "specificity"}
    assert (scores[0].sensitivity, scores[0].ppv, scores[0].npv) == (0.75, 1, 0)
    assert scores[0].f1 == scores[0].dice == 6 / 7
    assert macro(scores)["auc"] is None
    assert macro(scores)["sensitivity"] == 0.75


def test_who_does_not_decide_is_wrong() -> None:
    labels = np.array([0, 1, 1])
    probabilities = np.array([[0.5, 0.5, 0], [0.5, 0.5, 0], [0.4, 0.6, 0]])

    answered = answers(probabilities)

    assert answered.tolist() == [UNDECIDED, UNDECIDED, 1]
    assert mean_recall(labels, found(labels, probabilities)) == 0.25
