// The engine of mods in JavaScript: QuickJS-ng, and between it and the host what
// the SDK of sdk/ cannot do itself. Everything that the language has a word for lies
// there, and is evaluated once, when the engine is built; what is kept is the memory
// after that.
//
// A mod's sources are assets whose names start with ".js/", and are evaluated in
// each call. No WASI is imported: clock and random numbers are those of the call.
#include "quickjs.c"
#include "sandtable.h"
#include "vectors.h"

// How far the stack in memory may grow. That of the machine grows some ten times
// as fast and ends at 1.5 MiB, which would be a trap and no RangeError.
#define STACK_BYTES (96 << 10)
#define SOURCES ".js/"
#define PRELUDE_NAME "sandtable"

static JSRuntime *rt;
static JSContext *ctx;
static JSValue explain, calls[3];
enum { DESCRIBE, RUN_SYSTEM, CONVERT };
static JSValue unhandled; // the promises that failed and that nothing handled yet
static int is_loaded;
static uint64_t now_ns, random_state;

// -- What the C library would import from WASI --

#define WASI(function) __imported_wasi_snapshot_preview1_##function
int32_t WASI(clock_time_get)(int32_t id, int64_t precision, int32_t at) { *(uint64_t *)at = now_ns; return 0; }
int32_t WASI(clock_res_get)(int32_t id, int32_t at) { *(uint64_t *)at = 1; return 0; }
int32_t WASI(fd_write)(int32_t fd, int32_t parts, int32_t count, int32_t at) {
    const List *part = (const List *)parts;
    uint32_t all = 0;
    for (int32_t i = 0; i < count; all += part[i++].len)
        if (part[i].len) host_log(2, part[i].ptr, part[i].len);
    *(uint32_t *)at = all;
    return 0;
}
int32_t WASI(fd_read)(int32_t fd, int32_t parts, int32_t count, int32_t at) { *(uint32_t *)at = 0; return 0; }
int32_t WASI(fd_close)(int32_t fd) { return 0; }
int32_t WASI(fd_seek)(int32_t fd, int64_t offset, int32_t from, int32_t at) { return 8; }
int32_t WASI(fd_fdstat_get)(int32_t fd, int32_t at) { return 8; }
int32_t WASI(environ_sizes_get)(int32_t count, int32_t size) { *(uint32_t *)count = *(uint32_t *)size = 0; return 0; }
int32_t WASI(environ_get)(int32_t at, int32_t text) { return 0; }
_Noreturn void WASI(proc_exit)(int32_t code) { __builtin_trap(); }

// -- Memory --

// What is freed while the engine is built is zeroed, so that less is kept of it.
static int is_preparing;
static void *engine_calloc(void *opaque, size_t count, size_t size) { return calloc(count, size); }
static void *engine_malloc(void *opaque, size_t size) { return malloc(size); }
static void engine_free(void *opaque, void *at) {
    if (at && is_preparing) {
        memset(at, 0, malloc_usable_size(at));
        __asm__ volatile("" : : "r"(at) : "memory"); // or it would be left out, as none reads it
    }
    free(at);
}
static void *engine_realloc(void *opaque, void *at, size_t size) {
    if (!is_preparing || !at || !size) return realloc(at, size);
    size_t had = malloc_usable_size(at);
    void *to = malloc(size);
    memcpy(to, at, had < size ? had : size);
    engine_free(opaque, at);
    return to;
}
static size_t engine_size(const void *at) { return malloc_usable_size((void *)at); }
static const JSMallocFunctions MEMORY = { engine_calloc, engine_malloc, engine_free, engine_realloc, engine_size };

// -- Bytes, to and fro --

static void *changed_bytes(JSRuntime *rt, void *opaque, void *bytes, size_t size) {
    if (size) return realloc(bytes, size);
    free(bytes);
    return NULL;
}

// Gives bytes that the host wrote to the garbage collector.
static JSValue given(List list) {
    if (!list.len) return JS_NewArrayBufferCopy(ctx, NULL, 0);
    return JS_NewArrayBuffer(ctx, (uint8_t *)list.ptr, list.len, 0, changed_bytes, NULL, false);
}

static JSValue text_of(List list) { return JS_NewStringLen(ctx, list.ptr, list.len); }

static JSValue text_given(List list) {
    JSValue text = text_of(list);
    if (list.len) free((void *)list.ptr);
    return text;
}

