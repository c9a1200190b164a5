/* Values: made in the scratch arena, copied out when a global keeps them. */
#include "minirt.h"

#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 1000              /* of a value that is copied, compared or printed */
#define MAX_COPY (1 << 22)          /* values in one copy: a list that holds the same list twice, 40 levels deep */

value nil_value(void) { return (value){ .kind = V_NIL, .as.i = 0 }; }
value int_value(int64_t i) { return (value){ .kind = V_INT, .as.i = i }; }
value bool_value(bool b) { return (value){ .kind = V_BOOL, .as.i = b }; }
bool is_heap(value v) { return v.kind == V_STR || v.kind == V_LIST || v.kind == V_OBJECT; }

static bool too_deep(const runtime *rt, int depth) { return depth > MAX_DEPTH || stack_used_up(rt); }

const char *value_kind_name(value v) {
    static const char *const names[] = { "nil", "int", "bool", "str", "list", "struct", "enum", "function" };
    return names[v.kind];
}

/* ---- scratch values ---- */

static void *scratch_alloc(runtime *rt, size_t size) {
    void *block = lifecycle_arena_alloc(rt->scratch, size);
    if (!block) fail(rt, "out of memory");
    return block;
}

string *string_new(runtime *rt, int64_t len) {
    string *s = scratch_alloc(rt, sizeof *s + (size_t)len + 1);
    if (!s) return NULL;
    s->heap = (heap_value){ .kind = V_STR };
    s->len = len;
    s->data[len] = '\0';
    return s;
}

bool string_from(runtime *rt, const char *bytes, size_t len, value *out) {
    string *s = string_new(rt, (int64_t)len);
    if (!s) return false;
    memcpy(s->data, bytes, len);
    *out = (value){ .kind = V_STR, .as.str = s };
    return true;
}

list *list_new(runtime *rt, int64_t cap) {
    list *l = scratch_alloc(rt, sizeof *l);
    if (!l) return NULL;
    *l = (list){ .heap = { .kind = V_LIST }, .cap = cap };
    if (cap > 0 && !(l->items = scratch_alloc(rt, (size_t)cap * sizeof(value)))) return NULL;
    return l;
}

object *object_new(runtime *rt, decl *shape) {
    object *o = scratch_alloc(rt, sizeof *o + (size_t)shape->field_count * sizeof(value));
    if (!o) return NULL;
    o->heap = (heap_value){ .kind = V_OBJECT };
    o->did = shape->did;
    o->len = shape->field_count;
    return o;
}

static bool list_grow(runtime *rt, list *l) {
    int64_t cap = l->cap ? l->cap * 2 : 8;
    value *items;
    if (l->heap.persistent) {
        items = realloc(l->items, (size_t)cap * sizeof *items);
        if (!items) return fail(rt, "out of memory");
    } else {
        items = scratch_alloc(rt, (size_t)cap * sizeof *items);
        if (!items) return false;
        if (l->len) memcpy(items, l->items, (size_t)l->len * sizeof *items);
        rt->stores++;
    }
    l->items = items;
    l->cap = cap;
    return true;
}

bool list_push(runtime *rt, list *l, value v) {
    if (l->len == l->cap && !list_grow(rt, l)) return false;
    l->items[l->len] = nil_value();
    if (!value_store(rt, &l->heap, &l->items[l->len], v)) return false;
    l->len++;
    return true;
}

/* ---- persistent values: trees made by malloc ---- */

/* Puts v on the list of trees to be freed when nobody can look at them any more. */
void value_discard(runtime *rt, value v) {
    if (!is_heap(v)) return;
    v.as.heap->link = rt->garbage;
    rt->garbage = v.as.heap;
}

