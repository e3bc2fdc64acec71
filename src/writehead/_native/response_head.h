/* The bytes of an ordinary response. The twin in Python is `fields.py`. Included by fields.c alone. */

/* Text is written here; most heads need no more than `first`. */
typedef struct {
    char *start;
    char *at;
    char *end;
    char first[1024];
} writer;

static bool
write_bytes(writer *to, const void *bytes, Py_ssize_t size)
{
    if (size > to->end - to->at) {
        Py_ssize_t used = to->at - to->start;
        if (size > PY_SSIZE_T_MAX / 2 - used) {
            return false;
        }
        Py_ssize_t more = 2 * (used + size);
        char *start = PyMem_Realloc(to->start == to->first ? NULL : to->start, (size_t)more);
        if (start == NULL) {
            return false;
        }
        if (to->start == to->first) {
            memcpy(start, to->first, (size_t)used);
        }
        to->start = start;
        to->at = start + used;
        to->end = start + more;
    }
    memcpy(to->at, bytes, (size_t)size);
    to->at += size;
    return true;
}

/* Write a `str` of latin-1; false if it is something else, or there is no memory. */
static bool
write_text(writer *to, PyObject *text)
{
    if (!PyUnicode_CheckExact(text) || PyUnicode_KIND(text) != PyUnicode_1BYTE_KIND) {
        return false;
    }
    return write_bytes(to, PyUnicode_1BYTE_DATA(text), PyUnicode_GET_LENGTH(text));
}

static bool
write_line(writer *to, PyObject *name, PyObject *value)
{
    return write_text(to, name) && write_bytes(to, ": ", 2) && write_text(to, value) && write_bytes(to, "\r\n", 2);
}

/* Not by `snprintf`, which costs a small response a fiftieth. */
static bool
write_decimal(writer *to, long long number)
{
    char digits[24];
    char *at = digits + sizeof(digits);
    unsigned long long left = number < 0 ? 0 - (unsigned long long)number : (unsigned long long)number;
    do {
        *--at = (char)('0' + left % 10);
        left /= 10;
    } while (left != 0);
    if (number < 0) {
        *--at = '-';
    }
    return write_bytes(to, at, digits + sizeof(digits) - at);
}

static bool
write_number(writer *to, PyObject *name, PyObject *value)
{
    int overflow = 0;
    long number = PyLong_AsLongAndOverflow(value, &overflow);
    return !overflow && write_text(to, name) && write_bytes(to, ": ", 2) && write_decimal(to, number)
           && write_bytes(to, "\r\n", 2);
}

/* A list may have been changed since it was checked. */
static bool
write_lines(writer *to, PyObject *name, PyObject *values)
{
    bool good = true;
    Py_BEGIN_CRITICAL_SECTION(values);
    Py_ssize_t count = PySequence_Fast_GET_SIZE(values);
    PyObject **items = PySequence_Fast_ITEMS(values);
    /* Several cookies are joined on one line. */
    good = count <= 1 || PyUnicode_GET_LENGTH(name) != 6;
    for (Py_ssize_t at = 0; at < count && good; at++) {
        good = is_good_text(items[at]) && write_line(to, name, items[at]);
    }
    Py_END_CRITICAL_SECTION();
    return good;
}

/* Write a pair of bytes, which was checked. */
static bool
write_pair(writer *to, PyObject *name, PyObject *value)
{
    return PyBytes_CheckExact(name) && PyBytes_CheckExact(value)
           && write_bytes(to, PyBytes_AS_STRING(name), PyBytes_GET_SIZE(name)) && write_bytes(to, ": ", 2)
           && write_bytes(to, PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value)) && write_bytes(to, "\r\n", 2);
}

static bool
write_field(writer *to, PyObject *entry)
{
    if (PyTuple_CheckExact(entry) && PyTuple_GET_SIZE(entry) == 2) {
        return write_pair(to, PyTuple_GET_ITEM(entry, 0), PyTuple_GET_ITEM(entry, 1));
    }
    if (!PyTuple_CheckExact(entry) || PyTuple_GET_SIZE(entry) != 3) {
        return false;
    }
    PyObject *name = PyTuple_GET_ITEM(entry, 1), *value = PyTuple_GET_ITEM(entry, 2);
    if (PyUnicode_CheckExact(value)) {
        return write_line(to, name, value);
    }
    if (PyList_CheckExact(value)) {
        return PyUnicode_CheckExact(name) && write_lines(to, name, value);
    }
    return PyLong_CheckExact(value) && write_number(to, name, value);
}

static bool
write_fields(writer *to, PyObject *fields)
{
    bool good = fields == Py_None;
    Py_BEGIN_CRITICAL_SECTION(fields);
    if (PyDict_CheckExact(fields)) {
        Py_ssize_t position = 0;
        PyObject *key, *entry;
        good = true;
        while (good && PyDict_Next(fields, &position, &key, &entry)) {
            good = write_field(to, entry);
        }
    } else if (PyList_CheckExact(fields)) {
        good = true;
        for (Py_ssize_t at = 0; at < PyList_GET_SIZE(fields) && good; at++) {
            good = write_field(to, PyList_GET_ITEM(fields, at));
        }
    }
    Py_END_CRITICAL_SECTION();
    return good;
}

