"""What MLflow is told of an evaluation."""

from train.evaluation.logged import flat


def test_every_number_has_a_flat_name_that_mlflow_takes() -> None:
    metrics = {
        "images": 4,
        "per_class": {"MEL": {"auc": 0.5, "ppv": None}},
        "operating_points": {"MEL": {"0.90": {"threshold": 0.25, "specificity": None}}},
        "subgroups": {
            "age": [{"group": "80+", "images": 3, "too_few": True}],
            "site": [{"group": "head/neck", "balanced_accuracy": {"value": 0.75}}],
        },
        "confusion": [[1, 2], [3, 4]],
        "measured": {"data": "folder"},
    }

    assert flat(metrics) == {
        "images": 4.0,
        "per_class/MEL/auc": 0.5,
        "operating_points/MEL/0.90/threshold": 0.25,
        "subgroups/age/80_/images": 3.0,
        "subgroups/site/head_neck/balanced_accuracy/value": 0.75,
    }
