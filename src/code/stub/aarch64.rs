//! Stubs for aarch64. Sources: "Procedure Call Standard for the Arm 64-bit Architecture (AAPCS64)",
//! 6.1 (which registers carry arguments, and that veneers may change x16 and x17); "Arm
//! Architecture Reference Manual for A-profile", C6 (encodings).

use core::ffi::c_void;
use core::mem::offset_of;

use super::{Cell, Places, STUB};

/// Whether there are stubs for this processor.
pub(crate) const SUPPORTED: bool = true;
/// Where in a stub its second half starts.
pub(crate) const EMPTY: usize = 48;

/// Any branch through x16 or x17 may land here.
const BTI_C: u32 = 0xD503_245F;
const BR_X16: u32 = 0xD61F_0200;
const BR_X17: u32 = 0xD61F_0220;

/// `adrp`: the page of `to`, seen from the instruction at `at`.
fn adrp(register: u32, at: usize, to: usize) -> u32 {
    let pages = (to >> 12).wrapping_sub(at >> 12) as u32;
    0x9000_0000 | (pages & 3) << 29 | (pages >> 2 & 0x7_FFFF) << 5 | register
}

/// `ldr register, [base, #offset in its page of to]`.
fn ldr(register: u32, base: u32, to: usize) -> u32 {
    0xF940_0000 | (to as u32 & 0xFFF) >> 3 << 10 | base << 5 | register
}

/// `str register, [base, #offset in its page of to]`.
fn str(register: u32, base: u32, to: usize) -> u32 {
    0xF900_0000 | (to as u32 & 0xFFF) >> 3 << 10 | base << 5 | register
}

fn bytes(code: &[u32; STUB / 4]) -> [u8; STUB] {
    let mut bytes = [0; STUB];
    for (to, from) in bytes.chunks_exact_mut(4).zip(code) {
        to.copy_from_slice(&from.to_le_bytes());
    }
    bytes
}

/// A stub; everything is within 4 GiB of it, and the first place within 128 MiB. Its second half
/// hands the stub's address to the first place, which knows how far the cell is from it.
pub fn encode(places: Places) -> [u8; STUB] {
    let Places { at, cell, first, clock } = places;
    let (slot, used) = (cell + offset_of!(Cell, slot), cell + offset_of!(Cell, used));
    let to_first = first.wrapping_sub(at + EMPTY + 8) as u32 >> 2 & 0x03FF_FFFF;
    let second = [
        BTI_C,
        // adr x16, the stub
        0x1000_0000 | ((EMPTY as u32 + 4).wrapping_neg() >> 2 & 0x7_FFFF) << 5 | 16,
        0x1400_0000 | to_first, // b the first place
        0,
    ];
    let [a, b, c, d] = second;
    if clock == 0 {
        return bytes(&[
            BTI_C,
            adrp(16, at + 4, slot),
            ldr(16, 16, slot),
            BR_X16,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            a,
            b,
            c,
            d,
        ]);
    }
    bytes(&[
        BTI_C,
        adrp(16, at + 4, clock),
        ldr(16, 16, clock),
        adrp(17, at + 12, used),
        ldr(17, 17, used),
        0xCB10_0231, // sub x17, x17, x16
        0xB400_0071, // cbz x17, the second adrp from here
        adrp(17, at + 28, used),
        str(16, 17, used),
        adrp(16, at + 36, slot),
        ldr(16, 16, slot),
        BR_X16,
        a,
        b,
        c,
        d,
    ])
}

/// The way of all empty stubs: from the stub's address in x16 to its cell, and to the trampoline.
pub fn encode_first(places: Places) -> [u8; STUB] {
    let distance = places.cell.wrapping_sub(places.at) as u64;
    bytes(&[
        0x5800_00D1, // ldr x17, the distance
        0x8B11_0210, // add x16, x16, x17
        ldr(17, 16, offset_of!(Cell, trampoline)),
        BR_X17,
        0,
        0,
        distance as u32,
        (distance >> 32) as u32,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
    ])
}

/// Where an empty stub goes, with the cell in x16.
pub fn trampoline() -> *const c_void {
    (entry_is_empty as unsafe extern "C" fn()) as *const c_void
}

/// Where a call ends that no code could be found for.
pub fn trap() -> *const c_void {
    (call_without_code as unsafe extern "C" fn()) as *const c_void
}

/// The trampoline has put the sentence that names the symbol into x0; all else is as the caller
/// left it.
#[unsafe(naked)]
unsafe extern "C" fn call_without_code() {
    core::arch::naked_asm!("hint #34", "udf #0")
}

// x0 to x7 and q0 to q7 carry arguments, x8 where a large result goes; x18 is the platform's, and
// nobody's to change. Not kept are what only the special calling conventions use: SVE's z0 to z7
// past their low 128 bits and p0 to p3, and what the vector convention has a callee keep of q8 to
// q23: a function with one of these is called once its entry has code, or directly. hint #34 is
// `bti c`. The resolver returns two words: in x0 the code, in x1 what becomes the first argument,
// or 0.
#[unsafe(naked)]
unsafe extern "C" fn entry_is_empty() {
    core::arch::naked_asm!(
        "hint #34",
        "stp x29, x30, [sp, #-224]!",
        "mov x29, sp",
        "stp x0, x1, [sp, #16]",
        "stp x2, x3, [sp, #32]",
        "stp x4, x5, [sp, #48]",
        "stp x6, x7, [sp, #64]",
        "str x8, [sp, #80]",
        "stp q0, q1, [sp, #96]",
        "stp q2, q3, [sp, #128]",
        "stp q4, q5, [sp, #160]",
        "stp q6, q7, [sp, #192]",
        "mov x0, x16",
        "ldr x9, [x16, #{resolve}]",
        "blr x9",
        "mov x16, x0",
        "cbz x1, 2f",
        "str x1, [sp, #16]",
        "2:",
        "ldp q6, q7, [sp, #192]",
        "ldp q4, q5, [sp, #160]",
        "ldp q2, q3, [sp, #128]",
        "ldp q0, q1, [sp, #96]",
        "ldr x8, [sp, #80]",
        "ldp x6, x7, [sp, #64]",
        "ldp x4, x5, [sp, #48]",
        "ldp x2, x3, [sp, #32]",
        "ldp x0, x1, [sp, #16]",
        "ldp x29, x30, [sp], #224",
        "br x16",
        resolve = const offset_of!(Cell, resolve),
    )
}
