"""Exports of scikit-learn, XGBoost and LightGBM: export_trees.py FOLDER."""
import pathlib
import sys
import warnings

import cases
import lightgbm
import onnxmltools
import skl2onnx
import xgboost
from onnxmltools.convert.common.data_types import FloatTensorType as ToolsFloat
from skl2onnx.common.data_types import FloatTensorType
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (GradientBoostingClassifier, GradientBoostingRegressor,
                              IsolationForest, RandomForestClassifier)
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

warnings.filterwarnings("ignore")
OPSET = {"": 18, "ai.onnx.ml": 3}


def convert(model, zipmap, inputs=None):
    inputs = inputs or [("x", FloatTensorType([None, cases.FEATURES]))]
    options = {id(model): {"zipmap": zipmap}} if zipmap is not None else None
    return skl2onnx.to_onnx(model, initial_types=inputs, options=options,
                            target_opset=OPSET).SerializeToString()


def sklearn_classifiers(out):
    x, y = cases.training_rows()
    # name, model, with ZipMap. HistGradientBoosting is not among them: this
    # skl2onnx cannot write it with this onnx (its node numbers are numpy's).
    table = [
        ("sklearn_logistic_zipmap", LogisticRegression(), True),
        ("sklearn_mlp", make_pipeline(StandardScaler(), MLPClassifier((16,), max_iter=80,
                                                                      random_state=1)), True),
        ("sklearn_forest", RandomForestClassifier(100, max_depth=8, random_state=1), False),
        ("sklearn_boosting", GradientBoostingClassifier(n_estimators=100, random_state=1), False),
    ]
    for name, model, zipmap in table:
        model.fit(x, y)
        rows = cases.test_rows(extreme=1e3 if "mlp" in name else 1e6)
        cases.write(out / name, convert(model, zipmap), rows, model.predict_proba(rows)[:, 1])


def sklearn_columns(out):
    """One input a column, as a ColumnTransformer over a table has it."""
    import pandas
    x, y = cases.training_rows()
    columns = cases.names()
    frame = pandas.DataFrame(x, columns=columns)
    scale = ColumnTransformer([("scale", StandardScaler(), columns)])
    model = make_pipeline(scale, LogisticRegression()).fit(frame, y)
    inputs = [(name, FloatTensorType([None, 1])) for name in columns]
    rows = cases.test_rows(extreme=1e4)
    expected = model.predict_proba(pandas.DataFrame(rows, columns=columns))[:, 1]
    cases.write(out / "sklearn_columns", convert(model, True, inputs), rows, expected)


def sklearn_others(out):
    x, y = cases.training_rows()
    rows = cases.test_rows()
    model = GradientBoostingRegressor(n_estimators=100, random_state=1).fit(x, y * 2.5 - 1)
    cases.write(out / "sklearn_regressor", convert(model, None), rows, model.predict(rows))
    forest = IsolationForest(n_estimators=10, max_samples=64, random_state=1).fit(x)
    exported = skl2onnx.to_onnx(forest, initial_types=[("x", FloatTensorType([None, x.shape[1]]))],
                                target_opset=OPSET).SerializeToString()
    cases.write(out / "sklearn_isolation", exported, rows, -forest.decision_function(rows),
                options={"output": "scores", "anomaly": "low"}, threshold=0.05)


def xgboost_models(out):
    x, y = cases.training_rows()
    rows = cases.test_rows(missing=True)
    initial = [("x", ToolsFloat([None, cases.FEATURES]))]
    model = xgboost.XGBClassifier(n_estimators=100, max_depth=6, random_state=1).fit(x, y)
    exported = onnxmltools.convert_xgboost(model, initial_types=initial, target_opset=15)
    cases.write(out / "xgboost_classifier", exported.SerializeToString(), rows,
                model.predict_proba(rows)[:, 1])
    model = xgboost.XGBRegressor(n_estimators=100, max_depth=6, random_state=1).fit(x, y * 2.5 - 1)
    exported = onnxmltools.convert_xgboost(model, initial_types=initial, target_opset=15)
    cases.write(out / "xgboost_regressor", exported.SerializeToString(), rows, model.predict(rows))


def lightgbm_models(out):
    x, y = cases.training_rows()
    rows = cases.test_rows(missing=True)
    initial = [("x", ToolsFloat([None, cases.FEATURES]))]
    model = lightgbm.LGBMClassifier(n_estimators=100, random_state=1, verbose=-1).fit(x, y)
    exported = onnxmltools.convert_lightgbm(model, initial_types=initial, target_opset=15)
    cases.write(out / "lightgbm_classifier", exported.SerializeToString(), rows,
                model.predict_proba(rows)[:, 1])
    model = lightgbm.LGBMRegressor(n_estimators=100, random_state=1, verbose=-1).fit(
        x, y * 2.5 - 1)
    exported = onnxmltools.convert_lightgbm(model, initial_types=initial, target_opset=15)
    cases.write(out / "lightgbm_regressor", exported.SerializeToString(), rows,
                model.predict(rows))


def main():
    out = pathlib.Path(sys.argv[1])
    for export in (sklearn_classifiers, sklearn_columns, sklearn_others, xgboost_models,
                   lightgbm_models):
        try:
            export(out)
        except Exception as error:        # noqa: BLE001 - one tool's failure is not another's
            why = str(error)[:500]
            print(f"{export.__name__}: {type(error).__name__}: {why}", file=sys.stderr)
            sys.exit(1)


if __name__ == "__main__":
    main()
