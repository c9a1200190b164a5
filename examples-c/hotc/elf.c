/* elf.c - see elf.h. Structures are copied out: nothing in the file need be
   aligned. */
#include "elf.h"

#include <string.h>

/* Far above what a source file brings in, far below what overflows. */
#define LARGEST_SECTION ((size_t)64 << 20)

static bool inside(uint64_t offset, uint64_t size, uint64_t whole)
{
    return offset <= whole && size <= whole - offset;
}

Elf64_Shdr elf_section(const struct elf_file *file, size_t index)
{
    Elf64_Shdr section;
    memcpy(&section,
           file->bytes + file->header.e_shoff + index * sizeof section,
           sizeof section);
    if (section.sh_type == SHT_NULL)
        memset(&section, 0, sizeof section);
    if (section.sh_addralign == 0)
        section.sh_addralign = 1;
    return section;
}

Elf64_Sym elf_symbol(const struct elf_file *file, size_t index)
{
    Elf64_Sym symbol;
    memcpy(&symbol,
           file->bytes + file->symbols.sh_offset + index * sizeof symbol,
           sizeof symbol);
    return symbol;
}

const char *elf_symbol_name(const struct elf_file *file, Elf64_Sym symbol)
{
    return (const char *)file->bytes + file->names.sh_offset + symbol.st_name;
}

size_t elf_relocation_count(Elf64_Shdr section)
{
    return section.sh_size / sizeof(Elf64_Rela);
}

Elf64_Rela elf_relocation(const struct elf_file *file, Elf64_Shdr section,
                          size_t index)
{
    Elf64_Rela relocation;
    memcpy(&relocation,
           file->bytes + section.sh_offset + index * sizeof relocation,
           sizeof relocation);
    return relocation;
}

static bool check_header(struct elf_file *file, struct fault *fault)
{
    Elf64_Ehdr *header = &file->header;
    if (file->size < sizeof *header)
        return wrong(fault, "the object is too short for an ELF header");
    memcpy(header, file->bytes, sizeof *header);
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
        header->e_ident[EI_CLASS] != ELFCLASS64 ||
        header->e_ident[EI_DATA] != ELFDATA2LSB ||
        header->e_type != ET_REL || header->e_machine != EM_X86_64)
        return wrong(fault, "not an ELF64 relocatable object for x86-64");
    if (header->e_shentsize != sizeof(Elf64_Shdr))
        return wrong(fault, "section headers of an unknown size");
    file->section_count = header->e_shnum;
    if (file->section_count >= SHN_LORESERVE)
        return wrong(fault, "the object has too many sections");
    if (!inside(header->e_shoff, file->section_count * sizeof(Elf64_Shdr),
                file->size))
        return wrong(fault, "the section headers lie outside the object");
    return true;
}

static bool check_section(struct elf_file *file, size_t index,
                          struct fault *fault)
{
    Elf64_Shdr section = elf_section(file, index);
    uint64_t align = section.sh_addralign;
    if (section.sh_size > LARGEST_SECTION)
        return wrong(fault, "section %zu is too large", index);
    if (section.sh_type != SHT_NOBITS &&
        !inside(section.sh_offset, section.sh_size, file->size))
        return wrong(fault, "section %zu lies outside the object", index);
    if (align > 4096 || (align & (align - 1)) != 0)
        return wrong(fault, "section %zu has an alignment of %llu", index,
                     (unsigned long long)align);
    if (section.sh_type != SHT_SYMTAB)
        return true;
    if (file->symbol_count != 0)
        return wrong(fault, "the object has two symbol tables");
    file->symbols = section;
    file->symbol_count = section.sh_size / sizeof(Elf64_Sym);
    return true;
}

static bool check_names(struct elf_file *file, struct fault *fault)
{
    if (file->symbol_count == 0)
        return wrong(fault, "the object has no symbols");
    if (file->symbols.sh_link >= file->section_count)
        return wrong(fault, "the symbols have no names");
    file->names = elf_section(file, file->symbols.sh_link);
    if (file->names.sh_type != SHT_STRTAB || file->names.sh_size == 0 ||
        file->bytes[file->names.sh_offset + file->names.sh_size - 1] != 0)
        return wrong(fault, "the symbols' names are no table of strings");
    return true;
}

static bool check_symbol(const struct elf_file *file, size_t index,
                         struct fault *fault)
{
    Elf64_Sym symbol = elf_symbol(file, index);
    if (symbol.st_name >= file->names.sh_size)
        return wrong(fault, "symbol %zu has no name", index);
    if (symbol.st_shndx == SHN_ABS || symbol.st_shndx == SHN_UNDEF)
        return true;
    if (symbol.st_shndx == SHN_COMMON) {
        uint64_t align = symbol.st_value;
        if (align == 0 || align > 4096 || (align & (align - 1)) != 0 ||
            symbol.st_size > LARGEST_SECTION)
            return wrong(fault, "symbol %zu is no common block", index);
        return true;
    }
    if (symbol.st_shndx >= file->section_count ||
        !inside(symbol.st_value, symbol.st_size,
                elf_section(file, symbol.st_shndx).sh_size))
        return wrong(fault, "symbol %zu lies outside its section", index);
    return true;
}

static bool check_relocations(const struct elf_file *file, size_t index,
                              struct fault *fault)
{
    Elf64_Shdr section = elf_section(file, index), target;
    if (section.sh_type == SHT_REL)
        return wrong(fault, "section %zu has relocations without addends",
                     index);
    if (section.sh_type != SHT_RELA)
        return true;
    if (section.sh_info >= file->section_count)
        return wrong(fault, "section %zu relocates nothing", index);
    target = elf_section(file, section.sh_info);
    for (size_t k = 0; k < elf_relocation_count(section); k++) {
        Elf64_Rela relocation = elf_relocation(file, section, k);
        if (ELF64_R_SYM(relocation.r_info) >= file->symbol_count)
            return wrong(fault, "relocation %zu of section %zu has no symbol",
                         k, index);
        if (relocation.r_offset >= target.sh_size)
            return wrong(fault, "relocation %zu of section %zu is outside", k,
                         index);
    }
    return true;
}

bool elf_open(struct elf_file *file, const void *bytes, size_t size,
              struct fault *fault)
{
    bool ok;
    memset(file, 0, sizeof *file);
    file->bytes = bytes;
    file->size = size;
    ok = check_header(file, fault);
    for (size_t k = 0; ok && k < file->section_count; k++)
        ok = check_section(file, k, fault);
    ok = ok && check_names(file, fault);
    for (size_t k = 0; ok && k < file->symbol_count; k++)
        ok = check_symbol(file, k, fault);
    for (size_t k = 0; ok && k < file->section_count; k++)
        ok = check_relocations(file, k, fault);
    return ok;
}
