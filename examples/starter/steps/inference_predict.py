"""What the promoted model says about new rows."""

from typing import Annotated

import pandas as pd
from sklearn.base import ClassifierMixin

from stackyard import log_metadata, step

NAMES = {0: "malignant", 1: "benign"}


@step
def inference_predict(
    model: ClassifierMixin, features: pd.DataFrame, target: str = "target"
) -> Annotated[pd.DataFrame, "predictions"]:
    """Predict, and compare with the truth where it is known.

    Args:
        model: The promoted model.
        features: Preprocessed rows.
        target: Name of the column with the truth, if there is one.
    """
    known = features.get(target)
    predicted = pd.Series(model.predict(features.drop(columns=target, errors="ignore")), index=features.index)
    predictions = pd.DataFrame({"predicted": predicted.map(NAMES)})
    if known is not None:
        predictions["actual"] = known.map(NAMES)
        accuracy = float((predicted == known).mean())
        print(f"{type(model).__name__}: accuracy {accuracy:.4f} on {len(features)} held-out rows")
        log_metadata({"accuracy": accuracy})
    log_metadata({"rows": len(predictions)})
    return predictions
