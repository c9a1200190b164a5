//! Compiles the C shim, and regenerates the header when asked to (`make header`).

use std::env;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src/shim");
    println!("cargo::rerun-if-env-changed=LIFECYCLE_REGENERATE_HEADER");
    Ok(())
}
