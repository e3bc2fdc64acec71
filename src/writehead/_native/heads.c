/* The head of an ordinary request, read in one step. The twin in Python is `heads.py`, which says what each function
   promises.

   A head is scanned once, without making an object for a field: where names and values are is noted, in numbers of 16
   bits, and kept in the `Head` itself. What is asked for is made then. A `Head` never changes. */

#include "field_syntax.h"
#include <stddef.h>
#include <structmember.h>

#define SIZE_LIMIT 65536 /* bytes of a head; so every index in it has 16 bits */
#define MOST_FIELDS 256
#define SMALL_DATA 2048 /* a head keeps data of so many bytes; of larger data it copies what belongs to it */

static const char *const METHODS[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"};
#define METHOD_COUNT ((int)(sizeof(METHODS) / sizeof(METHODS[0])))

typedef struct {
    known_names names;
    PyObject *lower_bytes[KNOWN_COUNT];
    PyObject *spelled[KNOWN_COUNT];
    PyObject *methods[METHOD_COUNT];
    PyTypeObject *head_type;
} heads_state;

/* Indices from the start of the head on: of a name, its colon, and a value without blanks around it, and its end. */
typedef struct {
    uint16_t name, colon, value, end;
} field_place;

/* What a scan finds. */
typedef struct {
    int method;
    uint16_t target, target_end;
    bool keep_alive, ascii;
    long long length;
    Py_ssize_t size;
    Py_ssize_t count;
    field_place fields[MOST_FIELDS];
} scanned_head;

typedef struct {
    PyObject_VAR_HEAD
    PyObject *method;
    PyObject *keep_alive;
    PyObject *length;
    PyObject *end;   /* in the data that was scanned */
    PyObject *bytes; /* that have the head at `start` */
    Py_ssize_t start;
    uint16_t target, target_end;
    bool ascii;
    field_place fields[];
} Head;

/* -- scanning ------------------------------------------------------------------------------------------------------ */

/* The fields that a scan looks at, each as a bit. */
enum { HOST = 1, CONNECTION = 2, CONTENT_LENGTH = 4 };

static inline bool
is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static inline bool
is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

static inline const uint8_t *
skip_digits(const uint8_t *at, const uint8_t *end)
{
    while (at < end && is_digit(*at)) {
        at++;
    }
    return at;
}

/* A name or an IPv4 address, and perhaps a port. */
static inline bool
is_plain_host(const uint8_t *at, const uint8_t *end)
{
    const uint8_t *start = at;
    while ((uint8_t)((*at | 0x20) - 'a') < 26 || is_digit(*at) || *at == '.' || *at == '-' || *at == '_') {
        at++;
    }
    if (at == start || at == end) {
        return at != start;
    }
    return *at == ':' && at + 1 < end && skip_digits(at + 1, end) == end;
}

/* Note what a Connection field says; false for anything but the two words. */
static bool
note_connection(scanned_head *head, const uint8_t *value, size_t size)
{
    if (size == 5 && same_name(value, "close", 5)) {
        head->keep_alive = false;
        return true;
    }
    return size == 10 && same_name(value, "keep-alive", 10);
}

static bool
note_length(scanned_head *head, const uint8_t *value, size_t size)
{
    if (size == 0 || size > 15 || skip_digits(value, value + size) != value + size) {
        return false;
    }
    long long length = 0;
    for (size_t at = 0; at < size; at++) {
        length = length * 10 + (value[at] - '0');
    }
    head->length = length;
    return true;
}

/* Note what a field says about the framing, if it is one of those; false if the head is not for us. `bare`: no blanks
   follow the value. */
static inline bool
note_field(scanned_head *head, int *seen, const uint8_t *name, size_t name_size, const uint8_t *value, size_t size,
           bool bare)
{
    int kind;
    bool good;
    switch (name_size) {
    case 4:
        if (!same_name(name, "host", 4)) {
            return true;
        }
        kind = HOST;
        good = is_plain_host(value, value + size);
        break;
    case 10:
        if (!same_name(name, "connection", 10)) {
            return true;
        }
        kind = CONNECTION;
        good = note_connection(head, value, size);
        break;
    case 14:
        if (!same_name(name, "content-length", 14)) {
            return true;
        }
        kind = CONTENT_LENGTH;
        good = note_length(head, value, size);
        break;
    case 6:
        return !same_name(name, "expect", 6);
    case 7:
        return !same_name(name, "upgrade", 7);
    case 16:
        return !same_name(name, "proxy-connection", 16);
    case 17:
        return !same_name(name, "transfer-encoding", 17);
    default:
        return true;
    }
    good = good && bare && !(*seen & kind);
    *seen |= kind;
    return good;
}

/* Return where the target begins, or NULL; `head->method` is set, an index in METHODS. */
static inline const uint8_t *
scan_method(const uint8_t *at, const uint8_t *end, scanned_head *head)
{
#define TRY(number, word)                                                                                            \
    if (end - at >= (ptrdiff_t)sizeof(word) && !memcmp(at, word " ", sizeof(word))) {                                \
        head->method = number;                                                                                       \
        return at + sizeof(word);                                                                                    \
    }
    TRY(0, "GET")
    TRY(1, "HEAD")
    TRY(2, "POST")
    TRY(3, "PUT")
    TRY(4, "DELETE")
    TRY(5, "OPTIONS")
    TRY(6, "PATCH")
#undef TRY
    return NULL;
}

/* Return where the first field begins, or NULL. */
static const uint8_t *
scan_request_line(const uint8_t *start, const uint8_t *end, scanned_head *head)
{
    static const char version[] = " HTTP/1.1\r\n";
    const ptrdiff_t size = sizeof(version) - 1;
    const uint8_t *at = scan_method(start, end, head);
    if (at == NULL || at == end || *at != '/') {
        return NULL;
    }
    head->target = (uint16_t)(at - start);
    while ((uint8_t)(*at - '!') <= '~' - '!' && *at != '#') {
        at++;
    }
    head->target_end = (uint16_t)(at - start);
    return end - at >= size && !memcmp(at, version, (size_t)size) ? at + size : NULL;
}

/* Scan a head from `start` on that is complete before `end`, at most SIZE_LIMIT - 1 bytes away; false if there is none,
   or none for us. The bytes of Python end with a NUL, which stops every loop here. */
static bool
scan(const uint8_t *start, const uint8_t *end, Py_ssize_t max_count, scanned_head *head)
{
    const uint8_t *at = scan_request_line(start, end, head);
    if (at == NULL) {
        return false;
    }
    head->keep_alive = true;
    head->length = 0;
    uint64_t bits = 0;
    int seen = 0;
    Py_ssize_t count = 0;
    while (end - at >= 2 && at[0] != '\r') {
        const uint8_t *name = at;
        while (TOKEN[*at]) {
            at++;
        }
        const uint8_t *colon = at;
        if (colon == name || colon >= end || *colon != ':' || count == max_count) {
            return false;
        }
        do {
            at++;
        } while (is_blank(*at));
        const uint8_t *value = at;
        at = value_end(value, end, &bits);
        if (end - at < 2 || at[0] != '\r' || at[1] != '\n') {
            return false;
        }
        const uint8_t *last = at;
        while (last > value && is_blank(last[-1])) {
            last--;
        }
        if (!note_field(head, &seen, name, (size_t)(colon - name), value, (size_t)(last - value), last == at)) {
            return false;
        }
        head->fields[count++] = (field_place){(uint16_t)(name - start), (uint16_t)(colon - start),
                                              (uint16_t)(value - start), (uint16_t)(last - start)};
        at += 2;
    }
    if (end - at < 2 || at[1] != '\n' || !(seen & HOST)) {
        return false;
    }
    head->size = at + 2 - start;
    head->count = count;
    head->ascii = !(bits & UINT64_C(0x8080808080808080));
    return true;
}

/* Let the head have the bytes: the data itself, or a copy of its part if the data is much larger. */
static int
keep_bytes(Head *self, PyObject *data, Py_ssize_t start, Py_ssize_t size)
{
    Py_ssize_t whole = PyBytes_GET_SIZE(data);
    if (PyBytes_CheckExact(data) && (whole <= SMALL_DATA || whole / 2 <= size)) {
        self->bytes = Py_NewRef(data);
        self->start = start;
    }
    else {
        self->bytes = PyBytes_FromStringAndSize(PyBytes_AS_STRING(data) + start, size);
        self->start = 0;
    }
    return self->bytes == NULL ? -1 : 0;
}

static PyObject *
make_head(const heads_state *state, const scanned_head *found, PyObject *data, Py_ssize_t start)
{
    Head *self = PyObject_NewVar(Head, state->head_type, found->count);
    if (self == NULL) {
        return NULL;
    }
    self->method = Py_NewRef(state->methods[found->method]);
    self->keep_alive = Py_NewRef(found->keep_alive ? Py_True : Py_False);
    self->length = PyLong_FromLongLong(found->length);
    self->end = PyLong_FromSsize_t(start + found->size);
    self->bytes = NULL;
    self->target = found->target;
    self->target_end = found->target_end;
    self->ascii = found->ascii;
    memcpy(self->fields, found->fields, (size_t)found->count * sizeof(field_place));
    if (self->length == NULL || self->end == NULL || keep_bytes(self, data, start, found->size) < 0) {
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

/* Like the index of a slice: a larger or smaller number stands for the largest or smallest. */
static bool
take_number(PyObject *argument, Py_ssize_t *number)
{
    *number = PyLong_AsSsize_t(argument); /* the usual case, and a quarter of the time */
    if (*number != -1 || !PyErr_Occurred()) {
        return true;
    }
    PyErr_Clear();
    *number = PyNumber_AsSsize_t(argument, NULL);
    return *number != -1 || !PyErr_Occurred();
}

PyDoc_STRVAR(scan_head_doc,
"scan_head($module, data, start, max_size, max_count, /)\n--\n\n"
"Return the head of an ordinary request that begins at `start`; None for anything else.");

static PyObject *
scan_head(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    Py_ssize_t start, max_size, max_count;
    if (count != 4) {
        return PyErr_Format(PyExc_TypeError, "scan_head() takes 4 arguments, not %zd", count);
    }
    PyObject *data = args[0];
    if (!PyBytes_Check(data)) {
        return PyErr_Format(PyExc_TypeError, "scan_head() takes bytes, not %.200s", Py_TYPE(data)->tp_name);
    }
    if (!take_number(args[1], &start) || !take_number(args[2], &max_size) || !take_number(args[3], &max_count)) {
        return NULL;
    }
    start = start > 0 ? start : 0;
    max_size = max_size < SIZE_LIMIT ? max_size : SIZE_LIMIT;
    max_count = max_count > 0 && max_count < MOST_FIELDS ? max_count : MOST_FIELDS;
    Py_ssize_t size = PyBytes_GET_SIZE(data) - start;
    if (size <= 0 || max_size <= 0) {
        Py_RETURN_NONE;
    }
    size = size < max_size ? size : max_size - 1;
    scanned_head found; /* 2 KiB, of which only what is used is written */
    const uint8_t *bytes = (const uint8_t *)PyBytes_AS_STRING(data) + start;
    if (!scan(bytes, bytes + size, max_count, &found)) {
        Py_RETURN_NONE;
    }
    return make_head(PyModule_GetState(module), &found, data, start);
}

/* -- what is asked for --------------------------------------------------------------------------------------------- */

static inline const uint8_t *
bytes_of(const Head *self)
{
    return (const uint8_t *)PyBytes_AS_STRING(self->bytes) + self->start;
}

static inline const heads_state *
state_of(const Head *self)
{
    return PyType_GetModuleState(Py_TYPE(self));
}

static inline int
known_name_of(const heads_state *state, const uint8_t *bytes, const field_place *field)
{
    return find_name(&state->names, bytes + field->name, (size_t)(field->colon - field->name));
}

static PyObject *
text_of(const uint8_t *start, Py_ssize_t size, bool ascii)
{
    if (size == 1 || !ascii) {
        return PyUnicode_DecodeLatin1((const char *)start, size, NULL);
    }
    PyObject *text = PyUnicode_New(size, 127); /* the same, without a search for other characters */
    if (text != NULL) {
        memcpy(PyUnicode_1BYTE_DATA(text), start, (size_t)size);
    }
    return text;
}

static PyObject *
value_text(const Head *self, const uint8_t *bytes, const field_place *field)
{
    return text_of(bytes + field->value, field->end - field->value, self->ascii);
}

/* Return a name as it was sent. */
static PyObject *
name_text(const heads_state *state, const uint8_t *bytes, const field_place *field)
{
    const uint8_t *name = bytes + field->name;
    Py_ssize_t size = field->colon - field->name;
    int index = known_name_of(state, bytes, field);
    if (index != UNKNOWN) {
        if (!memcmp(name, KNOWN[index].spelled, (size_t)size)) {
            return Py_NewRef(state->spelled[index]);
        }
        if (!memcmp(name, PyUnicode_1BYTE_DATA(state->names.lower[index]), (size_t)size)) {
            return Py_NewRef(state->names.lower[index]);
        }
    }
    return text_of(name, size, true);
}

static PyObject *
lower_name(const heads_state *state, const uint8_t *bytes, const field_place *field, int index)
{
    if (index != UNKNOWN) {
        return Py_NewRef(state->names.lower[index]);
    }
    return lower_text(bytes + field->name, field->colon - field->name);
}

static PyObject *
lower_name_bytes(const heads_state *state, const uint8_t *bytes, const field_place *field)
{
    int index = known_name_of(state, bytes, field);
    if (index != UNKNOWN) {
        return Py_NewRef(state->lower_bytes[index]);
    }
    Py_ssize_t size = field->colon - field->name;
    PyObject *name = PyBytes_FromStringAndSize(NULL, size);
    if (name != NULL) {
        char *to = PyBytes_AS_STRING(name);
        for (Py_ssize_t at = 0; at < size; at++) {
            to[at] = (char)TOKEN[bytes[field->name + at]];
        }
    }
    return name;
}

PyDoc_STRVAR(text_doc,
"text($self, /)\n--\n\nReturn the fields as sent, flat: name, value, name, value, ...");

static PyObject *
head_text(Head *self, PyObject *Py_UNUSED(unused))
{
    const heads_state *state = state_of(self);
    const uint8_t *bytes = bytes_of(self);
    Py_ssize_t count = Py_SIZE(self);
    PyObject *list = PyList_New(2 * count);
    if (list == NULL) {
        return NULL;
    }
    for (Py_ssize_t at = 0; at < count; at++) {
        PyObject *name = name_text(state, bytes, &self->fields[at]);
        PyObject *value = value_text(self, bytes, &self->fields[at]);
        if (name == NULL || value == NULL) {
            Py_XDECREF(name);
            Py_XDECREF(value);
            Py_DECREF(list);
            return NULL;
        }
        PyList_SET_ITEM(list, 2 * at, name);
        PyList_SET_ITEM(list, 2 * at + 1, value);
    }
    return list;
}

static PyObject *
make_pair(const heads_state *state, const uint8_t *bytes, const field_place *field)
{
    PyObject *name = lower_name_bytes(state, bytes, field);
    PyObject *value = PyBytes_FromStringAndSize((const char *)bytes + field->value, field->end - field->value);
    PyObject *pair = name != NULL && value != NULL ? PyTuple_New(2) : NULL;
    if (pair == NULL) {
        Py_XDECREF(name);
        Py_XDECREF(value);
        return NULL;
    }
    PyTuple_SET_ITEM(pair, 0, name);
    PyTuple_SET_ITEM(pair, 1, value);
    return pair;
}

PyDoc_STRVAR(pairs_doc,
"pairs($self, /)\n--\n\nReturn the fields as pairs of a lower-case name and a value, in bytes.");

static PyObject *
head_pairs(Head *self, PyObject *Py_UNUSED(unused))
{
    const heads_state *state = state_of(self);
    const uint8_t *bytes = bytes_of(self);
    PyObject *list = PyList_New(Py_SIZE(self));
    if (list == NULL) {
        return NULL;
    }
    for (Py_ssize_t at = 0; at < Py_SIZE(self); at++) {
        PyObject *pair = make_pair(state, bytes, &self->fields[at]);
        if (pair == NULL) {
            Py_DECREF(list);
            return NULL;
        }
        PyList_SET_ITEM(list, at, pair);
    }
    return list;
}

static inline enum rule
rule_of(int index, bool join_duplicates)
{
    enum rule rule = index == UNKNOWN ? BY_COMMA : KNOWN[index].rule;
    return rule == FIRST_WINS && join_duplicates ? BY_COMMA : rule;
}

/* Add a value to those of the same field so far: `*joined` is NULL, or a `str`, or a list. Takes `value`. */
static int
join_value(PyObject **joined, PyObject *value, enum rule rule)
{
    PyObject *old = *joined;
    if (value == NULL) {
        return -1;
    }
    if (rule == IN_A_LIST) {
        if (old == NULL) {
            *joined = PyList_New(0);
        }
        int result = *joined == NULL ? -1 : PyList_Append(*joined, value);
        Py_DECREF(value);
        return result;
    }
    if (old == NULL) {
        *joined = value;
        return 0;
    }
    if (rule != FIRST_WINS) {
        *joined = PyUnicode_FromFormat(rule == BY_SEMICOLON ? "%U; %U" : "%U, %U", old, value);
        Py_DECREF(old);
    }
    Py_DECREF(value);
    return *joined == NULL ? -1 : 0;
}

/* Add a value to that of an earlier field of this name. Takes `value`. */
static int
add_duplicate(PyObject *fields, PyObject *name, PyObject *value, enum rule rule)
{
    PyObject *joined = Py_XNewRef(PyDict_GetItemWithError(fields, name));
    int result = join_value(&joined, value, rule);
    if (result == 0) {
        result = PyDict_SetItem(fields, name, joined);
    }
    Py_XDECREF(joined);
    return result;
}

/* Add a field to the dict of them. */
static int
add_field(const Head *self, const heads_state *state, PyObject *fields, const field_place *field,
          bool join_duplicates)
{
    const uint8_t *bytes = bytes_of(self);
    int index = known_name_of(state, bytes, field);
    enum rule rule = rule_of(index, join_duplicates);
    PyObject *name = lower_name(state, bytes, field, index);
    PyObject *value = value_text(self, bytes, field);
    if (name == NULL || value == NULL) {
        Py_XDECREF(name);
        Py_XDECREF(value);
        return -1;
    }
    int result;
    Py_ssize_t count = PyDict_GET_SIZE(fields);
    if (rule == IN_A_LIST) {
        result = add_duplicate(fields, name, value, rule);
    }
    else if (PyDict_SetDefault(fields, name, value) == NULL) {
        Py_DECREF(value);
        result = -1;
    }
    else if (PyDict_GET_SIZE(fields) == count) { /* it was there before */
        result = add_duplicate(fields, name, value, rule);
    }
    else {
        Py_DECREF(value);
        result = 0;
    }
    Py_DECREF(name);
    return result;
}

PyDoc_STRVAR(joined_doc,
"joined($self, join_duplicates=False, /)\n--\n\n"
"Return the fields by lower-case name, duplicates joined or dropped as in Node.");

static PyObject *
head_joined(Head *self, PyObject *const *args, Py_ssize_t count)
{
    if (count > 1) {
        return PyErr_Format(PyExc_TypeError, "joined() takes at most 1 argument, not %zd", count);
    }
    int join_duplicates = count == 0 ? 0 : PyObject_IsTrue(args[0]);
    PyObject *fields = join_duplicates < 0 ? NULL : PyDict_New();
    if (fields == NULL) {
        return NULL;
    }
    const heads_state *state = state_of(self);
    for (Py_ssize_t at = 0; at < Py_SIZE(self); at++) {
        if (add_field(self, state, fields, &self->fields[at], join_duplicates) < 0) {
            Py_DECREF(fields);
            return NULL;
        }
    }
    return fields;
}

static inline bool
has_lower_name(const uint8_t *bytes, const field_place *field, const uint8_t *lower, Py_ssize_t size)
{
    if (field->colon - field->name != size) {
        return false;
    }
    for (Py_ssize_t at = 0; at < size; at++) {
        if (TOKEN[bytes[field->name + at]] != lower[at]) {
            return false;
        }
    }
    return true;
}

PyDoc_STRVAR(get_doc,
"get($self, name, /)\n--\n\n"
"Return what `joined` has for a lower-case name, without making the rest of it.");

static PyObject *
head_get(Head *self, PyObject *name)
{
    if (!PyUnicode_Check(name)) {
        return PyErr_Format(PyExc_TypeError, "get() takes a str, not %.200s", Py_TYPE(name)->tp_name);
    }
    if (!PyUnicode_IS_ASCII(name)) {
        Py_RETURN_NONE;
    }
    const uint8_t *bytes = bytes_of(self);
    const uint8_t *lower = PyUnicode_1BYTE_DATA(name);
    Py_ssize_t size = PyUnicode_GET_LENGTH(name);
    PyObject *joined = NULL;
    for (Py_ssize_t at = 0; at < Py_SIZE(self); at++) {
        const field_place *field = &self->fields[at];
        if (!has_lower_name(bytes, field, lower, size)) {
            continue;
        }
        enum rule rule = rule_of(known_name_of(state_of(self), bytes, field), false);
        if (join_value(&joined, value_text(self, bytes, field), rule) < 0) {
            Py_XDECREF(joined);
            return NULL;
        }
        if (rule == FIRST_WINS) {
            break;
        }
    }
    return joined == NULL ? Py_NewRef(Py_None) : joined;
}

PyDoc_STRVAR(may_begin_doc,
"may_begin($self, starts, /)\n--\n\n"
"Tell whether the target begins with one of these bytes, or has a percent sign.");

static PyObject *
head_may_begin(Head *self, PyObject *starts)
{
    if (!PyTuple_Check(starts)) {
        return PyErr_Format(PyExc_TypeError, "may_begin() takes a tuple, not %.200s", Py_TYPE(starts)->tp_name);
    }
    const char *target = (const char *)bytes_of(self) + self->target;
    size_t size = (size_t)(self->target_end - self->target);
    for (Py_ssize_t at = 0; at < PyTuple_GET_SIZE(starts); at++) {
        PyObject *start = PyTuple_GET_ITEM(starts, at);
        if (!PyBytes_Check(start)) {
            return PyErr_Format(PyExc_TypeError, "may_begin() takes bytes, not %.200s", Py_TYPE(start)->tp_name);
        }
        size_t length = (size_t)PyBytes_GET_SIZE(start);
        if (length <= size && memcmp(target, PyBytes_AS_STRING(start), length) == 0) {
            Py_RETURN_TRUE;
        }
    }
    return PyBool_FromLong(memchr(target, '%', size) != NULL);
}

static PyObject *
head_target(Head *self, void *Py_UNUSED(unused))
{
    const char *target = (const char *)bytes_of(self) + self->target;
    return PyBytes_FromStringAndSize(target, self->target_end - self->target);
}

static PyObject *
head_url(Head *self, void *Py_UNUSED(unused))
{
    return text_of(bytes_of(self) + self->target, self->target_end - self->target, true);
}

static void
head_dealloc(Head *self)
{
    PyTypeObject *type = Py_TYPE(self);
    Py_DECREF(self->method);
    Py_DECREF(self->keep_alive);
    Py_XDECREF(self->length);
    Py_XDECREF(self->end);
    Py_XDECREF(self->bytes);
    PyObject_Free(self);
    Py_DECREF(type);
}

static PyMethodDef head_methods[] = {
    {"text", (PyCFunction)(void (*)(void))head_text, METH_NOARGS, text_doc},
    {"pairs", (PyCFunction)(void (*)(void))head_pairs, METH_NOARGS, pairs_doc},
    {"joined", (PyCFunction)(void (*)(void))head_joined, METH_FASTCALL, joined_doc},
    {"get", (PyCFunction)(void (*)(void))head_get, METH_O, get_doc},
    {"may_begin", (PyCFunction)(void (*)(void))head_may_begin, METH_O, may_begin_doc},
    {NULL},
};

/* Objects are read faster than numbers. */
static PyMemberDef head_members[] = {
    {"method", T_OBJECT_EX, offsetof(Head, method), READONLY, "\"GET\"."},
    {"keep_alive", T_OBJECT_EX, offsetof(Head, keep_alive), READONLY,
     "Whether the connection stays open behind the response."},
    {"length", T_OBJECT_EX, offsetof(Head, length), READONLY,
     "Bytes of the body; 0, too, without Content-Length: so there is no body if not `length`."},
    {"count", T_PYSSIZET, offsetof(Head, ob_base.ob_size), READONLY, "The number of fields."},
    {"end", T_OBJECT_EX, offsetof(Head, end), READONLY, "The index behind the head in the data."},
    {NULL},
};

static PyGetSetDef head_properties[] = {
    {"target", (getter)head_target, NULL, "The request target, as sent.", NULL},
    {"url", (getter)head_url, NULL, "The request target as text.", NULL},
    {NULL},
};

static PyType_Slot head_slots[] = {
    {Py_tp_doc, "The head of a request; its fields are split and decoded only when they are asked for."},
    {Py_tp_dealloc, head_dealloc},
    {Py_tp_methods, head_methods},
    {Py_tp_members, head_members},
    {Py_tp_getset, head_properties},
    {0, NULL},
};

/* It has only bytes and strings: there is nothing for the collector of cycles to do. */
static PyType_Spec head_spec = {
    .name = "writehead._native._heads.Head",
    .basicsize = offsetof(Head, fields),
    .itemsize = sizeof(field_place),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = head_slots,
};

/* -- the module ---------------------------------------------------------------------------------------------------- */

static PyMethodDef functions[] = {
    {"scan_head", (PyCFunction)(void (*)(void))scan_head, METH_FASTCALL, scan_head_doc},
    {NULL},
};

static int
execute(PyObject *module)
{
    heads_state *state = PyModule_GetState(module);
    if (make_names(&state->names) < 0) {
        return -1;
    }
    for (int index = 0; index < KNOWN_COUNT; index++) {
        Py_ssize_t size = state->names.sizes[index];
        const char *lower = (const char *)PyUnicode_1BYTE_DATA(state->names.lower[index]);
        state->lower_bytes[index] = PyBytes_FromStringAndSize(lower, size);
        state->spelled[index] = PyUnicode_InternFromString(KNOWN[index].spelled);
        if (state->lower_bytes[index] == NULL || state->spelled[index] == NULL) {
            return -1;
        }
    }
    for (int method = 0; method < METHOD_COUNT; method++) {
        state->methods[method] = PyUnicode_InternFromString(METHODS[method]);
        if (state->methods[method] == NULL) {
            return -1;
        }
    }
    state->head_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &head_spec, NULL);
    return state->head_type == NULL ? -1 : PyModule_AddType(module, state->head_type);
}

static int
traverse(PyObject *module, visitproc visit, void *arg)
{
    heads_state *state = PyModule_GetState(module);
    Py_VISIT(state->head_type);
    return 0;
}

static int
clear(PyObject *module)
{
    heads_state *state = PyModule_GetState(module);
    clear_names(&state->names);
    for (int index = 0; index < KNOWN_COUNT; index++) {
        Py_CLEAR(state->lower_bytes[index]);
        Py_CLEAR(state->spelled[index]);
    }
    for (int method = 0; method < METHOD_COUNT; method++) {
        Py_CLEAR(state->methods[method]);
    }
    Py_CLEAR(state->head_type);
    return 0;
}

static void
release(void *module)
{
    clear(module);
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, execute},
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "writehead._native._heads",
    .m_doc = "The head of an ordinary request, read in one step, in C: see `heads.py`.",
    .m_size = sizeof(heads_state),
    .m_methods = functions,
    .m_slots = slots,
    .m_traverse = traverse,
    .m_clear = clear,
    .m_free = release,
};

PyMODINIT_FUNC
PyInit__heads(void)
{
    return PyModuleDef_Init(&definition);
}
