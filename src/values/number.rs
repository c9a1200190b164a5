//! Numbers as text, both ways: the shortest text that reads back as the same number, written as Tcl
//! writes it, and what of a text is a number.
//!
//! It knows nothing of values and takes no memory.

use core::fmt::{self, Write};

use crate::base::{Result, fail};

/// Bytes of the longest text: a double of 17 digits with sign, point, zeros and exponent.
const LONGEST: usize = 40;
/// From this power of ten on a double is written with an exponent, as Tcl does.
const LARGE: i32 = 17;
/// Below this one too.
const SMALL: i32 = -4;

/// A number's text.
pub struct Digits {
    bytes: [u8; LONGEST],
    len: usize,
}

impl Digits {
    fn new() -> Self {
        Digits { bytes: [0; LONGEST], len: 0 }
    }

    /// The text.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = byte;
            self.len += 1;
        }
    }

    /// An integer.
    pub fn of_int(value: i64) -> Self {
        let mut digits = Digits::new();
        // Cannot fail: 20 bytes fit.
        let _ = write!(digits, "{value}");
        digits
    }

    /// A double: `1.0`, `0.0001`, `1e-5`, `1e+17`, `-Inf`, `NaN`.
    pub fn of_double(value: f64) -> Self {
        let mut digits = Digits::new();
        if value.is_nan() {
            let _ = digits.write_str("NaN");
            return digits;
        }
        if value.is_sign_negative() {
            digits.push(b'-');
        }
        if value.is_infinite() {
            let _ = digits.write_str("Inf");
            return digits;
        }
        digits.write_finite(value.abs());
        digits
    }

    fn write_finite(&mut self, value: f64) {
        // The shortest digits that read back: d.ddde-dd.
        let mut shortest = Digits::new();
        let _ = write!(shortest, "{value:e}");
        let text = core::str::from_utf8(shortest.as_bytes()).unwrap_or_default();
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let exponent = exponent.parse::<i32>().unwrap_or(0);
        let mut figures = mantissa.bytes().filter(|byte| *byte != b'.').peekable();
        if (SMALL..LARGE).contains(&exponent) {
            if exponent < 0 {
                let _ = self.write_str("0.");
            }
            for _ in exponent..-1 {
                self.push(b'0');
            }
            for _ in 0..=exponent {
                self.push(figures.next().unwrap_or(b'0'));
            }
            if exponent >= 0 {
                self.push(b'.');
                if figures.peek().is_none() {
                    self.push(b'0');
                }
            }
            figures.for_each(|figure| self.push(figure));
        } else {
            let _ = write!(self, "{mantissa}e{exponent:+}");
        }
    }
}

impl Write for Digits {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(|byte| self.push(byte));
        Ok(())
    }
}

/// Blanks around a number do not count.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn trim(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text
        && is_blank(*first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && is_blank(*last)
    {
        text = rest;
    }
    text
}

/// Part of a text, for a sentence.
struct Quoted<'a>(&'a [u8]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 60;
        let shown = self.0.get(..SHOWN).unwrap_or(self.0);
        write!(out, "\"{}{}\"", shown.escape_ascii(), if self.0.len() > SHOWN { "..." } else { "" })
    }
}

/// Why a text is no number that is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Not {
    Number,
    InRange,
}

fn unsigned(text: &[u8], radix: u32) -> core::result::Result<u64, Not> {
    let mut value = 0u64;
    let mut fits = true;
    for byte in text {
        let Some(digit) = char::from(*byte).to_digit(radix) else { return Err(Not::Number) };
        match value.checked_mul(u64::from(radix)).and_then(|v| v.checked_add(u64::from(digit))) {
            Some(next) => value = next,
            None => fits = false,
        }
    }
    match (text.is_empty(), fits) {
        (true, _) => Err(Not::Number),
        (_, false) => Err(Not::InRange),
        _ => Ok(value),
    }
}

