/* Heaps: what is done when cells die: finalizers; and weak references, which do not keep what they name. */
#include <sys/wait.h>
#include <unistd.h>

#include "heap.h"

/* --- finalizers --- */

static char released[64];

/* The resource is a text, which is added to what was released. */
static void release(void *resource, void *user)
{
    strncat(released, resource, sizeof released - strlen(released) - 1);
    if (user != NULL)
        ++*(int *)user;
}

static void finalize(lifecycle_heap *heap, lifecycle_cell cell, const char *text)
{
    EXPECT_OK(lifecycle_heap_finalize(heap, cell, release, (void *)(uintptr_t)text, NULL));
}

static void expect_released(const char *file, int line, const char *want)
{
    if (strcmp(released, want) != 0) {
        expect_failures++;
        fprintf(stderr, "%s:%d: in %s: released \"%s\", not \"%s\"\n", file, line, expect_test, released, want);
    }
    released[0] = '\0';
}
#define EXPECT_RELEASED(want) expect_released(__FILE__, __LINE__, (want))

static void finalizers_run_when_what_they_watch_has_died(void)
{
    struct machine m;
    lifecycle_cell blob = 0;
    machine(&m);
    EXPECT_OK(lifecycle_heap_blob(m.heap, "resource", 8, &blob));
    m.x[0] = blob;
    m.x[1] = structure(m.heap, 2, 0);
    m.x[2] = cons(m.heap, NIL, NIL);
    m.x[3] = lifecycle_make_ref(variable(m.heap));
    finalize(m.heap, m.x[0], "b");
    finalize(m.heap, m.x[1], "s");
    finalize(m.heap, m.x[2], "l");
    finalize(m.heap, m.x[3], "v");
    EXPECT_EQ(heap_stats(m.heap).finalizers, 4);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_RELEASED("");
    m.x[1] = 0;
    litter(m.heap, 100);
    EXPECT_OK(lifecycle_heap_safepoint(m.heap));
    EXPECT_RELEASED("");
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_RELEASED("s");
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_RELEASED("");
    EXPECT_EQ(heap_stats(m.heap).finalizers, 3);
    EXPECT_EQ(heap_stats(m.heap).finalized, 1);
    memset(m.x, 0, sizeof m.x);
    /* The newest first. */
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_RELEASED("vlb");
    EXPECT_EQ(heap_stats(m.heap).finalizers, 0);
    EXPECT_EQ(heap_stats(m.heap).finalized, 4);
    end(m.heap);
    EXPECT_RELEASED("");
}

static void one_object_may_have_several(void)
{
    struct machine m;
    int calls = 0;
    machine(&m);
    m.x[0] = structure(m.heap, 1, 0);
    m.x[1] = structure(m.heap, 1, 0);
    finalize(m.heap, m.x[0], "1");
    finalize(m.heap, m.x[1], "a");
    finalize(m.heap, m.x[0], "2");
    EXPECT_OK(lifecycle_heap_finalize(m.heap, m.x[0], release, "2", &calls));
    m.x[0] = 0;
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_RELEASED("221");
    EXPECT_EQ(calls, 1);
    m.x[1] = 0;
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_RELEASED("a");
    end(m.heap);
}

static void a_heap_that_goes_releases_all(void)
{
    struct machine m;
    machine(&m);
    m.x[0] = structure(m.heap, 1, 0);
    finalize(m.heap, m.x[0], "a");
    finalize(m.heap, cons(m.heap, NIL, NIL), "b");
    finalize(m.heap, m.x[0], "c");
    end(m.heap);
    EXPECT_RELEASED("cba");
}

static void what_backtracking_takes_is_released_at_the_next_safepoint(void)
{
    struct machine m;
    struct choice choice;
    int round;
    machine(&m);
    m.x[0] = structure(m.heap, 1, 0);
    finalize(m.heap, m.x[0], "o");
    for (round = 0; round < 3; round++) {
        lifecycle_cell fresh;
        push(&m, &choice);
        EXPECT_EQ(choice.head.watches, 1);
        fresh = structure(m.heap, 1, 0);
        finalize(m.heap, fresh, "a");
        finalize(m.heap, fresh, "b");
        EXPECT_OK(lifecycle_wam_backtrack(m.heap));
        EXPECT_RELEASED("");
        /* Nor does an allocation release. */
        litter(m.heap, 10);
        EXPECT_RELEASED("");
        EXPECT(m.heap->due != 0);
        EXPECT_OK(lifecycle_heap_safepoint(m.heap));
        EXPECT_RELEASED("ba");
        EXPECT_EQ(heap_stats(m.heap).finalizers, 1);
        EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
    }
    /* It was no collection that was due. */
    EXPECT_EQ(heap_stats(m.heap).collections, 0);
    m.x[0] = 0;
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_RELEASED("o");
    end(m.heap);
}

