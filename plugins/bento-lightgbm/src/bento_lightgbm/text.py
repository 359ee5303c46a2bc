"""A model's text, checked before LightGBM reads it, because a wrong index in it makes LightGBM end the process.

Source: LightGBM 4.7, `src/boosting/gbdt_model_text.cpp` and `src/io/tree.cpp`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from .trees import check_tree, integers

_END = "end of trees\n"
_REST = re.compile(
    r"\nfeature_importances:\n(?:\S+=[0-9.e+-]+\n)*"
    r"\nparameters:\n(?:\[[a-z0-9_]+: [^\n\r]*\]\n)*\nend of parameters\n"
    r"(?:\npandas_categorical:(.*)\n)?"
)
_OBJECTIVES = frozenset(
    {
        *("binary", "cross_entropy", "cross_entropy_lambda", "custom", "fair", "gamma", "huber", "lambdarank", "mape", "multiclass"),
        *("multiclassova", "poisson", "quantile", "rank_xendcg", "regression", "regression_l1", "tweedie"),
    }
)


def check(text: str) -> None:
    """Raise a ValueError if an index in the text is out of range, or a KeyError if a field is missing."""
    head, _, body = text.partition("\n\n")
    fields = _fields(head.removeprefix("tree\n"))
    _expect(head.startswith("tree\n") and fields["version"] == "v4", "it does not start as LightGBM's models do")
    features = int(fields["max_feature_idx"]) + 1
    classes, each = int(fields["num_class"]), int(fields["num_tree_per_iteration"])
    _expect(features > 0 and int(fields["label_index"]) >= 0, f"it has {features} features")
    for name in ("feature_names", "feature_infos"):
        _expect(len(fields[name].split(" ")) == features, f"its {name} are not {features}")
    trees = list(_trees(body, integers(fields["tree_sizes"]).tolist()))
    _expect(0 < each == classes and len(trees) > 0 and len(trees) % each == 0, f"it has {len(trees)} trees for {classes} outputs")
    _check_objective(fields.get("objective", "custom"), classes)
    for place, tree in enumerate(trees):
        first, _, rest = tree.partition("\n")
        _expect(first == f"Tree={place}", "its trees are in another order")
        check_tree(_fields(rest.rstrip("\n")), features)
    _check_rest(body)


def _trees(body: str, sizes: list[int]) -> Iterator[str]:
    """The text of each tree. `sizes` are their sizes in bytes, as the head of the model declares them."""
    content, start = body.encode(), 0
    for size in sizes:
        _expect(size > 0 and start + size <= len(content), "its trees have other sizes")
        yield content[start : start + size].decode()
        start += size
    _expect(content[start:].startswith(_END.encode()), "its trees have other sizes")


def _check_objective(objective: str, classes: int) -> None:
    name, *options = objective.split(" ")
    _expect(name in _OBJECTIVES, f"it has an objective {name!r}")
    told = dict(option.partition(":")[::2] for option in options)
    _expect(int(told.get("num_class", classes)) == classes, "its objective has another number of classes")
    for value in told.values():
        float(value or 0)


def _check_rest(body: str) -> None:
    """Check the text after the trees: importances, parameters, and the categories of a pandas table."""
    found = _REST.fullmatch(body.partition(_END)[2])
    _expect(found is not None, "what follows its trees is not what LightGBM writes")
    if found and found[1]:
        _expect(isinstance(json.loads(found[1]), list | None), "its categories are not a list")


def _fields(lines: str) -> dict[str, str]:
    found = [line.partition("=")[::2] for line in lines.split("\n")]
    fields = dict(found)
    _expect(len(fields) == len(found), "a line is there twice")
    return fields


def _expect(holds: bool, fault: str) -> None:
    if not holds:
        raise ValueError(fault)
