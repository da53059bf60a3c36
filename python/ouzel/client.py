"""A client of a running engine over HTTP."""
from __future__ import annotations

import http.client
import json
import random
import time
import urllib.parse
import uuid
from dataclasses import dataclass, field
from typing import Any, Iterator, Mapping

from ouzel.errors import OuzelError
from ouzel.frames import json_line, rows_of

PAGE_ROWS = 1000
BACKOFF_FIRST_S, BACKOFF_MAX_S = 0.1, 10.0
REQUEST_BYTES_MAX = 4 << 20
PASSES_LATER = (408, 425, 429, 500, 502, 503, 504)


@dataclass
class Refusal:
    """An event that the engine will never take as it is."""
    index: int      # In what was given to `send`, from 0.
    reason: str
    detail: str


@dataclass
class SendReport:
    """What became of the events of one `send`: sent = accepted + duplicates + len(refused)."""
    sent: int = 0
    accepted: int = 0      # On disk, each of them.
    duplicates: int = 0    # On disk already, before this call.
    refused: list[Refusal] = field(default_factory=list)


class Client:
    """Talks to one engine over one connection. Not for several threads at a time."""

    def __init__(self, url: str = "http://127.0.0.1:8080", *, batch_rows: int = 1000,
                 attempts_max: int = 8, timeout_s: float = 30.0) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme != "http" or not parts.hostname or parts.path not in ("", "/"):
            raise OuzelError(f"http://HOST:PORT expected, got {url!r}")
        if batch_rows < 1 or attempts_max < 1:
            raise OuzelError("batch_rows and attempts_max must be 1 or more")
        self.url, self.batch_rows, self.attempts_max = url, batch_rows, attempts_max
        self._http = http.client.HTTPConnection(parts.hostname, parts.port or 80,
                                                timeout=timeout_s)

    def close(self) -> None:
        """Closes the connection; it is opened again when needed."""
        self._http.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, events: Any, *, idempotency_key: str | None = None) -> SendReport:
        """Sends an iterable of payloads (or of structured CloudEvents), or a DataFrame.

        Returns when every event is on disk or refused for good. The same `idempotency_key` with the
        same events again doubles nothing; without one each call has its own.
        """
        key = idempotency_key or str(uuid.uuid4())
        report = SendReport()
        for number, lines in enumerate(self._batches(events)):
            self._send_batch(lines, f"{key}-{number}", report)
        return report

    def outcomes(self, *, start: str = "beginning", follow: bool = False, poll_s: float = 0.5,
                 **filters: str) -> Iterator[dict[str, Any]]:
        """Outcomes from `start` (beginning, end, or PARTITION:OFFSET) on.

        `filters` are those of GET /api/v1/outcomes: key, label, route, status. With `follow` it
        goes on for ever with what comes.
        """
        position = start
        while True:
            query = urllib.parse.urlencode({"limit": PAGE_ROWS, **filters, "from": position})
            page = self.get("/api/v1/outcomes?" + query)
            yield from page["outcomes"]
            following = page.get("next") or position
            moved, position = following != position, following
            if moved:
                continue
            if not follow:
                return
            time.sleep(poll_s)

    def status(self) -> dict[str, Any]:
        """Counts, latency and lanes of the engine."""
        return self.get("/api/v1/status")

    def get(self, path: str) -> Any:
        """The JSON behind a path of the API."""
        status, _, body = self._attempts("GET", path, None, {})
        if status != 200:
            raise OuzelError(f"{path}: {status}: {_told(body)}")
        return json.loads(body)

    def _batches(self, events: Any) -> Iterator[list[bytes]]:
        lines, size = [], 0
        for event in rows_of(events):
            line = json_line(event)
            if lines and (len(lines) == self.batch_rows or size + len(line) > REQUEST_BYTES_MAX):
                yield lines
                lines, size = [], 0
            lines.append(line)
            size += len(line) + 1
        if lines:
            yield lines

    def _send_batch(self, lines: list[bytes], key: str, report: SendReport) -> None:
        headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": key}
        accepted = 0    # Over all attempts: what a lost answer took is a duplicate of the next.
        for attempt in range(self.attempts_max):
            status, answer, body = self._attempts("POST", "/events", b"\n".join(lines), headers)
            reply = _reply(body)
            if reply is None:
                raise OuzelError(f"/events: {status}: {_told(body)}")
            accepted += reply["accepted"]
            if not any(one.get("retry") for one in reply["refused"]):
                break
            self._wait(attempt, answer)
        else:
            raise OuzelError(f"the engine has no room after {self.attempts_max} attempts: "
                             f"{_told(body)}")
        first = report.sent
        report.sent += len(lines)
        report.accepted += accepted
        report.duplicates += len(lines) - accepted - len(reply["refused"])
        report.refused += [Refusal(first + one["index"], one["reason"], one.get("detail", ""))
                           for one in reply["refused"]]

    def _attempts(self, method: str, path: str, body: bytes | None,
                  headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        """Asks until there is an answer that stays; a body with a verdict on each event is one."""
        for attempt in range(self.attempts_max):
            last = attempt + 1 == self.attempts_max
            try:
                self._http.request(method, path, body=body, headers=dict(headers))
                answer = self._http.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException) as error:
                self._http.close()
                if last:
                    raise OuzelError(f"cannot reach {self.url}: {error}") from error
                self._wait(attempt, {})
                continue
            if answer.status not in PASSES_LATER or _reply(text) is not None or last:
                return answer.status, answer.headers, text
            self._wait(attempt, answer.headers)
        raise AssertionError("the loop returns or raises")

    def _wait(self, attempt: int, headers: Mapping[str, str]) -> None:
        """As long as the engine said; else twice as long each time, with jitter."""
        told = headers.get("Retry-After", "")
        if told.isdigit():
            time.sleep(min(float(told), BACKOFF_MAX_S))
            return
        longest = min(BACKOFF_FIRST_S * 2 ** attempt, BACKOFF_MAX_S)
        time.sleep(random.uniform(longest / 2, longest))


def _reply(body: bytes) -> dict[str, Any] | None:
    """The verdicts of POST /events; None if the body is something else."""
    try:
        reply = json.loads(body)
    except ValueError:
        return None
    return reply if isinstance(reply, dict) and "accepted" in reply else None


def _told(body: bytes) -> str:
    """What an answer says in words: the detail of a problem, or its first bytes."""
    try:
        problem = json.loads(body)
        return str(problem.get("detail") or problem)[:500]
    except (ValueError, AttributeError):
        return body[:500].decode(errors="replace")
