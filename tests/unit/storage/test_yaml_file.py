"""YAML with positions: what comes out, and what YAML would silently make of a mistake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stackyard.model.errors import ProjectFileError
from stackyard.storage.yaml_file import compose_file, document_problems, location, pairs, plain


def _write(folder: Path, text: str | bytes) -> Path:
    path = folder / "file.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def _problems(folder: Path, text: str) -> list[tuple[int, str]]:
    path = _write(folder, text)
    return [(p.location.line, p.message) for p in document_problems(compose_file(path, "", ProjectFileError), path)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1\nb: [x, 2.5, true, null]", {"a": 1, "b": ["x", 2.5, True, None]}),
        ("on: 2024-01-31\n1: yes", {"on": "2024-01-31", "1": True}),  # keys and dates are texts, as they are written
        ("x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}", {"x": {"a": 1, "b": 2}, "y": {"a": 1, "b": 3}}),
        ("x: &x {a: 1}\nz: &z {a: 2, c: 3}\ny: {<<: [*x, *z]}", None),
        ("a: !!int many", {"a": "many"}),
        ("a: !!int ''\nb: !!float ''", {"a": "", "b": ""}),
        ("\ufeffa: 1", {"a": 1}),
    ],
)
def test_values_are_json(tmp_path: Path, text: str, value: Any) -> None:
    node = compose_file(_write(tmp_path, text), "", ProjectFileError)
    assert node is not None
    if value is None:  # the first of several merged mappings wins
        assert plain(node)["y"] == {"a": 1, "c": 3}
    else:
        assert plain(node) == value


def test_an_empty_file_has_no_node(tmp_path: Path) -> None:
    assert compose_file(_write(tmp_path, "# nothing\n"), "", ProjectFileError) is None


def test_positions_count_from_one(tmp_path: Path) -> None:
    path = _write(tmp_path, "a:\n  b: c\n")
    root = compose_file(path, "", ProjectFileError)
    assert root is not None
    key, value = pairs(pairs(root)["a"][1])["b"]
    assert (location(key, path).line, location(key, path).column) == (2, 3)
    assert str(location(value, path)) == f"{path}:2"


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("a: 1\nb: {c: 1}\n", []),
        ("a: 1\nb: 2\na: 3\n", [(3, "The key 'a' stands twice; the first is in line 1.")]),
        ("a:\n  x: 1\n  x: 2\n", [(3, "The key 'x' stands twice; the first is in line 2.")]),
        ("a: {{x.y}}\n", [(1, "YAML reads {{x.y}} without quotes as a mapping.")]),
        ("a:\n- {{ x.y }}\n", [(2, "YAML reads {{x.y}} without quotes as a mapping.")]),
        ("a: '{{x.y}}'\n", []),
        ("a: https://{{x.y}}/z\n", []),
        ("a: !secret x\n", [(1, "The tag !secret has no meaning here.")]),
        ("? [a, b]\n: c\n", [(1, "A key must be a text.")]),
        ("a: &a {x: 1, x: 2}\nb: *a\n", [(1, "The key 'x' stands twice; the first is in line 1.")]),
    ],
)
def test_what_yaml_would_let_pass_is_a_problem(tmp_path: Path, text: str, problems: list[tuple[int, str]]) -> None:
    assert _problems(tmp_path, text) == problems


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: c: d\n", 2, "is not valid YAML"),
        ("a: 1\nb: {{x.y}}/z\n", 2, "a value that begins with {{ needs quotes"),
        ("a: 1\n---\nb: 2\n", 2, "found another document"),
        ("[" * 200_000, 1, "nested too deeply"),
        ("\n".join("  " * n + "a:" for n in range(200)), 101, "nested too deeply"),
        ("a: &a [*a]\n", 0, "its aliases"),
        ("\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10) if n else 1}]" for n in range(9)), 0, "its aliases"),
        ("a: \x01\n", 0, "control characters"),
        (b"\xff\xfe\x00", 0, "is not UTF-8 text"),
        (b"a: " + b"x" * 1_000_001, 0, "is larger than 1,000,000 bytes"),
    ],
)
def test_what_is_no_yaml_is_refused_with_its_line(tmp_path: Path, text: str | bytes, line: int, words: str) -> None:
    path = _write(tmp_path, text)
    with pytest.raises(ProjectFileError) as caught:
        compose_file(path, "thing", ProjectFileError)
    assert caught.value.message.startswith(f"The thing {path}")
    assert words in caught.value.message
    assert caught.value.hint
    assert (caught.value.location.line if caught.value.location else 0) == line


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProjectFileError, match=r"none\.yaml can't be read: no such file"):
        compose_file(tmp_path / "none.yaml", "", ProjectFileError)
