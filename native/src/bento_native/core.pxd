"""What is known of bento-core: its classes, where their objects have their attributes, and the constants that both forms go by."""

cdef object Answer, Backlog, Call, FastLane, FastProtocol, Head, PlainCall, PlainHead
cdef object NO_RUN, new_request_id, parse_packet
# How many requests of a connection may be in flight while its answers are small, and up to how many bytes an answer is.
cdef object MANY
cdef Py_ssize_t SEPARATE_WRITE

cdef struct AnswerPlaces:
    Py_ssize_t body, headers, media_type, status, timing

cdef struct CallPlaces:
    Py_ssize_t body, deadline, decoded_at, group, head, held, item, outcome, received, reply, request_id, rows, run
    Py_ssize_t settled, started_at, connection

cdef struct ConnectionPlaces:
    Py_ssize_t ending, flow, fresh, in_flight, is_open, lane, last_head, local_address, most, packet, pipeline, ready, received, rests
    Py_ssize_t running, timer, transport, waiting

cdef struct FlowPlaces:
    Py_ssize_t read_paused, write_paused

cdef struct HeadPlaces:
    Py_ssize_t accept, content_encoding, content_type, timeout, endpoint, packet, request_id, size, whole

cdef struct LanePlaces:
    Py_ssize_t arrivals, reply

cdef struct IdsPlaces:
    Py_ssize_t count, process

cdef AnswerPlaces ANSWER
cdef CallPlaces CALL
cdef ConnectionPlaces CONNECTION
cdef FlowPlaces FLOW
cdef HeadPlaces HEAD
cdef LanePlaces LANE
cdef IdsPlaces IDS

cdef bint is_known, are_connections_known
cdef int know() except -1
cdef int know_connections() except -1
cdef int expect_call(object call) except -1
cdef object lane_of(object connection)
cdef object flow_of(object connection)
