/* watch.h - tells when a file has changed, by looking at it. */
#ifndef HOTC_WATCH_H
#define HOTC_WATCH_H

#include <stdbool.h>
#include <sys/stat.h>

struct watch {
    struct timespec changed;
    off_t size;
    ino_t inode;
};

/* Has the file changed since the last look (or was there none)? A file that is
   missing just now has not: an editor may be replacing it. */
bool watch_look(struct watch *watch, const char *path);

#endif
