# cython: language_level=3, wraparound=False
"""Calls pass through their api: what is noted of each on the way, and figures of all of a batch."""

from cpython.number cimport PyNumber_Index

from .core cimport ANSWER, CALL, HEAD, Answer, Head, PlainHead, expect_call, is_known, know
from .slots cimport clipped, get, is_a, is_mostly, listed, number, put


cdef int begin() except -1:
    """What every loop does first: make sure that calls and answers have been looked up."""
    if not is_known:
        know()
    return 0


cdef int expect_each(calls, others) except -1:
    """Raise a ValueError unless there are as many `others` as calls."""
    if len(calls) != len(others):
        raise ValueError(f"expected as many as there are calls, {len(calls)}, got {len(others)}")
    return 0


cdef object head_of(object call):
    """The head of a call."""
    head = get(call, CALL.head)
    if not is_mostly(head, PlainHead, Head):
        raise TypeError(f"expected a head, got {head!r}")
    return head


def allow(calls, double seconds):
    """`bento.serving.calls.deadlines.allow`."""
    cdef double due = float("inf"), allowed, deadline
    begin()
    for call in calls:
        expect_call(call)
        head = head_of(call)
        allowed = number(head, HEAD.timeout)
        deadline = number(call, CALL.received) + (seconds if seconds < allowed else allowed)
        put(call, CALL.deadline, deadline)
        if deadline < due:
            due = deadline
    return due


def larger_than(Py_ssize_t size, calls):
    """`bento.serving.calls.endpoint.larger_than`."""
    cdef list large = []
    begin()
    for call in calls:
        expect_call(call)
        head = head_of(call)
        if len(get(call, CALL.body)) > size or get(head, HEAD.content_encoding):
            large.append(call)
    return large


def content_types_of(calls):
    """`bento.serving.calls.reading.content_types_of`."""
    return said_by(calls, &HEAD.content_type)


def accepted_by(calls):
    """`bento.serving.calls.writing.accepted_by`."""
    return said_by(calls, &HEAD.accept)


cdef set said_by(calls, Py_ssize_t *place):
    """The different values that the heads of calls have in one place."""
    cdef set said = set()
    last = None
    begin()
    for call in calls:
        expect_call(call)
        value = get(head_of(call), place[0])
        if value is not last:
            said.add(value)
            last = value
    return said


def bodies_of(calls):
    """`bento.serving.calls.reading.bodies_of`."""
    return column(calls, &CALL.body)


def items_of(calls):
    """`bento.serving.calls.pipeline.items_of`."""
    return column(calls, &CALL.item)


def rows_of(calls):
    """`bento.serving.calls.writing.rows_of`."""
    return column(calls, &CALL.rows)


cdef list column(calls, Py_ssize_t *place):
    """The value that each call has in one place. It comes as a pointer, because before `begin` nobody knows where it is."""
    cdef list values = []
    begin()
    for call in calls:
        expect_call(call)
        values.append(get(call, place[0]))
    return values


def note_items(calls, items, now):
    """`bento.serving.calls.reading.note_items`."""
    cdef list values = listed(items)
    cdef Py_ssize_t place = 0
    begin()
    expect_each(calls, values)
    for call in calls:
        expect_call(call)
        put(call, CALL.item, values[place])
        place += 1
        put(call, CALL.decoded_at, now)


def note_rows(calls, rows_of, group):
    """`bento.serving.calls.reading.note_rows`."""
    begin()
    for call in calls:
        expect_call(call)
        rows = rows_of(get(call, CALL.item))
        rows = rows if rows is None else PyNumber_Index(rows)
        put(call, CALL.rows, rows)
        put(call, CALL.group, call if rows == 0 else group)


def note_start(calls, now):
    """`bento.serving.calls.choosing.note_start`."""
    begin()
    for call in calls:
        expect_call(call)
        put(call, CALL.started_at, now)


def is_batch(calls, Py_ssize_t size, double now):
    """`bento.serving.calls.choosing.is_batch`."""
    cdef double rows = 0
    first = None
    begin()
    for call in calls:
        expect_call(call)
        # As a double, the sum of clipped numbers cannot overflow.
        rows += <double>clipped(get(call, CALL.rows) or 1, NULL)
        if rows > size or get(call, CALL.settled) or number(call, CALL.deadline) <= now:
            return False
        group = get(call, CALL.group)
        if first is None:
            first = call
        elif group is not get(first, CALL.group) and group != get(first, CALL.group):
            return False
    return first is not None


def note_run(calls, run):
    """`bento.serving.calls.pipeline.note_run`."""
    rows = 0
    begin()
    for call in calls:
        expect_call(call)
        rows += get(call, CALL.rows) or 1
        put(call, CALL.run, run)
    run.rows = rows


def note_outcomes(calls, outcomes, timings):
    """`bento.serving.calls.writing.note_outcomes`."""
    cdef list values = listed(outcomes), texts = listed(timings)
    cdef Py_ssize_t place = 0
    begin()
    expect_each(calls, values)
    expect_each(calls, texts)
    for call in calls:
        expect_call(call)
        outcome = values[place]
        if type(outcome) is Answer:
            put(outcome, ANSWER.timing, texts[place])
        put(call, CALL.outcome, outcome)
        place += 1


def answered(calls):
    """`bento.serving.calls.endpoint.answered`."""
    cdef list good = [], answers = []
    begin()
    for call in calls:
        expect_call(call)
        if not get(call, CALL.settled) and is_a(get(call, CALL.outcome), Answer):
            good.append(call)
            answers.append(get(call, CALL.outcome))
    return good, answers


def share_reply(calls):
    """`bento.serving.calls.endpoint.share_reply`."""
    begin()
    expect_call(calls[0])
    first = get(calls[0], CALL.reply)
    for call in calls:
        expect_call(call)
        if get(call, CALL.reply) is not first and get(call, CALL.reply) != first:
            return False
    return True


def holding(calls):
    """`bento.serving.calls.endpoint.holding`."""
    cdef list found = []
    begin()
    for call in calls:
        expect_call(call)
        if get(call, CALL.held):
            found.append(call)
    return found


def settle(calls):
    """`bento.serving.calls.endpoint.settle`."""
    begin()
    for call in calls:
        expect_call(call)
        put(call, CALL.settled, True)


def seconds_since(calls, double now):
    """`bento.serving.calls.figures.seconds_since`."""
    cdef list seconds = []
    begin()
    for call in calls:
        expect_call(call)
        seconds.append(now - number(call, CALL.received))
    return seconds


def stages_of(calls):
    """`bento.serving.calls.figures.stages_of`."""
    cdef double decode = 0, queue = 0, decoded_at
    cdef Py_ssize_t count = 0
    cdef dict runs = {}
    run = last = None
    begin()
    for call in calls:
        expect_call(call)
        decoded_at = number(call, CALL.decoded_at)
        if decoded_at:
            decode += decoded_at - number(call, CALL.received)
        if number(call, CALL.started_at):
            queue += number(call, CALL.started_at) - decoded_at
        run = get(call, CALL.run)
        if run is not last:
            if last is not None:
                runs[last] = runs.get(last, 0) + count
            last, count = run, 0
        count += 1
    if last is not None:
        runs[last] = runs.get(last, 0) + count
    return decode, queue, runs