/* An old object that is watched since the choicepoint: going back takes neither. */
static void a_watch_on_what_is_older_stays(void)
{
    struct machine m;
    struct choice choice;
    lifecycle_weak weak = 0;
    lifecycle_cell cell = 0;
    machine(&m);
    m.x[0] = structure(m.heap, 1, 0);
    push(&m, &choice);
    finalize(m.heap, m.x[0], "a");
    EXPECT_OK(lifecycle_weak_create(m.heap, m.x[0], &weak));
    finalize(m.heap, structure(m.heap, 1, 0), "b");
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    EXPECT_OK(lifecycle_heap_safepoint(m.heap));
    EXPECT_RELEASED("b");
    EXPECT_OK(lifecycle_weak_get(m.heap, weak, &cell));
    EXPECT_EQ(cell, m.x[0]);
    EXPECT_OK(lifecycle_wam_choice_pop(m.heap));
    m.x[0] = 0;
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_RELEASED("a");
    EXPECT_STATUS(lifecycle_weak_get(m.heap, weak, &cell), LIFECYCLE_E_NOT_FOUND);
    end(m.heap);
}

/* A collection that drops what is older tells choicepoints how much is left. */
static void a_choicepoint_knows_its_watches_after_a_collection(void)
{
    struct machine m;
    struct choice first, second;
    machine(&m);
    m.x[0] = structure(m.heap, 1, 0);
    finalize(m.heap, structure(m.heap, 1, 0), "d");
    finalize(m.heap, m.x[0], "o");
    push(&m, &first);
    m.x[1] = structure(m.heap, 1, 0);
    finalize(m.heap, m.x[1], "m");
    finalize(m.heap, structure(m.heap, 1, 0), "e");
    push(&m, &second);
    EXPECT(first.head.watches == 2 && second.head.watches == 4);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_RELEASED("ed");
    EXPECT(first.head.watches == 1 && second.head.watches == 2);
    finalize(m.heap, structure(m.heap, 1, 0), "n");
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    EXPECT_OK(lifecycle_heap_safepoint(m.heap));
    EXPECT_RELEASED("n");
    EXPECT_OK(lifecycle_wam_cut(m.heap, NULL));
    end(m.heap);
    EXPECT_RELEASED("mo");
}

/* Cells that are taken back and handed out again before a safepoint are not what was watched. */
static void cells_that_are_used_again_are_not_watched(void)
{
    struct machine m;
    struct choice choice;
    lifecycle_cell gone, fresh;
    lifecycle_weak weak = 0;
    machine(&m);
    push(&m, &choice);
    gone = structure(m.heap, 1, 0);
    finalize(m.heap, gone, "g");
    EXPECT_OK(lifecycle_weak_create(m.heap, gone, &weak));
    EXPECT_OK(lifecycle_wam_backtrack(m.heap));
    m.x[0] = fresh = structure(m.heap, 1, 0);
    EXPECT_EQ(fresh, gone);
    EXPECT_STATUS(lifecycle_weak_get(m.heap, weak, &fresh), LIFECYCLE_E_NOT_FOUND);
    EXPECT_EQ(fresh, 0);
    finalize(m.heap, m.x[0], "n");
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_RELEASED("g");
    EXPECT_OK(lifecycle_wam_cut(m.heap, NULL));
    end(m.heap);
    EXPECT_RELEASED("n");
}

struct busy {
    struct machine m;
    int calls;
    int again; /* watch something new so many times */
};

