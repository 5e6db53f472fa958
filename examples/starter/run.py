"""Run the pipelines of this project on the active stack.

    python run.py                        # all three, one after the other
    python run.py --training-pipeline    # one of them
    stackyard run run.py --training-pipeline

The stack is not mentioned here: `stackyard stack set NAME` or a click in the sidebar chooses it.
"""

import argparse
from pathlib import Path
from typing import Any

from pipelines.feature_engineering import feature_pipeline
from pipelines.inference import inference_pipeline
from pipelines.training import training_pipeline

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


def run_one(pipeline: Any, config: str, arguments: argparse.Namespace) -> Any:
    """Run one pipeline and return the finished run; a run that fails ends the script with its message."""
    options: dict[str, Any] = {"config_path": arguments.config or CONFIGS / config}
    if arguments.no_cache:
        options["enable_cache"] = False
    return pipeline.with_options(**options)()


def main() -> None:
    """Run what was asked for and show what came out."""
    arguments = parse_arguments()

    if arguments.feature_pipeline:
        run_one(feature_pipeline, "feature_engineering.yaml", arguments)

    if arguments.training_pipeline:
        run = run_one(training_pipeline, "training.yaml", arguments)
        # What the steps passed to log_metadata is kept with the run, also when a step came from the cache.
        for name, step in run.steps.items():
            if name.startswith("model_evaluator"):
                print(f"accuracy of {step.metadata['model_type']}: {step.metadata['accuracy']:.4f}")

    if arguments.inference_pipeline:
        run = run_one(inference_pipeline, "inference.yaml", arguments)
        # Any output can be loaded, here or in a notebook: from its step, or by name with Client().get_artifact_version.
        predictions = run.steps["inference_predict"].output.load()
        print(predictions.head())


if __name__ == "__main__":
    main()
