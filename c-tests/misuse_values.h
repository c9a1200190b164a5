/*
 * misuse_values.h - of each kind of parameter of interpreter values the good
 * value and the bad ones.
 */
#ifndef LIFECYCLE_TESTS_MISUSE_VALUES_H
#define LIFECYCLE_TESTS_MISUSE_VALUES_H

#include "misuse_kinds.h"

static int do_compare(lifecycle_interp *interp, lifecycle_handle a, lifecycle_handle b, void *user)
{
    (void)interp, (void)user;
    return a < b ? -1 : a > b;
}
static lifecycle_status do_trace(lifecycle_interp *interp, lifecycle_handle script, const char *name, size_t name_len,
                                 const char *op, size_t op_len, void *user)
{
    (void)interp, (void)script, (void)name, (void)name_len, (void)op, (void)op_len, (void)user;
    return LIFECYCLE_OK;
}

static void fill_interps(struct world *w)
{
    static const enum kind kinds[] = {K_INTERP, K_INTERP_INSIDE, K_INTERP_LOCALS};
    good(w, K_INTERP, P(w->interp));
    good(w, K_INTERP_INSIDE, P(w->inside));
    good(w, K_INTERP_LOCALS, P(w->locals));
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        bad(w, kinds[i], "NULL", 0, INVALID);
        bad(w, kinds[i], "1", 1, INVALID);
        bad(w, kinds[i], "every bit set", UINT64_MAX, INVALID);
        bad(w, kinds[i], "destroyed", P(w->dead_interp), LIFECYCLE_E_STALE);
        bad(w, kinds[i], "inside an interpreter", P(w->interp) + 8, INVALID);
        bad(w, kinds[i], "a manager", P(w->manager), INVALID);
        bad(w, kinds[i], "an arena", P(w->arena), INVALID);
        bad(w, kinds[i], "its arena", P(lifecycle_interp_arena(w->interp)), INVALID);
        bad(w, kinds[i], "the stack", P(&w), INVALID);
    }
    bad(w, K_MANAGER, "an interpreter", P(w->interp), INVALID);
    bad(w, K_READER, "an interpreter", P(w->interp), INVALID);
    bad(w, K_ARENA, "an interpreter", P(w->interp), INVALID);
}

/* What no function takes for a value. */
static void bad_handles(struct world *w, enum kind kind)
{
    bad(w, kind, "of an eval that ended", w->stale, LIFECYCLE_E_STALE);
    bad(w, kind, "another interpreter's", w->others, ANY_FAILURE);
    bad(w, kind, "one that was not made yet", w->script + 1000, INVALID);
    bad(w, kind, "of a later generation", w->script + ((uint64_t)1 << 28), ANY_FAILURE);
    bad(w, kind, "every bit set", UINT64_MAX, INVALID);
    bad(w, kind, "a small number", 7, ANY_FAILURE);
    bad(w, kind, "a pointer", P(w), ANY_FAILURE);
    bad(w, kind, "a scope", w->scope, ANY_FAILURE);
}

static void handles_of(struct world *w, enum kind kind, lifecycle_handle the_good, lifecycle_handle wrong)
{
    good(w, kind, the_good);
    bad_handles(w, kind);
    bad(w, kind, "nil", 0, INVALID);
    if (wrong != 0)
        bad(w, kind, "of another kind", wrong, LIFECYCLE_E_TYPE);
}

static void fill_handles(struct world *w)
{
    static lifecycle_handle elements[2], with_nil[2], with_stale[2], with_foreign[2];
    lifecycle_interp *i = w->interp;
    lifecycle_handle listish = lifecycle_string(i, NAMED("a b"));
    handles_of(w, K_H_ANY, w->string, 0);
    handles_of(w, K_H_NUMBER, lifecycle_string(i, NAMED("12")), w->string);
    handles_of(w, K_H_INT, lifecycle_int(i, 12), w->string);
    handles_of(w, K_H_DOUBLE, lifecycle_double(i, 0.5), w->string);
    handles_of(w, K_H_LIST, w->list, w->string);
    handles_of(w, K_H_LISTISH, listish, w->string);
    handles_of(w, K_H_DICT, w->dict, w->string);
    handles_of(w, K_H_DICTISH, lifecycle_string(i, NAMED("a b")), w->string);
    handles_of(w, K_H_BUILDER, w->builder, w->string);
    handles_of(w, K_H_FOREIGN, w->foreign_thing, w->string);
    handles_of(w, K_H_KEY, w->key, 0);
    bad(w, K_H_KEY, "one that is not there", w->string, LIFECYCLE_E_NOT_FOUND);
    good(w, K_H_SCRIPT, w->script);
    bad_handles(w, K_H_SCRIPT);
    bad(w, K_H_SCRIPT, "nil, which is no trace's", 0, LIFECYCLE_E_NOT_FOUND);
    bad(w, K_H_SCRIPT, "no trace's", w->string, LIFECYCLE_E_NOT_FOUND);
    good(w, K_H_KNOWN, w->string);
    bad_handles(w, K_H_KNOWN);
    good(w, K_H_MAYBE, w->string);
    bad_handles(w, K_H_MAYBE);
    good(w, K_H_LIST_MAYBE, w->list);
    bad_handles(w, K_H_LIST_MAYBE);
    bad(w, K_H_LIST_MAYBE, "of another kind", w->string, LIFECYCLE_E_TYPE);
    elements[0] = elements[1] = with_nil[0] = with_stale[0] = with_foreign[0] = w->string;
    with_stale[1] = w->stale;
    with_foreign[1] = w->others;
    good(w, K_H_ELEMENTS, P(elements));
    bad(w, K_H_ELEMENTS, "NULL with a count", 0, INVALID);
    bad(w, K_H_ELEMENTS, "misaligned", P(elements) + 1, INVALID);
    bad(w, K_H_ELEMENTS, "nil in it", P(with_nil), INVALID);
    bad(w, K_H_ELEMENTS, "a stale one in it", P(with_stale), LIFECYCLE_E_STALE);
    bad(w, K_H_ELEMENTS, "another interpreter's in it", P(with_foreign), ANY_FAILURE);
    good(w, K_SCOPE, w->scope);
    bad(w, K_SCOPE, "0", 0, INVALID);
    bad(w, K_SCOPE, "every bit set", UINT64_MAX, INVALID);
    bad(w, K_SCOPE, "closed", w->closed, LIFECYCLE_E_STALE);
    bad(w, K_SCOPE, "a handle", w->string, INVALID);
    good(w, K_VALUE, P(w->value));
    bad(w, K_VALUE, "another interpreter's", P(w->others_value), INVALID);
}

