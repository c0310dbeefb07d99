/*
 * A service in C that drives: it sends orders to a desk, checks what comes back, and ends.
 *
 * Owns the retries: an order that nobody took is sent again, one that was refused is not. Stops when it is told to.
 */
#include <stdio.h>
#include <stdlib.h>

#include "decimal.h"
#include "service_framework.h"

static const char MODEL[] = SF_JSON({
    "service": "c_driver",
    "config": {
        "optional": {
            "count": {"type": "Int", "min": 0, "max": 1000000000, "default": 1000},
            "symbol": {"type": "Str", "max_length": 32, "default": "BTC-USD"},
            "quantity": {"type": "Decimal", "default": "0.0125"}
        }
    },
    "connections": {
        "out": {
            "order": {
                "connection_type": "requester",
                "optional_creation_arguments": {"timeout_s": 5},
                "required_arguments": {
                    "price": "Decimal",
                    "quantity": "Decimal",
                    "symbol": "Str",
                    "order_id": "Str",
                    "sequence": "Int",
                    "time": "DateTime"
                },
                "required_return_arguments": {"symbol": "Str", "notional": "Decimal", "sequence": "Int"}
            }
        }
    },
    "functions": ["main"]
});

/* There is no connection of `in`, so that those of `out` are counted from 0. */
enum connections { ORDER };
enum config { COUNT, SYMBOL, QUANTITY };
enum ack { ACK_SYMBOL, ACK_NOTIONAL, ACK_SEQUENCE };

static const uint64_t PAUSE = UINT64_C(100000000);
static const sf_decimal_t PRICE = {6423517, 0, 2, false};
static const sf_date_time_t TIME = {1700000000, 123456789};

struct driver {
    int64_t count;
    sf_decimal_t quantity;
    /* What each order is worth. */
    sf_decimal_t notional;
    /* A character has at most four bytes. */
    char symbol[4 * 32 + 1];
    int64_t acknowledged, refused;
};

/* What is kept of an acknowledgement: its slots are gone when `write` returns. */
struct ack_kept {
    int64_t sequence;
    sf_decimal_t notional;
};

static sf_status_t describe(void *sink, sf_write_text_t write) {
    return sf_describe(sink, write, MODEL);
}

static sf_status_t create(const sf_host_t *host, sf_run_t *run, const sf_slot_t *config, size_t count,
                          void **instance) {
    struct driver *driver = (struct driver *)calloc(1, sizeof *driver);
    (void)count;
    if (driver == NULL) {
        return sf_fail(host, run, "out_of_memory", "there is no memory for a driver");
    }
    driver->count = sf_as_int(config[COUNT]);
    driver->quantity = sf_as_decimal(config[QUANTITY]);
    snprintf(driver->symbol, sizeof driver->symbol, "%.*s", SF_TEXT_ARGUMENTS(sf_as_text(config[SYMBOL])));
    if (!decimal_product(PRICE, driver->quantity, &driver->notional)) {
        free(driver);
        return sf_fail_at(host, run, 0, "too_large", "quantity", "the price of the quantity has more than 28 digits");
    }
    *instance = driver;
    return SF_OK;
}

static void destroy(void *instance) {
    free(instance);
}

static void keep_ack(void *sink, const sf_slot_t *slots, size_t count) {
    struct ack_kept *ack = (struct ack_kept *)sink;
    (void)count;
    ack->sequence = sf_as_int(slots[ACK_SEQUENCE]);
    ack->notional = sf_as_decimal(slots[ACK_NOTIONAL]);
}

static sf_status_t send_order(const struct driver *driver, const sf_host_t *host, sf_run_t *run, int64_t sequence,
                              struct ack_kept *ack) {
    char order_id[32];
    sf_slot_t order[6];
    snprintf(order_id, sizeof order_id, "c-%lld", (long long)sequence);
    order[0] = sf_decimal(PRICE);
    order[1] = sf_decimal(driver->quantity);
    order[2] = sf_str(driver->symbol);
    order[3] = sf_str(order_id);
    order[4] = sf_int(sequence);
    order[5] = sf_date_time(TIME);
    return host->send(run, ORDER, order, 6, ack, keep_ack);
}

/* What is to be done after an order. */
enum next { NEXT_ORDER, SAME_ORDER, STOP, FAIL };

static enum next after_failure(struct driver *driver, const sf_host_t *host, sf_run_t *run, int64_t sequence) {
    sf_error_t error = sf_last_error(host, run);
    if (error.flags & SF_ERROR_IS_REMOTE) {
        driver->refused += 1;
        SF_LOG(host, SF_LOG_WARN, "c_driver", "order %lld was refused: %.*s (%.*s)", (long long)sequence,
               SF_TEXT_ARGUMENTS(error.message), SF_TEXT_ARGUMENTS(error.code));
        return NEXT_ORDER;
    }
    if (error.flags & SF_ERROR_IS_RETRYABLE) {
        SF_LOG(host, SF_LOG_WARN, "c_driver", "order %lld is sent again: %.*s", (long long)sequence,
               SF_TEXT_ARGUMENTS(error.message));
        return host->wait(run, PAUSE) == SF_OK ? SAME_ORDER : STOP;
    }
    return sf_text_is(error.code, "stopping") ? STOP : FAIL;
}

/* Sends orders until all are answered, one is answered wrongly, or the service is to stop. */
static sf_status_t drive(struct driver *driver, const sf_host_t *host, sf_run_t *run) {
    int64_t sequence = 1;
    while (sequence <= driver->count && !host->should_stop(run)) {
        struct ack_kept ack;
        enum next next = NEXT_ORDER;
        if (send_order(driver, host, run, sequence, &ack) != SF_OK) {
            next = after_failure(driver, host, run, sequence);
        } else if (ack.sequence == sequence && decimal_same(ack.notional, driver->notional)) {
            driver->acknowledged += 1;
        } else {
            return sf_failf(host, run, "wrong_answer", "order %lld was answered wrongly", (long long)sequence);
        }
        if (next == FAIL) {
            return sf_fail_on(host, run);
        }
        if (next == STOP) {
            break;
        }
        sequence += next == NEXT_ORDER ? 1 : 0;
    }
    printf("orders: %lld\nacknowledged: %lld\nrefused: %lld\n", (long long)(sequence - 1),
           (long long)driver->acknowledged, (long long)driver->refused);
    return fflush(stdout) == 0 ? SF_OK : sf_fail(host, run, "no_output", "what was done could not be printed");
}

static sf_status_t call(void *instance, const sf_host_t *host, sf_run_t *run, uint32_t function,
                        const sf_slot_t *arguments, size_t count) {
    (void)arguments, (void)count;
    if (function == SF_FUNCTION_MAIN) {
        return drive((struct driver *)instance, host, run);
    }
    return sf_failf(host, run, "no_such_function", "the driver has no function %u", (unsigned)function);
}

SF_SERVICE(c_driver, describe, create, destroy, call);
