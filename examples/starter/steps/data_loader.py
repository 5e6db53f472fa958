"""Where the data comes from."""

from typing import Annotated

import pandas as pd
from sklearn.datasets import load_breast_cancer

from stackyard import log_metadata, step


@step
def data_loader(target: str = "target") -> Annotated[pd.DataFrame, "dataset"]:
    """Load the breast cancer data that ships with scikit-learn: 569 rows, 30 measurements each.

    `Annotated` gives the output its name: every run of this step adds a version to the artifact `dataset`.

    Args:
        target: Name for the column that says malignant (0) or benign (1).
    """
    dataset = load_breast_cancer(as_frame=True).frame.rename(columns={"target": target})
    print(f"loaded {len(dataset)} rows with {dataset.shape[1] - 1} features")
    log_metadata({"rows": len(dataset), "features": dataset.shape[1] - 1})
    return dataset
