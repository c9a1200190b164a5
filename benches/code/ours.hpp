// ours.hpp - the manager that both of our backends use: raw (room without a name, freed at once) and safe (named, ids
// checked, freed when no reader is inside).
#pragma once

#include <lifecycle.h>

#include <cstring>

#include "../common/bench.hpp"
#include "backend.hpp"

inline lifecycle_manager *manager()
{
    static lifecycle_manager *made = [] {
        lifecycle_manager *manager = nullptr;
        lifecycle_config config = LIFECYCLE_CONFIG_INIT;
        config.code_capacity = size_t(512) << 20;
        if (lifecycle_create(&config, &manager) != LIFECYCLE_OK)
            bench::die("no manager: %s", lifecycle_last_error());
        return manager;
    }();
    return made;
}

inline bool worked(lifecycle_status status)
{
    return status == LIFECYCLE_OK;
}

inline size_t our_metadata()
{
    lifecycle_stats stats;
    return worked(lifecycle_stats_get(manager(), &stats, sizeof stats)) ? size_t(stats.code_bytes_metadata) : 0;
}