// The bytes of an ArrayBuffer or a view of one. None: an exception is thrown.
static int bytes_of(JSValueConst value, List *bytes) {
    size_t len, offset = 0, per;
    JSValue buffer = JS_GetTypedArrayType(value) >= 0 ? JS_GetTypedArrayBuffer(ctx, value, &offset, &len, &per)
                                                       : JS_DupValue(ctx, value);
    if (JS_IsException(buffer)) return 0;
    size_t all;
    uint8_t *at = JS_GetArrayBuffer(ctx, &all, buffer);
    if (JS_GetTypedArrayType(value) < 0) len = all;
    JS_FreeValue(ctx, buffer);
    if (!at && JS_HasException(ctx)) return 0;
    if (offset + len > all) return JS_ThrowTypeError(ctx, "the bytes are gone"), 0;
    *bytes = (List){ at ? at + offset : (uint8_t *)8, len };
    return 1;
}

// Half of a pair of code units is no character, and the host takes text only: it
// becomes U+FFFD, which is as long. ASCII, which is not copied, is not written to.
static void make_well_formed(char *text, size_t len) {
    for (size_t i = 0; i + 2 < len; i++)
        if ((uint8_t)text[i] == 0xed && (uint8_t)text[i + 1] >= 0xa0) memcpy(text + i, "\xef\xbf\xbd", 3);
}
// A text as the host takes it; NULL, if an exception was thrown.
static const char *text_from(size_t *len, JSValueConst value) {
    const char *text = JS_ToCStringLen(ctx, len, value);
    if (text) make_well_formed((char *)text, *len);
    return text;
}

static int number(JSValueConst value, uint32_t *to) { return !JS_ToUint32(ctx, to, value); }

#define NATIVE(name) static JSValue js_##name(JSContext *c, JSValueConst this, int argc, JSValueConst *argv)

