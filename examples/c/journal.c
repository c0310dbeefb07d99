/*
 * A journal in C: what it is told goes into a file, and so does a tick of a thread of its own.
 *
 * Owns a file behind an external target, so that a slow disk holds up nobody but whoever waits for it; a timer that
 * logs the counters; and a thread that sends by a sender, as the client of some other protocol would.
 */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "service_framework.h"

static const char MODEL[] = SF_JSON({
    "service": "c_journal",
    "config": {
        "required": {"path": {"type": "Str", "min_length": 1, "max_length": 255}},
        "optional": {"every_ms": {"type": "Int", "min": 1, "max": 3600000, "default": 1000}}
    },
    "connections": {
        "in": {
            "note": {
                "connection_type": "replyer",
                "required_arguments": {"text": "Str"},
                "required_return_arguments": {"line": "Int"}
            }
        },
        "out": {
            "file": {
                "connection_type": "external_target",
                "required_arguments": {"text": "Str"},
                "required_return_arguments": {"line": "Int"}
            }
        }
    },
    "functions": ["init", "on_sigterm"]
});

/* The places: those of `in` first, then those of `out`. */
enum connections { NOTE, FILE_OUT };
enum config { PATH, EVERY_MS };
enum timers { REPORT };

#define TARGET "c_journal"
static const uint64_t MILLISECOND = UINT64_C(1000000);

struct journal {
    /* A character has at most four bytes. */
    char path[4 * 255 + 1];
    uint64_t every_ms;
    bool ticks;
    pthread_t ticker;
    /* The host, and the ticker's way to it: set by `init`, given back by `destroy`. */
    const sf_host_t *host;
    const sf_sender_t *sender;
};

/* The file, on the thread of its calls. */
struct target {
    FILE *file;
    int64_t lines;
};

static sf_status_t describe(void *sink, sf_write_text_t write) {
    return sf_describe(sink, write, MODEL);
}

static sf_status_t create(const sf_host_t *host, sf_run_t *run, const sf_slot_t *config, size_t count,
                          void **instance) {
    struct journal *journal;
    (void)count;
    if (!SF_HOST_HAS(host, sender_should_stop)) {
        return sf_failf(host, run, "old_host", "minor version 1 of the plugin ABI is needed, this runner has %d",
                        (int)host->minor);
    }
    journal = (struct journal *)calloc(1, sizeof *journal);
    if (journal == NULL) {
        return sf_fail(host, run, "out_of_memory", "there is no memory for a journal");
    }
    snprintf(journal->path, sizeof journal->path, "%.*s", SF_TEXT_ARGUMENTS(sf_as_text(config[PATH])));
    journal->every_ms = sf_as_uint(config[EVERY_MS]);
    journal->host = host;
    *instance = journal;
    return SF_OK;
}

static void destroy(void *instance) {
    struct journal *journal = (struct journal *)instance;
    if (journal->ticks) {
        /* It ends by itself: a service is destroyed only when it has been asked to stop. */
        pthread_join(journal->ticker, NULL);
    }
    if (journal->sender != NULL) {
        journal->host->sender_drop(journal->sender);
    }
    free(journal);
}

static sf_status_t make_target(void *instance, const sf_host_t *host, sf_run_t *run, uint32_t connection,
                               void **target) {
    const struct journal *journal = (const struct journal *)instance;
    struct target *made = (struct target *)calloc(1, sizeof *made);
    (void)connection;
    if (made == NULL) {
        return sf_fail(host, run, "out_of_memory", "there is no memory for a file");
    }
    made->file = fopen(journal->path, "a");
    if (made->file == NULL) {
        free(made);
        return sf_failf(host, run, "no_file", "`%s` cannot be opened to append to it", journal->path);
    }
    *target = made;
    return SF_OK;
}

static sf_status_t call_target(void *target, const sf_host_t *host, sf_run_t *run, uint32_t connection,
                               const sf_slot_t *arguments, size_t count) {
    struct target *journal = (struct target *)target;
    sf_text_t text = sf_as_text(arguments[0]);
    sf_slot_t line;
    (void)connection, (void)count;
    if (fprintf(journal->file, "%.*s\n", SF_TEXT_ARGUMENTS(text)) < 0 || fflush(journal->file) != 0) {
        return sf_fail(host, run, "not_written", "the file takes no more");
    }
    line = sf_int(++journal->lines);
    return host->reply(run, &line, 1) == SF_OK ? SF_OK : sf_fail_on(host, run);
}

