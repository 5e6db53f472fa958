"""New rows, treated as the training rows were."""

from typing import Annotated

import pandas as pd
from sklearn.pipeline import Pipeline

from stackyard import step


@step
def inference_preprocessor(
    holdout: pd.DataFrame, preprocessor: Pipeline, target: str = "target"
) -> Annotated[pd.DataFrame, "inference_features"]:
    """Apply the preprocessor that was fitted in training; nothing is learnt from the new rows.

    Args:
        holdout: Rows that neither training nor evaluation saw.
        preprocessor: From the run that trained the model.
        target: Name of the target column, which is passed through if it is there.
    """
    features = preprocessor.transform(holdout.drop(columns=target, errors="ignore"))
    if target in holdout:
        features[target] = holdout[target]
    return features
