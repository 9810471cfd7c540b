//! The files of the repository, and how a rule says what it found.

use std::path::Path;

/// The repository's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

/// Every file whose path has one of these endings, from the root and in order.
/// What is built and what is hidden is left out, but for `.ci`.
pub fn files(endings: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    collect(root(), "", endings, &mut found);
    found.sort();
    found
}

fn collect(folder: &Path, within: &str, endings: &[&str], found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{within}{name}");
        if entry.file_type().unwrap().is_dir() {
            let left_out = ["target", "node_modules"].contains(&&*name)
                || (name.starts_with('.') && name != ".ci");
            if !left_out {
                collect(&entry.path(), &format!("{path}/"), endings, found);
            }
        } else if endings.iter().any(|ending| path.ends_with(ending)) {
            found.push(path);
        }
    }
}

/// The text of a file.
pub fn read(path: &str) -> String {
    let text = std::fs::read_to_string(root().join(path));
    text.unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Whether there is a file or folder of this path.
pub fn is_there(path: &str) -> bool {
    root().join(path).exists()
}

/// The first file of every library and program under `host` and `guest-sdk`.
pub fn crates() -> Vec<String> {
    let files = files(&["/lib.rs", "/main.rs"]).into_iter();
    let is_ours = |file: &String| file.starts_with("host/") || file.starts_with("guest-sdk/");
    let roots: Vec<String> = files.filter(is_ours).filter(|file| file.contains("/src/")).collect();
    assert!(roots.len() > 3, "{roots:?}");
    roots
}

/// Of findings by file, those without an exception, and each exception that no finding
/// needs. An exception is the end of a path, and why.
pub fn beyond(exceptions: &[(&str, &str)], findings: Vec<(String, String)>) -> Vec<String> {
    let without = findings
        .iter()
        .filter(|(file, _)| exceptions.iter().all(|(end, _)| !file.ends_with(end)))
        .map(|(file, what)| format!("{file}: {what}"));
    let needless = exceptions
        .iter()
        .filter(|(end, _)| findings.iter().all(|(file, _)| !file.ends_with(end)))
        .map(|(end, why)| format!("{end}: is no exception any more ({why})"));
    without.chain(needless).collect()
}

/// Fails with every finding, one a line, and what to do about them.
pub fn report(findings: Vec<String>, remedy: &str) {
    assert!(findings.is_empty(), "{remedy}:\n  {}\n", findings.join("\n  "));
}

#[test]
fn an_exception_is_needed_or_found() {
    let found = |file: &str| (file.to_owned(), "is long".to_owned());
    let exceptions = [("b.rs", "a list"), ("c.rs", "another")];
    let beyond = beyond(&exceptions, vec![found("x/a.rs"), found("x/b.rs")]);
    assert_eq!(beyond, ["x/a.rs: is long", "c.rs: is no exception any more (another)"]);
}
