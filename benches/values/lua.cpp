// lua.cpp - Lua through its C interface. A handle is a place on its stack, what is kept is a copy in the registry:
// tables are shared by reference, so only a copy is safe from later changes. Letting go means collecting.
#include <lua5.4/lua.hpp>

#include "values.hpp"

namespace {

int nothing(lua_State *)
{
    return 0;
}

class Lua {
public:
    using Handle = int;
    using Kept = int;
    static const bool WRAPS = false;

    Lua() : lua_(luaL_newstate())
    {
        luaL_openlibs(lua_);
        const char *script = "x = {'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'}\n"
                             "x[#x + 1] = string.rep('x', 100)\n"
                             "function tmp() return 1 + 2 end\n"
                             "local result = tmp()\n"
                             "tmp = nil\n"
                             "return result\n";
        if (luaL_loadstring(lua_, script) != LUA_OK)
            bench::die("%s", lua_tostring(lua_, -1));
        script_ = luaL_ref(lua_, LUA_REGISTRYINDEX);
    }
    Lua(const Lua &) = delete;
    ~Lua() { lua_close(lua_); }

    void begin(size_t count)
    {
        base_ = lua_gettop(lua_);
        if (!lua_checkstack(lua_, int(std::min<size_t>(count, STACK)) + 20))
            bench::die("Lua's stack holds no more");
    }
    void end() { lua_settop(lua_, base_); }

    int64_t make_get(int64_t number)
    {
        lua_pushinteger(lua_, number);
        return lua_tointeger(lua_, -1);
    }
    const char *make_get_text(const char *text, size_t len)
    {
        lua_pushlstring(lua_, text, len);
        return lua_tostring(lua_, -1);
    }

    Handle list(size_t count, size_t len)
    {
        lua_createtable(lua_, int(count), 0);
        for (size_t i = 0; i < count; i++) {
            if (len == 0)
                lua_pushinteger(lua_, lua_Integer(i));
            else
                lua_pushlstring(lua_, text_.next(), len);
            lua_rawseti(lua_, -2, lua_Integer(i) + 1);
        }
        return lua_gettop(lua_);
    }
    Handle dict(size_t count)
    {
        lua_createtable(lua_, 0, int(count));
        for (size_t i = 0; i < count; i++)
            put(i, int64_t(i));
        return lua_gettop(lua_);
    }
    Handle nest(size_t levels)
    {
        lua_newtable(lua_);
        for (size_t i = 0; i < levels; i++) {
            lua_createtable(lua_, 1, 0);
            lua_insert(lua_, -2);
            lua_rawseti(lua_, -2, 1);
        }
        return lua_gettop(lua_);
    }
    Handle twice(size_t levels)
    {
        lua_newtable(lua_);
        for (size_t i = 0; i < levels; i++) {
            lua_createtable(lua_, 2, 0);
            for (int element : {1, 2}) {
                lua_pushvalue(lua_, -2);
                lua_rawseti(lua_, -2, element);
            }
            lua_remove(lua_, -2);
        }
        return lua_gettop(lua_);
    }

    // A deep copy; the tables still to be copied, each with its copy, are in a table themselves.
    Kept keep(Handle value)
    {
        lua_Integer waiting = 0;
        lua_newtable(lua_);
        int work = lua_gettop(lua_);
        lua_createtable(lua_, int(lua_rawlen(lua_, value)), 0);
        int copy = lua_gettop(lua_);
        push_work(work, waiting, value, copy);
        while (waiting > 0) {
            lua_rawgeti(lua_, work, waiting--);
            int to = lua_gettop(lua_);
            lua_rawgeti(lua_, work, waiting--);
            int from = lua_gettop(lua_);
            for (lua_pushnil(lua_); lua_next(lua_, from) != 0;) {
                int key = lua_gettop(lua_) - 1;
                lua_pushvalue(lua_, key);
                if (lua_istable(lua_, key + 1)) {
                    lua_createtable(lua_, int(lua_rawlen(lua_, key + 1)), 0);
                    push_work(work, waiting, key + 1, lua_gettop(lua_));
                } else {
                    lua_pushvalue(lua_, key + 1);
                }
                lua_rawset(lua_, to);
                lua_settop(lua_, key);
            }
            lua_settop(lua_, copy);
        }
        return luaL_ref(lua_, LUA_REGISTRYINDEX);
    }
    Handle wrap(Kept kept)
    {
        lua_rawgeti(lua_, LUA_REGISTRYINDEX, kept);
        return lua_gettop(lua_);
    }
    void release(Kept kept)
    {
        luaL_unref(lua_, LUA_REGISTRYINDEX, kept);
        lua_gc(lua_, LUA_GCCOLLECT);
    }

