"""Exports of Keras: export_keras.py FOLDER."""
import os
import pathlib
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import cases                     # noqa: E402 - after the environment
import keras                     # noqa: E402
import numpy as np               # noqa: E402

STEPS = 8


def exported(model, steps=None):
    shape = [None, cases.FEATURES] if steps is None else [None, steps, cases.FEATURES]
    signature = [keras.InputSpec(shape=shape, dtype="float32", name="x")]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.onnx")
        model.export(path, format="onnx", input_signature=signature, verbose=False)
        return pathlib.Path(path).read_bytes()


def main():
    out = pathlib.Path(sys.argv[1])
    keras.utils.set_random_seed(1)
    x, y = cases.training_rows()
    rows = cases.test_rows(extreme=1e2)

    dense = keras.Sequential([keras.Input((cases.FEATURES,)), keras.layers.Dense(16, "relu"),
                              keras.layers.BatchNormalization(),
                              keras.layers.Dense(1, "sigmoid")])
    dense.compile("adam", "binary_crossentropy")
    dense.fit(x, y, epochs=3, verbose=0)
    cases.write(out / "keras_dense", exported(dense), rows, dense.predict(rows, verbose=0)[:, 0])

    encoder = keras.Sequential([keras.Input((cases.FEATURES,)), keras.layers.Dense(3, "tanh"),
                                keras.layers.Dense(cases.FEATURES)])
    encoder.compile("adam", "mse")
    encoder.fit(x, x, epochs=3, verbose=0)
    again = encoder.predict(rows, verbose=0)
    error = cases.autoencoder_score(rows, again)
    cases.write(out / "keras_autoencoder", exported(encoder), rows, error,
                options=cases.AUTOENCODER, threshold=0.9)

    lstm = keras.Sequential([keras.Input((STEPS, cases.FEATURES)), keras.layers.LSTM(8),
                             keras.layers.Dense(1, "sigmoid")])
    expected = np.full(len(rows), np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(rows, STEPS, axis=0).transpose(0, 2, 1)
    expected[STEPS - 1:] = lstm.predict(np.ascontiguousarray(windows), verbose=0)[:, 0]
    cases.write(out / "keras_lstm", exported(lstm, STEPS), rows, expected)


if __name__ == "__main__":
    main()