NATIVE(next) {
    List batch;
    host_next(&batch);
    const Shard *shards = batch.ptr;
    JSValue all = JS_NewArray(c);
    for (uint32_t i = 0; i < batch.len; i++) {
        JSValue one = JS_NewArray(c);
        const List *columns = shards[i].columns.ptr;
        JS_SetPropertyUint32(c, one, 0, given(shards[i].header));
        for (uint32_t k = 0; k < shards[i].columns.len; k++) JS_SetPropertyUint32(c, one, k + 1, given(columns[k]));
        if (shards[i].columns.len) free((void *)columns);
        JS_SetPropertyUint32(c, all, i, one);
    }
    if (batch.len) free((void *)shards);
    return all;
}
NATIVE(write) {
    uint32_t shard, column;
    List bytes;
    if (!number(argv[0], &shard) || !number(argv[1], &column) || !bytes_of(argv[2], &bytes)) return JS_EXCEPTION;
    host_write(shard, column, bytes.ptr, bytes.len);
    return JS_UNDEFINED;
}
NATIVE(set_resource) {
    uint32_t which;
    List bytes;
    if (!number(argv[0], &which) || !bytes_of(argv[1], &bytes)) return JS_EXCEPTION;
    host_set_resource(which, bytes.ptr, bytes.len);
    return JS_UNDEFINED;
}
NATIVE(commands) {
    List bytes;
    if (!bytes_of(argv[0], &bytes)) return JS_EXCEPTION;
    host_commands(bytes.ptr, bytes.len);
    return JS_UNDEFINED;
}
NATIVE(emit) {
    List bytes;
    if (!bytes_of(argv[0], &bytes)) return JS_EXCEPTION;
    host_emit(bytes.ptr, bytes.len);
    return JS_UNDEFINED;
}
NATIVE(lookup) {
    uint32_t which;
    List entities;
    if (!number(argv[0], &which) || !bytes_of(argv[1], &entities)) return JS_EXCEPTION;
    Found found;
    host_lookup(which, entities.ptr, entities.len / 8, &found);
    JSValue answer = JS_NewArray(c);
    JS_SetPropertyUint32(c, answer, 0, given(found.present));
    JS_SetPropertyUint32(c, answer, 1, given(found.values));
    return answer;
}
NATIVE(related) {
    uint32_t which, way;
    List entities;
    if (!number(argv[0], &which) || !number(argv[1], &way) || !bytes_of(argv[2], &entities)) return JS_EXCEPTION;
    Edges edges;
    host_related(which, way, entities.ptr, entities.len / 8, &edges);
    JSValue answer = JS_NewArray(c);
    JS_SetPropertyUint32(c, answer, 0, given((List){ edges.starts.ptr, edges.starts.len * 4 }));
    JS_SetPropertyUint32(c, answer, 1, given((List){ edges.others.ptr, edges.others.len * 8 }));
    JS_SetPropertyUint32(c, answer, 2, given(edges.data));
    return answer;
}
static JSValue refused(List why) {
    JSValue error = JS_NewError(ctx);
    JS_DefinePropertyValueStr(ctx, error, "message", text_given(why), JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE);
    return JS_Throw(ctx, error);
}
NATIVE(query) {
    size_t len;
    List parameters;
    const char *statement = text_from(&len, argv[0]);
    if (!statement || !bytes_of(argv[1], &parameters)) return JS_EXCEPTION;
    Answer answer;
    host_query(statement, len, parameters.ptr, parameters.len, &answer);
    JS_FreeCString(c, statement);
    if (answer.failed) return refused(answer.columns);
    JSValue all = JS_NewArray(c), names = JS_NewArray(c);
    for (uint32_t i = 0; i < answer.columns.len; i++)
        JS_SetPropertyUint32(c, names, i, text_given(((const List *)answer.columns.ptr)[i]));
    if (answer.columns.len) free((void *)answer.columns.ptr);
    JS_SetPropertyUint32(c, all, 0, names);
    JS_SetPropertyUint32(c, all, 1, given(answer.rows));
    return all;
}
NATIVE(execute) {
    size_t len;
    List rows;
    const char *statement = text_from(&len, argv[0]);
    if (!statement || !bytes_of(argv[1], &rows)) return JS_EXCEPTION;
    Changed changed;
    host_execute(statement, len, rows.ptr, rows.len, &changed);
    JS_FreeCString(c, statement);
    return changed.failed ? refused(changed.why) : JS_NewInt64(c, changed.count);
}
NATIVE(asset) {
    size_t len;
    const char *name = text_from(&len, argv[0]);
    if (!name) return JS_EXCEPTION;
    OptionalBytes found;
    host_asset(name, len, &found);
    JS_FreeCString(c, name);
    return found.some ? given(found.bytes) : JS_UNDEFINED;
}
NATIVE(assets) {
    List names;
    host_assets(&names);
    JSValue all = JS_NewArray(c);
    for (uint32_t i = 0; i < names.len; i++)
        JS_SetPropertyUint32(c, all, i, text_given(((const List *)names.ptr)[i]));
    if (names.len) free((void *)names.ptr);
    return all;
}
NATIVE(log) {
    uint32_t level;
    size_t len;
    if (!number(argv[0], &level)) return JS_EXCEPTION;
    const char *line = text_from(&len, argv[1]);
    if (!line) return JS_EXCEPTION;
    host_log(level & 3, line, len);
    JS_FreeCString(c, line);
    return JS_UNDEFINED;
}
NATIVE(encode) {
    size_t len;
    const char *text = text_from(&len, argv[0]);
    if (!text) return JS_EXCEPTION;
    JSValue bytes = JS_NewArrayBufferCopy(c, (const uint8_t *)text, len);
    JS_FreeCString(c, text);
    return bytes;
}
NATIVE(decode) {
    List bytes;
    uint32_t from, to;
    if (!bytes_of(argv[0], &bytes) || !number(argv[1], &from) || !number(argv[2], &to)) return JS_EXCEPTION;
    if (from > to || to > bytes.len) return JS_ThrowRangeError(c, "the text is cut short");
    return JS_NewStringLen(c, (const char *)bytes.ptr + from, to - from);
}

// -- Time and chance --

static uint64_t mixed(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}
NATIVE(begin) { // milliseconds, then what the random numbers follow from
    double millis;
    if (JS_ToFloat64(c, &millis, argv[0])) return JS_EXCEPTION;
    now_ns = millis > 0 && millis < 9e15 ? (uint64_t)(millis * 1e6) : 0;
    random_state = 0;
    for (int i = 1; i < argc; i++) {
        int64_t part;
        if (JS_ToInt64Ext(c, &part, argv[i])) return JS_EXCEPTION;
        random_state = mixed(random_state + 0x9e3779b97f4a7c15u + (uint64_t)part);
    }
    return JS_UNDEFINED;
}
NATIVE(random) { return JS_NewFloat64(c, (double)(mixed(random_state += 0x9e3779b97f4a7c15u) >> 11) * 0x1p-53); }