/* What a finalizer may do: anything but end the heap. */
static void work(void *resource, void *user)
{
    struct busy *busy = user;
    struct machine *m = &busy->m;
    lifecycle_cell blob = 0;
    lifecycle_weak weak = 0;
    uint64_t collections = heap_stats(m->heap).collections;
    EXPECT(resource == busy);
    busy->calls++;
    EXPECT_STATUS(lifecycle_heap_destroy(m->heap), LIFECYCLE_E_BUSY);
    m->x[1] = sample(m->heap, busy->calls);
    EXPECT_OK(lifecycle_heap_blob(m->heap, "bytes", 5, &blob));
    EXPECT_OK(lifecycle_weak_create(m->heap, blob, &weak));
    EXPECT_OK(lifecycle_heap_reserve(m->heap, 1000));
    EXPECT_OK(lifecycle_heap_collect(m->heap));
    EXPECT_EQ(heap_stats(m->heap).collections, collections + 1);
    EXPECT_STATUS(lifecycle_weak_get(m->heap, weak, &blob), LIFECYCLE_E_NOT_FOUND);
    EXPECT_OK(lifecycle_weak_drop(m->heap, weak));
    litter(m->heap, 100);
    EXPECT(is_sample(m->heap, m->x[1], busy->calls));
    EXPECT_WHOLE(m->heap);
    if (busy->again-- > 0)
        EXPECT_OK(lifecycle_heap_finalize(m->heap, structure(m->heap, 1, 0), work, busy, busy));
}

static void hazard_mem_20_a_finalizer_uses_the_heap(void)
{
    struct busy busy;
    memset(&busy, 0, sizeof busy);
    machine(&busy.m);
    EXPECT_OK(lifecycle_heap_finalize(busy.m.heap, structure(busy.m.heap, 1, 0), work, &busy, &busy));
    EXPECT_OK(lifecycle_heap_finalize(busy.m.heap, structure(busy.m.heap, 2, 0), work, &busy, &busy));
    EXPECT_OK(lifecycle_heap_collect(busy.m.heap));
    EXPECT_EQ(busy.calls, 2);
    busy.again = 3;
    EXPECT_OK(lifecycle_heap_finalize(busy.m.heap, structure(busy.m.heap, 2, 0), work, &busy, &busy));
    EXPECT_OK(lifecycle_heap_collect(busy.m.heap));
    while (busy.calls < 6) {
        int before = busy.calls;
        EXPECT_OK(lifecycle_heap_collect(busy.m.heap));
        EXPECT(busy.calls > before);
        if (busy.calls == before)
            break;
    }
    EXPECT_EQ(busy.calls, 6);
    EXPECT_EQ(heap_stats(busy.m.heap).finalizers, 0);
    EXPECT_EQ(heap_stats(busy.m.heap).finalized, 6);
    end(busy.m.heap);
}

static void end_it(void *resource, void *user)
{
    EXPECT_STATUS(lifecycle_heap_destroy(resource), LIFECYCLE_E_BUSY);
    ++*(int *)user;
}

static void hazard_mem_20_a_finalizer_cannot_end_the_heap_that_ends(void)
{
    lifecycle_heap *heap = make_verified();
    int calls = 0;
    EXPECT_OK(lifecycle_heap_finalize(heap, structure(heap, 1, 0), end_it, heap, &calls));
    EXPECT_OK(lifecycle_heap_finalize(heap, structure(heap, 1, 0), end_it, heap, &calls));
    EXPECT_OK(lifecycle_heap_destroy(heap));
    EXPECT_EQ(calls, 2);
    EXPECT_STATUS(lifecycle_heap_destroy(heap), LIFECYCLE_E_STALE);
}

static void what_cannot_be_watched(void)
{
    static const lifecycle_cell no_references[] = {7 << 3 | LIFECYCLE_TAG_INT, 7 << 3 | LIFECYCLE_TAG_CON,
                                                   7 << 3 | LIFECYCLE_TAG_FUN, 7 << 3 | LIFECYCLE_TAG_BLOB,
                                                   7 << 3 | LIFECYCLE_TAG_HOST};
    static const uint64_t nowhere[] = {0, 1ull << 32, (1ull << 61) - 1};
    lifecycle_heap *heap = make_verified();
    lifecycle_cell cell = structure(heap, 1, 0);
    lifecycle_weak weak = 5;
    size_t i;
    EXPECT_STATUS(lifecycle_heap_finalize(heap, cell, NULL, NULL, NULL), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_weak_create(heap, cell, NULL), LIFECYCLE_E_INVALID);
    for (i = 0; i < COUNT(no_references); i++) {
        EXPECT_STATUS(lifecycle_heap_finalize(heap, no_references[i], release, "x", NULL), LIFECYCLE_E_TYPE);
        EXPECT_STATUS(lifecycle_weak_create(heap, no_references[i], &weak), LIFECYCLE_E_TYPE);
        EXPECT_EQ(weak, 0);
    }
    for (i = 0; i < COUNT(nowhere); i++) {
        EXPECT_STATUS(lifecycle_heap_finalize(heap, lifecycle_make_str(nowhere[i]), release, "x", NULL),
                      LIFECYCLE_E_RANGE);
        EXPECT_STATUS(lifecycle_heap_finalize(heap, lifecycle_make_lis(nowhere[i]), release, "x", NULL),
                      LIFECYCLE_E_RANGE);
        EXPECT_STATUS(lifecycle_weak_create(heap, lifecycle_make_ref(nowhere[i]), &weak), LIFECYCLE_E_RANGE);
    }
    EXPECT_EQ(heap_stats(heap).finalizers, 0);
    EXPECT_EQ(heap_stats(heap).weak, 0);
    end(heap);
    EXPECT_RELEASED("");
}

