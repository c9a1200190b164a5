/*
 * The ABI, number by number: status codes, constants, sizes, offsets, and the exact type of every function. A program
 * that was compiled against an older header relies on each line here. To add a thing, add its line; a line is changed
 * only together with the number in the soname.
 */
#include <stdio.h>
#include <string.h>

#include "lifecycle.h"

#define VALUE(name, number) _Static_assert((name) == (number), #name " has another number")
#define CONSTANT(name, number) \
    _Static_assert((name) == (number) && _Generic((name), unsigned int: 1, default: 0), #name " is another number")
#define SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " has another size")
#define OFFSET(type, field, bytes) _Static_assert(offsetof(type, field) == (bytes), #type "." #field " has moved")
/* A pointer that is there to be compiled: it fits only a function of exactly its type. */
#define PIN __attribute__((unused)) static

_Static_assert(sizeof(void *) == 8 && sizeof(size_t) == 8, "these numbers are those of 64-bit systems");
SIZE(lifecycle_status, 4);

/* Numbers of statuses: never reused */

VALUE(LIFECYCLE_OK, 0);
VALUE(LIFECYCLE_E_INVALID, -1);
VALUE(LIFECYCLE_E_NOT_FOUND, -2);
VALUE(LIFECYCLE_E_EXISTS, -3);
VALUE(LIFECYCLE_E_STALE, -4);
VALUE(LIFECYCLE_E_BUSY, -5);
VALUE(LIFECYCLE_E_PINNED, -6);
VALUE(LIFECYCLE_E_NOMEM, -7);
VALUE(LIFECYCLE_E_LIMIT, -8);
VALUE(LIFECYCLE_E_TOO_BIG, -9);
VALUE(LIFECYCLE_E_RANGE, -10);
VALUE(LIFECYCLE_E_TYPE, -11);
VALUE(LIFECYCLE_E_FORMAT, -12);
VALUE(LIFECYCLE_E_DEPTH, -13);
VALUE(LIFECYCLE_E_CYCLE, -14);
VALUE(LIFECYCLE_E_DENIED, -15);
VALUE(LIFECYCLE_E_SYSTEM, -16);
VALUE(LIFECYCLE_E_FORKED, -17);
VALUE(LIFECYCLE_E_TIMEOUT, -18);
VALUE(LIFECYCLE_E_DEADLOCK, -19);
VALUE(LIFECYCLE_E_UNSUPPORTED, -20);
VALUE(LIFECYCLE_E_PANIC, -21);

/* Constants, which are unsigned */

CONSTANT(LIFECYCLE_ARENA_NO_POISON, 1);
CONSTANT(LIFECYCLE_ARENA_ALIGN_MAX, 2097152);
CONSTANT(LIFECYCLE_TEXT_DEPTH_MAX, 10000);
CONSTANT(LIFECYCLE_MAP_JIT, 1);
CONSTANT(LIFECYCLE_MAP_REPLACE, 2);
CONSTANT(LIFECYCLE_MAP_PINNED, 4);
CONSTANT(LIFECYCLE_MAP_ADOPTED, 8);
CONSTANT(LIFECYCLE_RELOC_ABS64, 1);
CONSTANT(LIFECYCLE_RELOC_PC32, 2);
CONSTANT(LIFECYCLE_RELOC_PLT32, 3);
CONSTANT(LIFECYCLE_RELOC_GOTPCREL, 4);
CONSTANT(LIFECYCLE_RELOC_CALL26, 5);
CONSTANT(LIFECYCLE_RELOC_ADR_PREL_PG_HI21, 6);
CONSTANT(LIFECYCLE_RELOC_ADD_ABS_LO12, 7);
CONSTANT(LIFECYCLE_CONFIG_MARK_ENTRIES, 1);
CONSTANT(LIFECYCLE_CONFIG_PERF_MAP, 2);
CONSTANT(LIFECYCLE_CONFIG_JITDUMP, 4);
CONSTANT(LIFECYCLE_CONFIG_GDB, 8);
CONSTANT(LIFECYCLE_FEATURE_PANICS_CAUGHT, 1);
CONSTANT(LIFECYCLE_FEATURE_ENTRIES, 2);
CONSTANT(LIFECYCLE_FEATURE_DEBUG, 4);
CONSTANT(LIFECYCLE_CODE_AUTO, 0);
CONSTANT(LIFECYCLE_CODE_DUAL, 1);
CONSTANT(LIFECYCLE_CODE_MPROTECT, 2);
CONSTANT(LIFECYCLE_CODE_NONE, 3);
CONSTANT(LIFECYCLE_MAPPING_MAP, 0);
CONSTANT(LIFECYCLE_MAPPING_SNAPSHOT, 1);
CONSTANT(LIFECYCLE_FORK_COPY, 2);
CONSTANT(LIFECYCLE_SMF_TEMPLATE_CODE, 12);
CONSTANT(LIFECYCLE_SMF_TEMPLATE_METADATA, 13);
CONSTANT(LIFECYCLE_UNLOAD_CASCADE, 1);
CONSTANT(LIFECYCLE_UNLOAD_FORCE_PINNED, 2);
CONSTANT(LIFECYCLE_FUNC, 0);
CONSTANT(LIFECYCLE_STRUCT, 1);
CONSTANT(LIFECYCLE_ENUM, 2);
CONSTANT(LIFECYCLE_GLOBAL, 3);
CONSTANT(LIFECYCLE_TEXT, 0);
CONSTANT(LIFECYCLE_JSON, 1);
CONSTANT(LIFECYCLE_PROMETHEUS, 2);
CONSTANT(LIFECYCLE_EVENT_MODULE_LOADED, 1);
CONSTANT(LIFECYCLE_EVENT_MODULE_UNLOADED, 2);
CONSTANT(LIFECYCLE_EVENT_SYMBOL_MAPPED, 3);
CONSTANT(LIFECYCLE_EVENT_SYMBOL_RETIRED, 4);
CONSTANT(LIFECYCLE_EVENT_SYMBOL_FREED, 5);
CONSTANT(LIFECYCLE_EVENT_METADATA_DROPPED, 6);
CONSTANT(LIFECYCLE_EVENT_MAPPING_OPENED, 7);
CONSTANT(LIFECYCLE_EVENT_MAPPING_EVICTED, 8);
CONSTANT(LIFECYCLE_EVENT_NAME_REMOVED, 9);
CONSTANT(LIFECYCLE_EVENT_NAME_RESTORED, 10);
CONSTANT(LIFECYCLE_EVENT_SWEEP_DONE, 11);
CONSTANT(LIFECYCLE_EVENT_EPOCH_ADVANCED, 12);
CONSTANT(LIFECYCLE_LEAK_MODULE, 1);
CONSTANT(LIFECYCLE_LEAK_SYMBOL, 2);
CONSTANT(LIFECYCLE_LEAK_RESERVATION, 3);
CONSTANT(LIFECYCLE_LEAK_RETIRED, 4);
CONSTANT(LIFECYCLE_LEAK_MAPPING, 5);
CONSTANT(LIFECYCLE_LEAK_METADATA, 6);
CONSTANT(LIFECYCLE_LEAK_NAME, 7);
CONSTANT(LIFECYCLE_LEAK_RESOURCE, 8);
CONSTANT(LIFECYCLE_LEAK_FAILED_RELEASE, 9);
CONSTANT(LIFECYCLE_TAG_REF, 0);
CONSTANT(LIFECYCLE_TAG_STR, 1);
CONSTANT(LIFECYCLE_TAG_LIS, 2);
CONSTANT(LIFECYCLE_TAG_CON, 3);
CONSTANT(LIFECYCLE_TAG_INT, 4);
CONSTANT(LIFECYCLE_TAG_FUN, 5);
CONSTANT(LIFECYCLE_TAG_BLOB, 6);
CONSTANT(LIFECYCLE_TAG_HOST, 7);
CONSTANT(LIFECYCLE_NO_CELL, 0);
CONSTANT(LIFECYCLE_ARITY_MAX, 1048576);
CONSTANT(LIFECYCLE_HEAP_VERIFY, 1);
CONSTANT(LIFECYCLE_HEAP_NO_POISON, 2);
CONSTANT(LIFECYCLE_FAULT_RANGE, 1);
CONSTANT(LIFECYCLE_FAULT_HEADER, 2);
CONSTANT(LIFECYCLE_FAULT_WHOLE, 3);
CONSTANT(LIFECYCLE_FAULT_VALUE, 4);
CONSTANT(LIFECYCLE_FAULT_RECLAIMED, 5);
CONSTANT(LIFECYCLE_FAULT_KEPT, 6);
CONSTANT(LIFECYCLE_FAULT_TRAIL, 7);
CONSTANT(LIFECYCLE_FAULT_CHOICE, 8);
CONSTANT(LIFECYCLE_PLACE_HEAP, 1);
CONSTANT(LIFECYCLE_PLACE_X, 2);
CONSTANT(LIFECYCLE_PLACE_FRAME, 3);
CONSTANT(LIFECYCLE_PLACE_CHOICE, 4);
CONSTANT(LIFECYCLE_PLACE_TRAIL, 5);
CONSTANT(LIFECYCLE_PLACE_GLOBAL, 6);
CONSTANT(LIFECYCLE_PLACE_CALLBACK, 7);

/* Too large for that */

VALUE(LIFECYCLE_HEAP_CELLS_MAX, 4294967296);

/* Kinds of values, which are of the type of the function that returns them */

VALUE(LIFECYCLE_NIL, 0);
VALUE(LIFECYCLE_STRING, 1);
VALUE(LIFECYCLE_INT, 2);
VALUE(LIFECYCLE_DOUBLE, 3);
VALUE(LIFECYCLE_LIST, 4);
VALUE(LIFECYCLE_DICT, 5);
VALUE(LIFECYCLE_FOREIGN, 6);
VALUE(LIFECYCLE_BUILDER, 7);

/* Structs: fields may be added at the end, nothing else ever changes */

SIZE(lifecycle_allocator, 32);
OFFSET(lifecycle_allocator, alloc, 0);
OFFSET(lifecycle_allocator, realloc, 8);
OFFSET(lifecycle_allocator, free, 16);
OFFSET(lifecycle_allocator, user, 24);

SIZE(lifecycle_config, 72);
OFFSET(lifecycle_config, size, 0);
OFFSET(lifecycle_config, code_capacity, 8);
OFFSET(lifecycle_config, code_mode, 16);
OFFSET(lifecycle_config, mapping_mode, 20);
OFFSET(lifecycle_config, sweep_max_age, 24);
OFFSET(lifecycle_config, load_depth_limit, 32);
OFFSET(lifecycle_config, flags, 36);
OFFSET(lifecycle_config, allocator, 40);

SIZE(lifecycle_caps, 48);
OFFSET(lifecycle_caps, code_mode, 0);
OFFSET(lifecycle_caps, fork_policy, 4);
OFFSET(lifecycle_caps, membarrier, 8);
OFFSET(lifecycle_caps, entries, 12);
OFFSET(lifecycle_caps, code_capacity, 16);
OFFSET(lifecycle_caps, page_size, 24);
OFFSET(lifecycle_caps, code_granule, 32);
OFFSET(lifecycle_caps, tools, 40);
OFFSET(lifecycle_caps, unwinder, 44);

SIZE(lifecycle_stats, 288);
OFFSET(lifecycle_stats, tracked_modules, 0);
OFFSET(lifecycle_stats, total_jit_symbols, 8);
OFFSET(lifecycle_stats, smf_tracked_count, 16);
OFFSET(lifecycle_stats, sweeper_epoch, 24);
OFFSET(lifecycle_stats, sweeper_tracked, 32);
OFFSET(lifecycle_stats, sweeper_stale, 40);
OFFSET(lifecycle_stats, code_bytes_live, 48);
OFFSET(lifecycle_stats, code_bytes_retired, 56);
OFFSET(lifecycle_stats, code_bytes_reserved, 64);
OFFSET(lifecycle_stats, code_bytes_metadata, 72);
OFFSET(lifecycle_stats, symbols_live, 80);
OFFSET(lifecycle_stats, symbols_pinned, 88);
OFFSET(lifecycle_stats, entries, 96);
OFFSET(lifecycle_stats, mappings, 104);
OFFSET(lifecycle_stats, mapped_bytes, 112);
OFFSET(lifecycle_stats, names_func, 120);
OFFSET(lifecycle_stats, names_struct, 128);
OFFSET(lifecycle_stats, names_enum, 136);
OFFSET(lifecycle_stats, names_global, 144);
OFFSET(lifecycle_stats, tombstones, 152);
OFFSET(lifecycle_stats, resources, 160);
OFFSET(lifecycle_stats, metadata, 168);
OFFSET(lifecycle_stats, loads, 176);
OFFSET(lifecycle_stats, unloads, 184);
OFFSET(lifecycle_stats, reloads, 192);
OFFSET(lifecycle_stats, sweeps, 200);
OFFSET(lifecycle_stats, evictions, 208);
OFFSET(lifecycle_stats, failed_releases, 216);
OFFSET(lifecycle_stats, readers, 224);
OFFSET(lifecycle_stats, readers_inside, 232);
OFFSET(lifecycle_stats, blocking_reader_thread, 240);
OFFSET(lifecycle_stats, blocking_reader_ns, 248);
OFFSET(lifecycle_stats, heaps, 256);
OFFSET(lifecycle_stats, heap_cells_live, 264);
OFFSET(lifecycle_stats, heap_cells_committed, 272);
OFFSET(lifecycle_stats, heap_collections, 280);

SIZE(lifecycle_leak, 56);
OFFSET(lifecycle_leak, size, 0);
OFFSET(lifecycle_leak, kind, 8);
OFFSET(lifecycle_leak, reserved, 12);
OFFSET(lifecycle_leak, module, 16);
OFFSET(lifecycle_leak, id, 24);
OFFSET(lifecycle_leak, name, 32);
OFFSET(lifecycle_leak, owner, 40);
OFFSET(lifecycle_leak, bytes, 48);

SIZE(lifecycle_event, 64);
OFFSET(lifecycle_event, size, 0);
OFFSET(lifecycle_event, kind, 8);
OFFSET(lifecycle_event, reserved, 12);
OFFSET(lifecycle_event, module, 16);
OFFSET(lifecycle_event, id, 24);
OFFSET(lifecycle_event, value, 32);
OFFSET(lifecycle_event, name, 40);
OFFSET(lifecycle_event, address, 48);
OFFSET(lifecycle_event, bytes, 56);

SIZE(lifecycle_observer, 16);
OFFSET(lifecycle_observer, size, 0);
OFFSET(lifecycle_observer, on_event, 8);

SIZE(lifecycle_module_info, 80);
OFFSET(lifecycle_module_info, path, 0);
OFFSET(lifecycle_module_info, generation, 8);
OFFSET(lifecycle_module_info, load_time_us, 16);
OFFSET(lifecycle_module_info, exec_symbols, 24);
OFFSET(lifecycle_module_info, jit_symbols, 32);
OFFSET(lifecycle_module_info, mappings, 40);
OFFSET(lifecycle_module_info, metadata, 48);
OFFSET(lifecycle_module_info, names, 56);
OFFSET(lifecycle_module_info, resources, 64);
OFFSET(lifecycle_module_info, code_bytes, 72);

SIZE(lifecycle_unload_report, 72);
OFFSET(lifecycle_unload_report, exec_symbols, 0);
OFFSET(lifecycle_unload_report, jit_symbols, 8);
OFFSET(lifecycle_unload_report, mappings, 16);
OFFSET(lifecycle_unload_report, metadata, 24);
OFFSET(lifecycle_unload_report, names, 32);
OFFSET(lifecycle_unload_report, resources, 40);
OFFSET(lifecycle_unload_report, code_bytes, 48);
OFFSET(lifecycle_unload_report, blocker_module, 56);
OFFSET(lifecycle_unload_report, blocker_symbol, 64);

SIZE(lifecycle_batch_item, 48);
OFFSET(lifecycle_batch_item, size, 0);
OFFSET(lifecycle_batch_item, name, 8);
OFFSET(lifecycle_batch_item, code, 16);
OFFSET(lifecycle_batch_item, len, 24);
OFFSET(lifecycle_batch_item, reserved, 32);
OFFSET(lifecycle_batch_item, options, 40);
SIZE(lifecycle_relocation, 40);
OFFSET(lifecycle_relocation, kind, 0);
OFFSET(lifecycle_relocation, reserved, 4);
OFFSET(lifecycle_relocation, offset, 8);
OFFSET(lifecycle_relocation, symbol, 16);
OFFSET(lifecycle_relocation, target, 24);
OFFSET(lifecycle_relocation, addend, 32);

SIZE(lifecycle_map_options, 72);
OFFSET(lifecycle_map_options, size, 0);
OFFSET(lifecycle_map_options, flags, 8);
OFFSET(lifecycle_map_options, reserved, 12);
OFFSET(lifecycle_map_options, align, 16);
OFFSET(lifecycle_map_options, near_address, 24);
OFFSET(lifecycle_map_options, relocations, 32);
OFFSET(lifecycle_map_options, relocation_count, 40);
OFFSET(lifecycle_map_options, eh_frame, 48);
OFFSET(lifecycle_map_options, eh_frame_size, 56);
OFFSET(lifecycle_map_options, user, 64);

SIZE(lifecycle_code, 32);
OFFSET(lifecycle_code, rx, 0);
OFFSET(lifecycle_code, rw, 8);
OFFSET(lifecycle_code, size, 16);
OFFSET(lifecycle_code, id, 24);

SIZE(lifecycle_symbol_info, 72);
OFFSET(lifecycle_symbol_info, name, 0);
OFFSET(lifecycle_symbol_info, owner, 8);
OFFSET(lifecycle_symbol_info, module, 16);
OFFSET(lifecycle_symbol_info, address, 24);
OFFSET(lifecycle_symbol_info, size, 32);
OFFSET(lifecycle_symbol_info, generation, 40);
OFFSET(lifecycle_symbol_info, last_used_epoch, 48);
OFFSET(lifecycle_symbol_info, pins, 56);
OFFSET(lifecycle_symbol_info, flags, 60);
OFFSET(lifecycle_symbol_info, user, 64);

SIZE(lifecycle_manager, 8);
OFFSET(lifecycle_manager, live, 0);
SIZE(lifecycle_reader, 32);
OFFSET(lifecycle_reader, entered, 0);
OFFSET(lifecycle_reader, grace, 8);
OFFSET(lifecycle_reader, nesting, 16);
OFFSET(lifecycle_reader, fence, 20);
OFFSET(lifecycle_reader, parked, 24);
OFFSET(lifecycle_reader, reserved, 28);

SIZE(lifecycle_sweep_report, 32);
OFFSET(lifecycle_sweep_report, examined, 0);
OFFSET(lifecycle_sweep_report, evicted, 8);
OFFSET(lifecycle_sweep_report, code_bytes, 16);
OFFSET(lifecycle_sweep_report, pinned, 24);

SIZE(lifecycle_mapping, 24);
OFFSET(lifecycle_mapping, data, 0);
OFFSET(lifecycle_mapping, size, 8);
OFFSET(lifecycle_mapping, id, 16);

SIZE(lifecycle_smf_header, 64);
OFFSET(lifecycle_smf_header, major, 0);
OFFSET(lifecycle_smf_header, minor, 1);
OFFSET(lifecycle_smf_header, platform, 2);
OFFSET(lifecycle_smf_header, arch, 3);
OFFSET(lifecycle_smf_header, flags, 4);
OFFSET(lifecycle_smf_header, section_count, 8);
OFFSET(lifecycle_smf_header, symbol_count, 12);
OFFSET(lifecycle_smf_header, exported_count, 16);
OFFSET(lifecycle_smf_header, compression, 20);
OFFSET(lifecycle_smf_header, section_table_offset, 24);
OFFSET(lifecycle_smf_header, symbol_table_offset, 32);
OFFSET(lifecycle_smf_header, entry_point, 40);
OFFSET(lifecycle_smf_header, stub_size, 48);
OFFSET(lifecycle_smf_header, smf_data_offset, 56);

SIZE(lifecycle_binding, 32);
OFFSET(lifecycle_binding, value, 0);
OFFSET(lifecycle_binding, aux, 8);
OFFSET(lifecycle_binding, decl, 16);
OFFSET(lifecycle_binding, module, 24);

SIZE(lifecycle_arena_options, 56);
OFFSET(lifecycle_arena_options, size, 0);
OFFSET(lifecycle_arena_options, chunk_size, 8);
OFFSET(lifecycle_arena_options, hard_limit, 16);
OFFSET(lifecycle_arena_options, first_region, 24);
OFFSET(lifecycle_arena_options, first_region_size, 32);
OFFSET(lifecycle_arena_options, retained, 40);
OFFSET(lifecycle_arena_options, flags, 48);
OFFSET(lifecycle_arena_options, reserved, 52);

SIZE(lifecycle_arena, 16);
OFFSET(lifecycle_arena, cursor, 0);
OFFSET(lifecycle_arena, limit, 8);

SIZE(lifecycle_arena_mark, 24);
OFFSET(lifecycle_arena_mark, position, 0);
OFFSET(lifecycle_arena_mark, arena, 8);
OFFSET(lifecycle_arena_mark, sequence, 16);

SIZE(lifecycle_arena_stats, 80);
OFFSET(lifecycle_arena_stats, used, 0);
OFFSET(lifecycle_arena_stats, high_water, 8);
OFFSET(lifecycle_arena_stats, hard_limit, 16);
OFFSET(lifecycle_arena_stats, first_region, 24);
OFFSET(lifecycle_arena_stats, reserved, 32);
OFFSET(lifecycle_arena_stats, committed, 40);
OFFSET(lifecycle_arena_stats, side_bytes, 48);
OFFSET(lifecycle_arena_stats, side_count, 56);
OFFSET(lifecycle_arena_stats, failed_releases, 64);
OFFSET(lifecycle_arena_stats, resets, 72);

SIZE(lifecycle_slot, 32);
OFFSET(lifecycle_slot, text, 0);
OFFSET(lifecycle_slot, text_len, 8);
OFFSET(lifecycle_slot, payload, 16);
OFFSET(lifecycle_slot, kind, 24);
OFFSET(lifecycle_slot, stamp, 28);

SIZE(lifecycle_interp, 24);
OFFSET(lifecycle_interp, first, 0);
OFFSET(lifecycle_interp, count, 8);
OFFSET(lifecycle_interp, slots, 16);

SIZE(lifecycle_interp_options, 120);
OFFSET(lifecycle_interp_options, size, 0);
OFFSET(lifecycle_interp_options, user, 8);
OFFSET(lifecycle_interp_options, to_text, 16);
OFFSET(lifecycle_interp_options, to_list, 24);
OFFSET(lifecycle_interp_options, foreign_release, 32);
OFFSET(lifecycle_interp_options, foreign_clone, 40);
OFFSET(lifecycle_interp_options, frame_limit, 48);
OFFSET(lifecycle_interp_options, handle_limit, 56);
OFFSET(lifecycle_interp_options, arena_limit, 64);
OFFSET(lifecycle_interp_options, value_limit, 72);
OFFSET(lifecycle_interp_options, allocator, 80);
OFFSET(lifecycle_interp_options, reserved, 112);

SIZE(lifecycle_memory, 120);
OFFSET(lifecycle_memory, scratch_handles, 0);
OFFSET(lifecycle_memory, scratch_bytes, 8);
OFFSET(lifecycle_memory, arena_used, 16);
OFFSET(lifecycle_memory, namespaces, 24);
OFFSET(lifecycle_memory, procs, 32);
OFFSET(lifecycle_memory, eval_depth, 40);
OFFSET(lifecycle_memory, values, 48);
OFFSET(lifecycle_memory, value_bytes, 56);
OFFSET(lifecycle_memory, high_water, 64);
OFFSET(lifecycle_memory, pending_values, 72);
OFFSET(lifecycle_memory, frames, 80);
OFFSET(lifecycle_memory, scopes, 88);
OFFSET(lifecycle_memory, variables, 96);
OFFSET(lifecycle_memory, traces, 104);
OFFSET(lifecycle_memory, held_values, 112);

SIZE(lifecycle_frame_info, 56);
OFFSET(lifecycle_frame_info, cmd, 0);
OFFSET(lifecycle_frame_info, args, 8);
OFFSET(lifecycle_frame_info, lambda, 16);
OFFSET(lifecycle_frame_info, ns, 24);
OFFSET(lifecycle_frame_info, ns_len, 32);
OFFSET(lifecycle_frame_info, level, 40);
OFFSET(lifecycle_frame_info, line, 48);

SIZE(lifecycle_heap, 56);
OFFSET(lifecycle_heap, cells, 0);
OFFSET(lifecycle_heap, cursor, 8);
OFFSET(lifecycle_heap, limit, 16);
OFFSET(lifecycle_heap, hb, 24);
OFFSET(lifecycle_heap, wam, 32);
OFFSET(lifecycle_heap, bound, 40);
OFFSET(lifecycle_heap, due, 48);
OFFSET(lifecycle_heap, busy, 52);

SIZE(lifecycle_frame, 32);
OFFSET(lifecycle_frame, prev, 0);
OFFSET(lifecycle_frame, code, 8);
OFFSET(lifecycle_frame, visited, 16);
OFFSET(lifecycle_frame, count, 24);
OFFSET(lifecycle_frame, reserved, 28);

SIZE(lifecycle_choice, 80);
OFFSET(lifecycle_choice, prev, 0);
OFFSET(lifecycle_choice, env, 8);
OFFSET(lifecycle_choice, code, 16);
OFFSET(lifecycle_choice, alternative, 24);
OFFSET(lifecycle_choice, trail, 32);
OFFSET(lifecycle_choice, top, 40);
OFFSET(lifecycle_choice, hole, 48);
OFFSET(lifecycle_choice, taken, 56);
OFFSET(lifecycle_choice, watches, 64);
OFFSET(lifecycle_choice, count, 72);
OFFSET(lifecycle_choice, reserved, 76);

SIZE(lifecycle_wam, 104);
OFFSET(lifecycle_wam, size, 0);
OFFSET(lifecycle_wam, x, 8);
OFFSET(lifecycle_wam, x_count, 16);
OFFSET(lifecycle_wam, e, 24);
OFFSET(lifecycle_wam, code, 32);
OFFSET(lifecycle_wam, b, 40);
OFFSET(lifecycle_wam, tr, 48);
OFFSET(lifecycle_wam, tr_count, 56);
OFFSET(lifecycle_wam, tr_capacity, 64);
OFFSET(lifecycle_wam, globals, 72);
OFFSET(lifecycle_wam, globals_count, 80);
OFFSET(lifecycle_wam, live, 88);
OFFSET(lifecycle_wam, user, 96);

SIZE(lifecycle_heap_options, 88);
OFFSET(lifecycle_heap_options, size, 0);
OFFSET(lifecycle_heap_options, initial_cells, 8);
OFFSET(lifecycle_heap_options, max_cells, 16);
OFFSET(lifecycle_heap_options, threshold, 24);
OFFSET(lifecycle_heap_options, growth, 32);
OFFSET(lifecycle_heap_options, gc_enabled, 36);
OFFSET(lifecycle_heap_options, stress, 40);
OFFSET(lifecycle_heap_options, flags, 44);
OFFSET(lifecycle_heap_options, allocator, 48);
OFFSET(lifecycle_heap_options, reserved, 80);

SIZE(lifecycle_heap_stats, 312);
OFFSET(lifecycle_heap_stats, collections, 0);
OFFSET(lifecycle_heap_stats, safepoints, 8);
OFFSET(lifecycle_heap_stats, allocated, 16);
OFFSET(lifecycle_heap_stats, reclaimed, 24);
OFFSET(lifecycle_heap_stats, live, 32);
OFFSET(lifecycle_heap_stats, used, 40);
OFFSET(lifecycle_heap_stats, high_water, 48);
OFFSET(lifecycle_heap_stats, frontier, 56);
OFFSET(lifecycle_heap_stats, committed, 64);
OFFSET(lifecycle_heap_stats, max_cells, 72);
OFFSET(lifecycle_heap_stats, trigger, 80);
OFFSET(lifecycle_heap_stats, given_back, 88);
OFFSET(lifecycle_heap_stats, side_bytes, 96);
OFFSET(lifecycle_heap_stats, external, 104);
OFFSET(lifecycle_heap_stats, time_total, 112);
OFFSET(lifecycle_heap_stats, time_roots, 120);
OFFSET(lifecycle_heap_stats, time_trail, 128);
OFFSET(lifecycle_heap_stats, time_mark, 136);
OFFSET(lifecycle_heap_stats, time_count, 144);
OFFSET(lifecycle_heap_stats, time_sweep, 152);
OFFSET(lifecycle_heap_stats, last_total, 160);
OFFSET(lifecycle_heap_stats, last_roots, 168);
OFFSET(lifecycle_heap_stats, last_trail, 176);
OFFSET(lifecycle_heap_stats, last_mark, 184);
OFFSET(lifecycle_heap_stats, last_count, 192);
OFFSET(lifecycle_heap_stats, longest_pause, 200);
OFFSET(lifecycle_heap_stats, runs, 208);
OFFSET(lifecycle_heap_stats, largest_run, 216);
OFFSET(lifecycle_heap_stats, free_cells, 224);
OFFSET(lifecycle_heap_stats, mark_stack, 232);
OFFSET(lifecycle_heap_stats, mark_rescans, 240);
OFFSET(lifecycle_heap_stats, trail_dropped, 248);
OFFSET(lifecycle_heap_stats, early_resets, 256);
OFFSET(lifecycle_heap_stats, root_callbacks, 264);
OFFSET(lifecycle_heap_stats, finalizers, 272);
OFFSET(lifecycle_heap_stats, finalized, 280);
OFFSET(lifecycle_heap_stats, weak, 288);
OFFSET(lifecycle_heap_stats, weak_cleared, 296);
OFFSET(lifecycle_heap_stats, faults, 304);

SIZE(lifecycle_heap_fault, 40);
OFFSET(lifecycle_heap_fault, size, 0);
OFFSET(lifecycle_heap_fault, kind, 8);
OFFSET(lifecycle_heap_fault, place, 12);
OFFSET(lifecycle_heap_fault, index, 16);
OFFSET(lifecycle_heap_fault, cell, 24);
OFFSET(lifecycle_heap_fault, holder, 32);

SIZE(lifecycle_handle, 8);
SIZE(lifecycle_scope, 8);
SIZE(lifecycle_cell, 8);
SIZE(lifecycle_weak, 8);

/* Callbacks: a function with these parameters fits */

PIN int (*const type_lifecycle_write_fn)(const char *bytes, size_t len, void *user) = (lifecycle_write_fn)0;
PIN void (*const type_lifecycle_leak_fn)(const lifecycle_leak *leak, void *user) = (lifecycle_leak_fn)0;
PIN int (*const type_lifecycle_module_fn)(lifecycle_module module, const char *path,
    void *user) = (lifecycle_module_fn)0;
PIN void (*const type_lifecycle_release_fn)(void *resource, void *user) = (lifecycle_release_fn)0;
PIN void *(*const type_lifecycle_resolve_fn)(const char *name, void *user) = (lifecycle_resolve_fn)0;
PIN lifecycle_status (*const type_lifecycle_to_text_fn)(lifecycle_interp *, lifecycle_handle value,
    lifecycle_handle builder, void *user) = (lifecycle_to_text_fn)0;
PIN lifecycle_handle (*const type_lifecycle_to_list_fn)(lifecycle_interp *, lifecycle_handle text,
    void *user) = (lifecycle_to_list_fn)0;
PIN void (*const type_lifecycle_foreign_release_fn)(void *ptr, void *user) = (lifecycle_foreign_release_fn)0;
PIN void *(*const type_lifecycle_foreign_clone_fn)(void *ptr, void *user) = (lifecycle_foreign_clone_fn)0;
PIN int (*const type_lifecycle_compare_fn)(lifecycle_interp *, lifecycle_handle a,
    lifecycle_handle b, void *user) = (lifecycle_compare_fn)0;
PIN lifecycle_status (*const type_lifecycle_trace_fn)(lifecycle_interp *, lifecycle_handle script,
    const char *name, size_t name_len, const char *op, size_t op_len, void *user) = (lifecycle_trace_fn)0;
PIN uint64_t (*const type_lifecycle_live_fn)(const lifecycle_frame *frame, const void *code,
    uint32_t first, void *user) = (lifecycle_live_fn)0;
PIN void (*const type_lifecycle_root_fn)(lifecycle_visitor *visitor, void *user) = (lifecycle_root_fn)0;
PIN int (*const type_lifecycle_verify_fn)(const lifecycle_heap_fault *fault, void *user) = (lifecycle_verify_fn)0;

/* Functions: each by a pointer of its exact type */

PIN uint32_t (*const type_lifecycle_version_number)(void) = lifecycle_version_number;
PIN const char *(*const type_lifecycle_version_string)(void) = lifecycle_version_string;
PIN uint32_t (*const type_lifecycle_abi_version)(void) = lifecycle_abi_version;
PIN uint64_t (*const type_lifecycle_features)(void) = lifecycle_features;
PIN const char *(*const type_lifecycle_build_info)(void) = lifecycle_build_info;
PIN const char *(*const type_lifecycle_status_name)(int status) = lifecycle_status_name;
PIN const char *(*const type_lifecycle_strerror)(int status) = lifecycle_strerror;
PIN const char *(*const type_lifecycle_last_error)(void) = lifecycle_last_error;
PIN int (*const type_lifecycle_last_errno)(void) = lifecycle_last_errno;
PIN lifecycle_status (*const type_lifecycle_self_test)(void) = lifecycle_self_test;
PIN lifecycle_status (*const type_lifecycle_create)(const lifecycle_config *config,
    lifecycle_manager **out) = lifecycle_create;
PIN lifecycle_status (*const type_lifecycle_destroy)(lifecycle_manager *manager) = lifecycle_destroy;
PIN lifecycle_manager *(*const type_lifecycle_default)(void) = lifecycle_default;
PIN lifecycle_status (*const type_lifecycle_caps_get)(lifecycle_manager *manager, lifecycle_caps *out,
    size_t size) = lifecycle_caps_get;
PIN lifecycle_status (*const type_lifecycle_stats_get)(lifecycle_manager *manager, lifecycle_stats *out,
    size_t size) = lifecycle_stats_get;
PIN lifecycle_status (*const type_lifecycle_stats_print)(lifecycle_manager *manager,
    lifecycle_format format, lifecycle_write_fn write, void *user) = lifecycle_stats_print;
PIN lifecycle_status (*const type_lifecycle_leak_check)(lifecycle_manager *manager,
    lifecycle_leak_fn leak, void *user, size_t *leaks) = lifecycle_leak_check;
PIN lifecycle_status (*const type_lifecycle_set_observer)(lifecycle_manager *manager,
    const lifecycle_observer *observer, void *user) = lifecycle_set_observer;
PIN lifecycle_status (*const type_lifecycle_on_module_load)(lifecycle_manager *manager, const char *path,
    lifecycle_module *out) = lifecycle_on_module_load;
PIN lifecycle_status (*const type_lifecycle_module_find)(lifecycle_manager *manager, const char *path,
    lifecycle_module *out) = lifecycle_module_find;
PIN lifecycle_status (*const type_lifecycle_module_info_get)(lifecycle_manager *manager,
    lifecycle_module module, lifecycle_module_info *out, size_t size) = lifecycle_module_info_get;
PIN lifecycle_status (*const type_lifecycle_each_module)(lifecycle_manager *manager,
    lifecycle_module_fn visit, void *user) = lifecycle_each_module;
PIN lifecycle_status (*const type_lifecycle_on_metadata_loaded)(lifecycle_manager *manager,
    lifecycle_module module, const char *key) = lifecycle_on_metadata_loaded;
PIN lifecycle_status (*const type_lifecycle_own)(lifecycle_manager *manager, lifecycle_module module,
    void *resource, lifecycle_release_fn release, void *user, lifecycle_resource *out) = lifecycle_own;
PIN lifecycle_status (*const type_lifecycle_disown)(lifecycle_manager *manager,
    lifecycle_resource resource) = lifecycle_disown;
PIN lifecycle_status (*const type_lifecycle_module_depend)(lifecycle_manager *manager,
    lifecycle_module user_of, lifecycle_module on) = lifecycle_module_depend;
PIN lifecycle_status (*const type_lifecycle_unload_module)(lifecycle_manager *manager,
    lifecycle_module module, uint32_t flags, lifecycle_unload_report *out, size_t size) = lifecycle_unload_module;
PIN lifecycle_status (*const type_lifecycle_reload_begin)(lifecycle_manager *manager,
    lifecycle_module old, lifecycle_module *fresh) = lifecycle_reload_begin;
PIN lifecycle_status (*const type_lifecycle_reload_commit)(lifecycle_manager *manager,
    lifecycle_module fresh) = lifecycle_reload_commit;
PIN lifecycle_status (*const type_lifecycle_reload_abort)(lifecycle_manager *manager,
    lifecycle_module fresh) = lifecycle_reload_abort;
PIN lifecycle_status (*const type_lifecycle_load_enter)(lifecycle_manager *manager,
    const char *path) = lifecycle_load_enter;
PIN lifecycle_status (*const type_lifecycle_load_leave)(lifecycle_manager *manager,
    const char *path) = lifecycle_load_leave;
PIN lifecycle_status (*const type_lifecycle_map_symbol)(lifecycle_manager *manager,
    lifecycle_module module, const char *name, const void *code, size_t len,
    const lifecycle_map_options *options, lifecycle_symbol *out) = lifecycle_map_symbol;
PIN lifecycle_status (*const type_lifecycle_map_batch)(lifecycle_manager *manager,
    lifecycle_module module, const lifecycle_batch_item *items, size_t count,
    lifecycle_symbol *out) = lifecycle_map_batch;
PIN lifecycle_status (*const type_lifecycle_code_reserve)(lifecycle_manager *manager, size_t size,
    size_t align, const void *near_address, lifecycle_code *out) = lifecycle_code_reserve;
PIN lifecycle_status (*const type_lifecycle_code_commit)(lifecycle_manager *manager,
    lifecycle_code *code, lifecycle_module module, const char *name, size_t used,
    const lifecycle_map_options *options, lifecycle_symbol *out) = lifecycle_code_commit;
PIN lifecycle_status (*const type_lifecycle_code_abort)(lifecycle_manager *manager,
    lifecycle_code *code) = lifecycle_code_abort;
PIN lifecycle_status (*const type_lifecycle_data_reserve)(lifecycle_manager *manager,
    lifecycle_module module, size_t size, size_t align, void **out) = lifecycle_data_reserve;
PIN lifecycle_status (*const type_lifecycle_on_symbol_mapped)(lifecycle_manager *manager,
    lifecycle_module module, const char *name, void *address, size_t len, lifecycle_release_fn release,
    void *user, lifecycle_symbol *out) = lifecycle_on_symbol_mapped;
PIN lifecycle_status (*const type_lifecycle_on_jit_triggered)(lifecycle_manager *manager,
    lifecycle_module origin, const char *jit_symbol) = lifecycle_on_jit_triggered;
PIN lifecycle_status (*const type_lifecycle_jit_origin)(lifecycle_manager *manager,
    const char *jit_symbol, lifecycle_module *out) = lifecycle_jit_origin;
PIN lifecycle_status (*const type_lifecycle_symbol_find)(lifecycle_manager *manager, const char *name,
    lifecycle_symbol *out) = lifecycle_symbol_find;
PIN lifecycle_status (*const type_lifecycle_symbol_info_get)(lifecycle_manager *manager,
    lifecycle_symbol symbol, lifecycle_symbol_info *out, size_t size) = lifecycle_symbol_info_get;
PIN void *(*const type_lifecycle_symbol_address)(lifecycle_manager *manager,
    lifecycle_symbol symbol) = lifecycle_symbol_address;
PIN lifecycle_status (*const type_lifecycle_symbol_at)(lifecycle_manager *manager, const void *pc,
    lifecycle_symbol *out) = lifecycle_symbol_at;
PIN lifecycle_status (*const type_lifecycle_unmap_symbol)(lifecycle_manager *manager,
    lifecycle_symbol symbol) = lifecycle_unmap_symbol;
PIN lifecycle_status (*const type_lifecycle_unmap_owner)(lifecycle_manager *manager, const char *owner,
    size_t *count) = lifecycle_unmap_owner;
PIN lifecycle_status (*const type_lifecycle_pin)(lifecycle_manager *manager,
    lifecycle_symbol symbol) = lifecycle_pin;
PIN lifecycle_status (*const type_lifecycle_unpin)(lifecycle_manager *manager,
    lifecycle_symbol symbol) = lifecycle_unpin;
PIN lifecycle_status (*const type_lifecycle_entry)(lifecycle_manager *manager, const char *name,
    void **callable) = lifecycle_entry;
PIN lifecycle_status (*const type_lifecycle_entry_slot)(lifecycle_manager *manager, const char *name,
    void *const **slot) = lifecycle_entry_slot;
PIN lifecycle_status (*const type_lifecycle_entry_usage_slot)(lifecycle_manager *manager, const char *name,
    uint64_t **slot, const uint64_t **clock) = lifecycle_entry_usage_slot;
PIN lifecycle_status (*const type_lifecycle_set_resolver)(lifecycle_manager *manager,
    lifecycle_resolve_fn resolve, void *user) = lifecycle_set_resolver;
PIN lifecycle_status (*const type_lifecycle_reader_attach)(lifecycle_manager *manager,
    lifecycle_reader **out) = lifecycle_reader_attach;
PIN lifecycle_status (*const type_lifecycle_reader_detach)(lifecycle_reader *reader)
    = lifecycle_reader_detach;
PIN lifecycle_status (*const type_lifecycle_park)(lifecycle_reader *reader) = lifecycle_park;
PIN lifecycle_status (*const type_lifecycle_unpark)(lifecycle_reader *reader) = lifecycle_unpark;
PIN lifecycle_status (*const type_lifecycle_reclaim)(lifecycle_manager *manager,
    size_t *bytes) = lifecycle_reclaim;
PIN lifecycle_status (*const type_lifecycle_synchronize)(lifecycle_manager *manager,
    uint64_t timeout_ns) = lifecycle_synchronize;
PIN lifecycle_status (*const type_lifecycle_mark_used)(lifecycle_manager *manager,
    lifecycle_symbol symbol) = lifecycle_mark_used;
PIN lifecycle_status (*const type_lifecycle_usage_slot)(lifecycle_manager *manager,
    lifecycle_symbol symbol, uint64_t **slot, const uint64_t **clock) = lifecycle_usage_slot;
PIN lifecycle_status (*const type_lifecycle_advance_epoch)(lifecycle_manager *manager,
    uint64_t *epoch) = lifecycle_advance_epoch;
PIN lifecycle_status (*const type_lifecycle_sweep_unused)(lifecycle_manager *manager, uint64_t max_age,
    lifecycle_sweep_report *out, size_t size) = lifecycle_sweep_unused;
PIN lifecycle_status (*const type_lifecycle_sweep_to_budget)(lifecycle_manager *manager,
    size_t max_code_bytes, lifecycle_sweep_report *out, size_t size) = lifecycle_sweep_to_budget;
PIN lifecycle_status (*const type_lifecycle_stale_count)(lifecycle_manager *manager, uint64_t max_age,
    size_t *out) = lifecycle_stale_count;
PIN lifecycle_status (*const type_lifecycle_on_smf_accessed)(lifecycle_manager *manager,
    lifecycle_module module, const char *path, lifecycle_mapping *out) = lifecycle_on_smf_accessed;
PIN lifecycle_status (*const type_lifecycle_smf_release)(lifecycle_manager *manager,
    lifecycle_module module, const char *path) = lifecycle_smf_release;
PIN lifecycle_status (*const type_lifecycle_smf_share)(lifecycle_manager *manager,
    lifecycle_module module, uint64_t mapping, lifecycle_mapping *out) = lifecycle_smf_share;
PIN lifecycle_status (*const type_lifecycle_smf_refcount)(lifecycle_manager *manager, const char *path,
    size_t *out) = lifecycle_smf_refcount;
PIN lifecycle_status (*const type_lifecycle_smf_prefetch)(lifecycle_manager *manager,
    const char *const *paths, size_t n, size_t *mapped) = lifecycle_smf_prefetch;
PIN lifecycle_status (*const type_lifecycle_smf_from_bytes)(lifecycle_manager *manager,
    lifecycle_module module, const char *key, const void *bytes, size_t len,
    lifecycle_mapping *out) = lifecycle_smf_from_bytes;
PIN lifecycle_status (*const type_lifecycle_smf_header_get)(const lifecycle_mapping *mapping,
    lifecycle_smf_header *out, size_t size) = lifecycle_smf_header_get;
PIN lifecycle_status (*const type_lifecycle_smf_section)(const lifecycle_mapping *mapping, uint32_t kind,
    const void **data, size_t *len) = lifecycle_smf_section;
PIN lifecycle_status (*const type_lifecycle_on_interp_module_parsed)(lifecycle_manager *manager,
    lifecycle_module module, int64_t first_did, int64_t last_did) = lifecycle_on_interp_module_parsed;
PIN lifecycle_status (*const type_lifecycle_on_interp_func_registered)(lifecycle_manager *manager,
    lifecycle_module module, const char *name, int64_t did,
    int64_t return_type) = lifecycle_on_interp_func_registered;
PIN lifecycle_status (*const type_lifecycle_on_interp_struct_registered)(lifecycle_manager *manager,
    lifecycle_module module, const char *name, int64_t did) = lifecycle_on_interp_struct_registered;
PIN lifecycle_status (*const type_lifecycle_on_interp_enum_registered)(lifecycle_manager *manager,
    lifecycle_module module, const char *name, int64_t did) = lifecycle_on_interp_enum_registered;
PIN lifecycle_status (*const type_lifecycle_on_interp_global_registered)(lifecycle_manager *manager,
    lifecycle_module module, const char *name, int64_t value) = lifecycle_on_interp_global_registered;
PIN lifecycle_status (*const type_lifecycle_lookup)(lifecycle_manager *manager, uint32_t kind,
    const char *name, size_t len, lifecycle_binding *out) = lifecycle_lookup;
PIN lifecycle_status (*const type_lifecycle_unbind)(lifecycle_manager *manager, uint32_t kind,
    const char *name) = lifecycle_unbind;
PIN lifecycle_status (*const type_lifecycle_has_all)(lifecycle_manager *manager, uint32_t kind,
    const char *const *names, size_t n, bool *all) = lifecycle_has_all;
PIN bool (*const type_lifecycle_did_is_live)(lifecycle_manager *manager, int64_t did) = lifecycle_did_is_live;
PIN bool (*const type_lifecycle_decl_is_live)(lifecycle_manager *manager,
    lifecycle_decl decl) = lifecycle_decl_is_live;
PIN const uint64_t *(*const type_lifecycle_names_version)(lifecycle_manager *manager,
    uint32_t kind) = lifecycle_names_version;
PIN lifecycle_status (*const type_lifecycle_arena_create)(const lifecycle_arena_options *options,
    lifecycle_arena **out) = lifecycle_arena_create;
PIN lifecycle_status (*const type_lifecycle_arena_destroy)(lifecycle_arena *arena) = lifecycle_arena_destroy;
PIN void *(*const type_lifecycle_arena_alloc_slow)(lifecycle_arena *arena,
    size_t size) = lifecycle_arena_alloc_slow;
PIN void *(*const type_lifecycle_arena_alloc_aligned)(lifecycle_arena *arena, size_t size,
    size_t align) = lifecycle_arena_alloc_aligned;
PIN void *(*const type_lifecycle_arena_grow)(lifecycle_arena *arena, void *at, size_t old_size,
    size_t new_size) = lifecycle_arena_grow;
PIN char *(*const type_lifecycle_arena_strdup)(lifecycle_arena *arena, const char *text,
    size_t len) = lifecycle_arena_strdup;
PIN lifecycle_arena_mark (*const type_lifecycle_arena_save)(lifecycle_arena *arena) = lifecycle_arena_save;
PIN lifecycle_status (*const type_lifecycle_arena_rewind)(lifecycle_arena *arena,
    lifecycle_arena_mark mark) = lifecycle_arena_rewind;
PIN lifecycle_status (*const type_lifecycle_arena_on_reset)(lifecycle_arena *arena,
    lifecycle_release_fn release, void *ptr, void *user) = lifecycle_arena_on_reset;
PIN lifecycle_status (*const type_lifecycle_arena_reset)(lifecycle_arena *arena) = lifecycle_arena_reset;
PIN size_t (*const type_lifecycle_arena_used)(const lifecycle_arena *arena) = lifecycle_arena_used;
PIN size_t (*const type_lifecycle_arena_capacity)(const lifecycle_arena *arena) = lifecycle_arena_capacity;
PIN lifecycle_status (*const type_lifecycle_arena_stats_get)(const lifecycle_arena *arena,
    lifecycle_arena_stats *out, size_t size) = lifecycle_arena_stats_get;
PIN int64_t (*const type_lifecycle_exec_manager_create)(const char *backend) = lifecycle_exec_manager_create;
PIN int64_t (*const type_lifecycle_exec_manager_has_function)(int64_t handle,
    const char *name) = lifecycle_exec_manager_has_function;
PIN void (*const type_lifecycle_exec_manager_cleanup)(int64_t handle) = lifecycle_exec_manager_cleanup;
PIN lifecycle_status (*const type_lifecycle_exec_manager_bind)(lifecycle_manager *manager,
    int64_t handle, lifecycle_module module) = lifecycle_exec_manager_bind;
PIN void (*const type_spl_free_value)(struct SplValue value) = spl_free_value;
PIN void (*const type_spl_free_all_values)(struct SplValue *values, int64_t count) = spl_free_all_values;
PIN void *(*const type_feather_arena_alloc)(size_t size) = feather_arena_alloc;
PIN void (*const type_feather_arena_reset)(void) = feather_arena_reset;
PIN size_t (*const type_feather_arena_used)(void) = feather_arena_used;
PIN size_t (*const type_feather_arena_capacity)(void) = feather_arena_capacity;
PIN int64_t (*const type_rt_exec_manager_create)(const char *backend) = rt_exec_manager_create;
PIN bool (*const type_rt_exec_manager_has_function)(int64_t handle,
    const char *name) = rt_exec_manager_has_function;
PIN void (*const type_rt_exec_manager_cleanup)(int64_t handle) = rt_exec_manager_cleanup;
PIN lifecycle_status (*const type_lifecycle_interp_create)(const lifecycle_interp_options *options,
    lifecycle_interp **out) = lifecycle_interp_create;
PIN lifecycle_status (*const type_lifecycle_interp_destroy)(lifecycle_interp *interp
    ) = lifecycle_interp_destroy;
PIN void *(*const type_lifecycle_interp_user)(lifecycle_interp *interp) = lifecycle_interp_user;
PIN lifecycle_arena *(*const type_lifecycle_interp_arena)(lifecycle_interp *interp) = lifecycle_interp_arena;
PIN lifecycle_status (*const type_lifecycle_eval_enter)(lifecycle_interp *interp) = lifecycle_eval_enter;
PIN lifecycle_status (*const type_lifecycle_eval_leave)(lifecycle_interp *interp,
    lifecycle_handle result, lifecycle_value **kept) = lifecycle_eval_leave;
PIN size_t (*const type_lifecycle_eval_depth)(lifecycle_interp *interp) = lifecycle_eval_depth;
PIN lifecycle_status (*const type_lifecycle_eval_unwind)(lifecycle_interp *interp, size_t depth
    ) = lifecycle_eval_unwind;
PIN lifecycle_status (*const type_lifecycle_force_reset)(lifecycle_interp *interp) = lifecycle_force_reset;
PIN lifecycle_status (*const type_lifecycle_scope_open)(lifecycle_interp *interp,
    lifecycle_scope *out) = lifecycle_scope_open;
PIN lifecycle_status (*const type_lifecycle_scope_close)(lifecycle_interp *interp, lifecycle_scope,
    lifecycle_handle *escape) = lifecycle_scope_close;
PIN lifecycle_status (*const type_lifecycle_memory_stats)(lifecycle_interp *interp,
    lifecycle_memory *, size_t size) = lifecycle_memory_stats;
PIN lifecycle_handle (*const type_lifecycle_string)(lifecycle_interp *interp, const char *text,
    size_t len) = lifecycle_string;
PIN lifecycle_handle (*const type_lifecycle_int)(lifecycle_interp *interp, int64_t) = lifecycle_int;
PIN lifecycle_handle (*const type_lifecycle_double)(lifecycle_interp *interp, double) = lifecycle_double;
PIN lifecycle_handle (*const type_lifecycle_list)(lifecycle_interp *interp,
    const lifecycle_handle *elements, size_t n) = lifecycle_list;
PIN lifecycle_handle (*const type_lifecycle_dict)(lifecycle_interp *interp) = lifecycle_dict;
PIN lifecycle_handle (*const type_lifecycle_foreign)(lifecycle_interp *interp, const char *type,
    void *ptr, const char *text, size_t len) = lifecycle_foreign;
PIN int (*const type_lifecycle_kind)(lifecycle_interp *interp, lifecycle_handle) = lifecycle_kind;
PIN const char *(*const type_lifecycle_as_string)(lifecycle_interp *interp, lifecycle_handle,
    size_t *len) = lifecycle_as_string;
PIN lifecycle_status (*const type_lifecycle_as_int)(lifecycle_interp *interp, lifecycle_handle,
    int64_t *) = lifecycle_as_int;
PIN lifecycle_status (*const type_lifecycle_as_double)(lifecycle_interp *interp, lifecycle_handle,
    double *) = lifecycle_as_double;
PIN bool (*const type_lifecycle_peek_int)(lifecycle_interp *interp, lifecycle_handle, int64_t *
    ) = lifecycle_peek_int;
PIN bool (*const type_lifecycle_peek_double)(lifecycle_interp *interp, lifecycle_handle, double *
    ) = lifecycle_peek_double;
PIN bool (*const type_lifecycle_peek_foreign)(lifecycle_interp *interp, lifecycle_handle,
    const char **type, void **ptr) = lifecycle_peek_foreign;
PIN lifecycle_status (*const type_lifecycle_foreign_release)(lifecycle_interp *interp,
    lifecycle_handle) = lifecycle_foreign_release;
PIN size_t (*const type_lifecycle_string_length)(lifecycle_interp *interp, lifecycle_handle
    ) = lifecycle_string_length;
PIN int (*const type_lifecycle_string_byte_at_slow)(lifecycle_interp *interp, lifecycle_handle,
    size_t at) = lifecycle_string_byte_at_slow;
PIN lifecycle_handle (*const type_lifecycle_string_slice)(lifecycle_interp *interp,
    lifecycle_handle, size_t from, size_t to) = lifecycle_string_slice;
PIN lifecycle_handle (*const type_lifecycle_string_concat)(lifecycle_interp *interp,
    lifecycle_handle, lifecycle_handle) = lifecycle_string_concat;
PIN int (*const type_lifecycle_string_compare)(lifecycle_interp *interp, lifecycle_handle,
    lifecycle_handle) = lifecycle_string_compare;
PIN bool (*const type_lifecycle_string_equal)(lifecycle_interp *interp, lifecycle_handle,
    lifecycle_handle) = lifecycle_string_equal;
PIN lifecycle_handle (*const type_lifecycle_string_intern)(lifecycle_interp *interp,
    const char *text, size_t len) = lifecycle_string_intern;
PIN lifecycle_handle (*const type_lifecycle_builder_new)(lifecycle_interp *interp, size_t capacity
    ) = lifecycle_builder_new;
PIN lifecycle_status (*const type_lifecycle_builder_byte)(lifecycle_interp *interp,
    lifecycle_handle, int byte) = lifecycle_builder_byte;
PIN lifecycle_status (*const type_lifecycle_builder_bytes)(lifecycle_interp *interp,
    lifecycle_handle, const char *bytes, size_t len) = lifecycle_builder_bytes;
PIN lifecycle_status (*const type_lifecycle_builder_append)(lifecycle_interp *interp,
    lifecycle_handle builder, lifecycle_handle value) = lifecycle_builder_append;
PIN lifecycle_handle (*const type_lifecycle_builder_finish)(lifecycle_interp *interp,
    lifecycle_handle) = lifecycle_builder_finish;
PIN lifecycle_status (*const type_lifecycle_list_shimmer)(lifecycle_interp *interp, lifecycle_handle
    ) = lifecycle_list_shimmer;
PIN size_t (*const type_lifecycle_list_length)(lifecycle_interp *interp, lifecycle_handle
    ) = lifecycle_list_length;
PIN lifecycle_handle (*const type_lifecycle_list_at)(lifecycle_interp *interp, lifecycle_handle,
    size_t) = lifecycle_list_at;
PIN lifecycle_handle (*const type_lifecycle_list_copy)(lifecycle_interp *interp, lifecycle_handle
    ) = lifecycle_list_copy;
PIN lifecycle_handle (*const type_lifecycle_list_slice)(lifecycle_interp *interp, lifecycle_handle,
    size_t first, size_t count) = lifecycle_list_slice;
PIN lifecycle_status (*const type_lifecycle_list_push_in_place)(lifecycle_interp *interp,
    lifecycle_handle list, lifecycle_handle element) = lifecycle_list_push_in_place;
PIN lifecycle_status (*const type_lifecycle_list_unshift_in_place)(lifecycle_interp *interp,
    lifecycle_handle list, lifecycle_handle element) = lifecycle_list_unshift_in_place;
PIN lifecycle_handle (*const type_lifecycle_list_pop_in_place)(lifecycle_interp *interp,
    lifecycle_handle) = lifecycle_list_pop_in_place;
PIN lifecycle_handle (*const type_lifecycle_list_shift_in_place)(lifecycle_interp *interp,
    lifecycle_handle) = lifecycle_list_shift_in_place;
PIN lifecycle_status (*const type_lifecycle_list_set_at_in_place)(lifecycle_interp *interp,
    lifecycle_handle, size_t, lifecycle_handle) = lifecycle_list_set_at_in_place;
PIN lifecycle_status (*const type_lifecycle_list_splice_in_place)(lifecycle_interp *interp,
    lifecycle_handle, size_t first, size_t remove, lifecycle_handle insert) = lifecycle_list_splice_in_place;
PIN lifecycle_status (*const type_lifecycle_list_sort_in_place)(lifecycle_interp *interp,
    lifecycle_handle, lifecycle_compare_fn, void *user) = lifecycle_list_sort_in_place;
PIN lifecycle_status (*const type_lifecycle_dict_shimmer)(lifecycle_interp *interp, lifecycle_handle
    ) = lifecycle_dict_shimmer;
PIN lifecycle_handle (*const type_lifecycle_dict_copy)(lifecycle_interp *interp, lifecycle_handle
    ) = lifecycle_dict_copy;
PIN size_t (*const type_lifecycle_dict_size)(lifecycle_interp *interp, lifecycle_handle) = lifecycle_dict_size;
PIN lifecycle_handle (*const type_lifecycle_dict_get)(lifecycle_interp *interp, lifecycle_handle,
    lifecycle_handle key) = lifecycle_dict_get;
PIN lifecycle_status (*const type_lifecycle_dict_set_in_place)(lifecycle_interp *interp,
    lifecycle_handle, lifecycle_handle key, lifecycle_handle value) = lifecycle_dict_set_in_place;
PIN lifecycle_status (*const type_lifecycle_dict_remove_in_place)(lifecycle_interp *interp,
    lifecycle_handle, lifecycle_handle key) = lifecycle_dict_remove_in_place;
PIN bool (*const type_lifecycle_dict_entry)(lifecycle_interp *interp, lifecycle_handle, size_t i,
    lifecycle_handle *key, lifecycle_handle *value) = lifecycle_dict_entry;
PIN lifecycle_status (*const type_lifecycle_materialize)(lifecycle_interp *interp,
    lifecycle_handle, lifecycle_value **out) = lifecycle_materialize;
PIN lifecycle_handle (*const type_lifecycle_wrap)(lifecycle_interp *interp, lifecycle_value *) = lifecycle_wrap;
PIN lifecycle_value *(*const type_lifecycle_value_retain)(lifecycle_value *) = lifecycle_value_retain;
PIN void (*const type_lifecycle_value_release)(lifecycle_value *) = lifecycle_value_release;
PIN lifecycle_status (*const type_lifecycle_ns_create)(lifecycle_interp *interp, const char *path,
    size_t path_len) = lifecycle_ns_create;
PIN lifecycle_status (*const type_lifecycle_ns_delete)(lifecycle_interp *interp, const char *path,
    size_t path_len) = lifecycle_ns_delete;
PIN bool (*const type_lifecycle_ns_exists)(lifecycle_interp *interp, const char *path,
    size_t path_len) = lifecycle_ns_exists;
PIN lifecycle_handle (*const type_lifecycle_ns_children)(lifecycle_interp *interp,
    const char *path, size_t path_len) = lifecycle_ns_children;
PIN lifecycle_handle (*const type_lifecycle_ns_exports)(lifecycle_interp *interp, const char *path,
    size_t path_len) = lifecycle_ns_exports;
PIN lifecycle_status (*const type_lifecycle_ns_exports_set)(lifecycle_interp *interp,
    const char *path, size_t path_len, lifecycle_handle patterns, bool clear) = lifecycle_ns_exports_set;
PIN lifecycle_handle (*const type_lifecycle_ns_var_get)(lifecycle_interp *interp, const char *ns,
    size_t ns_len, const char *name, size_t name_len) = lifecycle_ns_var_get;
PIN lifecycle_status (*const type_lifecycle_ns_var_set)(lifecycle_interp *interp, const char *ns,
    size_t ns_len, const char *name, size_t name_len, lifecycle_handle) = lifecycle_ns_var_set;
PIN lifecycle_status (*const type_lifecycle_ns_var_unset)(lifecycle_interp *interp, const char *ns,
    size_t ns_len, const char *name, size_t name_len) = lifecycle_ns_var_unset;
PIN bool (*const type_lifecycle_ns_var_exists)(lifecycle_interp *interp, const char *ns,
    size_t ns_len, const char *name, size_t name_len) = lifecycle_ns_var_exists;
PIN lifecycle_handle (*const type_lifecycle_ns_var_names)(lifecycle_interp *interp, const char *ns,
    size_t ns_len) = lifecycle_ns_var_names;
PIN lifecycle_handle (*const type_lifecycle_var_get)(lifecycle_interp *interp, const char *name,
    size_t name_len) = lifecycle_var_get;
PIN lifecycle_status (*const type_lifecycle_var_set)(lifecycle_interp *interp, const char *name,
    size_t name_len, lifecycle_handle) = lifecycle_var_set;
PIN lifecycle_status (*const type_lifecycle_var_unset)(lifecycle_interp *interp, const char *name,
    size_t name_len) = lifecycle_var_unset;
PIN bool (*const type_lifecycle_var_exists)(lifecycle_interp *interp, const char *name,
    size_t name_len) = lifecycle_var_exists;
PIN lifecycle_handle (*const type_lifecycle_var_names)(lifecycle_interp *interp) = lifecycle_var_names;
PIN lifecycle_status (*const type_lifecycle_var_link)(lifecycle_interp *interp, const char *local,
    size_t local_len, size_t level, const char *name, size_t name_len) = lifecycle_var_link;
PIN lifecycle_status (*const type_lifecycle_var_link_ns)(lifecycle_interp *interp,
    const char *local, size_t local_len, const char *ns, size_t ns_len, const char *name,
    size_t name_len) = lifecycle_var_link_ns;
PIN bool (*const type_lifecycle_var_is_link)(lifecycle_interp *interp, const char *name,
    size_t name_len) = lifecycle_var_is_link;
PIN bool (*const type_lifecycle_var_place)(lifecycle_interp *interp, const char *name,
    size_t name_len, size_t *level, lifecycle_handle *ns) = lifecycle_var_place;
PIN lifecycle_handle (*const type_lifecycle_var_resolve)(lifecycle_interp *interp,
    const char *name, size_t name_len) = lifecycle_var_resolve;
PIN int (*const type_lifecycle_command_get)(lifecycle_interp *interp, const char *ns,
    size_t ns_len, const char *name, size_t name_len, void **fn, lifecycle_handle *params,
    lifecycle_handle *body) = lifecycle_command_get;
PIN lifecycle_status (*const type_lifecycle_command_set)(lifecycle_interp *interp, const char *ns,
    size_t ns_len, const char *name, size_t name_len, int kind, void *fn, lifecycle_handle params,
    lifecycle_handle body) = lifecycle_command_set;
PIN lifecycle_status (*const type_lifecycle_command_delete)(lifecycle_interp *interp,
    const char *ns, size_t ns_len, const char *name, size_t name_len) = lifecycle_command_delete;
PIN lifecycle_status (*const type_lifecycle_command_copy)(lifecycle_interp *interp, const char *ns,
    size_t ns_len, const char *name, size_t name_len, const char *to_ns, size_t to_ns_len,
    const char *to_name, size_t to_name_len) = lifecycle_command_copy;
PIN lifecycle_handle (*const type_lifecycle_command_names)(lifecycle_interp *interp,
    const char *ns, size_t ns_len) = lifecycle_command_names;
PIN lifecycle_status (*const type_lifecycle_trace_add)(lifecycle_interp *interp, int kind,
    const char *name, size_t name_len, const char *ops, size_t ops_len, lifecycle_handle script
    ) = lifecycle_trace_add;
PIN lifecycle_status (*const type_lifecycle_trace_remove)(lifecycle_interp *interp, int kind,
    const char *name, size_t name_len, const char *ops, size_t ops_len, lifecycle_handle script
    ) = lifecycle_trace_remove;
PIN lifecycle_handle (*const type_lifecycle_trace_info)(lifecycle_interp *interp, int kind,
    const char *name, size_t name_len) = lifecycle_trace_info;
PIN lifecycle_status (*const type_lifecycle_trace_fire)(lifecycle_interp *interp, int kind,
    const char *name, size_t name_len, const char *op, size_t op_len, lifecycle_trace_fn, void *user
    ) = lifecycle_trace_fire;
PIN lifecycle_status (*const type_lifecycle_frame_push)(lifecycle_interp *interp,
    lifecycle_handle cmd, lifecycle_handle args) = lifecycle_frame_push;
PIN lifecycle_status (*const type_lifecycle_frame_pop)(lifecycle_interp *interp) = lifecycle_frame_pop;
PIN size_t (*const type_lifecycle_frame_count)(lifecycle_interp *interp) = lifecycle_frame_count;
PIN size_t (*const type_lifecycle_frame_level)(lifecycle_interp *interp) = lifecycle_frame_level;
PIN lifecycle_status (*const type_lifecycle_frame_set_active)(lifecycle_interp *interp, size_t level
    ) = lifecycle_frame_set_active;
PIN lifecycle_status (*const type_lifecycle_frame_info_get)(lifecycle_interp *interp, size_t level,
    lifecycle_frame_info *, size_t size) = lifecycle_frame_info_get;
PIN lifecycle_status (*const type_lifecycle_frame_set_ns)(lifecycle_interp *interp, const char *ns,
    size_t ns_len) = lifecycle_frame_set_ns;
PIN lifecycle_status (*const type_lifecycle_frame_set_line)(lifecycle_interp *interp, size_t line
    ) = lifecycle_frame_set_line;
PIN lifecycle_status (*const type_lifecycle_frame_set_lambda)(lifecycle_interp *interp,
    lifecycle_handle) = lifecycle_frame_set_lambda;
PIN lifecycle_status (*const type_lifecycle_frame_push_locals)(lifecycle_interp *interp,
    const char *ns, size_t ns_len) = lifecycle_frame_push_locals;
PIN lifecycle_status (*const type_lifecycle_frame_pop_locals)(lifecycle_interp *interp
    ) = lifecycle_frame_pop_locals;
PIN lifecycle_status (*const type_lifecycle_registry_set)(lifecycle_interp *interp, int space,
    const char *name, size_t name_len, const char *type, void *ptr) = lifecycle_registry_set;
PIN bool (*const type_lifecycle_registry_get)(lifecycle_interp *interp, int space,
    const char *name, size_t name_len, const char **type, void **ptr) = lifecycle_registry_get;
PIN lifecycle_status (*const type_lifecycle_registry_remove)(lifecycle_interp *interp, int space,
    const char *name, size_t name_len) = lifecycle_registry_remove;
PIN lifecycle_status (*const type_lifecycle_own_heap)(lifecycle_manager *manager, lifecycle_module
    module, lifecycle_heap *heap, lifecycle_resource *out) = lifecycle_own_heap;
PIN lifecycle_status (*const type_lifecycle_heap_create)(const lifecycle_heap_options *options,
    lifecycle_heap **out) = lifecycle_heap_create;
PIN lifecycle_status (*const type_lifecycle_heap_destroy)(lifecycle_heap *heap) = lifecycle_heap_destroy;
PIN uint64_t (*const type_lifecycle_heap_alloc_slow)(lifecycle_heap *heap,
    uint32_t cells) = lifecycle_heap_alloc_slow;
PIN lifecycle_status (*const type_lifecycle_heap_reserve)(lifecycle_heap *heap,
    uint64_t cells) = lifecycle_heap_reserve;
PIN lifecycle_status (*const type_lifecycle_heap_set_wam)(lifecycle_heap *heap, lifecycle_wam *wam)
    = lifecycle_heap_set_wam;
PIN lifecycle_status (*const type_lifecycle_heap_add_roots)(lifecycle_heap *heap, lifecycle_root_fn
    roots, void *user) = lifecycle_heap_add_roots;
PIN lifecycle_status (*const type_lifecycle_heap_remove_roots)(lifecycle_heap *heap,
    lifecycle_root_fn roots, void *user) = lifecycle_heap_remove_roots;
PIN lifecycle_status (*const type_lifecycle_visit)(lifecycle_visitor *visitor, lifecycle_cell *cell)
    = lifecycle_visit;
PIN lifecycle_status (*const type_lifecycle_heap_safepoint_slow)(
    lifecycle_heap *heap) = lifecycle_heap_safepoint_slow;
PIN lifecycle_status (*const type_lifecycle_heap_collect)(lifecycle_heap *heap) = lifecycle_heap_collect;
PIN lifecycle_status (*const type_lifecycle_heap_compact)(lifecycle_heap *heap) = lifecycle_heap_compact;
PIN lifecycle_status (*const type_lifecycle_heap_critical_enter)(
    lifecycle_heap *heap) = lifecycle_heap_critical_enter;
PIN lifecycle_status (*const type_lifecycle_heap_critical_leave)(
    lifecycle_heap *heap) = lifecycle_heap_critical_leave;
PIN lifecycle_status (*const type_lifecycle_heap_verify)(lifecycle_heap *heap, lifecycle_verify_fn
    report, void *user, size_t *faults) = lifecycle_heap_verify;
PIN lifecycle_status (*const type_lifecycle_heap_stats_get)(lifecycle_heap *heap, struct
    lifecycle_heap_stats *out, size_t size) = lifecycle_heap_stats_get;
PIN lifecycle_status (*const type_lifecycle_heap_blob)(lifecycle_heap *heap, const void *bytes,
    size_t len, lifecycle_cell *out) = lifecycle_heap_blob;
PIN lifecycle_status (*const type_lifecycle_heap_finalize)(lifecycle_heap *heap, lifecycle_cell
    cell, lifecycle_release_fn release, void *resource, void *user) = lifecycle_heap_finalize;
PIN lifecycle_status (*const type_lifecycle_weak_create)(lifecycle_heap *heap, lifecycle_cell cell,
    lifecycle_weak *out) = lifecycle_weak_create;
PIN lifecycle_status (*const type_lifecycle_weak_get)(lifecycle_heap *heap, lifecycle_weak weak,
    lifecycle_cell *out) = lifecycle_weak_get;
PIN lifecycle_status (*const type_lifecycle_weak_drop)(lifecycle_heap *heap,
    lifecycle_weak weak) = lifecycle_weak_drop;
PIN lifecycle_status (*const type_lifecycle_heap_external)(lifecycle_heap *heap,
    int64_t bytes) = lifecycle_heap_external;
PIN lifecycle_status (*const type_lifecycle_wam_trail_reserve)(lifecycle_heap *heap, uint64_t words)
    = lifecycle_wam_trail_reserve;
PIN lifecycle_status (*const type_lifecycle_wam_assign)(lifecycle_heap *heap, uint64_t ref,
    lifecycle_cell value) = lifecycle_wam_assign;
PIN lifecycle_status (*const type_lifecycle_wam_choice_push)(lifecycle_heap *heap, lifecycle_choice
    *choice, uint32_t count, const void *alternative) = lifecycle_wam_choice_push;
PIN lifecycle_status (*const type_lifecycle_wam_choice_pop)(
    lifecycle_heap *heap) = lifecycle_wam_choice_pop;
PIN lifecycle_status (*const type_lifecycle_wam_cut)(lifecycle_heap *heap, lifecycle_choice *choice)
    = lifecycle_wam_cut;
PIN lifecycle_status (*const type_lifecycle_wam_backtrack)(lifecycle_heap *heap) = lifecycle_wam_backtrack;
PIN uint64_t (*const type_lifecycle_cell_tag)(lifecycle_cell cell) = lifecycle_cell_tag;
PIN uint64_t (*const type_lifecycle_cell_index)(lifecycle_cell cell) = lifecycle_cell_index;
PIN lifecycle_cell (*const type_lifecycle_make_ref)(uint64_t index) = lifecycle_make_ref;
PIN lifecycle_cell (*const type_lifecycle_make_str)(uint64_t index) = lifecycle_make_str;
PIN lifecycle_cell (*const type_lifecycle_make_lis)(uint64_t index) = lifecycle_make_lis;
PIN lifecycle_cell (*const type_lifecycle_make_con)(uint64_t atom) = lifecycle_make_con;
PIN uint64_t (*const type_lifecycle_con_atom)(lifecycle_cell cell) = lifecycle_con_atom;
PIN lifecycle_cell (*const type_lifecycle_make_int)(int64_t value) = lifecycle_make_int;
PIN int64_t (*const type_lifecycle_int_value)(lifecycle_cell cell) = lifecycle_int_value;
PIN lifecycle_cell (*const type_lifecycle_make_fun)(uint64_t atom, uint32_t arity) = lifecycle_make_fun;
PIN uint64_t (*const type_lifecycle_fun_atom)(lifecycle_cell header) = lifecycle_fun_atom;
PIN uint32_t (*const type_lifecycle_fun_arity)(lifecycle_cell header) = lifecycle_fun_arity;
PIN lifecycle_cell (*const type_lifecycle_make_blob)(uint64_t bytes) = lifecycle_make_blob;
PIN uint64_t (*const type_lifecycle_blob_bytes)(lifecycle_cell header) = lifecycle_blob_bytes;
PIN lifecycle_cell (*const type_lifecycle_make_host)(uint64_t payload) = lifecycle_make_host;
PIN uint64_t (*const type_lifecycle_host_payload)(lifecycle_cell cell) = lifecycle_host_payload;
PIN lifecycle_cell *(*const type_lifecycle_heap_base)(lifecycle_heap *heap) = lifecycle_heap_base;
PIN uint64_t (*const type_lifecycle_heap_alloc)(lifecycle_heap *heap,
    uint32_t cells) = lifecycle_heap_alloc;
PIN lifecycle_status (*const type_lifecycle_heap_safepoint)(
    lifecycle_heap *heap) = lifecycle_heap_safepoint;
PIN lifecycle_cell *(*const type_lifecycle_frame_cells)(lifecycle_frame *frame) = lifecycle_frame_cells;
PIN lifecycle_cell *(*const type_lifecycle_choice_cells)(lifecycle_choice *choice) = lifecycle_choice_cells;
PIN void (*const type_lifecycle_frame_init)(lifecycle_frame *frame, lifecycle_frame *prev, const
    void *code, uint32_t count) = lifecycle_frame_init;
PIN lifecycle_status (*const type_lifecycle_wam_bind)(lifecycle_heap *heap, uint64_t ref,
    lifecycle_cell value) = lifecycle_wam_bind;

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            failures++; \
        } \
    } while (0)

