//! Header section 7: names.

use super::lifecycle_module;

/// A binding: a 64-bit id with a generation, never reused. 0 is never valid.
pub type lifecycle_decl = u64;

/// Name kind: functions; value = declaration id, aux = return type.
pub const LIFECYCLE_FUNC: u32 = 0;
/// Name kind: structs; value = declaration id.
pub const LIFECYCLE_STRUCT: u32 = 1;
/// Name kind: enums; value = declaration id.
pub const LIFECYCLE_ENUM: u32 = 2;
/// Name kind: globals; value = whatever the host keeps there.
pub const LIFECYCLE_GLOBAL: u32 = 3;

/// What a name means now.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lifecycle_binding {
    /// Declaration id, or a global's value.
    pub value: i64,
    /// Return type of a function; else 0.
    pub aux: i64,
    /// This very binding: stale once it is removed.
    pub decl: lifecycle_decl,
    /// The module that bound it.
    pub module: lifecycle_module,
}
