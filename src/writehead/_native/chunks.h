/* `Chunks`: chunks of a body that leave together. The twin in Python is `fields.py`. Included by fields.c alone. */

#include <stddef.h>
#include <structmember.h>

/* A piece of so many bytes is not taken: it is passed on as it is, not copied. */
#define LARGE_PIECE 16384

/* "3fff\r\n" before a piece, and "\r\n" behind it. */
#define LONGEST_FRAME 8

typedef struct {
    PyObject_HEAD
    PyObject **pieces; /* of bytes, none of them empty */
    Py_ssize_t count;
    Py_ssize_t allocated;
    Py_ssize_t size; /* of all, in their frames */
    Py_ssize_t room;
    Py_ssize_t total; /* bytes of all pieces that were ever taken, without their frames */
    bool is_open;
} chunks_object;

#ifndef Py_BEGIN_CRITICAL_SECTION
#define Py_BEGIN_CRITICAL_SECTION(object) {
#define Py_END_CRITICAL_SECTION() }
#endif

/* Write the size line of a chunk, and return where it ends. */
static char *
write_size(char *to, Py_ssize_t size)
{
    char digits[2 * sizeof(size)];
    Py_ssize_t first = sizeof(digits);
    size_t left = (size_t)size;
    do {
        digits[--first] = "0123456789abcdef"[left & 15];
        left >>= 4;
    } while (left != 0);
    size_t width = sizeof(digits) - (size_t)first;
    memcpy(to, digits + first, width);
    memcpy(to + width, "\r\n", 2);
    return to + width + 2;
}

/* Bytes that the frame of a piece takes. */
static Py_ssize_t
frame_size(Py_ssize_t size)
{
    Py_ssize_t width = 4;
    while (size != 0) {
        width++;
        size >>= 4;
    }
    return width;
}

static int
keep_piece(chunks_object *self, PyObject *piece)
{
    if (self->count == self->allocated) {
        Py_ssize_t more = self->allocated ? 2 * self->allocated : 16;
        PyObject **pieces = PyMem_Realloc(self->pieces, (size_t)more * sizeof(*pieces));
        if (pieces == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        self->pieces = pieces;
        self->allocated = more;
    }
    self->pieces[self->count++] = Py_NewRef(piece);
    Py_ssize_t size = PyBytes_GET_SIZE(piece);
    self->size += size + frame_size(size);
    self->total += size;
    return 0;
}

static void
drop_pieces(chunks_object *self)
{
    for (Py_ssize_t at = 0; at < self->count; at++) {
        Py_DECREF(self->pieces[at]); /* of exact bytes: runs no code of the program's */
    }
    PyMem_Free(self->pieces);
    self->pieces = NULL;
    self->count = self->allocated = self->size = 0;
}

static PyObject *
join_pieces(chunks_object *self)
{
    PyObject *joined = PyBytes_FromStringAndSize(NULL, self->size);
    if (joined == NULL) {
        return NULL;
    }
    char *to = PyBytes_AS_STRING(joined);
    for (Py_ssize_t at = 0; at < self->count; at++) {
        PyObject *piece = self->pieces[at];
        Py_ssize_t size = PyBytes_GET_SIZE(piece);
        to = write_size(to, size);
        memcpy(to, PyBytes_AS_STRING(piece), (size_t)size);
        memcpy(to + size, "\r\n", 2);
        to += size + 2;
    }
    drop_pieces(self);
    return joined;
}

PyDoc_STRVAR(chunks_add_doc,
"add($self, piece, /)\n--\n\n"
"Take a piece of body; return whether there is room for more. None: it is not taken.");

static PyObject *
chunks_add(chunks_object *self, PyObject *piece)
{
    int kept = 0;
    bool below = false;
    if (!PyBytes_CheckExact(piece) || PyBytes_GET_SIZE(piece) == 0 || PyBytes_GET_SIZE(piece) >= LARGE_PIECE) {
        Py_RETURN_NONE;
    }
    Py_BEGIN_CRITICAL_SECTION(self);
    if (!self->is_open || self->size > PY_SSIZE_T_MAX - LARGE_PIECE - LONGEST_FRAME) {
        kept = 1;
    } else {
        kept = keep_piece(self, piece);
        below = self->size < self->room;
    }
    Py_END_CRITICAL_SECTION();
    if (kept < 0) {
        return NULL;
    }
    if (kept > 0) {
        Py_RETURN_NONE;
    }
    return PyBool_FromLong(below);
}

PyDoc_STRVAR(chunks_open_doc,
"open($self, room, /)\n--\n\n"
"Take pieces from now on; `add` returns True until they are `room` bytes in their frames.");

static PyObject *
chunks_open(chunks_object *self, PyObject *room)
{
    Py_ssize_t bytes = PyLong_AsSsize_t(room);
    if (bytes == -1 && PyErr_Occurred()) {
        return NULL;
    }
    Py_BEGIN_CRITICAL_SECTION(self);
    self->room = bytes;
    self->is_open = true;
    Py_END_CRITICAL_SECTION();
    Py_RETURN_NONE;
}

PyDoc_STRVAR(chunks_take_doc,
"take($self, /)\n--\n\n"
"Return all pieces in their frames, and take no more.");

static PyObject *
chunks_take(chunks_object *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *joined;
    Py_BEGIN_CRITICAL_SECTION(self);
    self->is_open = false;
    joined = join_pieces(self);
    Py_END_CRITICAL_SECTION();
    return joined;
}

static PyObject *
chunks_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    if (PyTuple_GET_SIZE(args) != 0 || (keywords != NULL && PyDict_GET_SIZE(keywords) != 0)) {
        PyErr_SetString(PyExc_TypeError, "Chunks() takes no arguments");
        return NULL;
    }
    return type->tp_alloc(type, 0); /* zeroed: closed and empty */
}

static void
chunks_dealloc(chunks_object *self)
{
    PyTypeObject *type = Py_TYPE(self);
    drop_pieces(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef chunks_methods[] = {
    {"add", (PyCFunction)chunks_add, METH_O, chunks_add_doc},
    {"open", (PyCFunction)chunks_open, METH_O, chunks_open_doc},
    {"take", (PyCFunction)chunks_take, METH_NOARGS, chunks_take_doc},
    {NULL},
};

static PyMemberDef chunks_members[] = {
    {"size", T_PYSSIZET, offsetof(chunks_object, size), READONLY, "Bytes of the pieces in their frames."},
    {"total", T_PYSSIZET, offsetof(chunks_object, total), READONLY,
     "Bytes of all pieces that were ever taken, without their frames."},
    {NULL},
};

static PyType_Slot chunks_slots[] = {
    {Py_tp_doc, "Chunks of a body that leave together."},
    {Py_tp_new, chunks_new},
    {Py_tp_dealloc, chunks_dealloc},
    {Py_tp_methods, chunks_methods},
    {Py_tp_members, chunks_members},
    {0, NULL},
};

static PyType_Spec chunks_spec = {
    .name = "writehead._native.fields.Chunks",
    .basicsize = sizeof(chunks_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = chunks_slots,
};
