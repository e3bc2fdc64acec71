/* What both files in C know of fields: which characters they have, and the names of common ones, whose objects are made
   once for each module. */

#ifndef WRITEHEAD_FIELD_SYNTAX_H
#define WRITEHEAD_FIELD_SYNTAX_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* How duplicates of a request's field are joined: https://nodejs.org/api/http.html#messageheaders */
enum rule { BY_COMMA, BY_SEMICOLON, FIRST_WINS, IN_A_LIST };

typedef struct {
    const char *spelled; /* as most clients spell it; any letters are compared without case */
    enum rule rule;
} known_name;

static const known_name KNOWN[] = {
    {"Accept", BY_COMMA},
    {"Accept-Charset", BY_COMMA},
    {"Accept-Encoding", BY_COMMA},
    {"Accept-Language", BY_COMMA},
    {"Accept-Ranges", BY_COMMA},
    {"Access-Control-Allow-Credentials", BY_COMMA},
    {"Access-Control-Allow-Headers", BY_COMMA},
    {"Access-Control-Allow-Methods", BY_COMMA},
    {"Access-Control-Allow-Origin", BY_COMMA},
    {"Access-Control-Expose-Headers", BY_COMMA},
    {"Access-Control-Max-Age", BY_COMMA},
    {"Access-Control-Request-Headers", BY_COMMA},
    {"Access-Control-Request-Method", BY_COMMA},
    {"Age", FIRST_WINS},
    {"Allow", BY_COMMA},
    {"Authorization", FIRST_WINS},
    {"Cache-Control", BY_COMMA},
    {"Connection", BY_COMMA},
    {"Content-Disposition", BY_COMMA},
    {"Content-Encoding", BY_COMMA},
    {"Content-Language", BY_COMMA},
    {"Content-Length", FIRST_WINS},
    {"Content-Location", BY_COMMA},
    {"Content-Range", BY_COMMA},
    {"Content-Security-Policy", BY_COMMA},
    {"Content-Type", FIRST_WINS},
    {"Cookie", BY_SEMICOLON},
    {"DNT", BY_COMMA},
    {"Date", BY_COMMA},
    {"ETag", FIRST_WINS},
    {"Expect", BY_COMMA},
    {"Expires", FIRST_WINS},
    {"Forwarded", BY_COMMA},
    {"From", FIRST_WINS},
    {"Host", FIRST_WINS},
    {"If-Match", BY_COMMA},
    {"If-Modified-Since", FIRST_WINS},
    {"If-None-Match", BY_COMMA},
    {"If-Range", BY_COMMA},
    {"If-Unmodified-Since", FIRST_WINS},
    {"Keep-Alive", BY_COMMA},
    {"Last-Modified", FIRST_WINS},
    {"Link", BY_COMMA},
    {"Location", FIRST_WINS},
    {"Max-Forwards", FIRST_WINS},
    {"Origin", BY_COMMA},
    {"Pragma", BY_COMMA},
    {"Priority", BY_COMMA},
    {"Proxy-Authorization", FIRST_WINS},
    {"Range", BY_COMMA},
    {"Referer", FIRST_WINS},
    {"Referrer-Policy", BY_COMMA},
    {"Retry-After", FIRST_WINS},
    {"Sec-Fetch-Dest", BY_COMMA},
    {"Sec-Fetch-Mode", BY_COMMA},
    {"Sec-Fetch-Site", BY_COMMA},
    {"Sec-Fetch-User", BY_COMMA},
    {"Sec-GPC", BY_COMMA},
    {"Server", FIRST_WINS},
    {"Set-Cookie", IN_A_LIST},
    {"Strict-Transport-Security", BY_COMMA},
    {"TE", BY_COMMA},
    {"Trailer", BY_COMMA},
    {"Transfer-Encoding", BY_COMMA},
    {"Upgrade", BY_COMMA},
    {"Upgrade-Insecure-Requests", BY_COMMA},
    {"User-Agent", FIRST_WINS},
    {"Vary", BY_COMMA},
    {"Via", BY_COMMA},
    {"WWW-Authenticate", BY_COMMA},
    {"X-Content-Type-Options", BY_COMMA},
    {"X-Forwarded-For", BY_COMMA},
    {"X-Forwarded-Host", BY_COMMA},
    {"X-Forwarded-Proto", BY_COMMA},
    {"X-Frame-Options", BY_COMMA},
    {"X-Real-IP", BY_COMMA},
    {"X-Request-ID", BY_COMMA},
    {"X-Requested-With", BY_COMMA},
    {"sec-ch-ua", BY_COMMA},
    {"sec-ch-ua-mobile", BY_COMMA},
    {"sec-ch-ua-platform", BY_COMMA},
    {"traceparent", BY_COMMA},
};

#define KNOWN_COUNT ((int)(sizeof(KNOWN) / sizeof(KNOWN[0])))
#define SLOTS 256 /* a power of two, more than twice the number of names */
#define UNKNOWN (-1)

_Static_assert(KNOWN_COUNT < SLOTS / 2, "a free slot ends each search");

typedef struct {
    uint8_t slots[SLOTS]; /* index + 1 in KNOWN; 0: free */
    uint8_t sizes[KNOWN_COUNT];
    PyObject *lower[KNOWN_COUNT]; /* interned */
} known_names;