static void a_forked_child_releases_its_own(void)
{
    struct machine m;
    int status = -1;
    pid_t child;
    machine(&m);
    finalize(m.heap, structure(m.heap, 1, 0), "a");
    child = fork();
    if (child == 0) {
        int good = lifecycle_heap_collect(m.heap) == LIFECYCLE_OK && strcmp(released, "a") == 0;
        _exit(good ? 0 : 1);
    }
    EXPECT(waitpid(child, &status, 0) == child);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    EXPECT_RELEASED("");
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_RELEASED("a");
    end(m.heap);
}

/* --- weak references --- */

static void weak_references_name_what_they_do_not_keep(void)
{
    struct machine m;
    lifecycle_weak weak[4];
    lifecycle_cell found = 0;
    size_t i;
    machine(&m);
    m.x[0] = structure(m.heap, 1, 5);
    m.x[1] = cons(m.heap, NIL, NIL);
    m.x[2] = lifecycle_make_ref(variable(m.heap));
    EXPECT_OK(lifecycle_heap_blob(m.heap, "blob", 4, &m.x[3]));
    for (i = 0; i < 4; i++) {
        EXPECT_OK(lifecycle_weak_create(m.heap, m.x[i], &weak[i]));
        EXPECT(weak[i] != 0 && (i == 0 || weak[i] != weak[i - 1]));
    }
    EXPECT_EQ(heap_stats(m.heap).weak, 4);
    collect_and_litter(m.heap, 100);
    for (i = 0; i < 4; i++) {
        EXPECT_OK(lifecycle_weak_get(m.heap, weak[i], &found));
        EXPECT_EQ(found, m.x[i]);
    }
    EXPECT(is_structure(m.heap, m.x[0], 1, 5));
    for (i = 0; i < 4; i += 2)
        m.x[i] = 0;
    collect_and_litter(m.heap, 100);
    for (i = 0; i < 4; i++) {
        EXPECT_STATUS(lifecycle_weak_get(m.heap, weak[i], &found),
                      i % 2 == 0 ? LIFECYCLE_E_NOT_FOUND : LIFECYCLE_OK);
        EXPECT_EQ(found, m.x[i]);
    }
    EXPECT_EQ(heap_stats(m.heap).weak, 4);
    EXPECT_EQ(heap_stats(m.heap).weak_cleared, 2);
    for (i = 0; i < 4; i++) {
        EXPECT_OK(lifecycle_weak_drop(m.heap, weak[i]));
        EXPECT_STATUS(lifecycle_weak_drop(m.heap, weak[i]), LIFECYCLE_E_STALE);
        EXPECT_STATUS(lifecycle_weak_get(m.heap, weak[i], &found), LIFECYCLE_E_STALE);
        EXPECT_EQ(found, 0);
    }
    EXPECT_EQ(heap_stats(m.heap).weak, 0);
    end(m.heap);
}

