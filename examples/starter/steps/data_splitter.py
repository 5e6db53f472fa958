"""Which rows serve for what."""

from typing import Annotated

import pandas as pd
from sklearn.model_selection import train_test_split

from stackyard import step


@step
def data_splitter(
    dataset: pd.DataFrame,
    test_size: float = 0.2,
    holdout_size: float = 0.1,
    random_state: int = 42,
    target: str = "target",
) -> tuple[
    Annotated[pd.DataFrame, "raw_train"],
    Annotated[pd.DataFrame, "raw_test"],
    Annotated[pd.DataFrame, "holdout"],
]:
    """Split the rows three ways, each with the same share of malignant cases.

    A tuple of `Annotated` types makes several outputs; the pipeline unpacks them like any tuple.

    Args:
        dataset: All rows, with the target column.
        test_size: Share of the rows that measure the models.
        holdout_size: Share that is kept for inference: neither training nor evaluation sees it.
        random_state: The same number gives the same split.
        target: Name of the target column.
    """
    rest, holdout = train_test_split(
        dataset, test_size=holdout_size, random_state=random_state, stratify=dataset[target]
    )
    share_of_rest = test_size / (1 - holdout_size)
    train, test = train_test_split(rest, test_size=share_of_rest, random_state=random_state, stratify=rest[target])
    print(f"{len(train)} rows to train, {len(test)} to test, {len(holdout)} held out")
    return train, test, holdout
