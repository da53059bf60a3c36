"""A receiver of outcomes that counts, and misbehaves on request."""
import base64
import hashlib
import hmac
import http.server
import json
import socket
import struct
import threading
import time


class Got:
    """One request as it came."""

    def __init__(self, path, headers, body):
        self.path, self.headers, self.body = path, headers, body
        self.at = time.monotonic()

    def events(self):
        """Structured CloudEvents, whatever the mode was."""
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("application/cloudevents-batch"):
            return json.loads(self.body)
        if kind.startswith("application/cloudevents"):
            return [json.loads(self.body)]
        event = {name[3:].lower(): value for name, value in self.headers.items()
                 if name.lower().startswith("ce-")}
        return [{**event, "datacontenttype": kind, "data": json.loads(self.body)}]


def position(event):
    partition, offset = event["id"].split(":")
    return int(partition), int(offset)


class Answer:
    """What the receiver does: a status with headers and a body, or something worse."""

    def __init__(self, status=200, headers=None, body=b"", worse=None):
        self.status, self.headers, self.body, self.worse = status, headers or {}, body, worse


class Receiver:
    """Listens on a free port of loopback. `answer(got)` decides; by default all is well. With
    `tls`, an ssl.SSLContext, it speaks HTTPS."""

    def __init__(self, answer=None, port=0, tls=None):
        self.answer = answer or (lambda got: Answer())
        self.requests = []
        self.lock = threading.Lock()
        self.closing = threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                got = Got(self.path, self.headers, body)
                with receiver.lock:
                    receiver.requests.append(got)
                    answer = receiver.answer(got)
                receiver.act(self, answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None   # the engine was killed, or hung up
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True,
                                                 do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def act(self, handler, answer):
        if answer.worse == "hang":
            self.closing.wait(30)
            return
        if answer.worse == "reset":
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                          struct.pack("ii", 1, 0))
            handler.close_connection = True
            handler.connection.close()
            return
        handler.send_response(answer.status)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(answer.body)))
        handler.end_headers()
        if answer.worse == "trickle":
            for byte in answer.body:
                if self.closing.wait(0.1):
                    return
                handler.wfile.write(bytes([byte]))
                handler.wfile.flush()
        else:
            handler.wfile.write(answer.body)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def got(self):
        with self.lock:
            return list(self.requests)

    def events(self):
        return [event for got in self.got() for event in got.events()]

    def wait(self, enough, timeout_s=30):
        """Until `enough(self)`; False: it never was."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            if enough(self):
                return True
            time.sleep(0.01)
        return False

    def wait_ids(self, count, timeout_s=30):
        """Until so many different outcomes have come."""
        return self.wait(lambda me: len({event["id"] for event in me.events()}) >= count,
                         timeout_s)


def faults(requests, lines, gaps=False):
    """What is wrong with the requests of one sink, given its topic's lines: each outcome came, as
    `tap` shows it; the same bytes always under the same key and other bytes under another; and the
    first arrivals of a partition are in its order (`gaps`: the sink passes some over)."""
    expected = {line["id"]: line["data"] for line in map(json.loads, lines)}
    found, seen, newest, keys, bodies = [], set(), {}, {}, {}
    for got in requests:
        key = got.headers["Idempotency-Key"]
        if keys.setdefault(got.body, key) != key or bodies.setdefault(key, got.body) != got.body:
            found.append(f"key {key} and {keys[got.body]} for {got.body[:200]!r}")
        for event in got.events():
            if event["data"] != expected.get(event["id"]):
                found.append(f"{event['id']} came otherwise: {event['data']}")
            partition, offset = position(event)
            before = newest.get(partition, -1)
            if event["id"] not in seen and (offset < before or offset > before + 1 and not gaps):
                found.append(f"{event['id']} came first behind {partition}:{before}")
            seen.add(event["id"])
            newest[partition] = max(before, offset)
    return found + [f"{id_} never came" for id_ in sorted(expected.keys() - seen)]


def verify_webhook(secret, headers, body):
    """Standard Webhooks, written from its specification: the verified id, or None."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(),
                        body])
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    if abs(time.time() - int(headers["webhook-timestamp"])) > 300:
        return None
    for versioned in headers["webhook-signature"].split(" "):
        version, _, signature = versioned.partition(",")
        if version == "v1" and hmac.compare_digest(signature, expected):
            return headers["webhook-id"]
    return None
