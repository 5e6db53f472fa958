"""Integrations: sets of packages under one name, the same names as the package's extras."""

from __future__ import annotations

from typing import NamedTuple


class Integration(NamedTuple):
    """What an integration is good for, and what it installs."""

    doc: str
    requirements: tuple[str, ...]


INTEGRATIONS: dict[str, Integration] = {
    "matplotlib": Integration("Figures as artifacts.", ("matplotlib>=3.7",)),
    "mlflow": Integration(
        "The experiment tracker flavor mlflow.",
        ("alembic>=1.10", "mlflow-skinny>=3.1", "numpy>=1.24", "pandas>=2.0", "sqlalchemy>=2.0"),
    ),
    "numpy": Integration("Arrays as artifacts.", ("numpy>=1.24",)),
    "pandas": Integration("DataFrames and series as artifacts.", ("pandas>=2.0", "pyarrow>=14")),
    "pillow": Integration("Images as artifacts.", ("pillow>=10",)),
    "polars": Integration("Polars frames as artifacts.", ("polars>=1.0", "pyarrow>=14")),
    "pyarrow": Integration("Arrow tables as artifacts.", ("pyarrow>=14",)),
    "secrets": Integration(
        "Secrets in the system's keyring or in an encrypted file.", ("cryptography>=42", "keyring>=25")
    ),
    "sklearn": Integration("Scikit-learn estimators as artifacts.", ("scikit-learn>=1.3", "skops>=0.10")),
    "torch": Integration("PyTorch models and tensors as artifacts.", ("safetensors>=0.4", "torch>=2.0")),
}
"""By name; requirements as pip takes them."""
