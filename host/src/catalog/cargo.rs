//! Cargo, rustc and rustup, run as a person would run them.
//!
//! Owns the environment they get, the target that guests are compiled for, and
//! what is made of their output. Deliberately absent: which packages are built
//! and what for.

use std::env;
use std::io::{self, BufRead, BufReader, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use serde::Deserialize;

use super::Error;

/// What guests are compiled for.
pub const TARGET: &str = "wasm32-wasip2";

/// What rustc is given for mods.
///
/// - Vectors, which every wasm host of today has, and four of them in each turn of a
///   loop: a turn pays for the fuel that it takes.
/// - Memory for what a call works on, besides stack and data: where it must grow, the
///   kernel changes the protection of pages, for which it stops all other calls. More
///   than is used is no gain: of all that a call may address, what any earlier one
///   wrote to is zeroed after each.
/// - No line tables: they are twenty times as large as the code, and a save keeps every
///   component that ever ran in it. Names of functions stay.
pub const RUSTFLAGS: [&str; 4] = [
    "-Ctarget-feature=+simd128",
    "-Cllvm-args=-force-vector-interleave=4",
    "-Clink-arg=--initial-heap=196608",
    "-Cstrip=debuginfo",
];

/// What happens while mods are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// The wasm target is not installed and is being added through rustup.
    AddingTarget,
    /// A line of cargo about what it does.
    Status(&'a str),
    /// A message of the compiler or of cargo about the code, as it was written;
    /// may be of several lines.
    Diagnostic(&'a str),
    /// One more of the packages of a workspace is built.
    Built {
        /// How many are.
        done: usize,
        /// How many there are.
        all: usize,
    },
}

/// A package, as `cargo metadata` tells of it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Package {
    pub id: String,
    pub name: String,
    pub manifest_path: PathBuf,
    targets: Vec<Target>,
}

#[derive(Clone, Debug, Deserialize)]
struct Target {
    crate_types: Vec<String>,
}

impl Package {
    /// Whether a component can be made of it.
    pub fn is_guest(&self) -> bool {
        self.targets.iter().any(|target| target.crate_types.iter().any(|it| it == "cdylib"))
    }
}

/// A cargo workspace; a package on its own is one too.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Workspace {
    pub packages: Vec<Package>,
    #[serde(rename = "workspace_root")]
    pub root: PathBuf,
}

impl Workspace {
    /// The workspace that a manifest belongs to.
    pub fn of(manifest: &Path, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Self, Error> {
        let mut command = command(cargo(), manifest.parent().unwrap_or(Path::new(".")));
        command.args(["metadata", "--no-deps", "--format-version=1", "--manifest-path"]);
        let output = command.arg(manifest).output().map_err(no_cargo)?;
        let failed = |output: String| Error::Build {
            what: format!("cargo cannot read {}; its messages stand above", manifest.display()),
            output,
        };
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            progress(Progress::Diagnostic(said.trim_end_matches('\n')));
            return Err(failed(said));
        }
        serde_json::from_slice(&output.stdout).map_err(|cause| failed(cause.to_string()))
    }
}

