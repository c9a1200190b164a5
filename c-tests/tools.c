/*
 * tools.c - what tools are told: the perf map, the jitdump (read back by a reader of its own), the debuggers' list.
 * The unwinder's side is frames.c and unwind.cpp; that gdb itself understands the list, checks/tools.sh.
 */
#include <elf.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "frames.h"
#include "support.h"

enum { ALL = LIFECYCLE_CONFIG_PERF_MAP | LIFECYCLE_CONFIG_JITDUMP | LIFECYCLE_CONFIG_GDB };

struct jit_code_entry {
    struct jit_code_entry *next, *prev;
    const char *symfile;
    uint64_t symfile_size;
};
extern struct {
    uint32_t version, action;
    struct jit_code_entry *relevant, *first;
} __jit_debug_descriptor;

static size_t listed(void);

static lifecycle_manager *make_with(uint32_t flags)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    config.flags = flags;
    return make_manager(&config);
}

static uint32_t tools_of(lifecycle_manager *manager)
{
    lifecycle_caps caps;
    EXPECT_OK(lifecycle_caps_get(manager, &caps, sizeof caps));
    return caps.tools;
}

static char *perf_map_path(void)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/perf-%d.map", (int)getpid());
    return path;
}

static char *dump_path(void)
{
    static char path[64];
    snprintf(path, sizeof path, "./jit-%d.dump", (int)getpid());
    return path;
}

/* A whole file, with a zero behind it; NULL if it is not there. */
static char *contents(const char *path, size_t *size)
{
    struct stat about;
    char *bytes;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    *size = 0;
    if (fd < 0 || fstat(fd, &about) != 0)
        return NULL;
    bytes = calloc((size_t)about.st_size + 1, 1);
    *size = (size_t)about.st_size;
    EXPECT(bytes != NULL && read(fd, bytes, *size) == (ssize_t)*size);
    close(fd);
    return bytes;
}

static bool has_line(const char *path, const void *address, size_t size, const char *name)
{
    char line[256];
    size_t bytes;
    char *text = contents(path, &bytes);
    bool found;
    snprintf(line, sizeof line, "%llx %zx %s\n", (unsigned long long)(uintptr_t)address, size, name);
    found = text != NULL && strstr(text, line) != NULL;
    free(text);
    return found;
}

static void flags_are_taken_and_told(void)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    lifecycle_manager *manager = NULL;
    for (uint32_t flags = 0; flags < 16; flags++) {
        manager = make_with(flags);
        EXPECT_EQ(tools_of(manager), flags & ALL);
        EXPECT_OK(lifecycle_destroy(manager));
    }
    /* perf looks at the map for private memory only. */
    for (uint32_t mode = LIFECYCLE_CODE_AUTO; mode <= LIFECYCLE_CODE_MPROTECT; mode++) {
        lifecycle_caps caps;
        config.flags = LIFECYCLE_CONFIG_PERF_MAP;
        config.code_mode = mode;
        manager = make_manager(&config);
        EXPECT_OK(lifecycle_caps_get(manager, &caps, sizeof caps));
        EXPECT_EQ(caps.code_mode, mode == LIFECYCLE_CODE_AUTO ? LIFECYCLE_CODE_MPROTECT : mode);
        EXPECT_OK(lifecycle_destroy(manager));
    }
    config.flags = 16;
    EXPECT_STATUS(lifecycle_create(&config, &manager), LIFECYCLE_E_INVALID);
    unlink(perf_map_path());
    unlink(dump_path());
}

/* --- the perf map --- */

