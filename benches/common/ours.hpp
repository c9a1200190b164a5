// ours.hpp - for drivers of ours: what is asked of the library must work, or the run is no result.
#pragma once

#include <lifecycle.h>

#include "bench.hpp"

inline void must(lifecycle_status status)
{
    if (status != LIFECYCLE_OK)
        bench::die("%s", lifecycle_last_error());
}
