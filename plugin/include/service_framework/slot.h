/*
 * Slots: the form in which values cross between a service and its host.
 *
 * Owns the layout of a value and of a text, the functions that make slots (named after the words of the model) and
 * those that read them (sf_as_...). Never allocates: what a slot points at stays where it is, and has to outlive the
 * slot's use.
 */
#ifndef SERVICE_FRAMEWORK_SLOT_H
#define SERVICE_FRAMEWORK_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Text borrowed over the boundary. `pointer` may be null if `len` is 0. */
typedef struct sf_text_t {
    const char *pointer;
    /* In bytes. */
    size_t len;
} sf_text_t;

/*
 * What a slot holds. The comments say which argument types of a model come and go in it, and what the slot's members
 * are then; members that are not named are 0.
 */
enum sf_tag {
    /* An optional field that was left out. */
    SF_TAG_ABSENT = 0,
    /* An `Option` without a value. */
    SF_TAG_NIL = 1,
    /* `Bool`: 0 or 1 in `as_uint`. */
    SF_TAG_BOOL = 2,
    /* `Int` up to 2^63-1: `as_int`. */
    SF_TAG_INT = 3,
    /* `Int` from 2^63: `as_uint`. A model with `max` 9223372036854775807 (as text) never has one. */
    SF_TAG_UINT = 4,
    /* `Float`: `as_float`. */
    SF_TAG_FLOAT = 5,
    /* `Str`: `pointer`, `len` in bytes. */
    SF_TAG_STR = 6,
    /* `Bytes`: `pointer`, `len`. */
    SF_TAG_BYTES = 7,
    /* `Decimal`: the scale (0 to 28) in `detail`, 1 for a negative one in `small`, the 96-bit number's high 32 bits in
       `len`, its low 64 in `as_uint`. */
    SF_TAG_DECIMAL = 8,
    /* A decimal as text: `pointer`, `len`. The host takes it for `Decimal`, and hands it over only in `Any`. */
    SF_TAG_DECIMAL_TEXT = 9,
    /* `DateTime`: seconds since 1970 in UTC in `as_int`, nanoseconds (below 10^9) in `len`. */
    SF_TAG_DATE_TIME = 10,
    /* `Uuid`: `pointer` to 16 bytes, `len` 16. */
    SF_TAG_UUID = 11,
    /* `List` and `Tuple`: `pointer` to slots, their number in `len`. */
    SF_TAG_LIST = 12,
    /* `Set`: like a list. */
    SF_TAG_SET = 13,
    /* `Map`: `pointer` to the slots key, value, key, value, ...; the number of pairs in `len`. */
    SF_TAG_MAP = 14,
    /* `Record`: `pointer` to the slots of its fields, their number in `len`. */
    SF_TAG_RECORD = 15,
    /* `OneOf`: `pointer` and `len` of the text, its place among the model's `values` in `small`. */
    SF_TAG_ONE_OF = 16,
    /* `FloatArray`: `pointer` to little-endian 64-bit floats, not aligned; `len` in bytes. */
    SF_TAG_FLOAT_ARRAY = 17,
    /* A MessagePack extension in `Any`: `pointer`, `len`, the type (-128 to 127) in `detail`. */
    SF_TAG_EXT = 18
};

/* The eight bytes of a slot that are the value, or point at it. */
typedef union sf_payload_t {
    int64_t as_int;
    uint64_t as_uint;
    double as_float;
    const void *pointer;
} sf_payload_t;

/* One value. Make it with the functions below, and read it with them: they keep to the rules of the tags. */
typedef struct sf_slot_t {
    /* An sf_tag. */
    uint8_t tag;
    uint8_t detail;
    uint16_t small;
    uint32_t len;
    sf_payload_t payload;
} sf_slot_t;

/* Bytes borrowed from a slot. */
typedef struct sf_bytes_t {
    const uint8_t *pointer;
    size_t len;
} sf_bytes_t;

