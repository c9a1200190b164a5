//! Another library written in Rust, optimised with LTO as ours is, that comes into the same program
//! as an archive.

#[unsafe(no_mangle)]
pub extern "C" fn other_self_test() -> i32 {
    let caught = std::panic::catch_unwind(|| std::panic::resume_unwind(Box::new("on purpose")));
    let text = std::thread::spawn(|| format!("{:?}", std::env::args().count())).join();
    i32::from(caught.is_err() && text.is_ok())
}
