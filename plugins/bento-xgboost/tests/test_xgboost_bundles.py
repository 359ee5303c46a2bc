"""From a script that trains to answers in other processes."""

import json
import shutil
import sys
from importlib.metadata import distribution
from pathlib import Path

import httpx
import numpy as np
import pytest
import xgboost
from sklearn.datasets import load_breast_cancer, load_iris

import bento
from commands import BENTO, Commands

EXAMPLE = Path(__file__).parents[3] / "examples/tumours.py"


@pytest.fixture
def run(tmp_path):
    return Commands(tmp_path)


def test_the_example_saves_a_bundle_that_answers(run, tmp_path):
    assert "saved tumours:" in run(sys.executable, EXAMPLE)
    np.save(tmp_path / "some.npy", load_breast_cancer().data[18:21].astype("float32"))
    answers = json.loads(run(BENTO, "run", "tumours", "benign", "--input-file", "some.npy"))
    assert np.round(answers).tolist() == load_breast_cancer().target[18:21].tolist()
    assert "xgboost" in run(BENTO, "show", "tumours")


SAVE = """
import site
site.addsitedir("site")
import bento, numpy, xgboost
rows = numpy.eye(4)
print(*bento.save(xgboost.XGBRegressor(n_estimators=2).fit(rows, rows[0]), "sums").manifest.requirements)
"""


def test_a_bundle_requires_the_build_of_xgboost_that_is_installed(run, tmp_path):
    """Everything that is installed here, with XGBoost as if it came from another distribution."""
    site = tmp_path / "site"
    site.mkdir()
    info = Path(str(distribution("xgboost").locate_file("")), f"xgboost-{xgboost.__version__}.dist-info")
    for path in info.parent.iterdir():
        if "bento" in path.name:  # goes along as a wheel, in which there are no links
            (shutil.copytree if path.is_dir() else shutil.copy)(path, site / path.name)
        elif path != info:
            (site / path.name).symlink_to(path)
    other = site / f"xgboost_cpu-{xgboost.__version__}.dist-info"
    other.mkdir()
    (other / "RECORD").symlink_to(info / "RECORD")
    (other / "METADATA").write_text(f"Metadata-Version: 2.1\nName: xgboost-cpu\nVersion: {xgboost.__version__}\n")
    pins = run(sys.executable, "-S", "-c", SAVE).split()
    assert [pin for pin in pins if pin.startswith("xgboost")] == [f"xgboost-cpu=={xgboost.__version__}"]


def test_importing_the_plugin_imports_no_framework(run):
    script = (
        "import sys, bento_xgboost; print([name for name in ('numpy', 'pandas', 'scipy', 'sklearn', 'xgboost') if name in sys.modules])"
    )
    assert run(sys.executable, "-c", script) == "[]\n"


def test_a_bare_model_is_served_by_many_workers(run, tmp_path):
    flowers, species = load_iris(return_X_y=True)
    model = xgboost.XGBClassifier(n_estimators=3).fit(flowers, species)
    bento.save(model, "flowers", store=bento.Store(tmp_path / "home"))
    with run.served("flowers:latest", "--workers", "2", OMP_NUM_THREADS=None) as server:
        for _ in range(4):
            answer = httpx.post(f"{server.url}/predict", json=flowers[::15].tolist(), timeout=60)
            assert answer.json() == model.predict(flowers[::15]).tolist()
        gaps = np.where(flowers[::15] < 3, flowers[::15], np.nan)
        answer = httpx.post(
            f"{server.url}/predict", json=[[None if np.isnan(value) else value for value in row] for row in gaps], timeout=60
        )
        assert answer.json() == model.predict(gaps).tolist() != model.predict(flowers[::15]).tolist()
        refused = httpx.post(f"{server.url}/predict", json=[[1.0, 2.0]], timeout=60)
        assert (refused.status_code, refused.json()["detail"]) == (422, "expected an array of shape (n, 4), got (1, 2)")
