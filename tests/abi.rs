//! The Rust types and constants of src/abi are those of the header: sizes, alignments, offsets,
//! field types, values.
//!
//! The ctest crate compares them. It does not see enum values and function signatures:
//! c-tests/abi.c pins those.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Runs a tool and returns what it prints; an error if it fails.
fn run(command: &mut Command) -> Outcome<String> {
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let first: Vec<&str> = text.lines().chain(errors.lines()).take(20).collect();
    Err(format!("{command:?}:\n{}", first.join("\n")).into())
}

#[test]
#[expect(clippy::panic, reason = "shows the tool's own lines, which an Err would escape")]
fn the_header_has_the_same_types() {
    if let Err(error) = compare() {
        panic!("{error}");
    }
}

fn compare() -> Outcome<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("abi");
    fs::create_dir_all(&out)?;
    let rustc_says = run(Command::new("rustc").arg("-vV"))?;
    let target = rustc_says.lines().find_map(|line| line.strip_prefix("host: "));

    ctest::TestGenerator::new()
        .header("lifecycle.h")
        .target(target.ok_or("rustc does not name its host")?)
        .out_dir(&out)
        .edition(2024)
        // Opaque in C.
        .skip_struct(|it| ["lifecycle_value", "lifecycle_visitor"].contains(&it.ident()))
        .rename_struct_ty(|name| Some(name.to_string()))
        .generate_files(root.join("src/abi/mod.rs"), "generated")?;

    let object = out.join("generated.o");
    run(Command::new("cc")
        .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter"])
        .args(["-Wno-type-limits", "-c", "-I"])
        .arg(root.join("include"))
        .arg(out.join("generated.c"))
        .arg("-o")
        .arg(&object))?;

    let program = out.join("abi.rs");
    let types = root.join("src/abi/mod.rs");
    fs::write(
        &program,
        format!(
            "#![allow(warnings)]\n#[path = {types:?}]\nmod abi;\nuse abi::*;\ninclude!(\"generated.rs\");\n"
        ),
    )?;
    run(Command::new("rustc")
        .args(["--edition", "2024", "-o"])
        .arg(out.join("abi"))
        .arg(&program)
        .arg("-C")
        .arg(format!("link-arg={}", object.display())))?;
    let told = run(&mut Command::new(out.join("abi")))?;
    // A generator that saw no types would pass, too.
    let checks: usize = told
        .lines()
        .find_map(|line| line.strip_prefix("PASSED ")?.split(' ').next()?.parse().ok())
        .ok_or_else(|| format!("no count in: {told}"))?;
    assert!(checks > 500, "only {checks} checks");
    Ok(())
}