/* Frees the discarded trees without recursion: a child joins the list its parent came from. */
void garbage_free(runtime *rt) {
    while (rt->garbage) {
        heap_value *h = rt->garbage;
        rt->garbage = h->link;
        if (h->kind == V_STR) {
            rt->live.strings--;
        } else {
            list *l = (list *)(void *)h;
            object *o = (object *)(void *)h;
            int64_t len = h->kind == V_LIST ? l->len : o->len;
            value *items = h->kind == V_LIST ? l->items : o->fields;
            for (int64_t k = 0; k < len; k++) value_discard(rt, items[k]);
            if (h->kind == V_LIST) free(items);
            rt->live.containers--;
        }
        free(h);
    }
}

typedef struct {
    runtime *rt;
    int64_t budget;
} copier;

static bool copy(copier *, value from, value *to, int depth);

static bool copy_items(copier *c, const value *from, value *to, int64_t len, int depth) {
    for (int64_t k = 0; k < len; k++)
        if (!copy(c, from[k], &to[k], depth + 1)) return false;
    return true;
}

/* On failure `to` holds what was copied so far, a whole tree, for the caller to discard. */
static bool copy(copier *c, value from, value *to, int depth) {
    *to = nil_value();
    if (too_deep(c->rt, depth) || --c->budget < 0)
        return fail(c->rt, "a global cannot keep a value that is nested too deep or holds itself");
    if (from.kind == V_STR) {
        size_t size = sizeof(string) + (size_t)from.as.str->len + 1;
        string *s = malloc(size);
        if (!s) return fail(c->rt, "out of memory");
        memcpy(s, from.as.str, size);
        s->heap.persistent = true;
        *to = (value){ .kind = V_STR, .as.str = s };
        c->rt->live.strings++;
        return true;
    }
    if (from.kind == V_LIST) {
        const list *old = from.as.list;
        list *l = calloc(1, sizeof *l);
        if (!l) return fail(c->rt, "out of memory");
        l->heap = (heap_value){ .persistent = true, .kind = V_LIST };
        *to = (value){ .kind = V_LIST, .as.list = l };
        c->rt->live.containers++;
        if (old->len == 0) return true;
        if (!(l->items = calloc((size_t)old->len, sizeof *l->items))) return fail(c->rt, "out of memory");
        l->len = l->cap = old->len;
        return copy_items(c, old->items, l->items, l->len, depth);
    }
    if (from.kind == V_OBJECT) {
        const object *old = from.as.object;
        object *o = calloc(1, sizeof *o + (size_t)old->len * sizeof(value));
        if (!o) return fail(c->rt, "out of memory");
        o->heap = (heap_value){ .persistent = true, .kind = V_OBJECT };
        o->did = old->did;
        o->len = old->len;
        *to = (value){ .kind = V_OBJECT, .as.object = o };
        c->rt->live.containers++;
        return copy_items(c, old->fields, o->fields, o->len, depth);
    }
    *to = from;
    return true;
}

bool value_persist(runtime *rt, value from, value *to) {
    copier c = { rt, MAX_COPY };
    if (copy(&c, from, to, 0)) return true;
    value_discard(rt, *to);
    *to = nil_value();
    return false;
}

/* Stores into a container, or with holder NULL into a global. What is kept for long keeps a copy of its own. */
bool value_store(runtime *rt, heap_value *holder, value *place, value v) {
    if (holder && !holder->persistent) {
        *place = v;
        if (is_heap(v)) rt->stores++;
        return true;
    }
    value kept;
    if (!value_persist(rt, v, &kept)) return false;
    value_discard(rt, *place);
    *place = kept;
    return true;
}

/* ---- equality and text ---- */

bool value_equal(const runtime *rt, value a, value b, int depth) {
    if (a.kind != b.kind) return false;
    if (a.kind == V_NIL) return true;
    if (!is_heap(a)) return a.as.i == b.as.i && a.variant == b.variant;
    if (a.as.heap == b.as.heap) return true;
    if (a.kind == V_STR)
        return a.as.str->len == b.as.str->len && memcmp(a.as.str->data, b.as.str->data, (size_t)a.as.str->len) == 0;
    bool is_list = a.kind == V_LIST;
    int64_t len = is_list ? a.as.list->len : a.as.object->len;
    if (too_deep(rt, depth) || len != (is_list ? b.as.list->len : b.as.object->len)) return false;
    if (!is_list && a.as.object->did != b.as.object->did) return false;
    const value *x = is_list ? a.as.list->items : a.as.object->fields;
    const value *y = is_list ? b.as.list->items : b.as.object->fields;
    for (int64_t k = 0; k < len; k++)
        if (!value_equal(rt, x[k], y[k], depth + 1)) return false;
    return true;
}

