//! Header section 9: interpreter values, scratch and persistent.

use core::ffi::{c_char, c_int, c_void};

use super::{lifecycle_allocator, lifecycle_status};

/// A scratch value: a generation of 36 bits above an index of 28 bits; 0 is nil. It names what it
/// was made for until the outermost eval ends (or its scope closes), and nothing ever after.
pub type lifecycle_handle = u64;

/// An open scope; 0 is none.
pub type lifecycle_scope = u64;

/// A persistent value: immutable, counted. It belongs to the interpreter that made it. Numbers may
/// be kept in the pointer itself: never follow it.
pub struct lifecycle_value {
    _private: (),
}

/// Kind: no value.
pub const LIFECYCLE_NIL: c_int = 0;
/// Kind: text, any bytes.
pub const LIFECYCLE_STRING: c_int = 1;
/// Kind: a number of 64 bits with a sign.
pub const LIFECYCLE_INT: c_int = 2;
/// Kind: a double.
pub const LIFECYCLE_DOUBLE: c_int = 3;
/// Kind: a list of values.
pub const LIFECYCLE_LIST: c_int = 4;
/// Kind: pairs of a key and a value, in the order in which the keys came.
pub const LIFECYCLE_DICT: c_int = 5;
/// Kind: something of the host's, with a type name and a text.
pub const LIFECYCLE_FOREIGN: c_int = 6;
/// Kind: a text in the making.
pub const LIFECYCLE_BUILDER: c_int = 7;

/// Lists and dicts have a string form if they are not nested deeper than this.
pub const LIFECYCLE_TEXT_DEPTH_MAX: usize = 10_000;

/// What a handle stands for. For the inline functions: the text, if it has one by now. The rest is
/// private.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lifecycle_slot {
    /// Its bytes, or NULL: it has none yet.
    pub text: *const u8,
    /// How many; 0 where it has none, or where it may get others.
    pub text_len: usize,
    /// Private.
    pub payload: u64,
    /// Private.
    pub kind: u32,
    /// Private.
    pub stamp: u32,
}

/// One interpreter's values. The three words are for the inline functions: the newest `count`
/// handles are `first` and those that follow it, and `slots` is what they stand for. The rest is
/// private.
#[repr(C)]
pub struct lifecycle_interp {
    /// The first of the newest handles.
    pub first: u64,
    /// How many there are.
    pub count: u64,
    /// What they stand for.
    pub slots: *mut lifecycle_slot,
}

/// Writes the string form of a double, list or dict into a builder. The string forms of lists and
/// dicts in it are there already, so that asking for them does not call it once more, however deep
/// they are nested.
pub type lifecycle_to_text_fn = Option<
    unsafe extern "C" fn(
        interp: *mut lifecycle_interp,
        value: lifecycle_handle,
        builder: lifecycle_handle,
        user: *mut c_void,
    ) -> lifecycle_status,
>;

/// Makes the list that a text is in the host's language; nil = it is none.
pub type lifecycle_to_list_fn = Option<
    unsafe extern "C" fn(
        interp: *mut lifecycle_interp,
        text: lifecycle_handle,
        user: *mut c_void,
    ) -> lifecycle_handle,
>;

/// Takes a foreign thing back: called once for each.
pub type lifecycle_foreign_release_fn =
    Option<unsafe extern "C" fn(ptr: *mut c_void, user: *mut c_void)>;

/// Makes another foreign thing like this one; NULL = it cannot.
pub type lifecycle_foreign_clone_fn =
    Option<unsafe extern "C" fn(ptr: *mut c_void, user: *mut c_void) -> *mut c_void>;

/// Compares two elements: negative, 0 or positive as `a` comes before, with or after `b`.
pub type lifecycle_compare_fn = Option<
    unsafe extern "C" fn(
        interp: *mut lifecycle_interp,
        a: lifecycle_handle,
        b: lifecycle_handle,
        user: *mut c_void,
    ) -> c_int,
>;

