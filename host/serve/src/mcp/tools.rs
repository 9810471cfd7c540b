//! The one table of tools. Each is answered by operations, and takes what the first of
//! them takes.

use serde_json::{Map, Value as Json, json};

use super::super::operations::{Operation, Parameter, REPEATED, optional, required};
use super::super::principal::Principal;
use super::super::problem::{Kind, Problem};
use super::super::sight::Sight;
use super::super::worlds::Worlds;
use super::bounded::{Bounded, bounded};
use super::brief;
use super::call::{Call, Given, WHOLE, operation};
use super::inbox;

/// Something that a model can ask.
pub struct Tool {
    /// What it is called, which is one word.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// What it answers and when to ask it, for a model.
    pub description: &'static str,
    /// The operations that it is answered by. It takes the parameters of the first.
    pub operations: &'static [&'static str],
    /// What it takes besides.
    pub more: &'static [Parameter],
    /// What is given where nothing else is.
    pub usual: &'static [(&'static str, &'static str)],
    /// Whether it changes anything.
    pub writes: bool,
    /// How to ask for what was left out.
    pub rest: &'static str,
    /// How it is answered.
    pub answer: Answer,
}

/// How a tool is answered.
#[derive(Clone, Copy)]
pub enum Answer {
    /// As the one operation answers.
    Operation,
    /// About all worlds, none of which need be open.
    OfAll(OfAll),
    /// By the tick that is given what is sent.
    Send,
    /// By several, or by one whose body is made of what is given.
    Several(fn(&Call<'_>) -> Result<Map<String, Json>, Problem>),
}

/// What answers about all worlds, to one who may see some, of a save alone or a server.
pub type OfAll = fn(&Worlds, Principal, bool) -> Result<Map<String, Json>, Problem>;

/// Every tool, those first that others are asked after.
pub const TOOLS: &[Tool] = &[
    Tool {
        name: "worlds",
        title: "Worlds",
        description: "The worlds that can be asked about, with the tick that each stands at.",
        operations: &["worlds"],
        more: &[],
        usual: &[],
        writes: false,
        rest: "raise max_tokens",
        answer: Answer::OfAll(brief::worlds),
    },
    Tool {
        name: "describe",
        title: "What the world is made of",
        description: "What the world is made of: its mods, kinds of values with their fields, \
                      resources with their values, tables that `query` can ask, and questions for \
                      `ask`. Begin here: the names that it gives are what the other tools take.",
        operations: &["kinds", "mods", "resources", "tables", "questions", "world"],
        more: &[
            optional("part", "one of mods, kinds, resources, tables or questions alone"),
            optional("name", "only names with this in them, such as economy/"),
        ],
        usual: &[],
        writes: false,
        rest: "give `part`, and `name` for some of it",
        answer: Answer::Several(brief::describe),
    },
    Tool {
        name: "find",
        title: "Find entities",
        description: "Entities by what they have, in pages of one tick: which components, which \
                      values, in which order, and what to show of them. Says how many there are \
                      in all. Use `query` for sums and joins.",
        operations: &["entities"],
        more: &[],
        usual: &[("count", "true")],
        writes: false,
        rest: "give `next` as `cursor` with the same question, or a narrower `where`",
        answer: Answer::Operation,
    },
    Tool {
        name: "entity",
        title: "One entity",
        description: "One entity whole: its label, the values of its components, and its edges \
                      to and from others. Entities are written as 12v3, or by their label.",
        operations: &["entity"],
        more: &[],
        usual: &[],
        writes: false,
        rest: "raise max_tokens, or ask `query` for the part that is wanted",
        answer: Answer::Operation,
    },
    Tool {
        name: "why",
        title: "Why a value is what it is",
        description: "Why a value is what it is: which mod and system set it, in which tick, from \
                      what; what that system saw then, and who had set each of those. Ask on with \
                      what it saw: `at` and `seen_by` take the tick and the system of a row.",
        operations: &["why"],
        more: &[],
        usual: &[],
        writes: false,
        rest: "raise max_tokens, or name one field behind a dot",
        answer: Answer::Operation,
    },
    Tool {
        name: "timeline",
        title: "The life of an entity",
        description: "All that happened to one entity, tick by tick: when it came and went, what \
                      it got and lost, who named it.",
        operations: &["timeline"],
        more: &[],
        usual: &[],
        writes: false,
        rest: "give `from` and `to` for fewer ticks: the earliest come first",
        answer: Answer::Operation,
    },
    Tool {
        name: "between",
        title: "What differs between two ticks",
        description: "What is other at `to` than at `from`. First how often there is each action, \
                      kind and field; `summary` false for each difference with both values.",
        operations: &["diff"],
        more: &[],
        usual: &[("summary", "true")],
        writes: false,
        rest: "give ticks that are closer together, or ask `changed` for one kind or entity",
        answer: Answer::Operation,
    },
    Tool {
        name: "query",
        title: "SQL",
        description: "The answer to one SELECT of SQLite over the world at any tick: each \
                      component is a table such as economy_economy with a column `entity`; there \
                      are also entities, relations, events, ticks, system_runs, inputs and the \
                      tables of mods. `describe` with part tables lists them.",
        operations: &["query"],
        more: &[],
        usual: &[],
        writes: false,
        rest: "ask for fewer columns, sums, or a part by LIMIT and OFFSET",
        answer: Answer::Operation,
    },
    Tool {
        name: "ask",
        title: "A question of the world's author",
        description: "The answer to a question that the world's author wrote down, at any tick: \
                      `describe` with part questions lists them, with what each takes. Give that \
                      as `values`: {\"who\": \"Ada\"}. Ask these before you write SQL.",
        operations: &["ask"],
        more: &[],
        usual: &[],
        writes: false,
        rest: "ask for less by `values`, or raise max_tokens",
        answer: Answer::Operation,
    },
    Tool {
        name: "changed",
        title: "What changed, and by whom",
        description: "What happened to entities, edges and resources, the last first, each with \
                      the value before and after and the mod and system that did it: in the last \
                      tick, in some, or to one entity.",
        operations: &["changes"],
        more: &[],
        usual: &[],
        writes: false,
        rest: "give `kind`, `entity`, or fewer ticks by `from` and `to`",
        answer: Answer::Operation,
    },
    Tool {
        name: "context",
        title: "A briefing about entities",
        description: "A briefing about one entity or some at a tick, where one tool is to be \
                      enough: what they are, how they stand to each other and to others, and \
                      what happened, the weightiest first, each with what it is cited by. Give \
                      words as `text` for what is to come first. `left_out` counts what did not \
                      fit into max_tokens.",
        operations: &["context"],
        more: &[],
        usual: &[],
        writes: false,
        rest: "raise max_tokens, or ask `entity`, `changed`, `timeline` or `why`",
        answer: Answer::Operation,
    },
    Tool {
        name: "what_if",
        title: "What would be if",
        description: "What would be if the world had gone on from a tick with other inputs or \
                      values: which events came of it, what became other first, how much \
                      differs at the end, and series of what is watched, without the changes and with them. It is run in \
                      memory, and nothing of it is kept.",
        operations: &["fork"],
        more: &[
            optional(
                "at",
                "the tick from which it goes on, as in 1200 or 1200~6db9a168; else the last",
            ),
            optional("ticks", "for how many ticks; else 1"),
            optional(
                "inputs",
                "inputs that the first of them is given: {\"input\": \"mod/Name\", \"value\": {…}}",
            ),
            optional(
                "edits",
                "values that are others: {\"op\": \"set\", \"entity\": \"12v3\", \"component\": \"mod/Kind\", \"value\": {…}}",
            ),
            optional(
                "watch",
                "what is noted on the way: {\"entity\": \"12v3\", \"component\": \"mod/Kind.field\"} or {\"sql\": \"SELECT …\"}",
            ),
        ],
        usual: &[],
        writes: false,
        rest: "watch less, go on for fewer ticks, or raise max_tokens",
        answer: Answer::Several(inbox::what_if),
    },
    Tool {
        name: "send",
        title: "Give the world an input",
        description: "Gives the world an input, which its next tick reads: what a player or an \
                      operator could send. `describe` lists kinds with the role input, and their \
                      fields. An input that no system reads is refused.",
        operations: &["inputs"],
        more: &[required("input", "which input: mod/Name"), required("value", "its fields")],
        usual: &[],
        writes: true,
        rest: "raise max_tokens",
        answer: Answer::Send,
    },
];

/// The tool of a name.
pub fn named(name: &str) -> Option<&'static Tool> {
    TOOLS.iter().find(|tool| tool.name == name)
}

/// What an operation takes that keeps to a length itself: it is told that of the answer.
const LENGTH: &str = "tokens";

/// Parameters of operations that are not a model's to choose.
const NOT_OFFERED: [&str; 2] = ["format", LENGTH];

impl Tool {
    /// The operation whose right it takes.
    pub fn first(&self) -> Option<&'static Operation> {
        self.operations.first().and_then(|name| operation(name))
    }

