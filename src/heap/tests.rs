//! What only the room itself can see of a heap: that going back finds the same holes again.

use super::*;
use proptest::prelude::*;

/// Registers with one argument register, and a heap that has them.
struct Machine {
    heap: &'static Heap,
    wam: Box<lifecycle_wam>,
    _x: Box<[lifecycle_cell]>,
}

impl Machine {
    fn new(registers: usize) -> Result<Machine> {
        let heap = Heap::create(&lifecycle_heap_options::default())?;
        let mut x = vec![0; registers].into_boxed_slice();
        // SAFETY: NULL and 0 are values of all its fields.
        let zeros: lifecycle_wam = unsafe { core::mem::zeroed() };
        let wam = lifecycle_wam {
            size: size_of::<lifecycle_wam>(),
            x: x.as_mut_ptr(),
            x_count: registers as u64,
            ..zeros
        };
        let mut wam = Box::new(wam);
        heap.set_wam(&raw mut *wam)?;
        Ok(Machine { heap, wam, _x: x })
    }

    /// Allocates variables, of which a register keeps each that is asked for.
    fn fill(&self, kept: &[bool]) -> Result<()> {
        for (at, is_kept) in kept.iter().enumerate() {
            let cell = self.heap.alloc(1)?;
            let unbound = cell::reference(cell);
            self.heap.with(|state| {
                // SAFETY: `.space.committed` for the cell; there is a register for each.
                unsafe {
                    *state.cell_place(cell) = unbound;
                    *self.wam.x.wrapping_add(at) = if *is_kept { unbound } else { 0 };
                }
            });
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn going_back_hands_out_the_same_cells_again(
        kept in prop::collection::vec(any::<bool>(), 2000),
        before in prop::collection::vec(1..6_u64, 0..200),
        after in prop::collection::vec(1..6_u64, 1..400),
    ) {
        let run = || -> Result<bool> {
            let machine = Machine::new(kept.len())?;
            let heap = machine.heap;
            machine.fill(&kept)?;
            heap.collect()?;
            for cells in &before {
                heap.alloc(*cells)?;
            }
            let mut choice = MaybeUninit::<lifecycle_choice>::uninit();
            heap.choice_push(choice.as_mut_ptr(), 0, core::ptr::null())?;
            let (used, frontier) = heap.with(|state| (state.used(), state.frontier()));
            let mut rounds = Vec::new();
            for _ in 0..2 {
                let mut found = Vec::new();
                for cells in &after {
                    found.push(heap.alloc(*cells)?);
                }
                rounds.push(found);
                heap.backtrack()?;
            }
            let same_room = heap.with(|state| (state.used(), state.frontier())) == (used, frontier);
            heap.choice_pop()?;
            heap.destroy()?;
            Ok(same_room && rounds.first() == rounds.last())
        };
        prop_assert_eq!(run(), Ok(true));
    }
}
