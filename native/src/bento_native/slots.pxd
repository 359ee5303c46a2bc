"""What Cython itself does not offer: attributes that plain Python classes keep in `__slots__`, read and written where they lie.

`get` and `put` do not look at what they are given: their caller has made sure with `is_a` that it is of the class that the place is for.
"""

cdef extern from *:
    """
    #include "structmember.h"

    /* Where objects of a class have an attribute of its `__slots__`, or -1 and an error. Source: CPython's descrobject.h. */
    static Py_ssize_t bento_slot(PyObject *kind, const char *name) {
        Py_ssize_t place = -1;
        PyObject *member = PyObject_GetAttrString(kind, name);
        if (member == NULL) return -1;
        if (Py_IS_TYPE(member, &PyMemberDescr_Type) && ((PyMemberDescrObject *)member)->d_member->type == T_OBJECT_EX)
            place = ((PyMemberDescrObject *)member)->d_member->offset;
        else
            PyErr_Format(PyExc_TypeError, "expected %S to have a slot named %s", kind, name);
        Py_DECREF(member);
        return place;
    }

    static inline PyObject *bento_get(PyObject *holder, Py_ssize_t place) {
        PyObject *value = *(PyObject **)((char *)holder + place);
        if (value == NULL)
            PyErr_SetString(PyExc_AttributeError, "a slot has no value yet");
        Py_XINCREF(value);
        return value;
    }

    static inline void bento_put(PyObject *holder, Py_ssize_t place, PyObject *value) {
        PyObject **slot = (PyObject **)((char *)holder + place);
        PyObject *before = *slot;
        Py_INCREF(value);
        *slot = value;
        Py_XDECREF(before);
    }

    #define bento_is_a(holder, kind) PyObject_TypeCheck(holder, (PyTypeObject *)(kind))
    #define bento_is_one_of(holder, likely, kind) (Py_IS_TYPE(holder, (PyTypeObject *)(likely)) || bento_is_a(holder, kind))
    #define bento_new(kind) ((PyTypeObject *)(kind))->tp_alloc((PyTypeObject *)(kind), 0)
    #define bento_ascii_text(text) ((char *)PyUnicode_1BYTE_DATA(text))
    """
    Py_ssize_t slot "bento_slot" (object kind, const char *name) except -1
    object get "bento_get" (object holder, Py_ssize_t place)
    void put "bento_put" (object holder, Py_ssize_t place, object value)
    bint is_a "bento_is_a" (object holder, object kind)
    # The same, quicker for objects of the class `likely`, which derives from `kind`.
    bint is_mostly "bento_is_one_of" (object holder, object likely, object kind)
    # An object of a class with empty slots, past its `__init__`.
    object new "bento_new" (object kind)
    bint is_ascii "PyUnicode_IS_ASCII" (object text)
    # The characters of a text that `is_ascii`.
    char *ascii_of "bento_ascii_text" (object text)
    str new_text "PyUnicode_New" (Py_ssize_t size, Py_UCS4 largest)
    # A whole number; with NULL for `error`, one that is too large is the largest that there is.
    Py_ssize_t clipped "PyNumber_AsSsize_t" (object value, void *error) except? -1


cdef inline list listed(values):
    """Values to be taken by their places: `zip` would make a tuple of each pair first."""
    return values if type(values) is list else list(values)


cdef inline double number(object holder, Py_ssize_t place) except? -1.0:
    return <double>get(holder, place)
