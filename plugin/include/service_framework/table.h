/*
 * The two tables: what a service gives to its host, and what the host gives to a service.
 *
 * Owns their layout, the numbers that go with them, and what each function promises. Has no code.
 */
#ifndef SERVICE_FRAMEWORK_TABLE_H
#define SERVICE_FRAMEWORK_TABLE_H

#include "slot.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The first bytes of a table: "SFPLUGIN" as a little-endian number. */
#define SF_MAGIC UINT64_C(0x4e4947554c504653)
/* The version that both sides must share; it is in the name of the exported function, too. */
#define SF_ABI_MAJOR 1
/* The version that says how many members a table has. */
#define SF_ABI_MINOR 2

/* How a call ended. */
typedef int32_t sf_status_t;
/* It did what it was asked to do. */
#define SF_OK 0
/* It failed; the error was handed over before it returned. */
#define SF_FAILED 1
/* Like SF_FAILED, for what must not happen: C++ code returns it for an exception that it caught. */
#define SF_PANICKED 2

/* An error as it crosses. */
typedef struct sf_error_t {
    /* A stable word for programs, such as `timed_out`. */
    sf_text_t code;
    /* A sentence for people: lower case, no full stop, what was expected and what to do. */
    sf_text_t message;
    /* The key path that it is about, such as `levels[3].price`; empty if none. */
    sf_text_t field;
    /* SF_ERROR_IS_..., or-ed. */
    uint32_t flags;
} sf_error_t;

/* The caller is at fault: the service does not count it as a failure of its own. */
#define SF_ERROR_IS_CALLERS 1
/* Trying again may help. */
#define SF_ERROR_IS_RETRYABLE 2
/* The other side of a request answered with this error; the code is its own. */
#define SF_ERROR_IS_REMOTE 4

/* What belongs to one call of the service; only the host knows what is in it. */
typedef struct sf_run_t sf_run_t;

/* A handle by which any thread may send. Since minor version 1. */
typedef struct sf_sender_t sf_sender_t;

/* Take what the caller lends for the call, into a `sink` that was given along with them. */
typedef void (*sf_write_text_t)(void *sink, sf_text_t text);
typedef void (*sf_write_slots_t)(void *sink, const sf_slot_t *slots, size_t count);
typedef void (*sf_write_error_t)(void *sink, const sf_error_t *error);
/* Takes an entry of a state; whether to go on with the next one. Since minor version 2. */
typedef bool (*sf_write_entry_t)(void *sink, const sf_slot_t *key, const sf_slot_t *value);

/* How good a state is at the moment of the call in which it is asked. Since minor version 2. */
typedef struct sf_state_status_t {
    /* One of SF_STATE_ABSENT and those after it. An `out` state is SF_STATE_LIVE once it has a value. */
    uint32_t condition;
    /* SF_STATE_IS_VERIFIED. */
    uint32_t flags;
    /* The life of the owner that the value is of; 0 if it is not known. */
    uint64_t epoch;
    /* The number of the last update in the value. */
    uint64_t number;
    /* Nanoseconds since the owner was last heard; UINT64_MAX if it never was. */
    uint64_t age;
    /* Updates that never came; a snapshot made up for them. */
    uint64_t missed;
    /* Updates that were merged with others before a function saw them. */
    uint64_t merged;
    /* Updates that came a second time or too late, and were ignored. */
    uint64_t ignored;
    /* The keys at the top of the value. */
    uint64_t keys;
} sf_state_status_t;

/* There is no value, and nobody was asked yet. */
#define SF_STATE_ABSENT 0
/* There is no value yet; it was asked for. */
#define SF_STATE_SYNCING 1
/* The value is the owner's, as far as anybody can tell. */
#define SF_STATE_LIVE 2
/* The owner has been silent for too long. */
#define SF_STATE_STALE 3
/* Updates are missing, and the value is an older one until a snapshot has come. */
#define SF_STATE_RESYNCING 4
/* The owner has not answered for long; it is still asked, now and then. */
#define SF_STATE_FAILED 5

/* The owner numbers its updates in a way that shows every loss. */
#define SF_STATE_IS_VERIFIED 1

