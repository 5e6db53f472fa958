"""Run the pipelines of this project on the active stack.

    python run.py                        # all three, one after the other
    python run.py --training-pipeline    # one of them
    stackyard run run.py --training-pipeline

The stack is not mentioned here: `stackyard stack set NAME` or a click in the sidebar chooses it.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from pipelines.feature_engineering import feature_pipeline
from pipelines.inference import inference_pipeline
from pipelines.training import training_pipeline

from stackyard import Client

CONFIGS = Path(__file__).resolve().parent / "configs"


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description="Run the pipelines of this project on the active stack; without a choice, all three in order.",
        epilog="example: python run.py --training-pipeline --no-cache",
    )
    parser.add_argument("--feature-pipeline", action="store_true", help="load, split and scale the data")
    parser.add_argument("--training-pipeline", action="store_true", help="train two models and promote the better one")
    parser.add_argument("--inference-pipeline", action="store_true", help="predict on held-out rows")
    parser.add_argument("--no-cache", action="store_true", help="run every step, even those with known results")
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="run configuration to use instead of the one in configs/; with one pipeline only",
    )
    arguments = parser.parse_args()
    chosen = [arguments.feature_pipeline, arguments.training_pipeline, arguments.inference_pipeline]
    if not any(chosen):
        arguments.feature_pipeline = arguments.training_pipeline = arguments.inference_pipeline = True
    if arguments.config and sum(chosen) != 1:
        parser.error("--config goes with exactly one of the pipelines: each has its own parameters")
    return arguments


def main() -> int:
    """Run what was asked for; return 1 as soon as a run does not complete."""
    arguments = parse_arguments()

    def run(pipeline: Any, config: str) -> bool:
        options: dict[str, Any] = {"config_path": arguments.config or CONFIGS / config}
        if arguments.no_cache:
            options["enable_cache"] = False
        return str(pipeline.with_options(**options)().status) == "completed"

    if arguments.feature_pipeline and not run(feature_pipeline, "feature_engineering.yaml"):
        return 1

    if arguments.training_pipeline:
        if not run(training_pipeline, "training.yaml"):
            return 1
        # What a run made can be loaded by name, here or in a notebook.
        accuracies = Client().get_artifact_version("accuracies").load()
        for name, accuracy in accuracies.items():
            print(f"accuracy of {name}: {accuracy:.4f}")

    if arguments.inference_pipeline:
        if not run(inference_pipeline, "inference.yaml"):
            return 1
        print(Client().get_artifact_version("predictions").load().head())

    return 0


if __name__ == "__main__":
    sys.exit(main())
