/* When functions become native, and when they stop.
 *
 * A function is *promised* when its native code and that of everything it can call is ready. Code is mapped when its
 * entry is first called: the library's entry asks resolve_entry, and asks again after an eviction. A promise holds
 * while every callee's name means the function it meant; that is checked when a name changed anywhere, and if one
 * does not hold, all are taken back: functions are interpreted until they are hot again. Native code itself never
 * loads, unloads or defines anything, so within one run of it nothing changes.
 *
 * Under a code budget a new epoch begins every so many calls, and what is over the budget is evicted then, those
 * unused for longest first. Epochs begin between runs of native code, and what was mapped within the last two is
 * never evicted, so a run maps a function once at most, however small the budget. */
#include "minirt.h"

#include <stdlib.h>
#include <string.h>

#define CALLS_PER_EPOCH 16

typedef int64_t native_function(native_state *, int64_t, int64_t, int64_t, int64_t, int64_t);

/* ISO C has no cast between data and code addresses; every system with a JIT has them the same. */
typedef union {
    void *data;
    native_function *code;
} code_address;

bool jit_signature(const decl *d) {
    if (d->field_count > JIT_MAX_PARAMETERS || (d->returns != TYPE_INT && d->returns != TYPE_BOOL)) return false;
    for (int k = 0; k < d->field_count; k++)
        if (d->fields[k].type != TYPE_INT) return false;
    return true;
}

/* ---- the compiler context ---- */

native_code *jit_code_new(const char *name, size_t name_len, const uint8_t *bytes, uint32_t len, size_t calls) {
    native_code *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->name = calloc(name_len + 1, 1);
    c->bytes = malloc(len ? len : 1);
    c->calls = calloc(calls ? calls : 1, sizeof *c->calls);
    c->len = len;
    c->call_count = calls;
    if (!c->name || !c->bytes || !c->calls) {
        jit_code_free(c);
        return NULL;
    }
    memcpy(c->name, name, name_len);
    memcpy(c->bytes, bytes, len);
    return c;
}

void jit_code_free(native_code *c) {
    for (size_t k = 0; c->calls && k < c->call_count; k++) free(c->calls[k].symbol);
    free(c->calls);
    free(c->bytes);
    free(c->name);
    free(c);
}

static void release_unit(void *resource, void *user) {
    module *m = resource;
    while (m->unit->codes) {
        native_code *c = m->unit->codes;
        m->unit->codes = c->next;
        jit_code_free(c);
    }
    free(m->unit);
    m->unit = NULL;
    ((runtime *)user)->live.contexts--;
}

/* Gives a module its compiler context and its functions their symbols. A second file of the same name gets no
 * symbols: they would be the first one's. */
bool jit_adopt(runtime *rt, module *m) {
    if (!rt->jit) return true;
    for (const module *other = rt->modules; other; other = other->next)
        if (other != m && strcmp(other->name, m->name) == 0 && strcmp(other->path, m->path) != 0) return true;
    if (!(m->unit = calloc(1, sizeof *m->unit))) return fail(rt, "out of memory");
    rt->live.contexts++;
    lifecycle_resource id;
    if (lifecycle_own(rt->manager, m->id, m, release_unit, rt, &id) != LIFECYCLE_OK) {
        release_unit(m, rt);
        return fail(rt, "%s", lifecycle_last_error());
    }
    for (decl *d = m->decls; d; d = d->next) {
        if (d->kind != D_FUNC || !jit_signature(d)) continue;
        size_t size = strlen(m->name) + strlen(d->name) + 2;
        if (!(d->symbol = lifecycle_arena_alloc(m->tree, size))) return fail(rt, "out of memory");
        snprintf(d->symbol, size, "%s.%s", m->name, d->name);
    }
    return true;
}

static native_code **find_code(const decl *d) {
    native_code **at = &d->module->unit->codes;
    while (*at && strcmp((*at)->name, d->name) != 0) at = &(*at)->next;
    return at;
}

/* ---- promises ---- */

static decl *callee_of(runtime *rt, const decl *d, const native_call *call) {
    const char *dot = strrchr(call->symbol, '.');
    decl *callee = dot ? resolve_function(rt, d->module, dot + 1) : NULL;
    bool same = callee && callee->symbol && strcmp(callee->symbol, call->symbol) == 0 &&
                callee->field_count == call->arguments && (int)callee->returns == call->returns &&
                !callee->module->staged;
    return same ? callee : NULL;
}

static bool callees_fit(runtime *rt, const decl *d, const native_code *code) {
    for (size_t k = 0; k < code->call_count; k++)
        if (!callee_of(rt, d, &code->calls[k])) return false;
    return true;
}