static void names_are_never_used_again(void)
{
    struct machine m;
    lifecycle_weak first = 0, next = 0, foreign = 0;
    lifecycle_heap *other = make_verified();
    lifecycle_cell found = 1;
    int i;
    machine(&m);
    m.x[0] = structure(m.heap, 1, 0);
    EXPECT_OK(lifecycle_weak_create(m.heap, m.x[0], &first));
    EXPECT_OK(lifecycle_weak_drop(m.heap, first));
    for (i = 0; i < 1000; i++) {
        EXPECT_OK(lifecycle_weak_create(m.heap, m.x[0], &next));
        EXPECT(next != first);
        EXPECT_STATUS(lifecycle_weak_get(m.heap, first, &found), LIFECYCLE_E_STALE);
        EXPECT_OK(lifecycle_weak_drop(m.heap, next));
    }
    EXPECT_OK(lifecycle_weak_create(m.heap, m.x[0], &next));
    EXPECT_OK(lifecycle_weak_create(other, structure(other, 1, 0), &foreign));
    EXPECT(foreign != next);
    EXPECT_STATUS(lifecycle_weak_get(m.heap, foreign, &found), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_weak_drop(m.heap, foreign), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_weak_get(other, next, &found), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_weak_get(m.heap, 0, &found), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_weak_get(m.heap, UINT64_MAX, &found), LIFECYCLE_E_TYPE);
    EXPECT_STATUS(lifecycle_weak_get(m.heap, 7, &found), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_weak_get(m.heap, next, NULL), LIFECYCLE_E_INVALID);
    EXPECT_OK(lifecycle_weak_get(m.heap, next, &found));
    EXPECT_EQ(found, m.x[0]);
    end(other);
    EXPECT_STATUS(lifecycle_weak_get(other, foreign, &found), LIFECYCLE_E_STALE);
    end(m.heap);
    EXPECT_STATUS(lifecycle_weak_get(m.heap, next, &found), LIFECYCLE_E_STALE);
    EXPECT_STATUS(lifecycle_weak_drop(m.heap, next), LIFECYCLE_E_STALE);
}

static void many_weak_references_and_finalizers(void)
{
    struct machine m;
    enum { MANY = 20000 };
    static lifecycle_weak weak[MANY];
    static char text[] = "";
    lifecycle_cell found = 0;
    int calls = 0, i;
    machine(&m);
    m.x[0] = NIL;
    for (i = 0; i < MANY; i++) {
        lifecycle_cell cell = structure(m.heap, 1, i);
        EXPECT_OK(lifecycle_weak_create(m.heap, cell, &weak[i]));
        EXPECT_OK(lifecycle_heap_finalize(m.heap, cell, release, text, &calls));
        if (i % 3 == 0)
            m.x[0] = cons(m.heap, cell, m.x[0]);
    }
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(calls, MANY - (MANY + 2) / 3);
    for (i = 0; i < MANY; i++) {
        EXPECT_STATUS(lifecycle_weak_get(m.heap, weak[i], &found), i % 3 == 0 ? LIFECYCLE_OK : LIFECYCLE_E_NOT_FOUND);
        EXPECT((i % 3 == 0) == is_structure(m.heap, found, 1, i));
        if (i % 2 == 0)
            EXPECT_OK(lifecycle_weak_drop(m.heap, weak[i]));
    }
    EXPECT_EQ(heap_stats(m.heap).weak, MANY / 2);
    m.x[0] = 0;
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(calls, MANY);
    EXPECT_EQ(heap_stats(m.heap).weak_cleared, heap_stats(m.heap).weak);
    end(m.heap);
}

/* A weak reference to a part: it names that cell. */
static void a_weak_reference_to_a_part(void)
{
    struct machine m;
    lifecycle_cell whole, found = 0;
    lifecycle_weak weak = 0;
    machine(&m);
    m.x[0] = whole = structure(m.heap, 9, 0);
    EXPECT_OK(lifecycle_weak_create(m.heap, lifecycle_make_ref(lifecycle_cell_index(whole) + 4), &weak));
    m.x[0] = lifecycle_make_ref(lifecycle_cell_index(whole) + 4);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_EQ(heap_stats(m.heap).live, 1);
    EXPECT_OK(lifecycle_weak_get(m.heap, weak, &found));
    EXPECT_EQ(found, m.x[0]);
    m.x[0] = 0;
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_STATUS(lifecycle_weak_get(m.heap, weak, &found), LIFECYCLE_E_NOT_FOUND);
    end(m.heap);
}

int main(void)
{
    RUN(finalizers_run_when_what_they_watch_has_died);
    RUN(one_object_may_have_several);
    RUN(a_heap_that_goes_releases_all);
    RUN(what_backtracking_takes_is_released_at_the_next_safepoint);
    RUN(a_watch_on_what_is_older_stays);
    RUN(a_choicepoint_knows_its_watches_after_a_collection);
    RUN(cells_that_are_used_again_are_not_watched);
    RUN(hazard_mem_20_a_finalizer_uses_the_heap);
    RUN(hazard_mem_20_a_finalizer_cannot_end_the_heap_that_ends);
    RUN(what_cannot_be_watched);
    RUN(a_forked_child_releases_its_own);
    RUN(weak_references_name_what_they_do_not_keep);
    RUN(names_are_never_used_again);
    RUN(many_weak_references_and_finalizers);
    RUN(a_weak_reference_to_a_part);
    return expect_done();
}
