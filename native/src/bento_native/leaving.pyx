# cython: language_level=3, wraparound=False
"""Answers leave: their Server-Timing headers and log lines, their bytes, and their way back to the connections."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.math cimport fabs, llrint
from libc.string cimport memcpy

from .core cimport ANSWER, CALL, CONNECTION, FLOW, MANY, SEPARATE_WRITE, Answer, FastProtocol, PlainCall
from .core cimport are_connections_known, expect_call, flow_of, is_known, know, know_connections
from .slots cimport ascii_of, get, is_a, is_ascii, listed, new, new_text, number, put

cdef object OK = 200
cdef bytes BEFORE_ID = b"\r\nx-content-type-options: nosniff\r\nx-request-id: "
cdef bytes BEFORE_TIMING = b"\r\nserver-timing: "
cdef bytes LINE_END = b"\r\n"
cdef enum:
    LONGEST = 24  # more digits than a whole number has
    ROOM = 400  # more characters than a double has, before the point and after it


cdef Py_ssize_t write_digits(char *at, long long number, Py_ssize_t least):
    """Write a number that is not negative, with at least so many digits; returns how many there are."""
    cdef char digits[LONGEST]
    cdef Py_ssize_t count = 0
    while number or count < least:
        digits[LONGEST - 1 - count] = 48 + number % 10
        number //= 10
        count += 1
    memcpy(at, digits + LONGEST - count, count)
    return count


cdef Py_ssize_t write_decimal(char *at, double value, int places) except -1:
    """Write `f"{value:.{places}f}"`, with 1 or 3 `places`, for the milliseconds of a request; returns the number of characters."""
    cdef long long unit = 1000 if places == 3 else 10
    cdef double scaled = value * unit
    cdef bytes text
    cdef Py_ssize_t size
    # The product has a rounding error of its own, which could change the result if it is nearly halfway between two numbers.
    if not 0 <= scaled < 1e12 or fabs(scaled - llrint(scaled)) > 0.499:
        text = f"{value:.{places}f}".encode()
        copied(at, PyBytes_AS_STRING(text), len(text))
        return len(text)
    size = write_digits(at, llrint(scaled) // unit, 1)
    at[size] = b"."
    return size + 1 + write_digits(at + size + 1, llrint(scaled) % unit, places)


cdef str joined(str before, const char *middle, Py_ssize_t size, str after, str last, str end):
    """The parts as one text; all of them have to be ASCII."""
    cdef str text = new_text(len(before) + size + len(after) + len(last) + len(end), 127)
    cdef char *at = copied(ascii_of(text), ascii_of(before), len(before))
    at = copied(at, middle, size)
    at = copied(at, ascii_of(after), len(after))
    at = copied(at, ascii_of(last), len(last))
    copied(at, ascii_of(end), len(end))
    return text


cdef inline char *copied(char *at, const char *source, Py_ssize_t size):
    """Copy so many bytes; returns where they end."""
    memcpy(at, source, size)
    return at + size


def server_timing(calls):
    """`bento.serving.calls.writing.server_timing`."""
    cdef double decoded_at = -1, started_at = -1
    cdef char text[ROOM]
    cdef Py_ssize_t size
    cdef list timings = []
    if not is_known:
        know()
    expect_call(calls[0])
    run = get(calls[0], CALL.run)
    # Numbers only, so that it is all ASCII.
    cdef double model_seconds = run.model_seconds, encode_seconds = run.encode_seconds
    cdef Py_ssize_t rows = run.rows
    cdef str shared = f'model;dur={model_seconds * 1e3:.3f}, encode;dur={encode_seconds * 1e3:.3f}, batch;desc="{rows}"'
    cdef str queue = ""
    for call in calls:
        expect_call(call)
        if number(call, CALL.decoded_at) != decoded_at or number(call, CALL.started_at) != started_at:
            decoded_at, started_at = number(call, CALL.decoded_at), number(call, CALL.started_at)
            queue = f", queue;dur={(started_at - decoded_at) * 1e3:.3f}, {shared}"
        size = write_decimal(text, (decoded_at - number(call, CALL.received)) * 1e3, 3)
        timings.append(joined("decode;dur=", text, size, queue, "", ""))
    return timings


def answers_of(bodies, media_type, status=OK, headers=()):
    """`bento.serving.calls.answer.answers_of`."""
    cdef list answers = []
    if not is_known:
        know()
    for body in bodies:
        answer = new(Answer)
        put(answer, ANSWER.body, body)
        put(answer, ANSWER.media_type, media_type)
        put(answer, ANSWER.status, status)
        put(answer, ANSWER.headers, headers)
        put(answer, ANSWER.timing, "")
        answers.append(answer)
    return answers


def lines_of(calls, double now, str before not None):
    """`bento.serving.logs.lines_of`."""
    cdef char text[ROOM]
    cdef Py_ssize_t size
    cdef list lines = []
    cdef bint is_plain = is_ascii(before)
    if not is_known:
        know()
    for call in calls:
        expect_call(call)
        request_id = get(call, CALL.request_id)
        size = write_decimal(text, (now - number(call, CALL.received)) * 1e3, 1)
        if is_plain and type(request_id) is str and is_ascii(request_id):
            lines.append(joined(before, text, size, "ms ", request_id, "\n"))
        else:
            lines.append(f"{before}{text[:size].decode()}ms {request_id}\n")
    return lines


def media_types_of(answers):
    """`bento.serving.http.fast.media_types_of`."""
    cdef set found = set()
    last = None
    if not is_known:
        know()
    for answer in answers:
        if not is_a(answer, Answer):
            raise TypeError(f"expected an answer, got {answer!r}")
        media_type = get(answer, ANSWER.media_type)
        if media_type is not last:
            found.add(media_type)
            last = media_type
    return found


def encode_all(dict starts, calls, answers, unusual):
    """`bento.serving.http.fast.encode_all`."""
    cdef list written = [], values = listed(answers)
    cdef Py_ssize_t place = 0
    cdef str more = ""
    cdef bint closes = False
    headers = ()
    if not are_connections_known:
        know_connections()
    if len(calls) != len(values):
        raise ValueError(f"expected an answer for each call, {len(calls)}, got {len(values)}")
    for call in calls:
        answer = values[place]
        place += 1
        if not is_a(call, PlainCall) or not is_a(answer, Answer):
            raise TypeError(f"expected a plain call and its answer, got {call!r} and {answer!r}")
        data = None
        connection = get(call, CALL.connection)
        if get(answer, ANSWER.headers) is not headers:
            headers = get(answer, ANSWER.headers)
            more, closes = "".join([f"{name}: {value}\r\n" for name, value in headers]), answer.closes
        if is_a(connection, FastProtocol) and not get(connection, CONNECTION.ending) and not closes:
            data = encode(starts[get(answer, ANSWER.media_type)], answer, get(call, CALL.request_id), more)
        written.append(unusual(call, answer) if data is None else data)
    return written


cdef bytes encode(start, answer, request_id, str more):
    """The bytes of a small answer; None if it is large or its head is not all ASCII. `more` is its own headers, each with its end of
    line."""
    body, timing = get(answer, ANSWER.body), get(answer, ANSWER.timing)
    if type(body) is not bytes or PyBytes_GET_SIZE(body) > SEPARATE_WRITE or not is_ascii(more):
        return None
    if not (type(start) is type(timing) is type(request_id) is str and is_ascii(start) and is_ascii(timing) and is_ascii(request_id)):
        return None
    cdef char length[LONGEST]
    cdef Py_ssize_t digits = write_digits(length, PyBytes_GET_SIZE(body), 1)
    cdef Py_ssize_t head = len(start) + digits + len(BEFORE_ID) + len(request_id) + len(more) + 2 * len(LINE_END)
    if timing:
        head += len(BEFORE_TIMING) + len(timing)
    cdef bytes data = PyBytes_FromStringAndSize(NULL, head + PyBytes_GET_SIZE(body))
    cdef char *at = PyBytes_AS_STRING(data)
    at = copied(at, ascii_of(start), len(start))
    at = copied(at, length, digits)
    at = copied(at, BEFORE_ID, len(BEFORE_ID))
    at = copied(at, ascii_of(request_id), len(request_id))
    if timing:
        at = copied(at, BEFORE_TIMING, len(BEFORE_TIMING))
        at = copied(at, ascii_of(timing), len(timing))
    at = copied(at, LINE_END, len(LINE_END))
    at = copied(at, ascii_of(more), len(more))
    at = copied(at, LINE_END, len(LINE_END))
    copied(at, PyBytes_AS_STRING(body), PyBytes_GET_SIZE(body))
    return data


def send_all(calls, written):
    """`bento.serving.http.pipelining.send_all`."""
    cdef list values = listed(written)
    cdef Py_ssize_t place = 0
    if not are_connections_known:
        know_connections()
    if len(calls) != len(values):
        raise ValueError(f"expected as many answers as calls, {len(calls)}, got {len(values)}")
    for call in calls:
        data = values[place]
        place += 1
        if not is_a(call, PlainCall):
            raise TypeError(f"expected a plain call, got {call!r}")
        connection = get(call, CALL.connection)
        if type(data) is bytes and is_a(connection, FastProtocol) and is_alone(connection, call):
            send(connection, data)
        else:
            connection.send(call, data)


cdef bint is_alone(connection, call) except -1:
    """Whether a connection has nothing in flight but this call."""
    cdef list in_flight = get(connection, CONNECTION.in_flight)
    if len(in_flight) != 1 or in_flight[0] is not call:
        return False
    return not get(connection, CONNECTION.waiting) and not get(connection, CONNECTION.ready)


cdef int send(connection, data) except -1:
    """What `Pipelining.send` does for a call that is alone."""
    cdef list in_flight = get(connection, CONNECTION.in_flight)
    put(connection, CONNECTION.most, MANY)
    in_flight.clear()
    get(connection, CONNECTION.transport).write(data)
    if get(connection, CONNECTION.ending) or get(connection, CONNECTION.pipeline) or get(flow_of(connection), FLOW.read_paused):
        connection.idle()
    return 0
