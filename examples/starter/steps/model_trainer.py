"""Two types of model for the same data."""

from typing import Annotated

import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import SGDClassifier

from stackyard import step


@step
def random_forest_trainer(
    train: pd.DataFrame,
    n_estimators: int = 100,
    max_depth: int | None = None,
    random_state: int = 42,
    target: str = "target",
) -> Annotated[ClassifierMixin, "random_forest"]:
    """Train many decision trees that vote.

    Args:
        train: Preprocessed rows with the target column.
        n_estimators: Number of trees.
        max_depth: How deep a tree may grow; None: without a limit.
        random_state: The same number gives the same forest.
        target: Name of the target column.
    """
    model = RandomForestClassifier(n_estimators=n_estimators, max_depth=max_depth, random_state=random_state)
    model.fit(train.drop(columns=target), train[target])
    print(f"trained a random forest of {n_estimators} trees on {len(train)} rows")
    return model


@step
def sgd_trainer(
    train: pd.DataFrame,
    alpha: float = 0.001,
    max_iter: int = 2000,
    random_state: int = 42,
    target: str = "target",
) -> Annotated[ClassifierMixin, "sgd"]:
    """Train a linear model by stochastic gradient descent.

    Args:
        train: Preprocessed rows with the target column.
        alpha: Strength of the regularisation.
        max_iter: Most passes over the data.
        random_state: The same number gives the same model.
        target: Name of the target column.
    """
    model = SGDClassifier(alpha=alpha, max_iter=max_iter, random_state=random_state)
    model.fit(train.drop(columns=target), train[target])
    print(f"trained a linear model in {model.n_iter_} passes over {len(train)} rows")
    return model
