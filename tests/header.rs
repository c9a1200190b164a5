//! The committed header is the one the sources give.

#[test]
fn the_header_is_up_to_date() {
    let generated = include_str!(concat!(env!("OUT_DIR"), "/lifecycle.h"));
    let committed = include_str!("../include/lifecycle.h");
    let differs = generated.lines().zip(committed.lines()).enumerate().find(|(_, (g, c))| g != c);
    assert!(
        generated == committed,
        "include/lifecycle.h is out of date (first difference, line and texts: {differs:?}); \
         mend it with: make header"
    );
}