int main(void)
{
    int failures = 0;
    char text[32];

    /* One version in header, library and Cargo.toml (handed in by the runner). */
    CHECK(lifecycle_version_number() == LIFECYCLE_VERSION_NUMBER);
    CHECK(strcmp(lifecycle_version_string(), LIFECYCLE_VERSION_STRING) == 0);
    CHECK(strcmp(LIFECYCLE_VERSION_STRING, CARGO_VERSION) == 0);
    CHECK(lifecycle_abi_version() == LIFECYCLE_ABI_VERSION && LIFECYCLE_ABI_VERSION == CARGO_ABI);
    snprintf(text, sizeof text, "%d.%d.%d", LIFECYCLE_VERSION_MAJOR, LIFECYCLE_VERSION_MINOR, LIFECYCLE_VERSION_PATCH);
    CHECK(strcmp(text, CARGO_VERSION) == 0);
    CHECK(LIFECYCLE_VERSION_NUMBER / 1000000 == LIFECYCLE_VERSION_MAJOR);
    CHECK(LIFECYCLE_VERSION_NUMBER / 1000 % 1000 == LIFECYCLE_VERSION_MINOR);
    CHECK(LIFECYCLE_VERSION_NUMBER % 1000 == LIFECYCLE_VERSION_PATCH);
    CHECK(strstr(lifecycle_build_info(), CARGO_VERSION) != NULL);

    /* What runs catches its own defects: this very library, as it was linked. */
    CHECK(lifecycle_features() & LIFECYCLE_FEATURE_PANICS_CAUGHT);
    CHECK(!(lifecycle_features() & LIFECYCLE_FEATURE_DEBUG));
    CHECK(lifecycle_self_test() == LIFECYCLE_OK);
    return failures != 0;
}