/* The function's code: made before and still right, or compiled now. */
static native_code *code_for(runtime *rt, decl *d) {
    native_code **at = find_code(d), *code = *at;
    if (code && callees_fit(rt, d, code)) return code;
    if (code) {
        *at = code->next;
        jit_code_free(code);
    }
    if (!(code = jit_compile(rt, d))) return NULL;
    native_unit *unit = d->module->unit;
    code->next = unit->codes;
    unit->codes = code;
    unit->dirty = true;
    return code;
}

/* Promises d and all it can call, or nothing. The list grows at its tail while it is walked. */
static bool promise(runtime *rt, decl *root) {
    decl **tail = &root->next_native;
    bool ok = true;
    root->native = true;
    root->next_native = NULL;
    for (decl *d = root; ok && d; d = d->next_native) {
        d->code = code_for(rt, d);
        ok = d->code != NULL;
        for (size_t k = 0; ok && k < d->code->call_count; k++) {
            decl *callee = callee_of(rt, d, &d->code->calls[k]);
            d->code->calls[k].did = callee->did;
            if (callee->native) continue;
            callee->native = true;
            callee->next_native = NULL;
            *tail = callee;
            tail = &callee->next_native;
        }
    }
    if (ok) {
        *tail = rt->natives;
        rt->natives = root;
        return true;
    }
    for (decl *d = root, *next; d; d = next) {
        next = d->next_native;
        d->next_native = NULL;
        d->native = false;
    }
    return false;
}

static void take_back(runtime *rt, decl *d) {
    if (d->mapped) lifecycle_unmap_symbol(rt->manager, d->mapped);
    d->native = false;
    d->mapped = 0;
    d->entry = NULL;
    d->usage = NULL;
}

static void check_promises(runtime *rt) {
    uint64_t version = names_version(rt);
    if (rt->natives_checked == version) return;
    rt->natives_checked = version;
    bool all_hold = true;
    for (const decl *d = rt->natives; d && all_hold; d = d->next_native) {
        for (size_t k = 0; k < d->code->call_count && all_hold; k++) {
            const decl *callee = callee_of(rt, d, &d->code->calls[k]);
            all_hold = callee && callee->did == d->code->calls[k].did;
        }
    }
    while (!all_hold && rt->natives) {
        decl *d = rt->natives;
        rt->natives = d->next_native;
        d->next_native = NULL;
        take_back(rt, d);
    }
}

/* The declaration is about to go; its module's symbols go by themselves. */
void jit_forget(runtime *rt, decl *gone) {
    for (decl **at = &rt->natives; gone->native && *at; at = &(*at)->next_native) {
        if (*at != gone) continue;
        *at = gone->next_native;
        gone->native = false;
        rt->natives_checked = 0;
        return;
    }
}

/* ---- mapping, when an entry without code is called ---- */

/* Code that was given up is compiled again. It comes out the same: what its callees' names mean has not changed. */
static bool have_code(runtime *rt, decl *d) {
    if (d->code->bytes) return true;
    native_code *again = jit_compile(rt, d);
    if (!again) return false;
    d->code->bytes = again->bytes;
    again->bytes = NULL;
    jit_code_free(again);
    rt->compiled_again++;
    return true;
}

static bool map_code(runtime *rt, decl *d) {
    if (!have_code(rt, d)) return false;
    const native_code *code = d->code;
    lifecycle_relocation *relocations = calloc(code->call_count + 1, sizeof *relocations);
    if (!relocations) return false;
    for (size_t k = 0; k < code->call_count; k++) {
        relocations[k].kind = LIFECYCLE_RELOC_ABS64;
        relocations[k].offset = code->calls[k].offset;
        relocations[k].symbol = code->calls[k].symbol;
    }
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    options.flags = LIFECYCLE_MAP_REPLACE | (code->cached ? 0 : LIFECYCLE_MAP_JIT);
    options.relocations = relocations;
    options.relocation_count = code->call_count;
    options.user = d;
    lifecycle_status status = lifecycle_map_symbol(rt->manager, d->module->id, d->symbol, code->bytes, code->len,
                                                   &options, &d->mapped);
    free(relocations);
    if (status != LIFECYCLE_OK) return false;
    if (lifecycle_usage_slot(rt->manager, d->mapped, &d->usage, &d->clock) != LIFECYCLE_OK) d->usage = NULL;
    return true;
}

/* What an entry runs that can have no code. */
static int64_t no_code(native_state *state, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e) {
    (void)a, (void)b, (void)c, (void)d, (void)e;
    state->error = NATIVE_GONE;
    state->line = 0;
    return 0;
}

