/* The cache of native code: one SMF file for each module, in a directory that must be as trustworthy as the program
 * itself, because what it holds is run.
 *
 * metadata: u64 hash of the source and the generator's version, u64 hash of the code and of the rest of the
 *   metadata, u32 functions; for each u16 length and name, u32 offset, u32 length, u32 calls; for each call u32 offset,
 *   u8 arguments, u8 returns, u16 length and symbol. Little-endian, packed.
 * code: the functions' machine code, one after the other.
 * A file whose hashes do not fit is as good as none; every number is checked against the file's size. */
#include "minirt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRAILER 128
#define SECTION 64

uint64_t hash_bytes(uint64_t seed, const void *data, size_t len) {
    const unsigned char *bytes = data;
    uint64_t h = seed ^ 14695981039346656037u;
    for (size_t k = 0; k < len; k++) h = (h ^ bytes[k]) * 1099511628211u;
    return h;
}

static uint64_t source_hash(const module *m) { return hash_bytes(JIT_VERSION, m->source, m->source_len); }

static uint64_t content_hash(const void *code, size_t code_len, const void *metadata, size_t metadata_len) {
    return hash_bytes(hash_bytes(0, code, code_len), metadata, metadata_len);
}

static bool cache_path(const runtime *rt, const module *m, char *out, size_t size) {
    if (!rt->cache_dir || m->path[0] == '<') return false;
    unsigned long long h = hash_bytes(0, m->path, strlen(m->path));
    int n = snprintf(out, size, "%s/%s-%016llx.smf", rt->cache_dir, m->name, h);
    return n > 0 && (size_t)n < size;
}

/* ---- reading ---- */

typedef struct {
    const uint8_t *at, *end;
    bool bad;
} reader;

static uint64_t get(reader *r, int size) {
    uint64_t v = 0;
    if (r->end - r->at < size) r->bad = true;
    if (r->bad) return 0;
    for (int k = 0; k < size; k++) v |= (uint64_t)*r->at++ << 8 * k;
    return v;
}

static const char *get_name(reader *r, size_t *len) {
    *len = get(r, 2);
    if ((size_t)(r->end - r->at) < *len) r->bad = true;
    const char *name = (const char *)r->at;
    if (!r->bad) r->at += *len;
    return name;
}

static bool get_call(reader *r, native_call *call, uint32_t code_len) {
    size_t len;
    call->offset = (uint32_t)get(r, 4);
    call->arguments = (uint8_t)get(r, 1);
    call->returns = (uint8_t)get(r, 1);
    const char *symbol = get_name(r, &len);
    if (r->bad || code_len < 8 || call->offset > code_len - 8) return false;
    if (!(call->symbol = calloc(len + 1, 1))) return false;
    memcpy(call->symbol, symbol, len);
    return true;
}

static bool get_function(reader *r, module *m, const uint8_t *code, size_t code_size) {
    size_t name_len;
    const char *name = get_name(r, &name_len);
    uint64_t offset = get(r, 4), len = get(r, 4), calls = get(r, 4);
    if (r->bad || offset > code_size || len > code_size - offset || calls > (size_t)(r->end - r->at)) return false;
    native_code *c = jit_code_new(name, name_len, code + offset, (uint32_t)len, calls);
    if (!c) return false;
    c->cached = true;
    for (size_t k = 0; k < calls; k++) {
        if (get_call(r, &c->calls[k], (uint32_t)len)) continue;
        jit_code_free(c);
        return false;
    }
    c->next = m->unit->codes;
    m->unit->codes = c;
    return true;
}

static bool get_sections(const lifecycle_mapping *map, reader *metadata, const void **code, size_t *code_size) {
    const void *data;
    size_t len;
    if (lifecycle_smf_section(map, LIFECYCLE_SMF_TEMPLATE_METADATA, &data, &len) != LIFECYCLE_OK) return false;
    *metadata = (reader){ data, (const uint8_t *)data + len, false };
    return lifecycle_smf_section(map, LIFECYCLE_SMF_TEMPLATE_CODE, code, code_size) == LIFECYCLE_OK;
}

static void get_functions(runtime *rt, module *m, const lifecycle_mapping *map) {
    reader r;
    lifecycle_smf_header header;
    const void *code;
    size_t code_size;
    if (lifecycle_smf_header_get(map, &header, sizeof header) != LIFECYCLE_OK || header.major != 1) return;
    if (!get_sections(map, &r, &code, &code_size) || get(&r, 8) != source_hash(m)) return;
    uint64_t hash = get(&r, 8);
    if (hash != content_hash(code, code_size, r.at, (size_t)(r.end - r.at))) return;
    uint64_t count = get(&r, 4);
    while (count-- > 0 && get_function(&r, m, code, code_size)) continue;
    lifecycle_on_metadata_loaded(rt->manager, m->id, m->path);
}

/* Takes the functions of the module's cache file, if there is one that fits. Never an error of the program. */
bool smf_load(runtime *rt, module *m) {
    char path[1024];
    lifecycle_mapping map;
    if (rt->ignore_cache || !m->unit || !cache_path(rt, m, path, sizeof path)) return true;
    if (lifecycle_on_smf_accessed(rt->manager, m->id, path, &map) == LIFECYCLE_OK) get_functions(rt, m, &map);
    return true;
}

