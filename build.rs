//! Fills in what the library says about its build, compiles the C shim, and generates the C header.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let abi = abi_number(&root)?;
    build_info(abi)?;
    shim()?;
    header(&root, abi)
}

/// The number in the soname: `metadata.abi` of Cargo.toml.
fn abi_number(root: &Path) -> Outcome<u32> {
    println!("cargo::rerun-if-changed=Cargo.toml");
    let manifest = fs::read_to_string(root.join("Cargo.toml"))?;
    let line = manifest.lines().find_map(|line| line.strip_prefix("metadata.abi ="));
    Ok(line.ok_or("Cargo.toml has no metadata.abi")?.trim().parse()?)
}

/// What lifecycle_abi_version and lifecycle_build_info return.
fn build_info(abi: u32) -> Outcome<()> {
    let rustc = Command::new(env::var("RUSTC")?).arg("--version").output()?.stdout;
    let info = format!(
        "liblifecycle {}, abi {abi}, {}, {}, {}",
        env::var("CARGO_PKG_VERSION")?,
        env::var("TARGET")?,
        env::var("PROFILE")?,
        String::from_utf8(rustc)?.trim(),
    );
    println!("cargo::rustc-env=LIFECYCLE_ABI={abi}");
    println!("cargo::rustc-env=LIFECYCLE_BUILD_INFO={info}");
    Ok(())
}

/// The little C there is (`src/shim/shim.c` and `tools.c`): hidden symbols, so that neither library exports them.
fn shim() -> Outcome<()> {
    println!("cargo::rerun-if-changed=src/shim");
    cc::Build::new()
        .file("src/shim/shim.c")
        .file("src/shim/tools.c")
        .std("c99")
        .pic(true)
        .extra_warnings(true)
        .flag("-Wstrict-prototypes")
        .flag("-fvisibility=hidden")
        .warnings_into_errors(env::var_os("CI").is_some())
        .try_compile("lifecycle_shim")?;
    Ok(())
}

/// Generates the header: into the build's own folder for development builds, where tests/header.rs
/// compares it with the committed one, and over include/lifecycle.h when
/// LIFECYCLE_REGENERATE_HEADER is set (`make header`). Release builds leave it alone, so that
/// packaged sources may be read-only.
fn header(root: &Path, abi: u32) -> Outcome<()> {
    println!("cargo::rerun-if-env-changed=LIFECYCLE_REGENERATE_HEADER");
    let regenerate = env::var_os("LIFECYCLE_REGENERATE_HEADER").is_some_and(|value| value == "1");
    if !regenerate && env::var("PROFILE")? != "debug" {
        return Ok(());
    }
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-changed=cbindgen.toml");

    let mut config = cbindgen::Config::from_file(root.join("cbindgen.toml"))?;
    for text in [&mut config.header, &mut config.after_includes].into_iter().flatten() {
        for (word, value) in [
            ("@MAJOR@", env::var("CARGO_PKG_VERSION_MAJOR")?),
            ("@MINOR@", env::var("CARGO_PKG_VERSION_MINOR")?),
            ("@PATCH@", env::var("CARGO_PKG_VERSION_PATCH")?),
            ("@VERSION@", env::var("CARGO_PKG_VERSION")?),
            ("@ABI@", abi.to_string()),
        ] {
            *text = text.replace(word, &value);
        }
    }
    let mut generated = Vec::new();
    cbindgen::Builder::new()
        .with_config(config)
        .with_src(root.join("src/lib.rs"))
        .generate()?
        .write(&mut generated);
    let text = finish(&String::from_utf8(generated)?);

    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("lifecycle.h"), &text)?;
    if regenerate {
        fs::write(root.join("include/lifecycle.h"), &text)?;
    }
    Ok(())
}

/// Constants that stand for an int: what lifecycle_kind returns.
const SIGNED: [&str; 8] = ["NIL", "STRING", "INT", "DOUBLE", "LIST", "DICT", "FOREIGN", "BUILDER"];

/// Mends what the generator cannot be told: other constants are unsigned in Rust, but a bare number
/// is an int in C; types read better by their own name than with `struct` or `enum` before it; a
/// comment of one line takes one line; what the library itself calls (`extern` blocks) and the
/// constants of its inner rooms are nobody else's business; what Rust calls Safety are requirements
/// to a C reader.
fn finish(header: &str) -> String {
    let lines: Vec<&str> = header.trim_start().lines().map(str::trim_end).collect();
    let mut text = String::with_capacity(header.len());
    let mut rest = lines.as_slice();
    let mut paragraph = 0;
    let mut column = 0;
    // A struct that points at its own kind needs the word: its name is declared by its end.
    let mut inside = "";
    while let [line, tail @ ..] = rest {
        rest = tail;
        if line.is_empty() {
            paragraph = text.len();
        }
        let inner_constant =
            line.starts_with("#define ") && !line.starts_with("#define LIFECYCLE_");
        if inner_constant || line.starts_with("extern ") && !line.ends_with('{') {
            text.truncate(paragraph);
            let end = rest.iter().position(|line| line.is_empty()).unwrap_or(rest.len());
            rest = rest.get(end..).unwrap_or_default();
            continue;
        }
        if line.is_empty() && tail.first().is_some_and(|next| next.is_empty()) {
            continue;
        }
        if let (Some(indent), [comment, end, after @ ..]) = (line.strip_suffix("/**"), tail)
            && end.trim_start() == "*/"
        {
            let comment = comment.trim_start().trim_start_matches("* ");
            text.push_str(&format!("{indent}/** {comment} */\n"));
            rest = after;
            continue;
        }
        if let Some(name) = line.strip_prefix("typedef struct ") {
            inside = name.trim_end_matches(" {");
        } else if line.starts_with('}') {
            inside = "";
        }
        let is_own_kind = !inside.is_empty() && line.contains(&format!("struct {inside} *"));
        let is_head = line.starts_with("typedef struct") || line.starts_with("typedef enum");
        let own = if is_head || line.starts_with(' ') && is_own_kind {
            line.to_string()
        } else {
            line.replace("struct lifecycle_", "lifecycle_")
                .replace("enum lifecycle_", "lifecycle_")
                .replace(" * # Safety", " * Requires:")
        };
        // A prototype's further parameters stand below the first.
        match own.find('(') {
            Some(at) if !own.starts_with(' ') => column = at + 1,
            _ if own.starts_with("      ") => text.push_str(&" ".repeat(column)),
            _ => {}
        }
        text.push_str(if own.starts_with("      ") { own.trim_start() } else { &own });
        let mut words = line.split(' ');
        let constant = words.next() == Some("#define")
            && words.next().is_some_and(|name| {
                let short = name.trim_start_matches("LIFECYCLE_");
                !name.contains("_VERSION") && !SIGNED.contains(&short)
            })
            && words.next().is_some_and(|value| value.parse::<u32>().is_ok());
        text.push_str(if constant { "u\n" } else { "\n" });
    }
    text
}
