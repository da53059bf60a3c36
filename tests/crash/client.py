"""One plain connection to an engine, for what is done one request after the other."""
import json
import socket
import time

BATCH_ROWS = 60


def replay(engine, check, counts):
    """Sends the accepted events of every partition in their order, on one connection."""
    lines = []
    for _, part in sorted(check.partitions.items()):
        for source, identity, _, _, data in part.content:
            envelope = {'specversion': '1.0', 'type': 'crash', 'source': source, 'id': identity,
                        'data': data}
            lines.append(json.dumps(envelope).encode())
    with connect(engine) as connection:
        for at in range(0, len(lines), BATCH_ROWS):
            reply = post_all(connection, lines[at:at + BATCH_ROWS])
            if reply:
                counts.cry('ANSWER', f'never-killed run: {reply}')
                return
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if at_rest(connection):
                return
            time.sleep(0.01)
    counts.cry('LOST', 'never-killed run: no rest')


def post_all(connection, lines, seconds=10):
    """Sends until all are in; empty, or the last answer if they will not go in."""
    deadline = time.monotonic() + seconds
    while True:
        reply = post(connection, b'\n'.join(lines))
        if reply.get('accepted', 0) + reply.get('duplicates', 0) == len(lines):
            return ''
        if time.monotonic() > deadline:
            return str(reply)[:500]
        time.sleep(0.02)


def connect(engine, seconds=20):
    deadline = time.monotonic() + seconds
    while True:
        try:
            connection = socket.create_connection(('127.0.0.1', engine.port), timeout=20)
            if ask(connection, b'GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')[0] == 200:
                return connection
            connection.close()
        except OSError:
            pass
        if time.monotonic() > deadline or not engine.alive():
            raise RuntimeError(f'the engine did not come up\n{engine.log_tail()}')
        time.sleep(0.01)


def ask(connection, request):
    """(status, body) of one request."""
    connection.sendall(request)
    data = b''
    while b'\r\n\r\n' not in data:
        more = connection.recv(1 << 16)
        if not more:
            raise ConnectionResetError
        data += more
    head, _, body = data.partition(b'\r\n\r\n')
    size = next((int(line.split(b':')[1]) for line in head.split(b'\r\n')
                 if line.lower().startswith(b'content-length:')), 0)
    while len(body) < size:
        more = connection.recv(1 << 16)
        if not more:
            raise ConnectionResetError
        body += more
    return int(head.split()[1]), body


def at_rest(connection):
    """True if nothing accepted is without its outcome."""
    metrics = ask(connection, b'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')[1]
    return b'\nouzel_events_in_flight 0\n' in metrics


def post(connection, body):
    head = ('POST /events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-ndjson\r\n'
            f'Content-Length: {len(body)}\r\n\r\n')
    return json.loads(ask(connection, head.encode() + body)[1])
