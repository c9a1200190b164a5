/* Reading SMF files, built here byte by byte: header section 6. */
#include "support.h"

enum { PAYLOAD = 40, SECTIONS = 3, TABLE = PAYLOAD, SYMBOLS = PAYLOAD + SECTIONS * 64, TRAILER = SYMBOLS + 4, ALL = TRAILER + 128 };

static unsigned char file[ALL];

static void put32(unsigned char *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(value >> (8 * i));
}

static void put64(unsigned char *at, uint64_t value)
{
    put32(at, (uint32_t)value);
    put32(at + 4, (uint32_t)(value >> 32));
}

static void put_section(int number, uint32_t kind, uint64_t offset, uint64_t size)
{
    unsigned char *entry = file + TABLE + number * 64;
    memset(entry, 0xee, 64);
    put32(entry + 8, kind);
    put64(entry + 16, offset);
    put64(entry + 24, size);
}

/* A stub of 4 bytes, "code" at 4, "metadata" at 8, a second code section, then the tables and the trailer. */
static void build(void)
{
    unsigned char *trailer = file + TRAILER;
    memset(file, 0xcc, sizeof file);
    memcpy(file, "stubcodemetadata", 16);
    put_section(0, LIFECYCLE_SMF_TEMPLATE_CODE, 4, 4);
    put_section(1, LIFECYCLE_SMF_TEMPLATE_METADATA, 8, 8);
    put_section(2, LIFECYCLE_SMF_TEMPLATE_CODE, 0, 1);
    memcpy(trailer, "SMF\0\1\2\3\4", 8);
    put32(trailer + 8, 0x55);
    put32(trailer + 12, SECTIONS);
    put64(trailer + 16, TABLE);
    put32(trailer + 24, 4);
    put64(trailer + 28, SYMBOLS);
    put32(trailer + 36, 2);
    put64(trailer + 40, 0x123456789);
    put32(trailer + 48, 0);
    put64(trailer + 52, 4);
    put64(trailer + 60, 4);
}

static lifecycle_manager *manager;
static lifecycle_module module;

/* The file as it is now, through the library; `len` bytes of it. */
static lifecycle_mapping mapped(size_t len)
{
    static lifecycle_mapping mapping;
    unsigned char *exact = malloc(len);
    memcpy(exact, file, len);
    if (manager == NULL)
        manager = make_manager(NULL);
    else
        EXPECT_OK(unload(manager, module));
    module = load(manager, "a");
    if (len % 2) {
        EXPECT_OK(lifecycle_smf_from_bytes(manager, module, "bytes", exact, len, &mapping));
    } else {
        unlink("file.smf");
        write_file("file.smf", exact, len);
        EXPECT_OK(lifecycle_on_smf_accessed(manager, module, "file.smf", &mapping));
    }
    free(exact);
    return mapping;
}

static void expect_refused(size_t len, const char *what, lifecycle_status status)
{
    lifecycle_mapping mapping = mapped(len);
    lifecycle_smf_header header;
    const void *data = file;
    size_t size = 7;
    memset(&header, 0xee, sizeof header);
    EXPECT_STATUS(lifecycle_smf_header_get(&mapping, &header, sizeof header), status);
    EXPECT_SENTENCE(what);
    EXPECT(header.section_count == 0 && header.symbol_table_offset == 0 && header.entry_point == 0);
    EXPECT_STATUS(lifecycle_smf_section(&mapping, LIFECYCLE_SMF_TEMPLATE_CODE, &data, &size), status);
    EXPECT(data == NULL && size == 0);
    build();
}

static void the_trailer_is_read_field_by_field(void)
{
    lifecycle_smf_header header;
    lifecycle_mapping mapping = mapped(ALL), none = {NULL, 0, 0};
    EXPECT_OK(lifecycle_smf_header_get(&mapping, &header, sizeof header));
    EXPECT(header.major == 1 && header.minor == 2 && header.platform == 3 && header.arch == 4 && header.flags == 0x55);
    EXPECT(header.section_count == SECTIONS && header.section_table_offset == TABLE);
    EXPECT(header.symbol_count == 4 && header.symbol_table_offset == SYMBOLS && header.exported_count == 2);
    EXPECT(header.entry_point == 0x123456789 && header.compression == 0 && header.stub_size == 4 &&
           header.smf_data_offset == 4);
    EXPECT_STATUS(lifecycle_smf_header_get(NULL, &header, sizeof header), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_smf_header_get(&mapping, NULL, sizeof header), LIFECYCLE_E_INVALID);
    EXPECT(lifecycle_smf_header_get(&none, &header, sizeof header) != LIFECYCLE_OK);
}

