"""What the models get to see."""

from typing import Annotated

import pandas as pd
from sklearn.feature_selection import VarianceThreshold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from stackyard import step


@step
def data_preprocessor(
    raw_train: pd.DataFrame,
    raw_test: pd.DataFrame,
    normalize: bool = True,
    target: str = "target",
) -> tuple[
    Annotated[pd.DataFrame, "train"],
    Annotated[pd.DataFrame, "test"],
    Annotated[Pipeline, "preprocessor"],
]:
    """Drop constant columns and bring the others to one scale.

    What is learnt from the data (here: means and deviations) comes from the training rows alone. The fitted
    preprocessor is an output too, so that inference treats new rows the very same way.

    Args:
        raw_train: Rows to fit on, with the target column.
        raw_test: Rows that are only transformed.
        normalize: Scale each feature to mean 0 and deviation 1. A linear model such as SGD suffers without it.
        target: Name of the target column.
    """
    stages = [("drop_constant", VarianceThreshold())]
    if normalize:
        stages.append(("scale", StandardScaler()))
    preprocessor = Pipeline(stages).set_output(transform="pandas")

    train = preprocessor.fit_transform(raw_train.drop(columns=target))
    test = preprocessor.transform(raw_test.drop(columns=target))
    train[target], test[target] = raw_train[target], raw_test[target]
    return train, test, preprocessor
