"""From tables to the better one of two models."""

from steps.data_loader import data_loader
from steps.data_preprocessor import data_preprocessor
from steps.data_splitter import data_splitter
from steps.model_evaluator import model_evaluator
from steps.model_promoter import model_promoter
from steps.model_trainer import random_forest_trainer, sgd_trainer

from stackyard import pipeline


@pipeline
def training_pipeline(test_size: float = 0.2, holdout_size: float = 0.1, random_state: int = 42) -> None:
    """Train two types of model side by side, measure both and promote the better one.

    The first three steps are those of the feature pipeline. They need not run twice: a step whose code, parameters and
    inputs are known in this stack's artifact store is taken from the cache.
    """
    dataset = data_loader()
    raw_train, raw_test, _ = data_splitter(
        dataset, test_size=test_size, holdout_size=holdout_size, random_state=random_state
    )
    train, test, _ = data_preprocessor(raw_train, raw_test)

    # Neither trainer takes anything from the other, so both run at the same time, each in its own process.
    random_forest = random_forest_trainer(train, random_state=random_state)
    sgd = sgd_trainer(train, random_state=random_state)

    # The same step twice is two steps of the run: model_evaluator and model_evaluator_2.
    random_forest_accuracy = model_evaluator(random_forest, test)
    sgd_accuracy = model_evaluator(sgd, test)

    model_promoter(random_forest, sgd, random_forest_accuracy, sgd_accuracy)
