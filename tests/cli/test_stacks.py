"""Stacks as a user changes them."""

from __future__ import annotations

from tests.cli.shell import Shell


def test_a_stack_from_register_to_delete(shell: Shell) -> None:
    """Given components of several types, a stack takes each by its option, short or long, and lets go of it again."""
    shell.do("artifact-store", "register", "store", "--flavor=local")
    shell.do("alerter", "register", "hook", "--flavor=webhook", "--url=http://localhost:9/x")
    shell.do("container-registry", "register", "images", "--flavor=default", "--uri=localhost:5000")
    shell.do("experiment-tracker", "register", "tracker", "--flavor=mlflow")
    made = shell.do(
        "stack", "register", "mine", "-o", "default", "-a", "store", "-al", "hook", "--container_registry", "images",
        "--label", "team=vision",
    )  # fmt: skip
    assert made.out == "Stack 'mine' registered.\n"
    assert made.err == "Switch to it with: stackyard stack set mine\n"
    before = shell.json("stack", "describe", "mine")
    assert [(c["component_type"], c["name"]) for c in before["components"]] == [
        ("orchestrator", "default"), ("artifact_store", "store"), ("container_registry", "images"), ("alerter", "hook"),
    ]  # fmt: skip

    shell.do("stack", "set", "mine")
    shell.do("stack", "update", "-e", "tracker", "--label", "stage=test")
    shell.do("stack", "remove-component", "mine", "-c", "--alerter")
    shell.do("stack", "rename", "mine", "yours")
    active = shell.json("stack", "get")
    assert (active["name"], active["id"]) == ("yours", before["id"])
    assert [c["name"] for c in active["stack"]["components"]] == ["default", "store", "tracker"]
    assert active["stack"]["labels"] == {"team": "vision", "stage": "test"}
    assert [v["name"] for v in shell.json("alerter", "list")["items"]] == ["hook"]

    shell.do("stack", "copy", "yours", "copied")
    refused = shell.stackyard("stack", "delete", "yours", "--yes")
    assert refused.code == 5
    assert "stackyard stack set default" in refused.err
    refused = shell.stackyard("stack", "delete", "default")  # nobody is asked about what will be refused
    assert (refused.code, "can't be deleted" in refused.err) == (5, True)
    shell.do("stack", "set", "default")
    assert shell.stackyard("stack", "delete", "copied").code == 2
    assert shell.do("stack", "delete", "copied", "-y").out == "Stack 'copied' deleted.\n"
    deleted = shell.do("stack", "delete", "yours", "-y", "--recursive")
    assert deleted.out == "Stack 'yours' and its artifact store 'store', experiment tracker 'tracker' deleted.\n"
    assert [v["name"] for v in shell.json("stack", "list")["items"]] == ["default"]
    assert [v["name"] for v in shell.json("artifact-store", "list")["items"]] == ["default"]


def test_deleting_all_of_a_stack_names_each_component_that_goes(shell: Shell) -> None:
    """Given a component that is only called like those that are always there, it goes and is named."""
    shell.do("alerter", "register", "default", "--flavor=webhook", "--url=http://localhost:1")
    shell.do("stack", "register", "mine", "-o", "default", "-a", "default", "--alerter", "default")
    deleted = shell.do("stack", "delete", "mine", "--yes", "--recursive")
    assert deleted.out == "Stack 'mine' and its alerter 'default' deleted.\n"
    assert shell.json("alerter", "list")["items"] == []


def test_registering_and_switching_in_one_step(shell: Shell) -> None:
    """Given --set, the new stack is the active one, and where that is not so it is said why."""
    assert "The active stack is 'mine' (set for this user)." in shell.do(
        "stack", "register", "mine", "-o", "default", "-a", "default", "--set"
    ).out  # fmt: skip
    overridden = shell.do(
        "stack", "register", "other", "-o", "default", "-a", "default", "--set", STACKYARD_ACTIVE_STACK="mine"
    )
    assert "STACKYARD_ACTIVE_STACK=mine overrides it" in overridden.err
    described = shell.do("stack", "describe", "mine")
    assert described.err == "Switch to it with: stackyard stack set mine\n"
    assert "orchestrator    default  local" in described.out