static void a_perf_map_has_a_line_a_symbol(void)
{
    lifecycle_manager *manager = make_with(LIFECYCLE_CONFIG_PERF_MAP), *other = make_with(LIFECYCLE_CONFIG_PERF_MAP);
    lifecycle_module module = load(manager, "a");
    lifecycle_symbol symbol = map_returning(manager, module, "first of all", 1, 0);
    lifecycle_symbol odd = map_returning(manager, module, "two\nlines\tand\x7f", 2, 0);
    lifecycle_symbol theirs = map_returning(other, load(other, "a"), "theirs", 3, 0);
    static char adopted[64];
    const char *path = perf_map_path();
    struct stat about;
    EXPECT(has_line(path, lifecycle_symbol_address(manager, symbol), RETURNS_SIZE, "first of all"));
    EXPECT(has_line(path, lifecycle_symbol_address(manager, odd), RETURNS_SIZE, "two_lines_and_"));
    EXPECT(has_line(path, lifecycle_symbol_address(other, theirs), RETURNS_SIZE, "theirs"));
    EXPECT_OK(lifecycle_on_symbol_mapped(manager, module, "adopted", adopted, 64, NULL, NULL, NULL));
    EXPECT(has_line(path, adopted, 64, "adopted"));
    EXPECT(stat(path, &about) == 0 && (about.st_mode & 07777) == 0600);
    EXPECT_OK(lifecycle_destroy(other));
    EXPECT_EQ(tools_of(manager), LIFECYCLE_CONFIG_PERF_MAP);
    symbol = map_returning(manager, module, "later", 4, 0);
    EXPECT(has_line(path, lifecycle_symbol_address(manager, symbol), RETURNS_SIZE, "later"));
    EXPECT_OK(lifecycle_destroy(manager));
    unlink(path);
}

/* A batch that is given up leaves no line and no entry; one that is mapped has all of them. */
static void a_batch_is_told_as_a_whole(void)
{
    lifecycle_manager *manager = make_with(LIFECYCLE_CONFIG_PERF_MAP | LIFECYCLE_CONFIG_GDB);
    lifecycle_module module = load(manager, "a");
    lifecycle_batch_item items[3] = {LIFECYCLE_BATCH_ITEM_INIT, LIFECYCLE_BATCH_ITEM_INIT, LIFECYCLE_BATCH_ITEM_INIT};
    lifecycle_map_options wrong = LIFECYCLE_MAP_OPTIONS_INIT;
    static const char *const names[] = {"one", "two", "three"};
    lifecycle_symbol symbols[3];
    size_t size;
    for (int i = 0; i < 3; i++) {
        items[i].name = names[i];
        items[i].code = code_with_rbp;
        items[i].len = sizeof code_with_rbp;
    }
    items[2].options = &wrong;
    wrong.eh_frame = code_with_rbp;
    wrong.eh_frame_size = sizeof code_with_rbp;
    EXPECT_STATUS(lifecycle_map_batch(manager, module, items, 3, NULL), LIFECYCLE_E_FORMAT);
    free(contents(perf_map_path(), &size));
    EXPECT(size == 0 && listed() == 0);
    items[2].options = NULL;
    EXPECT_OK(lifecycle_map_batch(manager, module, items, 3, symbols));
    for (int i = 0; i < 3; i++)
        EXPECT(has_line(perf_map_path(), lifecycle_symbol_address(manager, symbols[i]), sizeof code_with_rbp, names[i]));
    EXPECT_EQ(listed(), 3);
    EXPECT_OK(lifecycle_destroy(manager));
    EXPECT_EQ(listed(), 0);
    unlink(perf_map_path());
}

/* What the resolver is asked for has its line before it can run: nothing runs here before it is there. */
static void *mapped_by_resolver(const char *name, void *user)
{
    lifecycle_manager *manager = user;
    lifecycle_module module = 0;
    lifecycle_symbol symbol;
    void *address;
    EXPECT_OK(lifecycle_module_find(manager, "a", &module));
    symbol = map_returning(manager, module, name, 9, 0);
    address = lifecycle_symbol_address(manager, symbol);
    EXPECT(has_line(perf_map_path(), address, RETURNS_SIZE, name));
    return address;
}

static void a_line_is_there_before_the_call(void)
{
    lifecycle_manager *manager = make_with(LIFECYCLE_CONFIG_PERF_MAP);
    load(manager, "a");
    EXPECT_OK(lifecycle_set_resolver(manager, mapped_by_resolver, manager));
    if (CAN_RUN_CODE)
        EXPECT_EQ(call(entry_of(manager, "lazy")), 9);
    EXPECT_OK(lifecycle_destroy(manager));
    unlink(perf_map_path());
}

