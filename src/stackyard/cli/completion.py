"""Shell completion: the script for a shell, and the names that complete.

While a shell completes, nothing may be printed and nothing may fail: whatever goes wrong gives no names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import click

from stackyard.api.context import Context, open_context
from stackyard.cli.output import json_option, print_json
from stackyard.model.enums import ComponentType

Completion = Callable[[click.Context, click.Parameter, str], list[str]]


def _completion(names: Callable[[Context], Iterable[str]]) -> Completion:
    def complete(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
        try:
            return sorted(name for name in names(open_context()) if name.startswith(incomplete))
        except Exception:  # noqa: BLE001  # see above
            return []

    return complete


def _secrets(ctx: Context) -> Iterable[str]:
    from stackyard.api.secrets import list_secrets  # noqa: PLC0415  # only while a secret's name is completed

    return [view.name for view in list_secrets(ctx)]


def _integrations(_: Context) -> Iterable[str]:
    from stackyard.api.integrations import list_integrations  # noqa: PLC0415  # only while one is completed

    return [view.name for view in list_integrations()]


def _runs(ctx: Context) -> Iterable[str]:
    from stackyard.api.runs import recent_names  # noqa: PLC0415  # only while a run's name is completed

    return recent_names(ctx)


def _models(ctx: Context) -> Iterable[str]:
    from stackyard.api.models import list_models  # noqa: PLC0415  # only while a model's name is completed

    return [view.name for view in list_models(ctx, limit=1000).items]


def _tags(ctx: Context) -> Iterable[str]:
    from stackyard.api.tags import list_tags  # noqa: PLC0415  # only while a tag is completed

    return [view.name for view in list_tags(ctx)]


def step_names(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the steps of the run that was named before."""

    def steps(context: Context) -> Iterable[str]:
        from stackyard.api.runs import get_run  # noqa: PLC0415  # only while a step's name is completed

        return [step.name for step in get_run(context, ctx.params["run"]).steps]

    return _completion(steps)(ctx, parameter, incomplete)


run_names = _completion(_runs)
model_names = _completion(_models)
tag_names = _completion(_tags)
integration_names = _completion(_integrations)
stack_names = _completion(lambda ctx: [stack.name for stack in ctx.registry.read().stacks])
secret_names = _completion(_secrets)


def component_names(component_type: ComponentType) -> Completion:
    """Return what completes the names of a type's components."""
    return _completion(lambda ctx: [c.name for c in ctx.registry.read().components_of(component_type)])


def attributes_of_named(component_type: ComponentType) -> Completion:
    """Return what completes the name of a component, and then the attributes that it has set."""
    names = component_names(component_type)

    def complete(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
        words: tuple[str, ...] = ctx.params.get("words") or ()
        if not words:
            return names(ctx, parameter, incomplete)

        def attributes(context: Context) -> Iterable[str]:
            found = context.registry.read().components_of(component_type)
            return [key for c in found if c.name == words[0] for key in c.configuration if key not in words]

        return _completion(attributes)(ctx, parameter, incomplete)

    return complete


def flavor_names(component_type: ComponentType) -> Completion:
    """Return what completes the names of a type's flavors."""

    def names(ctx: Context) -> Iterable[str]:
        from stackyard.api.flavors import flavor_docs  # noqa: PLC0415  # only while a flavor's name is completed

        return flavor_docs(ctx, component_type)

    return _completion(names)


def column_names(names: Sequence[str], separator: str) -> Completion:
    """Return what completes the last of several columns."""

    def complete(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
        before, found, last = incomplete.rpartition(separator)
        return [before + found + name for name in names if name.startswith(last)]

    return complete


@click.command(epilog="Example: stackyard completion bash")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@json_option
def completion(shell: str, as_json: bool) -> None:
    """Print the script that lets a shell complete commands, options and names.

    \b
    bash: add to ~/.bashrc                  eval "$(stackyard completion bash)"
    zsh:  add to ~/.zshrc                   eval "$(stackyard completion zsh)"
    fish: add to ~/.config/fish/config.fish stackyard completion fish | source
    """  # noqa: D301  # click's mark for lines that stay as they are
    from click.shell_completion import get_completion_class  # noqa: PLC0415  # only here

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101  # one of click's own
    root = click.get_current_context().find_root()
    script = kind(root.command, {}, "stackyard", "_STACKYARD_COMPLETE").source()
    if as_json:
        print_json({"shell": shell, "script": script})
        return
    click.echo(script)