typedef struct {
    runtime *rt;
    string *text;      /* its len is what is written */
    int64_t cap;
} writer;

static bool put(writer *w, const char *bytes, size_t len) {
    if (w->text->len + (int64_t)len > w->cap) {
        int64_t cap = w->cap * 2 + (int64_t)len;
        string *bigger = string_new(w->rt, cap);
        if (!bigger) return false;
        bigger->len = w->text->len;
        memcpy(bigger->data, w->text->data, (size_t)w->text->len);
        w->text = bigger;
        w->cap = cap;
    }
    memcpy(w->text->data + w->text->len, bytes, len);
    w->text->len += (int64_t)len;
    return true;
}

static bool puts_to(writer *w, const char *s) { return put(w, s, strlen(s)); }

static bool write_value(writer *, value, int depth);

static bool write_list(writer *w, const list *l, int depth) {
    if (!puts_to(w, "[")) return false;
    for (int64_t k = 0; k < l->len; k++)
        if ((k && !puts_to(w, ", ")) || !write_value(w, l->items[k], depth + 1)) return false;
    return puts_to(w, "]");
}

static bool write_object(writer *w, const object *o, int depth) {
    decl *shape = decl_of(w->rt, o->did);
    if (!shape) return puts_to(w, "<unloaded struct>");
    if (!puts_to(w, shape->name) || !puts_to(w, "(")) return false;
    for (int64_t k = 0; k < o->len; k++) {
        if ((k && !puts_to(w, ", ")) || !puts_to(w, shape->fields[k].name) || !puts_to(w, ": ") ||
            !write_value(w, o->fields[k], depth + 1))
            return false;
    }
    return puts_to(w, ")");
}

static bool write_declared(writer *w, value v) {
    decl *d = decl_of(w->rt, v.as.i);
    if (!d) return puts_to(w, v.kind == V_ENUM ? "<unloaded enum>" : "<unloaded function>");
    if (v.kind == V_FUNC) return puts_to(w, "<function ") && puts_to(w, d->name) && puts_to(w, ">");
    return puts_to(w, d->name) && puts_to(w, ".") && puts_to(w, d->fields[v.variant].name);
}

/* A string inside a list or struct is quoted. */
static bool write_value(writer *w, value v, int depth) {
    char digits[32];
    if (too_deep(w->rt, depth)) return puts_to(w, "...");
    switch (v.kind) {
    case V_NIL: return puts_to(w, "nil");
    case V_BOOL: return puts_to(w, v.as.i ? "true" : "false");
    case V_INT:
        snprintf(digits, sizeof digits, "%lld", (long long)v.as.i);
        return puts_to(w, digits);
    case V_STR:
        if (depth == 0) return put(w, v.as.str->data, (size_t)v.as.str->len);
        return puts_to(w, "\"") && put(w, v.as.str->data, (size_t)v.as.str->len) && puts_to(w, "\"");
    case V_LIST: return write_list(w, v.as.list, depth);
    case V_OBJECT: return write_object(w, v.as.object, depth);
    case V_ENUM: case V_FUNC: return write_declared(w, v);
    }
    return true;
}

bool value_text(runtime *rt, value v, string **out) {
    if (v.kind == V_STR) {
        *out = v.as.str;
        return true;
    }
    writer w = { rt, string_new(rt, 56), 56 };
    if (!w.text) return false;
    w.text->len = 0;
    if (!write_value(&w, v, 0)) return false;
    w.text->data[w.text->len] = '\0';
    *out = w.text;
    return true;
}