// One block of ChaCha8: of a key of eight words, into sixteen.
NATIVE(block) {
    List key, out;
    uint32_t number_of_block;
    if (!bytes_of(argv[0], &key) || !number(argv[1], &number_of_block) || !bytes_of(argv[2], &out)) return JS_EXCEPTION;
    if (key.len != 32 || out.len != 64) return JS_ThrowTypeError(c, "a key has 32 bytes and a block 64");
    uint32_t start[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 }, b[16];
    memcpy(start + 4, key.ptr, 32);
    start[12] = number_of_block;
    memcpy(b, start, sizeof b);
#define ROLL(x, n) ((x) << (n) | (x) >> (32 - (n)))
#define HALF(p, q, r, m, n) b[p] += b[q], b[r] = ROLL(b[r] ^ b[p], m)
#define QUARTER(p, q, r, s) \
    b[p] += b[q]; b[s] = ROLL(b[s] ^ b[p], 16); b[r] += b[s]; b[q] = ROLL(b[q] ^ b[r], 12); \
    b[p] += b[q]; b[s] = ROLL(b[s] ^ b[p], 8); b[r] += b[s]; b[q] = ROLL(b[q] ^ b[r], 7);
    for (int round = 0; round < 4; round++) {
        QUARTER(0, 4, 8, 12) QUARTER(1, 5, 9, 13) QUARTER(2, 6, 10, 14) QUARTER(3, 7, 11, 15)
        QUARTER(0, 5, 10, 15) QUARTER(1, 6, 11, 12) QUARTER(2, 7, 8, 13) QUARTER(3, 4, 9, 14)
    }
    for (int i = 0; i < 16; i++) ((uint32_t *)out.ptr)[i] = b[i] + start[i];
    return JS_UNDEFINED;
}

// -- Vectors --

static JSAtom atom_buffer, atom_spec, atom_mask;

