/*
 * A service in C that breaks the rules of the boundary when it is told to.
 *
 * BAD_TABLE in the environment says what is wrong with its table or with its start; the text of a request says what its
 * function does wrong, or, behind "target: ", what the function of its external target does wrong.
 */
#include <stdlib.h>
#include <string.h>

#include "service_framework.h"

static const char MODEL[] = SF_JSON({
    "service": "bad",
    "connections": {"in": {"ask": {
        "connection_type": "replyer",
        "required_arguments": {"what": "Str"},
        "required_return_arguments": {"text": "Str"},
        "optional_return_arguments": {"items": {"type": "List", "item": "Int"}, "data": "Bytes"}
    }}, "out": {"elsewhere": {
        "connection_type": "external_target",
        "required_arguments": {"what": "Str"},
        "required_return_arguments": {"text": "Str"},
        "optional_return_arguments": {"items": {"type": "List", "item": "Int"}, "data": "Bytes"}
    }}}
});

/* What a service of minor version 0 can declare. */
static const char FIRST_MODEL[] = SF_JSON({
    "service": "bad",
    "connections": {"in": {"ask": {
        "connection_type": "replyer",
        "required_arguments": {"what": "Str"},
        "required_return_arguments": {"text": "Str"},
        "optional_return_arguments": {"items": {"type": "List", "item": "Int"}, "data": "Bytes"}
    }}}
});

enum connections { ASK, ELSEWHERE };

static const char *told(void) {
    const char *wrong = getenv("BAD_TABLE");
    return wrong == NULL ? "" : wrong;
}

static bool told_to(const char *what) {
    return strcmp(told(), what) == 0;
}

static sf_status_t describe(void *sink, sf_write_text_t write) {
    if (told_to("broken model")) {
        return sf_describe(sink, write, SF_JSON({"service": "bad", "connections": {"in": {"ask": {}}}}));
    }
    if (told_to("half a model")) {
        return sf_describe(sink, write, "{\"service\": ");
    }
    if (told_to("model twice")) {
        (void)sf_describe(sink, write, MODEL);
        return sf_describe(sink, write, MODEL);
    }
    if (told_to("no model")) {
        return SF_OK;
    }
    if (told_to("null model")) {
        write(sink, sf_text_of(NULL, 1000));
        return SF_OK;
    }
    if (told_to("endless model")) {
        write(sink, sf_text_of(MODEL, SIZE_MAX));
        return SF_OK;
    }
    if (told_to("describe")) {
        write(sink, sf_text("the file with the model is gone"));
        return SF_FAILED;
    }
    return sf_describe(sink, write, told_to("minor 0") ? FIRST_MODEL : MODEL);
}

static sf_status_t create(const sf_host_t *host, sf_run_t *run, const sf_slot_t *config, size_t count,
                          void **instance) {
    (void)config, (void)count;
    *instance = NULL;
    if (told_to("create")) {
        return sf_fail(host, run, "told_to", "told to fail in create");
    }
    return told_to("create in silence") ? SF_FAILED : SF_OK;
}

static void destroy(void *instance) {
    (void)instance;
}

static sf_status_t answer(const sf_host_t *host, sf_run_t *run, const sf_slot_t *slots, size_t count) {
    return host->reply(run, slots, count) == SF_OK ? SF_OK : sf_fail_on(host, run);
}

/* Answers from inside a callback of the host, where it may not be called. */
struct reentrant {
    const sf_host_t *host;
    sf_run_t *run;
    sf_status_t status;
};

static void reply_inside(void *sink, const sf_slot_t *slots, size_t count) {
    struct reentrant *call = (struct reentrant *)sink;
    (void)count;
    call->status = answer(call->host, call->run, slots, 1);
}

/* Hands on what the target says. */
static void keep_text(void *sink, const sf_slot_t *slots, size_t count) {
    (void)count;
    snprintf((char *)sink, 64, "%.*s", SF_TEXT_ARGUMENTS(sf_as_text(slots[0])));
}