/// Sign and size of an integer.
fn signed(text: &[u8]) -> core::result::Result<(bool, u64), Not> {
    let (is_negative, digits) = match trim(text) {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let size = match digits {
        [b'0', b'x' | b'X', rest @ ..] => unsigned(rest, 16),
        [b'0', b'o' | b'O', rest @ ..] => unsigned(rest, 8),
        [b'0', b'b' | b'B', rest @ ..] => unsigned(rest, 2),
        rest => unsigned(rest, 10),
    }?;
    Ok((is_negative, size))
}

fn read_int(text: &[u8]) -> core::result::Result<i64, Not> {
    let (is_negative, size) = signed(text)?;
    let value =
        if is_negative { 0i64.checked_sub_unsigned(size) } else { i64::try_from(size).ok() };
    value.ok_or(Not::InRange)
}

fn read_double(text: &[u8]) -> core::result::Result<f64, Not> {
    let trimmed = trim(text);
    let digits = trimmed.strip_prefix(b"-").or(trimmed.strip_prefix(b"+")).unwrap_or(trimmed);
    if let [b'0', b'x' | b'X' | b'o' | b'O' | b'b' | b'B', ..] = digits {
        let (is_negative, size) = signed(text)?;
        return Ok(if is_negative { -(size as f64) } else { size as f64 });
    }
    let parsed = core::str::from_utf8(trimmed).ok().and_then(|text| text.parse::<f64>().ok());
    match parsed {
        None => Err(Not::Number),
        Some(value) if value.is_infinite() && trimmed.iter().any(u8::is_ascii_digit) => {
            Err(Not::InRange)
        }
        Some(value) => Ok(value),
    }
}

/// The integer that a text is: blanks around, a sign, decimal digits, or `0x`, `0o`, `0b` and
/// digits. A 0 in front is a digit like others.
pub fn int_of_text(text: &[u8]) -> Result<i64> {
    match read_int(text) {
        Ok(value) => Ok(value),
        Err(Not::Number) => fail!(LIFECYCLE_E_TYPE, "{} is not an integer", Quoted(text)),
        Err(Not::InRange) => {
            fail!(LIFECYCLE_E_RANGE, "{} does not fit into 64 bits", Quoted(text))
        }
    }
}

/// The double that a text is: what `int_of_text` takes, decimal fractions, exponents, and
/// infinities and NaN in any case.
pub fn double_of_text(text: &[u8]) -> Result<f64> {
    match read_double(text) {
        Ok(value) => Ok(value),
        Err(Not::Number) => fail!(LIFECYCLE_E_TYPE, "{} is not a number", Quoted(text)),
        Err(Not::InRange) => fail!(LIFECYCLE_E_RANGE, "{} is too large a number", Quoted(text)),
    }
}

/// The integer that a double is, if it is one.
pub fn int_of_double(value: f64) -> Result<i64> {
    const END: f64 = 9_223_372_036_854_775_808.0;
    if value.is_nan() || value.is_finite() && value.trunc() != value {
        fail!(LIFECYCLE_E_TYPE, "{value} is not an integer");
    }
    if !(-END..END).contains(&value) {
        fail!(LIFECYCLE_E_RANGE, "{value:e} does not fit into 64 bits");
    }
    Ok(value as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn double(value: f64) -> String {
        String::from_utf8_lossy(Digits::of_double(value).as_bytes()).into_owned()
    }

    proptest! {
        #[test]
        fn numbers_read_back(bits: u64) {
            let int = bits as i64;
            prop_assert_eq!(read_int(Digits::of_int(int).as_bytes()), Ok(int));
            let value = f64::from_bits(bits);
            let back = read_double(Digits::of_double(value).as_bytes());
            let is_same = match back {
                Ok(back) if value.is_nan() => back.is_nan(),
                Ok(back) => back.to_bits() == bits,
                Err(_) => false,
            };
            prop_assert!(is_same);
        }

        #[test]
        fn no_text_is_too_strange(text in prop::collection::vec(any::<u8>(), 0..20)) {
            let _ = (read_int(&text), read_double(&text));
        }
    }

    #[test]
    fn doubles_are_written_as_tcl_writes_them() {
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1, "0.1"),
            (-12.5, "-12.5"),
            (100.0, "100.0"),
            (0.0001, "0.0001"),
            (0.000123, "0.000123"),
            (0.00001, "1e-5"),
            (1e16, "10000000000000000.0"),
            (1e17, "1e+17"),
            (1.234_567_890_123_456_8e17, "1.2345678901234568e+17"),
            (1e300, "1e+300"),
            (5e-324, "5e-324"),
            (1.797_693_134_862_315_7e308, "1.7976931348623157e+308"),
            (f64::INFINITY, "Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(double(value), text);
        }
    }

    #[test]
    fn integers_are_read() {
        for (text, value) in [
            ("0", Ok(0)),
            (" \t-42\n", Ok(-42)),
            ("+7", Ok(7)),
            ("010", Ok(10)),
            ("0x1F", Ok(31)),
            ("-0XfF", Ok(-255)),
            ("0o17", Ok(15)),
            ("0b101", Ok(5)),
            ("9223372036854775807", Ok(i64::MAX)),
            ("-9223372036854775808", Ok(i64::MIN)),
            ("9223372036854775808", Err(Not::InRange)),
            ("0xffffffffffffffff", Err(Not::InRange)),
            ("99999999999999999999999999", Err(Not::InRange)),
            ("99999999999999999999999999x", Err(Not::Number)),
            ("", Err(Not::Number)),
            ("-", Err(Not::Number)),
            ("0x", Err(Not::Number)),
            ("- 1", Err(Not::Number)),
            ("--1", Err(Not::Number)),
            ("1.0", Err(Not::Number)),
            ("0b2", Err(Not::Number)),
            ("1 2", Err(Not::Number)),
        ] {
            assert_eq!(read_int(text.as_bytes()), value, "{text}");
        }
    }

    #[test]
    fn doubles_are_read() {
        for (text, value) in [
            ("1", Ok(1.0)),
            (" 1. ", Ok(1.0)),
            (".5", Ok(0.5)),
            ("-1e3", Ok(-1000.0)),
            ("+2E-2", Ok(0.02)),
            ("0x10", Ok(16.0)),
            ("-0b11", Ok(-3.0)),
            ("inf", Ok(f64::INFINITY)),
            ("-Infinity", Ok(f64::NEG_INFINITY)),
            ("1e999", Err(Not::InRange)),
            ("1e", Err(Not::Number)),
            ("", Err(Not::Number)),
            ("x", Err(Not::Number)),
            ("0x1p3", Err(Not::Number)),
        ] {
            assert_eq!(read_double(text.as_bytes()), value, "{text}");
        }
        assert!(read_double(b"NaN").is_ok_and(f64::is_nan));
    }

    #[test]
    fn doubles_that_are_integers_are_told_from_others() {
        use crate::abi::lifecycle_status::*;
        let status = |value| int_of_double(value).map_err(|error| error.0);
        assert_eq!(status(-3.0), Ok(-3));
        assert_eq!(status(-9_223_372_036_854_775_808.0), Ok(i64::MIN));
        assert_eq!(status(9_223_372_036_854_775_808.0), Err(LIFECYCLE_E_RANGE));
        assert_eq!(status(f64::INFINITY), Err(LIFECYCLE_E_RANGE));
        assert_eq!(status(0.5), Err(LIFECYCLE_E_TYPE));
        assert_eq!(status(f64::NAN), Err(LIFECYCLE_E_TYPE));
    }
}
