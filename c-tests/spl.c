/*
 * Values of the Simple runtime: every block freed once, whatever the shape.
 * This program is such a runtime: it defines the types, and an spl_free that
 * counts and refuses to free what is not, or no longer, a block.
 */
#include <pthread.h>
#include <stdint.h>

#include "expect.h"

/* --- the runtime --- */

typedef struct SplValue SplValue;
typedef struct SplArray SplArray;
typedef struct SplDict SplDict;
typedef struct SplDictEntry SplDictEntry;

enum { NIL, BOOL, INT, FLOAT, STRING, ARRAY, DICT };

struct SplValue {
    int tag;
    union {
        int64_t integer;
        double real;
        char *string;
        SplArray *array;
        SplDict *dict;
    } as;
};

struct SplArray {
    SplValue *items;
    int64_t len, cap;
};

struct SplDictEntry {
    char *key;
    SplValue value;
    uint64_t hash;
    int occupied;
};

struct SplDict {
    SplDictEntry *entries;
    int64_t cap, len, tombstones;
};

void spl_free(void *block);

static long made, freed, bad_frees;

/* What is before each block, so that a wrong free is seen. */
#define ALIVE UINT64_C(0x616c697665626c6b)
#define DEAD UINT64_C(0x64656164626c6f63)
struct before {
    uint64_t sign;
    uint64_t pad;
};

static void *block(size_t size)
{
    struct before *at = calloc(1, sizeof *at + size);
    if (at == NULL)
        exit(1);
    at->sign = ALIVE;
    made++;
    return at + 1;
}

void spl_free(void *block)
{
    struct before *at = (struct before *)block - 1;
    if (at->sign != ALIVE) {
        bad_frees++;
        return;
    }
    at->sign = DEAD;
    freed++;
    free(at);
}

static SplValue text(const char *from)
{
    SplValue value;
    memset(&value, 0, sizeof value);
    value.tag = STRING;
    value.as.string = block(strlen(from) + 1);
    strcpy(value.as.string, from);
    return value;
}

static SplValue integer(int64_t number)
{
    SplValue value;
    memset(&value, 0, sizeof value);
    value.tag = INT;
    value.as.integer = number;
    return value;
}

static SplValue array(int64_t cap)
{
    SplValue value;
    memset(&value, 0, sizeof value);
    value.tag = ARRAY;
    value.as.array = block(sizeof(SplArray));
    value.as.array->items = block((size_t)cap * sizeof(SplValue));
    value.as.array->cap = cap;
    return value;
}

static void push(SplValue to, SplValue item)
{
    SplArray *at = to.as.array;
    if (at->len < at->cap)
        at->items[at->len++] = item;
}

static SplValue dict(int64_t cap)
{
    SplValue value;
    memset(&value, 0, sizeof value);
    value.tag = DICT;
    value.as.dict = block(sizeof(SplDict));
    value.as.dict->entries = block((size_t)cap * sizeof(SplDictEntry));
    value.as.dict->cap = cap;
    return value;
}

static void put(SplValue to, int64_t place, char *key, SplValue value,
                int occupied)
{
    SplDictEntry *entry = &to.as.dict->entries[place];
    entry->key = key;
    entry->value = value;
    entry->hash = 77;
    entry->occupied = occupied;
}

static void begin(void)
{
    made = freed = bad_frees = 0;
}

static void all_freed_once(void)
{
    EXPECT(made > 0);
    EXPECT_EQ(freed, made);
    EXPECT_EQ(bad_frees, 0);
}

/* --- the promises --- */

static void scalars_own_nothing(void)
{
    SplValue values[3];
    begin();
    values[0] = integer(5);
    values[1] = integer(0);
    values[1].tag = BOOL;
    values[2] = integer(0);
    values[2].tag = FLOAT;
    values[2].as.real = 1.5;
    spl_free_value(values[0]);
    spl_free_value(values[2]);
    spl_free_all_values(values, 3);
    EXPECT(values[0].tag == NIL && values[1].tag == NIL);
    EXPECT(values[2].tag == NIL);
    EXPECT_EQ(freed + bad_frees, 0);
}

static void a_text_alone(void)
{
    begin();
    spl_free_value(text("alone"));
    all_freed_once();
}

static void nothing_to_do(void)
{
    SplValue value;
    begin();
    value = text("stays");
    spl_free_all_values(NULL, 5);
    spl_free_all_values(&value, 0);
    spl_free_all_values(&value, -1);
    spl_free_all_values(&value, INT64_MIN);
    EXPECT_EQ(freed, 0);
    EXPECT(value.tag == STRING && strcmp(value.as.string, "stays") == 0);
    spl_free_all_values(&value, 1);
    EXPECT_EQ(value.tag, NIL);
    all_freed_once();
}

static void pointers_that_are_null(void)
{
    SplValue values[5];
    int tag;
    begin();
    for (tag = STRING; tag <= DICT; tag++) {
        values[tag - STRING] = integer(0);
        values[tag - STRING].tag = tag;
        spl_free_value(values[tag - STRING]);
    }
    values[3] = array(1);
    spl_free(values[3].as.array->items);
    values[3].as.array->items = NULL;
    values[3].as.array->len = 9;
    values[4] = dict(1);
    spl_free(values[4].as.dict->entries);
    values[4].as.dict->entries = NULL;
    spl_free_all_values(values, 5);
    all_freed_once();
}

static void values_in_values(void)
{
    SplValue all, inner, texts;
    int i;
    begin();
    all = array(3);
    inner = dict(4);
    texts = array(100);
    for (i = 0; i < 100; i++)
        push(texts, text("one of many"));
    put(inner, 0, text("key").as.string, texts, 1);
    put(inner, 2, text("other").as.string, integer(4), 1);
    push(all, inner);
    push(all, text("beside"));
    push(all, integer(7));
    spl_free_value(all);
    all_freed_once();
}

