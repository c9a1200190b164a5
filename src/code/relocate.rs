//! Filling addresses into code before it can run.
//!
//! A field of 32 or 26 bits does not reach every address. What may be reached in two steps gets the
//! second one behind the code, in the symbol's own span, so that it is freed with the symbol: a
//! veneer (a jump through the 8 bytes behind it) for a call, a word with the address for a GOT
//! entry. Relocations that share a target share it. All of this is arithmetic that runs on any
//! machine; `Relocations::new` is what refuses the other machine's kinds.
//!
//! Sources: "System V Application Binary Interface, AMD64 Architecture Processor Supplement", 4.4;
//! "ELF for the Arm 64-bit Architecture (AAELF64)", 5.7.
//!
//! Invariants:
//! - `.reloc.sorted`: relocations stand in the order of what they may need behind the code, so
//!   equal needs are neighbours.
//! - `.reloc.behind`: what is needed behind the code is never more than was said before the code
//!   had an address.

use core::ops::Range;

use crate::abi::{
    LIFECYCLE_RELOC_ABS64, LIFECYCLE_RELOC_ADD_ABS_LO12, LIFECYCLE_RELOC_ADR_PREL_PG_HI21,
    LIFECYCLE_RELOC_CALL26, LIFECYCLE_RELOC_GOTPCREL, LIFECYCLE_RELOC_PC32, LIFECYCLE_RELOC_PLT32,
};
use crate::base::{List, Result, fail};

/// Alignment of what stands behind the code.
const WORD: usize = 8;
/// Bytes of a veneer.
const VENEER: usize = 16;

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

/// What stands behind the code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Aside {
    /// The target's address.
    Word(usize),
    /// A jump to it.
    Veneer(usize),
}

impl Aside {
    fn len(self) -> usize {
        match self {
            Aside::Word(_) => WORD,
            Aside::Veneer(_) => VENEER,
        }
    }
}

/// Whether code of this machine has relocations of a kind.
fn is_native(kind: u32) -> bool {
    match kind {
        LIFECYCLE_RELOC_ABS64 => true,
        LIFECYCLE_RELOC_PC32 | LIFECYCLE_RELOC_PLT32 | LIFECYCLE_RELOC_GOTPCREL => {
            cfg!(target_arch = "x86_64")
        }
        LIFECYCLE_RELOC_CALL26
        | LIFECYCLE_RELOC_ADR_PREL_PG_HI21
        | LIFECYCLE_RELOC_ADD_ABS_LO12 => cfg!(target_arch = "aarch64"),
        _ => false,
    }
}

impl Relocation {
    /// Asks all that does not depend on where the code will be.
    fn check(&self, code_len: usize) -> Result<()> {
        let (kind, offset) = (self.kind, self.offset);
        let (width, align) = match kind {
            LIFECYCLE_RELOC_ABS64 => (8, 1),
            LIFECYCLE_RELOC_PC32 | LIFECYCLE_RELOC_PLT32 | LIFECYCLE_RELOC_GOTPCREL => (4, 1),
            LIFECYCLE_RELOC_CALL26
            | LIFECYCLE_RELOC_ADR_PREL_PG_HI21
            | LIFECYCLE_RELOC_ADD_ABS_LO12 => (4, 4),
            _ => fail!(LIFECYCLE_E_UNSUPPORTED, "there is no relocation of kind {kind}"),
        };
        if offset.checked_add(width).is_none_or(|end| end > code_len as u64) {
            fail!(LIFECYCLE_E_RANGE, "a relocation at {offset} lies outside the code");
        }
        if !offset.is_multiple_of(align) {
            fail!(LIFECYCLE_E_INVALID, "the relocation at {offset} is not at an instruction");
        }
        Ok(())
    }

    /// The address that the field is to lead to.
    fn value(&self) -> usize {
        self.target.wrapping_add_signed(self.addend as isize)
    }

    /// What this relocation may need behind the code. The addend of a call on x86-64 holds the
    /// distance from the field to the next instruction, which a veneer has no use for.
    fn aside(&self) -> Option<Aside> {
        match self.kind {
            LIFECYCLE_RELOC_GOTPCREL => Some(Aside::Word(self.target)),
            LIFECYCLE_RELOC_PLT32 => Some(Aside::Veneer(self.value().wrapping_add(4))),
            LIFECYCLE_RELOC_CALL26 => Some(Aside::Veneer(self.value())),
            _ => None,
        }
    }

