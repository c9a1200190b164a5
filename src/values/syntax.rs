//! Tcl's list syntax, both ways: elements as text, and the elements of a text.
//!
//! Elements are separated by blanks. One that needs protection stands in braces or, where these
//! would not balance, has backslashes; which of the two is chosen as Tcl's `Tcl_ScanElement` and
//! `Tcl_ConvertElement` do, so that the text is the one Tcl would give. Reading is as
//! `TclFindElement`: braces, quotes, backslash sequences; those for characters give UTF-8.
//!
//! It knows nothing of values, takes no memory, and handles any bytes.

use core::fmt;

use crate::base::{Error, Result, error};

/// How an element is protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Style {
    Bare,
    Braces,
    /// Backslashes, before braces too.
    Escaped,
    /// Backslashes, but not before braces, which balance.
    Masked,
}

/// What separates elements.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// What is known of an element after one look at it.
#[derive(Default)]
struct Scan {
    open: isize,
    needs_escape: bool,
    needs_quotes: bool,
    prefers_escape: bool,
    prefers_braces: bool,
}

impl Scan {
    fn of(element: &[u8]) -> Self {
        let starts_like_a_group = matches!(element, [b'{' | b'"', ..]);
        let mut scan = Scan {
            needs_quotes: starts_like_a_group,
            prefers_braces: starts_like_a_group,
            ..Scan::default()
        };
        let mut rest = element;
        while let [byte, after @ ..] = rest {
            rest = after;
            match byte {
                b'{' => scan.open += 1,
                b'}' => {
                    scan.open -= 1;
                    scan.needs_escape |= scan.open < 0;
                }
                b']' | b'"' => {
                    scan.needs_quotes = true;
                    scan.prefers_escape = true;
                }
                b'[' | b'$' | b';' | b' ' | b'\t'..=b'\r' => {
                    scan.needs_quotes = true;
                    scan.prefers_braces = true;
                }
                b'\\' => rest = scan.backslash(after),
                _ => {}
            }
        }
        scan.needs_escape |= scan.open != 0;
        scan
    }

    /// A backslash is followed by this. What comes after the two.
    fn backslash<'a>(&mut self, after: &'a [u8]) -> &'a [u8] {
        self.needs_quotes = true;
        self.prefers_braces = true;
        match after {
            // Neither would be itself in braces.
            [] => self.needs_escape = true,
            [b'\n', rest @ ..] => {
                self.needs_escape = true;
                return rest;
            }
            [b'{' | b'}' | b'\\', rest @ ..] => return rest,
            _ => {}
        }
        after
    }
}

fn style(element: &[u8], is_first: bool) -> Style {
    let scan = Scan::of(element);
    let is_comment = is_first && element.first() == Some(&b'#');
    if element.is_empty() {
        Style::Braces
    } else if scan.needs_escape {
        Style::Escaped
    } else if scan.needs_quotes && scan.prefers_escape && !(scan.prefers_braces || is_comment) {
        Style::Masked
    } else if scan.needs_quotes || is_comment {
        Style::Braces
    } else {
        Style::Bare
    }
}

/// What stands behind the backslash for a byte that has one, in this style.
fn escape(byte: u8, style: Style) -> Option<u8> {
    match byte {
        b'{' | b'}' if style == Style::Masked => None,
        b'{' | b'}' | b'[' | b']' | b'$' | b';' | b' ' | b'\\' | b'"' => Some(byte),
        b'\t' => Some(b't'),
        b'\n' => Some(b'n'),
        0x0b => Some(b'v'),
        0x0c => Some(b'f'),
        b'\r' => Some(b'r'),
        _ => None,
    }
}

/// Writes an element piece by piece; `is_first` of its list, where a `#` would look like a comment.
pub fn quote(element: &[u8], is_first: bool, mut out: impl FnMut(&[u8])) {
    let style = style(element, is_first);
    match style {
        Style::Bare => return out(element),
        Style::Braces => {
            out(b"{");
            out(element);
            return out(b"}");
        }
        Style::Escaped | Style::Masked => {}
    }
    if is_first && element.first() == Some(&b'#') {
        out(b"\\");
    }
    for byte in element {
        match escape(*byte, style) {
            Some(named) => out(&[b'\\', named]),
            None => out(&[*byte]),
        }
    }
}

