//! A world that another process runs.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::harness::*;

/// A run without end, which is killed if a test fails.
pub struct Running(Option<Child>);

impl Running {
    pub fn start(world: &Path, save: &Path, more: &[&str]) -> Self {
        Self::of(sandtable(), world, save, more)
    }

    /// As [`Running::start`], by a command that starts the program.
    pub fn of(mut command: Command, world: &Path, save: &Path, more: &[&str]) -> Self {
        command.arg("run").arg(world).arg("--save").arg(save).arg("--quiet").args(more);
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut running = Self(Some(child));
        wait_until("its second tick", || {
            assert!(running.goes_on(), "it runs until it is told to stop");
            last_tick(save) >= 2
        });
        running
    }

    pub fn goes_on(&mut self) -> bool {
        self.0.as_mut().unwrap().try_wait().unwrap().is_none()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: &str) {
        let id = self.0.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Ends it as a power cut would.
    pub fn kill(mut self) {
        let mut child = self.0.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Sends a signal and waits for the end; returns what was said.
    pub fn stop(mut self, signal: &str) -> String {
        self.signal(signal);
        let child = self.0.take().unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{signal} ends it well: {}", output.status);
        String::from_utf8(output.stderr).expect("text")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