static void *resolve_entry(const char *name, void *user) {
    runtime *rt = user;
    for (decl *d = rt->natives; d; d = d->next_native)
        if (strcmp(d->symbol, name) == 0 && map_code(rt, d)) return lifecycle_symbol_address(rt->manager, d->mapped);
    return (code_address){ .code = no_code }.data;
}

/* The sweeper may take code at any time: from then on its usage slot is not ours to write. */
static void hear(const lifecycle_event *event, void *user) {
    runtime *rt = user;
    if (event->kind != LIFECYCLE_EVENT_SYMBOL_RETIRED) return;
    for (decl *d = rt->natives; d; d = d->next_native) {
        if (d->mapped != event->id) continue;
        d->mapped = 0;
        d->usage = NULL;
    }
}

bool jit_start(runtime *rt) {
    lifecycle_caps caps;
    if (!jit_available() || lifecycle_caps_get(rt->manager, &caps, sizeof caps) != LIFECYCLE_OK || !caps.entries)
        return true;
    lifecycle_observer observer = LIFECYCLE_OBSERVER_INIT;
    observer.on_event = hear;
    rt->jit = lifecycle_set_resolver(rt->manager, resolve_entry, rt) == LIFECYCLE_OK &&
              lifecycle_set_observer(rt->manager, &observer, rt) == LIFECYCLE_OK;
    return rt->jit || fail(rt, "%s", lifecycle_last_error());
}

/* ---- calling ---- */

/* May this function be called as native code? */
bool jit_ready(runtime *rt, decl *d) {
    if (!d->symbol || d->module->staged || !d->module->unit) return false;
    check_promises(rt);
    if (!d->native) {
        uint64_t version = names_version(rt);
        if (d->refused_at == version + 1) return false;
        if (!promise(rt, d)) {
            d->refused_at = version + 1;
            return false;
        }
    }
    return d->entry || lifecycle_entry(rt->manager, d->symbol, &d->entry) == LIFECYCLE_OK;
}

/* Where native code stopped: the symbol that holds the instruction knows its declaration. An error without a line
 * happened before there was any native code to stop: in the interpreter's own call. */
static bool native_failed(runtime *rt) {
    static const char *const what[] = {
        [NATIVE_STACK] = "calls are nested too deep",
        [NATIVE_DIVISION] = "division by zero",
        [NATIVE_NO_RETURN] = "the function ended without a value",
        [NATIVE_GONE] = "the function has no native code",
    };
    native_state state = rt->native;
    lifecycle_symbol symbol;
    lifecycle_symbol_info info;
    rt->native.error = NATIVE_OK;
    if (state.line && lifecycle_symbol_at(rt->manager, state.pc, &symbol) == LIFECYCLE_OK &&
        lifecycle_symbol_info_get(rt->manager, symbol, &info, sizeof info) == LIFECYCLE_OK)
        return fail_at(rt, ((const decl *)info.user)->module, state.line, "%s", what[state.error]);
    return fail(rt, "%s", what[state.error]);
}

/* Evicted functions give up their code in the compiler context too, unless it is to go to the cache file. */
static void keep_to_budget(runtime *rt) {
    lifecycle_sweep_report report;
    if (rt->code_budget == 0 || ++rt->native_calls % CALLS_PER_EPOCH != 0) return;
    if (lifecycle_advance_epoch(rt->manager, NULL) != LIFECYCLE_OK ||
        lifecycle_sweep_to_budget(rt->manager, rt->code_budget, &report, sizeof report) != LIFECYCLE_OK ||
        report.evicted == 0)
        return;
    lifecycle_reclaim(rt->manager, NULL);
    for (decl *d = rt->natives; d && !rt->cache_dir; d = d->next_native) {
        if (d->mapped) continue;
        free(d->code->bytes);
        d->code->bytes = NULL;
    }
}

bool jit_call(runtime *rt, decl *d, const value *args, value *out) {
    int64_t a[JIT_MAX_PARAMETERS] = { 0 };
    for (int k = 0; k < d->field_count; k++) a[k] = args[k].as.i;
    code_address entry = { .data = d->entry };
    keep_to_budget(rt);
    lifecycle_enter(rt->reader);
    if (d->usage) lifecycle_mark(d->usage, d->clock);
    int64_t result = entry.code(&rt->native, a[0], a[1], a[2], a[3], a[4]);
    bool ok = rt->native.error == NATIVE_OK || native_failed(rt);
    lifecycle_leave(rt->reader);
    *out = d->returns == TYPE_BOOL ? bool_value(result != 0) : int_value(result);
    return ok;
}
