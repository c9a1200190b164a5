//! The few instructions that have to be written as such: entry stubs, the way from an empty entry
//! to the resolver, and the trap where there is no code to be had.

/// Bytes of a stub, and of a cell.
pub(crate) const STUB: usize = 32;
const _: () = assert!(size_of::<super::entries::Cell>() <= STUB);

pub(crate) use arch::{EMPTY, SUPPORTED};
pub use arch::{trampoline, trap, write};

#[cfg(target_arch = "x86_64")]
mod arch {
    use core::arch::x86_64::{__cpuid, __cpuid_count};
    use core::ffi::c_void;
    use core::sync::atomic::{AtomicUsize, Ordering};

    /// Whether `write` knows this processor.
    pub(crate) const SUPPORTED: bool = true;
    /// Where in a stub its second half starts.
    pub(crate) const EMPTY: usize = 12;

    /// Writes a stub for the cell at `cell`.
    ///
    /// # Safety
    /// `at` is writable for STUB bytes, and `cell` is within 2 GiB of it.
    pub unsafe fn write(at: *mut u8, cell: *const u8) {
        let mut code = [0xCCu8; super::STUB];
        let distance = |from: usize| -> [u8; 4] {
            let next = (at as usize).wrapping_add(from);
            ((cell as usize).wrapping_sub(next) as u32).to_le_bytes()
        };
        let mut put = |offset: usize, bytes: &[u8]| {
            if let Some(place) = code.get_mut(offset..offset + bytes.len()) {
                place.copy_from_slice(bytes);
            }
        };
        put(0, &[0xF3, 0x0F, 0x1E, 0xFA]); // endbr64
        put(4, &[0xFF, 0x25]); // jmp [rip + cell.slot]
        put(6, &distance(10));
        put(12, &[0xF3, 0x0F, 0x1E, 0xFA]); // endbr64
        put(16, &[0x4C, 0x8D, 0x1D]); // lea r11, [rip + cell]
        put(19, &distance(23));
        put(23, &[0x41, 0xFF, 0x63, 0x08]); // jmp [r11 + cell.trampoline]
        // SAFETY: the caller's word.
        unsafe { at.copy_from_nonoverlapping(code.as_ptr(), code.len()) };
    }

    /// Bytes that XSAVE writes on this machine; 0 = it has none, use FXSAVE.
    static XSAVE_BYTES: AtomicUsize = AtomicUsize::new(0);

    fn xsave_bytes() -> usize {
        // Bit 27 of ECX: the system has enabled XSAVE.
        if __cpuid(1).ecx & (1 << 27) == 0 { 0 } else { __cpuid_count(0xD, 0).ebx as usize }
    }

    /// Where an empty stub goes: keeps every argument register, vectors of any width included,
    /// calls the cell's resolver, puts them back and jumps to what it returned.
    pub fn trampoline() -> *const c_void {
        XSAVE_BYTES.store(xsave_bytes(), Ordering::Relaxed);
        (entry_is_empty as unsafe extern "C" fn()) as *const c_void
    }

    /// Where a call ends that no code could be found for.
    pub fn trap() -> *const c_void {
        (call_without_code as unsafe extern "C" fn()) as *const c_void
    }

    /// An illegal instruction, in a function whose name a debugger shows. `lifecycle_last_error`
    /// names the symbol.
    #[unsafe(naked)]
    unsafe extern "C" fn call_without_code() {
        core::arch::naked_asm!("endbr64", "ud2")
    }

    // System V ABI: rdi rsi rdx rcx r8 r9 carry integers, rax the count of vector registers of a
    // variadic call, r10 the static chain, vector registers 0 to 7 the rest. r11 is free for stubs
    // and carries the cell. XSAVE component bits: 1 SSE, 2 AVX, 5 to 7 AVX-512 (Intel SDM volume 1,
    // 13.1); its header must be zero before (13.4.2).
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
            "call [r11 + 24]",
            "mov r11, rax",
            "mov eax, 0xE6",
            "xor edx, edx",
            "xrstor [rsp]",
            "jmp 3f",
            "2:",
            "sub rsp, 512",
            "and rsp, -64",
            "fxsave [rsp]",
            "mov rdi, r11",
            "call [r11 + 24]",
            "mov r11, rax",
            "fxrstor [rsp]",
            "3:",
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
        )
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod arch {
    use core::ffi::c_void;

    /// Whether `write` knows this processor.
    pub(crate) const SUPPORTED: bool = false;
    /// Where in a stub its second half starts.
    pub(crate) const EMPTY: usize = 0;

    /// Does nothing: `SUPPORTED` is false, so no entry is ever made.
    ///
    /// # Safety
    /// None needed.
    pub unsafe fn write(_at: *mut u8, _cell: *const u8) {}

    /// No way to the resolver.
    pub fn trampoline() -> *const c_void {
        core::ptr::null()
    }

    /// No trap.
    pub fn trap() -> *const c_void {
        core::ptr::null()
    }
}
