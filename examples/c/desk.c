/*
 * A desk in C: it answers each order with what it is worth.
 *
 * Owns its model and the one function that answers. Counts its orders, so that there is something to make and to free.
 */
#include <stdlib.h>

#include "decimal.h"
#include "service_framework.h"

/* "9223372036854775807" is the greatest int64_t, as text because JSON readers may keep no more than 53 bits. */
static const char MODEL[] = SF_JSON({
    "service": "c_desk",
    "config": {
        "optional": {"decimals": {"type": "Int", "min": 0, "max": 28, "default": 28}}
    },
    "connections": {
        "in": {
            "order": {
                "connection_type": "replyer",
                "required_arguments": {
                    "price": "Decimal",
                    "quantity": "Decimal",
                    "symbol": "Str",
                    "order_id": "Str",
                    "sequence": {"type": "Int", "max": "9223372036854775807"},
                    "time": "DateTime"
                },
                "required_return_arguments": {"symbol": "Str", "notional": "Decimal", "sequence": "Int"}
            }
        }
    },
    "functions": ["on_sigterm"]
});

/* The places of the arguments: the order of the model. */
enum order { PRICE, QUANTITY, SYMBOL, ORDER_ID, SEQUENCE, TIME };
enum connections { ORDER };
enum config { DECIMALS };

struct desk {
    uint64_t orders;
    uint8_t decimals;
};

static sf_status_t describe(void *sink, sf_write_text_t write) {
    return sf_describe(sink, write, MODEL);
}

static sf_status_t create(const sf_host_t *host, sf_run_t *run, const sf_slot_t *config, size_t count,
                          void **instance) {
    struct desk *desk = (struct desk *)malloc(sizeof *desk);
    (void)count;
    if (desk == NULL) {
        return sf_fail(host, run, "out_of_memory", "there is no memory for a desk");
    }
    desk->orders = 0;
    desk->decimals = (uint8_t)sf_as_int(config[DECIMALS]);
    *instance = desk;
    return SF_OK;
}

static void destroy(void *instance) {
    free(instance);
}

static sf_status_t on_order(struct desk *desk, const sf_host_t *host, sf_run_t *run, const sf_slot_t *order) {
    sf_decimal_t notional;
    sf_slot_t ack[3];
    if (!decimal_product(sf_as_decimal(order[PRICE]), sf_as_decimal(order[QUANTITY]), &notional)) {
        return sf_fail_at(host, run, SF_ERROR_IS_CALLERS, "too_large", "quantity",
                          "price times quantity has more than 28 digits");
    }
    if (notional.scale > desk->decimals) {
        return sf_fail_at(host, run, SF_ERROR_IS_CALLERS, "too_precise", "quantity",
                          "price times quantity has more decimals than the desk is set to");
    }
    desk->orders += 1;
    ack[0] = order[SYMBOL];
    ack[1] = sf_decimal(notional);
    ack[2] = order[SEQUENCE];
    /* A slot that came in may go out: both are borrowed until the host has written the reply. */
    return host->reply(run, ack, 3) == SF_OK ? SF_OK : sf_fail_on(host, run);
}

static sf_status_t call(void *instance, const sf_host_t *host, sf_run_t *run, uint32_t function,
                        const sf_slot_t *arguments, size_t count) {
    struct desk *desk = (struct desk *)instance;
    (void)count;
    switch (function) {
    case ORDER:
        return on_order(desk, host, run, arguments);
    case SF_FUNCTION_ON_SIGTERM:
        SF_LOG(host, SF_LOG_INFO, "c_desk", "the desk closes after %llu orders", (unsigned long long)desk->orders);
        return SF_OK;
    default:
        return sf_failf(host, run, "no_such_function", "the desk has no function %u", (unsigned)function);
    }
}

SF_SERVICE(c_desk, describe, create, destroy, call);
