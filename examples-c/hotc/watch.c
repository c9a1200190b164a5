/* watch.c - see watch.h. A version that was read while it was half written
   looks different when it is whole, and is read again. */
#include "watch.h"

bool watch_look(struct watch *watch, const char *path)
{
    struct stat now;
    if (stat(path, &now) != 0)
        return false;
    if (now.st_mtim.tv_sec == watch->changed.tv_sec &&
        now.st_mtim.tv_nsec == watch->changed.tv_nsec &&
        now.st_size == watch->size && now.st_ino == watch->inode)
        return false;
    watch->changed = now.st_mtim;
    watch->size = now.st_size;
    watch->inode = now.st_ino;
    return true;
}
