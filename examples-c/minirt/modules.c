/* Loading, reloading and unloading modules. Whatever a module brings in is handed to the lifecycle manager at once,
 * with the function that releases it: from then on a failure anywhere is answered by unloading the module.
 * The manager releases newest first: compiler context, globals, syntax tree, source text, and last the record. */
#include "minirt.h"

#include <stdlib.h>
#include <string.h>

#define MAX_SOURCE (64 << 20)

/* ---- release functions ---- */

static void release_record(void *resource, void *user) {
    module *m = resource;
    runtime *rt = user;
    for (module **at = &rt->modules; *at; at = &(*at)->next) {
        if (*at != m) continue;
        *at = m->next;
        break;
    }
    free(m->path);
    free(m->name);
    free(m);
}

static void release_source(void *resource, void *user) {
    free(resource);
    ((runtime *)user)->live.sources--;
}

static void release_tree(void *resource, void *user) {
    module *m = resource;
    runtime *rt = user;
    for (decl *d = m->decls; d; d = d->next) jit_forget(rt, d);
    rt->live.nodes -= m->node_count;
    lifecycle_arena_destroy(m->tree);
    m->tree = NULL;
    m->decls = NULL;
    m->decl_count = 0;
}

static void release_global(void *resource, void *user) {
    runtime *rt = user;
    value_discard(rt, ((global *)resource)->value);
    if (rt->depth == 0) garbage_free(rt);
}

/* ---- files ---- */

/* The whole file, for the caller to free; NULL with an error that has no place yet. */
char *read_file(runtime *rt, const char *path, size_t *len) {
    FILE *file = fopen(path, "rb");
    char *bytes = NULL;
    size_t cap = 0;
    *len = 0;
    for (bool more = file != NULL; more && *len < MAX_SOURCE;) {
        if (*len == cap) {
            char *bigger = realloc(bytes, cap = cap ? cap * 2 : 4096);
            if (!bigger) break;
            bytes = bigger;
        }
        size_t got = fread(bytes + *len, 1, cap - *len, file);
        *len += got;
        more = got > 0;
    }
    bool ok = file && feof(file) && !ferror(file);
    if (file) fclose(file);
    if (ok) return bytes;
    free(bytes);
    fail(rt, "cannot read '%s'", path);
    return NULL;
}

/* The path's last part without its extension, with what no symbol name may hold replaced. */
static char *name_of(const char *path) {
    const char *slash = strrchr(path, '/'), *start = slash ? slash + 1 : path, *dot = strrchr(start, '.');
    size_t len = dot ? (size_t)(dot - start) : strlen(start);
    char *name = calloc(len + 1, 1);
    for (size_t k = 0; name && k < len; k++) name[k] = strchr("<>:.", start[k]) ? '_' : start[k];
    return name;
}

/* `directory of from`/`name`.mrt */
static char *path_beside(const char *from, const char *name) {
    const char *slash = strrchr(from, '/');
    size_t dir = slash ? (size_t)(slash - from) + 1 : 0, size = dir + strlen(name) + sizeof ".mrt";
    char *path = malloc(size);
    if (path) snprintf(path, size, "%.*s%s.mrt", (int)dir, from, name);
    return path;
}

/* ---- building a module ---- */

/* Hands over a resource; if the manager will not have it, it is released on the spot. */
static bool own(runtime *rt, module *m, void *resource, lifecycle_release_fn release) {
    lifecycle_resource id;
    lifecycle_status status = lifecycle_own(rt->manager, m->id, resource, release, rt, &id);
    if (status == LIFECYCLE_OK) return true;
    fail(rt, "%s", lifecycle_last_error());
    release(resource, rt);
    return false;
}

/* A record for the manager's module `id`, with its source text, which is taken, and an empty tree. */
static module *module_new(runtime *rt, lifecycle_module id, const char *path, char *source, size_t len) {
    lifecycle_arena_options options = LIFECYCLE_ARENA_OPTIONS_INIT;
    options.hard_limit = (size_t)1 << 30;
    module *m = calloc(1, sizeof *m);
    char *copy = malloc(strlen(path) + 1), *name = name_of(path);
    if (!m || !copy || !name) {
        free(m), free(copy), free(name), free(source);
        fail(rt, "out of memory");
        return NULL;
    }
    *m = (module){ .id = id, .rt = rt, .path = strcpy(copy, path), .name = name, .next = rt->modules };
    m->source = source;
    m->source_len = len;
    rt->modules = m;
    if (!own(rt, m, m, release_record)) {
        free(source);
        return NULL;
    }
    rt->live.sources++;
    if (!own(rt, m, source, release_source)) return NULL;
    if (lifecycle_arena_create(&options, &m->tree) != LIFECYCLE_OK) {
        fail(rt, "%s", lifecycle_last_error());
        return NULL;
    }
    return own(rt, m, m, release_tree) ? m : NULL;
}

