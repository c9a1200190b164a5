//! What a program has defined: namespaces, variables, frames, commands, traces, the host's registry.

use super::State;

impl State {
    /// Frames, the global one included.
    pub fn frame_count(&self) -> usize {
        1
    }

    /// Pops frames until `count` are left.
    pub fn pop_frames(&mut self, _count: usize) {}

    /// Forgets all that was defined.
    pub fn forget_definitions(&mut self) {}
}
