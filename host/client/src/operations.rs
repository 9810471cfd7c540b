//! The one table of what this client can ask, as the server has it: a test holds it
//! against the OpenAPI document of the server.

use std::fmt::Display;

use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::answers::{
    Chart, Context, EntityRow, Graph, Health, KindRow, Listed, NamedQuestion, Relation, Resource,
    Row, Rows, Standing,
};
use super::client::Client;
use super::done::{Branched, Deleted, Forked, Named, Pace, Rewound, Sent};
use super::error::Error;
use super::operation::{Operation, Request, operations};
use super::pages::{EveryRow, Pages};
use super::past::{
    BlameRow, Change, Difference, EditRow, EventRow, HistoryRow, LogRow, ModRow, Snapshot,
    SystemRow, SystemRun, Table, TickRow, TimelineRow, Why,
};
use super::trust::{AuditRow, NewToken, Revoked, Token};

/// A world that the server has. A clone is the same one.
#[derive(Clone, Debug)]
pub struct World {
    client: Client,
    name: String,
}

impl Client {
    /// A world by its name. Nothing is asked yet.
    pub fn world(&self, name: &str) -> World {
        World { client: self.clone(), name: name.to_owned() }
    }

    fn request(&self, operation: &'static Operation) -> Request {
        Request::new(self, operation)
    }
}

impl World {
    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn request(&self, operation: &'static Operation) -> Request {
        let mut request = Request::new(&self.client, operation);
        request.place("world", &self.name);
        request
    }
}