// Reads an operand: a vector, or a number that stands for as many as there are.
static int operand(JSValueConst value, uint32_t type, uint64_t *scalar, Vector *to) {
    if (JS_IsUndefined(value) || JS_IsNull(value))
        return JS_ThrowTypeError(ctx, "an operand is %s: give a vector, a column or a number", JS_IsNull(value) ? "null" : "left out"), 0;
    if (!JS_IsObject(value)) {
        *to = (Vector){ .at = (uint8_t *)scalar, .length = UINT32_MAX, .type = type, .per = 1 };
        if (type == F32 || type == F64) {
            double x;
            if (JS_ToFloat64(ctx, &x, value)) return 0;
            if (type == F32) *(float *)scalar = (float)x; else *(double *)scalar = x;
            return 1;
        }
        return !JS_ToInt64Ext(ctx, (int64_t *)scalar, value);
    }
    JSValue buffer = JS_GetProperty(ctx, value, atom_buffer), spec = JS_GetProperty(ctx, value, atom_spec);
    JSValue mask = JS_GetProperty(ctx, value, atom_mask);
    List bytes = { 0 }, words = { 0 }, bits = { 0 };
    int is_read = bytes_of(buffer, &bytes) && bytes_of(spec, &words) && (JS_IsUndefined(mask) || bytes_of(mask, &bits));
    JS_FreeValue(ctx, buffer), JS_FreeValue(ctx, spec), JS_FreeValue(ctx, mask);
    if (!is_read) return 0;
    const uint32_t *of = words.ptr;
    if (words.len != 20 || of[3] >= TYPES || !of[4]) return JS_ThrowTypeError(ctx, "this is no vector"), 0;
    *to = (Vector){ (uint8_t *)bytes.ptr + of[0], bits.len ? bits.ptr : NULL, of[1], of[2], of[3], of[4] };
    uint64_t end = (uint64_t)of[0] + (of[2] ? (uint64_t)of[1] * (of[2] - 1) + SIZES[of[3]] : 0);
    if (end > bytes.len) return JS_ThrowTypeError(ctx, "this vector's rows were taken back: ask for them in each call"), 0;
    if (bits.len && (uint64_t)bits.len * 8 * of[4] < of[2]) return JS_ThrowTypeError(ctx, "this is no vector"), 0;
    return 1;
}
static int is_fit(const Vector *v, uint32_t type, uint32_t length) {
    if (v->type != type) return JS_ThrowTypeError(ctx, "vectors of two types: all of one operation have the same"), 0;
    if (v->length < length || (v->stride && v->length != length)) return JS_ThrowRangeError(ctx, "vectors of %u and %u numbers", length, v->length), 0;
    return 1;
}
NATIVE(vector) { // operation, to, then operands; those that are left out are undefined
    uint32_t op;
    uint64_t scalars[4] = { 0 };
    Vector o, v[3] = { { 0 } };
    if (!number(argv[0], &op)) return JS_EXCEPTION;
    if (op >= countof(OPERANDS)) return JS_ThrowTypeError(c, "there is no such operation");
    if (!JS_IsObject(argv[1])) return JS_ThrowTypeError(c, "the first operand is a vector");
    if (!operand(argv[1], F64, scalars, &o)) return JS_EXCEPTION;
    if (op == SUM) {
        double sum = 0;
        int64_t whole = 0;
        for (uint32_t i = 0; i < o.length; i++) {
            if (!matches(&o, i)) continue;
            if (o.type == U64 || o.type == I64) whole = (int64_t)((uint64_t)whole + *(uint64_t *)(o.at + i * o.stride));
            else sum += as_number(&o, i);
        }
        return o.type == I64 ? JS_NewBigInt64(c, whole) : o.type == U64 ? JS_NewBigUint64(c, (uint64_t)whole) : JS_NewFloat64(c, sum);
    }
    uint32_t type = o.type;
    if (op == LESS) { // of whichever type the first vector is that is compared
        if (o.type != U8) return JS_ThrowTypeError(c, "what is less goes to a vector of u8");
        int first = JS_IsObject(argv[2]) ? 2 : 3;
        if (!operand(argv[first], F64, scalars + 1, v)) return JS_EXCEPTION;
        type = v[0].type;
    }
    for (int i = 0; i < OPERANDS[op]; i++) {
        uint32_t wanted = (op == WHERE && i == 0) ? U8 : (op == GATHER && i == 1) ? U32 : type;
        if (!operand(argv[i + 2], wanted, scalars + 1 + i, &v[i])) return JS_EXCEPTION;
        uint32_t length = (op == GATHER && i == 0) ? v[i].length : o.length;
        if (!is_fit(&v[i], wanted, length)) return JS_EXCEPTION;
    }
    switch (op) {
    case WHERE:
        for (uint32_t i = 0; i < o.length; i++)
            if (matches(&o, i)) copy_one(&o, i, v[0].at[i * v[0].stride] ? &v[1] : &v[2], i);
        break;
    case LESS:
        for (uint32_t i = 0; i < o.length; i++)
            if (matches(&o, i)) o.at[i * o.stride] = is_less(&v[0], &v[1], i);
        break;
    case GATHER: {
        uint8_t *kept = NULL; // of what is gathered from, where it is written to as well
        size_t size = v[0].stride && v[0].length ? (v[0].length - 1) * v[0].stride + SIZES[type] : 0;
        if (size && o.at < v[0].at + size && v[0].at < o.at + o.length * o.stride) {
            if (!(kept = js_malloc(c, size))) return JS_EXCEPTION;
            v[0].at = memcpy(kept, v[0].at, size);
        }
        uint32_t from = 0;
        int is_there = 1;
        for (uint32_t i = 0; i < o.length && is_there; i++) {
            if (!matches(&o, i)) continue;
            from = *(uint32_t *)(v[1].at + i * v[1].stride);
            if ((is_there = from < v[0].length)) copy_one(&o, i, &v[0], from);
        }
        js_free(c, kept);
        if (!is_there) return JS_ThrowRangeError(c, "number %u of %u", from, v[0].length);
        break;
    }
    default:
        if (v[0].stride == 0 && v[1].stride && (op == ADD || op == MUL || op == MIN || op == MAX)) {
            Vector first = v[0];
            v[0] = v[1], v[1] = first;
        }
        if (op == ASSIGN) v[1] = v[0];
        RUN[o.type](op, o, v[0], v[1], v[2]);
    }
    return JS_UNDEFINED;
}

static const JSCFunctionListEntry NATIVES[] = {
    JS_CFUNC_DEF("next", 0, js_next), JS_CFUNC_DEF("write", 3, js_write),
    JS_CFUNC_DEF("setResource", 2, js_set_resource), JS_CFUNC_DEF("commands", 1, js_commands),
    JS_CFUNC_DEF("emit", 1, js_emit), JS_CFUNC_DEF("lookup", 2, js_lookup),
    JS_CFUNC_DEF("related", 3, js_related), JS_CFUNC_DEF("query", 2, js_query),
    JS_CFUNC_DEF("execute", 2, js_execute), JS_CFUNC_DEF("asset", 1, js_asset),
    JS_CFUNC_DEF("assets", 0, js_assets), JS_CFUNC_DEF("log", 2, js_log),
    JS_CFUNC_DEF("encode", 1, js_encode), JS_CFUNC_DEF("decode", 3, js_decode),
    JS_CFUNC_DEF("begin", 1, js_begin), JS_CFUNC_DEF("random", 0, js_random),
    JS_CFUNC_DEF("block", 3, js_block), JS_CFUNC_DEF("vector", 5, js_vector),
};

