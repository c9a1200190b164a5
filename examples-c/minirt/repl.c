/* The read-eval-print loop. Every input is a small module of its own: what only computes is unloaded at once, what
 * declares something stays, and a later declaration of the same name goes in front of it. */
#include "minirt.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_INPUT (64 << 10)
#define MAX_AGE 100

/* Braces, brackets and parentheses still open, strings and comments left out. */
static int open_brackets(const char *text) {
    int open = 0;
    bool quoted = false;
    for (; *text; text++) {
        if (quoted && *text == '\\' && text[1]) text++;
        else if (*text == '"') quoted = !quoted;
        else if (*text == '\n') quoted = false;
        else if (quoted) continue;
        else if (*text == '#') while (text[1] && text[1] != '\n') text++;
        else if (strchr("([{", *text)) open++;
        else if (strchr(")]}", *text)) open--;
    }
    return open;
}

/* One input: a line, or lines until the brackets are closed. False at the end. */
static bool read_input(char *input, bool terminal) {
    size_t len = 0;
    do {
        if (terminal) fputs(len ? "... " : "> ", stdout), fflush(stdout);
        if (!fgets(input + len, (int)(MAX_INPUT - len), stdin)) return len > 0;
        len += strlen(input + len);
    } while (input[0] != ':' && open_brackets(input) > 0 && len + 1 < MAX_INPUT);
    return true;
}

static void show_error(runtime *rt) {
    if (!rt->failed) return;
    fflush(stdout);
    fprintf(stderr, "%s\n", rt->message);
    fflush(stderr);
    rt->failed = rt->unplaced = false;
}

/* Away with native code that was not used for `age` inputs: each input is an epoch. */
static uint64_t sweep(runtime *rt, uint64_t age) {
    lifecycle_sweep_report report = { 0 };
    size_t freed;
    if (lifecycle_sweep_unused(rt->manager, age, &report, sizeof report) != LIFECYCLE_OK)
        fail(rt, "%s", lifecycle_last_error());
    lifecycle_reclaim(rt->manager, &freed);
    return report.evicted;
}

static void evaluate(runtime *rt, const char *input, long number) {
    char path[32];
    size_t len = strlen(input);
    char *source = malloc(len + 1);
    if (!source) return;
    memcpy(source, input, len + 1);
    snprintf(path, sizeof path, "<repl:%ld>", number);
    module *m = module_load_text(rt, path, source, len, NULL);
    lifecycle_unload_report report;
    if (m && !m->decls && !m->globals) module_unload(rt, m, &report);
    uint64_t epoch;
    if (lifecycle_advance_epoch(rt->manager, &epoch) == LIFECYCLE_OK) sweep(rt, MAX_AGE);
}

/* ---- commands ---- */

static module *wanted(runtime *rt, const char *name) {
    module *m = module_named(rt, name);
    if (!m) fail(rt, "no module '%s' is loaded", name);
    return m;
}

static void command_load(runtime *rt, char *name, char *file) {
    (void)file;
    if (module_named(rt, name)) fail(rt, "'%s' is loaded already", name);
    else if (module_load(rt, name, NULL, 0)) printf("loaded %s\n", name);
}

static void command_reload(runtime *rt, char *name, char *file) {
    module *m = wanted(rt, name);
    if (m && module_reload(rt, m, *file ? file : m->path)) printf("reloaded %s\n", name);
}

static void command_unload(runtime *rt, char *name, char *file) {
    (void)file;
    lifecycle_unload_report r;
    module *m = wanted(rt, name);
    if (m && module_unload(rt, m, &r))
        printf("unloaded %s: %llu names, %llu resources\n", name, (unsigned long long)r.names,
               (unsigned long long)r.resources);
}

static int print_module(lifecycle_module id, const char *path, void *user) {
    lifecycle_module_info info;
    if (lifecycle_module_info_get(user, id, &info, sizeof info) != LIFECYCLE_OK) return 0;
    printf("%s: %llu names, %llu resources, %llu jit symbols, %llu exec symbols, %llu mappings\n", path,
           (unsigned long long)info.names, (unsigned long long)info.resources, (unsigned long long)info.jit_symbols,
           (unsigned long long)info.exec_symbols, (unsigned long long)info.mappings);
    return 0;
}

static void command_modules(runtime *rt, char *name, char *file) {
    (void)name, (void)file;
    lifecycle_each_module(rt->manager, print_module, rt->manager);
}

static int write_out(const char *bytes, size_t len, void *user) {
    return fwrite(bytes, 1, len, user) == len ? 0 : 1;
}

static void command_stats(runtime *rt, char *name, char *file) {
    (void)file;
    lifecycle_format format = strcmp(name, "json") == 0 ? LIFECYCLE_JSON : LIFECYCLE_TEXT;
    lifecycle_stats_print(rt->manager, format, write_out, stdout);
}

static void command_sweep(runtime *rt, char *name, char *file) {
    (void)file;
    uint64_t evicted = sweep(rt, *name ? (uint64_t)strtoul(name, NULL, 10) : MAX_AGE);
    printf("%llu evicted\n", (unsigned long long)evicted);
}

static void command_help(runtime *rt, char *name, char *file) {
    (void)rt, (void)name, (void)file;
    puts(":load FILE   :reload NAME [FILE]   :unload NAME   :modules   :stats [json]   :sweep [AGE]   :quit");
}

static void run_command(runtime *rt, char *input) {
    static const struct {
        const char *name;
        bool takes_name;
        void (*run)(runtime *, char *name, char *file);
    } commands[] = {
        { ":load", true, command_load },        { ":reload", true, command_reload },
        { ":unload", true, command_unload },    { ":modules", false, command_modules },
        { ":stats", false, command_stats },     { ":sweep", false, command_sweep },
        { ":help", false, command_help },
    };
    static char none[] = "";
    char *word = strtok(input, " \t\r\n"), *name = strtok(NULL, " \t\r\n"), *file = strtok(NULL, " \t\r\n");
    for (size_t k = 0; word && k < sizeof commands / sizeof *commands; k++) {
        if (strcmp(commands[k].name, word) != 0) continue;
        if (commands[k].takes_name && !name) fail(rt, "%s takes a name", word);
        else commands[k].run(rt, name ? name : none, file ? file : none);
        return;
    }
    fail(rt, "unknown command; :help lists them");
}

int run_repl(runtime *rt) {
    char *input = malloc(MAX_INPUT);
    if (!input) return 1;
    bool terminal = isatty(STDIN_FILENO) != 0;
    for (long number = 1; read_input(input, terminal); number++) {
        if (strncmp(input, ":quit", 5) == 0) break;
        if (input[0] == ':') run_command(rt, input);
        else evaluate(rt, input, number);
        show_error(rt);
        fflush(stdout);
    }
    free(input);
    return 0;
}
