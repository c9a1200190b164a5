/*
 * misuse_kinds.h - of each kind of parameter the good value and the bad ones,
 * with the status that the header promises for each.
 */
#ifndef LIFECYCLE_TESTS_MISUSE_KINDS_H
#define LIFECYCLE_TESTS_MISUSE_KINDS_H

#include "misuse_world.h"

#define INVALID LIFECYCLE_E_INVALID
#define ANY_FAILURE (-1000)

static void good(struct world *w, enum kind kind, uint64_t value)
{
    w->of[kind].good = value;
}

static void bad(struct world *w, enum kind kind, const char *how, uint64_t value,
                int want)
{
    struct values *values = &w->of[kind];
    EXPECT(values->bads < (int)(sizeof values->bad / sizeof *values->bad));
    values->bad[values->bads].how = how;
    values->bad[values->bads].value = value;
    values->bad[values->bads++].want = want;
}

/* What no id of any kind is, given one that is good. */
static void bad_ids(struct world *w, enum kind kind, uint64_t id)
{
    bad(w, kind, "0", 0, INVALID);
    bad(w, kind, "every bit set", UINT64_MAX, LIFECYCLE_E_TYPE);
    bad(w, kind, "a small number", 7, INVALID);
    bad(w, kind, "a higher generation", id + ((uint64_t)1 << 36), INVALID);
    bad(w, kind, "generation 0", id & (((uint64_t)1 << 36) - 1), INVALID);
    bad(w, kind, "another salt", id ^ ((uint64_t)1 << 30), INVALID);
    bad(w, kind, "an index beyond all", id | 0xffffff, INVALID);
    if (kind != K_MAPPING_ID)
        bad(w, kind, "a mapping's id", w->mapping.id, LIFECYCLE_E_TYPE);
    bad(w, kind, "a pointer", P(w), ANY_FAILURE);
}

static void fill_ids(struct world *w)
{
    static const enum kind modules[] = {K_MODULE, K_MODULE_NEEDED,
                                        K_MODULE_HOLDING, K_FRESH};
    size_t i;
    good(w, K_MODULE, w->module);
    good(w, K_MODULE_NEEDED, w->needed);
    good(w, K_MODULE_HOLDING, w->needed);
    good(w, K_FRESH, w->fresh);
    for (i = 0; i < sizeof modules / sizeof *modules; i++) {
        bad_ids(w, modules[i], w->of[modules[i]].good);
        bad(w, modules[i], "unloaded", w->gone, LIFECYCLE_E_STALE);
        bad(w, modules[i], "its slot reused", w->reused, LIFECYCLE_E_STALE);
        bad(w, modules[i], "another manager's", w->foreign, INVALID);
        bad(w, modules[i], "a symbol", w->symbol, LIFECYCLE_E_TYPE);
        bad(w, modules[i], "a resource", w->resource, LIFECYCLE_E_TYPE);
    }
    /* Module 0 means what was prefetched: nothing was. */
    w->of[K_MODULE_HOLDING].bad[0].want = LIFECYCLE_E_NOT_FOUND;
    bad(w, K_MODULE_HOLDING, "one that holds nothing", w->module, LIFECYCLE_E_NOT_FOUND);
    bad(w, K_FRESH, "no fresh side", w->module, INVALID);
    bad(w, K_FRESH, "the old side", w->replaced, INVALID);

    good(w, K_SYMBOL, w->symbol);
    good(w, K_SYMBOL_PINNED, w->pinned);
    for (i = 0; i < 2; i++) {
        enum kind kind = i == 0 ? K_SYMBOL : K_SYMBOL_PINNED;
        bad_ids(w, kind, w->symbol);
        bad(w, kind, "unmapped", w->gone_symbol, LIFECYCLE_E_STALE);
        bad(w, kind, "another manager's", w->foreign_symbol, INVALID);
        bad(w, kind, "a module", w->module, LIFECYCLE_E_TYPE);
    }
    bad(w, K_SYMBOL_PINNED, "one without a pin", w->symbol, LIFECYCLE_E_RANGE);
    good(w, K_RESOURCE, w->resource);
    bad_ids(w, K_RESOURCE, w->resource);
    bad(w, K_RESOURCE, "released", w->gone_resource, LIFECYCLE_E_STALE);
    bad(w, K_RESOURCE, "another manager's", w->foreign_resource, INVALID);
    bad(w, K_RESOURCE, "a module", w->module, LIFECYCLE_E_TYPE);
    good(w, K_DECL, w->decl);
    bad_ids(w, K_DECL, w->decl);
    bad(w, K_DECL, "unbound", w->gone_decl, LIFECYCLE_E_STALE);
    bad(w, K_DECL, "a module", w->module, LIFECYCLE_E_TYPE);
    good(w, K_MAPPING_ID, w->mapping.id);
    bad_ids(w, K_MAPPING_ID, w->mapping.id);
    bad(w, K_MAPPING_ID, "released", w->gone_mapping.id, LIFECYCLE_E_STALE);
    bad(w, K_MAPPING_ID, "a module", w->module, LIFECYCLE_E_TYPE);
}