/* The host. */
typedef struct sf_host_t {
    /* SF_MAGIC. */
    uint64_t magic;
    /* Of this table, in bytes. */
    uint32_t size;
    /* SF_ABI_MAJOR. */
    uint16_t major;
    /* How many members the host has; see SF_HOST_HAS. */
    uint16_t minor;

    /*
     * Answers the request in hand with the slots of the return arguments, once for each call of a replyer's function or
     * of a target. Fields at the end that are optional may be left out. Fails with `bad_return` if the model refuses
     * them, with `answered_twice` or `not_a_request`.
     */
    sf_status_t (*reply)(sf_run_t *run, const sf_slot_t *slots, size_t count);

    /*
     * Sends to an `out` connection, by its place in the model (see `call`). A requester waits for its reply and hands
     * it to `write` before this returns; `write` must not call the host, and what it gets is gone after it. It may be
     * null: then what comes back is let go. A publisher waits for nobody and hands nothing to `write`. Fails with
     * `invalid_arguments`, `no_peer`, `timed_out`, `stopping` and others, or, flagged as remote, with the error that the
     * other side answered with.
     */
    sf_status_t (*send)(sf_run_t *run, uint32_t connection, const sf_slot_t *slots, size_t count, void *sink,
                        sf_write_slots_t write);

    /* Hands over the error with which the function is about to return SF_FAILED. The last one counts. */
    void (*fail)(sf_run_t *run, const sf_error_t *error);

    /*
     * The error of the last host function of this run that failed. Its texts are good until the next host call, which
     * may be a `fail` that hands them on.
     */
    void (*last_error)(sf_run_t *run, sf_error_t *error);

    /* Whether the service has been asked to stop: a main function returns soon then. */
    bool (*should_stop)(sf_run_t *run);

    /* Waits. Fails with `stopping` as soon as the service is asked to stop. */
    sf_status_t (*wait)(sf_run_t *run, uint64_t nanoseconds);

    /* Hands the workflow id of the message in hand to `write`, as one slot; does not call it if there is none. */
    sf_status_t (*workflow_id)(sf_run_t *run, void *sink, sf_write_slots_t write);

    /* Whether a line of this level would be written: ask before making an expensive one. Any thread, any time. */
    bool (*log_enabled)(uint32_t level);

    /* Writes a log line; `target` names the part of the service that it comes from. Any thread, any time. */
    void (*log)(uint32_t level, sf_text_t target, sf_text_t message, sf_text_t file, uint32_t line);

    /* Lets what was sent leave now, instead of when the function returns. Since minor version 1. */
    sf_status_t (*flush)(sf_run_t *run);

    /*
     * Hands the counters of all connections to `write`, as JSON:
     * {"in": {name: {"received": 1, "sent": 1, "waiting": 1, "dropped": {reason: 1}}}, "out": {...}}, `waiting`
     * only where messages do. Since minor version 1.
     */
    sf_status_t (*stats)(sf_run_t *run, void *sink, sf_write_text_t write);

    /*
     * Calls function SF_FUNCTION_TIMER + `timer` after `first` nanoseconds and then every `period` nanoseconds, or just
     * once if that is 0. A timer of this number (0 to SF_LAST_TIMER) that is set already is set anew. Refused in main
     * mode. Since minor version 1.
     */
    sf_status_t (*set_timer)(sf_run_t *run, uint32_t timer, uint64_t first, uint64_t period);

    /* Lets a timer be: it is not called any more, even if its time has come. Since minor version 1. */
    sf_status_t (*cancel_timer)(sf_run_t *run, uint32_t timer);

    /*
     * Puts a handle at `sender` by which any thread, and several at once, may send at any time, until it is given to
     * `sender_drop`. The functions that take a handle are good for as long as there is one. Since minor version 1.
     */
    sf_status_t (*sender)(sf_run_t *run, const sf_sender_t **sender);

    /* Makes one more handle of this one; each is to be dropped. Since minor version 1. */
    const sf_sender_t *(*sender_clone)(const sf_sender_t *sender);

    /* Gives a handle back. Since minor version 1. */
    void (*sender_drop)(const sf_sender_t *sender);

    /*
     * Sends as `send` does, in the order of the service, and blocks the thread until that is done; refused on the
     * service's own thread, which would wait for itself. What comes back goes to `write` and an error to `fail`, before
     * it returns, on the same thread and with the same `sink`; either may be null. Since minor version 1.
     */
    sf_status_t (*sender_send)(const sf_sender_t *sender, uint32_t connection, const sf_slot_t *slots, size_t count,
                               void *sink, sf_write_slots_t write, sf_write_error_t fail);

    /* Whether the service of this handle has been asked to stop, or has ended. Since minor version 1. */
    bool (*sender_should_stop)(const sf_sender_t *sender);

    /*
     * Waits until the publisher at place `connection` has `count` subscribers. Fails with `no_peer` when the time is over,
     * with `stopping` as soon as the service is asked to stop. Since minor version 2.
     */
    sf_status_t (*wait_for_subscribers)(sf_run_t *run, uint32_t connection, uint32_t count, uint64_t nanoseconds);

    /*
     * Changes the `out` state at this place (see `call`), all or nothing, and has what changed sent as one update. Each
     * of the `changes` is a list: the keys that lead to what is changed, and then what is put there; nil removes it.
     * Fails with `invalid_arguments` if the model refuses them. Since minor version 2.
     */
    sf_status_t (*change_state)(sf_run_t *run, uint32_t state, const sf_slot_t *changes, size_t count);

    /*
     * Makes the `out` state at this place be the value of this one slot, a record or a map, and has the difference sent
     * as one update. Since minor version 2.
     */
    sf_status_t (*replace_state)(sf_run_t *run, uint32_t state, const sf_slot_t *value);

    /* How good the state at this place is. Since minor version 2. */
    sf_status_t (*state_status)(sf_run_t *run, uint32_t state, sf_state_status_t *status);

    /*
     * Hands what the keys of `path` lead to in the state at this place to `write`, as one slot; does not call it if
     * nothing is there. Without keys, that is the whole value. Fails with `stale` if the state is not to be read while it
     * is, as its model says. `write` must not call the host. Since minor version 2.
     */
    sf_status_t (*state_value)(sf_run_t *run, uint32_t state, const sf_slot_t *path, size_t count, void *sink,
                               sf_write_slots_t write);

    /*
     * Hands the entries of the map to which the keys of `path` lead to `write`, in the order of their keys, until it
     * returns false: from the first key that is not before `from`, or, if `backward`, from the last one that is not after
     * it. A null `from` is before, or after, all keys. Fails as `state_value` does. Since minor version 2.
     */
    sf_status_t (*state_entries)(sf_run_t *run, uint32_t state, const sf_slot_t *path, size_t count,
                                 const sf_slot_t *from, bool backward, void *sink, sf_write_entry_t write);
} sf_host_t;

