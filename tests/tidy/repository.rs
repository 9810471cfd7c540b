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
            let left_out = name == "target" || (name.starts_with('.') && name != ".ci");
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

/// Fails with every finding, one a line, and what to do about them.
pub fn report(findings: Vec<String>, remedy: &str) {
    assert!(findings.is_empty(), "{remedy}:\n  {}\n", findings.join("\n  "));
}
