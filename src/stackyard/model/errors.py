"""Every error that a user can meet, as one tree.

::

    StackyardError                    code, message, hint, location, exit_code
    +-- UsageError             U1xx   exit 2   bad arguments, an ambiguous or unknown command target
    +-- DefinitionError        D1xx   exit 3   a step or pipeline cannot be built
    |   +-- SignatureError     D101            annotations that cannot be used
    |   +-- CycleError         D102            steps that wait for each other
    |   +-- PipelineLoadError  D103            the pipeline's file cannot be read or imported
    |   +-- ParameterError     D104            a parameter of the wrong type, missing or unknown
    |   +-- InputError         D105            a step input that nothing provides or that has the wrong type
    |   +-- OptionError        D106            an option of a step or pipeline that is unknown, wrong or refused
    |   +-- PipelineValidationError D107       a recorded pipeline that cannot run; names every problem
    +-- ConfigurationError     C1xx   exit 3   a stack, component or run configuration that is not valid
    |   +-- StackValidationError      C101
    |   +-- UnknownFlavorError        C102
    |   +-- ComponentConfigurationError C103
    |   +-- RunConfigurationError     C104
    |   +-- ProjectFileError          C105     stackyard.yaml cannot be read
    |   +-- InvalidNameError          C106
    |   +-- SettingsError             C107     settings that the stack's component refuses
    |   +-- SecretReferenceError      C108
    |   +-- TemplateError             C109
    +-- NotFoundError          N1xx   exit 4   also a LookupError
    |   +-- StackNotFoundError        N101
    |   +-- ComponentNotFoundError    N102
    |   +-- RunNotFoundError          N103
    |   +-- StepRunNotFoundError      N104
    |   +-- ArtifactNotFoundError     N105
    |   +-- ActiveStackGoneError      N106
    |   +-- PipelineNotFoundError     N107
    |   +-- SecretNotFoundError       N108
    |   +-- IntegrationNotFoundError  N109
    |   +-- ModelNotFoundError        N110
    +-- ConflictError          X1xx   exit 5
    |   +-- AlreadyExistsError        X101
    |   +-- InUseError                X102
    |   +-- LockTimeoutError          X103
    |   +-- RunNotActiveError         X104
    |   +-- ProtectedError            X105     what is always there can't be changed or deleted
    |   +-- DriftError                X106     the registry differs from stackyard.yaml
    |   +-- ResumeError               X107     a run that cannot be gone on with
    +-- StorageError           S1xx   exit 6
    |   +-- HomeNotWritableError      S101
    |   +-- RegistryDamagedError      S102
    |   +-- FormatTooNewError         S103
    |   +-- CatalogError              S104
    |   +-- MaterializationError      S105
    |   +-- ArtifactDamagedError      S106
    |   +-- ArtifactStoreError        S107
    |   +-- SecretStoreError          S108
    |   +-- ComponentError            S109     a component's service can't be reached or refuses
    |   +-- NotReadableError          S110     a stored value that can't be looked into without loading it
    +-- ExecutionError         R1xx   exit 1
    |   +-- RunFailedError            R101
    |   +-- WorkerCrashedError        R102
    |   +-- RunStoppedError           R103
    |   +-- StepFailedError           R104     a pipeline function asked for what a failed step did not give
    +-- SetupError             E1xx   exit 7
        +-- PackageMissingError       E101
        +-- PackageConflictError      E102
        +-- InterpreterError          E103
        +-- InstallError              E104

Anything else that reaches a user is a bug of ours: exit 70.

Invariant: every error pickles and is complete in its three texts (what happened, to what, what to do).
"""

from __future__ import annotations

from typing import Any

from stackyard.model.error_base import EXIT_BUG as EXIT_BUG
from stackyard.model.error_base import Location as Location
from stackyard.model.error_base import StackyardError as StackyardError
from stackyard.model.execution_errors import ExecutionError as ExecutionError
from stackyard.model.execution_errors import InstallError as InstallError
from stackyard.model.execution_errors import InterpreterError as InterpreterError
from stackyard.model.execution_errors import PackageConflictError as PackageConflictError
from stackyard.model.execution_errors import PackageMissingError as PackageMissingError
from stackyard.model.execution_errors import RunFailedError as RunFailedError
from stackyard.model.execution_errors import RunStoppedError as RunStoppedError
from stackyard.model.execution_errors import SetupError as SetupError
from stackyard.model.execution_errors import StepFailedError as StepFailedError
from stackyard.model.execution_errors import WorkerCrashedError as WorkerCrashedError


class UsageError(StackyardError):
    """Bad arguments, or a command target that is unknown or ambiguous."""

    code = "U100"
    exit_code = 2


class DefinitionError(StackyardError):
    """A step or pipeline cannot be built."""

    code = "D100"
    exit_code = 3


class SignatureError(DefinitionError):
    """A function's annotations cannot be used for a step or pipeline."""

    code = "D101"


class CycleError(DefinitionError):
    """Steps wait for each other."""

    code = "D102"


class PipelineLoadError(DefinitionError):
    """The file of a pipeline cannot be read, parsed or imported."""

    code = "D103"