/* Whether this host has a member of its table. */
#define SF_HOST_HAS(host, member) \
    ((size_t)(host)->size >= offsetof(sf_host_t, member) + sizeof(((const sf_host_t *)0)->member))

/* The levels of log lines. */
#define SF_LOG_ERROR 1
#define SF_LOG_WARN 2
#define SF_LOG_INFO 3
#define SF_LOG_DEBUG 4
#define SF_LOG_TRACE 5

/*
 * Functions from this number on belong to states: this and the place of an `in` state, see `call`. Below, they are places
 * of connections. Since minor version 2.
 */
#define SF_FUNCTION_STATE UINT32_C(0x40000000)
/* Functions from this number on are the service's own. */
#define SF_FUNCTION_BASE UINT32_C(0x80000000)
/* After everything is connected, before the loop or main. */
#define SF_FUNCTION_INIT SF_FUNCTION_BASE
/* Drives the service in main mode: it holds the service until it returns. */
#define SF_FUNCTION_MAIN (SF_FUNCTION_BASE + 1)
/* Once when SIGINT stops the service. */
#define SF_FUNCTION_ON_SIGINT (SF_FUNCTION_BASE + 2)
/* Once when SIGTERM stops the service. */
#define SF_FUNCTION_ON_SIGTERM (SF_FUNCTION_BASE + 3)
/* Functions from this number on are timers: this and the number that was given to `set_timer`. */
#define SF_FUNCTION_TIMER UINT32_C(0xC0000000)
/* The largest number of a timer. */
#define SF_LAST_TIMER (UINT32_MAX - SF_FUNCTION_TIMER)

