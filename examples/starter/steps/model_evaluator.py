"""How good a model is."""

from typing import Annotated

import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score

from stackyard import log_metadata, step


@step
def model_evaluator(model: ClassifierMixin, test: pd.DataFrame, target: str = "target") -> Annotated[float, "accuracy"]:
    """Return the share of test rows that the model gets right.

    Args:
        model: Any trained classifier.
        test: Preprocessed rows that the model was not trained on.
        target: Name of the target column.
    """
    accuracy = float(accuracy_score(test[target], model.predict(test.drop(columns=target))))
    print(f"{type(model).__name__}: accuracy {accuracy:.4f} on {len(test)} test rows")
    # Kept with the step run, so that runs can be compared without loading anything.
    log_metadata({"accuracy": accuracy, "model_type": type(model).__name__})
    return accuracy