    /// Whether it answers anything to them who ask of a world, or of any.
    pub fn is_for(&self, principal: &Principal, world: Option<&str>) -> bool {
        self.first().is_some_and(|first| principal.check(first.scope, world).is_ok())
    }

    /// Whether it is answered to them who see a part of a world.
    pub fn is_answered_to(&self, sight: &Sight) -> bool {
        self.first().is_some_and(|first| sight.check(first.name).is_ok())
    }

    /// What answers it, where it is about all worlds.
    pub fn of_all(&self) -> Option<OfAll> {
        match self.answer {
            Answer::OfAll(answer) => Some(answer),
            Answer::Operation | Answer::Several(_) | Answer::Send => None,
        }
    }

    /// Everything that it takes: name, what it is, and whether there is no answer
    /// without it.
    fn parameters(&self) -> impl Iterator<Item = (&'static str, &'static str, bool)> {
        let first = self.first();
        let places = first.into_iter().flat_map(Operation::places);
        let places = places.filter(|name| *name != "world");
        let places = places.map(|name| (name, "an entity, as 12v3 or by its label", true));
        let of_operation = first.into_iter().flat_map(|operation| operation.parameters);
        let parameters = of_operation.chain(self.more);
        let parameters = parameters.filter(|it| !NOT_OFFERED.contains(&it.name));
        places.chain(parameters.map(|it| (it.name, it.summary, it.is_required)))
    }