/* `setup_config`: the config as a JSON object in, an object of the keys to overwrite out. */
#define SF_SETUP_CONFIG 0
/* `setup_addresses`: `{"config": ..., "addresses": ...}` in, the addresses out. */
#define SF_SETUP_ADDRESSES 1
/* `setup_connections`: the config in, `{connection: {creation argument: value}}` out. */
#define SF_SETUP_CONNECTIONS 2
/* `setup_states`: the config in, `{state: {creation argument: value}}` out. Since minor version 2. */
#define SF_SETUP_STATES 3

/*
 * A service. Every member up to `setup` is a function that is there (those of service_framework.h that begin with
 * `sf_no_` do nothing); the ones after it are null in a service without external targets.
 */
typedef struct sf_plugin_t {
    /* SF_MAGIC. */
    uint64_t magic;
    /* Of this table, in bytes. */
    uint32_t size;
    /* SF_ABI_MAJOR. */
    uint16_t major;
    /* SF_ABI_MINOR. */
    uint16_t minor;
    /* What the service was built with, for people. */
    sf_text_t built_with;

    /*
     * Hands the model as JSON to `write`, once (`sf_describe`): `service` is its name, `config` a record,
     * `connections` and `states` those of `in` and of `out`, `functions` the functions that it has besides those of its
     * connections and states (`init`, `main`, `on_sigint`, `on_sigterm`, `setup_config`, `setup_addresses`,
     * `setup_connections`, `setup_states`). It is what `service_framework describe --format json` prints; docs/models.md
     * has all of its words. Where the status is not SF_OK, the text is the reason.
     */
    sf_status_t (*describe)(void *sink, sf_write_text_t write);

    /* Told before each run which host there is. Its log functions stay good from then on. */
    void (*attach)(const sf_host_t *host);

    /*
     * Makes a service from its config, a slot for each field of its model, and puts it at `instance` (null is fine). If
     * it fails, `destroy` is not called.
     */
    sf_status_t (*create)(const sf_host_t *host, sf_run_t *run, const sf_slot_t *config, size_t count, void **instance);

    /* Ends a service that `create` made. */
    void (*destroy)(void *instance);

    /*
     * Calls a function of the service. Below SF_FUNCTION_STATE, `function` is the place of an `in` connection: the
     * connections of `in` are counted from 0 in the order in which the model has them, those of `out` follow. The
     * function of a replyer answers with the host's `reply`; that of a subscriber does not, and its errors are counted
     * and logged. States are counted like connections, and their functions are called when value or condition of the copy
     * has changed. Their arguments are four: whether the value may have changed as a whole, the numbers of the first and
     * of the last update that came in since the function was called before, and a list of what changed, each being the
     * list of the keys that lead to it.
     *
     * `arguments` has a slot for each field of the connection's arguments: the required ones in the order of the model,
     * then the optional ones; where the arguments are open, then a map of the keys that the model does not name, or
     * absent. Each is of the type that the model says, or absent or nil where it allows that, so `count` and the tags
     * need no check.
     */
    sf_status_t (*call)(void *instance, const sf_host_t *host, sf_run_t *run, uint32_t function,
                        const sf_slot_t *arguments, size_t count);

    /* Runs one of SF_SETUP_...: JSON in, JSON out through `write`. Called only for those among the `functions`. */
    sf_status_t (*setup)(const sf_host_t *host, sf_run_t *run, uint32_t hook, sf_text_t input, void *sink,
                         sf_write_text_t write);

    /*
     * Makes the object to which the calls of the external target at place `connection` go, and puts it at `target`.
     * Called on the service's thread before `init`, as often as calls may be in flight. Since minor version 1.
     */
    sf_status_t (*make_target)(void *instance, const sf_host_t *host, sf_run_t *run, uint32_t connection,
                               void **target);

    /*
     * Calls a target, which answers with the host's `reply`. Called on any thread, one call at a time for each target;
     * of the host's functions, those that send, wait or set timers are refused. Since minor version 1.
     */
    sf_status_t (*call_target)(void *target, const sf_host_t *host, sf_run_t *run, uint32_t connection,
                               const sf_slot_t *arguments, size_t count);

    /* Ends a target that `make_target` made, on any thread. Since minor version 1. */
    void (*drop_target)(void *target, uint32_t connection);
} sf_plugin_t;

#ifdef __cplusplus
}
#endif

#endif
