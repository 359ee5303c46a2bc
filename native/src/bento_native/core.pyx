# cython: language_level=3
"""bento-core's classes, and where their objects have what the loops read and write.

They are looked up when the first loop runs, because bento-core imports this package before it has defined them. Connections are looked up
separately: their classes need uvicorn, which a service that is asked without a server never imports.
"""

from .slots cimport get, is_a, is_mostly, slot

is_known = are_connections_known = False


cdef int know() except -1:
    """Look up calls and answers, once. A class that lacks an expected slot is a TypeError or an AttributeError."""
    global is_known, Answer, Call, Head, NO_RUN
    from bento.serving.calls.answer import Answer
    from bento.serving.calls.call import NO_RUN, Call
    from bento.serving.calls.request import Head

    ANSWER.body = slot(Answer, "body")
    ANSWER.headers = slot(Answer, "headers")
    ANSWER.media_type = slot(Answer, "media_type")
    ANSWER.status = slot(Answer, "status")
    ANSWER.timing = slot(Answer, "timing")
    CALL.body = slot(Call, "body")
    CALL.deadline = slot(Call, "deadline")
    CALL.decoded_at = slot(Call, "decoded_at")
    CALL.group = slot(Call, "group")
    CALL.head = slot(Call, "head")
    CALL.held = slot(Call, "held")
    CALL.item = slot(Call, "item")
    CALL.outcome = slot(Call, "outcome")
    CALL.received = slot(Call, "received")
    CALL.reply = slot(Call, "reply")
    CALL.request_id = slot(Call, "request_id")
    CALL.rows = slot(Call, "rows")
    CALL.run = slot(Call, "run")
    CALL.settled = slot(Call, "settled")
    CALL.started_at = slot(Call, "started_at")
    HEAD.accept = slot(Head, "accept")
    HEAD.content_encoding = slot(Head, "content_encoding")
    HEAD.content_type = slot(Head, "content_type")
    HEAD.timeout = slot(Head, "timeout")
    is_known = True
    return 0


cdef int know_connections() except -1:
    """Look up connections as well, and the classes of what they receive."""
    global are_connections_known, Backlog, FastLane, FastProtocol, PlainCall, PlainHead, new_request_id, parse_packet, MANY, SEPARATE_WRITE
    from bento.serving.calls.request import new_request_id
    from bento.serving.http import fast, pipelining
    from bento.serving.http.backlog import Backlog
    from bento.serving.http.connection import Connection
    from bento.serving.http.fast import FastLane
    from bento.serving.http.heads import PlainCall, PlainHead
    from bento.serving.http.protocol import FastProtocol

    know()
    MANY = pipelining._MANY
    SEPARATE_WRITE = fast._SEPARATE_WRITE
    parse_packet = Connection.data_received
    CALL.connection = slot(PlainCall, "connection")
    CONNECTION.ending = slot(FastProtocol, "ending")
    CONNECTION.flow = slot(FastProtocol, "flow")
    CONNECTION.fresh = slot(FastProtocol, "_fresh")
    CONNECTION.in_flight = slot(FastProtocol, "_in_flight")
    CONNECTION.is_open = slot(FastProtocol, "_is_open")
    CONNECTION.lane = slot(FastProtocol, "_lane")
    CONNECTION.last_head = slot(FastProtocol, "_last_head")
    CONNECTION.local_address = slot(FastProtocol, "_local_address")
    CONNECTION.most = slot(FastProtocol, "_most")
    CONNECTION.packet = slot(FastProtocol, "_packet")
    CONNECTION.pipeline = slot(FastProtocol, "pipeline")
    CONNECTION.ready = slot(FastProtocol, "_ready")
    CONNECTION.received = slot(FastProtocol, "_received")
    CONNECTION.rests = slot(FastProtocol, "rests")
    CONNECTION.running = slot(FastProtocol, "_running")
    CONNECTION.timer = slot(FastProtocol, "timeout_keep_alive_task")
    CONNECTION.transport = slot(FastProtocol, "transport")
    CONNECTION.waiting = slot(FastProtocol, "_waiting")
    FLOW.read_paused = slot(Backlog, "read_paused")
    FLOW.write_paused = slot(Backlog, "write_paused")
    HEAD.endpoint = slot(PlainHead, "endpoint")
    HEAD.packet = slot(PlainHead, "packet")
    HEAD.request_id = slot(PlainHead, "request_id")
    HEAD.size = slot(PlainHead, "size")
    HEAD.whole = slot(PlainHead, "whole")
    IDS.count = slot(type(new_request_id), "_count")
    IDS.process = slot(type(new_request_id), "_process")
    LANE.arrivals = slot(FastLane, "_arrivals")
    LANE.reply = slot(FastLane, "reply")
    are_connections_known = True
    return 0


cdef int expect_call(object call) except -1:
    """Raise a TypeError for anything but a call: only a call has its attributes where `CALL` says."""
    if not is_mostly(call, PlainCall, Call):
        raise TypeError(f"expected a call, got {call!r}")
    return 0


cdef object lane_of(object connection):
    """The lane of a connection."""
    lane = get(connection, CONNECTION.lane)
    if not is_a(lane, FastLane):
        raise TypeError(f"expected the lane of a connection, got {lane!r}")
    return lane


cdef object flow_of(object connection):
    """The flow of a connection, which knows whether its reading and its writing are paused."""
    flow = get(connection, CONNECTION.flow)
    if not is_a(flow, Backlog):
        raise TypeError(f"expected the flow of a connection, got {flow!r}")
    return flow