static sf_status_t ask_target(const sf_host_t *host, sf_run_t *run, sf_text_t what) {
    char text[64] = "";
    sf_slot_t slot = sf_str_of(what);
    if (host->send(run, ELSEWHERE, &slot, 1, text, keep_text) != SF_OK) {
        return sf_fail_on(host, run);
    }
    slot = sf_str(text);
    return answer(host, run, &slot, 1);
}

static sf_status_t on_ask(const sf_host_t *host, sf_run_t *run, sf_text_t what) {
    static const char target[] = "target: ";
    static const char letters[] = "letters";
    sf_slot_t slots[3];
    slots[0] = sf_str("well");
    slots[1] = slots[2] = sf_absent();
    if (what.len >= sizeof target && memcmp(what.pointer, target, sizeof target - 1) == 0) {
        return ask_target(host, run, sf_text_of(what.pointer + sizeof target - 1, what.len - sizeof target + 1));
    }
    if (sf_text_is(what, "silent failure")) {
        return SF_FAILED;
    }
    if (sf_text_is(what, "null error")) {
        host->fail(run, NULL);
        return SF_FAILED;
    }
    if (sf_text_is(what, "null texts")) {
        return sf_fail_at(host, run, 0, NULL, NULL, NULL);
    }
    if (sf_text_is(what, "endless error")) {
        sf_error_t error = {{letters, SIZE_MAX}, {letters, SIZE_MAX}, {letters, SIZE_MAX}, 0};
        host->fail(run, &error);
        return SF_FAILED;
    }
    if (sf_text_is(what, "bad error text")) {
        return sf_fail(host, run, "told_to", "not UTF-8: \xff\xfe");
    }
    if (sf_text_is(what, "odd status")) {
        return -77;
    }
    if (sf_text_is(what, "no answer")) {
        return SF_OK;
    }
    if (sf_text_is(what, "failure after the answer")) {
        (void)answer(host, run, slots, 3);
        return sf_fail(host, run, "told_to", "changed its mind");
    }
    if (sf_text_is(what, "two answers")) {
        (void)answer(host, run, slots, 3);
        return answer(host, run, slots, 3);
    }
    if (sf_text_is(what, "a second answer that nobody looked at")) {
        (void)host->reply(run, slots, 3);
        slots[0] = sf_str("worse");
        (void)host->reply(run, slots, 3);
        return SF_OK;
    }
    if (sf_text_is(what, "answer of another run")) {
        return host->reply(NULL, slots, 3) == SF_OK ? SF_OK : sf_fail(host, run, "told_to", "there was no run");
    }
    if (sf_text_is(what, "answer from a callback")) {
        struct reentrant call;
        call.host = host, call.run = run, call.status = SF_OK;
        (void)host->workflow_id(run, &call, reply_inside);
        return call.status == SF_OK ? SF_OK : sf_fail(host, run, "told_to", "the callback was refused");
    }
    if (sf_text_is(what, "unknown connection")) {
        struct reentrant call;
        call.host = host, call.run = run, call.status = SF_OK;
        return host->send(run, 77, slots, 1, &call, reply_inside) == SF_OK ? SF_OK : sf_fail_on(host, run);
    }
    if (sf_text_is(what, "nobody listens")) {
        const sf_sender_t **nowhere = NULL;
        (void)host->workflow_id(run, NULL, NULL);
        (void)host->stats(run, NULL, NULL);
        if (host->sender(run, nowhere) == SF_OK || host->send(run, ELSEWHERE, slots, 1, NULL, NULL) != SF_OK) {
            return sf_fail_on(host, run);
        }
    }
    if (sf_text_is(what, "no such timer")) {
        return host->set_timer(run, SF_LAST_TIMER + 1, 1, 1) == SF_OK ? SF_OK : sf_fail_on(host, run);
    }
    if (sf_text_is(what, "null slots")) {
        return answer(host, run, NULL, 3);
    }
    if (sf_text_is(what, "no slots")) {
        return answer(host, run, slots, 0);
    }
    if (sf_text_is(what, "endless slots")) {
        return answer(host, run, slots, SIZE_MAX);
    }
    if (sf_text_is(what, "too many slots")) {
        sf_slot_t many[4];
        many[0] = slots[0], many[1] = many[2] = many[3] = sf_absent();
        return answer(host, run, many, 4);
    }
    if (sf_text_is(what, "wrong type")) {
        slots[0] = sf_int(1);
    } else if (sf_text_is(what, "unknown tag")) {
        slots[0].tag = 200;
    } else if (sf_text_is(what, "bad text")) {
        slots[0] = sf_str("\xc3\x28");
    } else if (sf_text_is(what, "null text")) {
        slots[0] = sf_str_of(sf_text_of(NULL, 5));
    } else if (sf_text_is(what, "endless text")) {
        slots[0] = sf_str_of(sf_text_of(letters, SIZE_MAX));
    } else if (sf_text_is(what, "text of a negative length")) {
        slots[0].len = (uint32_t)-5;
    } else if (sf_text_is(what, "endless bytes")) {
        slots[2] = sf_bytes(letters, SIZE_MAX);
    } else if (sf_text_is(what, "endless list")) {
        slots[1] = sf_list(slots, SIZE_MAX);
    } else if (sf_text_is(what, "null list")) {
        slots[1] = sf_list(NULL, 2);
    } else if (sf_text_is(what, "crooked list")) {
        slots[1] = sf_slot_at(SF_TAG_LIST, letters + 1, 1);
    } else if (sf_text_is(what, "list of texts")) {
        slots[1] = sf_list(slots, 1);
    } else if (sf_text_is(what, "empty list at null")) {
        slots[1] = sf_list(NULL, 0);
    } else if (sf_text_is(what, "never")) {
        volatile bool never = true;
        SF_LOG(host, SF_LOG_INFO, "bad", "%s", "this never returns");
        while (never) {
        }
    }
    return answer(host, run, slots, 3);
}

