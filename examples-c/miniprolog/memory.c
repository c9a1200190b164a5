/* Memory: outside the heap, and what the heap is asked for; which slots of
 * an environment are alive; figures. */
#include "prolog.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Without memory for its own tables the program ends. */
void *must(void *at)
{
    if (at) return at;
    fputs("miniprolog: out of memory\n", stderr);
    exit(1);
}

/* Room for `need` things of a size. */
void *grow(void *at, size_t *room, size_t need, size_t size)
{
    if (need <= *room) return at;
    *room = need < 16 ? 32 : need * 2;
    if (*room > SIZE_MAX / size) must(NULL);
    return must(realloc(at, *room * size));
}

void push(cells *v, cell c)
{
    if (v->count == v->room)
        v->at = grow(v->at, &v->room, v->count + 1, sizeof *v->at);
    v->at[v->count++] = c;
}

void add_text(text *t, const char *at, size_t len)
{
    t->at = grow(t->at, &t->room, t->len + len + 1, 1);
    if (len) memcpy(t->at + t->len, at, len);
    t->len += len;
    t->at[t->len] = 0;
}

/* As UTF-8. */
void add_char(text *t, uint32_t c)
{
    char b[4];
    size_t n = 0;
    if (c < 0x80) {
        b[n++] = (char)c;
    } else if (c < 0x800) {
        b[n++] = (char)(0xc0 | c >> 6);
        b[n++] = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        b[n++] = (char)(0xe0 | c >> 12);
        b[n++] = (char)(0x80 | (c >> 6 & 0x3f));
        b[n++] = (char)(0x80 | (c & 0x3f));
    } else {
        b[n++] = (char)(0xf0 | c >> 18);
        b[n++] = (char)(0x80 | (c >> 12 & 0x3f));
        b[n++] = (char)(0x80 | (c >> 6 & 0x3f));
        b[n++] = (char)(0x80 | (c & 0x3f));
    }
    add_text(t, b, n);
}

/* One character; a byte that belongs to none counts as one. */
size_t read_utf8(const char *at, const char *end, uint32_t *out)
{
    const unsigned char *p = (const unsigned char *)at;
    size_t n = *p < 0xc0 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
    *out = *p;
    if (n == 1 || n > (size_t)(end - at)) return 1;
    uint32_t c = *p & (0xffu >> (n + 1));
    for (size_t k = 1; k < n; k++) {
        if ((p[k] & 0xc0) != 0x80) return 1;
        c = c << 6 | (p[k] & 0x3f);
    }
    *out = c;
    return n;
}

/* ---- the heap ---- */

/* Cells side by side; 0 when there are none, which a reserve before would
 * have told. */
uint64_t alloc(machine *m, uint64_t count)
{
    if (count > UINT32_MAX) return LIFECYCLE_NO_CELL;
    return lifecycle_heap_alloc(m->heap, (uint32_t)count);
}

/* A safepoint for builtins: their arguments are in X. */
bool reserve(machine *m, uint64_t count)
{
    return lifecycle_heap_reserve(m->heap, count) == LIFECYCLE_OK;
}

/* The compiler has put the set before each place where code goes on: the
 * words, how many, and the clause; see emit_site in emit.c. */
uint64_t live_slots(const lifecycle_frame *frame, const void *code,
                    uint32_t first, void *user)
{
    const word *at = code;
    uint64_t n = at[-2], k = first / 64;
    (void)frame;
    (void)user;
    return k < n ? at[-2 - (int64_t)n + (int64_t)k] : 0;
}

/* The variables are among the operands too; they are handed over for the day
 * when a collection moves cells, and must be told to all who hold one. */
void visit_reading(lifecycle_visitor *visitor, void *user)
{
    reading *r = &((machine *)user)->reading;
    for (size_t k = 0; k < r->operand_count; k++)
        lifecycle_visit(visitor, &r->operands[k].value);
    for (size_t k = 0; k < r->variable_count; k++)
        lifecycle_visit(visitor, &r->variables[k].value);
}

/* ---- figures ---- */

static int64_t milliseconds(clockid_t clock)
{
    struct timespec t;
    if (clock_gettime(clock, &t) != 0) return 0;
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static const struct figure {
    const char *name;
    size_t at;
} figures[] = {
    { "collections", offsetof(lifecycle_heap_stats, collections) },
    { "safepoints", offsetof(lifecycle_heap_stats, safepoints) },
    { "heap_allocated", offsetof(lifecycle_heap_stats, allocated) },
    { "heap_reclaimed", offsetof(lifecycle_heap_stats, reclaimed) },
    { "heap_live", offsetof(lifecycle_heap_stats, live) },
    { "heap_used", offsetof(lifecycle_heap_stats, used) },
    { "heap_high_water", offsetof(lifecycle_heap_stats, high_water) },
    { "heap_frontier", offsetof(lifecycle_heap_stats, frontier) },
    { "heap_max", offsetof(lifecycle_heap_stats, max_cells) },
    { "garbage_time", offsetof(lifecycle_heap_stats, time_total) },
    { "longest_pause", offsetof(lifecycle_heap_stats, longest_pause) },
    { "trail_dropped", offsetof(lifecycle_heap_stats, trail_dropped) },
    { "early_resets", offsetof(lifecycle_heap_stats, early_resets) },
    { "faults", offsetof(lifecycle_heap_stats, faults) },
};

static uint64_t figure_of(const lifecycle_heap_stats *s, size_t k)
{
    uint64_t n;
    memcpy(&n, (const char *)s + figures[k].at, sizeof n);
    return n;
}

/* statistics(+Key, -Value): times in milliseconds as [total, 0], the heap's
 * figures as numbers. */
outcome statistics(machine *m, cell *x)
{
    lifecycle_heap_stats s;
    atom key;
    if (!get_atom(m, x[0], &key)) return RAISED;
    const char *name = atom_text(m, key, NULL);
    if (strcmp(name, "inferences") == 0)
        return unify(m, x[1], INT((int64_t)m->inferences));
    if (strcmp(name, "trail") == 0)
        return unify(m, x[1], INT((int64_t)m->wam.tr_count));
    bool wall = strcmp(name, "walltime") == 0;
    if (wall || strcmp(name, "runtime") == 0 ||
        strcmp(name, "cputime") == 0) {
        int64_t now = milliseconds(wall ? CLOCK_MONOTONIC
                                        : CLOCK_PROCESS_CPUTIME_ID);
        cell both[2] = { INT(now), INT(0) };
        if (!reserve(m, 4)) return resource_error(m, "heap");
        return unify(m, x[1], make_list(m, both, 2, CON(A_NIL)));
    }
    lifecycle_heap_stats_get(m->heap, &s, sizeof s);
    for (size_t k = 0; k < sizeof figures / sizeof *figures; k++)
        if (strcmp(name, figures[k].name) == 0)
            return unify(m, x[1], INT((int64_t)figure_of(&s, k)));
    return domain_error(m, A_KEY, x[0]);
}

void print_statistics(machine *m, FILE *file)
{
    lifecycle_heap_stats s;
    lifecycle_heap_stats_get(m->heap, &s, sizeof s);
    for (size_t k = 0; k < sizeof figures / sizeof *figures; k++)
        fprintf(file, "%% %s %llu\n", figures[k].name,
                (unsigned long long)figure_of(&s, k));
    fprintf(file, "%% inferences %llu\n", (unsigned long long)m->inferences);
    fprintf(file, "%% clauses_reclaimed_in %llu passes\n",
            (unsigned long long)m->code_collections);
}
