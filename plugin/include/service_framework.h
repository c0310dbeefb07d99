/*
 * A service in C or C++: the one file to include.
 *
 * Owns how a service fails, logs and is exported; slots and tables have files of their own beside it.
 *
 * A service is a shared library that exports one function (SF_SERVICE writes it). It returns a table of functions,
 * which the host calls; the host hands over a table of its own, by which the service answers, sends, waits and logs.
 * The host reads, validates and writes every message: a function of the service gets an array of slots, one for each
 * field of the model that the service declared, and answers with such an array.
 *
 *     gcc -std=c99 -O2 -shared -fPIC -I plugin/include -o libc_desk.so examples/c/desk.c
 *     service_framework -s libc_desk.so -a addresses.json
 *
 * WHAT HOLDS FOR EVERYTHING HERE
 *
 * Memory. Whatever crosses is borrowed for the call in which it crosses, and copied by whoever wants to keep it.
 * Nothing is freed by the side that did not allocate it. The host's `reply`, `send` and `fail` copy before they return.
 *
 * Lengths. Text is UTF-8, has a length, and does not end with a NUL. What the host hands over is good; what it is given
 * it checks (tags, UTF-8, null pointers, the model) and refuses with an error that says what is wrong. It cannot check
 * that a pointer and its length are those of memory that is there: a wrong one ends the process, as any in C may.
 *
 * Threads. All calls of one service come from one thread, one at a time; `describe` and `setup` come before, from
 * another, and targets are called on threads of their own. A program may run several services of one library at once,
 * each on its thread: state belongs into the instance that `create` makes, not into globals. A host function that takes
 * a `run` may be used only during the call that got this `run`, on its thread. On every thread, at any time, there are
 * `log` and `log_enabled`, and whoever has a sender may send with it.
 *
 * Errors. A function returns SF_OK, or hands an error to the host (`sf_fail`) and returns SF_FAILED. A requester gets
 * it as an error reply; the service lives on. No C++ exception and no longjmp may leave a function.
 *
 * Versions. Both tables begin alike. A minor version only appends members; `size` tells how many a table has. What is
 * marked "since minor version N" may be missing in an older host, which refuses a table of a later minor version than its
 * own. A service that does without what is missing writes the least that it needs into `minor`, and asks SF_HOST_HAS.
 */
#ifndef SERVICE_FRAMEWORK_H
#define SERVICE_FRAMEWORK_H

#include <stdarg.h>
#include <stdio.h>

#include "service_framework/slot.h"
#include "service_framework/table.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define SF_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define SF_PRINTF(text, first)
#endif

/* What a made text may have; the rest of a longer one is cut off. */
#define SF_MADE_TEXT 1024

/* Hands over an error of all its parts; `return` it. `field` and `message` may be null. */
static inline sf_status_t sf_fail_at(const sf_host_t *host, sf_run_t *run, uint32_t flags, const char *code,
                                     const char *field, const char *message) {
    sf_error_t error;
    error.code = sf_text(code);
    error.message = sf_text(message);
    error.field = sf_text(field);
    error.flags = flags;
    host->fail(run, &error);
    return SF_FAILED;
}

/* Hands over an error; `return sf_fail(host, run, "sold_out", "there is nothing left to sell");` */
static inline sf_status_t sf_fail(const sf_host_t *host, sf_run_t *run, const char *code, const char *message) {
    return sf_fail_at(host, run, 0, code, NULL, message);
}

