// lua.cpp - Lua with its own collector. What it does is written in Lua (lua.lua), for a host that pushes each object
// through the C interface would be measured, not Lua; the clock and the figures are here.
#include <lua5.4/lua.hpp>

#include "heap.hpp"

namespace {

int now(lua_State *lua)
{
    lua_pushinteger(lua, lua_Integer(bench::now()));
    return 1;
}

int need(lua_State *lua)
{
    heap::need(luaL_checknumber(lua, 1));
    return 0;
}

// put(name, value) by an upvalue: the report.
int put(lua_State *lua)
{
    auto *report = static_cast<bench::Report *>(lua_touserdata(lua, lua_upvalueindex(1)));
    report->put(luaL_checkstring(lua, 1), luaL_checknumber(lua, 2));
    return 0;
}

}  // namespace

int main(int argc, char **argv)
{
    bench::Report report;
    lua_State *lua = luaL_newstate();
    luaL_openlibs(lua);
    lua_register(lua, "now", now);
    lua_register(lua, "need", need);
    lua_pushlightuserdata(lua, &report);
    lua_pushcclosure(lua, put, 1);
    lua_setglobal(lua, "put");
    if (luaL_loadfile(lua, SCRIPT) != LUA_OK)
        bench::die("%s", lua_tostring(lua, -1));
    for (int i = 1; i < argc; i++)
        lua_pushstring(lua, argv[i]);
    if (lua_pcall(lua, argc - 1, 0, 0) != LUA_OK)
        bench::die("%s", lua_tostring(lua, -1));
    return EXIT_SUCCESS;
}
