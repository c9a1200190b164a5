/* A runtime with its own definitions of the values that the drop-ins release. */
#ifndef RUNTIME_H
#define RUNTIME_H
#include <stdint.h>

typedef struct SplValue SplValue;
typedef struct SplArray SplArray;
typedef struct SplDict SplDict;
typedef struct SplDictEntry SplDictEntry;

struct SplValue {
    int tag;
    union {
        int64_t i;
        double f;
        char *s;
        SplArray *a;
        SplDict *d;
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

#ifdef __cplusplus
extern "C" {
#endif
void spl_free_value(SplValue value);
void spl_free_all_values(SplValue *values, int64_t count);
#ifdef __cplusplus
}
#endif
#endif