/// Makes sure that guests can be compiled by the toolchain used in `folder`.
pub(super) fn ensure_target(
    folder: &Path,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<(), Error> {
    if has_target(folder)? {
        return Ok(());
    }
    progress(Progress::AddingTarget);
    let toolchain = |what: String| Error::Toolchain { what };
    let mut command = command("rustup".into(), folder);
    let output = command.args(["target", "add", TARGET]).output().map_err(|cause| {
        toolchain(format!(
            "the Rust target {TARGET} is not installed and rustup cannot be started to add it \
             ({cause}): install rustup from https://rustup.rs, or the target by the means that \
             installed Rust"
        ))
    })?;
    if output.status.success() && has_target(folder)? {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().rfind(|line| line.starts_with("error")).unwrap_or("it gave no reason");
    Err(toolchain(format!(
        "rustup could not add the Rust target {TARGET} ({}): run `rustup target add {TARGET}` \
         by hand and try again",
        said.trim_start_matches("error:").trim()
    )))
}

fn has_target(folder: &Path) -> Result<bool, Error> {
    let rustc = env::var_os("RUSTC").map_or_else(|| "rustc".into(), PathBuf::from);
    let output = command(rustc, folder)
        .args(["--print=target-libdir", "--target", TARGET])
        .output()
        .map_err(|cause| Error::Toolchain {
            what: format!(
                "the mods cannot be built because rustc cannot be started ({cause}): install Rust \
                 from https://rustup.rs"
            ),
        })?;
    if !output.status.success() {
        return Ok(false);
    }
    let libdir = String::from_utf8_lossy(&output.stdout);
    Ok(Path::new(libdir.trim()).is_dir())
}

/// Builds packages of one workspace to components; answers with a component for
/// each package, in their order.
pub(super) fn build(
    root: &Path,
    packages: &[&Package],
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Vec<PathBuf>, Error> {
    let mut command = command(cargo(), root);
    command.args(["build", "--release", "--lib", "--target", TARGET]);
    command.arg(format!("--config=target.{TARGET}.rustflags={RUSTFLAGS:?}"));
    command.arg(if io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none() {
        "--message-format=json-diagnostic-rendered-ansi"
    } else {
        "--message-format=json"
    });
    command.arg("--color=never").arg("--manifest-path").arg(root.join("Cargo.toml"));
    for package in packages {
        command.args(["--package", &package.id]);
    }
    let mut components = vec![None; packages.len()];
    let mut output = String::new();
    let mut failed: Vec<String> = Vec::new();
    let mut in_diagnostic = false;
    let success = run(command, &mut |line| match line {
        Line::Out(json) => match serde_json::from_str(json) {
            Ok(Message::Artifact { package_id, filenames }) => {
                let wasm =
                    filenames.into_iter().find(|it| it.extension().is_some_and(|e| e == "wasm"));
                if let Some(at) = packages.iter().position(|package| package.id == package_id)
                    && wasm.is_some()
                {
                    components[at] = wasm;
                    let done = components.iter().flatten().count();
                    progress(Progress::Built { done, all: packages.len() });
                }
            }
            Ok(Message::Diagnostic { message: Rendered { rendered: Some(text) } }) => {
                output.push_str(&text);
                progress(Progress::Diagnostic(text.trim_end_matches('\n')));
            }
            _ => {}
        },
        Line::Err(line) => {
            in_diagnostic = !is_status(line) && (in_diagnostic || starts_diagnostic(line));
            if let Some(name) = not_compiled(line) {
                failed.push(name.to_owned());
            }
            if in_diagnostic {
                output.push_str(line);
                output.push('\n');
                progress(Progress::Diagnostic(line));
            } else {
                progress(Progress::Status(line));
            }
        }
    })?;
    let names = || packages.iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join(", ");
    if !success {
        let which = if failed.is_empty() { names() } else { failed.join(", ") };
        let what = format!("cargo could not build {which}; its messages stand above");
        return Err(Error::Build { what, output });
    }
    components.into_iter().collect::<Option<Vec<_>>>().ok_or_else(|| Error::Build {
        what: format!("cargo made no component of one of {}: update cargo", names()),
        output,
    })
}

#[derive(Deserialize)]
#[serde(tag = "reason")]
enum Message {
    #[serde(rename = "compiler-artifact")]
    Artifact { package_id: String, filenames: Vec<PathBuf> },
    #[serde(rename = "compiler-message")]
    Diagnostic { message: Rendered },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Rendered {
    rendered: Option<String>,
}

/// Cargo aligns what it does to the right in twelve columns.
fn is_status(line: &str) -> bool {
    let Some((verb, rest)) = line.split_at_checked(12) else { return false };
    rest.starts_with(' ') && verb.trim_start().bytes().all(|it| it.is_ascii_alphabetic())
}

fn starts_diagnostic(line: &str) -> bool {
    line.starts_with("error") || line.starts_with("warning")
}

/// The package that this line says did not compile.
fn not_compiled(line: &str) -> Option<&str> {
    let (name, _) = line.strip_prefix("error: could not compile `")?.split_once('`')?;
    Some(name)
}

enum Line<'a> {
    Out(&'a str),
    Err(&'a str),
}

/// Runs a command and hands over its lines as they come; says whether it
/// succeeded.
fn run(mut command: Command, take: &mut dyn FnMut(Line<'_>)) -> Result<bool, Error> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(no_cargo)?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        let (send, lines) = mpsc::channel();
        let send_err = send.clone();
        scope.spawn(move || forward(out, |line| send.send((true, line)).is_ok()));
        scope.spawn(move || forward(err, |line| send_err.send((false, line)).is_ok()));
        for (is_out, line) in lines {
            take(if is_out { Line::Out(&line) } else { Line::Err(&line) });
        }
    });
    Ok(child.wait().map_err(no_cargo)?.success())
}

fn forward(from: Option<impl io::Read>, mut take: impl FnMut(String) -> bool) {
    let Some(from) = from else { return };
    for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
        if !take(String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned()) {
            return;
        }
    }
}

fn cargo() -> PathBuf {
    env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from)
}

fn no_cargo(cause: io::Error) -> Error {
    let what = format!(
        "the mods cannot be built because cargo cannot be started ({cause}): install Rust from \
         https://rustup.rs"
    );
    Error::Toolchain { what }
}

/// A command in `folder`, without what cargo and its wrappers leave in the
/// environment for what they run. Flags for the compiler go with it: they would
/// replace those that guests are built with.
fn command(program: PathBuf, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder);
    for name in [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_BUILD_RUSTFLAGS",
        "CARGO_BUILD_TARGET",
        "CARGO_MANIFEST_DIR",
        "CARGO_MANIFEST_PATH",
        "RUSTC_WORKSPACE_WRAPPER",
        "CLIPPY_ARGS",
    ] {
        command.env_remove(name);
    }
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_")) {
            command.env_remove(name);
        }
    }
    // A relative target folder means the one seen from where we were started.
    for name in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"] {
        if let Some(path) = env::var_os(name)
            && let Ok(path) = std::path::absolute(path)
        {
            command.env(name, path);
        }
    }
    command
}

#[cfg(test)]
mod tests {
    use super::is_status;

    #[test]
    fn what_cargo_does_is_told_from_what_it_minds() {
        assert!(is_status("   Compiling economy v0.1.0 (/somewhere)"));
        assert!(is_status("    Finished `release` profile [optimized] target(s) in 0.1s"));
        assert!(!is_status("error: could not compile `economy` (lib) due to 1 previous error"));
        assert!(!is_status("Caused by:"));
        assert!(!is_status("  expected `=`"));
    }
}
