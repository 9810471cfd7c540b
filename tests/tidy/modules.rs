//! Which file of a crate uses what another one defines, as far as paths tell.
//!
//! Paths are followed through `use` and re-exports to the file that defines what they
//! name. Methods and fields are not seen, nor what is only there for tests.

use std::collections::{BTreeMap, BTreeSet};

use crate::repository::{is_there, read};
use crate::tokens::{Token, tokens};

/// The modules of one crate; the first is its root.
pub struct Crate {
    modules: Vec<Module>,
}

#[derive(Default)]
struct Module {
    file: String,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
    items: BTreeSet<String>,
    /// What `use` names, also privately: what is below sees it through `super`.
    names: BTreeMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
    /// Paths of `use`, with whether they are re-exports.
    uses: Vec<(Vec<String>, bool)>,
    /// Paths in code.
    paths: Vec<Vec<String>>,
    words: BTreeSet<String>,
}

enum Target {
    Module,
    Item(usize),
}

impl Crate {
    /// Reads a crate from its first file.
    pub fn read(root: &str) -> Self {
        let mut all = Self { modules: Vec::new() };
        let folder = root.rsplit_once('/').unwrap().0;
        all.read_file(root, folder, None);
        all
    }

    /// For each file, the other ones that define what it uses.
    pub fn uses(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut uses: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (at, module) in self.modules.iter().enumerate() {
            let named = module.uses.iter().filter(|(path, is_exported)| {
                !is_exported || path.last().is_some_and(|name| module.words.contains(name))
            });
            let paths = named.map(|(path, _)| path).chain(&module.paths);
            let targets = paths.filter_map(|path| match self.resolve(at, path, 0)? {
                Target::Item(target) => Some(self.modules[target].file.as_str()),
                Target::Module => None,
            });
            let others = targets.filter(|file| *file != module.file);
            uses.entry(&module.file).or_default().extend(others);
        }
        uses
    }

    fn read_file(&mut self, file: &str, folder: &str, parent: Option<usize>) -> usize {
        let tokens = tokens(&read(file));
        self.read_module(&tokens, file, folder, parent)
    }

    /// Reads what is between the braces of a module, or in its file. `folder` is
    /// where the files of its modules are.
    fn read_module(
        &mut self,
        tokens: &[Token],
        file: &str,
        folder: &str,
        parent: Option<usize>,
    ) -> usize {
        let this = self.modules.len();
        self.modules.push(Module { file: file.to_owned(), parent, ..Module::default() });
        let mut path = None;
        let mut at = 0;
        while at < tokens.len() {
            let token = &tokens[at];
            if *token == Token::Mark('#') && tokens.get(at + 1) == Some(&Token::Mark('[')) {
                let end = closing(tokens, at + 1);
                let attribute = &tokens[at + 2..end];
                at = end + 1;
                if is_for_tests(attribute) {
                    at = after_item(tokens, at);
                } else if let [Token::Word(name), Token::Mark('='), Token::Text(text)] = attribute
                    && name == "path"
                {
                    path = Some(text.clone());
                }
                continue;
            }
            if token.is("mod") && matches!(tokens.get(at + 2), Some(Token::Mark(';' | '{'))) {
                let name = tokens[at + 1].word().unwrap_or_default();
                let below = format!("{folder}/{name}");
                let child = if tokens[at + 2] == Token::Mark('{') {
                    let end = closing(tokens, at + 2);
                    let child = self.read_module(&tokens[at + 3..end], file, &below, Some(this));
                    at = end;
                    child
                } else {
                    let named = path.take().map(|path| format!("{folder}/{path}"));
                    let file = named.unwrap_or_else(|| file_of(&below));
                    self.read_file(&file, &below, Some(this))
                };
                self.modules[this].children.insert(name.to_owned(), child);
                at += 3;
            } else if token.is("use") {
                let end = (at..tokens.len()).find(|at| tokens[*at] == Token::Mark(';'));
                let end = end.unwrap_or(tokens.len());
                let is_exported = at > 0 && (tokens[at - 1].is("pub") || is_pub_in(tokens, at));
                self.modules[this].read_use(&tokens[at + 1..end], Vec::new(), is_exported);
                at = end + 1;
            } else if let Some(word) = token.word() {
                let path = path_at(tokens, at);
                let module = &mut self.modules[this];
                module.words.insert(word.to_owned());
                const DEFINES: [&str; 8] =
                    ["fn", "struct", "enum", "trait", "const", "static", "type", "union"];
                if DEFINES.contains(&word)
                    && let Some(name) = tokens.get(at + 1).and_then(Token::word)
                {
                    module.items.insert(name.to_owned());
                }
                at += 2 * path.len() - 1;
                if path.len() > 1 {
                    module.paths.push(path);
                }
            } else {
                at += 1;
            }
        }
        this
    }