static void a_child_has_files_of_its_own(void)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    lifecycle_manager *manager;
    char *parents_map, *parents_dump;
    size_t size, same;
    int status = -1;
    pid_t child;
    config.flags = LIFECYCLE_CONFIG_PERF_MAP | LIFECYCLE_CONFIG_JITDUMP;
    config.code_mode = LIFECYCLE_CODE_MPROTECT;
    manager = make_manager(&config);
    load(manager, "a");
    parents_map = strdup(perf_map_path());
    parents_dump = strdup(dump_path());
    free(contents(parents_dump, &size));
    fflush(stdout);
    child = fork();
    if (child == 0) {
        lifecycle_module module = 0;
        lifecycle_symbol symbol;
        char *bytes;
        expect_failures = 0;
        EXPECT_OK(lifecycle_module_find(manager, "a", &module));
        symbol = map_returning(manager, module, "of the child", 1, 0);
        EXPECT(has_line(perf_map_path(), lifecycle_symbol_address(manager, symbol), RETURNS_SIZE, "of the child"));
        bytes = contents(dump_path(), &same);
        EXPECT(bytes != NULL && same > 40 && (pid_t) * (uint32_t *)(bytes + 20) == getpid());
        free(bytes);
        EXPECT_OK(lifecycle_destroy(manager));
        free(contents(parents_dump, &same));
        EXPECT_EQ(same, size);
        EXPECT(access(parents_map, F_OK) == 0);
        unlink(perf_map_path());
        unlink(dump_path());
        free(parents_map);
        free(parents_dump);
        exit(expect_failures == 0 ? 0 : 1);
    }
    EXPECT(child > 0 && waitpid(child, &status, 0) == child && status == 0);
    free(contents(parents_map, &size));
    EXPECT_EQ(size, 0);
    EXPECT_OK(lifecycle_destroy(manager));
    unlink(parents_map);
    unlink(parents_dump);
    free(parents_map);
    free(parents_dump);
}

/* The folder is everybody's: what somebody else put there is not followed or written. */
static void a_trap_in_the_place_of_a_file_is_refused(void)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    lifecycle_manager *manager = NULL;
    char *path;
    struct stat about;
    write_file("precious", "do not touch", 12);
    for (int dump = 0; dump <= 1; dump++) {
        config.flags = dump ? LIFECYCLE_CONFIG_JITDUMP : LIFECYCLE_CONFIG_PERF_MAP;
        path = dump ? dump_path() : perf_map_path();
        EXPECT(symlink("precious", path) == 0);
        EXPECT_STATUS(lifecycle_create(&config, &manager), LIFECYCLE_E_SYSTEM);
        EXPECT(strstr(lifecycle_last_error(), path) != NULL && manager == NULL);
        unlink(path);
        EXPECT(mkfifo(path, 0600) == 0);
        EXPECT_STATUS(lifecycle_create(&config, &manager), LIFECYCLE_E_DENIED);
        EXPECT_SENTENCE(path);
        unlink(path);
        EXPECT(mkdir(path, 0700) == 0);
        EXPECT_STATUS(lifecycle_create(&config, &manager), LIFECYCLE_E_SYSTEM);
        EXPECT_SENTENCE(path);
        rmdir(path);
    }
    EXPECT(link("precious", dump_path()) == 0);
    EXPECT_STATUS(lifecycle_create(&config, &manager), LIFECYCLE_E_DENIED);
    unlink(dump_path());
    EXPECT(stat("precious", &about) == 0 && about.st_size == 12);
    unlink("precious");
    /* A folder that is not there, then one whose name is too long. */
    EXPECT(setenv("JITDUMPDIR", "not there", 1) == 0);
    EXPECT_STATUS(lifecycle_create(&config, &manager), LIFECYCLE_E_NOT_FOUND);
    EXPECT_SENTENCE("not there/jit-");
    path = malloc(5000);
    memset(path, 'x', 4999);
    path[4999] = 0;
    EXPECT(setenv("JITDUMPDIR", path, 1) == 0);
    EXPECT_STATUS(lifecycle_create(&config, &manager), LIFECYCLE_E_TOO_BIG);
    EXPECT(unsetenv("JITDUMPDIR") == 0);
    free(path);
}

