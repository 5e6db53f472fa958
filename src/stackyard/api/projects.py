"""Projects: make one, write a first pipeline."""

from __future__ import annotations

from pathlib import Path

from stackyard.api.context import Context
from stackyard.model.errors import NotFoundError, StorageError
from stackyard.model.names import check_name
from stackyard.model.views import ProjectView
from stackyard.storage.home import find_home
from stackyard.storage.host import expand, reason_of
from stackyard.storage.projects import init_project as make_project
from stackyard.storage.registry import FileRegistryStore

FIRST_PIPELINE = '''"""A first Stackyard pipeline. Run it with the button above, or with: stackyard run {file}"""

from typing import Annotated

from stackyard import log_metadata, pipeline, step


@step
def load_numbers(count: int = 10) -> Annotated[list[int], "numbers"]:
    """Make some data. Its result is stored in the artifact store of the active stack."""
    return list(range(1, count + 1))


@step
def square(numbers: list[int]) -> Annotated[list[int], "squares"]:
    """Runs as soon as the numbers are there."""
    return [n * n for n in numbers]


@step
def total(numbers: list[int]) -> Annotated[int, "total"]:
    """Needs the same input as square: the two run at the same time."""
    return sum(numbers)


@step
def report(squares: list[int], total: int) -> Annotated[dict[str, float], "summary"]:
    """Put both results together."""
    summary = {{"sum of squares": float(sum(squares)), "square of sum": float(total**2)}}
    print("summary:", summary)
    log_metadata(summary)
    return summary


@pipeline
def first_pipeline(count: int = 10):
    """Wire the steps: what one returns, another takes."""
    numbers = load_numbers(count=count)
    report(square(numbers), total(numbers))


if __name__ == "__main__":
    first_pipeline()
'''


def init_project(path: str | Path, name: str | None = None) -> tuple[ProjectView, bool]:
    """Make a folder a project.

    Args:
        path: the folder; must exist.
        name: of the project; default: the folder's.

    Returns:
        The project, and whether it is new.

    Raises:
        InvalidNameError: the name can't be one.
        NotFoundError: the folder does not exist.
        StorageError: it can't be written.
    """
    if name is not None:
        check_name(name, "project")
    root = Path(expand(str(path)))
    if not root.is_dir():
        raise NotFoundError(f"There is no folder {root}.", hint=f'Make it first: mkdir -p "{root}"')
    scope, new = make_project(root, name)
    home = find_home()
    return Context(home, scope, FileRegistryStore(home)).project, new


def create_first_pipeline(folder: str | Path) -> tuple[Path, str]:
    """Write a first pipeline into a folder; never overwrites a file.

    Returns:
        The file and the name of the pipeline function.

    Raises:
        NotFoundError: the folder does not exist.
        StorageError: the file can't be written.
    """
    root = Path(expand(str(folder)))
    if not root.is_dir():
        raise NotFoundError(f"There is no folder {root}.", hint="Open a folder first.")
    number = 1
    while True:
        path = root / ("first_pipeline.py" if number == 1 else f"first_pipeline_{number}.py")
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(FIRST_PIPELINE.format(file=path.name))
        except FileExistsError:
            number += 1
            continue
        except OSError as error:
            raise StorageError(
                f"{path} can't be written: {reason_of(error)}.", hint="Choose another folder."
            ) from error
        return path, "first_pipeline"
