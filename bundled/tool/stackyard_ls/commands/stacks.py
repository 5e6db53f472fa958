"""Requests about stacks, and the server's own status."""

from __future__ import annotations

import platform
import sys

from stackyard.api import checks, hover, runs, stacks
from stackyard_ls.protocol import (
    NoParams,
    StackActivateParams,
    StackActivateResult,
    StackCheck,
    StackCheckParams,
    StackCheckResult,
    StackDescribeResult,
    StackListResult,
    StackParams,
    StackRegisterParams,
    StatusResult,
)
from stackyard_ls.session import Call
from stackyard_ls.version import stackyard_version


def show_status(call: Call, _: NoParams) -> StatusResult:
    """Return what the server is and where it works."""
    context = call.context
    return StatusResult(
        version=stackyard_version(),
        python=f"{platform.python_version()} ({sys.executable})",
        home=str(context.home),
        project=context.project,
        active=stacks.active_stack(context),
        running=runs.count_running(context),
    )


def list_all(call: Call, _: NoParams) -> StackListResult:
    """Return all stacks and the active one."""
    context = call.context
    return StackListResult(items=stacks.list_stacks(context), active=stacks.active_stack(context))


def describe(call: Call, params: StackParams) -> StackDescribeResult:
    """Return a stack and the text of its hover."""
    context = call.context
    stack = stacks.get_stack(context, params.stack)
    found = checks.check_stack(context, stack.id, live=False, installed=call.session.installed())
    return StackDescribeResult(stack=stack, markdown=hover.stack_markdown(stack, found.findings))


def check(call: Call, params: StackCheckParams) -> StackCheckResult:
    """Check a stack, or every stack."""
    context, installed = call.context, call.session.installed()
    if not params.stack:
        found = checks.check_stacks(context, installed)
        return StackCheckResult(items=[StackCheck(id=key, check=one) for key, one in found.items()])
    stack = stacks.get_stack(context, params.stack)
    found_one = checks.check_stack(context, stack.id, live=False, installed=installed)
    return StackCheckResult(items=[StackCheck(id=stack.id, check=found_one)])


def activate(call: Call, params: StackActivateParams) -> StackActivateResult:
    """Switch the active stack."""
    context = call.context
    previous = stacks.active_stack(context).id
    active = stacks.set_active_stack(context, params.stack, params.scope)
    return StackActivateResult(active=active, previous=previous)


def register(call: Call, params: StackRegisterParams) -> StackDescribeResult:
    """Register a stack."""
    stack = stacks.register_stack(call.context, params.name, params.components)
    return StackDescribeResult(stack=stack, markdown=hover.stack_markdown(stack))
