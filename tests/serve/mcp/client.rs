//! A client of another origin, as the tests drive it.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value as Json, json};

use super::super::{OnAir, TOKEN};
use crate::harness::*;
use crate::outside::MCP;

/// An AI client without a model, which ends with the test.
pub struct Client {
    child: Child,
    asks: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// What it was told at the beginning.
    pub told: Json,
}

impl Client {
    pub fn start(mode: &str, transport: &str, rest: &[&str]) -> Self {
        let script = root().join("tests/serve/mcp_client.py");
        let mut command: Command = MCP.command();
        command.arg(script).args([mode, transport]).args(rest);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (asks, answers) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        let mut client = Self { child, asks, answers, told: Json::Null };
        client.told = client.answer();
        client
    }

    /// Asks about a save that is not run.
    pub fn of_save(save: &Path) -> Self {
        Self::allowed(save, &[])
    }

    /// The same, and may do more than read.
    pub fn allowed(save: &Path, more: &[&str]) -> Self {
        let program = sandtable().get_program().to_str().unwrap().to_owned();
        let command = [&program, "mcp", save.to_str().unwrap()];
        Self::start("auto", "stdio", &[&command[..], more].concat())
    }

    /// Asks a server.
    pub fn of_server(on_air: &OnAir, mode: &str) -> Self {
        Self::start(mode, "http", &[&format!("http://{}/mcp", on_air.host()), TOKEN])
    }

    /// Asks a server with a token.
    pub fn with_token(on_air: &OnAir, token: &str) -> Self {
        Self::start("auto", "http", &[&format!("http://{}/mcp", on_air.host()), token])
    }

    /// The names of the tools that it is offered.
    pub fn offered(&mut self) -> BTreeSet<String> {
        let tools = self.say(&json!({ "list": "tools" }))["tools"].clone();
        let name = |tool: &Json| tool["name"].as_str().unwrap().to_owned();
        tools.as_array().unwrap().iter().map(name).collect()
    }

    fn answer(&mut self) -> Json {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("an answer, not `{line}`"))
    }

    pub fn say(&mut self, question: &Json) -> Json {
        let mut asks = self.asks.as_ref().unwrap();
        writeln!(asks, "{question}").unwrap();
        self.answer()
    }

    /// Calls a tool that answers; gives what a program reads and what a model reads.
    pub fn both(&mut self, tool: &str, arguments: Json) -> (Json, String) {
        let answer = self.say(&json!({ "tool": tool, "arguments": arguments }));
        assert_eq!(answer["isError"], false, "{tool} {arguments}: {answer}");
        let text = answer["content"][0]["text"].as_str().unwrap().to_owned();
        (answer["structuredContent"].clone(), text)
    }

    pub fn call(&mut self, tool: &str, arguments: Json) -> Json {
        self.both(tool, arguments).0
    }

    /// Calls a tool that refuses; gives the sentence.
    pub fn refused(&mut self, tool: &str, arguments: Json) -> String {
        let answer = self.say(&json!({ "tool": tool, "arguments": arguments }));
        assert_eq!(answer["isError"], true, "{tool} {arguments}: {answer}");
        let sentence = answer["content"][0]["text"].as_str().unwrap().to_owned();
        assert!(!sentence.contains('\n'), "{sentence}");
        sentence
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // It ends with its stdin, and what it started with it.
        drop(self.asks.take());
        let _ = self.child.wait();
    }
}
