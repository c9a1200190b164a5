/* Processors without a code generator: everything is interpreted. */
#include "minirt.h"

#ifndef __x86_64__

bool jit_available(void) { return false; }

native_code *jit_compile(runtime *rt, decl *d) {
    (void)rt, (void)d;
    return NULL;
}

#endif