/// Bytes that `quote` writes.
pub fn quoted_len(element: &[u8], is_first: bool) -> usize {
    let mut len = 0;
    quote(element, is_first, |piece| len += piece.len());
    len
}

/// An element of a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Element<'a> {
    /// Its bytes, without the braces or quotes around.
    pub raw: &'a [u8],
    /// Backslash sequences in it are to be replaced (`unescape`).
    pub is_escaped: bool,
}

/// The elements of a text, one after the other; after an error there are no more.
pub struct Elements<'a> {
    rest: &'a [u8],
}

/// Part of a text, for a sentence.
struct Word<'a>(&'a [u8]);

impl fmt::Display for Word<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 20;
        let end = self.0.iter().position(|byte| is_blank(*byte)).unwrap_or(self.0.len());
        let shown = self.0.get(..end.min(SHOWN)).unwrap_or_default();
        write!(out, "\"{}\"", shown.escape_ascii())
    }
}

impl<'a> Elements<'a> {
    /// Of a text.
    pub fn of(text: &'a [u8]) -> Self {
        Elements { rest: text }
    }

    fn fail(&mut self, error: Error) -> Option<Result<Element<'a>>> {
        self.rest = &[];
        Some(Err(error))
    }

    /// The element is `text[..end]`; `end + closing` bytes are read.
    fn take(
        &mut self,
        text: &'a [u8],
        end: usize,
        closing: usize,
        is_escaped: bool,
    ) -> Element<'a> {
        self.rest = text.get(end + closing..).unwrap_or_default();
        Element { raw: text.get(..end).unwrap_or_default(), is_escaped }
    }

    fn bare(&mut self, text: &'a [u8]) -> Element<'a> {
        let (mut at, mut is_escaped) = (0, false);
        while let Some(byte) = text.get(at) {
            if is_blank(*byte) {
                break;
            }
            is_escaped |= *byte == b'\\';
            at += step(text, at);
        }
        self.take(text, at.min(text.len()), 0, is_escaped)
    }

    /// In braces or quotes; `text` begins behind the first one.
    fn grouped(&mut self, text: &'a [u8], is_braced: bool) -> Option<Result<Element<'a>>> {
        let (mut at, mut open, mut is_escaped) = (0, 1usize, false);
        while let Some(byte) = text.get(at) {
            match byte {
                b'{' if is_braced => open += 1,
                b'}' if is_braced => open -= 1,
                b'"' if !is_braced => open = 0,
                b'\\' => is_escaped = !is_braced,
                _ => {}
            }
            if open == 0 {
                break;
            }
            at += step(text, at);
        }
        let group = if is_braced { ("brace", "braces") } else { ("quote", "quotes") };
        if open != 0 {
            return self.fail(error!(LIFECYCLE_E_TYPE, "unmatched open {} in list", group.0));
        }
        let element = self.take(text, at, 1, is_escaped);
        if self.rest.first().is_some_and(|byte| !is_blank(*byte)) {
            let (name, next) = (group.1, Word(self.rest));
            return self.fail(error!(
                LIFECYCLE_E_TYPE,
                "list element in {name} followed by {next} instead of space"
            ));
        }
        Some(Ok(element))
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<Element<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        while let [first, after @ ..] = self.rest
            && is_blank(*first)
        {
            self.rest = after;
        }
        match self.rest {
            [] => None,
            [b'{', text @ ..] => self.grouped(text, true),
            [b'"', text @ ..] => self.grouped(text, false),
            text => Some(Ok(self.bare(text))),
        }
    }
}

/// Bytes to go on by from `at`: a backslash goes with what follows it.
fn step(text: &[u8], at: usize) -> usize {
    match text.get(at..) {
        Some([b'\\', rest @ ..]) => 1 + sequence(rest).0,
        _ => 1,
    }
}

/// What a backslash sequence stands for.
enum Stands {
    /// Itself, whatever it is.
    Byte(u8),
    /// A character by its number.
    Char(u32),
}

/// Up to `most` digits at the start: how many, and their number.
fn digits(text: &[u8], radix: u32, most: usize) -> (usize, u32) {
    let values = text.iter().take(most).map_while(|byte| char::from(*byte).to_digit(radix));
    values.fold((0, 0), |(len, number): (usize, u32), digit| {
        (len + 1, number.wrapping_mul(radix).wrapping_add(digit))
    })
}

/// The sequence behind a backslash: its length, and what it stands for.
fn sequence(text: &[u8]) -> (usize, Stands) {
    let Some(first) = text.first() else { return (0, Stands::Byte(b'\\')) };
    let coded = |radix, skip: usize, most| {
        let (len, number) = digits(text.get(skip..).unwrap_or_default(), radix, most);
        let stands = if len == 0 { Stands::Byte(*first) } else { Stands::Char(number) };
        (skip + len, stands)
    };
    match first {
        b'a' => (1, Stands::Byte(0x07)),
        b'b' => (1, Stands::Byte(0x08)),
        b'f' => (1, Stands::Byte(0x0c)),
        b'n' => (1, Stands::Byte(b'\n')),
        b'r' => (1, Stands::Byte(b'\r')),
        b't' => (1, Stands::Byte(b'\t')),
        b'v' => (1, Stands::Byte(0x0b)),
        b'x' => coded(16, 1, 2),
        b'u' => coded(16, 1, 4),
        b'U' => coded(16, 1, 8),
        // Three digits, or two where three would be more than a byte.
        b'0'..=b'3' => coded(8, 0, 3),
        b'4'..=b'7' => coded(8, 0, 2),
        b'\n' => {
            let blanks = text.iter().skip(1).take_while(|byte| matches!(byte, b' ' | b'\t'));
            (1 + blanks.count(), Stands::Byte(b' '))
        }
        _ => (1, Stands::Byte(*first)),
    }
}

/// Writes an element with its backslash sequences replaced: never more bytes than it has.
pub fn unescape(raw: &[u8], mut out: impl FnMut(&[u8])) {
    let mut rest = raw;
    while !rest.is_empty() {
        let plain = rest.iter().position(|byte| *byte == b'\\').unwrap_or(rest.len());
        let (before, after) = rest.split_at_checked(plain).unwrap_or((rest, &[]));
        out(before);
        let [b'\\', escaped @ ..] = after else { return };
        let (len, stands) = sequence(escaped);
        match stands {
            Stands::Byte(byte) => out(&[byte]),
            Stands::Char(number) => {
                let char = char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER);
                out(char.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        rest = escaped.get(len..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::last_sentence;
    use proptest::prelude::*;

    fn format(elements: &[&[u8]]) -> Vec<u8> {
        let mut text = Vec::new();
        for (i, element) in elements.iter().enumerate() {
            if i != 0 {
                text.push(b' ');
            }
            let before = text.len();
            quote(element, i == 0, |piece| text.extend_from_slice(piece));
            assert_eq!(text.len() - before, quoted_len(element, i == 0));
        }
        text
    }

    fn parse(text: &[u8]) -> core::result::Result<Vec<Vec<u8>>, String> {
        let mut elements = Vec::new();
        for element in Elements::of(text) {
            let Ok(element) = element else { return Err(last_sentence()) };
            let mut bytes = Vec::new();
            if element.is_escaped {
                unescape(element.raw, |piece| bytes.extend_from_slice(piece));
                assert!(bytes.len() <= element.raw.len());
            } else {
                bytes.extend_from_slice(element.raw);
            }
            elements.push(bytes);
        }
        Ok(elements)
    }

    /// Bytes that mean something, more often than others.
    fn byte() -> impl Strategy<Value = u8> {
        let special = prop::sample::select(b"{}[]\\\" \n\t$;#ax0u7".to_vec());
        prop_oneof![4 => special, 1 => any::<u8>()]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn what_is_written_reads_back(
            elements in prop::collection::vec(prop::collection::vec(byte(), 0..12), 0..6),
        ) {
            let borrowed = elements.iter().map(Vec::as_slice).collect::<Vec<_>>();
            prop_assert_eq!(parse(&format(&borrowed)), Ok(elements));
        }

        #[test]
        fn whatever_reads_is_written_so_that_it_reads_the_same(
            text in prop::collection::vec(byte(), 0..40),
        ) {
            if let Ok(elements) = parse(&text) {
                let borrowed = elements.iter().map(Vec::as_slice).collect::<Vec<_>>();
                prop_assert_eq!(parse(&format(&borrowed)), Ok(elements));
            }
        }
    }

    #[test]
    fn elements_are_written_as_tcl_writes_them() {
        let cases: &[(&[&str], &str)] = &[
            (&[], ""),
            (&[""], "{}"),
            (&["a", "b c", "d"], "a {b c} d"),
            (&["#a", "#b"], "{#a} #b"),
            (&["a{b}c"], "a{b}c"),
            (&["{a}"], "{{a}}"),
            (&["a{b"], "a\\{b"),
            (&["a}b{"], "a\\}b\\{"),
            (&["a]b"], "a\\]b"),
            (&["a\"b"], "a\\\"b"),
            (&["\"ab"], "{\"ab}"),
            (&["x{a\"b}"], "x{a\\\"b}"),
            (&["#{a\"b}"], "{#{a\"b}}"),
            (&["#{"], "\\#\\{"),
            (&["a$b", "[c]", "d;e"], "{a$b} {[c]} {d;e}"),
            (&["a\\b"], "{a\\b}"),
            (&["a\\"], "a\\\\"),
            (&["a b\\"], "a\\ b\\\\"),
            (&["a\\\nb"], "a\\\\\\nb"),
            (&["a\\{b"], "{a\\{b}"),
            (&["a\nb\tc"], "{a\nb\tc}"),
            (&["{\n\r\t\x0b\x0c"], "\\{\\n\\r\\t\\v\\f"),
            (&["a b", "c{d e}"], "{a b} {c{d e}}"),
        ];
        for (elements, text) in cases {
            let bytes = elements.iter().map(|element| element.as_bytes()).collect::<Vec<_>>();
            assert_eq!(String::from_utf8_lossy(&format(&bytes)), *text);
            assert_eq!(parse(text.as_bytes()).map(|read| read.len()), Ok(elements.len()));
        }
    }

    #[test]
    fn texts_are_read_as_tcl_reads_them() {
        let cases: &[(&str, &[&str])] = &[
            (" \n\t a  b ", &["a", "b"]),
            ("{a b} \"c d\" e", &["a b", "c d", "e"]),
            ("{a {b c} d}", &["a {b c} d"]),
            ("a\\ b", &["a b"]),
            ("a{b c}d", &["a{b", "c}d"]),
            ("a\"b", &["a\"b"]),
            ("{a\\}b}", &["a\\}b"]),
            ("\"a\\\"b\"", &["a\"b"]),
            ("\\n\\t\\x41\\u00e9\\101\\0x", &["\n\tA\u{e9}A\0x"]),
            ("\\x\\xg\\u", &["xxgu"]),
            ("\\400", &[" 0"]),
            ("\\U1F600", &["\u{1f600}"]),
            ("\\ud800", &["\u{fffd}"]),
            ("a\\\n   b", &["a b"]),
            ("a\\", &["a\\"]),
            ("{}", &[""]),
            ("\"\"", &[""]),
            ("$a [b]", &["$a", "[b]"]),
        ];
        for (text, elements) in cases {
            let wanted = elements.iter().map(|element| element.as_bytes().to_vec());
            assert_eq!(parse(text.as_bytes()), Ok(wanted.collect()), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_list_is_told() {
        for (text, sentence) in [
            ("a {b", "unmatched open brace in list"),
            ("{a\\}", "unmatched open brace in list"),
            ("\"a", "unmatched open quote in list"),
            ("{a}b c", "list element in braces followed by \"b\" instead of space"),
            ("\"a\"{b}", "list element in quotes followed by \"{b}\" instead of space"),
        ] {
            assert_eq!(parse(text.as_bytes()), Err(sentence.into()), "{text:?}");
        }
    }
}