    /// What it does need when its field runs at `at`.
    fn needs(&self, at: usize) -> Option<Aside> {
        let aside = self.aside()?;
        let distance = distance(at, self.value());
        let reached = match self.kind {
            LIFECYCLE_RELOC_PLT32 => fits(distance, 32),
            LIFECYCLE_RELOC_CALL26 => fits(distance, 28),
            _ => false,
        };
        (!reached).then_some(aside)
    }

    /// Fills `field`, which runs at `at`; `aside` is where what it needs stands.
    fn fill(&self, field: &mut [u8], at: usize, aside: Option<usize>) -> Result<()> {
        let value = match (aside, self.kind) {
            (Some(word), LIFECYCLE_RELOC_GOTPCREL) => {
                word.wrapping_add_signed(self.addend as isize)
            }
            (Some(veneer), LIFECYCLE_RELOC_PLT32) => veneer.wrapping_sub(4),
            (Some(veneer), _) => veneer,
            (None, _) => self.value(),
        };
        let (mut away, mut bits) = (distance(at, value), 32);
        let bytes = match self.kind {
            LIFECYCLE_RELOC_ABS64 => {
                field.copy_from_slice(&(value as u64).to_le_bytes());
                return Ok(());
            }
            LIFECYCLE_RELOC_CALL26 => {
                bits = 28;
                let old = self.instruction(field, 0x7C00_0000, 0x1400_0000, "b or bl")?;
                if !self.value().is_multiple_of(4) {
                    let to = self.value();
                    fail!(LIFECYCLE_E_INVALID, "a branch to {to:#x} leads between instructions");
                }
                old & 0xFC00_0000 | (away >> 2) as u32 & 0x03FF_FFFF
            }
            LIFECYCLE_RELOC_ADR_PREL_PG_HI21 => {
                (away, bits) = (distance(at & !0xFFF, value & !0xFFF), 33);
                let old = self.instruction(field, 0x9F00_0000, 0x9000_0000, "adrp")?;
                let pages = (away >> 12) as u32;
                old & 0x9F00_001F | (pages & 3) << 29 | (pages >> 2 & 0x7_FFFF) << 5
            }
            LIFECYCLE_RELOC_ADD_ABS_LO12 => {
                away = 0;
                let old = self.instruction(field, 0xFFC0_0000, 0x9100_0000, "add")?;
                old & 0xFFC0_03FF | (value as u32 & 0xFFF) << 10
            }
            _ => away as u32,
        };
        if !fits(away, bits) {
            let offset = self.offset;
            fail!(
                LIFECYCLE_E_RANGE,
                "the target of the relocation at {offset} is {away} bytes away"
            );
        }
        field.copy_from_slice(&bytes.to_le_bytes());
        Ok(())
    }

    /// The instruction at the field, which has to be the kind's.
    fn instruction(&self, field: &[u8], mask: u32, want: u32, name: &str) -> Result<u32> {
        let found = field.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        if found & mask != want {
            let offset = self.offset;
            fail!(
                LIFECYCLE_E_INVALID,
                "the relocation at {offset} is for {name}, not {found:#010x}"
            );
        }
        Ok(found)
    }
}

/// Bytes from one address to another; wherever they are, one is at most half of all away.
fn distance(from: usize, to: usize) -> i64 {
    to.wrapping_sub(from) as i64
}

/// Whether a number is one of so many bits, sign included.
fn fits(number: i64, bits: u32) -> bool {
    let most = 1i64 << (bits - 1);
    (-most..most).contains(&number)
}

/// A veneer: `jmp [rip + 2]`, or `ldr x16, .+8; br x16`; then the address. It needs no landing
/// mark, for it is only branched to directly.
fn veneer(kind: u32, target: usize) -> [u8; VENEER] {
    let code: u64 = match kind {
        LIFECYCLE_RELOC_PLT32 => 0xCCCC_0000_0002_25FF,
        _ => 0xD61F_0200_5800_0050,
    };
    (u128::from(code) | (target as u128) << 64).to_le_bytes()
}

