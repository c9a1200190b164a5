//! Filling addresses into code before it can run.

use crate::abi::{LIFECYCLE_RELOC_ABS64, LIFECYCLE_RELOC_PC32};
use crate::base::{Result, fail};

/// One field to fill, its target resolved.
#[derive(Clone, Copy)]
pub struct Relocation {
    /// LIFECYCLE_RELOC_*
    pub kind: u32,
    /// Bytes from the start of the code.
    pub offset: u64,
    /// The target's address.
    pub target: usize,
    /// Added to it.
    pub addend: i64,
}

impl Relocation {
    /// Bytes of the field.
    fn width(&self) -> Result<usize> {
        match self.kind {
            LIFECYCLE_RELOC_ABS64 => Ok(8),
            LIFECYCLE_RELOC_PC32 => Ok(4),
            kind => fail!(LIFECYCLE_E_UNSUPPORTED, "there is no relocation of kind {kind}"),
        }
    }

    /// Fills the field of `code`, which will run at `runs_at`. E_RANGE when the field lies outside
    /// the code or the target is too far away.
    pub fn apply(&self, code: &mut [u8], runs_at: usize) -> Result<()> {
        let width = self.width()?;
        let field = usize::try_from(self.offset)
            .ok()
            .and_then(|from| code.get_mut(from..from.checked_add(width)?));
        let Some(field) = field else {
            fail!(LIFECYCLE_E_RANGE, "a relocation at {} lies outside the code", self.offset);
        };
        let value = self.target.wrapping_add_signed(self.addend as isize);
        if self.kind == LIFECYCLE_RELOC_ABS64 {
            field.copy_from_slice(&(value as u64).to_le_bytes());
            return Ok(());
        }
        let at = runs_at.wrapping_add(self.offset as usize);
        let distance = value.wrapping_sub(at) as isize;
        let Ok(distance) = i32::try_from(distance) else {
            fail!(LIFECYCLE_E_RANGE, "a relocation's target is {distance} bytes away");
        };
        field.copy_from_slice(&distance.to_le_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_filled_or_refused() {
        let mut code = [0u8; 16];
        let base = 0x10_0000;
        let near =
            Relocation { kind: LIFECYCLE_RELOC_PC32, offset: 4, target: base + 64, addend: -4 };
        assert!(near.apply(&mut code, base).is_ok());
        assert_eq!(code.get(4..8), Some(&56i32.to_le_bytes()[..]));
        let wide = Relocation { kind: LIFECYCLE_RELOC_ABS64, offset: 8, target: 7, addend: 1 };
        assert!(wide.apply(&mut code, base).is_ok());
        assert_eq!(code.get(8..16), Some(&8u64.to_le_bytes()[..]));
        for offset in [9, 16, u64::MAX] {
            assert!(Relocation { offset, ..wide }.apply(&mut code, base).is_err());
        }
        let far = Relocation { target: base + (3 << 30), ..near };
        assert!(far.apply(&mut code, base).is_err());
        assert!(Relocation { kind: 99, ..near }.apply(&mut code, base).is_err());
    }
}
