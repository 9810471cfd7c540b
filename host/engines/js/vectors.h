// Operations on whole columns, natively: what a loop in JavaScript would do, some
// hundred times faster. A vector is one field of many rows, or numbers of its own.
// All vectors of one operation have one type; integers wrap around; rows that a
// mask leaves out are passed over.

enum { U8, I8, U16, I16, U32, I32, U64, I64, F32, F64, TYPES };
static const uint8_t SIZES[TYPES] = { 1, 1, 2, 2, 4, 4, 8, 8, 4, 8 };

enum { ASSIGN, ADD, SUB, MUL, MIN, MAX, AXPY, CLAMP, WHERE, LESS, SUM, GATHER };
// How many operands each takes besides the vector that it writes, or sums.
static const uint8_t OPERANDS[] = { 1, 2, 2, 2, 2, 2, 2, 3, 3, 2, 0, 2 };

typedef struct {
    uint8_t *at;
    const uint8_t *mask;
    uint32_t stride, length, type, per;
} Vector;

static inline int matches(const Vector *v, uint32_t i) {
    if (!v->mask) return 1;
    uint32_t row = i / v->per;
    return v->mask[row >> 3] >> (row & 7) & 1;
}

#define LESSER(a, b) ((a) < (b) ? (a) : (b) == (b) ? (b) : (a))
#define GREATER(a, b) ((a) > (b) ? (a) : (b) == (b) ? (b) : (a))

// The loops of a type: where a vector lies densely and no row is left out, the
// compiler makes them of SIMD instructions.
#define LOOP(T, STEP, B, EXPRESSION) \
    for (uint32_t i = 0; i < n; i++) { \
        if (!(STEP) && !matches(&o, i)) continue; \
        T *to = (T *)(o.at + i * ((STEP) ? sizeof(T) : o.stride)); \
        T x = *(T *)(a.at + i * ((STEP) ? sizeof(T) : a.stride)), y = B; \
        (void)x; (void)y; \
        *to = EXPRESSION; \
    }
#define BY_SHAPE(T, EXPRESSION) do { \
        if (is_dense && b.stride == 0) { T k = *(T *)b.at; LOOP(T, 1, k, EXPRESSION) } \
        else if (is_dense && b.stride == sizeof(T)) LOOP(T, 1, ((T *)b.at)[i], EXPRESSION) \
        else LOOP(T, 0, *(T *)(b.at + i * b.stride), EXPRESSION) \
    } while (0)

#define DEFINE(T, U, NAME) \
    static void run_##NAME(int op, Vector o, Vector a, Vector b, Vector c) { \
        uint32_t n = o.length; \
        int is_dense = !o.mask && o.stride == sizeof(T) && a.stride == sizeof(T); \
        switch (op) { \
        case ASSIGN: BY_SHAPE(T, x); break; \
        case ADD: BY_SHAPE(T, (U)x + (U)y); break; \
        case SUB: BY_SHAPE(T, (U)x - (U)y); break; \
        case MUL: BY_SHAPE(T, (U)x * (U)y); break; \
        case MIN: BY_SHAPE(T, LESSER(x, y)); break; \
        case MAX: BY_SHAPE(T, GREATER(x, y)); break; \
        case AXPY: BY_SHAPE(T, (U)*to + (U)x * (U)y); break; \
        case CLAMP: BETWEEN(T); break; \
        } \
    }
#define CLAMPED(x, low, high) ({ \
        typeof(x) _above = (x) < (low) ? (low) : (x); \
        _above > (high) ? (high) : _above; \
    })
// Each number's bounds are read before it is written: they may be what is written to.
#define BETWEEN(T) do { \
        if (is_dense && b.stride == 0 && c.stride == 0) { T k = *(T *)b.at, high = *(T *)c.at; LOOP(T, 1, k, CLAMPED(x, y, high)) } \
        else LOOP(T, 0, *(T *)(b.at + i * b.stride), ({ T high = *(T *)(c.at + i * c.stride); CLAMPED(x, y, high); })) \
    } while (0)

DEFINE(uint8_t, uint32_t, u8)
DEFINE(int8_t, uint32_t, i8)
DEFINE(uint16_t, uint32_t, u16)
DEFINE(int16_t, uint32_t, i16)
DEFINE(uint32_t, uint32_t, u32)
DEFINE(int32_t, uint32_t, i32)
DEFINE(uint64_t, uint64_t, u64)
DEFINE(int64_t, uint64_t, i64)
DEFINE(float, float, f32)
DEFINE(double, double, f64)

static void (*const RUN[TYPES])(int, Vector, Vector, Vector, Vector) = {
    run_u8, run_i8, run_u16, run_i16, run_u32, run_i32, run_u64, run_i64, run_f32, run_f64,
};

static double as_number(const Vector *v, uint32_t i) {
    const void *at = v->at + i * v->stride;
    switch (v->type) {
    case U8: return *(uint8_t *)at;
    case I8: return *(int8_t *)at;
    case U16: return *(uint16_t *)at;
    case I16: return *(int16_t *)at;
    case U32: return *(uint32_t *)at;
    case I32: return *(int32_t *)at;
    case F32: return *(float *)at;
    default: return *(double *)at;
    }
}

static int is_less(const Vector *a, const Vector *b, uint32_t i) {
    const void *x = a->at + i * a->stride, *y = b->at + i * b->stride;
    if (a->type == U64) return *(uint64_t *)x < *(uint64_t *)y;
    if (a->type == I64) return *(int64_t *)x < *(int64_t *)y;
    return as_number(a, i) < as_number(b, i);
}

static void copy_one(const Vector *to, uint32_t i, const Vector *from, uint32_t j) {
    memcpy(to->at + i * to->stride, from->at + j * from->stride, SIZES[to->type]);
}
