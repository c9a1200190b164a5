//! Status codes: one table makes the enum, the names and the sentences.

/// What a fallible function returns: 0 or a negative number. Numbers are never reused.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum lifecycle_status {
    /// It worked.
    LIFECYCLE_OK = 0,
    /// An argument is NULL, out of its range, of another manager, or was never valid.
    LIFECYCLE_E_INVALID = -1,
    /// No such module, symbol, name, mapping or file.
    LIFECYCLE_E_NOT_FOUND = -2,
    /// It is there already.
    LIFECYCLE_E_EXISTS = -3,
    /// The thing was valid once and is gone.
    LIFECYCLE_E_STALE = -4,
    /// Somebody still uses it.
    LIFECYCLE_E_BUSY = -5,
    /// A pin forbids it.
    LIFECYCLE_E_PINNED = -6,
    /// No memory.
    LIFECYCLE_E_NOMEM = -7,
    /// A configured limit is reached.
    LIFECYCLE_E_LIMIT = -8,
    /// It would not fit even if everything else were gone.
    LIFECYCLE_E_TOO_BIG = -9,
    /// An address or number is out of the range it must be in.
    LIFECYCLE_E_RANGE = -10,
    /// A thing of another kind.
    LIFECYCLE_E_TYPE = -11,
    /// Bytes are not in the format they should be in.
    LIFECYCLE_E_FORMAT = -12,
    /// Nested too deep.
    LIFECYCLE_E_DEPTH = -13,
    /// It would close a cycle.
    LIFECYCLE_E_CYCLE = -14,
    /// The system's policy forbids it.
    LIFECYCLE_E_DENIED = -15,
    /// The system refused; lifecycle_last_errno() tells.
    LIFECYCLE_E_SYSTEM = -16,
    /// Not possible in a forked child.
    LIFECYCLE_E_FORKED = -17,
    /// The time ran out.
    LIFECYCLE_E_TIMEOUT = -18,
    /// It would wait for itself for ever.
    LIFECYCLE_E_DEADLOCK = -19,
    /// This build or version cannot do it.
    LIFECYCLE_E_UNSUPPORTED = -20,
    /// A defect of the library, caught at its boundary.
    LIFECYCLE_E_PANIC = -21,
}

impl lifecycle_status {
    /// Every code, in the order of its number.
    pub const ALL: [Self; 22] = {
        use lifecycle_status::*;
        [
            LIFECYCLE_OK,
            LIFECYCLE_E_INVALID,
            LIFECYCLE_E_NOT_FOUND,
            LIFECYCLE_E_EXISTS,
            LIFECYCLE_E_STALE,
            LIFECYCLE_E_BUSY,
            LIFECYCLE_E_PINNED,
            LIFECYCLE_E_NOMEM,
            LIFECYCLE_E_LIMIT,
            LIFECYCLE_E_TOO_BIG,
            LIFECYCLE_E_RANGE,
            LIFECYCLE_E_TYPE,
            LIFECYCLE_E_FORMAT,
            LIFECYCLE_E_DEPTH,
            LIFECYCLE_E_CYCLE,
            LIFECYCLE_E_DENIED,
            LIFECYCLE_E_SYSTEM,
            LIFECYCLE_E_FORKED,
            LIFECYCLE_E_TIMEOUT,
            LIFECYCLE_E_DEADLOCK,
            LIFECYCLE_E_UNSUPPORTED,
            LIFECYCLE_E_PANIC,
        ]
    };

    /// The code that a function of the host's returned; another number is not a status, and means
    /// that the host is at fault.
    pub fn from_c(code: core::ffi::c_int) -> Self {
        let known = Self::ALL.into_iter().find(|status| *status as core::ffi::c_int == code);
        known.unwrap_or(lifecycle_status::LIFECYCLE_E_INVALID)
    }

    /// The code's name and its sentence: the one table, complete by the compiler's word.
    pub const fn describe(self) -> (&'static core::ffi::CStr, &'static core::ffi::CStr) {
        use lifecycle_status::*;
        match self {
            LIFECYCLE_OK => (c"LIFECYCLE_OK", c"it worked"),
            LIFECYCLE_E_INVALID => (c"LIFECYCLE_E_INVALID", c"an argument is not valid"),
            LIFECYCLE_E_NOT_FOUND => (c"LIFECYCLE_E_NOT_FOUND", c"there is no such thing"),
            LIFECYCLE_E_EXISTS => (c"LIFECYCLE_E_EXISTS", c"it is there already"),
            LIFECYCLE_E_STALE => (c"LIFECYCLE_E_STALE", c"it is gone"),
            LIFECYCLE_E_BUSY => (c"LIFECYCLE_E_BUSY", c"it is still in use"),
            LIFECYCLE_E_PINNED => (c"LIFECYCLE_E_PINNED", c"a pin forbids it"),
            LIFECYCLE_E_NOMEM => (c"LIFECYCLE_E_NOMEM", c"there is no memory"),
            LIFECYCLE_E_LIMIT => (c"LIFECYCLE_E_LIMIT", c"a configured limit is reached"),
            LIFECYCLE_E_TOO_BIG => (c"LIFECYCLE_E_TOO_BIG", c"it can never fit"),
            LIFECYCLE_E_RANGE => (c"LIFECYCLE_E_RANGE", c"an address or number is out of range"),
            LIFECYCLE_E_TYPE => (c"LIFECYCLE_E_TYPE", c"it is of another kind"),
            LIFECYCLE_E_FORMAT => (c"LIFECYCLE_E_FORMAT", c"the bytes are malformed"),
            LIFECYCLE_E_DEPTH => (c"LIFECYCLE_E_DEPTH", c"nested too deep"),
            LIFECYCLE_E_CYCLE => (c"LIFECYCLE_E_CYCLE", c"it would close a cycle"),
            LIFECYCLE_E_DENIED => (c"LIFECYCLE_E_DENIED", c"the system's policy forbids it"),
            LIFECYCLE_E_SYSTEM => (c"LIFECYCLE_E_SYSTEM", c"the system refused"),
            LIFECYCLE_E_FORKED => (c"LIFECYCLE_E_FORKED", c"not possible in a forked child"),
            LIFECYCLE_E_TIMEOUT => (c"LIFECYCLE_E_TIMEOUT", c"the time ran out"),
            LIFECYCLE_E_DEADLOCK => (c"LIFECYCLE_E_DEADLOCK", c"it would wait for itself"),
            LIFECYCLE_E_UNSUPPORTED => (c"LIFECYCLE_E_UNSUPPORTED", c"not supported"),
            LIFECYCLE_E_PANIC => (c"LIFECYCLE_E_PANIC", c"a defect of the library was caught"),
        }
    }
}