static void fill_contexts(struct world *w)
{
    static lifecycle_code misaligned_code[2];
    static int on_data[64];
    good(w, K_MANAGER, P(w->manager));
    bad(w, K_MANAGER, "NULL", 0, INVALID);
    bad(w, K_MANAGER, "1", 1, INVALID);
    bad(w, K_MANAGER, "every bit set", UINT64_MAX, INVALID);
    bad(w, K_MANAGER, "destroyed", P(w->destroyed), LIFECYCLE_E_STALE);
    bad(w, K_MANAGER, "inside a manager", P(w->manager) + 8, INVALID);
    bad(w, K_MANAGER, "beyond the last", P(w->destroyed) + (P(w->destroyed) - P(w->other)) * 1000, INVALID);
    bad(w, K_MANAGER, "the stack", P(&w), INVALID);
    bad(w, K_MANAGER, "static data", P(on_data), INVALID);
    bad(w, K_MANAGER, "a reader", P(w->reader), INVALID);
    bad(w, K_MANAGER, "a function", P(do_hear), INVALID);

    good(w, K_READER, P(w->reader));
    good(w, K_READER_PARKED, P(w->parked));
    for (int i = 0; i < 2; i++) {
        enum kind kind = i == 0 ? K_READER : K_READER_PARKED;
        bad(w, kind, "NULL", 0, INVALID);
        bad(w, kind, "1", 1, INVALID);
        bad(w, kind, "a manager", P(w->manager), INVALID);
        bad(w, kind, "inside a reader", P(w->reader) + 8, INVALID);
        bad(w, kind, "the stack", P(&w), INVALID);
        bad(w, kind, "detached", P(w->detached), LIFECYCLE_E_STALE);
        bad(w, kind, "another thread's", P(w->theirs), INVALID);
        bad(w, kind, "a destroyed manager's", P(w->orphan), LIFECYCLE_E_STALE);
    }
    bad(w, K_READER_PARKED, "one that is not parked", P(w->reader), INVALID);

    good(w, K_RESERVATION, P(&w->code));
    bad(w, K_RESERVATION, "NULL", 0, INVALID);
    bad(w, K_RESERVATION, "misaligned", P(misaligned_code) + 1, INVALID);
    bad(w, K_RESERVATION, "all zero", P(&misaligned_code[1]), INVALID);
    bad(w, K_RESERVATION, "aborted", P(&w->aborted), LIFECYCLE_E_STALE);
    bad(w, K_RESERVATION, "forged", P(&w->forged_code), INVALID);
    bad(w, K_RESERVATION, "another manager's", P(&w->foreign_code), INVALID);
}

static void known(struct world *w, enum kind kind, const char *text)
{
    good(w, kind, P(text));
    bad(w, kind, "NULL", 0, INVALID);
    bad(w, kind, "empty", P(""), INVALID);
}