static void word(struct world *w, enum kind kind, const char *text, const char *unknown)
{
    good(w, kind, P(text));
    bad(w, kind, "NULL with a length", 0, INVALID);
    if (unknown != NULL)
        bad(w, kind, "unknown", P(unknown), LIFECYCLE_E_NOT_FOUND);
}

static void fill_words(struct world *w)
{
    static const enum kind lengths[] = {K_NS_LEN, K_WORD_LEN, K_KNOWN_LEN};
    word(w, K_NS, "::mis", "::non");
    word(w, K_NS_NEW, "::new", NULL);
    bad(w, K_NS_NEW, "one that is there", P("::mis"), LIFECYCLE_E_EXISTS);
    word(w, K_WORD, "word", NULL);
    word(w, K_VAR, "var", "non");
    /* Of one that is not there it is told where it would be. */
    word(w, K_VAR_MADE, "made", NULL);
    word(w, K_LINK, "lnk", "non");
    word(w, K_COMMAND, "cmd", "non");
    word(w, K_OPS, "ops", "non");
    word(w, K_THING, "thg", "non");
    good(w, K_NS_LEN, 5);
    good(w, K_WORD_LEN, 4);
    good(w, K_KNOWN_LEN, 3);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        bad(w, lengths[i], "huge", SIZE_MAX, INVALID);
    bad(w, K_KNOWN_LEN, "too short", 2, LIFECYCLE_E_NOT_FOUND);
    good(w, K_TYPE, P("a type"));
    bad(w, K_TYPE, "NULL", 0, INVALID);
}

static void fill_counts(struct world *w)
{
    static const enum kind places[] = {K_DEPTH, K_LEVEL, K_INDEX};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        bad(w, places[i], "beyond the last", 99, LIFECYCLE_E_RANGE);
        bad(w, places[i], "huge", SIZE_MAX, LIFECYCLE_E_RANGE);
    }
    good(w, K_CAPACITY, 100);
    bad(w, K_CAPACITY, "huge", SIZE_MAX, ANY_FAILURE);
    bad(w, K_CAPACITY, "half of memory", SIZE_MAX / 2, ANY_FAILURE);
    good(w, K_BYTE, 'b');
    bad(w, K_BYTE, "256", 256, LIFECYCLE_E_RANGE);
    bad(w, K_BYTE, "-1", UINT64_MAX, LIFECYCLE_E_RANGE);
    good(w, K_WHOLE, (uint64_t)INT64_MIN);
    good(w, K_REAL, 7);
    good(w, K_FLAG, 1);
    good(w, K_SPACE, 77);
    good(w, K_SPACE_KNOWN, 1);
    bad(w, K_SPACE_KNOWN, "another one", 2, LIFECYCLE_E_NOT_FOUND);
    good(w, K_POSITIVE, 3);
    bad(w, K_POSITIVE, "0", 0, INVALID);
    bad(w, K_POSITIVE, "-1", UINT64_MAX, INVALID);
    good(w, K_COMPARE, P(do_compare));
    good(w, K_TRACE, P(do_trace));
    bad(w, K_TRACE, "NULL", 0, INVALID);
}

static lifecycle_interp_options *interp_with(int *n)
{
    static lifecycle_interp_options some[8];
    lifecycle_interp_options fresh = LIFECYCLE_INTERP_OPTIONS_INIT;
    some[*n] = fresh;
    return &some[(*n)++];
}

static void fill_interp_options(struct world *w)
{
    static struct {
        lifecycle_interp_options known;
        uint64_t unknown;
    } later;
    lifecycle_interp_options *o;
    int n = 0;
    good(w, K_INTERP_OPTIONS, P(interp_with(&n)));
    (o = interp_with(&n))->size = 0;
    bad(w, K_INTERP_OPTIONS, "of no size", P(o), INVALID);
    (o = interp_with(&n))->size = SIZE_MAX;
    bad(w, K_INTERP_OPTIONS, "of a huge size", P(o), INVALID);
    (o = interp_with(&n))->reserved = 1;
    bad(w, K_INTERP_OPTIONS, "reserved is not 0", P(o), INVALID);
    (o = interp_with(&n))->allocator.alloc = do_alloc;
    bad(w, K_INTERP_OPTIONS, "an allocator that cannot free", P(o), INVALID);
    later.known = *interp_with(&n);
    later.known.size = sizeof later;
    later.unknown = 1;
    bad(w, K_INTERP_OPTIONS, "a field of a later version", P(&later), LIFECYCLE_E_UNSUPPORTED);
    bad(w, K_INTERP_OPTIONS, "misaligned", P(o) + 1, INVALID);
}

static void fill_values(struct world *w)
{
    fill_interps(w);
    fill_handles(w);
    fill_words(w);
    fill_counts(w);
    fill_interp_options(w);
}

#endif
