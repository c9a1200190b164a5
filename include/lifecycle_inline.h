/* The fast paths, as inline functions. */
#ifndef LIFECYCLE_INLINE_H
#define LIFECYCLE_INLINE_H
#endif