/* A decimal: (high * 2^64 + low) / 10^scale. The scale is part of the value's text: 1.50 stays 1.50. */
typedef struct sf_decimal_t {
    uint64_t low;
    uint32_t high;
    /* 0 to 28. */
    uint8_t scale;
    bool negative;
} sf_decimal_t;

/* A point in time, UTC. */
typedef struct sf_date_time_t {
    /* Since 1970-01-01T00:00:00Z; before it, negative. */
    int64_t seconds;
    /* 0 to 999,999,999, counted forward from the second. */
    uint32_t nanoseconds;
} sf_date_time_t;

/* Borrows a C string, which ends with a NUL. */
static inline sf_text_t sf_text(const char *text) {
    sf_text_t borrowed;
    borrowed.pointer = text;
    borrowed.len = text == NULL ? 0 : strlen(text);
    return borrowed;
}

/* Borrows `len` bytes of text. */
static inline sf_text_t sf_text_of(const char *pointer, size_t len) {
    sf_text_t borrowed;
    borrowed.pointer = pointer;
    borrowed.len = len;
    return borrowed;
}

/* Whether a text is this C string. */
static inline bool sf_text_is(sf_text_t text, const char *other) {
    return text.len == strlen(other) && (text.len == 0 || memcmp(text.pointer, other, text.len) == 0);
}

/* A text for printf, whose format is "%.*s". What is longer than an int says is not printed. */
#define SF_TEXT_ARGUMENTS(text) ((text).len > 0x7fffffff ? 0 : (int)(text).len), ((text).pointer ? (text).pointer : "")

static inline sf_slot_t sf_slot(uint8_t tag, uint32_t len, uint64_t payload) {
    sf_slot_t slot;
    slot.tag = tag;
    slot.detail = 0;
    slot.small = 0;
    slot.len = len;
    slot.payload.as_uint = payload;
    return slot;
}

/* A slot that points at memory. A length beyond its 32 bits becomes one that the host refuses. */
static inline sf_slot_t sf_slot_at(uint8_t tag, const void *pointer, size_t len) {
    sf_slot_t slot = sf_slot(tag, len > UINT32_MAX ? UINT32_MAX : (uint32_t)len, 0);
    slot.payload.pointer = pointer;
    return slot;
}

/* An optional field that is left out. */
static inline sf_slot_t sf_absent(void) {
    return sf_slot(SF_TAG_ABSENT, 0, 0);
}

/* An `Option` without a value. */
static inline sf_slot_t sf_nil(void) {
    return sf_slot(SF_TAG_NIL, 0, 0);
}

static inline sf_slot_t sf_bool(bool value) {
    return sf_slot(SF_TAG_BOOL, 0, value ? 1 : 0);
}

static inline sf_slot_t sf_int(int64_t value) {
    return sf_slot(SF_TAG_INT, 0, (uint64_t)value);
}

/* An `Int` that may be above 2^63-1. */
static inline sf_slot_t sf_uint(uint64_t value) {
    return sf_slot(value > INT64_MAX ? SF_TAG_UINT : SF_TAG_INT, 0, value);
}

static inline sf_slot_t sf_float(double value) {
    sf_slot_t slot = sf_slot(SF_TAG_FLOAT, 0, 0);
    slot.payload.as_float = value;
    return slot;
}

/* A C string, for `Str` and `OneOf`. */
static inline sf_slot_t sf_str(const char *text) {
    return sf_slot_at(SF_TAG_STR, text, text == NULL ? 0 : strlen(text));
}

/* A text with its length, for `Str` and `OneOf`. */
static inline sf_slot_t sf_str_of(sf_text_t text) {
    return sf_slot_at(SF_TAG_STR, text.pointer, text.len);
}

/* A `OneOf` by the text, and its place among the model's `values`. */
static inline sf_slot_t sf_one_of(uint16_t place, sf_text_t text) {
    sf_slot_t slot = sf_slot_at(SF_TAG_ONE_OF, text.pointer, text.len);
    slot.small = place;
    return slot;
}

static inline sf_slot_t sf_bytes(const void *pointer, size_t len) {
    return sf_slot_at(SF_TAG_BYTES, pointer, len);
}

