"""The characters of a text file whose encoding nobody has said."""

import codecs
from typing import Final

_MARKS: Final = (  # the longer first: the mark of utf-32 begins with that of utf-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE: Final = 4096


def decoded(data: bytes, encoding: str | None) -> tuple[str, str]:
    """Returns the text and the encoding that it was read by.

    A byte order mark tells; without one it is UTF-8 if it can be, UTF-16 if every other byte is 0, else Windows-1252,
    or latin-1 where that has gaps.

    Raises:
        ValueError: the encoding is unknown or does not fit, or the text holds NUL.
    """
    if encoding is not None:
        try:
            if not codecs.lookup(encoding)._is_text_encoding:
                raise LookupError
            text = data.decode(encoding)
        except LookupError:
            raise ValueError(f"encoding={encoding}: Python knows no such encoding of text; try utf-8") from None
        except UnicodeError as error:
            raise ValueError(f"encoding={encoding}: does not fit the file ({error}); leave it out") from None
        return _without_nul(text.removeprefix("\ufeff")), encoding
    tried = [name for mark, name in _MARKS if data.startswith(mark)] or _candidates(data)
    for name in tried:
        try:
            return _without_nul(data.decode(name)), name
        except UnicodeError:
            pass
    raise ValueError(f"begins with the mark of {tried[0]} and goes on as something else; say encoding=")


def _candidates(data: bytes) -> list[str]:
    sample = data[:_SAMPLE]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) * 4 > len(sample) and len(data) % 2 == 0:
        return ["utf-16-le" if odd > even else "utf-16-be"]
    return ["utf-8", "cp1252", "latin-1"]


def _without_nul(text: str) -> str:
    if (place := text.find("\0")) >= 0:
        line = text.count("\n", 0, place) + 1
        raise ValueError(f"line {line} holds a NUL character: this is no text, or in another encoding; say encoding=")
    return text
