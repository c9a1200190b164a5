/* Three ways to sort, called through a table of pointers, beside the C
   library's, which calls back. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef COUNT
#define COUNT 500
#endif
#define MOST 1000

static uint32_t numbers[MOST], expected[MOST], room[MOST];

static void quick(uint32_t *at, int count)
{
    uint32_t middle = at[count / 2], kept;
    int low = 0, high = count - 1;
    if (count < 2)
        return;
    for (;;) {
        while (at[low] < middle)
            low++;
        while (at[high] > middle)
            high--;
        if (low >= high)
            break;
        kept = at[low];
        at[low++] = at[high];
        at[high--] = kept;
    }
    quick(at, low);
    quick(at + low, count - low);
}

static void merge(uint32_t *at, int count)
{
    int half = count / 2, a = 0, b = half;
    if (count < 2)
        return;
    merge(at, half);
    merge(at + half, count - half);
    for (int i = 0; i < count; i++)
        room[i] = b == count || (a < half && at[a] <= at[b]) ? at[a++]
                                                             : at[b++];
    memcpy(at, room, count * sizeof *at);
}

static void sift(uint32_t *at, int root, int count)
{
    uint32_t kept = at[root];
    for (int child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && at[child + 1] > at[child])
            child++;
        if (at[child] <= kept)
            break;
        at[root] = at[child];
    }
    at[root] = kept;
}

static void heap(uint32_t *at, int count)
{
    for (int i = count / 2; i-- > 0;)
        sift(at, i, count);
    while (count-- > 1) {
        uint32_t largest = at[0];
        at[0] = at[count];
        sift(at, 0, count);
        at[count] = largest;
    }
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void fill(uint32_t *at)
{
    uint32_t x = 2463534242u;
    for (int i = 0; i < COUNT; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        at[i] = x;
    }
}

static const struct {
    const char *name;
    void (*sort)(uint32_t *, int);
} ways[] = { { "quick", quick }, { "merge", merge }, { "heap", heap } };

int run(char *text, size_t size)
{
    int wrong = 0, used = 0;
    fill(expected);
    qsort(expected, COUNT, sizeof *expected, compare);
    for (unsigned way = 0; way < sizeof ways / sizeof *ways; way++) {
        fill(numbers);
        ways[way].sort(numbers, COUNT);
        wrong += memcmp(numbers, expected, COUNT * sizeof *numbers) != 0;
        used += snprintf(text + used, size - used, "%s, ", ways[way].name);
    }
    snprintf(text + used, size - used, "of %d numbers, median %u", COUNT,
             numbers[COUNT / 2]);
    return wrong;
}
