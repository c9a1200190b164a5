//! Who needs whom, as a matrix; who needs whom through others is found by walking it anew for each
//! question.

/// Modules, and for each pair of them whether the one needs the other.
pub(super) struct Graph {
    nodes: Vec<u64>,
    /// `needs[user][on]`, by place.
    needs: Vec<Vec<bool>>,
}

impl Graph {
    /// No modules.
    pub(super) fn new() -> Self {
        Graph { nodes: Vec::new(), needs: Vec::new() }
    }

    fn place(&self, id: u64) -> usize {
        self.nodes.iter().position(|it| *it == id).expect("it is a module")
    }

    pub(super) fn add(&mut self, id: u64) {
        self.nodes.push(id);
        self.needs.iter_mut().for_each(|row| row.push(false));
        self.needs.push(vec![false; self.nodes.len()]);
    }

    pub(super) fn remove(&mut self, id: u64) {
        let at = self.place(id);
        self.nodes.remove(at);
        self.needs.remove(at);
        for row in &mut self.needs {
            row.remove(at);
        }
    }

    pub(super) fn depend(&mut self, user: u64, on: u64) {
        let (user, on) = (self.place(user), self.place(on));
        self.needs[user][on] = true;
    }

    /// Whether one has said that it needs the other.
    pub(super) fn needs(&self, user: u64, on: u64) -> bool {
        self.needs[self.place(user)][self.place(on)]
    }

    /// Who needed the one needs the other, which does not need itself.
    pub(super) fn redirect(&mut self, old: u64, fresh: u64) {
        let (old, fresh) = (self.place(old), self.place(fresh));
        for (user, row) in self.needs.iter_mut().enumerate() {
            row[fresh] |= core::mem::take(&mut row[old]) && user != fresh;
        }
    }

    fn walk(&self, user: usize, reached: &mut [bool]) {
        for on in 0..self.nodes.len() {
            if self.needs[user][on] && !reached[on] {
                reached[on] = true;
                self.walk(on, reached);
            }
        }
    }

    /// Whether the one needs the other, directly or through others.
    pub(super) fn reaches(&self, user: u64, on: u64) -> bool {
        let mut reached = vec![false; self.nodes.len()];
        self.walk(self.place(user), &mut reached);
        reached[self.place(on)]
    }

    /// A module and all that need it, directly or through others.
    pub(super) fn users(&self, id: u64) -> Vec<u64> {
        self.nodes.iter().copied().filter(|it| *it == id || self.reaches(*it, id)).collect()
    }

    /// Nobody goes after what he needs, unless that needs him too.
    pub(super) fn assert_order(&self, order: &[u64]) {
        for (at, first) in order.iter().enumerate() {
            for later in order.iter().skip(at + 1) {
                let after = self.reaches(*later, *first) && !self.reaches(*first, *later);
                assert!(!after, "{later:#x} went after {first:#x}, which it needs");
            }
        }
    }
}
