/*
 * The listener of the benchmarks in C: it hears orders and keeps nothing of them.
 *
 * Owns its model, which is that of the listener in Rust, and the one function that hears.
 */
#include "service_framework.h"

static const char MODEL[] = SF_JSON({
    "service": "c_listener",
    "connections": {
        "in": {
            "heard": {
                "connection_type": "subscriber",
                "optional_creation_arguments": {"topic": "ORDER"},
                "required_arguments": {
                    "price": "Decimal",
                    "quantity": "Decimal",
                    "symbol": "Str",
                    "order_id": "Str",
                    "sequence": {"type": "Int", "max": "9223372036854775807"},
                    "time": "DateTime"
                }
            }
        }
    }
});

enum order { PRICE, QUANTITY, SYMBOL, ORDER_ID, SEQUENCE };
enum connections { HEARD };

/* Written so that the compiler does not see that nothing comes of it. */
struct listener {
    volatile uint64_t price;
    volatile uint64_t quantity;
    volatile size_t texts;
    volatile int64_t sequence;
};

static struct listener the_listener;

static sf_status_t describe(void *sink, sf_write_text_t write) {
    return sf_describe(sink, write, MODEL);
}

static sf_status_t create(const sf_host_t *host, sf_run_t *run, const sf_slot_t *config, size_t count,
                          void **instance) {
    (void)host, (void)run, (void)config, (void)count;
    *instance = &the_listener;
    return SF_OK;
}

static void destroy(void *instance) {
    (void)instance;
}

static sf_status_t call(void *instance, const sf_host_t *host, sf_run_t *run, uint32_t function,
                        const sf_slot_t *order, size_t count) {
    struct listener *listener = (struct listener *)instance;
    (void)count;
    if (function != HEARD) {
        return sf_failf(host, run, "no_such_function", "the listener has no function %u", (unsigned)function);
    }
    listener->price = sf_as_decimal(order[PRICE]).low;
    listener->quantity = sf_as_decimal(order[QUANTITY]).low;
    listener->texts = sf_as_text(order[SYMBOL]).len + sf_as_text(order[ORDER_ID]).len;
    listener->sequence = sf_as_int(order[SEQUENCE]);
    return SF_OK;
}

SF_SERVICE(c_listener, describe, create, destroy, call);
