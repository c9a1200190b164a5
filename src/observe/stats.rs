//! The table: each statistic's name, what it is and how it moves; and text, JSON and Prometheus
//! made from it. Source for the last: Prometheus exposition format 0.0.4 (counters end in `_total`,
//! HELP and TYPE before each).

use core::fmt::{self, Write};

use crate::abi::lifecycle_stats;

/// In which form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// A line each.
    Text,
    /// One object.
    Json,
    /// Exposition format 0.0.4.
    Prometheus,
}

struct Row {
    name: &'static str,
    help: &'static str,
    /// Only ever goes up.
    counter: bool,
    read: fn(&lifecycle_stats) -> u64,
}

/// The rows, and the proof that every field of `lifecycle_stats` has one: the struct is taken apart
/// by name.
macro_rules! table {
    ($($name:ident $kind:ident $help:literal,)*) => {
        const ROWS: &[Row] = &[$(Row {
            name: stringify!($name),
            help: $help,
            counter: matches!(stringify!($kind).as_bytes(), b"counter"),
            read: |stats| stats.$name,
        }),*];
        const _: fn(lifecycle_stats) = |stats| {
            let lifecycle_stats { $($name: _),* } = stats;
        };
    };
}

table! {
    tracked_modules gauge "Modules loaded",
    total_jit_symbols gauge "JIT symbols live",
    smf_tracked_count gauge "Paths with a mapping",
    sweeper_epoch gauge "The epoch",
    sweeper_tracked gauge "Symbols the sweeper watches",
    sweeper_stale gauge "Symbols unused for longer than the configured age",
    code_bytes_live gauge "Bytes of live code",
    code_bytes_retired gauge "Bytes of code that wait for readers",
    code_bytes_reserved gauge "Bytes of memory mapped for code",
    code_bytes_metadata gauge "Bytes of bookkeeping for code",
    symbols_live gauge "Code symbols live",
    symbols_pinned gauge "Code symbols with a pin",
    entries gauge "Entries",
    mappings gauge "File mappings",
    mapped_bytes gauge "Bytes of file mappings",
    names_func gauge "Function bindings",
    names_struct gauge "Struct bindings",
    names_enum gauge "Enum bindings",
    names_global gauge "Global bindings",
    tombstones counter "Declaration ids whose module was unloaded since the start",
    resources gauge "Resources owned by modules",
    metadata gauge "Metadata keys",
    loads counter "Modules loaded since the start",
    unloads counter "Modules unloaded since the start",
    reloads counter "Reloads committed since the start",
    sweeps counter "Sweeps since the start",
    evictions counter "Symbols evicted since the start",
    failed_releases gauge "Releases the system refused, to be retried",
    readers gauge "Attached readers",
    readers_inside gauge "Readers inside code",
    blocking_reader_thread gauge "Thread of the reader that holds back what has waited longest",
    blocking_reader_ns gauge "Nanoseconds it has been seen to",
    heaps gauge "Heaps owned by modules",
    heap_cells_live gauge "Cells of theirs that survived the last collections",
    heap_cells_committed gauge "Cells of theirs that have memory",
    heap_collections counter "Collections of theirs since the start",
}

/// Writes the statistics.
pub fn write(out: &mut dyn Write, stats: &lifecycle_stats, format: Format) -> fmt::Result {
    match format {
        Format::Text => {
            for row in ROWS {
                writeln!(out, "{:<22} {:>14}  {}", row.name, (row.read)(stats), row.help)?;
            }
        }
        Format::Json => {
            for (at, row) in ROWS.iter().enumerate() {
                let before = if at == 0 { '{' } else { ',' };
                write!(out, "{before}\"{}\":{}", row.name, (row.read)(stats))?;
            }
            writeln!(out, "}}")?;
        }
        Format::Prometheus => {
            for row in ROWS {
                let (kind, end) = if row.counter { ("counter", "_total") } else { ("gauge", "") };
                let (name, help, value) = (row.name, row.help, (row.read)(stats));
                writeln!(out, "# HELP lifecycle_{name}{end} {help}.")?;
                writeln!(out, "# TYPE lifecycle_{name}{end} {kind}")?;
                writeln!(out, "lifecycle_{name}{end} {value}")?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_holds_every_row() {
        let stats = lifecycle_stats { loads: 7, names_func: 3, ..Default::default() };
        let form = |format| {
            let mut text = String::new();
            assert!(write(&mut text, &stats, format).is_ok());
            text
        };
        assert_eq!(form(Format::Text).lines().count(), ROWS.len());
        assert_eq!(form(Format::Json).matches(':').count(), ROWS.len());
        assert!(form(Format::Json).contains("\"names_func\":3,"));
        assert!(form(Format::Prometheus).contains("\nlifecycle_loads_total 7\n"));
        assert_eq!(ROWS.len() * size_of::<u64>(), size_of::<lifecycle_stats>());
    }
}