static inline sf_slot_t sf_decimal(sf_decimal_t value) {
    sf_slot_t slot = sf_slot(SF_TAG_DECIMAL, value.high, value.low);
    slot.detail = value.scale;
    slot.small = value.negative ? 1 : 0;
    return slot;
}

/* A decimal as text, such as "64235.17". The host reads it, and refuses more than 28 digits. */
static inline sf_slot_t sf_decimal_text(sf_text_t text) {
    return sf_slot_at(SF_TAG_DECIMAL_TEXT, text.pointer, text.len);
}

static inline sf_slot_t sf_date_time(sf_date_time_t time) {
    return sf_slot(SF_TAG_DATE_TIME, time.nanoseconds, (uint64_t)time.seconds);
}

/* A UUID from its 16 bytes, the most significant first. */
static inline sf_slot_t sf_uuid(const uint8_t bytes[16]) {
    return sf_slot_at(SF_TAG_UUID, bytes, 16);
}

/* A `List` or a `Tuple`. */
static inline sf_slot_t sf_list(const sf_slot_t *items, size_t count) {
    return sf_slot_at(SF_TAG_LIST, items, count);
}

static inline sf_slot_t sf_set(const sf_slot_t *items, size_t count) {
    return sf_slot_at(SF_TAG_SET, items, count);
}

/* A map of `pairs` keys and values: key, value, key, value, ... in twice as many slots. */
static inline sf_slot_t sf_map(const sf_slot_t *keys_and_values, size_t pairs) {
    return sf_slot_at(SF_TAG_MAP, keys_and_values, pairs);
}

/* A nested record: a slot for each field, the required ones in the order of the model, then the optional ones. */
static inline sf_slot_t sf_record(const sf_slot_t *fields, size_t count) {
    return sf_slot_at(SF_TAG_RECORD, fields, count);
}

/* A `FloatArray` from little-endian floats: on nearly every machine, an array of double. `count` floats. */
static inline sf_slot_t sf_float_array(const void *floats, size_t count) {
    return sf_slot_at(SF_TAG_FLOAT_ARRAY, floats, count > UINT32_MAX / 8 ? UINT32_MAX : count * 8);
}

/* A MessagePack extension, for `Any`. */
static inline sf_slot_t sf_ext(int8_t type, const void *pointer, size_t len) {
    sf_slot_t slot = sf_slot_at(SF_TAG_EXT, pointer, len);
    slot.detail = (uint8_t)type;
    return slot;
}

/*
 * From here on, slots are read. Each function gives 0, false, an empty text or null where the slot holds something
 * else: the model says what it holds, and where it allows several things, the tag does.
 */

/* Whether this field was left out. */
static inline bool sf_is_absent(sf_slot_t slot) {
    return slot.tag == SF_TAG_ABSENT;
}

/* Whether this is an `Option` without a value. */
static inline bool sf_is_nil(sf_slot_t slot) {
    return slot.tag == SF_TAG_NIL;
}

static inline bool sf_as_bool(sf_slot_t slot) {
    return slot.tag == SF_TAG_BOOL && slot.payload.as_uint != 0;
}

/* An `Int` up to 2^63-1; the greatest one for those beyond. */
static inline int64_t sf_as_int(sf_slot_t slot) {
    return slot.tag == SF_TAG_INT ? slot.payload.as_int : slot.tag == SF_TAG_UINT ? INT64_MAX : 0;
}

/* An `Int` from 0; 0 for those below. */
static inline uint64_t sf_as_uint(sf_slot_t slot) {
    return slot.tag == SF_TAG_UINT || (slot.tag == SF_TAG_INT && slot.payload.as_int > 0) ? slot.payload.as_uint : 0;
}

static inline double sf_as_float(sf_slot_t slot) {
    return slot.tag == SF_TAG_FLOAT ? slot.payload.as_float : 0.0;
}