static void drop_target(void *target, uint32_t connection) {
    struct target *journal = (struct target *)target;
    (void)connection;
    fclose(journal->file);
    free(journal);
}

/* What comes back from the file, on whichever thread it was sent. */
struct answer {
    const struct journal *journal;
    int64_t line;
};

static void keep_line(void *sink, const sf_slot_t *slots, size_t count) {
    (void)count;
    ((struct answer *)sink)->line = sf_as_int(slots[0]);
}

static void log_error(void *sink, const sf_error_t *error) {
    const struct answer *answer = (const struct answer *)sink;
    SF_LOG(answer->journal->host, SF_LOG_WARN, TARGET, "a tick was lost: %.*s", SF_TEXT_ARGUMENTS(error->message));
}

/* The thread: a tick now and then until the service stops. */
static void *tick(void *argument) {
    const struct journal *journal = (const struct journal *)argument;
    const sf_host_t *host = journal->host;
    struct timespec pause = {(time_t)(journal->every_ms / 1000), (long)(journal->every_ms % 1000 * MILLISECOND)};
    while (!host->sender_should_stop(journal->sender)) {
        struct answer answer = {journal, 0};
        sf_slot_t text = sf_str("tick");
        (void)host->sender_send(journal->sender, FILE_OUT, &text, 1, &answer, keep_line, log_error);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

static sf_status_t init(struct journal *journal, const sf_host_t *host, sf_run_t *run) {
    uint64_t period = journal->every_ms * MILLISECOND;
    if (host->set_timer(run, REPORT, period, period) != SF_OK || host->sender(run, &journal->sender) != SF_OK) {
        return sf_fail_on(host, run);
    }
    journal->ticks = pthread_create(&journal->ticker, NULL, tick, journal) == 0;
    return journal->ticks ? SF_OK : sf_fail(host, run, "no_thread", "the thread that ticks could not be started");
}

static sf_status_t on_note(const struct journal *journal, const sf_host_t *host, sf_run_t *run,
                           const sf_slot_t *note) {
    struct answer answer = {journal, 0};
    sf_slot_t line;
    if (host->send(run, FILE_OUT, note, 1, &answer, keep_line) != SF_OK) {
        return sf_fail_on(host, run);
    }
    line = sf_int(answer.line);
    return host->reply(run, &line, 1) == SF_OK ? SF_OK : sf_fail_on(host, run);
}

static void log_text(void *sink, sf_text_t text) {
    SF_LOG(((const struct journal *)sink)->host, SF_LOG_INFO, TARGET, "%.*s", SF_TEXT_ARGUMENTS(text));
}

static sf_status_t on_report(struct journal *journal, const sf_host_t *host, sf_run_t *run) {
    return host->stats(run, journal, log_text) == SF_OK ? SF_OK : sf_fail_on(host, run);
}

static sf_status_t on_sigterm(const struct journal *journal, const sf_host_t *host, sf_run_t *run) {
    struct answer answer = {journal, 0};
    sf_slot_t text = sf_str("the journal closes");
    if (host->send(run, FILE_OUT, &text, 1, &answer, keep_line) != SF_OK || host->flush(run) != SF_OK) {
        return sf_fail_on(host, run);
    }
    SF_LOG(host, SF_LOG_INFO, TARGET, "the journal has %lld lines", (long long)answer.line);
    return SF_OK;
}

static sf_status_t call(void *instance, const sf_host_t *host, sf_run_t *run, uint32_t function,
                        const sf_slot_t *arguments, size_t count) {
    struct journal *journal = (struct journal *)instance;
    (void)count;
    switch (function) {
    case NOTE:
        return on_note(journal, host, run, arguments);
    case SF_FUNCTION_INIT:
        return init(journal, host, run);
    case SF_FUNCTION_TIMER + REPORT:
        return on_report(journal, host, run);
    case SF_FUNCTION_ON_SIGTERM:
        return on_sigterm(journal, host, run);
    default:
        return sf_failf(host, run, "no_such_function", "the journal has no function %u", (unsigned)function);
    }
}

SF_SERVICE_WITH_TARGETS(c_journal, describe, create, destroy, call, make_target, call_target, drop_target);
