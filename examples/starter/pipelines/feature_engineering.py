"""From raw measurements to tables that models can learn from."""

from steps.data_loader import data_loader
from steps.data_preprocessor import data_preprocessor
from steps.data_splitter import data_splitter

from stackyard import pipeline


@pipeline
def feature_pipeline(test_size: float = 0.2, holdout_size: float = 0.1, random_state: int = 42) -> None:
    """Load the data, split it and scale it.

    Calling a step in here does not run it: it returns a handle for what the step will return. Handing that to another
    step is what connects the two. Nothing starts before the whole pipeline is recorded and found to be sound.
    """
    dataset = data_loader()
    raw_train, raw_test, _ = data_splitter(
        dataset, test_size=test_size, holdout_size=holdout_size, random_state=random_state
    )
    data_preprocessor(raw_train, raw_test)
