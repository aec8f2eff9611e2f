"""What can go wrong on the wire, as two exceptions.

A value that is not all there is an `EOFError`, as `java.io.EOFException` is; text that is no modified UTF-8 is a
`ValueError` which speaks the JDK's words. Everything else (a value that Java could not hold, a value of the wrong
type) is the caller's mistake and raises the built-in `OverflowError`, `TypeError` or `ValueError`.
"""

__all__ = ["IncompleteValueError", "UTFDataFormatError"]


class UTFDataFormatError(ValueError):
    """Text that cannot be read from, or written to, a data stream: `java.io.UTFDataFormatException`.

    Its message is the JDK's own, character for character, so that programs can show it as Java programs do.
    """


class IncompleteValueError(EOFError):
    """The bytes end before the value does: `java.io.EOFException`, whose own message is null.

    `name` is what was being read ("int", "UTF", "read_fully"), `expected` how many bytes the whole of it takes, as far
    as is known by then, and `got` how many there were. A length that is cut short says `UTF` and 2.
    """

    def __init__(self, name: str, expected: int, got: int) -> None:
        super().__init__(name, expected, got)  # all three, so that the exception survives pickling
        self.name = name
        self.expected = expected
        self.got = got

    def __str__(self) -> str:
        return f"end of stream in {self.name}: expected {self.expected} bytes, got {self.got}"