static bool register_decl(runtime *rt, module *m, const decl *d) {
    lifecycle_status status;
    if (d->kind == D_FUNC)
        status = lifecycle_on_interp_func_registered(rt->manager, m->id, d->name, d->did, (int64_t)d->returns);
    else if (d->kind == D_STRUCT)
        status = lifecycle_on_interp_struct_registered(rt->manager, m->id, d->name, d->did);
    else
        status = lifecycle_on_interp_enum_registered(rt->manager, m->id, d->name, d->did);
    return check(rt, status, m, d->line);
}

static bool register_global(runtime *rt, module *m, global *g) {
    return own(rt, m, g, release_global) &&
           check(rt, lifecycle_on_interp_global_registered(rt->manager, m->id, g->name, (int64_t)(intptr_t)g), m, 1);
}

/* Names first, so that modules can refer to each other; then what they import; values last. */
static bool register_names(runtime *rt, module *m) {
    int64_t last = m->first_did + m->decl_count - 1;
    if (m->decl_count > 0 &&
        !check(rt, lifecycle_on_interp_module_parsed(rt->manager, m->id, m->first_did, last), m, 1))
        return false;
    for (const decl *d = m->decls; d; d = d->next)
        if (!register_decl(rt, m, d)) return false;
    for (global *g = m->globals; g; g = g->next)
        if (!register_global(rt, m, g)) return false;
    return true;
}

/* ---- imports ---- */

/* A dependency that would close a circle is left out: such modules go together or not at all. */
static bool depend(runtime *rt, const module *m, lifecycle_module on, int line) {
    if (on == m->id) return true;
    lifecycle_status status = lifecycle_module_depend(rt->manager, m->id, on);
    return status == LIFECYCLE_E_CYCLE || check(rt, status, m, line);
}

static bool find_binding(runtime *rt, const char *name, lifecycle_binding *out) {
    for (uint32_t kind = LIFECYCLE_FUNC; kind <= LIFECYCLE_GLOBAL; kind++)
        if (lifecycle_lookup(rt->manager, kind, name, strlen(name), out) == LIFECYCLE_OK) return true;
    return false;
}

/* use name {a, b}: when every name is there, whoever brought it, nothing is loaded. */
static bool already_there(runtime *rt, const import *use) {
    bool all = false;
    return use->names && use->name_count > 0 &&
           lifecycle_has_all(rt->manager, LIFECYCLE_FUNC, use->names, use->name_count, &all) == LIFECYCLE_OK && all;
}

static bool check_imported(runtime *rt, module *m, const import *use) {
    for (size_t k = 0; k < use->name_count; k++) {
        lifecycle_binding binding;
        if (!find_binding(rt, use->names[k], &binding))
            return fail_at(rt, m, use->line, "module '%s' has no '%s'", use->name, use->names[k]);
        if (!depend(rt, m, binding.module, use->line)) return false;
    }
    return true;
}

static module *module_at(runtime *rt, const char *path) {
    module *m = rt->modules;
    while (m && strcmp(m->path, path) != 0) m = m->next;
    return m;
}

static bool process_import(runtime *rt, module *m, const import *use) {
    if (!already_there(rt, use)) {
        char *path = path_beside(m->path, use->name);
        if (!path) return fail_at(rt, m, use->line, "out of memory");
        module *on = module_at(rt, path);
        if (!on || on->loading) on = module_load(rt, path, m, use->line);
        free(path);
        if (!on || !depend(rt, m, on->id, use->line)) return false;
    }
    return check_imported(rt, m, use);
}

static bool process_imports(runtime *rt, module *m) {
    for (const import *use = m->imports; use; use = use->next)
        if (!process_import(rt, m, use)) return false;
    return true;
}

/* ---- loading ---- */

/* Everything from the text to the last statement. */
static bool bring_up(runtime *rt, module *m) {
    m->loading = true;
    eval_begin(rt);
    bool ok = parse_module(rt, m) && register_names(rt, m) && jit_adopt(rt, m) && smf_load(rt, m) &&
              process_imports(rt, m) && eval_module(rt, m);
    m->loading = false;
    eval_end(rt);
    return ok;
}

