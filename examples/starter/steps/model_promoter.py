"""Which model goes on to inference."""

from typing import Annotated

from sklearn.base import ClassifierMixin

from stackyard import log_metadata, step


@step
def model_promoter(
    random_forest: ClassifierMixin,
    sgd: ClassifierMixin,
    random_forest_accuracy: float,
    sgd_accuracy: float,
    min_accuracy: float = 0.8,
) -> tuple[Annotated[ClassifierMixin, "model"], Annotated[dict[str, float], "accuracies"]]:
    """Promote the more accurate of the two: it becomes the newest version of the artifact `model`.

    Args:
        random_forest: The one candidate.
        sgd: The other candidate.
        random_forest_accuracy: What the evaluation of the random forest gave.
        sgd_accuracy: What the evaluation of the linear model gave.
        min_accuracy: What the better one must reach at least.

    Raises:
        ValueError: Neither is good enough. The step and the run then fail, and the last promoted model stays newest.
    """
    accuracies = {"random_forest": random_forest_accuracy, "sgd": sgd_accuracy}
    better = max(accuracies, key=lambda name: accuracies[name])
    if accuracies[better] < min_accuracy:
        message = f"the better model, {better}, reaches an accuracy of {accuracies[better]:.4f}, not {min_accuracy}"
        raise ValueError(message)
    print(f"promoted {better}: accuracy {accuracies[better]:.4f}")
    log_metadata({"promoted": better, "accuracy": accuracies[better]})
    return (random_forest if better == "random_forest" else sgd), accuracies
