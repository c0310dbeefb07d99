/*
 * A service in C that owns a state and holds a copy of another one: what it is told it puts into its own, and it says
 * what is in either.
 */
#include <stdlib.h>

#include "service_framework.h"

static const char MODEL[] = SF_JSON({
    "service": "ledger",
    "connections": {"in": {
        "put": {
            "connection_type": "replyer",
            "required_arguments": {"account": "Str", "entry": "Int"},
            "optional_arguments": {"amount": "Int"}
        },
        "replace": {
            "connection_type": "replyer",
            "required_arguments": {"value": "Any"},
            "peers": "own"
        },
        "break": {
            "connection_type": "replyer",
            "required_arguments": {"what": "Int"}
        },
        "look": {
            "connection_type": "replyer",
            "required_arguments": {"own": "Bool", "account": "Str"},
            "required_return_arguments": {
                "condition": "Int", "keys": "Int", "entries": "Int", "sum": "Int", "least": "Int", "greatest": "Int",
                "told": "Int", "last": "Int", "changed": "Int"
            },
            "optional_return_arguments": {"value": "Any"},
            "peers": "own"
        }
    }},
    "states": {
        "in": {
            "theirs": {
                "state_type": "delta_update_in",
                "optional_creation_arguments": {"merge": "deep", "function": "theirs", "on_stale": "serve"},
                "value": {"type": "Map", "key": "Str", "value": {"type": "Map", "key": "Int", "value": "Int"}},
                "peers": "own"
            }
        },
        "out": {
            "ours": {
                "state_type": "delta_update_out",
                "optional_creation_arguments": {"merge": "deep", "heartbeat_s": 0.2},
                "value": {"type": "Map", "key": "Str", "value": {"type": "Map", "key": "Int", "value": "Int"}},
                "peers": "own"
            }
        }
    }
});

/* The places: those of `in` first, then those of `out`. */
enum connections { PUT, REPLACE, BREAK, LOOK };
enum states { THEIRS, OURS };

struct ledger {
    int64_t told;
    uint64_t last;
    int64_t changed;
};

struct totals {
    int64_t entries, sum, least, greatest;
};

static bool add(void *sink, const sf_slot_t *key, const sf_slot_t *value) {
    struct totals *totals = (struct totals *)sink;
    int64_t entry = sf_as_int(*key);
    totals->least = totals->entries == 0 ? entry : totals->least;
    totals->greatest = entry;
    totals->entries++;
    totals->sum += sf_as_int(*value);
    return true;
}

static bool first(void *sink, const sf_slot_t *key, const sf_slot_t *value) {
    (void)value;
    *(int64_t *)sink = sf_as_int(*key);
    return false;
}

/* What the value of an account is copied to, so that it can be replied: pairs of whole numbers. */
struct copied {
    sf_slot_t *slots;
    size_t count;
};

static void copy(void *sink, const sf_slot_t *slots, size_t count) {
    struct copied *copied = (struct copied *)sink;
    size_t place;
    if (count != 1 || slots->tag != SF_TAG_MAP) {
        return;
    }
    copied->count = sf_count(*slots);
    copied->slots = (sf_slot_t *)malloc((2 * copied->count + 1) * sizeof *copied->slots);
    for (place = 0; copied->slots != NULL && place < 2 * copied->count; place++) {
        copied->slots[place] = sf_int(sf_as_int(sf_items(*slots)[place]));
    }
}

static sf_status_t look(const struct ledger *ledger, const sf_host_t *host, sf_run_t *run, const sf_slot_t *arguments) {
    uint32_t state = sf_as_bool(arguments[0]) ? OURS : THEIRS;
    sf_state_status_t status;
    struct totals totals = {0, 0, 0, 0};
    struct copied copied = {NULL, 0};
    int64_t greatest = 0;
    sf_slot_t returned[10];
    sf_status_t replied;
    if (host->state_status(run, state, &status) != SF_OK
        || host->state_entries(run, state, &arguments[1], 1, NULL, false, &totals, add) != SF_OK
        || host->state_entries(run, state, &arguments[1], 1, NULL, true, &greatest, first) != SF_OK
        || host->state_value(run, state, &arguments[1], 1, &copied, copy) != SF_OK) {
        free(copied.slots);
        return sf_fail_on(host, run);
    }
    if (totals.greatest != greatest) {
        free(copied.slots);
        return sf_fail(host, run, "disorder", "forward and backward do not agree");
    }
    returned[0] = sf_int(status.condition);
    returned[1] = sf_int((int64_t)status.keys);
    returned[2] = sf_int(totals.entries);
    returned[3] = sf_int(totals.sum);
    returned[4] = sf_int(totals.least);
    returned[5] = sf_int(totals.greatest);
    returned[6] = sf_int(ledger->told);
    returned[7] = sf_int((int64_t)ledger->last);
    returned[8] = sf_int(ledger->changed);
    returned[9] = copied.slots == NULL ? sf_absent() : sf_map(copied.slots, copied.count);
    replied = host->reply(run, returned, 10);
    free(copied.slots);
    return replied == SF_OK ? SF_OK : sf_fail_on(host, run);
}

