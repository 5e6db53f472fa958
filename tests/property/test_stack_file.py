"""Whatever stacks are called and labelled: what is exported comes back the same, however YAML may misread it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stackyard.api.components import register_component
from stackyard.api.context import Context, open_context
from stackyard.api.lookup import check_labels
from stackyard.api.plan import apply_file, import_file, plan_file
from stackyard.api.stack_export import export_stacks
from stackyard.api.stack_file import declared_stacks
from stackyard.api.stacks import list_stacks, register_stack
from stackyard.model.enums import ComponentType
from stackyard.model.errors import InvalidNameError, ProjectFileError
from stackyard.model.names import check_name


def _can_be_named(name: str) -> bool:
    try:
        check_name(name, "stack")
    except InvalidNameError:
        return False
    return name != "default"


def _can_be_key(key: str) -> bool:
    try:
        check_labels({key: ""})
    except InvalidNameError:
        return False
    return True


misread = st.sampled_from(
    ["on", "no", "~", "null", "1", "1.0", "1e3", "0x1F", "2024-01-31", "=", "<<", "a: b", "#a", "- a", "&a", "*a", "!a"]
)
texts = misread | st.text(st.characters(codec="utf-8"), max_size=12) | st.just("{{name.key}}") | st.just("a\nb ")
names = misread.filter(_can_be_named) | st.text(max_size=12).filter(_can_be_named)
labels = st.dictionaries(misread.filter(_can_be_key) | st.text(max_size=6).filter(_can_be_key), texts, max_size=3)


@settings(max_examples=40)
@example(stack="on", store="=", stack_labels={"<<": "=", "labels": "\x85"}, store_labels={}, path="~")
@given(stack=names, store=names, stack_labels=labels, store_labels=labels, path=names)
def test_an_export_comes_back_the_same(
    stack: str, store: str, stack_labels: dict[str, str], store_labels: dict[str, str], path: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        ctx = open_context(root, root / "home")
        where = {"path": str(root / path)}
        register_component(ctx, ComponentType.ARTIFACT_STORE, store, "local", where, labels=store_labels)
        register_stack(ctx, stack, {"orchestrator": "default", "artifact_store": store}, stack_labels)
        file = root / "file.yaml"
        file.write_text(export_stacks(ctx), encoding="utf-8", newline="")
        assert not plan_file(ctx, file).drift
        for use in (apply_file, import_file):
            away = open_context(root, root / use.__name__)
            use(away, file)
            assert _shape(away) == _shape(ctx)


words = st.sampled_from(
    [
        "version",
        "project",
        "components",
        "stacks",
        "orchestrator",
        "artifact_store",
        "alerter",
        "default",
        "local",
        "a",
        "flavor",
        "configuration",
        "labels",
        "path",
        "max_workers",
        "url",
        "webhook",
        "name",
        "{{a.b}}",
        "~x/y",
        "a/b",
    ]
)
documents = st.recursive(
    words | st.none() | st.booleans() | st.integers(-1, 2) | st.floats() | st.dates() | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=25,
)
definitions = st.dictionaries(words, documents, max_size=2) | documents
sections = st.dictionaries(words, st.dictionaries(words, definitions, max_size=2) | documents, max_size=3) | documents
files = st.fixed_dictionaries({"version": st.just(1)}, optional={"components": sections, "stacks": sections})


@settings(max_examples=100)
@given(document=files | documents, junk=st.text(max_size=3), place=st.floats(0, 1))
def test_any_file_is_read_or_refused_in_words(document: object, junk: str, place: float) -> None:
    """Given a file of any shape, half-typed or whole, a plan is made, or the file is refused with its problems."""
    text = yaml.safe_dump(document, allow_unicode=True)
    cut = int(len(text) * place)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        ctx = open_context(root, root / "home")
        for content in (text, text[:cut] + junk + text[cut:]):
            (root / "stackyard.yaml").write_text(content, encoding="utf-8", errors="surrogatepass", newline="")
            declared_stacks(ctx)
            try:
                plan_file(ctx, root / "stackyard.yaml")
            except ProjectFileError as error:
                assert error.message  # noqa: PT017  # both outcomes are right
                assert error.hint  # noqa: PT017
            assert not ctx.home.exists()


def _shape(ctx: Context) -> list[object]:
    return [
        (
            v.name,
            v.labels,
            [(c.name, c.labels, c.configuration["path"]) for c in v.components[1:] if c.name != "default"],
        )
        for v in list_stacks(ctx)
    ]
