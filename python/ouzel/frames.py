"""Events from whatever holds rows, and rows from outcomes."""
from __future__ import annotations

import datetime
import json
import math
from typing import Any, Iterable, Iterator, Mapping

from ouzel.errors import OuzelError


def rows_of(events: Any) -> Iterator[Mapping[str, Any]]:
    """Mappings from a pandas DataFrame, or from any iterable of mappings."""
    if hasattr(events, "itertuples") and hasattr(events, "columns"):
        names = [str(name) for name in events.columns]
        for row in events.itertuples(index=False, name=None):
            yield dict(zip(names, row))
        return
    yield from events


def _plain(value: Any) -> Any:
    """A value that JSON has; None for what is missing."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        if math.isinf(value):
            raise OuzelError(f"JSON has no {value}")
        return None if math.isnan(value) else value
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if value != value:                   # NaT, and pandas' other ways to be absent.
        return None
    if isinstance(value, datetime.datetime):
        if value.tzinfo is None:         # A frame's times without a zone are UTC.
            value = value.replace(tzinfo=datetime.timezone.utc)
        return value.isoformat()
    if hasattr(value, "item"):           # A scalar of numpy.
        return _plain(value.item())
    raise OuzelError(f"cannot send a {type(value).__name__}: {value!r}")


def json_line(event: Mapping[str, Any]) -> bytes:
    """One event as a line of NDJSON; top-level values that are missing are left out."""
    plain = {str(name): _plain(value) for name, value in event.items()
             if type(value).__name__ != "NAType"}
    kept = {name: value for name, value in plain.items() if value is not None}
    return json.dumps(kept, allow_nan=False, separators=(",", ":")).encode()


def flat(outcome: Mapping[str, Any]) -> dict[str, Any]:
    """An outcome as one row of plain columns. What it lacks is None."""
    data = outcome.get("data", {})
    event, position, model = (data.get(part, {}) for part in ("event", "position", "model"))
    row = {"time": event.get("time"), "key": event.get("key"), "source": event.get("source"),
           "id": event.get("id"), "partition": position.get("partition"),
           "offset": position.get("offset")}
    for name in ("status", "score", "confidence", "label", "threshold", "route", "reason",
                 "detail"):
        row[name] = data.get(name)
    row["model"], row["model_version"] = model.get("name"), model.get("version")
    row["flags"] = ",".join(data.get("flags", []))
    row["reasons"] = ", ".join(f"{reason['feature']} {reason['weight']:.2f}"
                               for reason in data.get("reasons", []))
    row.update({f"feature.{name}": value for name, value in data.get("features", {}).items()})
    return row


def to_frame(outcomes: Iterable[Mapping[str, Any]]) -> Any:
    """A pandas DataFrame with a row an outcome; `time` is a column of UTC times."""
    try:
        import numpy
        import pandas
    except ImportError as error:
        raise OuzelError("to_frame needs pandas: pip install pandas") from error
    frame = pandas.DataFrame([flat(outcome) for outcome in outcomes])
    if "time" in frame:
        # Each with as many digits as it has; to_datetime takes that from pandas 2 on only.
        times = numpy.array([text.removesuffix("Z") if text else "NaT" for text in frame["time"]],
                            dtype="datetime64[ns]")
        frame["time"] = pandas.to_datetime(times, utc=True)
    return frame
