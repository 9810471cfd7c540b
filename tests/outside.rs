//! Programs that are not built here, which some tests drive.
//!
//! Where one is missing, its tests are left out, and `left_out.rs` names them when
//! the tests are through. With `SANDTABLE_TEST_ALL` set, as the gate sets it, they
//! fail instead.
#![allow(dead_code, unused_imports, unused_macros, reason = "two binaries use a part each")]

use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A program, and what is not tested without it.
pub struct Outside {
    /// What it is, for people.
    pub name: &'static str,
    /// The files in which it may be; the first that does is used.
    candidates: &'static [&'static str],
    /// What it must do without failing.
    probe: &'static [&'static str],
    /// Which tests need it.
    pub tests: &'static str,
    /// Where it comes from.
    pub remedy: &'static str,
}

/// The shell of SQLite.
pub const SQLITE3: Outside = Outside {
    name: "the shell `sqlite3`",
    candidates: &["sqlite3"],
    probe: &["--version"],
    tests: "of the SQLite extension",
    remedy: "install it, on Debian as `sqlite3`",
};

/// Some builds of Python cannot load extensions; that of the system usually can.
pub const PYTHON: Outside = Outside {
    name: "a `python3` whose sqlite3 can load extensions",
    candidates: &["/usr/bin/python3", "python3"],
    probe: &["-c", "import sqlite3; sqlite3.connect(':memory:').enable_load_extension(True)"],
    tests: "of the SQLite extension in Python, and of every value that it reads",
    remedy: "install it, on Debian as `python3`",
};

/// Runs a program in a terminal of its own.
pub const SCRIPT: Outside = Outside {
    name: "the program `script`",
    candidates: &["script"],
    probe: &["--version"],
    tests: "of the prompt in a terminal",
    remedy: "install it, on Debian as `bsdutils`",
};

/// Lists the symbols of a library.
pub const NM: Outside = Outside {
    name: "the program `nm`",
    candidates: &["nm"],
    probe: &["--version"],
    tests: "of the symbols that the SQLite extension shows",
    remedy: "install it, on Debian as `binutils`",
};

/// Tries the rules of Prometheus.
pub const PROMTOOL: Outside = Outside {
    name: "the program `promtool`",
    candidates: &["promtool"],
    probe: &["--version"],
    tests: "of the rules for Prometheus, and of how metrics are called",
    remedy: "install it, on Debian as `prometheus`",
};

/// A proxy that makes its own certificates.
pub const CADDY: Outside = Outside {
    name: "the program `caddy`",
    candidates: &["caddy"],
    probe: &["version"],
    tests: "of a world behind Caddy",
    remedy: "install it, on Debian as `caddy`",
};

/// A proxy.
pub const NGINX: Outside = Outside {
    name: "the program `nginx`",
    candidates: &["nginx", "/usr/sbin/nginx"],
    probe: &["-v"],
    tests: "of a world behind nginx",
    remedy: "install it, on Debian as `nginx`",
};

/// Makes certificates.
pub const OPENSSL: Outside = Outside {
    name: "the program `openssl`",
    candidates: &["openssl"],
    probe: &["version"],
    tests: "of a world behind nginx",
    remedy: "install it, on Debian as `openssl`",
};

/// A browser.
pub const CHROMIUM: Outside = Outside {
    name: "the browser `chromium`",
    candidates: &["chromium", "chromium-browser", "google-chrome"],
    probe: &["--version"],
    tests: "of the page in a browser",
    remedy: "install it, on Debian as `chromium`",
};