static void fill_texts(struct world *w)
{
    known(w, K_NAME, "any name");
    known(w, K_NAME_UNMAPPED, "new");
    bad(w, K_NAME_UNMAPPED, "mapped", P("f"), LIFECYCLE_E_EXISTS);
    known(w, K_NAME_MAPPED, "f");
    bad(w, K_NAME_MAPPED, "unknown", P("nobody"), LIFECYCLE_E_NOT_FOUND);
    known(w, K_NAME_JIT, "j");
    bad(w, K_NAME_JIT, "no JIT symbol", P("f"), LIFECYCLE_E_NOT_FOUND);
    good(w, K_NAME_BOUND, P("g"));
    bad(w, K_NAME_BOUND, "NULL with a length", 0, INVALID);
    bad(w, K_NAME_BOUND, "unknown", P("n"), LIFECYCLE_E_NOT_FOUND);
    good(w, K_NAME_LEN, 1);
    bad(w, K_NAME_LEN, "0", 0, LIFECYCLE_E_NOT_FOUND);
    bad(w, K_NAME_LEN, "huge", SIZE_MAX, INVALID);
    known(w, K_NAME_TO_UNBIND, "g");
    bad(w, K_NAME_TO_UNBIND, "unknown", P("n"), LIFECYCLE_E_NOT_FOUND);
    known(w, K_NAME_EXEC, "p");
    bad(w, K_NAME_EXEC, "another module's", P("f"), LIFECYCLE_E_NOT_FOUND);
    known(w, K_PATH_NEW, "new.smf");
    bad(w, K_PATH_NEW, "loaded", P("m.smf"), LIFECYCLE_E_EXISTS);
    known(w, K_PATH_LOADED, "m.smf");
    bad(w, K_PATH_LOADED, "unknown", P("nobody"), LIFECYCLE_E_NOT_FOUND);
    known(w, K_PATH_TO_LOAD, "to load");
    bad(w, K_PATH_TO_LOAD, "being loaded", P("l.smf"), LIFECYCLE_E_CYCLE);
    known(w, K_PATH_LOADING, "l.smf");
    bad(w, K_PATH_LOADING, "not being loaded", P("m.smf"), INVALID);
    known(w, K_PATH_FILE, "misuse.tmp");
    bad(w, K_PATH_FILE, "no file", P("no such file"), LIFECYCLE_E_NOT_FOUND);
    bad(w, K_PATH_FILE, "under a file", P("misuse.tmp/x"), LIFECYCLE_E_NOT_FOUND);
    bad(w, K_PATH_FILE, "a directory", P("."), LIFECYCLE_E_TYPE);
    bad(w, K_PATH_FILE, "a device", P("/dev/null"), LIFECYCLE_E_TYPE);
    bad(w, K_PATH_FILE, "an empty file", P("misuse.empty"), LIFECYCLE_E_FORMAT);
    known(w, K_PATH_HELD, "held");
    bad(w, K_PATH_HELD, "not held", P("nobody"), LIFECYCLE_E_NOT_FOUND);
    known(w, K_KEY_NEW, "new key");
    bad(w, K_KEY_NEW, "taken", P("held"), LIFECYCLE_E_EXISTS);
    good(w, K_BACKEND, P("auto"));
    bad(w, K_BACKEND, "unknown", P("cranelift?"), LIFECYCLE_E_UNSUPPORTED);
    bad(w, K_BACKEND, "empty", P(""), LIFECYCLE_E_UNSUPPORTED);
}