/* Hands over an error with a message that is made as by printf. */
SF_PRINTF(4, 5)
static inline sf_status_t sf_failf(const sf_host_t *host, sf_run_t *run, const char *code, const char *format, ...) {
    char message[SF_MADE_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return sf_fail(host, run, code, message);
}

/* The error of the host function that has just failed; its texts are good until the next host call. */
static inline sf_error_t sf_last_error(const sf_host_t *host, sf_run_t *run) {
    sf_error_t error;
    host->last_error(run, &error);
    return error;
}

/* Hands on the error of the host function that has just failed, as it is. */
static inline sf_status_t sf_fail_on(const sf_host_t *host, sf_run_t *run) {
    sf_error_t error = sf_last_error(host, run);
    host->fail(run, &error);
    return SF_FAILED;
}

/* Writes a log line that is made as by printf; nothing is made for a level that is off. Use SF_LOG. */
SF_PRINTF(6, 7)
static inline void sf_log_at(const sf_host_t *host, uint32_t level, const char *target, const char *file, uint32_t line,
                             const char *format, ...) {
    char message[SF_MADE_TEXT];
    va_list arguments;
    if (!host->log_enabled(level)) {
        return;
    }
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    host->log(level, sf_text(target), sf_text(message), sf_text(file), line);
}

/* Writes a log line: SF_LOG(host, SF_LOG_INFO, "c_desk", "%d orders", count); */
#define SF_LOG(host, level, target, ...) sf_log_at(host, level, target, __FILE__, __LINE__, __VA_ARGS__)

/*
 * JSON as it stands, without quotes to escape: SF_JSON({"service": "c_desk"}) is a string literal. Line breaks between
 * tokens become blanks.
 */
#define SF_JSON(...) #__VA_ARGS__

/* What `describe` does with a model that is a C string. */
static inline sf_status_t sf_describe(void *sink, sf_write_text_t write, const char *model) {
    write(sink, sf_text(model));
    return SF_OK;
}

/* For a service that keeps no host: it logs during its calls only. */
static inline void sf_no_attach(const sf_host_t *host) {
    (void)host;
}

/* For a service without setup functions. */
static inline sf_status_t sf_no_setup(const sf_host_t *host, sf_run_t *run, uint32_t hook, sf_text_t input, void *sink,
                                      sf_write_text_t write) {
    (void)input, (void)sink, (void)write;
    return sf_failf(host, run, "no_such_function", "the service has no setup function %u", (unsigned)hook);
}

#ifdef __VERSION__
#define SF_BUILT_WITH "service_framework.h, compiler " __VERSION__
#else
#define SF_BUILT_WITH "service_framework.h"
#endif

/* The first members of a table. */
#define SF_TABLE_HEAD                                                               \
    SF_MAGIC, (uint32_t)sizeof(sf_plugin_t), SF_ABI_MAJOR, SF_ABI_MINOR, {          \
        SF_BUILT_WITH, sizeof(SF_BUILT_WITH) - 1                                    \
    }

#ifdef __cplusplus
#define SF_C_LINKAGE extern "C"
#else
#define SF_C_LINKAGE extern
#endif

#if defined(_WIN32)
#define SF_EXPORTED SF_C_LINKAGE __declspec(dllexport)
#elif defined(__GNUC__)
#define SF_EXPORTED SF_C_LINKAGE __attribute__((visibility("default")))
#else
#define SF_EXPORTED SF_C_LINKAGE
#endif

/*
 * Exports a table, a static of the type sf_plugin_t, as the service `name`. The name is an identifier; of several
 * services in one library, the one that is named after the file (lib<name>.so) runs.
 */
#define SF_EXPORT_TABLE(name, table)                                                              \
    SF_EXPORTED const sf_plugin_t *sf_plugin_v1__##name(void);                                    \
    const sf_plugin_t *sf_plugin_v1__##name(void) {                                               \
        return &(table);                                                                          \
    }                                                                                             \
    SF_EXPORTED const sf_plugin_t *sf_plugin_v1__##name(void)

/* Exports a service of these four functions: SF_SERVICE(c_desk, describe, create, destroy, call); */
#define SF_SERVICE(name, describe, create, destroy, call) \
    SF_SERVICE_WITH_TARGETS(name, describe, create, destroy, call, NULL, NULL, NULL)

/* Exports a service that has external targets, with the three functions of theirs. */
#define SF_SERVICE_WITH_TARGETS(name, describe, create, destroy, call, make_target, call_target, drop_target) \
    static const sf_plugin_t sf_table_of_##name = {SF_TABLE_HEAD, describe,    sf_no_attach, create,          \
                                                   destroy,       call,        sf_no_setup,  make_target,     \
                                                   call_target,   drop_target};                               \
    SF_EXPORT_TABLE(name, sf_table_of_##name)

#ifdef __cplusplus
}
#endif

#endif