/* ---- writing ---- */

typedef struct {
    uint8_t *bytes;
    size_t len, cap;
    bool bad;
} buffer;

static void put_bytes(buffer *b, const void *data, size_t len) {
    if (!b->bad && b->len + len > b->cap) {
        size_t cap = b->cap * 2 + len;
        uint8_t *bigger = realloc(b->bytes, cap);
        if (bigger) b->bytes = bigger, b->cap = cap;
        b->bad = !bigger;
    }
    if (b->bad) return;
    if (len) memcpy(b->bytes + b->len, data, len);
    b->len += len;
}

static void put(buffer *b, uint64_t v, int size) {
    uint8_t bytes[8];
    for (int k = 0; k < size; k++) bytes[k] = (uint8_t)(v >> 8 * k);
    put_bytes(b, bytes, (size_t)size);
}

static void put_name(buffer *b, const char *name) {
    put(b, strlen(name), 2);
    put_bytes(b, name, strlen(name));
}

static void put_zeros(buffer *b, size_t len) {
    while (len-- > 0) put(b, 0, 1);
}

/* The metadata behind its two hashes. */
static void put_functions(buffer *b, const module *m) {
    uint32_t count = 0, offset = 0;
    for (const native_code *c = m->unit->codes; c; c = c->next) count++;
    put(b, count, 4);
    for (const native_code *c = m->unit->codes; c; c = c->next) {
        put_name(b, c->name);
        put(b, offset, 4);
        put(b, c->len, 4);
        put(b, c->call_count, 4);
        for (size_t k = 0; k < c->call_count; k++) {
            put(b, c->calls[k].offset, 4);
            put(b, c->calls[k].arguments, 1);
            put(b, c->calls[k].returns, 1);
            put_name(b, c->calls[k].symbol);
        }
        offset += c->len;
    }
}

static void put_section(buffer *b, size_t name_at, size_t name_len, uint32_t kind, size_t offset, size_t size) {
    put(b, name_at, 4);
    put(b, name_len, 4);
    put(b, kind, 4);
    put(b, 0, 4);
    put(b, offset, 8);
    put(b, size, 8);
    put_zeros(b, SECTION - 32);
}

static void put_trailer(buffer *b, size_t table) {
    const uint8_t platform = 0, x86_64 = 1;
    put_bytes(b, "SMF", 4);
    put(b, 1, 1);
    put(b, 0, 1);
    put(b, platform, 1);
    put(b, x86_64, 1);
    put(b, 0, 4);
    put(b, 2, 4);
    put(b, table, 8);
    put_zeros(b, TRAILER - 24);
}

static void put_module(buffer *b, const module *m) {
    static const char names[] = "codemetadata";
    for (const native_code *c = m->unit->codes; c; c = c->next) put_bytes(b, c->bytes, c->len);
    size_t code = b->len;
    buffer functions = { 0 };
    put_functions(&functions, m);
    put(b, source_hash(m), 8);
    put(b, content_hash(b->bytes, code, functions.bytes, functions.len), 8);
    put_bytes(b, functions.bytes, functions.len);
    b->bad |= functions.bad;
    free(functions.bytes);
    size_t names_at = b->len, table = names_at + sizeof names - 1;
    put_bytes(b, names, sizeof names - 1);
    put_section(b, names_at, 4, LIFECYCLE_SMF_TEMPLATE_CODE, 0, code);
    put_section(b, names_at + 4, 8, LIFECYCLE_SMF_TEMPLATE_METADATA, code, names_at - code);
    put_trailer(b, table);
}

/* Written beside and renamed: whoever has the old file mapped keeps the old bytes. */
static void write_file(const char *path, const buffer *b) {
    char beside[1100];
    snprintf(beside, sizeof beside, "%s.%ld", path, (long)getpid());
    FILE *file = fopen(beside, "wb");
    if (!file) return;
    bool ok = fwrite(b->bytes, 1, b->len, file) == b->len;
    if (fclose(file) == 0 && ok && rename(beside, path) == 0) return;
    remove(beside);
}

static void make_directories(const char *path) {
    char part[1024];
    size_t len = strlen(path);
    if (len >= sizeof part) return;
    for (size_t k = 1; k <= len; k++) {
        if (path[k] != '/' && path[k] != '\0') continue;
        memcpy(part, path, k);
        part[k] = '\0';
        mkdir(part, 0700);
    }
}

/* Writes the cache files of the modules that have new code. A cache that cannot be written is no error. */
void caches_save(runtime *rt) {
    for (module *m = rt->modules; m; m = m->next) {
        char path[1024];
        buffer b = { 0 };
        if (!m->unit || !m->unit->dirty || !cache_path(rt, m, path, sizeof path)) continue;
        m->unit->dirty = false;
        make_directories(rt->cache_dir);
        put_module(&b, m);
        if (!b.bad) write_file(path, &b);
        free(b.bytes);
    }
}