/* The text of a `Str`, of a `OneOf`, or of a decimal that is text. */
static inline sf_text_t sf_as_text(sf_slot_t slot) {
    bool is_text = slot.tag == SF_TAG_STR || slot.tag == SF_TAG_ONE_OF || slot.tag == SF_TAG_DECIMAL_TEXT;
    return is_text ? sf_text_of((const char *)slot.payload.pointer, slot.len) : sf_text_of(NULL, 0);
}

/* The place of a `OneOf` among the model's `values`. */
static inline uint16_t sf_as_place(sf_slot_t slot) {
    return slot.tag == SF_TAG_ONE_OF ? slot.small : 0;
}

/* `Bytes`, the bytes of an extension, or those of a `FloatArray`. */
static inline sf_bytes_t sf_as_bytes(sf_slot_t slot) {
    bool is_bytes = slot.tag == SF_TAG_BYTES || slot.tag == SF_TAG_EXT || slot.tag == SF_TAG_FLOAT_ARRAY;
    sf_bytes_t bytes;
    bytes.pointer = is_bytes ? (const uint8_t *)slot.payload.pointer : NULL;
    bytes.len = is_bytes ? slot.len : 0;
    return bytes;
}

/* The type of an extension. */
static inline int8_t sf_as_ext_type(sf_slot_t slot) {
    return slot.tag == SF_TAG_EXT ? (int8_t)slot.detail : 0;
}

static inline sf_decimal_t sf_as_decimal(sf_slot_t slot) {
    bool is_decimal = slot.tag == SF_TAG_DECIMAL;
    sf_decimal_t decimal;
    decimal.low = is_decimal ? slot.payload.as_uint : 0;
    decimal.high = is_decimal ? slot.len : 0;
    decimal.scale = is_decimal ? slot.detail : 0;
    decimal.negative = is_decimal && slot.small != 0;
    return decimal;
}

static inline sf_date_time_t sf_as_date_time(sf_slot_t slot) {
    bool is_time = slot.tag == SF_TAG_DATE_TIME;
    sf_date_time_t time;
    time.seconds = is_time ? slot.payload.as_int : 0;
    time.nanoseconds = is_time ? slot.len : 0;
    return time;
}

/* The 16 bytes of a UUID, the most significant first; null if it is none. */
static inline const uint8_t *sf_as_uuid(sf_slot_t slot) {
    return slot.tag == SF_TAG_UUID ? (const uint8_t *)slot.payload.pointer : NULL;
}

/* How many items a `List`, `Tuple` or `Set` has, pairs a `Map`, fields a `Record`, floats a `FloatArray`. */
static inline size_t sf_count(sf_slot_t slot) {
    switch (slot.tag) {
    case SF_TAG_LIST:
    case SF_TAG_SET:
    case SF_TAG_MAP:
    case SF_TAG_RECORD:
        return slot.len;
    case SF_TAG_FLOAT_ARRAY:
        return slot.len / 8;
    default:
        return 0;
    }
}

/* The slots of a `List`, `Tuple`, `Set` or `Record`; of a `Map`: key, value, key, value, ... Null if there are none. */
static inline const sf_slot_t *sf_items(sf_slot_t slot) {
    bool has_slots = slot.tag == SF_TAG_LIST || slot.tag == SF_TAG_SET || slot.tag == SF_TAG_MAP ||
                     slot.tag == SF_TAG_RECORD;
    return has_slots && slot.len > 0 ? (const sf_slot_t *)slot.payload.pointer : NULL;
}

/* One float of a `FloatArray`; 0 beyond its end. */
static inline double sf_float_at(sf_slot_t slot, size_t place) {
    uint64_t bits = 0;
    double value;
    int byte;
    if (slot.tag != SF_TAG_FLOAT_ARRAY || place >= slot.len / 8) {
        return 0.0;
    }
    for (byte = 7; byte >= 0; byte--) {
        bits = bits << 8 | ((const uint8_t *)slot.payload.pointer)[place * 8 + (size_t)byte];
    }
    memcpy(&value, &bits, sizeof value);
    return value;
}

#ifdef __cplusplus
}
#endif

#endif
