/* Heaps that a module owns: they go with it, and what they hold is part of the manager's statistics. */
#include "heap.h"
#include "support.h"

static void count(void *resource, void *user)
{
    (void)user;
    ++*(int *)resource;
}

static void a_heap_goes_with_its_module(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a.smf");
    lifecycle_heap *heap = make(NULL);
    lifecycle_resource resource = 0;
    lifecycle_cell blob = 0;
    int released = 0;
    EXPECT_OK(lifecycle_heap_blob(heap, "x", 1, &blob));
    EXPECT_OK(lifecycle_heap_finalize(heap, blob, count, &released, NULL));
    EXPECT_OK(lifecycle_own_heap(manager, module, heap, &resource));
    EXPECT(resource != 0);
    EXPECT_EQ(info_of(manager, module).resources, 1);
    EXPECT_STATUS(lifecycle_heap_destroy(heap), LIFECYCLE_E_BUSY);
    EXPECT_SENTENCE("module");
    EXPECT_STATUS(lifecycle_own_heap(manager, module, heap, NULL), LIFECYCLE_E_EXISTS);
    EXPECT_EQ(info_of(manager, module).resources, 1);
    EXPECT_EQ(released, 0);
    EXPECT_OK(unload(manager, module));
    EXPECT_EQ(released, 1);
    EXPECT_EQ(lifecycle_heap_alloc(heap, 1), LIFECYCLE_NO_CELL);
    EXPECT_STATUS(lifecycle_heap_collect(heap), LIFECYCLE_E_STALE);
    EXPECT_OK(lifecycle_destroy(manager));
}

static void statistics_add_up_over_heaps(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a.smf"), other = load(manager, "b.smf");
    struct machine m, n;
    machine(&m);
    machine(&n);
    EXPECT_EQ(stats_of(manager).heaps, 0);
    m.x[0] = list_of(m.heap, 1000);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_OK(lifecycle_own_heap(manager, module, m.heap, NULL));
    EXPECT_OK(lifecycle_own_heap(manager, other, n.heap, NULL));
    EXPECT_EQ(stats_of(manager).heaps, 2);
    EXPECT_EQ(stats_of(manager).heap_cells_live, 2000);
    EXPECT_EQ(stats_of(manager).heap_cells_committed, heap_stats(m.heap).committed + heap_stats(n.heap).committed);
    /* Collections of before are not the module's. */
    EXPECT_EQ(stats_of(manager).heap_collections, 0);
    n.x[0] = list_of(n.heap, MI);
    m.x[0] = 0;
    EXPECT_EQ(stats_of(manager).heap_cells_committed, heap_stats(m.heap).committed + heap_stats(n.heap).committed);
    EXPECT_OK(lifecycle_heap_collect(m.heap));
    EXPECT_OK(lifecycle_heap_collect(n.heap));
    EXPECT_EQ(stats_of(manager).heap_cells_live, 2 * MI);
    EXPECT_EQ(stats_of(manager).heap_collections, 2);
    EXPECT_OK(unload(manager, other));
    EXPECT_EQ(stats_of(manager).heaps, 1);
    EXPECT_EQ(stats_of(manager).heap_cells_live, 0);
    EXPECT_EQ(stats_of(manager).heap_cells_committed, heap_stats(m.heap).committed);
    EXPECT_EQ(stats_of(manager).heap_collections, 2);
    EXPECT_OK(unload(manager, module));
    EXPECT_EQ(stats_of(manager).heaps, 0);
    EXPECT_EQ(stats_of(manager).heap_cells_committed, 0);
    EXPECT_OK(lifecycle_destroy(manager));
    EXPECT_EQ(lifecycle_heap_alloc(m.heap, 1), LIFECYCLE_NO_CELL);
}

static void a_heap_that_is_disowned_is_the_hosts_again(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a.smf");
    lifecycle_heap *heap = make(NULL);
    lifecycle_resource resource = 0;
    EXPECT_OK(lifecycle_own_heap(manager, module, heap, &resource));
    EXPECT_OK(lifecycle_disown(manager, resource));
    EXPECT_EQ(stats_of(manager).heaps, 0);
    EXPECT_EQ(stats_of(manager).heap_cells_committed, 0);
    EXPECT_OK(lifecycle_own_heap(manager, module, heap, &resource));
    EXPECT_OK(lifecycle_disown(manager, resource));
    EXPECT_OK(unload(manager, module));
    EXPECT(lifecycle_heap_alloc(heap, 1) != LIFECYCLE_NO_CELL);
    EXPECT_OK(lifecycle_heap_destroy(heap));
    EXPECT_OK(lifecycle_destroy(manager));
}

static void a_heap_goes_with_the_manager(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a.smf");
    lifecycle_heap *heap = make(NULL);
    EXPECT_OK(lifecycle_own_heap(manager, module, heap, NULL));
    EXPECT_OK(lifecycle_destroy(manager));
    EXPECT_STATUS(lifecycle_heap_destroy(heap), LIFECYCLE_E_STALE);
}

struct unloading {
    lifecycle_manager *manager;
    lifecycle_module module;
};

static void unload_meanwhile(lifecycle_visitor *visitor, void *user)
{
    struct unloading *unloading = user;
    (void)visitor;
    if (unloading->module != 0)
        EXPECT_OK(unload(unloading->manager, unloading->module));
    unloading->module = 0;
}

static void a_heap_at_work_outlives_its_module(void)
{
    struct unloading unloading;
    lifecycle_heap *heap = make(NULL);
    unloading.manager = make_manager(NULL);
    unloading.module = load(unloading.manager, "a.smf");
    EXPECT_OK(lifecycle_own_heap(unloading.manager, unloading.module, heap, NULL));
    EXPECT_OK(lifecycle_heap_add_roots(heap, unload_meanwhile, &unloading));
    EXPECT_OK(lifecycle_heap_collect(heap));
    EXPECT_EQ(unloading.module, 0);
    EXPECT_EQ(stats_of(unloading.manager).heaps, 0);
    EXPECT(lifecycle_heap_alloc(heap, 1) != LIFECYCLE_NO_CELL);
    EXPECT_OK(lifecycle_heap_destroy(heap));
    EXPECT_OK(lifecycle_destroy(unloading.manager));
}

static void what_cannot_be_owned(void)
{
    lifecycle_manager *manager = make_manager(NULL);
    lifecycle_module module = load(manager, "a.smf");
    lifecycle_heap *heap = make(NULL);
    lifecycle_resource resource = 7;
    EXPECT_STATUS(lifecycle_own_heap(manager, module, NULL, &resource), LIFECYCLE_E_INVALID);
    EXPECT_EQ(resource, 0);
    EXPECT_STATUS(lifecycle_own_heap(manager, 0, heap, NULL), LIFECYCLE_E_INVALID);
    EXPECT_OK(unload(manager, module));
    EXPECT_STATUS(lifecycle_own_heap(manager, module, heap, NULL), LIFECYCLE_E_STALE);
    /* It stayed the caller's each time. */
    EXPECT_OK(lifecycle_heap_destroy(heap));
    EXPECT_STATUS(lifecycle_own_heap(manager, module, heap, NULL), LIFECYCLE_E_STALE);
    EXPECT_OK(lifecycle_destroy(manager));
}

int main(void)
{
    RUN(a_heap_goes_with_its_module);
    RUN(statistics_add_up_over_heaps);
    RUN(a_heap_that_is_disowned_is_the_hosts_again);
    RUN(a_heap_goes_with_the_manager);
    RUN(a_heap_at_work_outlives_its_module);
    RUN(what_cannot_be_owned);
    return expect_done();
}
