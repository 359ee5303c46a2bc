"""Imports MLflow, which gives warnings on import, and turns its telemetry off before the tests save models."""

import os
import warnings

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import mlflow.pyfunc
    import mlflow.sklearn  # noqa: F401