static sf_status_t call(void *instance, const sf_host_t *host, sf_run_t *run, uint32_t function,
                        const sf_slot_t *arguments, size_t count) {
    (void)instance, (void)function, (void)count;
    return on_ask(host, run, sf_as_text(arguments[0]));
}

static sf_status_t make_target(void *instance, const sf_host_t *host, sf_run_t *run, uint32_t connection,
                               void **target) {
    (void)instance, (void)connection;
    *target = NULL;
    return told_to("target") ? sf_fail(host, run, "told_to", "told to fail in make_target") : SF_OK;
}

static sf_status_t call_target(void *target, const sf_host_t *host, sf_run_t *run, uint32_t connection,
                               const sf_slot_t *arguments, size_t count) {
    (void)target, (void)connection, (void)count;
    return on_ask(host, run, sf_as_text(arguments[0]));
}

static void drop_target(void *target, uint32_t connection) {
    (void)target, (void)connection;
}

static sf_plugin_t table = {SF_TABLE_HEAD, describe,    sf_no_attach, create,      destroy,
                            call,          sf_no_setup, make_target,  call_target, drop_target};

SF_EXPORTED const sf_plugin_t *sf_plugin_v1__bad(void);

const sf_plugin_t *sf_plugin_v1__bad(void) {
    if (told_to("magic")) {
        table.magic = 7;
    } else if (told_to("major")) {
        table.major = 2;
    } else if (told_to("size")) {
        table.size = 24;
    } else if (told_to("minor 0") || told_to("minor 0 with a target")) {
        table.size = offsetof(sf_plugin_t, make_target);
        table.minor = 0;
    } else if (told_to("null function")) {
        table.destroy = NULL;
    }
    return told_to("null table") ? NULL : &table;
}