operations! {
    /// The worlds that are served.
    Client.worlds() -> Worlds = "worlds" GET "/worlds" rows Listed {}

    /// Makes a world in the folder that is served, of a pack.
    Client.create_world(name: text = "name") -> CreateWorld
        = "create-world" POST "/worlds" act Listed
    {
        /// Of a pack in the folder, by the name of its file.
        pack: text = "pack",
    }

    /// The tokens that were made, without their secrets, the last first.
    Client.tokens() -> Tokens = "tokens" GET "/tokens" rows Token {}

    /// Makes a token, which is told this once.
    Client.create_token(name: word = "name") -> CreateToken
        = "create-token" POST "/tokens" act NewToken
    {
        /// The user whose it is, in a world that says who sees what.
        user: word = "user",
        /// How many seconds it holds; else until it is revoked.
        expires_in_seconds: amount = "expires_in_seconds",
    }

    /// Revokes a token, by its id or name, and those that were made by it.
    Client.revoke_token(token: place = "token") -> RevokeToken
        = "revoke-token" DELETE "/tokens/{token}" act Revoked {}

    /// What was done and what was refused, the last first.
    Client.audit() -> Audit = "audit" GET "/audit" rows AuditRow {
        /// Of this user, or token of this name, only.
        user: text = "user",
        /// Rows at most.
        limit: number = "limit",
    }

    /// Deletes a world of the folder that is served, with its save.
    World.delete() -> DeleteWorld = "delete-world" DELETE "/worlds/{world}" act Deleted {}

    /// How a world stands: tick, hashes, entities, the last tick's stages.
    World.standing() -> StandingOf = "world" GET "/worlds/{world}" one Standing {}

    /// How a world goes: what its last ticks took, what went wrong, sizes of its save.
    World.health() -> HealthOf = "health" GET "/worlds/{world}/health" one Health {}

    /// Whether a world runs, how fast it should, and how far it is behind.
    World.run() -> RunOf = "run" GET "/worlds/{world}/run" one Pace {}

    /// Lets a world run or stand still, and sets its speed.
    World.set_run() -> SetRun = "set-run" POST "/worlds/{world}/run" one Pace {
        /// Whether it stands still.
        paused: switch = "paused",
        /// How many ticks a second it should do; 0 for as many as possible.
        hz: rate = "hz",
    }

    /// Does some ticks, after which the world stands still.
    World.step(ticks: amount = "ticks") -> Step
        = "step" POST "/worlds/{world}/run/step" act Pace
    {
        /// Waits so many seconds at most, 60 or fewer, until they are done.
        wait: seconds = "prefer",
    }

    /// Gives the next tick inputs: an object `{"input": "mod/Name", "value": {…}}` in JSON,
    /// or an array of them. [`World::send`] puts one together.
    World.inputs(inputs: content = "application/json") -> Inputs
        = "inputs" POST "/worlds/{world}/inputs" act_once Sent {}

    /// Changes by hand, with who sent each and what became of it, the last first.
    World.edits() -> Edits = "edits" GET "/worlds/{world}/edits" rows EditRow {
        /// The first tick; else the first that is kept.
        from: number = "from",
        /// The last tick; else the last.
        to: number = "to",
        /// So many rows at most: 1 to 10,000; else 1,000.
        limit: number = "limit",
    }

    /// Changes values by hand in the next tick, all of it or nothing: an
    /// [`Edit`](crate::Edit), or its JSON.
    World.edit(edit: content = "application/json") -> EditOf
        = "edit" POST "/worlds/{world}/edits" act_once Sent
    {
        /// Only if its entity is as it was when it had this tag: that of
        /// [`Whole`](crate::Whole).
        if_match: header = "if-match",
    }

    /// Takes an edit back, unless what it set has changed since. It is named by the tick
    /// that had it and its number there.
    World.undo(tick: amount = "tick", number: amount = "number") -> Undo
        = "undo" POST "/worlds/{world}/edits/undo" act_once Sent {}

    /// What would be if: the world goes on in memory for some ticks, with what is changed
    /// and without. Nothing is written.
    World.fork(ticks: amount = "ticks") -> Fork
        = "fork" POST "/worlds/{world}/forks" one Forked
    {
        /// From this tick, a number or an [`At`](crate::At); else from now.
        at: word = "at",
    }

    /// Ticks that have a name, by which they can be gone back to.
    World.snapshots() -> Snapshots = "snapshots" GET "/worlds/{world}/snapshots" rows Snapshot {}

    /// Gives the world as it is a name.
    World.take_snapshot(name: word = "name") -> TakeSnapshot
        = "take-snapshot" POST "/worlds/{world}/snapshots" act Named
    {
        /// What is to be remembered of it.
        note: word = "note",
    }

    /// Makes another save beside this one, which goes on from an earlier tick.
    World.branch(tick: amount = "tick", name: word = "name") -> Branch
        = "branch" POST "/worlds/{world}/branches" act Branched {}

    /// Takes the world back to an earlier tick. What was ahead is kept as a save of its own.
    World.rewind(tick: amount = "tick") -> Rewind
        = "rewind" POST "/worlds/{world}/rewind" act Rewound {}

    /// The charts that the world file names: a title and one SELECT each.
    World.charts() -> Charts = "charts" GET "/worlds/{world}/charts" rows Chart {}

    /// Components, relations, events, inputs and settings, with their fields.
    World.kinds() -> Kinds = "kinds" GET "/worlds/{world}/kinds" rows KindRow {
        /// As of this tick, a number or an [`At`](crate::At); else as of now.
        at: text = "at",
    }

    /// Every resource and its value.
    World.resources() -> Resources = "resources" GET "/worlds/{world}/resources" rows Resource {
        /// As of this tick, a number or an [`At`](crate::At); else as of now.
        at: text = "at",
    }

    /// Entities by what they have, in pages that are all of one tick.
    World.entities() -> Entities = "entities" GET "/worlds/{world}/entities" pages EntityRow {
        /// A component that they have; several times for several.
        with: names = "with",
        /// A component that they lack; several times for several.
        without: names = "without",
        /// A condition, as in `islands/Position.x:gt:100`; several times for several that
        /// must all hold.
        filter: one_more = "where",
        /// A component to show, or a field of it behind a dot; several times for several,
        /// `*` for all.
        select: names = "select",
        /// A field or `label` to order by, with `-` before it for the greatest first.
        order: text = "order",
        /// So many rows in a page at most: 1 to 10,000; else 1,000.
        limit: number = "limit",
        /// Where a page begins, as the page before said.
        cursor: text = "cursor",
        /// Counts also how many there are in all.
        count: flag = "count",
        /// As of this tick, a number or an [`At`](crate::At); else as of now.
        at: text = "at",
    }

    /// All values of a packed component as they are.
    World.columns(kind: text = "kind") -> ColumnsOf
        = "columns" GET "/worlds/{world}/columns" by_hand
    {
        /// As of this tick, a number or an [`At`](crate::At); else as of now.
        at: text = "at",
    }

    /// One entity, by `12v3` or by its label: its label, components and relations.
    World.entity(entity: place = "entity") -> EntityOf
        = "entity" GET "/worlds/{world}/entities/{entity}" by_hand
    {
        /// As of this tick, a number or an [`At`](crate::At); else as of now.
        at: text = "at",
    }

    /// What a component of an entity was, and every change since. The component may have
    /// a field of it behind a dot.
    World.history(entity: place = "entity", component: text = "component") -> History
        = "history" GET "/worlds/{world}/entities/{entity}/history" rows HistoryRow
    {
        /// The first tick; else the first that is kept.
        from: number = "from",
        /// The last tick; else the last.
        to: number = "to",
    }

    /// Which mod and system set each field of a component last, and when.
    World.blame(entity: place = "entity", component: text = "component") -> Blame
        = "blame" GET "/worlds/{world}/entities/{entity}/blame" rows BlameRow
    {
        /// The first tick; else the first that is kept.
        from: number = "from",
        /// The last tick; else the last.
        to: number = "to",
    }

    /// Why a value is what it is: who set it, what that system saw then, and who had set
    /// each of those.
    World.why(entity: text = "entity", component: text = "component") -> WhyOf
        = "why" GET "/worlds/{world}/why" one Why
    {
        /// As of this tick, a number or an [`At`](crate::At); else as of now.
        at: text = "at",
        /// The value as this system saw it in the tick.
        seen_by: text = "seen_by",
    }

    /// All that happened to an entity, tick by tick.
    World.timeline(entity: place = "entity") -> Timeline
        = "timeline" GET "/worlds/{world}/entities/{entity}/timeline" rows TimelineRow
    {
        /// The first tick; else the first that is kept.
        from: number = "from",
        /// The last tick; else the last.
        to: number = "to",
    }

    /// Edges between entities, in pages that are all of one tick.
    World.relations() -> Relations = "relations" GET "/worlds/{world}/relations" pages Relation {
        /// Of this relation only.
        kind: text = "kind",
        /// From this entity only.
        from: text = "from",
        /// To this entity only.
        to: text = "to",
        /// So many rows in a page at most: 1 to 10,000; else 1,000.
        limit: number = "limit",
        /// Where a page begins, as the page before said.
        cursor: text = "cursor",
        /// Counts also how many there are in all.
        count: flag = "count",
        /// As of this tick, a number or an [`At`](crate::At); else as of now.
        at: text = "at",
    }

    /// The entities around one, and the edges among them.
    World.graph(around: text = "around") -> GraphAround
        = "graph" GET "/worlds/{world}/graph" one Graph
    {
        /// Over this relation only.
        kind: text = "kind",
        /// So many steps away at most: 1 to 3; else 1.
        depth: number = "depth",
        /// So many entities at most: 1 to 500; else 100.
        limit: number = "limit",
        /// As of this tick, a number or an [`At`](crate::At); else as of now.
        at: text = "at",
    }

    /// What happened to entities, edges and resources, and by whom, the last first: in one
    /// tick, in some, or to one entity.
    World.changes() -> Changes = "changes" GET "/worlds/{world}/changes" rows Change {
        /// Of this entity only.
        entity: text = "entity",
        /// Of this component, relation or resource only.
        kind: text = "kind",
        /// The first tick; else the last, and for an entity the first that is kept.
        from: number = "from",
        /// The last tick; else the last.
        to: number = "to",
        /// So many rows at most: 1 to 10,000; else 1,000.
        limit: number = "limit",
    }

    /// What is other between two ticks.
    World.diff(from: text = "from") -> Diff = "diff" GET "/worlds/{world}/diff" rows Difference {
        /// The later tick; else the last.
        to: number = "to",
        /// How often there is each action, kind and field instead.
        summary: flag = "summary",
    }

    /// What each tick did, the last first.
    World.ticks() -> Ticks = "ticks" GET "/worlds/{world}/ticks" rows TickRow {
        /// The first tick; else the first that is kept.
        from: number = "from",
        /// The last tick; else the last.
        to: number = "to",
        /// So many rows at most: 1 to 10,000; else 1,000.
        limit: number = "limit",
    }

    /// Events, the last first.
    World.events() -> Events = "events" GET "/worlds/{world}/events" rows EventRow {
        /// Of this kind only.
        kind: text = "name",
        /// The first tick; else the first that is kept.
        from: number = "from",
        /// The last tick; else the last.
        to: number = "to",
        /// So many rows at most: 1 to 10,000; else 1,000.
        limit: number = "limit",
    }

    /// What each run of a system did and how long it took, the last first.
    World.system_runs() -> SystemRuns
        = "system-runs" GET "/worlds/{world}/system-runs" rows SystemRun
    {
        /// Of this system only.
        system: text = "system",
        /// The first tick; else the first that is kept.
        from: number = "from",
        /// The last tick; else the last.
        to: number = "to",
        /// So many rows at most: 1 to 10,000; else 1,000.
        limit: number = "limit",
    }

    /// What mods logged, the last first.
    World.logs() -> Logs = "logs" GET "/worlds/{world}/logs" rows LogRow {
        /// Of this mod only.
        of_mod: text = "mod",
        /// The first tick; else the first that is kept.
        from: number = "from",
        /// The last tick; else the last.
        to: number = "to",
        /// So many rows at most: 1 to 10,000; else 1,000.
        limit: number = "limit",
    }

    /// The mods that run.
    World.mods() -> Mods = "mods" GET "/worlds/{world}/mods" rows ModRow {
        /// As of this tick, a number or an [`At`](crate::At); else as of now.
        at: text = "at",
    }

    /// Every system and what it did so far.
    World.systems() -> Systems = "systems" GET "/worlds/{world}/systems" rows SystemRow {}

    /// What a SELECT can ask for: every table with its columns.
    World.tables() -> Tables = "tables" GET "/worlds/{world}/tables" rows Table {
        /// As of this tick, a number or an [`At`](crate::At); else as of now.
        at: text = "at",
    }

    /// The answer to one SELECT.
    World.query(sql: content = "text/plain") -> Query
        = "query-by-body" POST "/worlds/{world}/query" rows Row
    {
        /// So many rows at most: 1 to 10,000; else 1,000.
        limit: number = "limit",
        /// As of this tick, a number or an [`At`](crate::At); else as of now.
        at: text = "at",
    }

    /// The answer to one SELECT as of every nth tick, with the tick in front.
    World.series(sql: text = "sql", every: text = "every") -> Series
        = "series" GET "/worlds/{world}/series" rows Row
    {
        /// The first tick; else the first that is kept.
        from: number = "from",
        /// The last tick; else the last.
        to: number = "to",
    }

    /// The questions that the world file and mods bring along, with what they take.
    World.questions() -> Questions
        = "questions" GET "/worlds/{world}/questions" rows NamedQuestion {}

    /// The answer to a question that the world file or a mod brings along.
    World.question(question: text = "question") -> AskQuestion
        = "ask" GET "/worlds/{world}/ask" rows Row
    {
        /// What is given for its parameters: a JSON object.
        values: text = "values",
        /// So many rows at most: 1 to 10,000; else 1,000.
        limit: number = "limit",
        /// As of this tick, a number or an [`At`](crate::At); else as of now.
        at: text = "at",
    }

    /// What is to be known of some entities within so many tokens: what they are, how they
    /// stand to each other, and what happened, the weightiest first. Several stand with commas
    /// between them.
    World.context(about: text = "about") -> ContextOf
        = "context" GET "/worlds/{world}/context" one Context
    {
        /// How long the answer may be, a token counted as 3 bytes: 300 to 100,000; else 2,000.
        tokens: number = "tokens",
        /// Words: what has them in it comes first.
        words: text = "text",
        /// What questions of the world that take a `time` are given for it.
        time: text = "time",
        /// As of this tick, a number or an [`At`](crate::At); else as of now.
        at: text = "at",
    }

    /// Every tick as it comes, and what is other in it.
    World.stream() -> StreamOf = "stream" GET "/worlds/{world}/stream" by_hand {
        /// A component, relation or resource whose changes are told; several times for
        /// several, `*` for all.
        changes: names = "changes",
        /// Changes of this entity only.
        entity: text = "entity",
        /// A kind of events that are told; several times for several, `*` for all.
        events: names = "events",
    }

    /// A packed component as it changes.
    World.column_stream(kind: text = "kind") -> ColumnStreamOf
        = "column-stream" GET "/worlds/{world}/columns/stream" by_hand {}
}