/* --- the jitdump --- */

typedef struct load_record {
    uint32_t id, total;
    uint64_t time;
    uint32_t pid, tid;
    uint64_t vma, address, size, index;
} load_record;

/* Reads one record at *at: its name and code, NULL at the end of the file; a closing record has no name. */
static const char *read_record(const char *file, size_t bytes, size_t *at, load_record *record, const char **code)
{
    const char *name = file + *at + sizeof *record;
    *code = NULL;
    if (bytes - *at < 16)
        return NULL;
    memcpy(record, file + *at, 16);
    EXPECT(record->total >= 16 && record->total <= bytes - *at);
    if (record->id == 0) {
        memcpy(record, file + *at, sizeof *record);
        EXPECT_EQ(record->total, sizeof *record + strlen(name) + 1 + record->size);
        EXPECT(record->address == record->vma && record->pid == (uint32_t)getpid());
        *code = name + strlen(name) + 1;
    } else {
        EXPECT(record->id == 3 && record->total == 16);
        name = "";
    }
    *at += record->total;
    return name;
}

static void check_header(const char *file, size_t bytes)
{
    uint32_t words[6];
    EXPECT(bytes >= 40);
    memcpy(words, file, sizeof words);
    EXPECT(words[0] == 0x4a695444 && words[1] == 1 && words[2] == 40);
#if defined(__x86_64__)
    EXPECT_EQ(words[3], EM_X86_64);
#elif defined(__aarch64__)
    EXPECT_EQ(words[3], EM_AARCH64);
#endif
    EXPECT(words[4] == 0 && words[5] == (uint32_t)getpid());
}

/* perf finds the file by a mapping that may be executed. */
static bool is_marked(const char *name)
{
    char line[512];
    bool found = false;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL)
        found |= strstr(line, " r-xp ") != NULL && strstr(line, name + 1) != NULL;
    if (maps != NULL)
        fclose(maps);
    return found;
}

static void a_jitdump_is_read_back(void)
{
    lifecycle_manager *manager = make_with(LIFECYCLE_CONFIG_JITDUMP);
    lifecycle_module module = load(manager, "a");
    const void *addresses[20];
    uint64_t time = 0, index_sum = 0;
    load_record record;
    const char *name, *code, *path = dump_path();
    size_t bytes, at = 40;
    char *file, want[32];
    struct stat about;
    EXPECT(is_marked(path));
    EXPECT(stat(path, &about) == 0 && (about.st_mode & 07777) == 0600);
    for (int i = 0; i < 20; i++) {
        snprintf(want, sizeof want, "number %d", i);
        addresses[i] = lifecycle_symbol_address(manager, map_returning(manager, module, want, 1000 + i, 0));
    }
    for (int closed = 0; closed <= 1; closed++) {
        file = contents(path, &bytes);
        check_header(file, bytes);
        at = 40, time = 0, index_sum = 0;
        for (int i = 0; i < 20; i++) {
            unsigned char body[RETURNS_SIZE];
            name = read_record(file, bytes, &at, &record, &code);
            snprintf(want, sizeof want, "number %d", i);
            EXPECT(name != NULL && strcmp(name, want) == 0);
            EXPECT_EQ(record.address, (uintptr_t)addresses[i]);
            EXPECT(record.size == RETURNS_SIZE && memcmp(code, returns(body, 1000 + i), RETURNS_SIZE) == 0);
            EXPECT(record.time >= time && record.time != 0);
            time = record.time;
            index_sum |= (uint64_t)1 << record.index;
        }
        EXPECT_EQ(index_sum, 0xfffff);
        if (closed)
            EXPECT(read_record(file, bytes, &at, &record, &code) != NULL && record.id == 3);
        else
            EXPECT_OK(lifecycle_destroy(manager));
        EXPECT_EQ(at, bytes);
        free(file);
    }
    EXPECT(!is_marked(path));
    /* Another manager of this process goes on with the file. */
    manager = make_with(LIFECYCLE_CONFIG_JITDUMP);
    map_returning(manager, load(manager, "a"), "afterwards", 1, 0);
    file = contents(path, &bytes);
    name = read_record(file, bytes, &at, &record, &code);
    EXPECT(name != NULL && strcmp(name, "afterwards") == 0 && record.index == 20 && at == bytes);
    free(file);
    EXPECT_OK(lifecycle_destroy(manager));
    unlink(path);
}

