//! A server and workers on this machine, and what of its processors each takes.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A server and workers, which end with it.
pub struct Fleet {
    folder: tempfile::TempDir,
    url: String,
    threads: usize,
    keep_mib: usize,
    server: Process,
    workers: Vec<Process>,
}

/// A process that ends with it.
pub struct Process(Child);

impl Process {
    fn start(command: &mut Command) -> Self {
        Self(quiet(command).expect("it starts"))
    }

    fn id(&self) -> u32 {
        self.0.id()
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let process = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(process, signal).expect("it is told");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Fleet {
    /// One with so many workers, that keep columns.
    pub fn start(workers: usize) -> Self {
        Self::start_with(workers, 256)
    }

    /// One with so many workers, that keep so many MiB of columns.
    pub fn start_with(workers: usize, keep_mib: usize) -> Self {
        Self::of(workers, 1, keep_mib)
    }

    /// One with so many workers of so many threads, that keep so many MiB of columns.
    pub fn of(workers: usize, threads: usize, keep_mib: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let server = start_server(folder.path(), "-1");
        let url = wait_for_url(folder.path());
        let mut fleet = Self { folder, url, threads, keep_mib, server, workers: Vec::new() };
        (0..workers).for_each(|_| fleet.add_worker());
        fleet
    }

    pub fn add_worker(&mut self) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sandtable"));
        command.args(["worker", "--nats", &self.url]);
        command.args(["--threads", &self.threads.to_string()]);
        command.args(["--keep-mib", &self.keep_mib.to_string()]);
        self.workers.push(Process::start(&mut command));
    }

    /// The worker that is there for longest, which ends when it is dropped.
    pub fn take_worker(&mut self) -> Process {
        self.workers.remove(0)
    }

    pub fn freeze(&self) {
        self.workers[0].signal(rustix::process::Signal::STOP);
    }

    pub fn thaw(&self) {
        self.workers[0].signal(rustix::process::Signal::CONT);
    }

    pub fn kill_server(&mut self) {
        let _ = self.server.0.kill();
        let _ = self.server.0.wait();
    }

    /// At the same port, and until it listens.
    pub fn start_server_again(&mut self) {
        let (_, port) = self.url.rsplit_once(':').expect("a port");
        self.server = start_server(self.folder.path(), port);
        let address = format!("127.0.0.1:{port}");
        while std::net::TcpStream::connect(&address).is_err() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// This program with an argument, and where the server is.
    pub fn with(&self, argument: &str) -> Process {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        Process::start(command.args([argument, &self.url]))
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
        self.workers.iter().map(Process::id)
    }
}

fn start_server(folder: &Path, port: &str) -> Process {
    let mut command = Command::new(server().expect("nats-server is installed"));
    command.args(["-a", "127.0.0.1", "-p", port, "--ports_file_dir"]).arg(folder);
    Process::start(&mut command)
}

/// What the server says that it is.
pub fn version() -> String {
    let program = server().expect("nats-server is installed");
    let output = Command::new(program).arg("--version").output().expect("it says so");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
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
