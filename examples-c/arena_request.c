/*
 * One idea: a request owns nothing that must be freed one by one. Parse it,
 * build the answer, all in an arena; reset, and the next request finds the
 * same warm memory. Many requests later the arena is no bigger than after the
 * first few.
 */
#include <stdio.h>
#include <string.h>

#include "lifecycle.h"

/* A field of a query: `name=value`, both in the arena. */
struct field {
    const char *name;
    const char *value;
    struct field *next;
};

/* Splits "a=1&b=2" into fields; NULL when memory ran out. */
static struct field *parse(lifecycle_arena *arena, const char *query)
{
    struct field *first = NULL, **last = &first;

    while (*query != '\0') {
        size_t len = strcspn(query, "&");
        size_t name = strcspn(query, "=&");
        const char *value = query + name + (name < len);
        struct field *field = lifecycle_arena_alloc(arena, sizeof *field);

        if (field == NULL)
            return NULL;
        field->name = lifecycle_arena_strdup(arena, query, name);
        field->value = lifecycle_arena_strdup(arena, value,
                                              len - (size_t)(value - query));
        field->next = NULL;
        if (field->name == NULL || field->value == NULL)
            return NULL;
        *last = field;
        last = &field->next;
        query += len + (query[len] == '&');
    }
    return first;
}

/*
 * Writes the fields as text, which grows as they come: in place, since nothing
 * else is allocated meanwhile. NULL when memory ran out.
 */
static const char *answer(lifecycle_arena *arena, const struct field *fields)
{
    size_t len = 0;
    char *text = lifecycle_arena_alloc(arena, 1);

    for (; text != NULL && fields != NULL; fields = fields->next) {
        size_t more = strlen(fields->name) + strlen(fields->value) + 7;

        text = lifecycle_arena_grow(arena, text, len + 1, len + more + 1);
        if (text != NULL)
            sprintf(text + len, "  %s is %s\n", fields->name, fields->value);
        len += more;
    }
    if (text != NULL)
        text[len] = '\0';
    return text;
}

/* What an arena does not hold, a cleanup gives back: here it only counts. */
static void request_is_over(void *resource, void *user)
{
    (void)resource;
    ++*(long *)user;
}

int main(void)
{
    static const char *const queries[] = {
        "name=ada&born=1815",
        "page=7&sort=date&order=down&filter=&lang=en",
        "q=bump+allocator",
    };
    lifecycle_arena *arena;
    size_t warm = 0, most = 0, last;
    long over = 0, requests = 100000, i;

    if (lifecycle_arena_create(NULL, &arena) != LIFECYCLE_OK) {
        fprintf(stderr, "%s\n", lifecycle_last_error());
        return 1;
    }
    for (i = 0; i < requests; i++) {
        const char *query = queries[i % 3];
        const struct field *fields = parse(arena, query);
        const char *text = answer(arena, fields);

        if (fields == NULL || text == NULL ||
            lifecycle_arena_on_reset(arena, request_is_over, NULL, &over) !=
                LIFECYCLE_OK) {
            fprintf(stderr, "%s\n", lifecycle_last_error());
            return 1;
        }
        if (i < 3)
            printf("request %ld: %s\n%s", i + 1, query, text);
        if (lifecycle_arena_used(arena) > most)
            most = lifecycle_arena_used(arena);
        /* Everything above is gone with this, in a few instructions. */
        lifecycle_arena_reset(arena);
        if (i == 2)
            warm = lifecycle_arena_capacity(arena);
    }
    last = lifecycle_arena_capacity(arena);
    printf("%ld requests, %ld cleanups run, nothing freed one by one\n",
           requests, over);
    printf("the largest request used %lu bytes\n", (unsigned long)most);
    printf("the arena held %lu bytes after 3 requests, %lu at the end\n",
           (unsigned long)warm, (unsigned long)last);
    lifecycle_arena_destroy(arena);
    return last == warm && over == requests ? 0 : 1;
}