/* What relocations fill in is in the record: it has the code that runs. */
static void a_jitdump_has_the_relocated_code(void)
{
    static const unsigned char absolute[16] = {0x48, 0xb8};
    lifecycle_manager *manager = make_with(LIFECYCLE_CONFIG_JITDUMP);
    lifecycle_module module = load(manager, "a");
    lifecycle_relocation relocation = {LIFECYCLE_RELOC_ABS64, 0, 2, NULL, (void *)0x1234, 0};
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    lifecycle_symbol symbol = 0;
    load_record record;
    const char *code;
    size_t bytes, at = 40;
    char *file;
    options.relocations = &relocation;
    options.relocation_count = 1;
    EXPECT_OK(lifecycle_map_symbol(manager, module, "f", absolute, sizeof absolute, &options, &symbol));
    file = contents(dump_path(), &bytes);
    EXPECT(read_record(file, bytes, &at, &record, &code) != NULL && code[2] == 0x34 && code[3] == 0x12);
    free(file);
    EXPECT_OK(lifecycle_destroy(manager));
    unlink(dump_path());
}

/* A write that fails stops the tool, not the program. */
static void a_full_disk_stops_the_tool_only(void)
{
    lifecycle_manager *manager;
    lifecycle_module module;
    FILE *full = fopen("/dev/full", "w");
    int fd = -1;
    if (full == NULL) {
        printf("skipped: a full disk (no /dev/full)\n");
        return;
    }
    manager = make_with(ALL);
    module = load(manager, "a");
    /* The library's descriptors become the full device's. */
    for (int i = 3; i < 64; i++) {
        char link[64], target[256];
        ssize_t len;
        snprintf(link, sizeof link, "/proc/self/fd/%d", i);
        len = readlink(link, target, sizeof target - 1);
        if (len > 0 && (target[len] = 0, strstr(target, "/perf-") != NULL || strstr(target, "/jit-") != NULL))
            fd = i, EXPECT(dup2(fileno(full), i) == i);
    }
    EXPECT(fd != -1);
    map_returning(manager, module, "f", 1, 0);
    EXPECT_EQ(tools_of(manager), LIFECYCLE_CONFIG_GDB);
    map_returning(manager, module, "g", 1, 0);
    EXPECT_OK(lifecycle_destroy(manager));
    fclose(full);
    manager = make_with(ALL);
    EXPECT_EQ(tools_of(manager), ALL);
    EXPECT_OK(lifecycle_destroy(manager));
    unlink(perf_map_path());
    unlink(dump_path());
}

/* --- the debuggers' list --- */

static size_t listed(void)
{
    size_t count = 0;
    const struct jit_code_entry *previous = NULL;
    for (const struct jit_code_entry *at = __jit_debug_descriptor.first; at != NULL; at = at->next) {
        EXPECT(at->prev == previous);
        previous = at;
        count++;
    }
    return count;
}