static void the_first_section_of_a_type_is_found(void)
{
    lifecycle_mapping mapping = mapped(ALL);
    const void *data = NULL;
    size_t len = 0;
    EXPECT_OK(lifecycle_smf_section(&mapping, LIFECYCLE_SMF_TEMPLATE_CODE, &data, &len));
    EXPECT(data == (const char *)mapping.data + 4 && len == 4 && memcmp(data, "code", 4) == 0);
    EXPECT_OK(lifecycle_smf_section(&mapping, LIFECYCLE_SMF_TEMPLATE_METADATA, &data, &len));
    EXPECT(len == 8 && memcmp(data, "metadata", 8) == 0);
    EXPECT_STATUS(lifecycle_smf_section(&mapping, 99, &data, &len), LIFECYCLE_E_NOT_FOUND);
    EXPECT(data == NULL && len == 0);
    EXPECT_STATUS(lifecycle_smf_section(&mapping, 12, NULL, &len), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_smf_section(&mapping, 12, &data, NULL), LIFECYCLE_E_INVALID);
    EXPECT_STATUS(lifecycle_smf_section(NULL, 12, &data, &len), LIFECYCLE_E_INVALID);
}

static void every_malformed_field_is_named(void)
{
    unsigned char *trailer = file + TRAILER;
    expect_refused(1, "too few", LIFECYCLE_E_FORMAT);
    expect_refused(127, "too few", LIFECYCLE_E_FORMAT);
    for (int i = 0; i < 4; i++) {
        trailer[i] ^= 0x20;
        expect_refused(ALL, "magic", LIFECYCLE_E_FORMAT);
    }
    trailer[4] = 2;
    expect_refused(ALL, "version", LIFECYCLE_E_UNSUPPORTED);
    put32(trailer + 12, SECTIONS + 2);
    expect_refused(ALL, "section table", LIFECYCLE_E_FORMAT);
    put32(trailer + 12, UINT32_MAX);
    expect_refused(ALL, "section table", LIFECYCLE_E_FORMAT);
    put64(trailer + 16, TRAILER - 64);
    expect_refused(ALL, "section table", LIFECYCLE_E_FORMAT);
    put64(trailer + 16, UINT64_MAX - 63);
    expect_refused(ALL, "section table", LIFECYCLE_E_FORMAT);
    put64(trailer + 28, TRAILER - 3);
    expect_refused(ALL, "symbol table", LIFECYCLE_E_FORMAT);
    put32(trailer + 24, UINT32_MAX);
    expect_refused(ALL, "symbol table", LIFECYCLE_E_FORMAT);
    put32(trailer + 36, 5);
    expect_refused(ALL, "exported count", LIFECYCLE_E_FORMAT);
    put64(trailer + 52, TRAILER + 1);
    expect_refused(ALL, "stub size", LIFECYCLE_E_FORMAT);
    put64(trailer + 60, UINT64_MAX);
    expect_refused(ALL, "data offset", LIFECYCLE_E_FORMAT);
    /* Cut off in front of the end: whatever stands in the last 128 bytes then is no trailer. */
    expect_refused(ALL - 1, "magic", LIFECYCLE_E_FORMAT);
    expect_refused(ALL - 64, "magic", LIFECYCLE_E_FORMAT);
}

static void a_section_outside_the_file_or_compressed_is_refused(void)
{
    static const struct { uint64_t offset, size; } wrong[] = {
        {TRAILER - 3, 4}, {0, TRAILER + 1}, {UINT64_MAX, 1}, {1, UINT64_MAX}, {UINT64_MAX, UINT64_MAX}, {ALL, 0}};
    lifecycle_smf_header header;
    lifecycle_mapping mapping;
    const void *data;
    size_t len;
    for (int i = 0; i < 6; i++) {
        put_section(0, LIFECYCLE_SMF_TEMPLATE_CODE, wrong[i].offset, wrong[i].size);
        mapping = mapped(ALL);
        EXPECT_STATUS(lifecycle_smf_section(&mapping, LIFECYCLE_SMF_TEMPLATE_CODE, &data, &len), LIFECYCLE_E_FORMAT);
        EXPECT(data == NULL && len == 0);
        /* The others are as good as before. */
        EXPECT_OK(lifecycle_smf_section(&mapping, LIFECYCLE_SMF_TEMPLATE_METADATA, &data, &len));
    }
    put_section(0, LIFECYCLE_SMF_TEMPLATE_CODE, 0, TRAILER);
    mapping = mapped(ALL);
    EXPECT_OK(lifecycle_smf_section(&mapping, LIFECYCLE_SMF_TEMPLATE_CODE, &data, &len));
    EXPECT_EQ(len, TRAILER);
    put32(file + TRAILER + 48, 1);
    mapping = mapped(ALL);
    EXPECT_OK(lifecycle_smf_header_get(&mapping, &header, sizeof header));
    EXPECT_EQ(header.compression, 1);
    EXPECT_STATUS(lifecycle_smf_section(&mapping, LIFECYCLE_SMF_TEMPLATE_CODE, &data, &len), LIFECYCLE_E_UNSUPPORTED);
    build();
}

int main(void)
{
    build();
    RUN(the_trailer_is_read_field_by_field);
    RUN(the_first_section_of_a_type_is_found);
    RUN(every_malformed_field_is_named);
    RUN(a_section_outside_the_file_or_compressed_is_refused);
    unlink("file.smf");
    EXPECT_OK(lifecycle_destroy(manager));
    return expect_done();
}
