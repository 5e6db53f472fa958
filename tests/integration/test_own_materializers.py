"""Materializers of users in real runs: in a module, in the script itself, named by nobody."""

from __future__ import annotations

from tests.integration.user import User, statuses

SHAPES = """
import json, os
from typing import Any, Type
from stackyard import BaseMaterializer, VisualizationType

class Shape:
    def __init__(self, corners):
        self.corners = corners

class ShapeMaterializer(BaseMaterializer):
    ASSOCIATED_TYPES = (Shape,)

    def load(self, data_type: Type[Any]) -> Any:
        with self.artifact_store.open(os.path.join(self.uri, "shape.json")) as file:
            return Shape(json.load(file))

    def save(self, data: Any) -> None:
        with self.artifact_store.open(os.path.join(self.uri, "shape.json"), "w") as file:
            json.dump(data.corners, file)

    def save_visualizations(self, data: Any):
        path = os.path.join(self.uri, "shown.html")
        with self.artifact_store.open(path, "w") as file:
            file.write(f"<b>{data.corners}</b>")
        return {path: VisualizationType.HTML}

    def extract_metadata(self, data: Any):
        return {"corners": data.corners}
"""
STEPS = """
from typing import Annotated
from stackyard import pipeline, step

@step
def draw() -> Annotated[Shape, "shape"]:
    return Shape(3)

@step
def several(shape: Shape) -> list:
    return [shape, Shape(5)]

@step
def look(shapes: list) -> None:
    print("corners", [shape.corners for shape in shapes])

@pipeline
def drawing() -> None:
    look(several(draw()))

if __name__ == "__main__":
    drawing()
"""
LOADING = """
from stackyard import Client, StackyardError
try:
    print("loaded", Client().get_artifact_version("shape").load().corners)
except StackyardError as error:
    print(error.message, error.hint)
"""
ALL = ["draw", "several", "look"]


def run(user: User, name: str, status: str) -> None:
    done = user.python(user.folder / name)
    assert done.code == 0, done
    assert statuses(user.runs()[-1]) == dict.fromkeys(ALL, status), done


def test_a_class_in_a_module_is_known_to_all_steps_by_being_imported(user: User) -> None:
    user.write("shapes.py", SHAPES)
    user.write("run.py", "from shapes import Shape, ShapeMaterializer\n" + STEPS)
    run(user, "run.py", "completed")
    assert [line.text for line in user.logs(user.runs()[-1], "look")] == ["corners [3, 5]"]
    shown = user.stackyard("artifact", "show", "shape")
    assert "materializer shapes:ShapeMaterializer" in shown.out, shown
    assert "<b>3</b>" in shown.out, shown
    run(user, "run.py", "cached")
    user.write("shapes.py", SHAPES.replace("<b>", "<i>"))
    run(user, "run.py", "completed")
    loading = user.write("loading.py", LOADING)
    assert "loaded 3" in user.python(loading).out
    user.write("shapes.py", SHAPES.replace("load(self", "lade(self"))
    user.write("run.py", "from shapes import Shape, ShapeMaterializer\n" + STEPS)
    done = user.python(user.folder / "run.py")
    assert "has no load(self, data_type)" in done.text, done


def test_a_class_in_the_script_itself_travels_with_the_run(user: User) -> None:
    user.write("run.py", SHAPES + STEPS)
    run(user, "run.py", "completed")
    assert [line.text for line in user.logs(user.runs()[-1], "look")] == ["corners [3, 5]"]
    run(user, "run.py", "cached")
    # The input comes from the store, written by the script as it was.
    user.write("run.py", SHAPES + STEPS.replace('"corners"', '"edges"'))
    done = user.python(user.folder / "run.py")
    assert statuses(user.runs()[-1]) == {"draw": "cached", "several": "cached", "look": "completed"}, done
    user.write("run.py", SHAPES.replace("<b>", "<i>") + STEPS)
    run(user, "run.py", "completed")
    other = user.python(user.write("loading.py", LOADING))
    assert "ShapeMaterializer is defined in the script run.py, which no other program can import." in other.out, other
    done = user.stackyard("run", "run.py")
    assert (done.code, user.runs()[-1].status) == (0, "completed"), done