static bool
write_length(writer *to, Py_ssize_t length)
{
    return write_bytes(to, "Content-Length: ", 16) && write_decimal(to, length) && write_bytes(to, "\r\n", 2);
}

static bool
write_response_head(writer *to, PyObject *const *args, Py_ssize_t length)
{
    return write_text(to, args[0]) && write_fields(to, args[1]) && write_text(to, args[2]) && write_text(to, args[3])
           && (args[5] != Py_True || write_length(to, length)) && write_bytes(to, "\r\n", 2);
}

PyDoc_STRVAR(render_response_doc,
"render_response($module, status_line, fields, date_line, keep_lines, body, announce, /)\n--\n\n"
"Return the bytes of an ordinary response, without a large body; None if a value is not text, a number or a list.");

static PyObject *
render_response(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    if (count != 6) {
        return PyErr_Format(PyExc_TypeError, "render_response() takes 6 arguments, not %zd", count);
    }
    if (!PyBytes_Check(args[4])) {
        Py_RETURN_NONE;
    }
    writer to;
    to.start = to.at = to.first;
    to.end = to.first + sizeof(to.first);
    PyObject *response = NULL;
    Py_ssize_t length = PyBytes_GET_SIZE(args[4]);
    if (write_response_head(&to, args, length)) {
        Py_ssize_t head = to.at - to.start, behind = length < LARGE_PIECE ? length : 0;
        response = PyBytes_FromStringAndSize(NULL, head + behind);
        if (response != NULL) {
            memcpy(PyBytes_AS_STRING(response), to.start, (size_t)head);
            memcpy(PyBytes_AS_STRING(response) + head, PyBytes_AS_STRING(args[4]), (size_t)behind);
        }
    } else {
        response = Py_NewRef(Py_None); /* the general way, which also meets a lack of memory again */
    }
    if (to.start != to.first) {
        PyMem_Free(to.start);
    }
    return response;
}

#define NO_LENGTH (-1)
#define NOT_ORDINARY (-2)

/* Return whether a name, in any case, is that of a field that changes how a response is framed or rendered. */
static bool
is_special(const uint8_t *name, size_t size)
{
    switch (size) {
    case 4:
        return same_name(name, "date", size);
    case 6:
        return same_name(name, "expect", size);
    case 7:
        return same_name(name, "trailer", size);
    case 10:
        return same_name(name, "connection", size) || same_name(name, "keep-alive", size);
    case 17:
        return same_name(name, "transfer-encoding", size);
    default:
        return false;
    }
}

static long long
length_of(const uint8_t *digits, Py_ssize_t count)
{
    if (count == 0 || count > 18) {
        return NOT_ORDINARY;
    }
    long long length = 0;
    for (Py_ssize_t at = 0; at < count; at++) {
        if (digits[at] < '0' || digits[at] > '9') {
            return NOT_ORDINARY;
        }
        length = 10 * length + (digits[at] - '0');
    }
    return length;
}

/* Return the Content-Length of a pair, NO_LENGTH for another good field, or NOT_ORDINARY. */
static long long
check_pair(PyObject *pair)
{
    if (!PyTuple_CheckExact(pair) || PyTuple_GET_SIZE(pair) != 2) {
        return NOT_ORDINARY;
    }
    PyObject *name = PyTuple_GET_ITEM(pair, 0), *value = PyTuple_GET_ITEM(pair, 1);
    if (!PyBytes_CheckExact(name) || !PyBytes_CheckExact(value) || PyBytes_GET_SIZE(name) == 0) {
        return NOT_ORDINARY;
    }
    const uint8_t *text = (const uint8_t *)PyBytes_AS_STRING(name);
    size_t size = (size_t)PyBytes_GET_SIZE(name);
    for (size_t at = 0; at < size; at++) {
        if (TOKEN[text[at]] == 0) {
            return NOT_ORDINARY;
        }
    }
    const uint8_t *start = (const uint8_t *)PyBytes_AS_STRING(value), *end = start + PyBytes_GET_SIZE(value);
    uint64_t bits = 0;
    if (is_special(text, size) || value_end(start, end, &bits) != end) {
        return NOT_ORDINARY;
    }
    return size == 14 && same_name(text, "content-length", size) ? length_of(start, end - start) : NO_LENGTH;
}

PyDoc_STRVAR(check_pairs_doc,
"check_pairs($module, pairs, /)\n--\n\n"
"Return the Content-Length among the fields of an ordinary response; -1 without one, None if it is not ordinary.");

static PyObject *
check_pairs(PyObject *Py_UNUSED(module), PyObject *pairs)
{
    long long length = PyList_CheckExact(pairs) ? NO_LENGTH : NOT_ORDINARY;
    Py_BEGIN_CRITICAL_SECTION(pairs);
    for (Py_ssize_t at = 0; length != NOT_ORDINARY && at < PyList_GET_SIZE(pairs); at++) {
        long long found = check_pair(PyList_GET_ITEM(pairs, at));
        if (found != NO_LENGTH) {
            length = length == NO_LENGTH ? found : NOT_ORDINARY;
        }
    }
    Py_END_CRITICAL_SECTION();
    if (length == NOT_ORDINARY) {
        Py_RETURN_NONE;
    }
    return PyLong_FromLongLong(length);
}