    /// Where a path of a module leads, if that is in this crate.
    fn resolve(&self, from: usize, path: &[String], depth: usize) -> Option<Target> {
        let (first, rest) = path.split_first()?;
        let mut at = from;
        let mut rest = rest;
        match first.as_str() {
            "crate" => at = 0,
            "self" => {}
            "super" => {
                at = self.modules[at].parent?;
                while let Some((first, others)) = rest.split_first()
                    && first == "super"
                {
                    (at, rest) = (self.modules[at].parent?, others);
                }
            }
            _ => return self.find(at, path, depth, false),
        }
        self.find(at, rest, depth, true)
    }

    /// Where a path leads from a module on. `is_within`: what is not known there is
    /// an item of the module, and not of another crate.
    fn find(
        &self,
        mut at: usize,
        path: &[String],
        depth: usize,
        mut is_within: bool,
    ) -> Option<Target> {
        for (place, name) in path.iter().enumerate() {
            let module = &self.modules[at];
            if let Some(child) = module.children.get(name) {
                (at, is_within) = (*child, true);
                continue;
            }
            if let Some(named) = module.names.get(name)
                && depth < 8
            {
                let whole: Vec<String> = named.iter().chain(&path[place + 1..]).cloned().collect();
                return self.resolve(at, &whole, depth + 1);
            }
            if module.items.contains(name) {
                return Some(Target::Item(at));
            }
            for glob in module.globs.iter().filter(|_| depth < 8) {
                let whole: Vec<String> = glob.iter().chain(&path[place..]).cloned().collect();
                if let Some(Target::Item(item)) = self.resolve(at, &whole, depth + 1)
                    && self.modules[item].items.contains(name)
                {
                    return Some(Target::Item(item));
                }
            }
            return is_within.then_some(Target::Item(at));
        }
        is_within.then_some(Target::Module)
    }
}

impl Module {
    /// Reads the tree of a `use`.
    fn read_use(&mut self, tree: &[Token], mut path: Vec<String>, is_exported: bool) {
        let mut at = 0;
        while at < tree.len() {
            match &tree[at] {
                Token::Word(word) if word == "as" => {
                    if let Some(Token::Word(name)) = tree.get(at + 1) {
                        self.names.insert(name.clone(), path.clone());
                    }
                    self.uses.push((path, is_exported));
                    return;
                }
                Token::Word(word) => path.push(word.clone()),
                Token::Mark('*') => {
                    self.globs.push(path);
                    return;
                }
                Token::Mark('{') => {
                    let within = &tree[at + 1..closing(tree, at)];
                    for branch in branches(within) {
                        self.read_use(branch, path.clone(), is_exported);
                    }
                    return;
                }
                _ => {}
            }
            at += 1;
        }
        if path.len() > 1 && path.last().is_some_and(|name| name == "self") {
            path.pop();
        }
        if let Some(name) = path.last() {
            self.names.insert(name.clone(), path.clone());
            self.uses.push((path, is_exported));
        }
    }
}

/// The file of a module.
fn file_of(below: &str) -> String {
    let file = format!("{below}.rs");
    if is_there(&file) { file } else { format!("{below}/mod.rs") }
}

/// The branches of a tree of `use`, which commas part.
fn branches(tree: &[Token]) -> Vec<&[Token]> {
    let mut depth = 0;
    let parts = tree.split(move |token| {
        match token {
            Token::Mark('{') => depth += 1,
            Token::Mark('}') => depth -= 1,
            _ => {}
        }
        depth == 0 && *token == Token::Mark(',')
    });
    parts.filter(|branch| !branch.is_empty()).collect()
}

/// The names of a path that begins here.
fn path_at(tokens: &[Token], mut at: usize) -> Vec<String> {
    let mut path = Vec::new();
    while let Some(Token::Word(word)) = tokens.get(at) {
        path.push(word.clone());
        if tokens.get(at + 1) != Some(&Token::Colons) {
            break;
        }
        at += 2;
    }
    path
}

/// Where the bracket that opens here is closed.
fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token {
            Token::Mark('(' | '[' | '{') => depth += 1,
            Token::Mark(')' | ']' | '}') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    tokens.len()
}

/// Where the item that begins here, its attributes first, is over.
fn after_item(tokens: &[Token], mut at: usize) -> usize {
    while at < tokens.len() {
        match tokens[at] {
            Token::Mark(';') => return at + 1,
            Token::Mark('{') => return closing(tokens, at) + 1,
            Token::Mark('(' | '[') => at = closing(tokens, at) + 1,
            _ => at += 1,
        }
    }
    at
}

/// Whether what an attribute stands at is only there for tests.
fn is_for_tests(attribute: &[Token]) -> bool {
    let cfg = attribute.first().is_some_and(|first| first.is("cfg"));
    let (test, not) = (attribute.iter(), attribute.iter().any(|token| token.is("not")));
    cfg && !not && test.clone().any(|token| token.is("test"))
}

/// Whether `pub(…)` ends before this place.
fn is_pub_in(tokens: &[Token], at: usize) -> bool {
    if tokens[at - 1] != Token::Mark(')') {
        return false;
    }
    let open = (0..at).rev().find(|at| tokens[*at] == Token::Mark('('));
    open.is_some_and(|open| open > 0 && tokens[open - 1].is("pub"))
}
