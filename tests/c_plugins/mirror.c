/*
 * A service in C that sends back what it gets: every value is read out of its slot and put into a new one.
 */
#include <stdlib.h>

#include "service_framework.h"

static const char MODEL[] = SF_JSON({
    "service": "mirror",
    "connections": {"in": {
        "any": {
            "connection_type": "replyer",
            "required_arguments": {"payload": "Any"},
            "required_return_arguments": {"echo": "Any"}
        },
        "everything": {
            "connection_type": "replyer",
            "required_arguments": {"text": "Str"},
            "optional_arguments": {
                "flag": "Bool", "count": {"type": "Int", "max": "9223372036854775807"}, "ratio": "Float",
                "bytes": "Bytes", "price": "Decimal", "time": "DateTime", "id": "Uuid",
                "items": {"type": "List", "item": "Int"}, "tags": {"type": "Set", "item": "Str"},
                "pair": {"type": "Tuple", "items": ["Int", "Str"]},
                "by_name": {"type": "Map", "key": "Str", "value": "Int"},
                "by_id": {"type": "Map", "key": "Int", "value": "Str"},
                "nested": {"type": "Record", "required": {"text": "Str"}},
                "side": {"type": "OneOf", "values": ["Buy", "Sell"]},
                "samples": "FloatArray", "any": {"type": "Option", "of": "Any"}
            },
            "required_return_arguments": {"text": "Str"},
            "optional_return_arguments": {
                "flag": "Bool", "count": "Int", "ratio": "Float",
                "bytes": "Bytes", "price": "Decimal", "time": "DateTime", "id": "Uuid",
                "items": {"type": "List", "item": "Int"}, "tags": {"type": "Set", "item": "Str"},
                "pair": {"type": "Tuple", "items": ["Int", "Str"]},
                "by_name": {"type": "Map", "key": "Str", "value": "Int"},
                "by_id": {"type": "Map", "key": "Int", "value": "Str"},
                "nested": {"type": "Record", "required": {"text": "Str"}},
                "side": {"type": "OneOf", "values": ["Buy", "Sell"]},
                "samples": "FloatArray", "any": {"type": "Option", "of": "Any"}
            }
        }
    }}
});

/* Memory for the slots and floats of one reply, given back when it is written. */
struct block {
    struct block *next;
};

static void *room(struct block **blocks, size_t size) {
    struct block *block = (struct block *)malloc(sizeof *block + size);
    if (block == NULL) {
        abort();
    }
    block->next = *blocks;
    *blocks = block;
    return block + 1;
}

static sf_slot_t mirrored(sf_slot_t slot, struct block **blocks);

static const sf_slot_t *mirrored_all(const sf_slot_t *slots, size_t count, struct block **blocks) {
    sf_slot_t *copies = (sf_slot_t *)room(blocks, count * sizeof *copies);
    size_t place;
    for (place = 0; place < count; place++) {
        copies[place] = mirrored(slots[place], blocks);
    }
    return copies;
}

static sf_slot_t mirrored_floats(sf_slot_t slot, struct block **blocks) {
    double *floats = (double *)room(blocks, sf_count(slot) * sizeof *floats);
    size_t place;
    for (place = 0; place < sf_count(slot); place++) {
        floats[place] = sf_float_at(slot, place);
    }
    return sf_float_array(floats, sf_count(slot));
}

static sf_slot_t mirrored(sf_slot_t slot, struct block **blocks) {
    switch (slot.tag) {
    case SF_TAG_ABSENT:
        return sf_is_absent(slot) ? sf_absent() : sf_nil();
    case SF_TAG_NIL:
        return sf_is_nil(slot) ? sf_nil() : sf_absent();
    case SF_TAG_BOOL:
        return sf_bool(sf_as_bool(slot));
    case SF_TAG_INT:
        return sf_int(sf_as_int(slot));
    case SF_TAG_UINT:
        return sf_uint(sf_as_uint(slot));
    case SF_TAG_FLOAT:
        return sf_float(sf_as_float(slot));
    case SF_TAG_STR:
        return sf_str_of(sf_as_text(slot));
    case SF_TAG_BYTES:
        return sf_bytes(sf_as_bytes(slot).pointer, sf_as_bytes(slot).len);
    case SF_TAG_DECIMAL:
        return sf_decimal(sf_as_decimal(slot));
    case SF_TAG_DECIMAL_TEXT:
        return sf_decimal_text(sf_as_text(slot));
    case SF_TAG_DATE_TIME:
        return sf_date_time(sf_as_date_time(slot));
    case SF_TAG_UUID:
        return sf_uuid(sf_as_uuid(slot));
    case SF_TAG_LIST:
        return sf_list(mirrored_all(sf_items(slot), sf_count(slot), blocks), sf_count(slot));
    case SF_TAG_SET:
        return sf_set(mirrored_all(sf_items(slot), sf_count(slot), blocks), sf_count(slot));
    case SF_TAG_MAP:
        return sf_map(mirrored_all(sf_items(slot), 2 * sf_count(slot), blocks), sf_count(slot));
    case SF_TAG_RECORD:
        return sf_record(mirrored_all(sf_items(slot), sf_count(slot), blocks), sf_count(slot));
    case SF_TAG_ONE_OF:
        return sf_one_of(sf_as_place(slot), sf_as_text(slot));
    case SF_TAG_FLOAT_ARRAY:
        return mirrored_floats(slot, blocks);
    case SF_TAG_EXT:
        return sf_ext(sf_as_ext_type(slot), sf_as_bytes(slot).pointer, sf_as_bytes(slot).len);
    default:
        return slot;
    }
}

static sf_status_t describe(void *sink, sf_write_text_t write) {
    return sf_describe(sink, write, MODEL);
}

static sf_status_t create(const sf_host_t *host, sf_run_t *run, const sf_slot_t *config, size_t count,
                          void **instance) {
    (void)host, (void)run, (void)config, (void)count;
    *instance = NULL;
    return SF_OK;
}

static void destroy(void *instance) {
    (void)instance;
}

static sf_status_t call(void *instance, const sf_host_t *host, sf_run_t *run, uint32_t function,
                        const sf_slot_t *arguments, size_t count) {
    struct block *blocks = NULL;
    sf_status_t status = host->reply(run, mirrored_all(arguments, count, &blocks), count);
    (void)instance, (void)function;
    while (blocks != NULL) {
        struct block *next = blocks->next;
        free(blocks);
        blocks = next;
    }
    return status == SF_OK ? SF_OK : sf_fail_on(host, run);
}

SF_SERVICE(mirror, describe, create, destroy, call);
