//! Stubs for x86-64. Sources: "System V Application Binary Interface, AMD64 Architecture Processor
//! Supplement", 3.2.3 (which registers carry arguments); Intel SDM volume 1, chapter 13 (XSAVE).

use core::arch::x86_64::{__cpuid, __cpuid_count};
use core::ffi::c_void;
use core::mem::offset_of;
use core::sync::atomic::{AtomicUsize, Ordering};

use super::{Cell, Places, STUB};

/// Whether there are stubs for this processor.
pub(crate) const SUPPORTED: bool = true;
/// Where in a stub its second half starts.
pub(crate) const EMPTY: usize = 40;

const ENDBR64: [u8; 4] = [0xF3, 0x0F, 0x1E, 0xFA];

/// A stub's bytes, put one behind the other.
struct Stub {
    at: usize,
    bytes: [u8; STUB],
    len: usize,
}

impl Stub {
    fn put(&mut self, bytes: &[u8]) {
        if let Some(place) = self.bytes.get_mut(self.len..self.len + bytes.len()) {
            place.copy_from_slice(bytes);
        }
        self.len += bytes.len();
    }

    /// An instruction that ends with the distance to `target`.
    fn relative(&mut self, bytes: &[u8], target: usize) {
        self.put(bytes);
        let next = self.at.wrapping_add(self.len + 4);
        self.put(&(target.wrapping_sub(next) as u32).to_le_bytes());
    }
}

/// A stub; everything is within 2 GiB of it.
pub fn encode(places: Places) -> [u8; STUB] {
    let Places { at, cell, clock, .. } = places;
    let (slot, used) = (cell + offset_of!(Cell, slot), cell + offset_of!(Cell, used));
    let mut stub = Stub { at, bytes: [0xCC; STUB], len: 0 };
    stub.put(&ENDBR64);
    if clock != 0 {
        stub.relative(&[0x4C, 0x8B, 0x1D], clock); // mov r11, [rip + clock]
        stub.relative(&[0x4C, 0x3B, 0x1D], used); // cmp r11, [rip + cell.used]
        stub.put(&[0x75, 6]); // jne past the jmp: what is in use already takes no branch but that
        stub.relative(&[0xFF, 0x25], slot); // jmp [rip + cell.slot]
        stub.relative(&[0x4C, 0x89, 0x1D], used); // mov [rip + cell.used], r11
    }
    stub.relative(&[0xFF, 0x25], slot); // jmp [rip + cell.slot]
    stub.len = EMPTY;
    stub.put(&ENDBR64);
    stub.relative(&[0x4C, 0x8D, 0x1D], cell); // lea r11, [rip + cell]
    stub.put(&[0x41, 0xFF, 0x63, offset_of!(Cell, trampoline) as u8]); // jmp [r11 + trampoline]
    stub.bytes
}

/// Nothing is needed there: traps.
pub fn encode_first(_: Places) -> [u8; STUB] {
    [0xCC; STUB]
}

/// Bytes that XSAVE writes on this machine; 0 = it has none, use FXSAVE.
static XSAVE_BYTES: AtomicUsize = AtomicUsize::new(0);

fn xsave_bytes() -> usize {
    // Bit 27 of ECX: the system has enabled XSAVE.
    if __cpuid(1).ecx & (1 << 27) == 0 { 0 } else { __cpuid_count(0xD, 0).ebx as usize }
}

/// Where an empty stub goes, with the cell in r11.
pub fn trampoline() -> *const c_void {
    XSAVE_BYTES.store(xsave_bytes(), Ordering::Relaxed);
    (entry_is_empty as unsafe extern "C" fn()) as *const c_void
}

/// Where a call ends that no code could be found for.
pub fn trap() -> *const c_void {
    (call_without_code as unsafe extern "C" fn()) as *const c_void
}

/// The trampoline has put the sentence that names the symbol into rdi; all else is as the caller
/// left it.
#[unsafe(naked)]
unsafe extern "C" fn call_without_code() {
    core::arch::naked_asm!("endbr64", "ud2")
}