    int64_t walk(Handle list, size_t len)
    {
        int64_t sum = 0;
        size_t count = lua_rawlen(lua_, list);
        for (size_t i = 0; i < count; i++) {
            size_t own = 0;
            lua_rawgeti(lua_, list, lua_Integer(i) + 1);
            if (len != 0)
                bench::keep(lua_tolstring(lua_, -1, &own));
            sum += len == 0 ? lua_tointeger(lua_, -1) : int64_t(own);
            lua_pop(lua_, 1);
        }
        return sum;
    }
    size_t walk_down(Handle nest)
    {
        size_t levels = 0;
        for (lua_pushvalue(lua_, nest); lua_rawgeti(lua_, -1, 1) == LUA_TTABLE; levels++)
            lua_remove(lua_, -2);
        return levels;
    }
    int64_t dict_get(Handle dict, size_t at)
    {
        push_key(at);
        lua_rawget(lua_, dict);
        return lua_tointeger(lua_, -1);
    }

    void clear_variables()
    {
        for (const char *name : {"x", "d"}) {
            lua_newtable(lua_);
            lua_setglobal(lua_, name);
        }
    }
    void append(const char *name, int64_t number)
    {
        lua_getglobal(lua_, name);
        lua_pushinteger(lua_, number);
        lua_rawseti(lua_, -2, lua_Integer(lua_rawlen(lua_, -2)) + 1);
        lua_pop(lua_, 1);
    }
    void set_key(const char *name, int64_t number)
    {
        lua_getglobal(lua_, name);
        put(size_t(number), number);
        lua_pop(lua_, 1);
    }
    size_t length(const char *name)
    {
        lua_getglobal(lua_, name);
        size_t count = lua_rawlen(lua_, -1);
        lua_pop(lua_, 1);
        return count;
    }
    size_t size(const char *name)
    {
        size_t count = 0;
        lua_getglobal(lua_, name);
        for (lua_pushnil(lua_); lua_next(lua_, -2) != 0; count++)
            lua_pop(lua_, 1);
        lua_pop(lua_, 1);
        return count;
    }
    void fill_variable(const char *name, size_t count)
    {
        list(count, 0);
        lua_setglobal(lua_, name);
    }
    int64_t read(const char *name, size_t at)
    {
        lua_getglobal(lua_, name);
        lua_rawgeti(lua_, -1, lua_Integer(at) + 1);
        int64_t number = lua_tointeger(lua_, -1);
        lua_pop(lua_, 2);
        return number;
    }

    void set(const std::string &name, int64_t number)
    {
        lua_pushinteger(lua_, number);
        lua_setglobal(lua_, name.c_str());
    }
    int64_t get(const std::string &name)
    {
        lua_getglobal(lua_, name.c_str());
        return lua_tointeger(lua_, -1);
    }
    void call()
    {
        lua_pushcfunction(lua_, nothing);
        lua_call(lua_, 0, 0);
    }
    void eval()
    {
        lua_rawgeti(lua_, LUA_REGISTRYINDEX, script_);
        if (lua_pcall(lua_, 0, 1, 0) != LUA_OK)
            bench::die("%s", lua_tostring(lua_, -1));
        lua_pop(lua_, 1);
    }
    double bytes()
    {
        lua_gc(lua_, LUA_GCCOLLECT);
        return lua_gc(lua_, LUA_GCCOUNT) * 1024.0 + lua_gc(lua_, LUA_GCCOUNTB);
    }

private:
    // Lua's stack ends at a million.
    static const size_t STACK = 990000;

    void push_work(int work, lua_Integer &waiting, int from, int to)
    {
        for (int index : {from, to}) {
            lua_pushvalue(lua_, index);
            lua_rawseti(lua_, work, ++waiting);
        }
    }
    void push_key(size_t at)
    {
        char text[24];
        lua_pushlstring(lua_, text, size_t(std::snprintf(text, sizeof text, "key%zu", at)));
    }
    void put(size_t at, int64_t number)
    {
        push_key(at);
        lua_pushinteger(lua_, number);
        lua_rawset(lua_, -3);
    }

    lua_State *lua_;
    int base_ = 0;
    int script_ = LUA_NOREF;
    values::Text text_;
};

// As many as its stack holds.
void drop(size_t count, bench::Report &report)
{
    values::drop<Lua>(std::min<size_t>(count, 990000), report);
}

}  // namespace

int main(int argc, char **argv)
{
    using namespace values;
    return bench::run(argc, argv, {{"handles", handles<Lua>}, {"texts", texts<Lua>}, {"drop", ::drop},
                                   {"lists", lists<Lua>}, {"deep", deep<Lua>}, {"shared", shared<Lua>},
                                   {"append", append<Lua>}, {"read", read_one<Lua>}, {"variables", variables<Lua>},
                                   {"stress", stress<Lua>}});
}
