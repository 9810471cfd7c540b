//! A real PostgreSQL for a test, in a folder and on sockets of its own.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::harness::*;
use crate::outside::POSTGRES;

/// The user that it has, who may do anything, and their password.
pub const USER: &str = "keeper";
const PASSWORD: &str = "opensesame";

/// A server, which ends with the test.
pub struct Postgres {
    child: Child,
    folder: TempDir,
    settings: Vec<String>,
}

impl Postgres {
    /// Starts one that does not wait for the disk.
    pub fn start() -> Self {
        Self::start_with(&["fsync=off"])
    }

    /// Starts one with these settings.
    pub fn start_with(settings: &[&str]) -> Self {
        let (folder, settings) = Self::made(settings);
        let child = spawn(folder.path(), &settings);
        let server = Self { child, folder, settings };
        server.wait();
        server
    }

    /// Starts one with these settings that also listens at a port of the loopback, and gives
    /// the port.
    pub fn start_on_a_port(settings: &[&str]) -> (Self, u16) {
        let (folder, settings) = Self::made(settings);
        let of_port = |port: u16| {
            let more = ["listen_addresses=127.0.0.1".to_owned(), format!("port={port}")];
            settings.iter().cloned().chain(more).collect::<Vec<_>>()
        };
        let mut port = free_port();
        let child = spawn(folder.path(), &of_port(port));
        let mut server = Self { child, folder, settings: of_port(port) };
        // One whose port another program took meanwhile ends at once.
        while !server.starts() {
            port = free_port();
            server.settings = of_port(port);
            server.child = spawn(server.folder.path(), &server.settings);
        }
        (server, port)
    }

    /// A folder with what a server needs to start, and its settings.
    fn made(settings: &[&str]) -> (TempDir, Vec<String>) {
        let folder = TempDir::new().unwrap();
        let password = folder.path().join("password");
        fs::write(&password, PASSWORD).unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        give(folder.path());
        let mut command = program("initdb");
        command.arg("-D").arg(&data).args(["-U", USER, "-A", "scram-sha-256", "-E", "UTF8"]);
        command.args(["--locale=C", "--no-sync", "--no-instructions", "--pwfile"]);
        told(command.arg(&password));
        (folder, settings.iter().map(|it| (*it).to_owned()).collect())
    }

    /// Its address, for its user.
    pub fn url(&self) -> String {
        self.url_of(USER, PASSWORD)
    }

    /// Its address, for a user.
    pub fn url_of(&self, user: &str, password: &str) -> String {
        let host = self.folder.path().display().to_string().replace('/', "%2F");
        let port = self.settings.iter().find_map(|setting| setting.strip_prefix("port="));
        format!("postgres://{user}:{password}@{host}:{}/postgres", port.unwrap_or("5432"))
    }

    /// Kills it, as a loss of power would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }

    /// Has it encrypt connections by this certificate and its key.
    pub fn encrypt(&mut self, certificate: &str, key: &str) {
        let data = self.folder.path().join("data");
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let path = data.join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            give(&path);
        }
        self.kill();
        self.settings.push("ssl=on".to_owned());
        self.start_again();
    }

    /// Starts it again, with what it keeps on disk and at the same address.
    pub fn start_again(&mut self) {
        // What it was made of ends a moment after it, and keeps its memory until then.
        wait_until("PostgreSQL starts again", || {
            self.child = spawn(self.folder.path(), &self.settings);
            self.starts()
        });
    }

    /// Waits until it answers, or has ended. Says whether it answers.
    fn starts(&mut self) -> bool {
        let mut ended = false;
        wait_until("PostgreSQL starts or ends", || {
            ended = self.child.try_wait().unwrap().is_some();
            ended || self.answers()
        });
        !ended
    }

    /// What `psql` answers to SQL: a line a row, with `|` between cells.
    pub fn sql(&self, sql: &str) -> String {
        let (is_well, told) = self.try_sql(sql);
        assert!(is_well, "{sql}\n{told}");
        told
    }

    /// As [`Self::sql`], with whether it went well.
    pub fn try_sql(&self, sql: &str) -> (bool, String) {
        let mut command = self.psql();
        let output = command.args(["-c", sql]).output().unwrap();
        let told = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(told).unwrap().trim_end().to_owned())
    }

    /// `psql`, to be given more.
    pub fn psql(&self) -> Command {
        let mut command = Command::new(folder_of_programs().join("psql"));
        command.args(["-XAtq", "-v", "ON_ERROR_STOP=1", &self.url()]);
        command
    }

    fn answers(&self) -> bool {
        self.psql().args(["-c", "SELECT 1"]).output().unwrap().status.success()
    }

    fn wait(&self) {
        wait_until("PostgreSQL answers", || self.answers());
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
    }
}

fn folder_of_programs() -> PathBuf {
    let found = POSTGRES.find().expect("PostgreSQL is there");
    let found = fs::canonicalize(&found).unwrap_or(found);
    found.parent().unwrap().to_owned()
}

/// A program of PostgreSQL, which refuses to be run by root.
fn program(name: &str) -> Command {
    let program = folder_of_programs().join(name);
    let mut command = match is_root() {
        true => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
            command.arg(program);
            command
        }
        false => Command::new(program),
    };
    command.current_dir("/");
    command
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Gives a folder to the user who runs the server.
fn give(folder: &Path) {
    if !is_root() {
        return;
    }
    let mut command = Command::new("chown");
    told(command.args(["-R", "65534:65534"]).arg(folder));
}

fn spawn(folder: &Path, settings: &[String]) -> Child {
    let log = fs::File::options().append(true).create(true).open(folder.join("log")).unwrap();
    let mut command = program("postgres");
    command.arg("-D").arg(folder.join("data")).arg("-k").arg(folder);
    let tcp = settings.iter().any(|setting| setting.starts_with("listen_addresses"));
    if !tcp {
        command.args(["-c", "listen_addresses="]);
    }
    for setting in settings {
        command.args(["-c", setting]);
    }
    command.stdout(Stdio::null()).stderr(log).spawn().expect("postgres starts")
}

/// A port that is free now.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
