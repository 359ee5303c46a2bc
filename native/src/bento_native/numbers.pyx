# cython: language_level=3, wraparound=False, cdivision=True
"""Plain numbers in small JSON bodies, read straight into the memory of an array.

Only lists of numbers are read here, with exactly the result of a full JSON parser followed by a conversion to doubles. Whatever is unusual,
wrong or not exact is left to those two.
"""

from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_FromStringAndSize, PyByteArray_Resize
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.math cimport isfinite
from libc.stdint cimport uint64_t

cdef extern from "Python.h":
    # Rounds correctly. With NULL for `error`, a number that is too large is infinite.
    double PyOS_string_to_double(const char *text, char **end, void *error) except? -1.0

cdef enum:
    AXES = 32
    # A whole number of so many digits fits into 64 bits.
    DIGITS = 19

# Whole numbers up to EXACT and the first POWERS powers of ten are exact doubles, so that the product or quotient of the two is rounded only
# once. Source: W. D. Clinger, How to read floating point numbers accurately, 1990.
cdef uint64_t EXACT = 1 << 53
cdef enum:
    POWERS = 23
cdef double TENS[POWERS]
cdef int _place
for _place in range(POWERS):
    TENS[_place] = float(10 ** _place)


cdef struct Reader:
    const char *at
    const char *end
    double *next
    int axes
    Py_ssize_t sizes[AXES]


def plain_numbers(bodies, tuple shape not None):
    """`bento.adapters._numbers.plain_numbers`."""
    cdef Reader reader
    cdef Py_ssize_t most = 0, count
    cdef bytearray numbers
    cdef double *first
    # The bodies are gone through twice, and must be the same both times.
    cdef list texts = list(bodies), counts = []
    reader.axes = len(shape)
    if not 0 < reader.axes <= AXES:
        return None
    for axis in range(reader.axes):
        if shape[axis] is None and axis or shape[axis] == 0:
            return None
        reader.sizes[axis] = -1 if shape[axis] is None else shape[axis]
    for body in texts:
        if type(body) is not bytes:
            return None
        # Each number has a bracket or a comma next to it, so there is at most one for every two bytes.
        most += PyBytes_GET_SIZE(body) // 2
    numbers = PyByteArray_FromStringAndSize(NULL, most * sizeof(double))
    reader.next = first = <double *>PyByteArray_AS_STRING(numbers)
    for body in texts:
        reader.at = PyBytes_AS_STRING(body)
        reader.end = reader.at + PyBytes_GET_SIZE(body)
        count = read_list(&reader, 0)
        skip_space(&reader)
        if count < 0 or reader.at != reader.end:
            return None
        counts.append(count)
    PyByteArray_Resize(numbers, (reader.next - first) * sizeof(double))
    return numbers, counts


cdef Py_ssize_t read_list(Reader *reader, int axis) except? -2:
    """Read a list with all that is in it; returns how many elements it has, or -1 for what is not read here."""
    cdef Py_ssize_t count = 0
    if not take(reader, b"["):
        return -1
    while True:
        if axis + 1 == reader.axes:
            if not read_number(reader):
                return -1
        elif read_list(reader, axis + 1) < 0:
            return -1
        count += 1
        if not take(reader, b","):
            break
    if not take(reader, b"]") or reader.sizes[axis] not in (-1, count):
        return -1
    return count


cdef inline void skip_space(Reader *reader) noexcept:
    while reader.at < reader.end and reader.at[0] in b" \t\n\r":
        reader.at += 1


cdef inline bint take(Reader *reader, char wanted) noexcept:
    """Step over a character, if that is what comes next."""
    skip_space(reader)
    if reader.at == reader.end or reader.at[0] != wanted:
        return False
    reader.at += 1
    return True


cdef inline int read_digits(Reader *reader, uint64_t *value) noexcept:
    """Step over digits and append them to `value`; returns how many there are. With more than DIGITS, `value` means nothing."""
    cdef const char *start = reader.at
    while reader.at < reader.end and c"0" <= reader.at[0] <= c"9":
        value[0] = 10 * value[0] + <uint64_t>(reader.at[0] - c"0")
        reader.at += 1
    return <int>(reader.at - start)


cdef bint read_number(Reader *reader) except -1:
    """Read a number in the notation of RFC 8259; False if it is none, or is left to the parser of all of JSON."""
    cdef uint64_t digits = 0, power = 0
    cdef int whole, part = 0, exponent = 0
    cdef bint is_negative, is_float = False
    cdef char *ended
    cdef double value
    skip_space(reader)
    cdef const char *start = reader.at
    is_negative = take_sign(reader, c"-")
    whole = read_digits(reader, &digits)
    if not whole or (whole > 1 and reader.at[-whole] == c"0"):
        return False
    if reader.at < reader.end and reader.at[0] == c".":
        reader.at += 1
        part = read_digits(reader, &digits)
        is_float = True
        if not part:
            return False
    if reader.at < reader.end and reader.at[0] in b"eE":
        reader.at += 1
        exponent = -1 if take_sign(reader, c"-") else 1
        if exponent > 0:
            take_sign(reader, c"+")
        is_float = True
        if not 0 < read_digits(reader, &power) <= 3:
            return False
        exponent *= <int>power
    exponent -= part
    if whole + part <= DIGITS and digits <= EXACT and -POWERS < exponent < POWERS:
        value = <double>digits
        value = value * TENS[exponent] if exponent >= 0 else value / TENS[-exponent]
        # `-0` is a whole number, and its zero has no sign; that of `-0.0` has one.
        if is_negative and (is_float or digits):
            value = -value
    elif not is_float:
        return False
    else:
        value = PyOS_string_to_double(start, &ended, NULL)
        if ended != reader.at or not isfinite(value):
            return False
    reader.next[0] = value
    reader.next += 1
    return True


cdef inline bint take_sign(Reader *reader, char sign) noexcept:
    if reader.at == reader.end or reader.at[0] != sign:
        return False
    reader.at += 1
    return True