// -- Modules and mistakes --

static char PRELUDE[] = {
#embed "sdk.js"
    , 0
};

static JSModuleDef *load_module(JSContext *c, const char *name, void *opaque) {
    char *path = malloc(strlen(name) + sizeof SOURCES);
    strcpy(path, SOURCES);
    strcat(path, name);
    make_well_formed(path, strlen(path));
    OptionalBytes found;
    host_asset(path, strlen(path), &found);
    free(path);
    if (!found.some) {
        JS_ThrowReferenceError(c, "there is no file %s", name);
        return NULL;
    }
    char *source = realloc((void *)found.bytes.ptr, found.bytes.len + 1);
    source[found.bytes.len] = 0;
    JSValue module = JS_Eval(c, source, found.bytes.len, name, JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
    free(source);
    if (JS_IsException(module)) return NULL;
    JSModuleDef *definition = JS_VALUE_GET_PTR(module);
    JS_FreeValue(c, module);
    return definition;
}

// The exception that was thrown, in one sentence.
static List trouble(void) {
    JSValue error = JS_GetException(ctx), told = JS_Call(ctx, explain, JS_UNDEFINED, 1, &error);
    if (JS_IsException(told)) told = JS_GetException(ctx);
    size_t len;
    const char *text = text_from(&len, told);
    return text ? (List){ text, len } : (List){ "it failed, and cannot say why", 29 };
}

static void rejected(JSContext *c, JSValueConst promise, JSValueConst why, bool is_handled, void *opaque) {
    int64_t count = 0;
    JS_GetLength(c, unhandled, &count);
    if (!is_handled) {
        JS_SetPropertyInt64(c, unhandled, count, JS_DupValue(c, promise));
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        JSValue one = JS_GetPropertyInt64(c, unhandled, i);
        if (JS_IsObject(one) && JS_VALUE_GET_PTR(one) == JS_VALUE_GET_PTR(promise)) JS_SetPropertyInt64(c, unhandled, i, JS_UNDEFINED);
        JS_FreeValue(c, one);
    }
}

// Whether nothing is left of what a call began: if something is, an exception is thrown.
static int is_settled(void) {
    int64_t count = 0;
    JS_GetLength(ctx, unhandled, &count);
    for (int64_t i = 0; i < count; i++) {
        JSValue promise = JS_GetPropertyInt64(ctx, unhandled, i);
        if (JS_IsObject(promise)) return JS_Throw(ctx, JS_PromiseResult(ctx, promise)), 0;
    }
    if (!JS_IsJobPending(rt)) return 1;
    JS_ThrowTypeError(ctx, "promises are left that nothing waits for: what is called is done when it returns");
    return 0;
}

static int evaluate(const char *source, size_t len, const char *name) {
    JSValue done = JS_Eval(ctx, source, len, name, JS_EVAL_TYPE_MODULE);
    if (JS_IsException(done)) return 0;
    for (JSContext *c; JS_ExecutePendingJob(rt, &c) > 0;) {}
    switch (JS_PromiseState(ctx, done)) {
    case JS_PROMISE_REJECTED: JS_Throw(ctx, JS_PromiseResult(ctx, done)); return 0;
    case JS_PROMISE_PENDING: JS_ThrowTypeError(ctx, "what stands outside of all functions waits for something that never comes"); return 0;
    default: return is_settled();
    }
}

// Evaluates the mod's sources, if that has not been done.
static int is_ready(void) {
    if (is_loaded) return 1;
    // Where the stack is now: the memory that was kept is of another call.
    rt->stack_top = (uintptr_t)__builtin_frame_address(0);
    rt->stack_limit = rt->stack_top - STACK_BYTES;
    JSValue main = JS_GetPropertyStr(ctx, explain, "main");
    JSValue name = JS_Call(ctx, main, JS_UNDEFINED, 0, NULL);
    JS_FreeValue(ctx, main);
    const char *file = JS_IsException(name) ? NULL : JS_ToCString(ctx, name);
    if (!file) return 0;
    char *line = malloc(strlen(file) + 16);
    sprintf(line, "import \"./%s\"", file);
    is_loaded = evaluate(line, strlen(line), "mod");
    return is_loaded;
}

EXPORT("cabi_realloc") void *cabi_realloc(void *old, size_t had, size_t align, size_t size) {
    if (!size) return (void *)16;
    void *at = realloc(old, size);
    if (!at) __builtin_trap();
    return at;
}

// Called once, when the engine is built.
EXPORT("prepare") int prepare(void) {
    is_preparing = 1;
    rt = JS_NewRuntime2(&MEMORY, NULL);
    rt->stack_top = (uintptr_t)__builtin_frame_address(0);
    rt->stack_limit = rt->stack_top - STACK_BYTES;
    JS_SetGCThreshold(rt, 16 << 20);
    ctx = JS_NewContext(rt);
    JS_SetModuleLoaderFunc(rt, NULL, load_module, NULL);
    unhandled = JS_NewArray(ctx);
    JS_SetHostPromiseRejectionTracker(rt, rejected, NULL);
    atom_buffer = JS_NewAtom(ctx, "buffer"), atom_spec = JS_NewAtom(ctx, "spec"), atom_mask = JS_NewAtom(ctx, "mask");
    JSValue global = JS_GetGlobalObject(ctx), host = JS_NewObject(ctx);
    JS_SetPropertyFunctionList(ctx, host, NATIVES, countof(NATIVES));
    JS_SetPropertyStr(ctx, global, "host", JS_DupValue(ctx, host));
    int is_good = evaluate(PRELUDE, sizeof PRELUDE - 1, PRELUDE_NAME);
    if (!is_good) {
        JSValue error = JS_GetException(ctx), stack = JS_GetPropertyStr(ctx, error, "stack");
        const char *what = JS_ToCString(ctx, error), *where = JS_ToCString(ctx, stack);
        host_log(0, what, strlen(what));
        host_log(0, where, strlen(where));
        return 0;
    }
    explain = JS_GetPropertyStr(ctx, host, "explain");
    static const char *const NAMES[] = { "describe", "run", "convert" };
    for (int i = 0; i < 3; i++) calls[i] = JS_GetPropertyStr(ctx, host, NAMES[i]);
    JS_FreeValue(ctx, host);
    JS_FreeValue(ctx, global);
    // The text of the prelude's functions is not asked for.
    struct list_head *at;
    list_for_each(at, &rt->gc_obj_list) {
        JSGCObjectHeader *object = list_entry(at, JSGCObjectHeader, link);
        if (JS_GC_TYPE(object) != JS_GC_OBJ_TYPE_FUNCTION_BYTECODE) continue;
        JSFunctionBytecode *function = (JSFunctionBytecode *)object;
        js_free_rt(rt, function->source);
        function->source = NULL, function->source_len = 0;
    }
    memset(PRELUDE, 0, sizeof PRELUDE);
    JS_RunGC(rt);
    for (int size = 0; size < JS_ARENA_BLOCK_SIZE_COUNT; size++) {
        list_for_each(at, &rt->arena_state.arena_list[size]) {
            JSArena *arena = list_entry(at, JSArena, link);
            unsigned bytes = arena_block_sizes[size];
            for (unsigned free = arena->first_free_block; free != JS_ARENA_FREE_NIL;) {
                JSMallocBlockHeader *block = arena_get_block(arena, free, bytes);
                free = block->u.free_next;
                memset(block->user_data, 0, bytes - sizeof *block);
            }
        }
    }
    is_preparing = 0;
    return 1;
}

// -- What the mod is, lowered --

static JSValue get(JSValueConst object, const char *key) { return JS_GetPropertyStr(ctx, object, key); }
static List lowered_text(JSValueConst value) {
    size_t len = 0;
    const char *text = text_from(&len, value);
    return (List){ text, text ? len : 0 };
}
static List text(JSValueConst object, const char *key) { return lowered_text(get(object, key)); }
static uint32_t whole(JSValueConst object, const char *key) {
    uint32_t value = 0;
    JSValue found = get(object, key);
    if (!JS_IsUndefined(found)) JS_ToUint32(ctx, &value, found);
    return value;
}
static int is_set(JSValueConst object, const char *key) { return JS_ToBool(ctx, get(object, key)) > 0; }
static List lowered_bytes(JSValueConst value) {
    List bytes = { 0 };
    bytes_of(value, &bytes);
    return bytes;
}

#define LOWERED(T, ARRAY, ...) ({ \
        JSValue _array = ARRAY; \
        uint32_t _count = JS_IsUndefined(_array) ? 0 : whole(_array, "length"); \
        T *_items = calloc(_count + 1, sizeof(T)); \
        for (uint32_t _i = 0; _i < _count; _i++) { \
            JSValue one = JS_GetPropertyUint32(ctx, _array, _i); \
            _items[_i] = (T)__VA_ARGS__; \
        } \
        (List){ _items, _count }; \
    })
