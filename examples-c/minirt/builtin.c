/* The functions the language comes with. Each says with fail() what is wrong with its arguments. */
#include "minirt.h"

#include <stdlib.h>
#include <string.h>

static bool want(runtime *rt, value v, value_kind kind, const char *what) {
    return v.kind == kind || fail(rt, "%s, not %s", what, value_kind_name(v));
}

static bool print_all(runtime *rt, value *args, int count, const char *end) {
    for (int k = 0; k < count; k++) {
        string *s;
        if (!value_text(rt, args[k], &s)) return false;
        if (rt->quiet) continue;
        if (k) fputc(' ', stdout);
        fwrite(s->data, 1, (size_t)s->len, stdout);
    }
    if (!rt->quiet) fputs(end, stdout);
    return true;
}

static bool run_print(runtime *rt, value *args, int count, value *out) {
    (void)out;
    return print_all(rt, args, count, "\n");
}

static bool run_write(runtime *rt, value *args, int count, value *out) {
    (void)out;
    return print_all(rt, args, count, "");
}

static bool run_len(runtime *rt, value *args, int count, value *out) {
    (void)count;
    if (args[0].kind == V_STR) *out = int_value(args[0].as.str->len);
    else if (args[0].kind == V_LIST) *out = int_value(args[0].as.list->len);
    else return fail(rt, "len takes a str or list, not %s", value_kind_name(args[0]));
    return true;
}

static bool run_push(runtime *rt, value *args, int count, value *out) {
    (void)count, (void)out;
    return want(rt, args[0], V_LIST, "push takes a list") && list_push(rt, args[0].as.list, args[1]);
}

static bool run_pop(runtime *rt, value *args, int count, value *out) {
    (void)count;
    if (!want(rt, args[0], V_LIST, "pop takes a list")) return false;
    list *l = args[0].as.list;
    if (l->len == 0) return fail(rt, "pop from an empty list");
    *out = l->items[--l->len];
    if (l->heap.persistent) value_discard(rt, *out);
    return true;
}

static bool run_str(runtime *rt, value *args, int count, value *out) {
    (void)count;
    out->kind = V_STR;
    return value_text(rt, args[0], &out->as.str);
}

/* int("12") is 12; int of what is no number is nil. */
static bool run_int(runtime *rt, value *args, int count, value *out) {
    (void)count;
    if (args[0].kind == V_INT || args[0].kind == V_BOOL) {
        *out = int_value(args[0].as.i);
        return true;
    }
    if (!want(rt, args[0], V_STR, "int takes a str")) return false;
    const string *s = args[0].as.str;
    int64_t at = s->len > 0 && s->data[0] == '-', first = at;
    uint64_t n = 0;
    for (; at < s->len && s->data[at] >= '0' && s->data[at] <= '9' && n <= INT64_MAX / 10; at++)
        n = n * 10 + (uint64_t)(s->data[at] - '0');
    if (at == first || at < s->len || n > INT64_MAX) return true;
    *out = int_value(first ? -(int64_t)n : (int64_t)n);
    return true;
}

/* substr(s, start) or substr(s, start, len): what of it there is. */
static bool run_substr(runtime *rt, value *args, int count, value *out) {
    if (!want(rt, args[0], V_STR, "substr takes a str") || !want(rt, args[1], V_INT, "substr takes a start"))
        return false;
    if (count == 3 && !want(rt, args[2], V_INT, "substr takes a length")) return false;
    int64_t len = args[0].as.str->len, start = args[1].as.i < 0 ? 0 : args[1].as.i;
    if (start > len) start = len;
    int64_t take = count == 3 ? args[2].as.i : len;
    if (take < 0) take = 0;
    if (take > len - start) take = len - start;
    return string_from(rt, args[0].as.str->data + start, (size_t)take, out);
}

static bool run_ord(runtime *rt, value *args, int count, value *out) {
    (void)count;
    if (!want(rt, args[0], V_STR, "ord takes a str")) return false;
    if (args[0].as.str->len == 0) return fail(rt, "ord of an empty string");
    *out = int_value((unsigned char)args[0].as.str->data[0]);
    return true;
}

static bool run_chr(runtime *rt, value *args, int count, value *out) {
    (void)count;
    if (!want(rt, args[0], V_INT, "chr takes an int")) return false;
    if (args[0].as.i < 0 || args[0].as.i > 255) return fail(rt, "chr takes 0 to 255");
    char c = (char)args[0].as.i;
    return string_from(rt, &c, 1, out);
}

/* join(list, separator): one allocation, however many parts. */
static bool run_join(runtime *rt, value *args, int count, value *out) {
    (void)count;
    if (!want(rt, args[0], V_LIST, "join takes a list") || !want(rt, args[1], V_STR, "join takes a separator"))
        return false;
    const list *l = args[0].as.list;
    const string *sep = args[1].as.str;
    int64_t total = 0;
    for (int64_t k = 0; k < l->len; k++) {
        if (!want(rt, l->items[k], V_STR, "join takes a list of str")) return false;
        total += l->items[k].as.str->len + (k ? sep->len : 0);
    }
    string *joined = string_new(rt, total);
    if (!joined) return false;
    char *to = joined->data;
    for (int64_t k = 0; k < l->len; k++) {
        const string *part = l->items[k].as.str;
        if (k) to = (char *)memcpy(to, sep->data, (size_t)sep->len) + sep->len;
        to = (char *)memcpy(to, part->data, (size_t)part->len) + part->len;
    }
    *out = (value){ .kind = V_STR, .as.str = joined };
    return true;
}

static bool run_kind(runtime *rt, value *args, int count, value *out) {
    (void)count;
    const char *name = value_kind_name(args[0]);
    return string_from(rt, name, strlen(name), out);
}

static bool run_error(runtime *rt, value *args, int count, value *out) {
    (void)count, (void)out;
    string *s;
    return value_text(rt, args[0], &s) && fail(rt, "%.*s", (int)(s->len < 400 ? s->len : 400), s->data);
}

const builtin *builtin_find(const char *name) {
    static const builtin all[] = {
        { "print", 0, 250, run_print }, { "write", 0, 250, run_write }, { "len", 1, 1, run_len },
        { "push", 2, 2, run_push },     { "pop", 1, 1, run_pop },       { "str", 1, 1, run_str },
        { "int", 1, 1, run_int },       { "substr", 2, 3, run_substr }, { "ord", 1, 1, run_ord },
        { "chr", 1, 1, run_chr },       { "join", 2, 2, run_join },     { "kind", 1, 1, run_kind },
        { "error", 1, 1, run_error },
    };
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        if (strcmp(all[k].name, name) == 0) return &all[k];
    return NULL;
}
