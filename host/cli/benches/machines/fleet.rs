//! A server and workers on this machine, and what of its processors each takes.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A server and workers, which end with it.
pub struct Fleet {
    _folder: tempfile::TempDir,
    url: String,
    server: Child,
    workers: Vec<Child>,
}

impl Fleet {
    pub fn start(workers: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(server().expect("nats-server is installed"));
        command.args(["-a", "127.0.0.1", "-p", "-1", "--ports_file_dir"]).arg(folder.path());
        let server = quiet(&mut command).expect("nats-server starts");
        let url = wait_for_url(folder.path());
        let worker = |_| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_sandtable"));
            command.args(["worker", "--threads", "1", "--nats", &url]);
            quiet(&mut command).expect("a worker starts")
        };
        let workers = (0..workers).map(worker).collect();
        Self { _folder: folder, url, server, workers }
    }

    pub fn url(&self) -> String {
        self.url.clone()
    }

    pub fn workers(&self) -> usize {
        self.workers.len()
    }

    pub fn server(&self) -> u32 {
        self.server.id()
    }

    pub fn each_worker(&self) -> impl Iterator<Item = u32> {
        self.workers.iter().map(Child::id)
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for child in self.workers.iter_mut().chain([&mut self.server]) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn quiet(command: &mut Command) -> std::io::Result<Child> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
}

/// The program, where it is installed.
pub fn server() -> Option<&'static str> {
    let is_there = |program: &&&str| {
        let mut command = Command::new(program);
        quiet(command.arg("--version")).is_ok_and(|mut child| child.wait().is_ok())
    };
    ["nats-server", "/usr/sbin/nats-server"].iter().find(is_there).copied()
}

fn wait_for_url(folder: &Path) -> String {
    let is_it = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "ports");
    let url = || {
        let files = std::fs::read_dir(folder).ok()?.filter_map(|it| Some(it.ok()?.path()));
        let text = std::fs::read_to_string(files.into_iter().find(is_it)?).ok()?;
        let ports: serde_json::Value = serde_json::from_str(&text).ok()?;
        ports["nats"][0].as_str().map(str::to_owned)
    };
    for _ in 0..500 {
        if let Some(url) = url() {
            return url;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("nats-server does not listen");
}

/// Nanoseconds that threads of a process had a processor: all of them, or those of a name.
pub fn cpu_of(process: &str, name: Option<&str>) -> f64 {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).expect("the process is there");
    let nanos = |task: PathBuf| {
        let of = std::fs::read_to_string(task.join("comm")).ok()?;
        if name.is_some_and(|name| of.trim() != name) {
            return None;
        }
        let times = std::fs::read_to_string(task.join("schedstat")).ok()?;
        times.split(' ').next()?.parse::<f64>().ok()
    };
    tasks.filter_map(|task| nanos(task.ok()?.path())).sum()
}
