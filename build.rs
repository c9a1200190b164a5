//! Compiles the C shim, and regenerates the header when asked to (`make header`).

use std::env;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src/shim");
    println!("cargo::rerun-if-env-changed=LIFECYCLE_REGENERATE_HEADER");
    shim()
}

/// The little C there is (`src/shim/shim.c`): hidden symbols, so that neither library exports them.
fn shim() -> Result<(), Box<dyn Error>> {
    cc::Build::new()
        .file("src/shim/shim.c")
        .std("c99")
        .pic(true)
        .extra_warnings(true)
        .flag("-Wstrict-prototypes")
        .flag("-fvisibility=hidden")
        .warnings_into_errors(env::var_os("CI").is_some())
        .try_compile("lifecycle_shim")?;
    Ok(())
}
