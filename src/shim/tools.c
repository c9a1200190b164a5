/*
 * What tools look for by name, and the unwinder's registry.
 *
 * The GDB JIT interface is a pair of symbols that a debugger finds by name
 * (GDB manual, "JIT Compilation Interface"). They are defined weakly and are
 * exported: a host that has a pair of its own (LLVM does) links with this one
 * all the same, statically or not, and its pair is used.
 *
 * The unwinders are weak references, as in shim.c: libgcc's is told of a table,
 * LLVM's of each of its entries. A process may hold both, and which of them a
 * throw goes through is not ours to know: both are told.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SHIM __attribute__((visibility("hidden")))
#define WEAK __attribute__((weak))
#define FOUND_BY_NAME __attribute__((weak, visibility("default")))

struct jit_code_entry {
    struct jit_code_entry *next;
    struct jit_code_entry *prev;
    const char *symfile;
    uint64_t symfile_size;
};

enum jit_action { JIT_NO_ACTION, JIT_REGISTER, JIT_UNREGISTER };

struct jit_descriptor {
    uint32_t version;
    uint32_t action;
    struct jit_code_entry *relevant;
    struct jit_code_entry *first;
};

extern struct jit_descriptor __jit_debug_descriptor;
void __jit_debug_register_code(void);

FOUND_BY_NAME struct jit_descriptor __jit_debug_descriptor = {1, 0, NULL, NULL};

/* Where the debugger puts its breakpoint. */
FOUND_BY_NAME __attribute__((noinline)) void __jit_debug_register_code(void)
{
    __asm__ volatile("" ::: "memory");
}

/* libgcc. */
extern void __register_frame_info(const void *table, void *object) WEAK;
extern void *__deregister_frame_info(const void *table) WEAK;

/* LLVM's libunwind. */
extern void __unw_add_dynamic_fde(uintptr_t fde) WEAK;
extern void __unw_remove_dynamic_fde(uintptr_t fde) WEAK;

void lifecycle_shim_gdb_link(struct jit_code_entry *entry) SHIM;
void lifecycle_shim_gdb_unlink(struct jit_code_entry *entry) SHIM;
int lifecycle_shim_can_unwind(void) SHIM;
void lifecycle_shim_frames_add(const void *table, void *object) SHIM;
void lifecycle_shim_frames_remove(const void *table) SHIM;

static void tell_debugger(enum jit_action action, struct jit_code_entry *entry)
{
    __jit_debug_descriptor.action = (uint32_t)action;
    __jit_debug_descriptor.relevant = entry;
    __jit_debug_register_code();
    __jit_debug_descriptor.action = JIT_NO_ACTION;
    __jit_debug_descriptor.relevant = NULL;
}

/* The caller holds the one lock of the list. */
void lifecycle_shim_gdb_link(struct jit_code_entry *entry)
{
    entry->prev = NULL;
    entry->next = __jit_debug_descriptor.first;
    if (entry->next) {
        entry->next->prev = entry;
    }
    __jit_debug_descriptor.first = entry;
    tell_debugger(JIT_REGISTER, entry);
}

/* As above. A debugger that attaches in the middle must not find the entry. */
void lifecycle_shim_gdb_unlink(struct jit_code_entry *entry)
{
    if (entry->prev) {
        entry->prev->next = entry->next;
    } else {
        __jit_debug_descriptor.first = entry->next;
    }
    if (entry->next) {
        entry->next->prev = entry->prev;
    }
    tell_debugger(JIT_UNREGISTER, entry);
}

int lifecycle_shim_can_unwind(void)
{
    return (__register_frame_info && __deregister_frame_info)
        || (__unw_add_dynamic_fde && __unw_remove_dynamic_fde);
}

/*
 * Tells of each entry (FDE) of a table that unwind.rs has made: records of a
 * length each, an entry's second word is not 0, a length of 0 ends it.
 */
static void each_entry(const void *table, void (*tell)(uintptr_t fde))
{
    const unsigned char *record = table;
    uint32_t length;
    uint32_t id;

    for (;;) {
        memcpy(&length, record, sizeof length);
        if (length == 0) {
            return;
        }
        memcpy(&id, record + sizeof length, sizeof id);
        if (id != 0) {
            tell((uintptr_t)record);
        }
        record += sizeof length + length;
    }
}

/* `object` is room for libgcc's record, the library's until the removal. */
void lifecycle_shim_frames_add(const void *table, void *object)
{
    if (__register_frame_info && __deregister_frame_info) {
        __register_frame_info(table, object);
    }
    if (__unw_add_dynamic_fde && __unw_remove_dynamic_fde) {
        each_entry(table, __unw_add_dynamic_fde);
    }
}

void lifecycle_shim_frames_remove(const void *table)
{
    if (__unw_add_dynamic_fde && __unw_remove_dynamic_fde) {
        each_entry(table, __unw_remove_dynamic_fde);
    }
    if (__register_frame_info && __deregister_frame_info) {
        __deregister_frame_info(table);
    }
}
