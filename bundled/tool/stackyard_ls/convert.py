"""Between Stackyard's values and errors and what goes over the wire."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from pygls.exceptions import JsonRpcException

from stackyard.model.errors import StackyardError
from stackyard.model.views import ErrorView, View
from stackyard_ls.protocol import REQUEST_FAILED

INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603


def error_view(error: StackyardError) -> ErrorView:
    """Return an error as the protocol's data."""
    return ErrorView.model_validate(error.as_dict())


def request_failed(error: StackyardError) -> JsonRpcException:
    """Return the answer to a request that met an error of the user's to mend."""
    return JsonRpcException(message=error.message, code=REQUEST_FAILED, data=error_view(error).model_dump(mode="json"))


def invalid_params(method: str, error: ValidationError) -> JsonRpcException:
    """Return the answer to a request with wrong parameters, naming each field."""
    problems = "; ".join(
        f"{'.'.join(str(part) for part in problem['loc']) or 'params'}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_context=False, include_input=False)[:5]
    )
    message = f"Invalid params of {method}: {problems}"
    view = ErrorView(code="U100", message=message, hint="The extension and its server may be of different versions.")
    return JsonRpcException(message=message, code=INVALID_PARAMS, data=view.model_dump(mode="json"))


def internal_error(method: str, error: BaseException) -> JsonRpcException:
    """Return the answer to a request that met a bug of ours."""
    message = f"Internal error in {method}: {type(error).__name__}: {error}"[:300]
    view = ErrorView(code="bug", message=message, hint="This is a bug in Stackyard; its log has the details.")
    return JsonRpcException(message=message, code=INTERNAL_ERROR, data=view.model_dump(mode="json"))


def dump(view: View) -> dict[str, Any]:
    """Return a view as plain JSON values; anything else makes pygls hang the request."""
    return view.model_dump(mode="json")
