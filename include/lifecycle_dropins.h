/* Drop-in functions of existing runtimes, declared by hand. */
#ifndef LIFECYCLE_DROPINS_H
#define LIFECYCLE_DROPINS_H
#endif