// rdi rsi rdx rcx r8 r9 carry integers, rax the count of vector registers of a variadic call, r10
// the static chain, vector registers 0 to 7 the rest. XSAVE component bits: 1 SSE, 2 AVX, 5 to 7
// AVX-512 (13.1); its header must be zero before (13.4.2). The resolver returns two words: in rax
// the code, in rdx what becomes the first argument, or 0.
#[unsafe(naked)]
unsafe extern "C" fn entry_is_empty() {
    core::arch::naked_asm!(
        "push rbp",
        "mov rbp, rsp",
        "push rax",
        "push rdi",
        "push rsi",
        "push rdx",
        "push rcx",
        "push r8",
        "push r9",
        "push r10",
        "mov r10, [rip + {bytes}]",
        "test r10, r10",
        "jz 2f",
        "sub rsp, r10",
        "and rsp, -64",
        "xor eax, eax",
        "mov [rsp + 512], rax",
        "mov [rsp + 520], rax",
        "mov [rsp + 528], rax",
        "mov [rsp + 536], rax",
        "mov [rsp + 544], rax",
        "mov [rsp + 552], rax",
        "mov [rsp + 560], rax",
        "mov [rsp + 568], rax",
        "mov eax, 0xE6",
        "xor edx, edx",
        "xsave [rsp]",
        "mov rdi, r11",
        "call [r11 + {resolve}]",
        "mov r11, rax",
        "mov rcx, rdx",
        "mov eax, 0xE6",
        "xor edx, edx",
        "xrstor [rsp]",
        "jmp 3f",
        "2:",
        "sub rsp, 512",
        "and rsp, -64",
        "fxsave [rsp]",
        "mov rdi, r11",
        "call [r11 + {resolve}]",
        "mov r11, rax",
        "mov rcx, rdx",
        "fxrstor [rsp]",
        "3:",
        "test rcx, rcx",
        "jz 4f",
        "mov [rbp - 16], rcx",
        "4:",
        "lea rsp, [rbp - 64]",
        "pop r10",
        "pop r9",
        "pop r8",
        "pop rcx",
        "pop rdx",
        "pop rsi",
        "pop rdi",
        "pop rax",
        "pop rbp",
        "jmp r11",
        bytes = sym XSAVE_BYTES,
        resolve = const offset_of!(Cell, resolve),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACES: Places =
        Places { at: 0x10_0000, cell: 0x30_0040, first: 0x10_0000, clock: 0x30_0008 };

    #[test]
    fn a_marking_stub_is_a_compare_and_a_store_once_an_epoch() {
        let bytes = encode(PLACES);
        let far = |next: usize, to: usize| (to - (PLACES.at + next)) as u32;
        let mut want = ENDBR64.to_vec();
        for (code, next, to) in [
            (&[0x4C, 0x8B, 0x1D][..], 11, PLACES.clock),
            (&[0x4C, 0x3B, 0x1D], 18, PLACES.cell + 8),
            (&[0x75, 6, 0xFF, 0x25], 26, PLACES.cell),
            (&[0x4C, 0x89, 0x1D], 33, PLACES.cell + 8),
            (&[0xFF, 0x25], 39, PLACES.cell),
        ] {
            want.extend(code);
            want.extend(far(next, to).to_le_bytes());
        }
        want.resize(EMPTY, 0xCC);
        assert_eq!(bytes.get(..EMPTY), Some(&want[..]));
        assert_eq!(bytes.get(EMPTY..EMPTY + 4), Some(&ENDBR64[..]));
    }

    #[test]
    fn a_stub_that_does_not_mark_only_jumps() {
        let bytes = encode(Places { clock: 0, ..PLACES });
        let far = (PLACES.cell - (PLACES.at + 10)) as u32;
        assert_eq!(bytes.get(4..6), Some(&[0xFF, 0x25][..]));
        assert_eq!(bytes.get(6..10), Some(&far.to_le_bytes()[..]));
        assert_eq!(bytes.get(EMPTY..), encode(PLACES).get(EMPTY..));
    }
}