/// Runs one trace: `script` is what was added, `name` and `op` what is fired, neither ended by a
/// NUL. A status other than LIFECYCLE_OK ends the firing.
pub type lifecycle_trace_fn = Option<
    unsafe extern "C" fn(
        interp: *mut lifecycle_interp,
        script: lifecycle_handle,
        name: *const c_char,
        name_len: usize,
        op: *const c_char,
        op_len: usize,
        user: *mut c_void,
    ) -> lifecycle_status,
>;

/// How an interpreter is set up. Start from LIFECYCLE_INTERP_OPTIONS_INIT; zero means the default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lifecycle_interp_options {
    /// sizeof(lifecycle_interp_options)
    pub size: usize,
    /// Handed to each of the four functions below; lifecycle_interp_user returns it.
    pub user: *mut c_void,
    /// The language's string form of a double, list or dict; default: the shortest text that reads
    /// back as the double, and Tcl's list syntax.
    pub to_text: lifecycle_to_text_fn,
    /// The language's list syntax; default: Tcl's.
    pub to_list: lifecycle_to_list_fn,
    /// Takes a foreign thing back; default: nothing is done.
    pub foreign_release: lifecycle_foreign_release_fn,
    /// Makes another one, to be kept; default: what is kept is its type name and text.
    pub foreign_clone: lifecycle_foreign_clone_fn,
    /// Most frames at once, the global one included; default 10,000.
    pub frame_limit: usize,
    /// Most handles at once; default 2^27, which is also the most.
    pub handle_limit: usize,
    /// Most bytes of scratch memory in use at once, for each open scope; default 64 GiB.
    pub arena_limit: usize,
    /// Most bytes of persistent values at once; default: no limit.
    pub value_limit: usize,
    /// Where all memory but the scratch bytes comes from; all NULL = malloc, realloc, free.
    pub allocator: lifecycle_allocator,
    /// 0.
    pub reserved: u64,
}

impl Default for lifecycle_interp_options {
    fn default() -> Self {
        lifecycle_interp_options {
            size: size_of::<lifecycle_interp_options>(),
            user: core::ptr::null_mut(),
            to_text: None,
            to_list: None,
            foreign_release: None,
            foreign_clone: None,
            frame_limit: 0,
            handle_limit: 0,
            arena_limit: 0,
            value_limit: 0,
            allocator: lifecycle_allocator::default(),
            reserved: 0,
        }
    }
}

/// What an interpreter holds.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct lifecycle_memory {
    /// Handles alive.
    pub scratch_handles: u64,
    /// Bytes that the scratch side has in use: the handles' slots and arena_used.
    pub scratch_bytes: u64,
    /// Bytes of the scratch arenas in use, all open scopes together.
    pub arena_used: u64,
    /// Namespaces, the global one included.
    pub namespaces: u64,
    /// Commands that have a body.
    pub procs: u64,
    /// Evals entered and not left.
    pub eval_depth: u64,
    /// Blocks of persistent values alive: a string is one, a list one for up to 32 elements; small
    /// numbers take none.
    pub values: u64,
    /// Their bytes.
    pub value_bytes: u64,
    /// The most that scratch_bytes ever was at the end of an eval or scope.
    pub high_water: u64,
    /// Values that nobody keeps any more but a handle may still name; freed when it cannot.
    pub pending_values: u64,
    /// Frames, the global one included.
    pub frames: u64,
    /// Scopes open.
    pub scopes: u64,
    /// Variables that have a value, in all namespaces and frames.
    pub variables: u64,
    /// Traces.
    pub traces: u64,
    /// References to values that the host holds.
    pub held_values: u64,
}

/// What a frame is.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lifecycle_frame_info {
    /// What lifecycle_frame_push was given.
    pub cmd: lifecycle_handle,
    /// What lifecycle_frame_push was given.
    pub args: lifecycle_handle,
    /// What lifecycle_frame_set_lambda was given last, or nil.
    pub lambda: lifecycle_handle,
    /// Path of its namespace, NUL-terminated; valid until the frame gets another one or is popped.
    pub ns: *const c_char,
    /// Bytes of it.
    pub ns_len: usize,
    /// Where it is: 0 is the global frame.
    pub level: usize,
    /// What lifecycle_frame_set_line was given last.
    pub line: usize,
}