    /// What it takes, as a JSON Schema.
    pub fn schema(&self) -> Map<String, Json> {
        let mut properties = Map::new();
        for (name, summary, _) in self.parameters() {
            let mut schema = of_parameter(name);
            schema["description"] = summary.into();
            if let Some((_, usual)) = self.usual.iter().find(|(of, _)| *of == name) {
                schema["default"] = serde_json::from_str(usual).unwrap_or(Json::from(*usual));
            }
            properties.insert(name.to_owned(), schema);
        }
        let world = "the world, where there are several";
        properties.insert(WORLD.to_owned(), json!({ "type": "string", "description": world }));
        let tokens = format!(
            "how long the answer may be, a token counted as 3 bytes: {TOKENS_MIN} to {TOKENS_MAX}"
        );
        properties.insert(
            MAX_TOKENS.to_owned(),
            json!({
                "type": "integer", "minimum": TOKENS_MIN, "maximum": TOKENS_MAX,
                "default": TOKENS_USUAL, "description": tokens,
            }),
        );
        let required: Vec<&str> =
            self.parameters().filter(|it| it.2).map(|(name, ..)| name).collect();
        let schema = json!({
            "type": "object", "properties": properties, "required": required,
            "additionalProperties": false,
        });
        match schema {
            Json::Object(schema) => schema,
            _ => Map::new(),
        }
    }

    /// What every answer has, as a JSON Schema.
    pub fn answer_schema() -> Map<String, Json> {
        let at = "the tick that the answer is of, with its chain, to ask for the same again";
        Map::from_iter([
            ("type".to_owned(), "object".into()),
            (
                "properties".to_owned(),
                json!({
                    "at": { "type": "string", "description": at },
                    "shortened": {
                        "type": "array",
                        "description": "which lists were cut, and how much was left out of each",
                        "items": {
                            "type": "object", "required": ["of", "left_out"],
                            "properties": {
                                "of": { "type": "string" }, "left_out": { "type": "integer" },
                            },
                        },
                    },
                    "rest": { "type": "string", "description": "how to ask for the rest" },
                }),
            ),
        ])
    }

    /// Checks that it takes what is given.
    ///
    /// # Errors
    ///
    /// Something is unknown.
    pub fn check(&self, given: &Given) -> Result<(), Problem> {
        let is_unknown = |(name, _): &&(String, String)| !self.parameters().any(|it| it.0 == name);
        let Some((unknown, _)) = given.iter().find(is_unknown) else { return Ok(()) };
        let known = self.parameters().map(|it| it.0).chain([WORLD, MAX_TOKENS]);
        let known = known.collect::<Vec<_>>().join(", ");
        let what = format!("is no parameter of `{}`: it takes {known}", self.name);
        Err(Problem::parameter(unknown, what))
    }