static void shared_texts_are_freed_once(void)
{
    SplValue shared, values[4], list, table;
    begin();
    shared = text("shared");
    list = array(3);
    push(list, shared);
    push(list, shared);
    table = dict(2);
    put(table, 0, shared.as.string, shared, 1);
    put(table, 1, text("own").as.string, list, 1);
    values[0] = shared;
    values[1] = list;
    values[2] = table;
    values[3] = shared;
    spl_free_all_values(values, 4);
    all_freed_once();
    EXPECT(values[0].tag == NIL && values[1].tag == NIL);
    EXPECT(values[2].tag == NIL && values[3].tag == NIL);

    begin();
    values[0] = values[1] = text("twice at the top");
    values[2] = text("another beside it");
    spl_free_all_values(values, 3);
    all_freed_once();

    begin();
    values[0] = text("one");
    values[1] = text("two");
    spl_free_all_values(values, 2);
    all_freed_once();
}

static void hazard_mem_01_a_shared_structure_does_not_explode(void)
{
    SplValue value;
    int depth;
    begin();
    value = array(0);
    /* 2^60 paths, 122 blocks. */
    for (depth = 0; depth < 60; depth++) {
        SplValue both = array(2);
        push(both, value);
        push(both, value);
        value = both;
    }
    spl_free_value(value);
    all_freed_once();
}

static void hazard_mem_02_cycles(void)
{
    SplValue self, a, b, values[2];
    begin();
    self = array(2);
    push(self, text("beside itself"));
    push(self, self);
    spl_free_value(self);
    all_freed_once();

    begin();
    a = array(2);
    b = dict(2);
    push(a, b);
    push(a, a);
    put(b, 0, text("a").as.string, a, 1);
    put(b, 1, text("b").as.string, b, 1);
    values[0] = a;
    values[1] = b;
    spl_free_all_values(values, 2);
    all_freed_once();
}

static void the_values_of_an_array_that_holds_itself(void)
{
    SplValue self, *items;
    begin();
    self = array(3);
    push(self, self);
    push(self, text("x"));
    push(self, self);
    /* The values lie in a block that they themselves own. */
    items = self.as.array->items;
    spl_free_all_values(items, 3);
    all_freed_once();
}

static void only_entries_in_use_own(void)
{
    SplValue table, junk = integer(0);
    begin();
    table = dict(8);
    junk.tag = STRING;
    junk.as.string = (char *)(uintptr_t)0x1234560;
    /* A removed entry keeps its old words; so may an empty one. */
    put(table, 1, junk.as.string, junk, -1);
    put(table, 2, junk.as.string, junk, 0);
    put(table, 3, text("k").as.string, text("v"), 1);
    put(table, 7, junk.as.string, junk, -1);
    table.as.dict->len = 1;
    table.as.dict->tombstones = 2;
    spl_free_value(table);
    all_freed_once();
}

static void items_beyond_the_length_are_not_looked_at(void)
{
    SplValue list, junk = integer(0x1234560);
    begin();
    list = array(4);
    junk.tag = STRING;
    list.as.array->items[3] = junk;
    push(list, text("one"));
    spl_free_value(list);
    all_freed_once();
}

static void an_unknown_tag_is_left_alone(void)
{
    SplValue values[2];
    begin();
    values[0] = integer(0x1234560);
    values[0].tag = 99;
    values[1] = text("freed");
    spl_free_value(values[0]);
    spl_free_all_values(values, 2);
    EXPECT(values[0].tag == 99 && values[1].tag == NIL);
    all_freed_once();
}

static void *deep(void *unused)
{
    long levels = expect_scale(1000000, 10000), i;
    SplValue value = text("at the bottom");
    for (i = 0; i < levels; i++) {
        SplValue outer;
        if (i % 2 == 0) {
            outer = array(1);
            push(outer, value);
        } else {
            outer = dict(1);
            put(outer, 0, NULL, value, 1);
        }
        value = outer;
    }
    spl_free_value(value);
    return unused;
}

static void hazard_mem_03_a_million_levels_in_a_small_stack(void)
{
    pthread_attr_t small;
    pthread_t thread;
    begin();
    EXPECT(pthread_attr_init(&small) == 0);
    EXPECT(pthread_attr_setstacksize(&small, (size_t)64 << 10) == 0);
    EXPECT(pthread_create(&thread, &small, deep, NULL) == 0);
    EXPECT(pthread_join(thread, NULL) == 0);
    pthread_attr_destroy(&small);
    all_freed_once();
    EXPECT(made > 10000);
}

static void a_wide_value(void)
{
    long number = expect_scale(300000, 3000), i;
    SplValue list;
    begin();
    list = array(number);
    for (i = 0; i < number; i++)
        push(list, text("wide"));
    spl_free_value(list);
    all_freed_once();
}

int main(void)
{
    RUN(scalars_own_nothing);
    RUN(a_text_alone);
    RUN(nothing_to_do);
    RUN(pointers_that_are_null);
    RUN(values_in_values);
    RUN(shared_texts_are_freed_once);
    RUN(hazard_mem_01_a_shared_structure_does_not_explode);
    RUN(hazard_mem_02_cycles);
    RUN(the_values_of_an_array_that_holds_itself);
    RUN(only_entries_in_use_own);
    RUN(items_beyond_the_length_are_not_looked_at);
    RUN(an_unknown_tag_is_left_alone);
    RUN(hazard_mem_03_a_million_levels_in_a_small_stack);
    RUN(a_wide_value);
    return expect_done();
}