/* The head of the list is an object file of this one symbol. */
static void expect_object(const char *name, const void *address, size_t size, const frames *table)
{
    const char *file = __jit_debug_descriptor.first->symfile;
    const Elf64_Ehdr *header = (const void *)file;
    const Elf64_Shdr *sections = (const void *)(file + header->e_shoff);
    const char *names = file + sections[header->e_shstrndx].sh_offset;
    bool code = false, symbol = false, unwinds = false;
    EXPECT(memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 && header->e_ident[EI_CLASS] == ELFCLASS64);
    EXPECT(header->e_shentsize == sizeof *sections);
    for (unsigned i = 0; i < header->e_shnum; i++) {
        const Elf64_Shdr *it = &sections[i];
        if (it->sh_type != SHT_NOBITS)
            EXPECT(it->sh_offset + it->sh_size <= __jit_debug_descriptor.first->symfile_size);
        if (strcmp(names + it->sh_name, ".text") == 0)
            code = it->sh_type == SHT_NOBITS && it->sh_addr == (uintptr_t)address && it->sh_size == size;
        if (strcmp(names + it->sh_name, ".eh_frame") == 0)
            unwinds = it->sh_type == SHT_PROGBITS && it->sh_size != 0;
        if (it->sh_type == SHT_SYMTAB) {
            const Elf64_Sym *at = (const Elf64_Sym *)(file + it->sh_offset) + it->sh_info;
            EXPECT(it->sh_size == 2 * sizeof *at && it->sh_entsize == sizeof *at);
            symbol = strcmp(file + sections[it->sh_link].sh_offset + at->st_name, name) == 0 && at->st_size == size &&
                     at->st_value == (uintptr_t)address && ELF64_ST_TYPE(at->st_info) == STT_FUNC;
        }
    }
    EXPECT(code && symbol && unwinds == (table != NULL));
}

static void a_symbol_is_an_object_file_in_memory(void)
{
    lifecycle_manager *manager = make_with(LIFECYCLE_CONFIG_GDB);
    lifecycle_module module = load(manager, "a");
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    frames table = frames_with_rbp(ENCODING_PCREL_SDATA4);
    lifecycle_symbol first = map_returning(manager, module, "a name", 1, 0), second = 0;
    EXPECT_EQ(__jit_debug_descriptor.version, 1);
    EXPECT_EQ(listed(), 1);
    expect_object("a name", lifecycle_symbol_address(manager, first), RETURNS_SIZE, NULL);
    options.eh_frame = table.bytes;
    options.eh_frame_size = table.size;
    EXPECT_OK(lifecycle_map_symbol(manager, module, "b", code_with_rbp, sizeof code_with_rbp, &options, &second));
    EXPECT_EQ(listed(), 2);
    expect_object("b", lifecycle_symbol_address(manager, second), sizeof code_with_rbp, &table);
    EXPECT_OK(lifecycle_unmap_symbol(manager, second));
    EXPECT_EQ(listed(), 1);
    expect_object("a name", lifecycle_symbol_address(manager, first), RETURNS_SIZE, NULL);
    EXPECT(__jit_debug_descriptor.relevant == NULL && __jit_debug_descriptor.action == 0);
    EXPECT_OK(lifecycle_destroy(manager));
    EXPECT_EQ(listed(), 0);
}

/* Replaced, retired and reloaded code is known until it is freed, and no longer. */
static void retired_code_is_known_until_it_is_freed(void)
{
    lifecycle_manager *manager = make_with(LIFECYCLE_CONFIG_GDB);
    lifecycle_module module = load(manager, "a"), fresh = 0;
    lifecycle_reader *reader = NULL;
    EXPECT_OK(lifecycle_reader_attach(manager, &reader));
    map_returning(manager, module, "f", 1, 0);
    lifecycle_enter(reader);
    map_returning(manager, module, "f", 2, LIFECYCLE_MAP_REPLACE);
    EXPECT_EQ(listed(), 2);
    EXPECT_OK(lifecycle_reclaim(manager, NULL));
    EXPECT_EQ(listed(), 2);
    lifecycle_leave(reader);
    EXPECT_OK(lifecycle_reclaim(manager, NULL));
    EXPECT_EQ(listed(), 1);
    EXPECT_OK(lifecycle_reload_begin(manager, module, &fresh));
    map_returning(manager, fresh, "f", 3, 0);
    EXPECT_EQ(listed(), 2);
    EXPECT_OK(lifecycle_reload_abort(manager, fresh));
    EXPECT_EQ(listed(), 1);
    EXPECT_OK(lifecycle_reader_detach(reader));
    EXPECT_OK(lifecycle_destroy(manager));
    EXPECT_EQ(listed(), 0);
}

