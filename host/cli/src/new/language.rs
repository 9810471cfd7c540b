//! In which language a new mod is written, and the files that differ by it.

use sandtable::catalog::WORLD_FILE;

/// A language that mods are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    /// A cargo package, compiled
    #[default]
    Rust,
    /// JavaScript, which an engine in sandtable runs: nothing is built
    Js,
}

/// Files with places to fill in, by path.
pub(super) type Files = &'static [(&'static str, &'static str)];

const TYPES: (&str, &str) =
    (".sandtable/sandtable.d.ts", include_str!("../../../engines/js/sandtable.d.ts"));
const CONFIG: (&str, &str) = ("jsconfig.json", include_str!("template/js/jsconfig.json"));

impl Language {
    /// Files of a new world.
    pub(super) fn world(self) -> Files {
        match self {
            Self::Rust => &[
                (WORLD_FILE, include_str!("template/world.toml")),
                ("Cargo.toml", include_str!("template/workspace.toml")),
                ("README.md", include_str!("template/README.md")),
                (".gitignore", include_str!("template/gitignore")),
                ("mods/{{id}}/Cargo.toml", include_str!("template/package.toml")),
                ("mods/{{id}}/mod.toml", include_str!("template/manifest.toml")),
                ("mods/{{id}}/scenarios/walkers.toml", include_str!("template/scenario.toml")),
                ("mods/{{id}}/src/lib.rs", include_str!("template/mod.rs")),
            ],
            Self::Js => &[
                (WORLD_FILE, include_str!("template/world.toml")),
                ("README.md", include_str!("template/js/README.md")),
                (".gitignore", include_str!("template/gitignore")),
                CONFIG,
                TYPES,
                ("mods/{{id}}/mod.toml", include_str!("template/js/manifest.toml")),
                ("mods/{{id}}/scenarios/walkers.toml", include_str!("template/scenario.toml")),
                ("mods/{{id}}/mod.js", include_str!("template/js/mod.js")),
            ],
        }
    }

    /// Files of one more mod.
    pub(super) fn one_more(self) -> Files {
        match self {
            Self::Rust => &[
                ("mods/{{id}}/Cargo.toml", include_str!("template/package.toml")),
                ("mods/{{id}}/mod.toml", include_str!("template/manifest.toml")),
                ("mods/{{id}}/scenarios/{{id}}.toml", include_str!("template/small_scenario.toml")),
                ("mods/{{id}}/src/lib.rs", include_str!("template/small_mod.rs")),
            ],
            Self::Js => &[
                ("mods/{{id}}/mod.toml", include_str!("template/js/manifest.toml")),
                ("mods/{{id}}/scenarios/{{id}}.toml", include_str!("template/small_scenario.toml")),
                ("mods/{{id}}/mod.js", include_str!("template/js/small_mod.js")),
            ],
        }
    }

    /// What of a world one more mod in it wants that may be there already.
    pub(super) fn beside(self) -> Files {
        match self {
            Self::Rust => &[],
            Self::Js => &[CONFIG, TYPES],
        }
    }

    /// The file in a mod's folder in which it begins.
    pub(super) fn source(self) -> &'static str {
        match self {
            Self::Rust => "src/lib.rs",
            Self::Js => "mod.js",
        }
    }
}
