"""Exports of PyTorch: export_torch.py FOLDER."""
import io
import pathlib
import sys
import warnings

import cases
import numpy as np
import torch

warnings.filterwarnings("ignore")
STEPS = 8


class Recurrent(torch.nn.Module):
    """A GRU over the last vectors of a key."""

    def __init__(self):
        super().__init__()
        self.gru = torch.nn.GRU(cases.FEATURES, 8, batch_first=True)
        self.out = torch.nn.Linear(8, 1)

    def forward(self, x):
        state, _ = self.gru(x)
        return torch.sigmoid(self.out(state[:, -1]))


def exported(model, example):
    out = io.BytesIO()
    torch.onnx.export(model, example, out, input_names=["x"], output_names=["y"],
                      dynamic_axes={"x": {0: "rows"}, "y": {0: "rows"}}, opset_version=14)
    return out.getvalue()


def answers(model, x):
    with torch.no_grad():
        return model(torch.from_numpy(x)).numpy()


def main():
    out = pathlib.Path(sys.argv[1])
    torch.manual_seed(1)
    torch.set_num_threads(1)
    rows = cases.test_rows(extreme=1e2)

    dense = torch.nn.Sequential(torch.nn.Linear(cases.FEATURES, 32), torch.nn.ReLU(),
                                torch.nn.Linear(32, 1), torch.nn.Sigmoid()).eval()
    cases.write(out / "torch_dense", exported(dense, torch.from_numpy(rows[:2])), rows,
                answers(dense, rows)[:, 0])

    encoder = torch.nn.Sequential(torch.nn.Linear(cases.FEATURES, 3), torch.nn.Tanh(),
                                  torch.nn.Linear(3, cases.FEATURES)).eval()
    cases.write(out / "torch_autoencoder", exported(encoder, torch.from_numpy(rows[:2])), rows,
                cases.autoencoder_score(rows, answers(encoder, rows)),
                options=cases.AUTOENCODER, threshold=0.9)

    recurrent = Recurrent().eval()
    windows = np.lib.stride_tricks.sliding_window_view(rows, STEPS, axis=0).transpose(0, 2, 1)
    windows = np.ascontiguousarray(windows)
    expected = np.full(len(rows), np.nan)
    expected[STEPS - 1:] = answers(recurrent, windows)[:, 0]
    cases.write(out / "torch_gru", exported(recurrent, torch.from_numpy(windows[:2])), rows,
                expected)


if __name__ == "__main__":
    main()
