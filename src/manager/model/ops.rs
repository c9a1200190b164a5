//! The steps that the model takes, and how any bytes become such.

/// One step; the numbers are taken modulo what there is.
#[derive(Clone, Copy, Debug)]
pub enum Op {
    /// Loads a path.
    Load(u8),
    /// Unloads a module, whatever is pinned or not, with those that need it or not.
    Unload { module: u8, force: bool, cascade: bool },
    /// A module needs another.
    Depend { user: u8, on: u8 },
    /// Binds a name.
    Bind { module: u8, kind: u8, name: u8 },
    /// Removes what a name means now.
    Unbind { kind: u8, name: u8 },
    /// Gives a module a resource.
    Own(u8),
    /// Takes one back.
    Disown(u8),
    /// Notes a metadata key.
    Note { module: u8, key: u8 },
    /// Says which declarations are a module's.
    Parse { module: u8, first: u8, len: u8 },
    /// Takes data.
    TakeData { module: u8, size: u8 },
    /// Maps a few symbols, all or none.
    Batch { module: u8, first: u8, flags: u8, shape: u8 },
    /// Maps code.
    Map { module: u8, name: u8, flags: u8, size: u8 },
    /// Takes room for code and writes there.
    Reserve { size: u8, align: u8 },
    /// Names some of what was written.
    Commit { nth: u8, module: u8, name: u8, flags: u8 },
    /// Gives room back.
    Abort(u8),
    /// Unmaps one symbol.
    Unmap(u8),
    /// Unmaps a path's own code.
    UnmapPath(u8),
    /// Unmaps all JIT code.
    UnmapJit,
    /// Adds or takes a pin.
    Pin { nth: u8, add: bool },
    /// A mapped name becomes a JIT symbol of a module.
    Triggered { module: u8, name: u8 },
    /// The next epoch.
    Advance,
    /// Notes a use.
    Mark(u8),
    /// Evicts what is old.
    Sweep(u8),
    /// Evicts what is oldest.
    Budget(u8),
    /// A reload begins.
    Begin(u8),
    /// A reload ends well.
    Finish(u8),
    /// A reload ends.
    Undo(u8),
    /// Makes an entry.
    Entry(u8),
    /// Names code of the host's own.
    Adopt { module: u8, name: u8, place: u8 },
    /// A thread attaches a reader.
    Attach,
    /// A reader does something.
    Reader { nth: u8, does: Does },
    /// Frees what nobody is inside of; or waits for that, too.
    Reclaim { wait: bool },
}

/// What a reader does.
#[derive(Clone, Copy, Debug)]
pub enum Does {
    /// Enters, or nests.
    Enter,
    /// Leaves, or undoes one nesting.
    Leave,
    /// Says that it uses nothing for a while.
    Park,
    /// Ends that.
    Unpark,
    /// Detaches.
    Detach,
}

/// Numbers of the steps that modules and what hangs on them are about, each as often as it is to
/// come.
const ABOUT_MODULES: [u8; 32] = [
    0, 0, 0, 2, 22, 22, 22, 23, 23, 23, 24, 29, 30, 35, 37, 37, 37, 43, 43, 43, 43, 43, 43, 47, 48,
    50, 51, 52, 54, 55, 60, 60,
];

/// Steps from any bytes, five to a step. The first byte says whether all sorts of steps come, or
/// those that are about modules, and few names.
pub fn decode(bytes: &[u8]) -> impl Iterator<Item = Op> {
    let about_modules = bytes.first().is_some_and(|byte| byte & 64 != 0);
    bytes.chunks_exact(5).map(move |chunk| {
        let (a, b, mut c, d) = (chunk[1], chunk[2], chunk[3], chunk[4]);
        let mut number = chunk[0] % 64;
        if about_modules {
            number = ABOUT_MODULES[usize::from(chunk[0] % 32)];
            c = if matches!(number, 43..=46) { c % 2 } else { c };
        }
        match number {
            0 | 1 => Op::Load(a),
            2 => Op::Unload { module: a, force: b & 1 != 0, cascade: b & 2 != 0 },
            3..=7 => Op::Map { module: a, name: b, flags: c, size: d },
            8 => Op::Reserve { size: a, align: b },
            9 | 10 => Op::Commit { nth: a, module: b, name: c, flags: d },
            11 => Op::Abort(a),
            12 => Op::Unmap(a),
            13 => Op::UnmapPath(a),
            14 => Op::UnmapJit,
            15 => Op::Pin { nth: a, add: b & 1 != 0 },
            16 | 36 => Op::Triggered { module: a, name: b },
            17 | 18 => Op::Advance,
            19 => Op::Mark(a),
            20 => Op::Sweep(a % 8),
            21 => Op::Budget(a),
            22 => Op::Begin(a),
            23 => Op::Finish(a),
            24 => Op::Undo(a),
            25 => Op::Entry(a),
            26 | 27 => Op::Adopt { module: a, name: b, place: c },
            28 => Op::Attach,
            29..=34 => Op::Reader {
                nth: a,
                does: [
                    Does::Enter,
                    Does::Enter,
                    Does::Leave,
                    Does::Leave,
                    Does::Park,
                    Does::Unpark,
                    Does::Unpark,
                    Does::Detach,
                ][usize::from(b % 8)],
            },
            37..=42 => Op::Depend { user: a, on: b },
            43..=46 => Op::Bind { module: a, kind: if about_modules { b % 2 } else { b }, name: c },
            47 => Op::Unbind { kind: a, name: b },
            48 | 49 => Op::Own(a),
            50 => Op::Disown(a),
            51 => Op::Note { module: a, key: b },
            52 | 53 => Op::Parse { module: a, first: b, len: c },
            54 => Op::TakeData { module: a, size: b },
            55 | 56 => Op::Batch { module: a, first: b, flags: c, shape: d },
            57..=59 => Op::Load(a),
            60 => Op::Unload { module: a, force: b & 1 != 0, cascade: b & 2 != 0 },
            61 => Op::Begin(a),
            62 => Op::Finish(a),
            _ => Op::Reclaim { wait: a & 1 != 0 },
        }
    })
}