/// The relocations of one symbol.
pub struct Relocations {
    /// `.reloc.sorted`
    list: List<Relocation>,
    used: usize,
    behind: usize,
    era: u64,
}

impl Relocations {
    /// Those of `used` bytes of code, to lie somewhere in `area`. E_UNSUPPORTED for a kind that
    /// this machine does not have, E_RANGE or E_INVALID for a field that is not one. `era` is told
    /// back by `era`.
    pub fn new(list: List<Relocation>, used: usize, area: Range<usize>, era: u64) -> Result<Self> {
        for relocation in &list {
            if !is_native(relocation.kind) {
                let kind = relocation.kind;
                fail!(LIFECYCLE_E_UNSUPPORTED, "this processor has no relocation of kind {kind}");
            }
            relocation.check(used)?;
        }
        Ok(Relocations { era, ..Self::sorted(list, used, area) })
    }

    fn sorted(mut list: List<Relocation>, used: usize, area: Range<usize>) -> Self {
        list.sort_unstable_by_key(Relocation::aside);
        let mut relocations = Relocations { list, used, behind: 0, era: 0 };
        let far = |it: &Relocation| it.needs(area.start).or_else(|| it.needs(area.end));
        relocations.behind = relocations.count(far);
        relocations
    }

    /// The manager's, in which these targets are what they were.
    pub fn era(&self) -> u64 {
        self.era
    }

    /// Bytes that may be needed behind the code.
    pub fn behind(&self) -> usize {
        self.behind
    }

    /// Bytes behind the code for what relocations need, each need once, in their order.
    fn count(&self, needs: impl Fn(&Relocation) -> Option<Aside>) -> usize {
        let mut last = None;
        let mut bytes = 0;
        for need in self.list.iter().filter_map(needs) {
            if last.replace(need) != Some(need) {
                bytes += need.len();
            }
        }
        if bytes == 0 { 0 } else { bytes + self.used.next_multiple_of(WORD) - self.used }
    }