/* Takes `source`. A path in angle brackets is no file: its expression statements print their values. */
module *module_load_text(runtime *rt, const char *path, char *source, size_t len, module *importer) {
    lifecycle_module id;
    if (lifecycle_on_module_load(rt->manager, path, &id) != LIFECYCLE_OK) {
        free(source);
        fail(rt, "%s", lifecycle_last_error());
        return NULL;
    }
    module *m = module_new(rt, id, path, source, len);
    if (m) {
        m->echo = path[0] == '<';
        m->importer = importer;
        bool ok = bring_up(rt, m);
        m->importer = NULL;   /* from now on it may outlive who wanted it first */
        if (ok) return m;
    }
    lifecycle_unload_module(rt->manager, id, LIFECYCLE_UNLOAD_CASCADE, NULL, 0);
    return NULL;
}

/* Says why `path` is not loaded, with the chain of who wanted whom. */
static void refuse_load(runtime *rt, lifecycle_status status, const char *path, const module *importer, int line) {
    const char *names[32], *what = status == LIFECYCLE_E_CYCLE   ? "import cycle"
                                   : status == LIFECYCLE_E_DEPTH ? "imports are nested too deep"
                                                                 : lifecycle_last_error();
    char chain[700] = "";
    char *last = name_of(path);
    size_t count = 0, at = 0;
    for (const module *m = importer; m && count < 32; m = m->importer) names[count++] = m->name;
    while (count-- > 0 && at < sizeof chain)
        at += (size_t)snprintf(chain + at, sizeof chain - at, "%s -> ", names[count]);
    if (importer) fail_at(rt, importer, line, "%s: %s%s", what, chain, last ? last : path);
    else fail(rt, "%s: %s", what, path);
    free(last);
}

module *module_load(runtime *rt, const char *path, module *importer, int line) {
    lifecycle_status status = lifecycle_load_enter(rt->manager, path);
    if (status != LIFECYCLE_OK) {
        refuse_load(rt, status, path, importer, line);
        return NULL;
    }
    size_t len;
    char *source = read_file(rt, path, &len);
    if (!source && importer) {
        rt->failed = rt->unplaced = false;
        fail_at(rt, importer, line, "there is no module '%s'", path);
    }
    module *m = source ? module_load_text(rt, path, source, len, importer) : NULL;
    lifecycle_load_leave(rt->manager, path);
    return m;
}

module *module_named(runtime *rt, const char *name) {
    module *m = rt->modules;
    while (m && strcmp(m->name, name) != 0 && strcmp(m->path, name) != 0) m = m->next;
    return m;
}

/* ---- reloading and unloading ---- */

/* The new version is brought up beside the old one and takes over at the commit; until then, nobody sees it, and
 * if anything is wrong with it nobody ever will. */
static bool replace(runtime *rt, module *old, char *source, size_t len) {
    lifecycle_module id;
    if (lifecycle_reload_begin(rt->manager, old->id, &id) != LIFECYCLE_OK) {
        free(source);
        return fail(rt, "%s", lifecycle_last_error());
    }
    module *fresh = module_new(rt, id, old->path, source, len);
    if (fresh) fresh->staged = true;
    if (!fresh || !bring_up(rt, fresh)) {
        lifecycle_reload_abort(rt->manager, id);
        return false;
    }
    if (lifecycle_reload_commit(rt->manager, id) != LIFECYCLE_OK) {
        fail(rt, "%s", lifecycle_last_error());
        lifecycle_reload_abort(rt->manager, id);
        return false;
    }
    fresh->staged = false;
    return true;
}

bool module_reload(runtime *rt, module *old, const char *path) {
    size_t len;
    char *source = read_file(rt, path, &len), *name = source ? malloc(strlen(old->path) + 1) : NULL;
    if (!name) {
        free(source);
        return fail(rt, "out of memory");
    }
    strcpy(name, old->path);   /* the old module is gone when the loading ends */
    bool ok = lifecycle_load_enter(rt->manager, name) == LIFECYCLE_OK;
    if (ok) {
        ok = replace(rt, old, source, len);
        lifecycle_load_leave(rt->manager, name);
    } else {
        free(source);
        fail(rt, "%s", lifecycle_last_error());
    }
    free(name);
    return ok;
}

bool module_unload(runtime *rt, module *m, lifecycle_unload_report *report) {
    lifecycle_status status =
        lifecycle_unload_module(rt->manager, m->id, LIFECYCLE_UNLOAD_CASCADE, report, sizeof *report);
    if (status != LIFECYCLE_OK) return fail(rt, "%s", lifecycle_last_error());
    return true;
}

bool unload_all(runtime *rt) {
    lifecycle_unload_report report;
    size_t freed;
    while (rt->modules)
        if (!module_unload(rt, rt->modules, &report)) return false;
    lifecycle_reclaim(rt->manager, &freed);
    return true;
}
