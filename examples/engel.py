"""What a household spends on food: quantile regressions fitted to Engel's records of 1857. Needs bento-statsmodels and bento-pandas.

Run it to fit the model, save the service and see the next command.
"""

from __future__ import annotations

import pandas as pd

import bento
from bento_pandas import DataFrameAdapter
from bento_statsmodels import StatsmodelsPickleArtifact


class Engel(bento.Service):
    """Tell what Belgian working-class households spent on food, by their income in francs a year."""

    low = StatsmodelsPickleArtifact()
    median = StatsmodelsPickleArtifact()
    high = StatsmodelsPickleArtifact()

    @bento.api(input=DataFrameAdapter(columns=["income"], dtype="float64", example=[{"income": 900}]), batch=True)
    def spend(self, households: pd.DataFrame) -> pd.DataFrame:
        """Give what one household in ten stayed below, the median, and what one in ten went beyond."""
        models = {"low": self.low, "median": self.median, "high": self.high}
        return pd.DataFrame({name: model.predict(households).round(1) for name, model in models.items()})


def fit() -> Engel:
    """A service with three regressions fitted to the records of 235 households."""
    import statsmodels.api as sm
    import statsmodels.formula.api as smf

    model = smf.quantreg("foodexp ~ income", sm.datasets.engel.load_pandas().data)
    return Engel(low=model.fit(q=0.1), median=model.fit(q=0.5), high=model.fit(q=0.9))


def main() -> None:
    """Fit, save, and print the next command."""
    bundle = bento.save(fit())
    print(f"""saved {bundle.tag}: ask it with\n  bento run {bundle.tag} spend --input '[{{"income": 900}}]'""")


if __name__ == "__main__":
    main()
