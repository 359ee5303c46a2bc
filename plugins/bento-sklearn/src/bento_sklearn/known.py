"""Types in scikit-learn's models that skops does not trust by itself, although making them is harmless. Users need not list them."""

from __future__ import annotations

from . import trees

_KERNELS = (
    *("ConstantKernel", "DotProduct", "ExpSineSquared", "Exponentiation", "Matern", "PairwiseKernel"),
    *("Product", "RBF", "RationalQuadratic", "Sum", "WhiteKernel"),
)

_SPLITTERS = (
    *("GroupKFold", "GroupShuffleSplit", "KFold", "LeaveOneOut", "PredefinedSplit", "RepeatedKFold", "RepeatedStratifiedKFold"),
    *("ShuffleSplit", "StratifiedGroupKFold", "StratifiedKFold", "StratifiedShuffleSplit", "TimeSeriesSplit"),
)

_OF_CLASSES = (
    *("accuracy_score", "balanced_accuracy_score", "brier_score_loss", "f1_score", "jaccard_score", "log_loss"),
    *("matthews_corrcoef", "precision_score", "recall_score"),
)

_OF_NUMBERS = (
    *("explained_variance_score", "max_error", "mean_absolute_error", "mean_absolute_percentage_error", "mean_gamma_deviance"),
    *("mean_poisson_deviance", "mean_squared_error", "mean_squared_log_error", "median_absolute_error", "r2_score"),
    *("root_mean_squared_error", "root_mean_squared_log_error"),
)

KNOWN = frozenset(
    {
        *trees.TYPES,
        # Imputers keep the dtype of their input, and column selectors the kind of numbers that they select.
        "numpy.dtype",
        "numpy.number",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.compose._column_transformer.make_column_selector",
        *(f"sklearn.feature_selection._mutual_info.mutual_info_{kind}" for kind in ("classif", "regression")),
        *(f"sklearn.feature_selection._univariate_selection.{name}" for name in ("chi2", "f_classif", "f_regression", "r_regression")),
        "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
        *(f"sklearn.gaussian_process.kernels.{kernel}" for kernel in _KERNELS),
        # Searches, such as GridSearchCV, keep their splitter and their scorers.
        *(f"sklearn.metrics._classification.{score}" for score in _OF_CLASSES),
        *(f"sklearn.metrics._ranking.{score}" for score in ("average_precision_score", "roc_auc_score", "top_k_accuracy_score")),
        *(f"sklearn.metrics._regression.{score}" for score in _OF_NUMBERS),
        *(f"sklearn.metrics._scorer.{kind}" for kind in ("_PassthroughScorer", "_Scorer")),
        *(f"sklearn.model_selection._split.{splitter}" for splitter in _SPLITTERS),
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
        "sklearn.utils._bunch.Bunch",
    }
)
