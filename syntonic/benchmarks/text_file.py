"""The text of a language model: a file, or what every installation of Python carries."""

from syntonic.benchmarks.reading.content import content


def read(path: str | None) -> bytes:
    """Returns the bytes of a file; None: the topics of Python's own help.

    Raises:
        ValueError: as `content`.
    """
    if path is None:
        from pydoc_data.topics import topics

        return "\n".join(topics.values()).encode()
    return content(path, "text")
