/*
 * A stand-in for an interpreter's core in C, linked with feather_arena.o: its
 * eval builds a list of words, and calls the host in the middle, which may
 * eval again. wasm/test.mjs runs it.
 */
#include "feather_arena.h"

struct word {
    struct word *next;
    size_t len;
    char text[];
};

__attribute__((import_module("host"), import_name("command")))
int host_command(int depth);

static struct word *push(struct word *list, const char *text, size_t len)
{
    struct word *word = feather_arena_alloc(sizeof *word + len);
    size_t i;
    if (word == NULL)
        return NULL;
    word->next = list;
    word->len = len;
    for (i = 0; i < len; i++)
        word->text[i] = text[i];
    return word;
}

/*
 * Splits a script at its spaces, runs the host's command while the words are
 * in use, and returns how many bytes they have; -1 when memory runs out or
 * the words have changed meanwhile.
 */
__attribute__((export_name("eval")))
int eval(const char *script, size_t len, int depth)
{
    uint64_t mark = feather_arena_save();
    struct word *words = NULL, *word;
    size_t from = 0, at, i;
    int result = 0;
    if (mark == 0)
        return -1;
    for (at = 0; at <= len && result == 0; at++) {
        if (at < len && script[at] != ' ')
            continue;
        word = push(words, script + from, at - from);
        if (word == NULL)
            result = -1;
        else
            words = word;
        from = at + 1;
    }
    if (result == 0 && host_command(depth) != 0)
        result = -1;
    for (at = len; words != NULL && result >= 0; words = words->next) {
        at -= words->len;
        for (i = 0; i < words->len; i++)
            if (words->text[i] != script[at + i])
                result = -1;
        if (result >= 0)
            result += (int)words->len;
        at--;
    }
    return feather_arena_rewind(mark) == 1 ? result : -1;
}
