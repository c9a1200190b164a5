/*
 * elf.h - reads an ELF64 relocatable object for x86-64 out of memory.
 *
 * elf_open looks at every offset, index and size in the tables once; what it
 * accepts can be read through the functions below without another check.
 */
#ifndef HOTC_ELF_H
#define HOTC_ELF_H

#include "fault.h"

#include <elf.h>
#include <stddef.h>

struct elf_file {
    const unsigned char *bytes;
    size_t size;
    Elf64_Ehdr header;
    Elf64_Shdr symbols;
    Elf64_Shdr names; /* of the symbols */
    size_t section_count;
    size_t symbol_count;
};

/* The bytes are borrowed as long as the file is used. */
bool elf_open(struct elf_file *file, const void *bytes, size_t size,
              struct fault *fault);

/* index < section_count. A section that is not SHT_NOBITS has sh_size bytes
   at file->bytes + sh_offset. sh_addralign is a power of two up to 4096. */
Elf64_Shdr elf_section(const struct elf_file *file, size_t index);

/* index < symbol_count. st_shndx is a section, or SHN_UNDEF, SHN_ABS or
   SHN_COMMON; a symbol in a section lies within it. */
Elf64_Sym elf_symbol(const struct elf_file *file, size_t index);
const char *elf_symbol_name(const struct elf_file *file, Elf64_Sym symbol);

/* Of a section of type SHT_RELA: how many, and one of them. The symbol's index
   is below symbol_count, the offset within the section sh_info. */
size_t elf_relocation_count(Elf64_Shdr section);
Elf64_Rela elf_relocation(const struct elf_file *file, Elf64_Shdr section,
                          size_t index);

#endif
