/*
 * compile.c - see compile.h.
 *
 * libtcc writes its object to a path; /proc/self/fd/N of a memory file is one
 * that never reaches a disk. Its own loader (tcc_relocate) is not used: it
 * makes memory writable and executable at once.
 */
#define _GNU_SOURCE /* memfd_create */
#include "compile.h"

#include <errno.h>
#include <libtcc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The compiler says one thing after another; what does not fit is cut off. */
static void hear(void *user, const char *message)
{
    struct fault *fault = user;
    size_t used = strlen(fault->text);
    snprintf(fault->text + used, sizeof fault->text - used, "%s%s",
             used == 0 ? "" : "\n", message);
}

char *read_file(const char *path, size_t *size, struct fault *fault)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL, *more;
    size_t got = 1;
    *size = 0;
    while (file != NULL && got != 0) {
        if ((more = realloc(text, *size + 65536)) == NULL)
            break;
        text = more;
        got = fread(text + *size, 1, 65535, file);
        *size += got;
    }
    if (file == NULL || got != 0 || ferror(file)) {
        wrong(fault, "cannot read '%s': %s", path, strerror(errno));
        free(text);
        text = NULL;
    } else {
        text[*size] = '\0';
    }
    if (file != NULL)
        fclose(file);
    return text;
}

/* The text with a first line that tells the compiler what the file is called:
   its messages then name the file. */
static char *named(const char *path, const char *text)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t size = strlen(name) + strlen(text) + 16;
    char *source = malloc(size);
    if (strpbrk(name, "\"\\\n") != NULL)
        name = "source";
    if (source != NULL)
        snprintf(source, size, "#line 1 \"%s\"\n%s", name, text);
    return source;
}

static bool compile_to(TCCState *tcc, const char *path, const char *source,
                       const char *object, struct fault *fault)
{
    const char *slash = strrchr(path, '/');
    char directory[4096] = ".";
    if (slash != NULL && (size_t)(slash - path) < sizeof directory)
        snprintf(directory, sizeof directory, "%.*s", (int)(slash - path + 1),
                 path);
    tcc_set_error_func(tcc, fault, hear);
    tcc_set_output_type(tcc, TCC_OUTPUT_OBJ);
    tcc_add_include_path(tcc, directory);
    return tcc_compile_string(tcc, source) == 0 &&
           tcc_output_file(tcc, object) == 0;
}

bool compile_file(const char *path, void **bytes, size_t *size,
                  struct fault *fault)
{
    char object[64], *source = NULL;
    TCCState *tcc = NULL;
    bool ok = false;
    int fd = -1;
    char *text = read_file(path, size, fault);
    *bytes = NULL;
    if (text == NULL)
        return false;
    fault->text[0] = '\0';
    if ((source = named(path, text)) == NULL || (tcc = tcc_new()) == NULL) {
        wrong(fault, "out of memory");
    } else if ((fd = memfd_create("object", MFD_CLOEXEC)) < 0) {
        wrong(fault, "no memory file: %s", strerror(errno));
    } else {
        snprintf(object, sizeof object, "/proc/self/fd/%d", fd);
        ok = compile_to(tcc, path, source, object, fault);
        if (!ok && fault->text[0] == '\0')
            wrong(fault, "the compiler failed");
        if (ok)
            *bytes = read_file(object, size, fault);
    }
    if (tcc != NULL)
        tcc_delete(tcc);
    if (fd >= 0)
        close(fd);
    free(source);
    free(text);
    return *bytes != NULL;
}