static sf_status_t put(const sf_host_t *host, sf_run_t *run, const sf_slot_t *arguments) {
    sf_slot_t change[3], list;
    change[0] = arguments[0];
    change[1] = arguments[1];
    change[2] = sf_is_absent(arguments[2]) ? sf_nil() : arguments[2];
    list = sf_list(change, 3);
    if (host->change_state(run, OURS, &list, 1) != SF_OK || host->reply(run, NULL, 0) != SF_OK) {
        return sf_fail_on(host, run);
    }
    return SF_OK;
}

/* What no service is to do with a state; each is refused. */
static sf_status_t break_a_rule(const sf_host_t *host, sf_run_t *run, int64_t what) {
    sf_slot_t text = sf_str("a"), list = sf_list(&text, 1), path[4];
    sf_status_t status;
    size_t place;
    for (place = 0; place < 4; place++) {
        path[place] = place == 0 ? sf_str("account") : sf_int((int64_t)place);
    }
    switch (what) {
    case 0:
        status = host->change_state(run, 99, &list, 1);
        break;
    case 1:
        status = host->change_state(run, THEIRS, &list, 1);
        break;
    case 2:
        status = host->change_state(run, OURS, &list, 1);
        break;
    case 3:
        status = host->change_state(run, OURS, &text, 1);
        break;
    case 4:
        list = sf_list(path, 4);
        status = host->change_state(run, OURS, &list, 1);
        break;
    case 5:
        status = host->replace_state(run, OURS, NULL);
        break;
    case 6:
        status = host->replace_state(run, OURS, &text);
        break;
    case 7:
        status = host->replace_state(run, THEIRS, &text);
        break;
    case 8:
        status = host->state_status(run, OURS, NULL);
        break;
    case 9:
        status = host->state_value(run, 99, NULL, 0, NULL, NULL);
        break;
    case 10:
        status = host->state_value(run, OURS, path, 4, NULL, NULL);
        break;
    case 11:
        path[1] = sf_float(0.5);
        status = host->state_value(run, OURS, path, 2, NULL, NULL);
        break;
    case 12:
        status = host->state_entries(run, OURS, path, 2, NULL, false, NULL, NULL);
        break;
    default:
        path[0] = sf_bool(true);
        status = host->state_entries(run, OURS, path, 1, NULL, false, NULL, NULL);
        break;
    }
    return status == SF_OK ? sf_fail(host, run, "allowed", "it was not refused") : sf_fail_on(host, run);
}

/* The function of the copy. */
static sf_status_t on_theirs(struct ledger *ledger, const sf_slot_t *arguments) {
    ledger->told++;
    if (arguments[2].tag == SF_TAG_UINT || arguments[2].tag == SF_TAG_INT) {
        ledger->last = arguments[2].tag == SF_TAG_UINT ? sf_as_uint(arguments[2]) : (uint64_t)sf_as_int(arguments[2]);
    }
    ledger->changed += (int64_t)sf_count(arguments[3]);
    return SF_OK;
}

static sf_status_t describe(void *sink, sf_write_text_t write) {
    return sf_describe(sink, write, MODEL);
}

static sf_status_t create(const sf_host_t *host, sf_run_t *run, const sf_slot_t *config, size_t count,
                          void **instance) {
    (void)config, (void)count;
    *instance = calloc(1, sizeof(struct ledger));
    return *instance == NULL ? sf_fail(host, run, "no_memory", "there is no memory for a ledger") : SF_OK;
}

static void destroy(void *instance) {
    free(instance);
}

static sf_status_t call(void *instance, const sf_host_t *host, sf_run_t *run, uint32_t function,
                        const sf_slot_t *arguments, size_t count) {
    struct ledger *ledger = (struct ledger *)instance;
    (void)count;
    switch (function) {
    case PUT:
        return put(host, run, arguments);
    case REPLACE:
        if (host->replace_state(run, OURS, &arguments[0]) != SF_OK || host->reply(run, NULL, 0) != SF_OK) {
            return sf_fail_on(host, run);
        }
        return SF_OK;
    case BREAK:
        return break_a_rule(host, run, sf_as_int(arguments[0]));
    case LOOK:
        return look(ledger, host, run, arguments);
    case SF_FUNCTION_STATE + THEIRS:
        return on_theirs(ledger, arguments);
    default:
        return sf_fail(host, run, "unknown", "no such function");
    }
}

SF_SERVICE(ledger, describe, create, destroy, call);
