/*
 * loader.c - see loader.h.
 *
 * In this order: data gets its place; functions are found with the fields in
 * them, and get theirs; now every address is known, and pointers in data are
 * filled in; all functions are mapped at once, with their relocations. What is
 * needed on the way lives in an arena that goes at the end.
 *
 * Functions of an object call each other directly, not through entries: a call
 * that began in one version ends in it, whatever the next version has lost.
 */
#include "loader.h"

#include "elf.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* A place in code that needs an address. */
struct field {
    size_t section;
    Elf64_Rela how;
};

struct function {
    const char *name; /* "unit:function" */
    size_t symbol;    /* its index */
    Elf64_Sym at;
    const struct field *fields; /* those in it */
    size_t field_count;
    lifecycle_code room;
};

struct load {
    lifecycle_manager *manager;
    lifecycle_module module;
    const char *unit;
    lifecycle_arena *scratch;
    struct fault *fault;
    struct elf_file file;
    unsigned char **sections; /* where their bytes are; NULL: not data */
    unsigned char **commons;  /* by symbol */
    void **addresses;         /* by symbol: where a function will run */
    struct function *functions;
    size_t function_count;
    struct field *fields;
    size_t field_count;
};

static bool library(struct load *load)
{
    return wrong(load->fault, "%s", lifecycle_last_error());
}

static void *zeroed(struct load *load, size_t count, size_t size)
{
    void *memory = lifecycle_arena_alloc(load->scratch, count * size + 1);
    if (memory != NULL)
        memset(memory, 0, count * size + 1);
    else
        library(load);
    return memory;
}

/* --- data --- */

static bool is_code(Elf64_Shdr section)
{
    return (section.sh_flags & SHF_ALLOC) && (section.sh_flags & SHF_EXECINSTR);
}

static bool is_data(Elf64_Shdr section)
{
    return (section.sh_flags & SHF_ALLOC) &&
           !(section.sh_flags & SHF_EXECINSTR) && section.sh_size != 0;
}

static bool loadable(struct load *load, size_t index, Elf64_Shdr section)
{
    if (is_code(section) && (section.sh_flags & SHF_WRITE))
        return wrong(load->fault, "section %zu is writable and executable",
                     index);
    if (is_code(section) && section.sh_type != SHT_PROGBITS &&
        section.sh_size != 0)
        return wrong(load->fault, "section %zu is code without bytes", index);
    if (section.sh_flags & SHF_TLS)
        return wrong(load->fault, "thread-local variables are not supported");
    if (section.sh_type == SHT_INIT_ARRAY || section.sh_type == SHT_FINI_ARRAY)
        return wrong(load->fault, "constructors are not supported");
    return true;
}

/* Takes `size` bytes at the end of what is laid out so far. */
static size_t lay_out(size_t *end, size_t *align, uint64_t size, uint64_t to)
{
    size_t at = (*end + to - 1) & ~(size_t)(to - 1);
    *end = at + size;
    if (to > *align)
        *align = to;
    return at;
}

/* Walks over everything that is data: first with `memory` NULL, to learn how
   much there is (no sum overflows: each part has at most 64 MiB and the file
   at most 2^16 sections), then to fill it. */
static bool place_data(struct load *load, unsigned char *memory, size_t *end,
                       size_t *align)
{
    *end = 0;
    for (size_t k = 0; k < load->file.section_count; k++) {
        Elf64_Shdr section = elf_section(&load->file, k);
        if (!loadable(load, k, section))
            return false;
        if (!is_data(section))
            continue;
        size_t at = lay_out(end, align, section.sh_size, section.sh_addralign);
        if (memory == NULL)
            continue;
        load->sections[k] = memory + at;
        if (section.sh_type != SHT_NOBITS)
            memcpy(memory + at, load->file.bytes + section.sh_offset,
                   section.sh_size);
    }
    for (size_t k = 0; k < load->file.symbol_count; k++) {
        Elf64_Sym symbol = elf_symbol(&load->file, k);
        if (symbol.st_shndx != SHN_COMMON)
            continue;
        size_t at = lay_out(end, align, symbol.st_size, symbol.st_value);
        if (memory != NULL)
            load->commons[k] = memory + at;
    }
    return true;
}