class ParameterError(DefinitionError):
    """A parameter is of the wrong type, missing or unknown."""

    code = "D104"


class InputError(DefinitionError):
    """A step's input is missing or of the wrong type."""

    code = "D105"


class OptionError(DefinitionError):
    """An option of a step or pipeline is unknown, wrong, or refused here."""

    code = "D106"


class PipelineValidationError(DefinitionError):
    """A recorded pipeline can't run; ``details["problems"]`` names every problem, each as ``as_dict`` gives it."""

    code = "D107"
    errors: tuple[StackyardError, ...] = ()
    """The problems themselves, in the process that found them."""

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form, with the problems."""
        return {**super().as_dict(), "problems": self.details.get("problems", [])}


class ConfigurationError(StackyardError):
    """A stack, component, project or run configuration is not valid."""

    code = "C100"
    exit_code = 3


class StackValidationError(ConfigurationError):
    """A stack lacks what every stack has, or names what does not fit."""

    code = "C101"


class UnknownFlavorError(ConfigurationError):
    """No flavor of that name is known for the component type."""

    code = "C102"


class ComponentConfigurationError(ConfigurationError):
    """A component's configuration is refused by its flavor."""

    code = "C103"


class RunConfigurationError(ConfigurationError):
    """A run configuration file cannot be read or has keys that do not exist."""

    code = "C104"


class ProjectFileError(ConfigurationError):
    """``stackyard.yaml`` cannot be read."""

    code = "C105"


class InvalidNameError(ConfigurationError):
    """A name has characters or a length that names may not have."""

    code = "C106"


class SettingsError(ConfigurationError):
    """Settings for a component are unknown or refused by its flavor."""

    code = "C107"


class SecretReferenceError(ConfigurationError):
    """A reference to a secret is malformed, or a plain value stands where only a reference may."""

    code = "C108"


class TemplateError(ConfigurationError):
    """A project template can't be used."""

    code = "C109"


class NotFoundError(StackyardError, LookupError):
    """Something that was named does not exist."""

    code = "N100"
    exit_code = 4


class StackNotFoundError(NotFoundError):
    """No stack has that name or id prefix."""

    code = "N101"


class ComponentNotFoundError(NotFoundError):
    """No component of that type has that name or id prefix."""

    code = "N102"


class RunNotFoundError(NotFoundError):
    """No run has that name or id prefix."""

    code = "N103"


class StepRunNotFoundError(NotFoundError):
    """The run has no step of that name."""

    code = "N104"


class ArtifactNotFoundError(NotFoundError):
    """No artifact or artifact version has that name, number or id prefix."""

    code = "N105"


class ActiveStackGoneError(NotFoundError):
    """The active stack was deleted behind the back of who chose it."""

    code = "N106"


class PipelineNotFoundError(NotFoundError):
    """The file has no such pipeline."""

    code = "N107"


class SecretNotFoundError(NotFoundError):
    """No secret has that name, or it has no such key."""

    code = "N108"


class IntegrationNotFoundError(NotFoundError):
    """No integration has that name."""

    code = "N109"


class ModelNotFoundError(NotFoundError):
    """No model or model version of that name, number, stage or id."""

    code = "N110"


class ConflictError(StackyardError):
    """The change collides with what is there."""

    code = "X100"
    exit_code = 5


class AlreadyExistsError(ConflictError):
    """The name is taken."""

    code = "X101"


class InUseError(ConflictError):
    """The thing is used by others and can't go."""

    code = "X102"


class LockTimeoutError(ConflictError):
    """Another process held a lock for too long."""

    code = "X103"


class RunNotActiveError(ConflictError):
    """The run is over already."""

    code = "X104"


class ProtectedError(ConflictError):
    """What is always there can't be changed, renamed or deleted."""

    code = "X105"


class DriftError(ConflictError):
    """The registry differs from what ``stackyard.yaml`` says."""

    code = "X106"


class ResumeError(ConflictError):
    """A run can't be gone on with: it is complete, goes on, or its pipeline is another one now."""

    code = "X107"


class StorageError(StackyardError):
    """Disk, catalog or artifact store refused."""

    code = "S100"
    exit_code = 6


class HomeNotWritableError(StorageError):
    """Stackyard's home can't be made or written."""

    code = "S101"


class RegistryDamagedError(StorageError):
    """The registry file is not what a registry is."""

    code = "S102"


class FormatTooNewError(StorageError):
    """A file was written by a newer major version; it is left untouched."""

    code = "S103"


class CatalogError(StorageError):
    """The catalog can't be opened, read or written."""

    code = "S104"


class MaterializationError(StorageError):
    """A value can't be stored or loaded."""

    code = "S105"


class ArtifactDamagedError(StorageError):
    """An artifact version's files do not match its manifest."""

    code = "S106"


class ArtifactStoreError(StorageError):
    """An artifact store can't be reached, read or written."""

    code = "S107"


class SecretStoreError(StorageError):
    """The secrets can't be opened, read or written."""

    code = "S108"


class ComponentError(StorageError):
    """The service behind a component can't be reached, or refuses."""

    code = "S109"


class NotReadableError(StorageError):
    """A stored value can't be looked into: no table, no open format, or too large."""

    code = "S110"
