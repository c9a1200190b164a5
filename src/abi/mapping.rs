//! Header section 6: file mappings.

use core::ffi::c_void;

/// A read-only file in memory.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lifecycle_mapping {
    /// First byte; valid while the module that acquired it holds it.
    pub data: *const c_void,
    /// Bytes.
    pub size: usize,
    /// Names the mapping: two accesses that share memory have the same one.
    pub id: u64,
}

/// The trailer of an SMF file: its last 128 bytes, checked.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct lifecycle_smf_header {
    /// Format version.
    pub major: u8,
    /// Format version.
    pub minor: u8,
    /// Platform the code is for.
    pub platform: u8,
    /// Processor the code is for.
    pub arch: u8,
    /// Flags of the file.
    pub flags: u32,
    /// Entries of the section table.
    pub section_count: u32,
    /// Symbols in the symbol table.
    pub symbol_count: u32,
    /// Exported ones of those.
    pub exported_count: u32,
    /// How the payload is compressed; 0 = not.
    pub compression: u32,
    /// Bytes from the file's start to the section table.
    pub section_table_offset: u64,
    /// Bytes from the file's start to the symbol table.
    pub symbol_table_offset: u64,
    /// Entry point.
    pub entry_point: u64,
    /// Bytes of the executable stub before the data.
    pub stub_size: u64,
    /// Bytes from the file's start to the SMF data.
    pub smf_data_offset: u64,
}

/// Section type: template code.
pub const LIFECYCLE_SMF_TEMPLATE_CODE: u32 = 12;
/// Section type: template metadata.
pub const LIFECYCLE_SMF_TEMPLATE_METADATA: u32 = 13;