static bool load_data(struct load *load)
{
    size_t size, align = 16;
    void *memory;
    if (!place_data(load, NULL, &size, &align))
        return false;
    if (size == 0)
        return true;
    if (lifecycle_data_reserve(load->manager, load->module, size, align,
                               &memory) != LIFECYCLE_OK)
        return library(load);
    return place_data(load, memory, &size, &align);
}

/* --- functions --- */

static int by_address(const void *a, const void *b)
{
    const struct function *f = a, *g = b;
    if (f->at.st_shndx != g->at.st_shndx)
        return f->at.st_shndx < g->at.st_shndx ? -1 : 1;
    return (f->at.st_value > g->at.st_value) -
           (f->at.st_value < g->at.st_value);
}

static const char *qualified(struct load *load, const char *name)
{
    size_t size = strlen(load->unit) + strlen(name) + 2;
    char *text = zeroed(load, size, 1);
    if (text != NULL)
        snprintf(text, size, "%s:%s", load->unit, name);
    return text;
}

static bool find_functions(struct load *load, const char *wanted)
{
    const struct elf_file *file = &load->file;
    bool found = false;
    for (size_t k = 0; k < file->symbol_count; k++) {
        Elf64_Sym symbol = elf_symbol(file, k);
        const char *name = elf_symbol_name(file, symbol);
        if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC ||
            symbol.st_shndx == SHN_UNDEF)
            continue;
        if (symbol.st_shndx >= file->section_count ||
            !is_code(elf_section(file, symbol.st_shndx)) ||
            symbol.st_size == 0 || name[0] == '\0')
            return wrong(load->fault, "function '%s' has no code", name);
        struct function *function = &load->functions[load->function_count++];
        function->symbol = k;
        function->at = symbol;
        if ((function->name = qualified(load, name)) == NULL)
            return false;
        found |= ELF64_ST_BIND(symbol.st_info) != STB_LOCAL &&
                 strcmp(name, wanted) == 0;
    }
    if (!found)
        return wrong(load->fault, "there is no function '%s'", wanted);
    qsort(load->functions, load->function_count, sizeof *load->functions,
          by_address);
    for (size_t k = 1; k < load->function_count; k++) {
        const struct function *f = &load->functions[k - 1], *g = f + 1;
        if (f->at.st_shndx == g->at.st_shndx &&
            g->at.st_value - f->at.st_value < f->at.st_size)
            return wrong(load->fault, "'%s' and '%s' overlap", f->name,
                         g->name);
    }
    return true;
}

/* --- fields in code --- */

static int by_place(const void *a, const void *b)
{
    const struct field *f = a, *g = b;
    if (f->section != g->section)
        return f->section < g->section ? -1 : 1;
    return (f->how.r_offset > g->how.r_offset) -
           (f->how.r_offset < g->how.r_offset);
}

static bool collect_fields(struct load *load)
{
    size_t most = 0;
    for (size_t k = 0; k < load->file.section_count; k++) {
        Elf64_Shdr section = elf_section(&load->file, k);
        if (section.sh_type == SHT_RELA)
            most += elf_relocation_count(section);
    }
    if ((load->fields = zeroed(load, most, sizeof *load->fields)) == NULL)
        return false;
    for (size_t k = 0; k < load->file.section_count; k++) {
        Elf64_Shdr section = elf_section(&load->file, k);
        if (section.sh_type != SHT_RELA ||
            !is_code(elf_section(&load->file, section.sh_info)))
            continue;
        for (size_t r = 0; r < elf_relocation_count(section); r++)
            load->fields[load->field_count++] = (struct field){
                section.sh_info, elf_relocation(&load->file, section, r)
            };
    }
    qsort(load->fields, load->field_count, sizeof *load->fields, by_place);
    return true;
}