static void ten_thousand_come_and_go(void)
{
    unsigned long many = expect_scale(10000, 300);
    lifecycle_manager *manager = make_with(LIFECYCLE_CONFIG_GDB);
    lifecycle_module module = load(manager, "a");
    char name[32];
    for (unsigned long i = 0; i < many; i++) {
        snprintf(name, sizeof name, "f%lu", i);
        map_returning(manager, module, name, (int)i, 0);
    }
    EXPECT_EQ(listed(), many);
    EXPECT_OK(unload(manager, module));
    EXPECT_EQ(listed(), 0);
    EXPECT_OK(lifecycle_destroy(manager));
}

/* --- no memory --- */

static long until;
static counting count;

static void *sparing_alloc(size_t bytes, void *user)
{
    (void)user;
    return until > 0 && --until == 0 ? NULL : counting_alloc(bytes, &count);
}
static void *sparing_realloc(void *ptr, size_t old_bytes, size_t new_bytes, void *user)
{
    (void)user;
    return until > 0 && --until == 0 ? NULL : counting_realloc(ptr, old_bytes, new_bytes, &count);
}
static void sparing_free(void *ptr, size_t bytes, void *user)
{
    (void)user;
    counting_free(ptr, bytes, &count);
}

/* Each allocation of making a manager and mapping a symbol of which every tool is told fails once. */
static void no_allocation_may_fail_half_way(void)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    lifecycle_map_options options = LIFECYCLE_MAP_OPTIONS_INIT;
    frames table = frames_with_rbp(ENCODING_UDATA4);
    lifecycle_status status = LIFECYCLE_E_NOMEM;
    long failed = 0;
    config.flags = ALL;
    config.allocator = (lifecycle_allocator){sparing_alloc, sparing_realloc, sparing_free, NULL};
    options.eh_frame = table.bytes;
    options.eh_frame_size = table.size;
    for (long k = 1; status == LIFECYCLE_E_NOMEM; k++, failed++) {
        lifecycle_manager *manager = NULL;
        lifecycle_module module = 0;
        lifecycle_symbol symbol = 0;
        until = k;
        status = lifecycle_create(&config, &manager);
        if (status == LIFECYCLE_OK) {
            status = lifecycle_on_module_load(manager, "a", &module);
            if (status == LIFECYCLE_OK)
                status = lifecycle_map_symbol(manager, module, "f", code_with_rbp, sizeof code_with_rbp, &options, &symbol);
            EXPECT_EQ(listed(), status == LIFECYCLE_OK);
            until = 0;
            if (status == LIFECYCLE_E_NOMEM && module != 0)
                EXPECT_OK(lifecycle_map_symbol(manager, module, "f", code_with_rbp, sizeof code_with_rbp, &options, &symbol));
            EXPECT_OK(lifecycle_destroy(manager));
        }
        EXPECT(status == LIFECYCLE_OK || status == LIFECYCLE_E_NOMEM);
        EXPECT(listed() == 0 && count.blocks == 0 && count.bytes == 0 && count.wrong == 0);
    }
    EXPECT(status == LIFECYCLE_OK && failed > 15);
    unlink(perf_map_path());
    unlink(dump_path());
}

int main(void)
{
    say_if_code_cannot_run();
    RUN(flags_are_taken_and_told);
    RUN(a_jitdump_is_read_back);
    RUN(a_jitdump_has_the_relocated_code);
    RUN(a_perf_map_has_a_line_a_symbol);
    RUN(a_batch_is_told_as_a_whole);
    RUN(a_line_is_there_before_the_call);
    RUN(a_child_has_files_of_its_own);
    RUN(a_trap_in_the_place_of_a_file_is_refused);
    RUN(a_full_disk_stops_the_tool_only);
    RUN(a_symbol_is_an_object_file_in_memory);
    RUN(retired_code_is_known_until_it_is_freed);
    RUN(ten_thousand_come_and_go);
    RUN(no_allocation_may_fail_half_way);
    return expect_done();
}
