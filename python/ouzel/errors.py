"""The one exception of this package."""


class OuzelError(Exception):
    """The engine or the program said no, or could not be reached; the text says why."""