/* Gives each function the fields in it. Both lists are in order of address. */
static bool share_fields(struct load *load)
{
    size_t next = 0;
    for (size_t k = 0; k < load->function_count; k++) {
        struct function *function = &load->functions[k];
        const Elf64_Sym *at = &function->at;
        function->fields = load->fields + next;
        for (; next < load->field_count; next++) {
            const struct field *field = &load->fields[next];
            if (field->section != at->st_shndx ||
                field->how.r_offset < at->st_value ||
                field->how.r_offset - at->st_value >= at->st_size)
                break;
            function->field_count++;
        }
    }
    return next == load->field_count ||
           wrong(load->fault, "code outside of every function");
}

/* Writes each function to where it will run. Behind it the library may need up
   to 16 bytes for each of its relocations. */
static bool place_functions(struct load *load)
{
    for (size_t k = 0; k < load->function_count; k++) {
        struct function *function = &load->functions[k];
        Elf64_Shdr section = elf_section(&load->file, function->at.st_shndx);
        size_t size = function->at.st_size;
        if (lifecycle_code_reserve(load->manager,
                                   size + 8 + 16 * function->field_count, 0,
                                   NULL, &function->room) != LIFECYCLE_OK)
            return library(load);
        memcpy(function->room.rw,
               load->file.bytes + section.sh_offset + function->at.st_value,
               size);
        load->addresses[function->symbol] = function->room.rx;
    }
    return true;
}

/* --- relocations --- */

/* Where a symbol is. */
static bool resolve(struct load *load, size_t index, const void **address)
{
    Elf64_Sym symbol = elf_symbol(&load->file, index);
    const char *name = elf_symbol_name(&load->file, symbol);
    static void *host;
    *address = load->addresses[index];
    if (*address != NULL)
        return true;
    if (symbol.st_shndx == SHN_UNDEF) {
        if (host == NULL)
            host = dlopen(NULL, RTLD_NOW);
        *address = host == NULL ? NULL : dlsym(host, name);
    } else if (symbol.st_shndx == SHN_COMMON) {
        *address = load->commons[index];
    } else if (symbol.st_shndx < load->file.section_count &&
               load->sections[symbol.st_shndx] != NULL) {
        *address = load->sections[symbol.st_shndx] + symbol.st_value;
    }
    return *address != NULL || wrong(load->fault, "'%s' is not defined", name);
}

/* A pointer in data. */
static bool relocate_data(struct load *load, size_t section, Elf64_Rela how)
{
    const void *address;
    uint64_t value;
    if (ELF64_R_TYPE(how.r_info) != R_X86_64_64)
        return wrong(load->fault, "data has a relocation of type %u",
                     (unsigned)ELF64_R_TYPE(how.r_info));
    if (elf_section(&load->file, section).sh_size - how.r_offset < 8)
        return wrong(load->fault, "a relocation reaches out of its section");
    if (!resolve(load, ELF64_R_SYM(how.r_info), &address))
        return false;
    value = (uint64_t)(uintptr_t)address + (uint64_t)how.r_addend;
    memcpy(load->sections[section] + how.r_offset, &value, sizeof value);
    return true;
}

/* What is not loaded, such as debugging data, is left alone. */
static bool relocate_all_data(struct load *load)
{
    bool ok = true;
    for (size_t k = 0; ok && k < load->file.section_count; k++) {
        Elf64_Shdr section = elf_section(&load->file, k);
        if (section.sh_type != SHT_RELA ||
            load->sections[section.sh_info] == NULL)
            continue;
        for (size_t r = 0; ok && r < elf_relocation_count(section); r++)
            ok = relocate_data(load, section.sh_info,
                               elf_relocation(&load->file, section, r));
    }
    return ok;
}