    /// Fills the fields of the code at the start of `room`, which will run at `runs_at`, and what
    /// they need behind it. Returns how many bytes of the room are used then. E_RANGE when a target
    /// is too far away, or when the room is too small.
    pub fn fill(&self, room: &mut [u8], runs_at: usize) -> Result<usize> {
        let at = |it: &Relocation| runs_at.wrapping_add(it.offset as usize);
        let end = self.used + self.count(|it| it.needs(at(it)));
        if end > room.len() {
            let missing = end - room.len();
            fail!(
                LIFECYCLE_E_RANGE,
                "relocations need room behind the code: {missing} bytes more than were reserved"
            );
        }
        let mut last = None;
        let (mut place, mut free) = (0, self.used.next_multiple_of(WORD));
        for it in &self.list {
            let need = it.needs(at(it));
            if let Some(aside) = need
                && last.replace(aside) != need
            {
                place = free;
                free += aside.len();
                let bytes = match aside {
                    Aside::Word(address) => (address as u128).to_le_bytes(),
                    Aside::Veneer(target) => veneer(it.kind, target),
                };
                if let Some(there) = room.get_mut(place..free) {
                    there.copy_from_slice(bytes.get(..aside.len()).unwrap_or(&[]));
                }
            }
            let width = if it.kind == LIFECYCLE_RELOC_ABS64 { 8 } else { 4 };
            let from = it.offset as usize;
            if let Some(field) = room.get_mut(from..from + width) {
                it.fill(field, at(it), need.map(|_| runs_at.wrapping_add(place)))?;
            }
        }
        Ok(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::lifecycle_status::*;
    use crate::base::{Error, Host, ListExt, last_sentence};
    use proptest::prelude::*;

    const AT: usize = 0x40_0000_0000;
    const BL: u32 = 0x9400_0000;
    const ADRP: u32 = 0x9000_0003;
    const ADD: u32 = 0x9100_0063;

    fn one(kind: u32, offset: u64, target: usize, addend: i64) -> Relocation {
        Relocation { kind, offset, target, addend }
    }

    fn list(of: &[Relocation]) -> List<Relocation> {
        let mut list = List::new_in(Host::libc());
        assert!(list.make_room(of.len()).is_ok());
        list.extend(of.iter().copied());
        list
    }

    /// The code after filling, in a room that is as large as was said to be enough.
    fn filled(code: &[u8], of: &[Relocation]) -> Result<Vec<u8>> {
        of.iter().try_for_each(|it| it.check(code.len()))?;
        let known = Relocations::sorted(list(of), code.len(), AT..AT + (1 << 30));
        let mut room = code.to_vec();
        room.resize(code.len() + known.behind(), 0xEE);
        let end = known.fill(&mut room, AT)?;
        room.truncate(end);
        Ok(room)
    }

    fn u32_at(code: &[u8], at: usize) -> u32 {
        code.get(at..at + 4).and_then(|it| it.first_chunk()).map_or(0, |it| u32::from_le_bytes(*it))
    }

    fn u64_at(code: &[u8], at: usize) -> u64 {
        u64::from(u32_at(code, at)) | u64::from(u32_at(code, at + 4)) << 32
    }

    fn refused(code: &[u8], it: Relocation) -> Option<crate::abi::lifecycle_status> {
        filled(code, &[it]).err().map(|Error(status)| status)
    }

    /// Where the branch in the first instruction goes, and where a veneer there goes on to.
    fn branches_to(code: &[u8]) -> (i64, u64) {
        let away = i64::from((u32_at(code, 0) << 6) as i32 >> 4);
        (away, u64_at(code, (away + 8) as usize))
    }

    #[test]
    fn absolute_addresses_are_written_whole() {
        let code = filled(&[0; 10], &[one(LIFECYCLE_RELOC_ABS64, 2, usize::MAX - 7, 3)]);
        assert_eq!(code.map(|code| u64_at(&code, 2)), Ok(u64::MAX - 4));
        for offset in [3, 10, u64::MAX, u64::MAX - 7] {
            let it = one(LIFECYCLE_RELOC_ABS64, offset, 7, 0);
            assert_eq!(refused(&[0; 10], it), Some(LIFECYCLE_E_RANGE), "{offset}");
        }
        assert_eq!(refused(&[0; 10], one(99, 0, 0, 0)), Some(LIFECYCLE_E_UNSUPPORTED));
    }

    #[test]
    fn distances_reach_two_gibibytes_and_not_a_byte_more() {
        for kind in [LIFECYCLE_RELOC_PC32, LIFECYCLE_RELOC_PLT32] {
            for (target, field) in
                [(AT + 5 + i32::MAX as usize, i32::MAX), (AT + 5 - (1 << 31), i32::MIN)]
            {
                let code = filled(&[0; 9], &[one(kind, 5, target + 4, -4)]);
                assert_eq!(code.map(|code| (u32_at(&code, 5) as i32, code.len())), Ok((field, 9)));
            }
        }
        for target in [AT + 5 + (1 << 31), AT + 4 - (1 << 31)] {
            let it = one(LIFECYCLE_RELOC_PC32, 5, target + 4, -4);
            assert_eq!(refused(&[0; 9], it), Some(LIFECYCLE_E_RANGE));
            assert!(last_sentence().contains("relocation at 5"), "{}", last_sentence());
        }
    }

    #[test]
    fn a_far_call_goes_through_a_veneer_behind_the_code() {
        for target in [AT + 5 + (1 << 31), AT + 4 - (1 << 31), 0x1000] {
            let code = filled(&[0; 9], &[one(LIFECYCLE_RELOC_PLT32, 5, target + 4, -4)]);
            let code = code.unwrap_or_default();
            assert_eq!((u32_at(&code, 5), code.len()), (16 - 9, 32));
            assert_eq!(code.get(16..22), Some(&[0xFF, 0x25, 2, 0, 0, 0][..]));
            assert_eq!(u64_at(&code, 24), target as u64 + 4);
        }
        // The addend past the usual -4 belongs to the target: a jump into its middle.
        let code = filled(&[0; 4], &[one(LIFECYCLE_RELOC_PLT32, 0, 0x1000, 12)]);
        assert_eq!(code.map(|code| (u32_at(&code, 0), u64_at(&code, 16))), Ok((4, 0x1010)));
    }

    #[test]
    fn equal_needs_are_met_once() {
        let (far, word) = (LIFECYCLE_RELOC_PLT32, LIFECYCLE_RELOC_GOTPCREL);
        let fields = [
            one(far, 0, 0x1000, -4),
            one(word, 4, 0x1000, -4),
            one(far, 8, 0x2000, -4),
            one(word, 12, 0x1000, -4),
            one(far, 16, 0x1000, -4),
            one(far, 20, AT + 64, -4),
        ];
        let code = filled(&[0; 24], &fields).unwrap_or_default();
        assert_eq!(code.len(), 24 + 8 + 2 * 16);
        let leads_to = |at: usize| at + 4 + u32_at(&code, at) as usize;
        assert_eq!(leads_to(0), leads_to(16));
        assert_ne!(leads_to(0), leads_to(8));
        assert_eq!(leads_to(4), leads_to(12));
        assert_eq!(u64_at(&code, leads_to(4)), 0x1000);
        assert_eq!(u64_at(&code, leads_to(0) + 8), 0x1000);
        assert_eq!(u64_at(&code, leads_to(8) + 8), 0x2000);
        assert_eq!(leads_to(20), 64);
    }

    #[test]
    fn a_room_too_small_says_how_many_bytes_are_missing() {
        let far = one(LIFECYCLE_RELOC_PLT32, 1, 0x1000, -4);
        let known = Relocations::sorted(list(&[far]), 5, AT..AT + 4096);
        assert_eq!(known.behind(), 3 + 16);
        assert_eq!(known.fill(&mut [0; 24], AT), Ok(24));
        let filled = known.fill(&mut [0; 23], AT).err();
        assert_eq!(filled, Some(Error(LIFECYCLE_E_RANGE)));
        assert!(last_sentence().contains(" 1 bytes more"), "{}", last_sentence());
        // What is sure to be reached from everywhere needs nothing.
        let near = one(LIFECYCLE_RELOC_PLT32, 1, AT, -4);
        assert_eq!(Relocations::sorted(list(&[near]), 5, AT..AT + 4096).behind(), 0);
    }

    #[test]
    fn branches_reach_128_mebibytes_and_then_take_a_veneer() {
        let reach = 1 << 27;
        for (target, away) in [(AT + reach - 4, reach as i64 - 4), (AT - reach, -(reach as i64))] {
            let code = filled(&BL.to_le_bytes(), &[one(LIFECYCLE_RELOC_CALL26, 0, target, 0)]);
            assert_eq!(code.map(|code| (branches_to(&code).0, code.len())), Ok((away, 4)));
        }
        for target in [AT + reach, AT - reach - 4] {
            let code = filled(&BL.to_le_bytes(), &[one(LIFECYCLE_RELOC_CALL26, 0, target, 0)]);
            let code = code.unwrap_or_default();
            assert_eq!(branches_to(&code), (8, target as u64));
            assert_eq!((u32_at(&code, 8), u32_at(&code, 12)), (0x5800_0050, 0xD61F_0200));
        }
        for target in [AT + 6, 0x1002] {
            let odd = one(LIFECYCLE_RELOC_CALL26, 0, target, 0);
            assert_eq!(refused(&BL.to_le_bytes(), odd), Some(LIFECYCLE_E_INVALID));
        }
        let fine = one(LIFECYCLE_RELOC_CALL26, 0, AT, 0);
        assert_eq!(refused(&ADRP.to_le_bytes(), fine), Some(LIFECYCLE_E_INVALID));
        let askew = one(LIFECYCLE_RELOC_CALL26, 2, AT, 0);
        assert_eq!(refused(&[0; 8], askew), Some(LIFECYCLE_E_INVALID));
    }

    #[test]
    fn pages_reach_four_gibibytes_either_way() {
        let page21 = |at: u64, target| one(LIFECYCLE_RELOC_ADR_PREL_PG_HI21, at, target, 0);
        let pages = |code: Vec<u8>, at| {
            let word = u32_at(&code, at);
            assert_eq!(word & 0x9F00_001F, ADRP);
            i64::from((word >> 29 & 3 | (word >> 5 & 0x7_FFFF) << 2) << 11) << 32 >> 43
        };
        // From both sides of a page's edge; only the page of the target counts.
        let mut code = vec![0; 4096];
        code.splice(4092.., ADRP.to_le_bytes());
        code.extend(ADRP.to_le_bytes());
        for (at, start) in [(4092u64, AT), (4096, AT + 4096)] {
            for (target, away) in [
                (start, 0),
                (start + 4095, 0),
                (start + 4096, 1),
                (start - 1, -1),
                (start + (1 << 32) - 1, (1 << 20) - 1),
                (start - (1 << 32), -(1 << 20)),
            ] {
                let done = filled(&code, &[page21(at, target)]);
                assert_eq!(done.map(|code| pages(code, at as usize)), Ok(away), "{target:#x}");
            }
            for target in [start + (1 << 32), start - (1 << 32) - 1] {
                assert_eq!(refused(&code, page21(at, target)), Some(LIFECYCLE_E_RANGE));
            }
        }
    }

    #[test]
    fn low_bits_go_into_an_add() {
        for target in [0, 0xFFF, 0x1000, usize::MAX] {
            let code =
                filled(&ADD.to_le_bytes(), &[one(LIFECYCLE_RELOC_ADD_ABS_LO12, 0, target, 0)]);
            let field = code.map(|code| u32_at(&code, 0));
            assert_eq!(field, Ok(ADD | (target as u32 & 0xFFF) << 10));
        }
        let it = one(LIFECYCLE_RELOC_ADD_ABS_LO12, 0, 0, 0);
        assert_eq!(refused(&BL.to_le_bytes(), it), Some(LIFECYCLE_E_INVALID));
    }

    #[test]
    fn only_this_machines_kinds_are_taken() {
        let (x86, arm) = (LIFECYCLE_RELOC_PC32, LIFECYCLE_RELOC_ADD_ABS_LO12);
        for (kind, ours) in [
            (x86, cfg!(target_arch = "x86_64")),
            (arm, cfg!(target_arch = "aarch64")),
            (LIFECYCLE_RELOC_ABS64, true),
        ] {
            let taken = Relocations::new(list(&[one(kind, 0, AT, 0)]), 8, AT..AT + 4096, 1);
            let status = taken.map(|_| ()).err().map(|Error(status)| status);
            assert_eq!(status, (!ours).then_some(LIFECYCLE_E_UNSUPPORTED));
        }
    }

    proptest! {
        /// Calls and loads from anywhere to anywhere: followed like a processor would, they arrive.
        #[test]
        fn what_is_filled_leads_where_it_should(
            targets in proptest::collection::vec((0..3u8, 0..4usize, -2i64..3, 0..24u32), 1..20),
        ) {
            let kinds = [LIFECYCLE_RELOC_PLT32, LIFECYCLE_RELOC_GOTPCREL, LIFECYCLE_RELOC_PC32];
            let edges = [AT, AT + (1 << 31), AT - (1 << 31), 1 << 20];
            let fields: Vec<Relocation> = targets.iter().enumerate().map(|(at, it)| {
                let kind = kinds.get(it.0 as usize).copied().unwrap_or(0);
                let edge = edges.get(if it.0 == 2 { 0 } else { it.1 }).copied().unwrap_or(0);
                let target = edge.wrapping_add_signed((it.2 << it.3) as isize);
                one(kind, 4 * at as u64, target, -4)
            }).collect();
            let code = filled(&vec![0; 4 * fields.len()], &fields);
            prop_assert!(code.is_ok());
            let code = code.unwrap_or_default();
            for it in &fields {
                let at = it.offset as usize;
                let away = u32_at(&code, at) as i32 as isize;
                let to = (AT + at + 4).wrapping_add_signed(away);
                let behind = to.wrapping_sub(AT);
                let within = (4 * fields.len()..code.len()).contains(&behind);
                match it.kind {
                    LIFECYCLE_RELOC_GOTPCREL => {
                        prop_assert!(within);
                        prop_assert_eq!(u64_at(&code, behind), it.target as u64);
                    }
                    LIFECYCLE_RELOC_PLT32 if it.needs(AT + at).is_some() => {
                        prop_assert!(within);
                        prop_assert_eq!(u64_at(&code, behind + 8), it.target as u64);
                    }
                    _ => prop_assert_eq!(to, it.target),
                }
            }
        }
    }
}
