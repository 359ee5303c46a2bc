# cython: language_level=3, wraparound=False
"""Requests arrive: from the packets of connections to calls."""

import math
import time

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.string cimport memcmp, memcpy

from .core cimport CALL, CONNECTION, FLOW, HEAD, IDS, LANE, NO_RUN, FastProtocol, PlainCall, PlainHead
from .core cimport are_connections_known, flow_of, know_connections, lane_of, new_request_id, parse_packet
from .slots cimport ascii_of, get, is_a, is_ascii, new, new_text, put

cdef object monotonic = time.monotonic
cdef object ENDLESS = math.inf
cdef object NEVER = 0.0
cdef object NOTHING = b""
cdef long long MOST_IDS = 16 ** 10
cdef const char *DIGITS = b"0123456789abcdef"


def data_received(connection, data):
    """`FastProtocol.data_received`."""
    if not are_connections_known:
        know_connections()
    if not is_a(connection, FastProtocol) or type(data) is not bytes:
        raise TypeError(f"expected bytes for a connection, got {type(data).__name__} for {connection!r}")
    if get(connection, CONNECTION.fresh) is not None:
        connection._begin_fresh()
    if get(connection, CONNECTION.rests):
        connection.keep(data)
        return
    put(connection, CONNECTION.packet, NOTHING)
    if not may_be_fast(connection):
        parse_packet(connection, data)
        return
    head = get(connection, CONNECTION.last_head)
    if head is None or not begins_with(data, head):
        head = get(connection, CONNECTION.lane).heads.recall(data, get(connection, CONNECTION.local_address))
    put(connection, CONNECTION.packet, data)
    if head is None:
        parse_packet(connection, data)
        return
    if get(connection, CONNECTION.timer) is not None:
        connection._unset_keepalive_if_required()
    put(connection, CONNECTION.last_head, head)
    put(connection, CONNECTION.fresh, head)
    put(connection, CONNECTION.received, monotonic())
    lane = lane_of(connection)
    arrivals = get(lane, LANE.arrivals)
    if arrivals:
        (<list?>arrivals).append(connection)
    else:
        lane.arrive(connection)


cdef bint may_be_fast(object connection) except -1:
    """Whether no request is open on a connection, and nothing is ahead on the ordinary lane."""
    if get(connection, CONNECTION.is_open) or get(connection, CONNECTION.ending) or get(connection, CONNECTION.pipeline):
        return False
    return get(connection, CONNECTION.running) is None or not connection._is_running()


cdef bint begins_with(bytes data, object head) except -1:
    """Whether a packet is a whole request with this very head."""
    if not is_a(head, PlainHead):
        raise TypeError(f"expected a head, got {head!r}")
    if <Py_ssize_t>get(head, HEAD.whole) != PyBytes_GET_SIZE(data):
        return False
    cdef bytes packet = get(head, HEAD.packet)
    cdef Py_ssize_t size = len(packet)
    return size <= PyBytes_GET_SIZE(data) and memcmp(PyBytes_AS_STRING(packet), PyBytes_AS_STRING(data), size) == 0


def fresh_calls(connections):
    """`bento.serving.http.protocol.fresh_calls`."""
    cdef dict found = {}
    cdef list calls = []
    cdef list in_flight
    endpoint = None
    if not are_connections_known:
        know_connections()
    for connection in connections:
        if not is_a(connection, FastProtocol):
            raise TypeError(f"expected a connection, got {connection!r}")
        call = next_call(connection)
        if call is None:
            continue
        in_flight = get(connection, CONNECTION.in_flight)
        in_flight.append(call)
        if get(flow_of(connection), FLOW.write_paused) or len(in_flight) > <Py_ssize_t>get(connection, CONNECTION.most):
            connection.put_off(call)
            continue
        head = get(call, CALL.head)
        if get(head, HEAD.endpoint) is not endpoint:
            endpoint = get(head, HEAD.endpoint)
            calls = found.setdefault(endpoint, [])
        calls.append(call)
    return found


cdef object next_call(object connection):
    """The call of the request that a connection has received, or None; the connection forgets the request."""
    head = get(connection, CONNECTION.fresh)
    cdef bytes packet = get(connection, CONNECTION.packet)
    put(connection, CONNECTION.fresh, None)
    put(connection, CONNECTION.packet, NOTHING)
    if head is None:
        return None
    if not is_a(head, PlainHead):
        raise TypeError(f"expected a head, got {head!r}")
    cdef Py_ssize_t size = get(head, HEAD.size), whole = len(packet)
    if not 0 <= size <= whole:
        raise ValueError(f"expected a head of at most {whole} bytes, got {size}")
    call = new(PlainCall)
    put(call, CALL.head, head)
    put(call, CALL.body, PyBytes_FromStringAndSize(PyBytes_AS_STRING(packet) + size, whole - size))
    put(call, CALL.request_id, get(head, HEAD.request_id) or next_id())
    put(call, CALL.received, get(connection, CONNECTION.received))
    put(call, CALL.reply, get(lane_of(connection), LANE.reply))
    put(call, CALL.connection, connection)
    put(call, CALL.deadline, ENDLESS)
    put(call, CALL.item, None)
    put(call, CALL.rows, None)
    put(call, CALL.group, None)
    put(call, CALL.outcome, None)
    put(call, CALL.settled, False)
    put(call, CALL.decoded_at, NEVER)
    put(call, CALL.started_at, NEVER)
    put(call, CALL.run, NO_RUN)
    put(call, CALL.held, 0)
    return call


cdef object next_id():
    """An id, made as `new_request_id()` makes it."""
    cdef str process = get(new_request_id, IDS.process)
    cdef Py_ssize_t size = len(process), place
    cdef long long count = next(get(new_request_id, IDS.count))
    if count >= MOST_IDS or not is_ascii(process):
        return f"{process}{count:010x}"
    cdef str text = new_text(size + 10, 127)
    cdef char *at = ascii_of(text)
    memcpy(at, ascii_of(process), size)
    for place in range(9, -1, -1):
        at[size + place] = DIGITS[count & 15]
        count >>= 4
    return text