/// Drives the browser.
pub const NODE: Outside = Outside {
    name: "`node`, with what `tests/browser/package.json` names",
    candidates: &["node", "nodejs"],
    probe: &[
        "-e",
        concat!(
            "const from = (name) => require(`",
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/browser/node_modules/${name}`); from('playwright-core'); from('axe-core')"
        ),
    ],
    tests: "of the page in a browser",
    remedy: "install it, on Debian as `nodejs` and `npm`, and run `npm install` in tests/browser",
};

/// Any Python that is new enough.
pub const PYTHON3: Outside = Outside {
    name: "a `python3` of 3.9 or newer",
    candidates: &["python3", "/usr/bin/python3"],
    probe: &["-c", "import sys; sys.exit(sys.version_info < (3, 9))"],
    tests: "of the Python client",
    remedy: "install it, on Debian as `python3`",
};

/// Where packages of Python are installed for tests, from the root of the repository.
pub const PYTHON_PACKAGES: &str = "target/ci/python";

/// Has a Python import modules that are installed there.
macro_rules! imports {
    ($modules:literal) => {
        &[
            "-c",
            concat!(
                "import sys; sys.path.insert(0, '",
                env!("CARGO_MANIFEST_DIR"),
                "/../../target/ci/python'); import ",
                $modules
            ),
        ]
    };
}

/// A Python with numpy and pandas.
pub const FRAMES: Outside = Outside {
    name: "a `python3` with numpy and pandas",
    candidates: &["python3", "/usr/bin/python3"],
    probe: imports!("numpy, pandas"),
    tests: "of frames and arrays of the Python client",
    remedy: "run `python3 -m pip install --target target/ci/python numpy pandas`",
};

/// Drives an AI client without a model.
pub const MCP: Outside = Outside {
    name: "a `python3` with the package `mcp`",
    candidates: &["python3", "/usr/bin/python3"],
    probe: imports!("mcp.client.client, mcp.client.streamable_http"),
    tests: "of what AI clients ask, by another origin's client",
    remedy: "run `python3 -m pip install --target target/ci/python mcp==2.3.0`",
};

/// Carries messages between machines.
pub const NATS_SERVER: Outside = Outside {
    name: "the program `nats-server`",
    candidates: &["nats-server", "/usr/sbin/nats-server"],
    probe: &["--version"],
    tests: "of workers, and of all else that goes over NATS",
    remedy: "install it, on Debian as `nats-server`",
};

/// A Python that speaks to NATS.
pub const NATS_PY: Outside = Outside {
    name: "a `python3` with nats-py",
    candidates: &["python3", "/usr/bin/python3"],
    probe: imports!("nats"),
    tests: "of consumers of an outbox in Python, and of a listener of a stream",
    remedy: "run `python3 -m pip install --target target/ci/python nats-py`",
};

/// A database for several users, with its own programs beside it.
pub const POSTGRES: Outside = Outside {
    name: "the program `postgres`",
    candidates: &[
        "postgres",
        "/usr/lib/postgresql/18/bin/postgres",
        "/usr/lib/postgresql/17/bin/postgres",
        "/usr/lib/postgresql/16/bin/postgres",
        "/usr/lib/postgresql/15/bin/postgres",
        "/usr/lib/postgresql/14/bin/postgres",
        "/usr/lib/postgresql/13/bin/postgres",
    ],
    probe: &["--version"],
    tests: "of mirrors in PostgreSQL",
    remedy: "install it, on Debian as `postgresql`",
};

/// Every one of them.
pub const ALL: [Outside; 16] = [
    SQLITE3,
    PYTHON,
    SCRIPT,
    NM,
    PROMTOOL,
    CADDY,
    NGINX,
    OPENSSL,
    CHROMIUM,
    NODE,
    PYTHON3,
    FRAMES,
    MCP,
    NATS_SERVER,
    NATS_PY,
    POSTGRES,
];

impl Outside {
    /// Where it is, if it is there and works.
    pub fn find(&self) -> Option<PathBuf> {
        let works = |program: &&&str| {
            let mut command = Command::new(program);
            command.args(self.probe).stdin(Stdio::null());
            command.output().is_ok_and(|output| output.status.success())
        };
        self.candidates.iter().find(works).map(PathBuf::from)
    }

    /// Whether tests that need it do not run.
    pub fn is_left_out(&self) -> bool {
        std::env::var_os("SANDTABLE_TEST_ALL").is_none() && self.find().is_none()
    }

    /// A command that runs it.
    pub fn command(&self) -> Command {
        let found = self.find();
        Command::new(found.unwrap_or_else(|| panic!("{} is needed: {}", self.name, self.remedy)))
    }
}

/// Leaves the test that it stands in where a program is missing.
macro_rules! needs {
    ($($outside:expr),+) => {
        if [$($outside),+].iter().any(|it| it.is_left_out()) {
            return;
        }
    };
}
pub(crate) use needs;
