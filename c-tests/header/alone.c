/* The header needs nothing before it, may come twice, and its INIT macros draw no warning. */
#include "lifecycle.h"
#include "lifecycle.h"

/* The parts may also be named on their own, in any order. */
#include "lifecycle_dropins.h"
#include "lifecycle_inline.h"

#if !LIFECYCLE_VERSION_AT_LEAST(0, 1, 0) || LIFECYCLE_VERSION_AT_LEAST(LIFECYCLE_VERSION_MAJOR + 1, 0, 0)
#error "LIFECYCLE_VERSION_AT_LEAST does not work in #if"
#endif

int use_the_header(void);
int use_the_header(void)
{
    lifecycle_config config = LIFECYCLE_CONFIG_INIT;
    lifecycle_map_options map_options = LIFECYCLE_MAP_OPTIONS_INIT;
    lifecycle_arena_options arena_options = LIFECYCLE_ARENA_OPTIONS_INIT;
    lifecycle_observer observer = LIFECYCLE_OBSERVER_INIT;
    lifecycle_status status = LIFECYCLE_OK;

    map_options.flags = LIFECYCLE_MAP_JIT | LIFECYCLE_MAP_PINNED;
    return (int)status + (int)(config.size + map_options.size + arena_options.size + observer.size);
}
