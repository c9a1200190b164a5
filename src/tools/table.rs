//! Reading a host's table of frames, and making the one that is registered.
//!
//! The format is that of a section .eh_frame (Linux Standard Base Core 5.0, 10.6; DWARF 4, 6.4.1):
//! records of a length each; a CIE says how the FDEs that point back to it are written, an FDE
//! which bytes of the code it is about. The table that is made has the same records in the same
//! order, but each FDE holds its address and size as eight absolute bytes, and its CIE says so: it
//! may lie anywhere. Records are padded with instructions that do nothing (zeros) to eight bytes.
//!
//! Everything about the input is checked but the instructions for the unwinder and the pointers to
//! the language's own tables, which are as much the host's as the code itself.

use crate::base::{Error, Host, List, ListExt, Result, fail};

/// Bytes that records are padded to.
const ALIGN: usize = 8;

/// DWARF's ways to write a pointer: the low four bits.
const FORMAT: u8 = 0x0f;
const RELATIVE_TO_FIELD: u8 = 0x10;
/// What a pointer counts from, and whether through another: the rest of the bits.
const BASE: u8 = 0xf0;
const ABSOLUTE: u8 = 0x00;
const ABSENT: u8 = 0xff;

/// A CIE that was read.
struct Cie {
    given_at: usize,
    made_at: usize,
    /// How its FDEs write addresses.
    format: Format,
    /// Its FDEs have a block of the language's data, that begins with so many bytes of a pointer.
    data: Option<usize>,
}

/// Bytes of a number, and whether it has a sign.
#[derive(Clone, Copy)]
struct Format {
    bytes: usize,
    signed: bool,
}

/// Where in the input something is, for the sentence.
#[derive(Clone, Copy)]
struct Where {
    record: usize,
    offset: usize,
}

impl Where {
    #[cold]
    fn malformed(self, what: &str) -> Error {
        let Where { record, offset } = self;
        malformed(format_args!("eh_frame record {record} at offset {offset}: {what}"))
    }

    #[cold]
    fn unsupported(self, what: &str, value: u8) -> Error {
        let Where { record, offset } = self;
        let status = crate::abi::lifecycle_status::LIFECYCLE_E_UNSUPPORTED;
        let sentence =
            format_args!("eh_frame record {record} at offset {offset}: {what} {value:#x}");
        Error::new(status, sentence)
    }
}

#[cold]
fn malformed(sentence: core::fmt::Arguments<'_>) -> Error {
    Error::new(crate::abi::lifecycle_status::LIFECYCLE_E_FORMAT, sentence)
}

/// Part of the input, read from front to back.
struct Reader<'a> {
    rest: &'a [u8],
    here: Where,
}

impl<'a> Reader<'a> {
    fn take(&mut self, bytes: usize) -> Result<&'a [u8]> {
        match self.rest.split_at_checked(bytes) {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(taken)
            }
            None => Err(self.here.malformed("it ends in the middle")),
        }
    }

    fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?.first().copied().unwrap_or(0))
    }

    fn word(&mut self) -> Result<u32> {
        Ok(self.take(4)?.first_chunk().map_or(0, |word| u32::from_le_bytes(*word)))
    }

    /// A number of two, four or eight bytes.
    fn number(&mut self, format: Format) -> Result<u64> {
        let bytes = self.take(format.bytes)?;
        let value = bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        let unused = 64 - 8 * format.bytes as u32;
        Ok(if format.signed { ((value << unused) as i64 >> unused) as u64 } else { value })
    }

    /// A number of seven bits a byte.
    fn leb(&mut self) -> Result<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.here.malformed("a number in it is longer than 64 bits"))
    }

    fn text(&mut self) -> Result<&'a [u8]> {
        let end = self.rest.iter().position(|byte| *byte == 0);
        let text = self.take(end.unwrap_or(self.rest.len()))?;
        self.byte()?;
        Ok(text)
    }

    /// How a pointer is written that is absolute or counts from its field.
    fn format(&self, encoding: u8, what: &str) -> Result<Format> {
        let (bytes, signed) = match encoding & FORMAT {
            0x00 | 0x04 => (8, false),
            0x02 => (2, false),
            0x03 => (4, false),
            0x0a => (2, true),
            0x0b => (4, true),
            0x0c => (8, true),
            _ => return Err(self.here.unsupported(what, encoding)),
        };
        Ok(Format { bytes, signed })
    }
}

/// The table being made.
struct Made {
    bytes: List<u8>,
}

impl Made {
    fn add(&mut self, part: &[u8]) -> Result<()> {
        self.bytes.make_room(part.len())?;
        self.bytes.extend_from_slice(part);
        Ok(())
    }

    /// Adds a record's length, second word and parts, and pads it.
    fn record(&mut self, here: Where, id: u32, parts: [&[u8]; 3]) -> Result<()> {
        let len = 4 + parts.iter().map(|part| part.len()).sum::<usize>();
        let padding = (4 + len).next_multiple_of(ALIGN) - 4 - len;
        let Ok(padded) = u32::try_from(len + padding) else {
            return Err(here.malformed("it is too long"));
        };
        self.add(&padded.to_le_bytes())?;
        self.add(&id.to_le_bytes())?;
        for part in parts {
            self.add(part)?;
        }
        self.add([0; ALIGN].get(..padding).unwrap_or_default())
    }
}

