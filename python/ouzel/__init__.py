"""ouzel for Python: send events, read outcomes, score data frames, write model cards.

Only the standard library is needed; pandas is used where a frame goes in or comes out.
"""
from ouzel.card import write_model_card
from ouzel.client import Client, Refusal, SendReport
from ouzel.errors import OuzelError
from ouzel.frames import flat, to_frame
from ouzel.program import read_outcomes, score

__all__ = ["Client", "OuzelError", "Refusal", "SendReport", "flat", "read_outcomes", "score",
           "to_frame", "write_model_card"]
