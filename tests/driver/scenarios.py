"""Scenarios of the CloudEvents conformance suite, which are written in gherkin."""
import json
import re
from dataclasses import dataclass

ROW = re.compile(r"\|\s*(\S+)\s*\|\s*(.*?)\s*\|")


@dataclass
class Scenario:
    name: str
    message: str     # A request as it is printed, or the value of a Kafka record.
    headers: dict    # Of a Kafka record.
    wanted: dict     # Attributes.
    data: object


def read(text):
    """All of a feature; an outline gives one for each example."""
    out = []
    for part in re.split(r"\n\s*Scenario(?: Outline)?: ", text)[1:]:
        quoted = re.findall(r'"""\n(.*?)\n\s*"""', part, re.S)
        examples = re.findall(r"^\s*\|\s*(.*?)\s*\|\s*$", part.split("Examples:")[1], re.M)[1:] \
            if "Examples:" in part else [""]
        for example in examples:
            whole = part.replace("<contentType>", example)
            out.append(Scenario(
                name=whole.split("\n", 1)[0],
                message=quoted[0].replace("<contentType>", example),
                headers=table(whole, "Kafka headers:", "When parsed"),
                wanted=table(whole, "attributes are:", "And the data"),
                data=json.loads(quoted[-1])))
    return out


def table(text, begin, end):
    """{key: value} between two words; empty where the first is not there."""
    if begin not in text:
        return {}
    return {key: value for key, value in ROW.findall(text.split(begin)[1].split(end)[0])
            if key != "key"}