/// Copies a host's table for code of `len` bytes at `address`; its FDEs' addresses count from the
/// code's first byte.
pub fn rewrite(host: Host, given: &[u8], address: usize, len: usize) -> Result<List<u8>> {
    let mut made = Made { bytes: List::new_in(host) };
    // What most tables come to: a few FDEs whose two fields grow by four bytes each.
    made.bytes.make_room(given.len() + given.len() / 2 + ALIGN)?;
    let mut cies: List<Cie> = List::new_in(host);
    let mut here = Where { record: 0, offset: 0 };
    let mut frames = 0;
    let mut all = Reader { rest: given, here };
    while !all.rest.is_empty() {
        here = Where { record: here.record + 1, offset: given.len() - all.rest.len() };
        all.here = here;
        let size = all.word()?;
        if size == 0 {
            if all.rest.iter().any(|byte| *byte != 0) {
                return Err(here.malformed("it ends the table, but more follows"));
            }
            break;
        }
        if size == u32::MAX {
            return Err(here.unsupported("a length of 64 bits after", 0xff));
        }
        let mut record = Reader { rest: all.take(size as usize)?, here };
        let id = record.word()?;
        if id == 0 {
            let made_at = made.bytes.len();
            cies.make_room(1)?;
            cies.push(read_cie(record, made_at, &mut made)?);
            continue;
        }
        // The pointer counts back from itself, which is behind the length.
        let cie = (here.offset + 4).checked_sub(id as usize);
        let cie = cie.and_then(|at| cies.binary_search_by_key(&at, |cie| cie.given_at).ok());
        let Some(cie) = cie.and_then(|at| cies.get(at)) else {
            return Err(here.malformed("its CIE is not in the table before it"));
        };
        frames += usize::from(read_fde(record, cie, (address, len), &mut made)?);
    }
    if frames == 0 {
        fail!(LIFECYCLE_E_FORMAT, "the eh_frame of {} bytes describes no frame", given.len());
    }
    made.add(&[0; 4])?;
    Ok(made.bytes)
}

/// Reads a CIE behind its second word, and adds it to the table.
fn read_cie(mut record: Reader<'_>, made_at: usize, made: &mut Made) -> Result<Cie> {
    let (whole, here) = (record.rest, record.here);
    let version = record.byte()?;
    if version != 1 && version != 3 {
        return Err(here.unsupported("a CIE of version", version));
    }
    let text = record.text()?;
    let mut letters = text.iter().copied();
    // Alignment factors of code and data, and the register of the return address.
    record.leb()?;
    record.leb()?;
    if version == 1 {
        record.byte()?;
    } else {
        record.leb()?;
    }
    let mut cie = Cie {
        given_at: here.offset,
        made_at,
        format: Format { bytes: 8, signed: false },
        data: None,
    };
    // Where the CIE says how its FDEs write addresses.
    let mut encoding_at = None;
    match letters.next() {
        None => {}
        Some(b'z') => {
            let size = usize::try_from(record.leb()?).unwrap_or(usize::MAX);
            let mut data = Reader { rest: record.take(size)?, here };
            let data_at = whole.len() - record.rest.len() - size;
            let mut pointer = 0;
            for letter in letters {
                match letter {
                    b'R' => {
                        encoding_at = Some(data_at + size - data.rest.len());
                        let encoding = data.byte()?;
                        let what = "addresses encoded as";
                        if encoding & BASE & !RELATIVE_TO_FIELD != ABSOLUTE {
                            return Err(here.unsupported(what, encoding));
                        }
                        cie.format = data.format(encoding, what)?;
                    }
                    b'P' | b'L' => {
                        let encoding = data.byte()?;
                        if letter == b'L' && encoding == ABSENT {
                            continue;
                        }
                        let what = "a language's pointer encoded as";
                        if encoding & BASE != ABSOLUTE {
                            return Err(here.unsupported(what, encoding));
                        }
                        let bytes = data.format(encoding, what)?.bytes;
                        if letter == b'L' {
                            pointer = bytes;
                        } else {
                            data.take(bytes)?;
                        }
                    }
                    // A signal's frame; signed return addresses; tagged memory.
                    b'S' | b'B' | b'G' => {}
                    _ => return Err(here.unsupported("an augmentation", letter)),
                }
            }
            cie.data = Some(pointer);
        }
        Some(letter) => return Err(here.unsupported("an augmentation", letter)),
    }
    let parts = match encoding_at.and_then(|at| whole.split_at_checked(at)) {
        Some((before, [_, after @ ..])) => [before, &[ABSOLUTE], after],
        _ => [whole, &[], &[]],
    };
    made.record(here, 0, parts)?;
    Ok(cie)
}

/// Reads an FDE behind its second word, and adds it to the table: whether it is about any byte.
fn read_fde(
    mut record: Reader<'_>,
    cie: &Cie,
    (address, len): (usize, usize),
    made: &mut Made,
) -> Result<bool> {
    let here = record.here;
    let from = record.number(cie.format)?;
    let size = record.number(cie.format)?;
    let after = record.rest;
    if let Some(pointer) = cie.data {
        let size = usize::try_from(record.leb()?).unwrap_or(usize::MAX);
        if record.take(size)?.len() < pointer {
            return Err(here.malformed("its language's data are too short for their pointer"));
        }
    }
    if from.checked_add(size).is_none_or(|end| end > len as u64) {
        let Where { record, offset } = here;
        fail!(
            LIFECYCLE_E_RANGE,
            "eh_frame record {record} at offset {offset}: {size} bytes from {from} on are not \
             inside the code of {len}"
        );
    }
    if size == 0 {
        return Ok(false);
    }
    let Ok(back) = u32::try_from(made.bytes.len() + 4 - cie.made_at) else {
        return Err(here.malformed("its CIE is too far away"));
    };
    let fields = [(address as u64 + from).to_le_bytes(), size.to_le_bytes()];
    made.record(here, back, [fields.as_flattened(), after, &[]])?;
    Ok(true)
}