static void fill_sizes(struct world *w)
{
    good(w, K_CODE, P(ret_code));
    bad(w, K_CODE, "NULL", 0, INVALID);
    good(w, K_CODE_LEN, sizeof ret_code);
    good(w, K_CODE_SIZE, 100);
    for (int i = 0; i < 2; i++) {
        enum kind kind = i == 0 ? K_CODE_LEN : K_CODE_SIZE;
        bad(w, kind, "0", 0, INVALID);
        bad(w, kind, "more than the capacity", (3 << 20), LIFECYCLE_E_TOO_BIG);
        bad(w, kind, "a terabyte", (uint64_t)1 << 40, LIFECYCLE_E_TOO_BIG);
        bad(w, kind, "half of memory", SIZE_MAX / 2, LIFECYCLE_E_TOO_BIG);
    }
    bad(w, K_CODE_LEN, "huge", SIZE_MAX, INVALID);
    bad(w, K_CODE_SIZE, "huge", SIZE_MAX, LIFECYCLE_E_TOO_BIG);
    bad(w, K_CODE_SIZE, "huge, just before rounding wraps", SIZE_MAX - 62, LIFECYCLE_E_TOO_BIG);
    good(w, K_BYTES, P("bytes"));
    bad(w, K_BYTES, "NULL", 0, INVALID);
    good(w, K_BYTES_LEN, 5);
    bad(w, K_BYTES_LEN, "0", 0, LIFECYCLE_E_FORMAT);
    bad(w, K_BYTES_LEN, "huge", SIZE_MAX, INVALID);
    bad(w, K_BYTES_LEN, "more than memory", (uint64_t)1 << 60, ANY_FAILURE);
    good(w, K_ALIGN, 64);
    bad(w, K_ALIGN, "3", 3, INVALID);
    bad(w, K_ALIGN, "8192", 8192, INVALID);
    bad(w, K_ALIGN, "half of memory", (uint64_t)1 << 63, INVALID);
    bad(w, K_ALIGN, "huge", SIZE_MAX, INVALID);
    good(w, K_NEAR, 0);
    bad(w, K_NEAR, "far off", P(w->code.rx) + ((uint64_t)1 << 40), LIFECYCLE_E_RANGE);
    bad(w, K_NEAR, "the end of memory", UINT64_MAX, LIFECYCLE_E_RANGE);
    good(w, K_USED, sizeof ret_code);
    bad(w, K_USED, "0", 0, LIFECYCLE_E_RANGE);
    bad(w, K_USED, "more than reserved", w->code.size + 1, LIFECYCLE_E_RANGE);
    bad(w, K_USED, "huge", SIZE_MAX, LIFECYCLE_E_RANGE);
    good(w, K_ADDRESS, P(do_hear));
    bad(w, K_ADDRESS, "NULL", 0, INVALID);
    bad(w, K_ADDRESS, "the manager's own code", P(w->code.rx), INVALID);
    bad(w, K_ADDRESS, "the end of memory", UINT64_MAX - 3, LIFECYCLE_E_RANGE);
    good(w, K_ADDRESS_LEN, 16);
    bad(w, K_ADDRESS_LEN, "0", 0, INVALID);
    bad(w, K_ADDRESS_LEN, "around the end", SIZE_MAX, LIFECYCLE_E_RANGE);
    good(w, K_PC, P(lifecycle_symbol_address(w->manager, w->symbol)) + 3);
    bad(w, K_PC, "NULL", 0, LIFECYCLE_E_NOT_FOUND);
    bad(w, K_PC, "every bit set", UINT64_MAX, LIFECYCLE_E_NOT_FOUND);
    bad(w, K_PC, "the end of the symbol", P(lifecycle_symbol_address(w->manager, w->symbol)) + sizeof ret_code, LIFECYCLE_E_NOT_FOUND);
    bad(w, K_PC, "a reservation", P(w->code.rx), LIFECYCLE_E_NOT_FOUND);
    bad(w, K_PC, "the writable view", P(w->code.rw), LIFECYCLE_E_NOT_FOUND);
    good(w, K_COUNT, 2);
    bad(w, K_COUNT, "more than memory", SIZE_MAX, INVALID);
    bad(w, K_COUNT, "an overflow", SIZE_MAX / 8 + 1, INVALID);
}

#endif
