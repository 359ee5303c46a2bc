"""Imports MLflow, which warns of itself when it is, and has it tell nobody of the tests: they save models before the plugin says so."""

import os
import warnings

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import mlflow.pyfunc
    import mlflow.sklearn  # noqa: F401