/* The characters of a token (RFC 9110, 5.6.2) in lower case; 0: not one of them. */
static const uint8_t TOKEN[256] = {
    ['!'] = '!', ['#'] = '#', ['$'] = '$', ['%'] = '%', ['&'] = '&', ['\''] = '\'', ['*'] = '*', ['+'] = '+',
    ['-'] = '-', ['.'] = '.', ['^'] = '^', ['_'] = '_', ['`'] = '`', ['|'] = '|', ['~'] = '~', ['0'] = '0',
    ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4', ['5'] = '5', ['6'] = '6', ['7'] = '7', ['8'] = '8',
    ['9'] = '9', ['A'] = 'a', ['B'] = 'b', ['C'] = 'c', ['D'] = 'd', ['E'] = 'e', ['F'] = 'f', ['G'] = 'g',
    ['H'] = 'h', ['I'] = 'i', ['J'] = 'j', ['K'] = 'k', ['L'] = 'l', ['M'] = 'm', ['N'] = 'n', ['O'] = 'o',
    ['P'] = 'p', ['Q'] = 'q', ['R'] = 'r', ['S'] = 's', ['T'] = 't', ['U'] = 'u', ['V'] = 'v', ['W'] = 'w',
    ['X'] = 'x', ['Y'] = 'y', ['Z'] = 'z', ['a'] = 'a', ['b'] = 'b', ['c'] = 'c', ['d'] = 'd', ['e'] = 'e',
    ['f'] = 'f', ['g'] = 'g', ['h'] = 'h', ['i'] = 'i', ['j'] = 'j', ['k'] = 'k', ['l'] = 'l', ['m'] = 'm',
    ['n'] = 'n', ['o'] = 'o', ['p'] = 'p', ['q'] = 'q', ['r'] = 'r', ['s'] = 's', ['t'] = 't', ['u'] = 'u',
    ['v'] = 'v', ['w'] = 'w', ['x'] = 'x', ['y'] = 'y', ['z'] = 'z',
};

/* Compare, but for the case of letters. `other` has letters, digits and "-" alone, into which 0x20 turns no other
   character of a name or value. */
static inline bool
same_name(const uint8_t *one, const char *other, size_t size)
{
    for (size_t at = 0; at < size; at++) {
        if ((one[at] | 0x20) != ((uint8_t)other[at] | 0x20)) {
            return false;
        }
    }
    return true;
}

/* Of a token that is not empty. */
static inline unsigned
slot_of(const uint8_t *name, size_t size)
{
    unsigned first = name[0] & 31, middle = name[size / 2] & 31, last = name[size - 1] & 31;
    return ((unsigned)size * 7 + first * 29 + middle * 5 + last * 3) & (SLOTS - 1);
}

/* Return the index in KNOWN of a token that is not empty, or UNKNOWN. */
static inline int
find_name(const known_names *names, const uint8_t *name, size_t size)
{
    for (unsigned slot = slot_of(name, size); names->slots[slot]; slot = (slot + 1) & (SLOTS - 1)) {
        int index = names->slots[slot] - 1;
        if (names->sizes[index] == size && same_name(name, KNOWN[index].spelled, size)) {
            return index;
        }
    }
    return UNKNOWN;
}

/* Return a new `str` of ASCII: a token in lower case. */
static inline PyObject *
lower_text(const uint8_t *name, Py_ssize_t size)
{
    PyObject *text = PyUnicode_New(size, 127);
    if (text != NULL) {
        Py_UCS1 *to = PyUnicode_1BYTE_DATA(text);
        for (Py_ssize_t at = 0; at < size; at++) {
            to[at] = TOKEN[name[at]];
        }
    }
    return text;
}

static int
make_names(known_names *names)
{
    for (int index = 0; index < KNOWN_COUNT; index++) {
        const uint8_t *spelled = (const uint8_t *)KNOWN[index].spelled;
        size_t size = strlen(KNOWN[index].spelled);
        unsigned slot = slot_of(spelled, size);
        while (names->slots[slot]) {
            slot = (slot + 1) & (SLOTS - 1);
        }
        names->slots[slot] = (uint8_t)(index + 1);
        names->sizes[index] = (uint8_t)size;
        names->lower[index] = lower_text(spelled, (Py_ssize_t)size);
        if (names->lower[index] == NULL) {
            return -1;
        }
        PyUnicode_InternInPlace(&names->lower[index]);
    }
    return 0;
}

static void
clear_names(known_names *names)
{
    for (int index = 0; index < KNOWN_COUNT; index++) {
        Py_CLEAR(names->lower[index]);
    }
}

/* Return where, from `at` on, the first byte is that no field value has, or `end`: values have tabs, 0x20-0x7e and
   0x80-0xff (RFC 9110, 5.5). `*bits` gets a top bit if one of 0x80-0xff comes before it, and maybe if one comes after. */
static inline const uint8_t *
value_end(const uint8_t *at, const uint8_t *end, uint64_t *bits)
{
#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones * 0x80;
    uint64_t all = 0;
    while (end - at >= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        uint64_t delete = word ^ (ones * 0x7f);
        /* The lowest top bit of it is at the first of the eight bytes that is below 0x20, or 0x7f. */
        uint64_t found = (((word - ones * 0x20) & ~word) | ((delete - ones) & ~delete)) & tops;
        all |= word;
        if (found == 0) {
            at += 8;
            continue;
        }
        at += __builtin_ctzll(found) / 8;
        if (*at != '\t') {
            *bits |= all;
            return at;
        }
        at++;
    }
    *bits |= all;
#endif
    for (; at < end; at++) {
        if (*at < 0x20 ? *at != '\t' : *at == 0x7f) {
            break;
        }
        *bits |= *at;
    }
    return at;
}

#endif
