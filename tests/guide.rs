//! The guide and the README do what they say.
//!
//! In `console` blocks of the guide a line after `$` is run, and what it prints is
//! held against the lines that follow: `[..]` stands for any text in a line, `...`
//! for any lines. Where none follow, the command need only succeed. A block that
//! names a file is written to it (`file=`), added to it (`append=`), or, in a `diff`,
//! changes it. The chapters go on from each other, in one folder.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::harness::*;

/// The chapters, as the guide lists them.
fn chapters() -> Vec<String> {
    let list = fs::read_to_string(root().join("host/guide/README.md")).unwrap();
    let links = list.split("](").skip(1).filter_map(|part| part.split_once(')'));
    let files = links.map(|(link, _)| link).filter(|link| !link.contains('/'));
    files.map(str::to_owned).collect()
}

/// A fenced block: what stands behind the fence, and its lines.
struct Block<'t> {
    info: &'t str,
    lines: Vec<&'t str>,
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in text.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(info), None) => open = Some(Block { info, lines: Vec::new() }),
            (None, Some(block)) => block.lines.push(line),
            (None, None) => {}
        }
    }
    blocks
}

/// Whether printed lines are those expected.
fn fits(printed: &[&str], expected: &[&str]) -> bool {
    match expected.split_first() {
        None => printed.is_empty(),
        Some((&"...", rest)) => (0..=printed.len()).any(|skip| fits(&printed[skip..], rest)),
        Some((line, rest)) => printed
            .split_first()
            .is_some_and(|(first, others)| line_fits(first, line) && fits(others, rest)),
    }
}

fn line_fits(printed: &str, expected: &str) -> bool {
    let mut parts = expected.trim_end().split("[..]");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = printed.trim_end().strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, between)) = parts.split_last() else { return rest.is_empty() };
    for part in between {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Runs a line of the shell in a folder, with `sandtable` on the path; gives what it
/// prints, errors behind the answer.
fn shell(folder: &Path, line: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_sandtable")).parent().unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("sh");
    command.args(["-c", line]).current_dir(folder);
    // Cargo runs tests with these, and a person does not.
    for (name, _) in std::env::vars() {
        let is_cargos =
            name.starts_with("CARGO_") && !["CARGO_HOME", "CARGO_NET_OFFLINE"].contains(&&*name);
        if is_cargos || name == "RUSTFLAGS" {
            command.env_remove(name);
        }
    }
    command.env("PATH", format!("{}:{path}", program.display())).env("NO_COLOR", "1");
    let output = command.output().expect("a shell");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    let (answer, error) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "$ {line}\n{answer}{error}");
    format!("{answer}{error}")
}

/// Runs what a `console` block shows.
fn run(folder: &Path, lines: &[&str], chapter: &str) {
    let mut rest = lines;
    while let Some((command, others)) = rest.split_first() {
        let line = command.strip_prefix("$ ").unwrap_or_else(|| panic!("{chapter}: {command}"));
        let end = others.iter().position(|line| line.starts_with("$ ")).unwrap_or(others.len());
        let (expected, after) = others.split_at(end);
        let printed = shell(folder, line);
        if std::env::var_os("GUIDE_SHOW").is_some() {
            println!("$ {line}\n{printed}");
        }
        let printed: Vec<&str> = printed.lines().collect();
        let is_right = expected.is_empty() || fits(&printed, expected);
        assert!(
            is_right,
            "{chapter}\n$ {line}\n{}\n--- is not\n{}",
            printed.join("\n"),
            expected.join("\n")
        );
        rest = after;
    }
}

/// Takes the lines with `-` out of a text and puts those with `+` in.
fn changed(text: &str, lines: &[&str]) -> String {
    let of = |mark: char| -> String {
        let kept = lines.iter().filter(|line| line.starts_with([' ', mark]));
        kept.map(|line| format!("{}\n", &line[1..])).collect()
    };
    let before = of('-');
    assert_eq!(text.matches(&before).count(), 1, "once in the file:\n{before}");
    text.replace(&before, &of('+'))
}

fn write(folder: &Path, info: &str, lines: &[&str]) {
    let mut text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let Some((how, name)) = info.split_once(' ').and_then(|(_, where_)| where_.split_once('='))
    else {
        return;
    };
    let file = folder.join(name);
    let before = || fs::read_to_string(&file).expect("the file is there");
    match how {
        "append" => text = format!("{}\n{text}", before()),
        "file" if info.starts_with("diff ") => text = changed(&before(), lines),
        "file" => {}
        other => panic!("`{other}` in {info}"),
    }
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, text).unwrap();
}

#[test]
fn the_guide_does_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    bring_the_novel(folder.path());
    let chapters = chapters();
    assert!(chapters.len() > 5, "{chapters:?}");
    for chapter in chapters {
        let text = fs::read_to_string(root().join("host/guide").join(&chapter)).unwrap();
        for block in blocks(&text) {
            match block.info {
                "console" => run(folder.path(), &block.lines, &chapter),
                info => write(folder.path(), info, &block.lines),
            }
        }
    }
    the_mod_of_the_readme_builds(folder.path());
}

/// Has the world of the story, where the repository has them.
fn bring_the_novel(folder: &Path) {
    let there = folder.join("examples/novel");
    fs::create_dir_all(&there).unwrap();
    let here = root().join("examples/novel");
    let world = fs::read_to_string(here.join("world.toml")).unwrap();
    let package = root().join("mods/story").display().to_string().replace('\\', "/");
    fs::write(there.join("world.toml"), world.replace("../../mods/story", &package)).unwrap();
    fs::copy(here.join("novel.ndjson"), there.join("novel.ndjson")).unwrap();
}

fn the_mod_of_the_readme_builds(folder: &Path) {
    shell(folder, "sandtable new islands --mod motion");
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    let source = blocks(&text).into_iter().find(|block| block.info == "rust").expect("a mod");
    write(folder, "rust file=islands/mods/motion/src/lib.rs", &source.lines);
    shell(folder, "rm islands/mods/motion/scenarios/motion.toml");
    shell(folder, "sandtable run islands --save motion.db --ticks 1");
}

/// With fewer ticks, and the program that is there.
#[test]
fn the_first_commands_of_the_readme_run() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("earth.db").display().to_string();
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    let first = blocks(&text).into_iter().find(|block| block.info == "sh").expect("commands");
    for line in first.lines {
        let line = line.strip_prefix("cargo run --release -- ").expect("they run from the sources");
        let line = line.replace("earth.db", &save).replace("3650", "40");
        shell(root(), &format!("sandtable {line}"));
    }
}

#[test]
fn what_is_printed_is_held_against_lines_and_gaps() {
    let fits = |printed: &str, expected: &str| {
        fits(&printed.lines().collect::<Vec<_>>(), &expected.lines().collect::<Vec<_>>())
    };
    assert!(
        fits("a 1 b\nc\nd", "a [..] b\n...\nd") && fits("a", "a\n...") && fits("abab", "a[..]b")
    );
    assert!(!fits("a\nb", "a") && !fits("a 1 c", "a [..] b") && !fits("", "a") && !fits("ab", "a"));
}
