/* Opened and closed over and over, by threads that come and go; argument: the library's path. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

#include "lifecycle.h"

static const char *path;

static void *use(void *failed)
{
    int round;
    for (round = 0; round < 100; round++) {
        lifecycle_status (*self_test)(void);
        const char *(*name)(int);
        void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (!library) {
            fprintf(stderr, "%s\n", dlerror());
            *(int *)failed = 1;
            return NULL;
        }
        *(void **)&self_test = dlsym(library, "lifecycle_self_test");
        *(void **)&name = dlsym(library, "lifecycle_status_name");
        if (!self_test || !name || self_test() != LIFECYCLE_OK || name(0)[0] != 'L')
            *(int *)failed = 1;
        dlclose(library);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    int failed[4] = { 0, 0, 0, 0 };
    pthread_t thread[4];
    int i, sum = 0;

    if (argc != 2)
        return 2;
    path = argv[1];
    for (i = 0; i < 4; i++)
        if (pthread_create(&thread[i], NULL, use, &failed[i]) != 0)
            return 2;
    for (i = 0; i < 4; i++)
        pthread_join(thread[i], NULL);
    /* The threads had the library's thread-locals; they are gone, and it still works. */
    use(&sum);
    for (i = 0; i < 4; i++)
        sum += failed[i];
    return sum == 0 ? 0 : 1;
}
