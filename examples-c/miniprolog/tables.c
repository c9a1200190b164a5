/* The tables of atoms (with their operators) and of predicates. */
#include "prolog.h"

#include <stdlib.h>
#include <string.h>

struct symbol {
    char *text;
    size_t len;
    op ops[3];
};

static uint64_t hash_bytes(const char *at, size_t len)
{
    uint64_t h = 1469598103934665603u;
    for (size_t k = 0; k < len; k++)
        h = (h ^ (unsigned char)at[k]) * 1099511628211u;
    return h ^ h >> 29;
}

static void rehash(machine *m, size_t room)
{
    free(m->symbol_table);
    m->symbol_table = must(calloc(room, sizeof *m->symbol_table));
    m->symbol_table_room = room;
    for (size_t k = 0; k < m->symbol_count; k++) {
        const struct symbol *s = &m->symbols[k];
        size_t at = hash_bytes(s->text, s->len) & (room - 1);
        while (m->symbol_table[at]) at = (at + 1) & (room - 1);
        m->symbol_table[at] = (uint32_t)k + 1;
    }
}

static void known_atoms(machine *m)
{
#define ATOM_TEXT(name, text) text,
    static const char *const names[] = { ATOMS(ATOM_TEXT) };
    for (size_t k = 0; k < A_COUNT; k++)
        intern(m, names[k], strlen(names[k]));
}

atom intern(machine *m, const char *at, size_t len)
{
    if (!m->symbol_table) {
        rehash(m, 1024);
        known_atoms(m);
    }
    if (m->symbol_count * 2 >= m->symbol_table_room)
        rehash(m, m->symbol_table_room * 2);
    size_t mask = m->symbol_table_room - 1;
    size_t slot = hash_bytes(at, len) & mask;
    for (; m->symbol_table[slot]; slot = (slot + 1) & mask) {
        const struct symbol *s = &m->symbols[m->symbol_table[slot] - 1];
        if (s->len == len && memcmp(s->text, at, len) == 0)
            return m->symbol_table[slot] - 1;
    }
    m->symbols = grow(m->symbols, &m->symbol_room, m->symbol_count + 1,
                      sizeof *m->symbols);
    struct symbol *s = &m->symbols[m->symbol_count];
    memset(s, 0, sizeof *s);
    s->text = must(malloc(len + 1));
    if (len) memcpy(s->text, at, len);
    s->text[len] = 0;
    s->len = len;
    m->symbol_table[slot] = (uint32_t)++m->symbol_count;
    return m->symbol_count - 1;
}

atom intern_z(machine *m, const char *at)
{
    return intern(m, at, strlen(at));
}

const char *atom_text(machine *m, atom a, size_t *len)
{
    const struct symbol *s = &m->symbols[a];
    if (len) *len = s->len;
    return s->text;
}

op *atom_op(machine *m, atom a, int kind)
{
    return &m->symbols[a].ops[kind];
}

/* ---- predicates ---- */

static size_t pred_hash(atom name, uint32_t arity)
{
    uint64_t h = (name * 31 + arity) * 0x9e3779b97f4a7c15u;
    return (size_t)(h >> 32);
}

static void more_preds(machine *m)
{
    size_t room = m->pred_room ? m->pred_room * 2 : 1024;
    pred **table = must(calloc(room, sizeof(pred *)));
    for (size_t k = 0; k < m->pred_room; k++) {
        for (pred *p = m->preds[k], *next; p; p = next) {
            size_t at = pred_hash(p->name, p->arity) & (room - 1);
            next = p->next;
            p->next = table[at];
            table[at] = p;
        }
    }
    free(m->preds);
    m->preds = table;
    m->pred_room = room;
}

pred *find_pred(machine *m, atom name, uint32_t arity, bool make)
{
    if (m->pred_count >= m->pred_room) more_preds(m);
    size_t at = pred_hash(name, arity) & (m->pred_room - 1);
    for (pred *p = m->preds[at]; p; p = p->next)
        if (p->name == name && p->arity == arity) return p;
    if (!make) return NULL;
    pred *p = must(calloc(1, sizeof *p));
    p->name = name;
    p->arity = arity;
    p->next = m->preds[at];
    m->preds[at] = p;
    m->pred_count++;
    return p;
}

static void free_clauses(clause *c, bool erased)
{
    while (c) {
        clause *next = erased ? c->next_erased : c->next;
        free(c->source);
        free(c);
        c = next;
    }
}

void free_tables(machine *m)
{
    for (size_t k = 0; k < m->pred_room; k++) {
        for (pred *p = m->preds[k], *next; p; p = next) {
            next = p->next;
            free_clauses(p->first, false);
            free(p);
        }
    }
    free_clauses(m->erased, true);
    for (size_t k = 0; k < m->symbol_count; k++) free(m->symbols[k].text);
    free(m->symbols);
    free(m->symbol_table);
    free(m->preds);
    free(m->refs);
}
