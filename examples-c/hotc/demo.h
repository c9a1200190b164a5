/* demo.h - what `make run` and `make test` show of hotc. Exit statuses. */
#ifndef HOTC_DEMO_H
#define HOTC_DEMO_H

/* The scripted run: programs are loaded from `directory`, edited while they
   are called, and unloaded. What is printed is always the same. */
int demo(const char *directory);

/* Objects with damage in every place are refused or loaded, never followed
   astray: every `step`th byte of the object made from `path`. */
int damage(const char *path, unsigned long step);

#endif