    /// Answers a call in so many tokens at most.
    ///
    /// # Errors
    ///
    /// What the operations say.
    pub fn answer(&self, call: &mut Call<'_>, tokens: usize) -> Result<Bounded, Problem> {
        for (name, usual) in self.usual {
            if call.parameter(name).is_none() {
                call.given.push(((*name).to_owned(), (*usual).to_owned()));
            }
        }
        let operation = match self.answer {
            Answer::OfAll(_) | Answer::Send => {
                return Err(Problem::new(Kind::NotFound, "it asks nothing of a world"));
            }
            Answer::Several(answer) => return Ok(bounded(&answer(call)?, tokens, self.rest)),
            Answer::Operation => self.operations.first().copied().unwrap_or_default(),
        };
        let takes_length = |it: &&Operation| it.parameters.iter().any(|it| it.name == LENGTH);
        if self.first().is_some_and(|first| takes_length(&first)) {
            call.give(LENGTH, tokens.to_string());
        }
        let is_paged = self.parameters().any(|it| it.0 == "cursor");
        let mut answer = bounded(&call.ask_all(operation, call.given.clone())?, tokens, self.rest);
        // The page after goes on behind what is shown, so what is shown is a page.
        while is_paged && answer.left_out.contains_key("rows") {
            let rows = answer.members.get("rows").and_then(Json::as_array).map_or(0, Vec::len);
            let at = answer.members.get("at").and_then(Json::as_str).unwrap_or_default();
            let at = at.to_owned();
            call.give("limit", rows.max(1).to_string());
            call.answered = Some(at.clone());
            call.give("at", at);
            let mut whole = call.ask_all(operation, call.given.clone())?;
            if rows == 0 {
                // Behind it the walk would go on without it.
                whole.remove("next");
                return Ok(bounded(&whole, tokens, ROW_TOO_LONG));
            }
            answer = bounded(&whole, tokens, self.rest);
        }
        Ok(answer)
    }
}

/// What is said of a page of which no row fits.
const ROW_TOO_LONG: &str = "one row is longer than all of it may be: raise max_tokens, or `select` \
    less";

/// The parameter that says which world.
pub const WORLD: &str = "world";
/// The parameter that says how long the answer may be.
pub const MAX_TOKENS: &str = "max_tokens";
/// Tokens of an answer, where nothing is said.
pub const TOKENS_USUAL: usize = 2_000;
/// Tokens of an answer at least.
pub const TOKENS_MIN: usize = 300;
/// Tokens of an answer at most.
pub const TOKENS_MAX: usize = 100_000;

/// The schema of a parameter, by its name: the same name means the same everywhere.
fn of_parameter(name: &str) -> Json {
    match name {
        "limit" | "ticks" => json!({ "type": "integer", "minimum": 1 }),
        "count" | "summary" => json!({ "type": "boolean" }),
        "from" | "to" | "at" => json!({ "type": ["string", "integer"] }),
        "part" => json!({ "enum": brief::PARTS }),
        "value" | "values" => json!({ "type": "object" }),
        name if WHOLE.contains(&name) => {
            json!({ "type": "array", "items": { "type": "object" } })
        }
        name if REPEATED.contains(&name) => {
            json!({ "type": ["string", "array"], "items": { "type": "string" } })
        }
        _ => json!({ "type": "string" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tool_is_answered_by_operations_that_are_there() {
        for tool in TOOLS {
            assert!(!tool.operations.is_empty(), "{}", tool.name);
            for name in tool.operations {
                let operation = operation(name).expect(name);
                let is_question = matches!(tool.answer, Answer::Operation | Answer::Several(_));
                assert_eq!(operation.answer.function().is_some(), is_question, "{name}");
            }
            for (name, _) in tool.usual {
                assert!(tool.parameters().any(|it| it.0 == *name), "{}: {name}", tool.name);
            }
            let schema = tool.schema();
            let names = schema["properties"].as_object().expect("properties");
            assert_eq!(names.len(), tool.parameters().count() + 2, "{}: a name twice", tool.name);
        }
    }
}
