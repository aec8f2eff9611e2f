"""The two exceptions for what can be wrong on the wire.

An incomplete value is an `EOFError`: `java.io.EOFException`. Text that is not modified UTF-8 is a `ValueError` with the
JDK's message: `java.io.UTFDataFormatException`. Mistakes of the caller (a value outside Java's range, a value of the
wrong type) raise the built-in `OverflowError`, `TypeError` or `ValueError`.
"""

__all__ = ["IncompleteValueError", "UTFDataFormatError"]


class UTFDataFormatError(ValueError):
    """Text that cannot be read from, or written to, a data stream: `java.io.UTFDataFormatException`.

    Its message is the JDK's, character for character, so that programs can print it as Java programs do.
    """


class IncompleteValueError(EOFError):
    """The stream ends inside a value: `java.io.EOFException`, whose message is null.

    name      what was being read: "int", "UTF", "read_fully"
    expected  the number of bytes of the whole value, as far as is known; 2 for a UTF whose length is incomplete
    got       the number of bytes there were
    """

    def __init__(self, name: str, expected: int, got: int) -> None:
        super().__init__(name, expected, got)  # all three arguments, so that the exception can be pickled
        self.name = name
        self.expected = expected
        self.got = got

    def __str__(self) -> str:
        return f"end of stream in {self.name}: expected {self.expected} bytes, got {self.got}"
