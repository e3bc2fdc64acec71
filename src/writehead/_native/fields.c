/* Fields and chunks on their way out. The twin in Python is `fields.py`, which says what each function promises. */

#include "field_syntax.h"

#include "chunks.h"

typedef struct {
    known_names names;
} fields_state;

static bool
is_good_text(PyObject *value)
{
    if (!PyUnicode_CheckExact(value) || PyUnicode_KIND(value) != PyUnicode_1BYTE_KIND) {
        return false;
    }
    const uint8_t *start = PyUnicode_1BYTE_DATA(value), *end = start + PyUnicode_GET_LENGTH(value);
    uint64_t bits = 0;
    return value_end(start, end, &bits) == end;
}

static bool
are_good_texts(PyObject *values)
{
    bool good = true;
#ifdef Py_BEGIN_CRITICAL_SECTION
    Py_BEGIN_CRITICAL_SECTION(values); /* without a GIL another thread may change the list */
#endif
    Py_ssize_t count = PySequence_Fast_GET_SIZE(values);
    PyObject **items = PySequence_Fast_ITEMS(values);
    for (Py_ssize_t at = 0; at < count && good; at++) {
        good = is_good_text(items[at]);
    }
#ifdef Py_BEGIN_CRITICAL_SECTION
    Py_END_CRITICAL_SECTION();
#endif
    return good;
}

static bool
is_good_value(PyObject *value)
{
    if (PyUnicode_CheckExact(value)) {
        return is_good_text(value);
    }
    if (PyList_CheckExact(value) || PyTuple_CheckExact(value)) {
        return are_good_texts(value);
    }
    return PyLong_CheckExact(value);
}

#include "response_head.h"

/* Return the lower-case key of a name; None if it is no token. */
static PyObject *
key_of(const known_names *names, PyObject *name)
{
    if (!PyUnicode_CheckExact(name) || !PyUnicode_IS_ASCII(name) || PyUnicode_GET_LENGTH(name) == 0) {
        Py_RETURN_NONE;
    }
    Py_ssize_t size = PyUnicode_GET_LENGTH(name);
    const uint8_t *text = PyUnicode_1BYTE_DATA(name);
    bool is_lower = true;
    for (Py_ssize_t at = 0; at < size; at++) {
        uint8_t lower = TOKEN[text[at]];
        if (lower == 0) {
            Py_RETURN_NONE;
        }
        is_lower &= lower == text[at];
    }
    int index = find_name(names, text, (size_t)size);
    if (index != UNKNOWN) {
        return Py_NewRef(names->lower[index]);
    }
    return is_lower ? Py_NewRef(name) : lower_text(text, size);
}

PyDoc_STRVAR(check_field_doc,
"check_field($module, name, value, /)\n--\n\n"
"Return the lower-case key of a field that is plainly good, or None.");

static PyObject *
check_field(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    if (count != 2) {
        return PyErr_Format(PyExc_TypeError, "check_field() takes 2 arguments, not %zd", count);
    }
    if (!is_good_value(args[1])) {
        Py_RETURN_NONE;
    }
    const fields_state *state = PyModule_GetState(module);
    return key_of(&state->names, args[0]);
}

PyDoc_STRVAR(frame_chunk_doc,
"frame_chunk($module, data, /)\n--\n\n"
"Return a chunk: its size in a line, the data, CRLF. Without data it is the last chunk.");

static PyObject *
frame_chunk(PyObject *Py_UNUSED(module), PyObject *data)
{
    if (!PyBytes_Check(data)) {
        return PyErr_Format(PyExc_TypeError, "frame_chunk() takes bytes, not %.200s", Py_TYPE(data)->tp_name);
    }
    Py_ssize_t size = PyBytes_GET_SIZE(data);
    Py_ssize_t frame = size ? frame_size(size) : 5;
    if (size > PY_SSIZE_T_MAX - frame) {
        return PyErr_NoMemory();
    }
    PyObject *chunk = PyBytes_FromStringAndSize(NULL, size + frame);
    if (chunk == NULL) {
        return NULL;
    }
    char *to = write_size(PyBytes_AS_STRING(chunk), size);
    memcpy(to, PyBytes_AS_STRING(data), (size_t)size);
    memcpy(to + size, "\r\n", 2);
    return chunk;
}

static PyMethodDef functions[] = {
    {"check_field", (PyCFunction)(void (*)(void))check_field, METH_FASTCALL, check_field_doc},
    {"check_pairs", check_pairs, METH_O, check_pairs_doc},
    {"frame_chunk", frame_chunk, METH_O, frame_chunk_doc},
    {"render_response", (PyCFunction)(void (*)(void))render_response, METH_FASTCALL, render_response_doc},
    {NULL},
};

static int
execute(PyObject *module)
{
    fields_state *state = PyModule_GetState(module);
    PyObject *chunks = PyType_FromModuleAndSpec(module, &chunks_spec, NULL);
    if (chunks == NULL) {
        return -1;
    }
    int added = PyModule_AddType(module, (PyTypeObject *)chunks);
    Py_DECREF(chunks);
    return added < 0 ? -1 : make_names(&state->names);
}

static int
clear(PyObject *module)
{
    fields_state *state = PyModule_GetState(module);
    clear_names(&state->names);
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
    .m_name = "writehead._native._fields",
    .m_doc = "Fields and chunks on their way out, in C: see `fields.py`.",
    .m_size = sizeof(fields_state),
    .m_methods = functions,
    .m_slots = slots,
    .m_clear = clear,
    .m_free = release,
};

PyMODINIT_FUNC
PyInit__fields(void)
{
    return PyModuleDef_Init(&definition);
}