#define NUMBERS(ARRAY) LOWERED(uint32_t, ARRAY, ({ uint32_t n = 0; JS_ToUint32(ctx, &n, one); n; }))
#define TEXTS(ARRAY) LOWERED(List, ARRAY, (lowered_text(one)))

static List lowered_fields(JSValueConst kind) {
    return LOWERED(Field, get(kind, "fields"), { text(one, "name"), text(one, "ty"), whole(one, "offset"),
        TEXTS(get(one, "was")),
        ({ JSValue preset = get(one, "preset"); JS_IsUndefined(preset) ? (OptionalBytes){ 0 } : (OptionalBytes){ 1, lowered_bytes(preset) }; }) });
}
static List lowered_kinds(JSValueConst kinds) {
    return LOWERED(Kind, JS_DupValue(ctx, kinds), { text(one, "name"), whole(one, "role"), whole(one, "storage"), whole(one, "size"),
        lowered_fields(one), whole(one, "onDespawn") });
}
static List lowered_terms(JSValueConst terms) {
    return LOWERED(Term, JS_DupValue(ctx, terms), { whole(one, "kind"), whole(one, "access") });
}
static List lowered_queries(JSValueConst queries) {
    return LOWERED(Query, JS_DupValue(ctx, queries), { lowered_terms(get(one, "terms")),
        LOWERED(List, get(one, "alternatives"), (lowered_terms(one))), is_set(one, "entities") });
}

