//! A real NATS server for a test, and what is said of servers that are not there.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use serde_json::Value as Json;
use tempfile::TempDir;

use crate::harness::*;
use crate::outside::{NATS_SERVER, needs};

/// A server with JetStream on a free port of the loopback, which ends with the test.
pub struct NatsServer {
    child: Child,
    folder: TempDir,
    port: u16,
    arguments: Vec<String>,
}

impl NatsServer {
    /// Starts one.
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// Starts one with more in its settings, in the words of its own files.
    pub fn start_with(settings: &str) -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("nats.conf"), settings).unwrap();
        let arguments = ["-a", "127.0.0.1", "-js", "-sd"].map(str::to_owned);
        let mut arguments = arguments.to_vec();
        arguments.push(folder.path().join("streams").display().to_string());
        arguments.push("-c".to_owned());
        arguments.push(folder.path().join("nats.conf").display().to_string());
        let ports = folder.path().join("ports");
        fs::create_dir(&ports).unwrap();
        let found = ["--ports_file_dir".to_owned(), ports.display().to_string()];
        let all = [&arguments[..], &["-p".to_owned(), "-1".to_owned()], &found].concat();
        let child = spawn(&all, folder.path());
        let mut server = Self { child, folder, port: 0, arguments };
        wait_until("a NATS server says where it is", || {
            server.port = port_in(&ports).unwrap_or_default();
            server.port != 0
        });
        server.wait();
        server
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Kills it, as a loss of power would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }

    /// Starts it again, with what it keeps on disk and at the same address.
    pub fn start_again(&mut self) {
        let port = ["-p".to_owned(), self.port.to_string()];
        self.child = spawn(&[&self.arguments[..], &port].concat(), self.folder.path());
        self.wait();
    }

    /// Where its streams are on disk.
    #[allow(dead_code, reason = "for tests of streams")]
    pub fn streams(&self) -> PathBuf {
        self.folder.path().join("streams")
    }

    /// What it said, for who looks into a test that failed.
    #[allow(dead_code, reason = "for tests of streams")]
    pub fn said(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn wait(&self) {
        let listens = || TcpStream::connect(("127.0.0.1", self.port)).is_ok();
        wait_until("a NATS server listens", listens);
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(arguments: &[String], folder: &Path) -> Child {
    let log = fs::File::options().append(true).create(true).open(folder.join("log")).unwrap();
    let mut command = NATS_SERVER.command();
    command.args(arguments).stdout(Stdio::null()).stderr(log).spawn().expect("nats-server starts")
}

/// The port in the file that a server writes once it listens.
fn port_in(folder: &Path) -> Option<u16> {
    let file = fs::read_dir(folder).ok()?.find_map(|entry| Some(entry.ok()?.path()))?;
    let ports: Json = serde_json::from_str(&fs::read_to_string(file).ok()?).ok()?;
    ports["nats"][0].as_str()?.rsplit(':').next()?.parse().ok()
}

/// What a verb says when it fails.
fn refused(arguments: &[&str]) -> String {
    let output = sandtable().args(arguments).output().expect("it starts");
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8(output.stderr).expect("text")
}

#[test]
fn settings_that_lead_to_no_server_are_refused_in_a_sentence() {
    let folder = TempDir::new().unwrap();
    let (world, save) = (folder.path().join("w"), folder.path().join("w.db"));
    write_world(&world, WORLD, &["drift"]);
    let (world, save) = (world.display().to_string(), save.display().to_string());
    let empty = folder.path().join("empty");
    fs::write(&empty, "").unwrap();
    let empty = empty.display().to_string();
    let cases: [(&[&str], &str); 6] = [
        (&["--nats", "http://x"], "`http://x` is no address of a NATS server"),
        (&["--nats", "nats://me:secret@"], "`nats://` is no address of a NATS server"),
        (&["--nats", "127.0.0.1:1", "--nats-prefix", "a b"], "`nats.prefix` is `a b`: use letters"),
        (
            &["--nats", "127.0.0.1:1", "--nats-credentials", "gone"],
            "gone, which `nats.credentials`",
        ),
        (&["--nats", "127.0.0.1:1", "--nats-nkey", &empty], "holds no seed of a user"),
        (&["--nats", "127.0.0.1:1", "--nats-ca", &empty], "holds no PEM"),
    ];
    for (arguments, expected) in cases {
        let all = [&["run", &world, "--save", &save, "--ticks", "1"], arguments].concat();
        let told = refused(&all);
        assert!(told.contains(expected), "{arguments:?}: {told}");
        assert!(!told.contains("secret"), "{told}");
    }
    assert!(!Path::new(&save).exists(), "nothing was begun");
}

#[test]
fn a_world_goes_on_without_its_server_and_says_so() {
    let folder = TempDir::new().unwrap();
    let world = folder.path().join("w");
    let text = format!("{WORLD}[nats]\nurl = \"nats://me:secret@127.0.0.1:1\"\n");
    write_world(&world, &text, &["drift"]);
    let mut command = sandtable();
    command.arg("run").arg(&world).args(["--ticks", "3", "--json", "--save"]);
    let output = command.arg(folder.path().join("w.db")).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{told}");
    assert!(told.contains("no NATS server answers at nats://127.0.0.1:1: "), "{told}");
    assert!(told.contains("the world goes on, and looks for it"), "{told}");
    assert!(!told.contains("secret"), "{told}");
}

#[test]
fn which_server_it_is_stays_out_of_the_save() {
    needs!(NATS_SERVER);
    let server = NatsServer::start();
    let folder = TempDir::new().unwrap();
    let (world, save) = (folder.path().join("w"), folder.path().join("w.db"));
    write_world(&world, &format!("{WORLD}[nats]\nurl = \"{}\"\n", server.url()), &["drift"]);
    let with = ticks(Some(&world), &save, 3);
    write_world(&world, WORLD, &["drift"]);
    let plain = ticks(Some(&world), &folder.path().join("plain.db"), 3);
    assert_eq!(with["hash"], plain["hash"]);
    let settings = "SELECT group_concat(config, '') FROM st_settings";
    let kept = sandtable::save::query(&save, settings).unwrap();
    assert!(!format!("{:?}", kept.rows).contains("nats"), "{:?}", kept.rows);
}