static bool relocate_code(struct load *load, const struct function *function,
                          Elf64_Rela how, lifecycle_relocation *to)
{
    to->offset = how.r_offset - function->at.st_value;
    to->addend = how.r_addend;
    switch (ELF64_R_TYPE(how.r_info)) {
    case R_X86_64_64: to->kind = LIFECYCLE_RELOC_ABS64; break;
    case R_X86_64_PC32: to->kind = LIFECYCLE_RELOC_PC32; break;
    case R_X86_64_PLT32: to->kind = LIFECYCLE_RELOC_PLT32; break;
    case R_X86_64_GOTPCREL:
    case R_X86_64_GOTPCRELX:
    case R_X86_64_REX_GOTPCRELX: to->kind = LIFECYCLE_RELOC_GOTPCREL; break;
    default:
        return wrong(load->fault, "code has a relocation of type %u",
                     (unsigned)ELF64_R_TYPE(how.r_info));
    }
    return resolve(load, ELF64_R_SYM(how.r_info), &to->target);
}

/* --- mapping --- */

static bool map_functions(struct load *load)
{
    size_t count = load->function_count;
    lifecycle_batch_item *items = zeroed(load, count, sizeof *items);
    lifecycle_map_options *options = zeroed(load, count, sizeof *options);
    lifecycle_relocation *next =
        zeroed(load, load->field_count, sizeof *next);
    if (items == NULL || options == NULL || next == NULL)
        return false;
    for (size_t k = 0; k < count; k++) {
        struct function *function = &load->functions[k];
        options[k] = (lifecycle_map_options)LIFECYCLE_MAP_OPTIONS_INIT;
        options[k].relocations = next;
        options[k].relocation_count = function->field_count;
        for (size_t f = 0; f < function->field_count; f++)
            if (!relocate_code(load, function, function->fields[f].how, next++))
                return false;
        items[k] = (lifecycle_batch_item)LIFECYCLE_BATCH_ITEM_INIT;
        items[k].name = function->name;
        items[k].reserved = &function->room;
        items[k].len = function->at.st_size;
        items[k].options = &options[k];
    }
    return lifecycle_map_batch(load->manager, load->module, items, count,
                               NULL) == LIFECYCLE_OK ||
           library(load);
}

/* What was not mapped is given back. */
static void give_back(struct load *load)
{
    for (size_t k = 0; k < load->function_count; k++)
        if (load->functions[k].room.rw != NULL)
            lifecycle_code_abort(load->manager, &load->functions[k].room);
}

bool load_object(lifecycle_manager *manager, lifecycle_module module,
                 const char *unit, const char *wanted, const void *bytes,
                 size_t size, struct fault *fault)
{
    struct load load = { .manager = manager, .module = module, .unit = unit,
                         .fault = fault };
    size_t symbols, sections;
    bool ok = elf_open(&load.file, bytes, size, fault);
    if (!ok)
        return false;
    if (lifecycle_arena_create(NULL, &load.scratch) != LIFECYCLE_OK)
        return library(&load);
    symbols = load.file.symbol_count;
    sections = load.file.section_count;
    load.sections = zeroed(&load, sections, sizeof *load.sections);
    load.commons = zeroed(&load, symbols, sizeof *load.commons);
    load.addresses = zeroed(&load, symbols, sizeof *load.addresses);
    load.functions = zeroed(&load, symbols, sizeof *load.functions);
    ok = load.sections != NULL && load.commons != NULL &&
         load.addresses != NULL && load.functions != NULL &&
         load_data(&load) && find_functions(&load, wanted) &&
         collect_fields(&load) && share_fields(&load) &&
         place_functions(&load) && relocate_all_data(&load) &&
         map_functions(&load);
    give_back(&load);
    lifecycle_arena_destroy(load.scratch);
    return ok;
}