EXPORT("describe") Description *describe(void) {
    static Description d;
    JSValue o = is_ready() ? JS_Call(ctx, calls[DESCRIBE], JS_UNDEFINED, 0, NULL) : JS_EXCEPTION;
    if (JS_IsException(o)) {
        List why = trouble();
        host_log(0, why.ptr, why.len);
        __builtin_trap();
    }
    d.id = text(o, "id"), d.version = text(o, "version");
    d.kinds = lowered_kinds(get(o, "kinds"));
    d.systems = LOWERED(System, get(o, "systems"), { text(one, "name"), lowered_queries(get(one, "queries")), whole(one, "span"),
        whole(one, "every"), whole(one, "phase"), is_set(one, "startup"),
        ({ JSValue all = get(one, "runIf"); LOWERED(Condition, all, { whole(one, "kind"), text(one, "field"), whole(one, "compares"), lowered_bytes(get(one, "value")) }); }),
        ({ JSValue all = get(one, "resources"); LOWERED(ResourceUse, all, { whole(one, "kind"), is_set(one, "write") }); }),
        NUMBERS(get(one, "lookups")), NUMBERS(get(one, "relations")),
        ({ JSValue all = get(one, "reads"); LOWERED(Reading, all, { whole(one, "what"), whole(one, "kind") }); }),
        NUMBERS(get(one, "emits")), is_set(one, "tables"), is_set(one, "commands"),
        TEXTS(get(one, "before")), TEXTS(get(one, "after")) });
    d.migrations = LOWERED(Migration, get(o, "migrations"), { text(one, "name"), text(one, "sql") });
    d.conversions = LOWERED(Conversion, get(o, "conversions"), { text(one, "name"), lowered_kinds(get(one, "old")), NUMBERS(get(one, "new")) });
    return &d;
}

EXPORT("run") Ended *run(void *bytes, uint32_t len) {
    static Ended ended;
    JSValue argument = given((List){ bytes, len });
    JSValue done = is_ready() ? JS_Call(ctx, calls[RUN_SYSTEM], JS_UNDEFINED, 1, &argument) : JS_EXCEPTION;
    if (JS_IsException(done) || !is_settled()) ended = (Ended){ 1, trouble() };
    return &ended;
}

EXPORT("convert") Ended *convert(uint32_t conversion, uint32_t rows, const List *columns, uint32_t count) {
    static Ended ended;
    JSValue all = JS_NewArray(ctx);
    for (uint32_t i = 0; i < count; i++) JS_SetPropertyUint32(ctx, all, i, given(columns[i]));
    JSValue arguments[] = { JS_NewUint32(ctx, conversion), JS_NewUint32(ctx, rows), all };
    JSValue done = is_ready() ? JS_Call(ctx, calls[CONVERT], JS_UNDEFINED, 3, arguments) : JS_EXCEPTION;
    ended = JS_IsException(done) || !is_settled() ? (Ended){ 1, trouble() }
                                 : (Ended){ 0, LOWERED(List, JS_DupValue(ctx, done), (lowered_bytes(one))) };
    return &ended;
}
