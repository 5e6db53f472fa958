"""From rows that no model has seen to predictions."""

from steps.inference_predict import inference_predict
from steps.inference_preprocessor import inference_preprocessor

from stackyard import Client, pipeline


@pipeline
def inference_pipeline() -> None:
    """Predict on the held-out rows with the promoted model.

    Nothing here is computed again: the newest versions of three artifacts that the training pipeline made are looked
    up by name and handed to the steps like any other input, so the lineage shows where each came from.
    """
    client = Client()
    model = client.get_artifact_version("model")
    preprocessor = client.get_artifact_version("preprocessor")
    holdout = client.get_artifact_version("holdout")

    features = inference_preprocessor(holdout, preprocessor)
    inference_predict(model, features)
