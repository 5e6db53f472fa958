"""What each component type is for: the texts of ``explain``, of lists and of the documentation."""

from __future__ import annotations

from typing import NamedTuple

from stackyard.model.enums import ComponentType


class Explanation(NamedTuple):
    """A component type in words."""

    doc: str
    """One sentence."""
    text: str
    """Paragraphs, separated by empty lines."""


EXPLANATIONS: dict[ComponentType, Explanation] = {
    ComponentType.ORCHESTRATOR: Explanation(
        "Runs the steps of a pipeline.",
        "The orchestrator decides where and when each step runs: it starts a step as soon as its inputs are there, "
        "several at the same time, and says what a failed step means for the others. Every stack has one.\n\n"
        "The flavor local runs steps as processes of this machine.",
    ),
    ComponentType.ARTIFACT_STORE: Explanation(
        "Keeps what steps return.",
        "Every value that a step returns is stored as an artifact version: in an open format, with a digest and with "
        "where it came from. The cache looks for results here, so a pipeline that moves to a stack with another "
        "artifact store really runs again. Every stack has one.\n\n"
        "The flavor local keeps artifacts in a folder of this machine.",
    ),
    ComponentType.CONTAINER_REGISTRY: Explanation(
        "Keeps container images.",
        "Orchestrators and step operators that run steps in containers push images here and pull them from here.\n\n"
        "The flavor default speaks the registry protocol that all of them speak: a URI, and a secret to log in with.",
    ),
    ComponentType.STEP_OPERATOR: Explanation(
        "Runs single steps elsewhere than the rest of the pipeline.",
        "A step that names the stack's step operator runs on it: on a larger machine, or on one with a GPU, while the "
        "orchestrator runs the other steps.",
    ),
    ComponentType.EXPERIMENT_TRACKER: Explanation(
        "Keeps what steps log about experiments: parameters, metrics, models.",
        "A step that names the stack's experiment tracker runs inside a tracking run; what it logs with the tracker's "
        "own library lands there, and the run links to it.\n\n"
        "The flavor mlflow tracks with MLflow, in a local database unless a server is named.",
    ),
    ComponentType.MODEL_DEPLOYER: Explanation(
        "Serves models.",
        "A model deployer takes a trained model and answers requests with its predictions.",
    ),
    ComponentType.MODEL_REGISTRY: Explanation(
        "Keeps models outside of Stackyard, with versions and stages.",
        "Where a team keeps its models in a registry of its own, this component writes them there and reads them "
        "from there.",
    ),
    ComponentType.FEATURE_STORE: Explanation(
        "Serves features for training and prediction.",
        "A feature store gives training and prediction the same, consistent values of features.",
    ),
    ComponentType.DATA_VALIDATOR: Explanation(
        "Checks data for quality and drift.",
        "A data validator profiles datasets, compares them with expectations and with each other, and reports.",
    ),
    ComponentType.ALERTER: Explanation(
        "Tells people how a run ended.",
        "When a run has finished or failed, the stack's alerter sends a message. An alert that can't be delivered "
        "never fails the run.\n\nThe flavor webhook posts JSON to a URL.",
    ),
    ComponentType.ANNOTATOR: Explanation(
        "Lets people label data.",
        "An annotator hands data to people for labels, and gives labelled data back to pipelines.",
    ),
    ComponentType.IMAGE_BUILDER: Explanation(
        "Builds container images.",
        "Orchestrators and step operators that run steps in containers let it build the images with the code and its "
        "requirements.",
    ),
    ComponentType.LOG_STORE: Explanation(
        "Keeps the logs of runs outside of this machine.",
        "Without one, logs lie in Stackyard's home, which is enough for one machine.",
    ),
}
"""In the order of the component types."""
