"""What a program with the CloudEvents SDK for Python does: sdk_client.py PORT. Runs in a virtual
environment with one version of the package; sdk_test.py starts it. Prints what it got as JSON.
"""
import http.client
import json
import sys

DATA = {"device_id": "press-1", "ts": 1772352000, "temperature": 61.5, "pressure": 5}
ATTRIBUTES = {"type": "reading", "source": "/line/1", "subject": "cell 7", "plant": "seven",
              "datacontenttype": "application/json"}


def version_1():
    from cloudevents.conversion import to_binary, to_structured
    from cloudevents.http import CloudEvent, from_http

    def read(headers, body):
        event = from_http(headers, body)
        return event.get_attributes(), event.data
    make = lambda identity: CloudEvent({**ATTRIBUTES, "id": identity}, DATA)
    return make, to_binary, to_structured, read


def version_2():
    from cloudevents.core.bindings.http import (HTTPMessage, from_http_event, to_binary_event,
                                                to_structured_event)
    from cloudevents.core.v1.event import CloudEvent

    def split(convert):
        def made(event):
            message = convert(event)
            return message.headers, message.body
        return made

    def read(headers, body):
        event = from_http_event(HTTPMessage(headers=headers, body=body))
        return event.get_attributes(), event.get_data()
    # Version 1 leaves header fields unencoded, so only this one can send such a subject.
    make = lambda identity: CloudEvent(attributes={**ATTRIBUTES, "subject": "cell é 100%",
                                                   "id": identity, "specversion": "1.0"}, data=DATA)
    return make, split(to_binary_event), split(to_structured_event), read


def main():
    try:
        make, to_binary, to_structured, read = version_2()
    except ImportError:
        make, to_binary, to_structured, read = version_1()
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=10)
    got = []
    for identity, convert, more in (
            ("binary", to_binary, {"Prefer": "reply"}),
            ("structured", to_structured,
             {"Prefer": "reply", "Accept": "application/cloudevents+json"}),
            ("again", to_binary, {})):
        headers, body = convert(make(identity))
        connection.request("POST", "/", body, {**headers, **more})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            got.append({"status": answer.status, "answer": json.loads(text)})
            continue
        attributes, data = read(dict(answer.getheaders()), text)
        got.append({"status": 200, "attributes": dict(attributes), "data": data})
    json.dump(got, sys.stdout, default=str)


main()
