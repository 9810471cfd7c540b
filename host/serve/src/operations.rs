//! The one table of what can be asked. The router and the OpenAPI document are made
//! of it, so that neither has what the other lacks.

mod answers;
mod columns;
mod entities;
mod filter;
mod forks;
mod host;
mod log;
mod method;
mod operation;
mod pages;
mod relations;
mod run;
mod sent;
mod sql;
mod time;
mod world;
mod worlds;

use super::rights::Scope;
use operation::{optional, required};

pub use filter::component;
#[cfg(test)]
pub use filter::condition_of;
pub use method::{Body, Method};
pub use operation::{Answer, BASE, Errand, Operation, Parameter};
pub use run::step;
pub use sent::{Sent, allowed, inputs, key, one};

const AT: Parameter = optional("at", "the tick, as in 1200 or 1200~6db9a168; else now");
const FORMAT: Parameter = optional("format", "json, ndjson, csv or msgpack; else by Accept");
const FROM: Parameter = optional("from", "the first tick; else the first that is kept");
const TO: Parameter = optional("to", "the last tick; else the last");
const LIMIT: Parameter = optional("limit", "rows at most: 1 to 10,000; else 1,000");
const CURSOR: Parameter = optional("cursor", "`next` of the page before");
const COUNT: Parameter = optional("count", "`true`: also how many there are in all");
const COMPONENT: Parameter =
    required("component", "a component, or a field of it behind a dot: economy/Economy.gdp_usd");

/// Everything that can be asked.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        name: "worlds",
        method: Method::Get,
        path: "/worlds",
        summary: "The worlds that are served: where they stand, and whether they are closed, opening, open, running or broken.",
        scope: Scope::Read,
        parameters: &[FORMAT],
        answer: Answer::OfAll(worlds::list),
    },
    Operation {
        name: "create-world",
        method: Method::Post(Body::Pack),
        path: "/worlds",
        summary: "Makes a world in the folder that is served, of the pack that is sent, or of one that lies there.",
        scope: Scope::Admin,
        parameters: &[
            required("name", "what it is to be called: letters, digits, - and _"),
            optional("pack", "a pack in the folder, by the name of its file; else the body is one"),
        ],
        answer: Answer::OfAll(worlds::create),
    },
    Operation {
        name: "delete-world",
        method: Method::Delete,
        path: "/worlds/{world}",
        summary: "Deletes a world of the folder that is served, with its save, if it does not run and nothing is on it.",
        scope: Scope::Admin,
        parameters: &[],
        answer: Answer::OfAll(worlds::delete),
    },
    Operation {
        name: "world",
        method: Method::Get,
        path: "/worlds/{world}",
        summary: "How a world stands: tick, hashes, entities, the last tick's stages.",
        scope: Scope::Read,
        parameters: &[],
        answer: Answer::AtOnce(host::world),
    },
    Operation {
        name: "health",
        method: Method::Get,
        path: "/worlds/{world}/health",
        summary: "How a world goes: what its last ticks took, what went wrong, sizes of its save.",
        scope: Scope::Read,
        parameters: &[],
        answer: Answer::Apart(host::health),
    },
    Operation {
        name: "run",
        method: Method::Get,
        path: "/worlds/{world}/run",
        summary: "Whether a world runs, how fast it should, and how far it is behind.",
        scope: Scope::Read,
        parameters: &[],
        answer: Answer::AtOnce(run::run),
    },
    Operation {
        name: "set-run",
        method: Method::Post(Body::Json),
        path: "/worlds/{world}/run",
        summary: "Lets a world run or stand still, and sets its speed.",
        scope: Scope::Run,
        parameters: &[],
        answer: Answer::AtOnce(run::set),
    },
    Operation {
        name: "step",
        method: Method::Post(Body::Json),
        path: "/worlds/{world}/run/step",
        summary: "Does some ticks, after which the world stands still. With `Prefer: wait=5` the answer comes when they are done, or after 5 seconds.",
        scope: Scope::Run,
        parameters: &[],
        answer: Answer::Step,
    },
    Operation {
        name: "inputs",
        method: Method::Post(Body::Inputs),
        path: "/worlds/{world}/inputs",
        summary: "Gives the next tick inputs: {\"input\": \"mod/Name\", \"value\": {…}}, an array of them, or one a line as application/x-ndjson. With `Idempotency-Key` they count once. With `Prefer: wait=5` the answer has the tick that read them and the events that came of it.",
        scope: Scope::Send,
        parameters: &[],
        answer: Answer::Inputs,
    },
    Operation {
        name: "edits",
        method: Method::Get,
        path: "/worlds/{world}/edits",
        summary: "Changes by hand, with who sent each and what became of it, the last first.",
        scope: Scope::History,
        parameters: &[FROM, TO, LIMIT, FORMAT],
        answer: Answer::Apart(log::edits),
    },
    Operation {
        name: "edit",
        method: Method::Post(Body::Json),
        path: "/worlds/{world}/edits",
        summary: "Changes values by hand, all of it or nothing, in the next tick: {\"op\": \"set\", \"entity\": \"12v3\", \"component\": \"mod/Kind\", \"value\": {…}}, a list of such, or {\"operations\": […], \"expects\": […]}. With `If-Match`, only if the entity is as that tag had it. `Idempotency-Key` and `Prefer` as for inputs.",
        scope: Scope::Edit,
        parameters: &[],
        answer: Answer::Edit(sent::edit),
    },
    Operation {
        name: "undo",
        method: Method::Post(Body::Json),
        path: "/worlds/{world}/edits/undo",
        summary: "Takes an edit back, unless what it set has changed since: {\"tick\": 120, \"number\": 0}.",
        scope: Scope::Edit,
        parameters: &[],
        answer: Answer::Edit(sent::undo),
    },
    Operation {
        name: "fork",
        method: Method::Post(Body::Json),
        path: "/worlds/{world}/forks",
        summary: "What would be if: {\"at\": 1200, \"ticks\": 365, \"inputs\": […], \"edits\": […], \"watch\": [{\"entity\": \"12v3\", \"component\": \"mod/Kind.field\"}, {\"sql\": \"SELECT …\"}]}. The world goes on in memory, with what is changed and without; nothing is written.",
        scope: Scope::Fork,
        parameters: &[],
        answer: Answer::Apart(forks::fork),
    },
    Operation {
        name: "snapshots",
        method: Method::Get,
        path: "/worlds/{world}/snapshots",
        summary: "Ticks that have a name, by which they can be gone back to.",
        scope: Scope::History,
        parameters: &[FORMAT],
        answer: Answer::Apart(time::snapshots),
    },
    Operation {
        name: "take-snapshot",
        method: Method::Post(Body::Json),
        path: "/worlds/{world}/snapshots",
        summary: "Gives the world as it is a name: {\"name\": \"before-the-war\", \"note\": \"…\"}.",
        scope: Scope::Time,
        parameters: &[],
        answer: Answer::Between(time::take_snapshot),
    },
    Operation {
        name: "branch",
        method: Method::Post(Body::Json),
        path: "/worlds/{world}/branches",
        summary: "Makes another save beside this one, which goes on from an earlier tick: {\"tick\": 1200, \"name\": \"what-if\"}.",
        scope: Scope::Time,
        parameters: &[],
        answer: Answer::Apart(time::branch),
    },
    Operation {
        name: "rewind",
        method: Method::Post(Body::Json),
        path: "/worlds/{world}/rewind",
        summary: "Takes the world back to an earlier tick: {\"tick\": 1200}. What was ahead is kept as a save of its own beside this one.",
        scope: Scope::Time,
        parameters: &[],
        answer: Answer::Between(time::rewind),
    },
    Operation {
        name: "charts",
        method: Method::Get,
        path: "/worlds/{world}/charts",
        summary: "The charts that the world file names: a title and one SELECT each.",
        scope: Scope::Read,
        parameters: &[FORMAT],
        answer: Answer::AtOnce(host::charts),
    },
    Operation {
        name: "kinds",
        method: Method::Get,
        path: "/worlds/{world}/kinds",
        summary: "Components, relations, events, inputs and settings, with their fields.",
        scope: Scope::Read,
        parameters: &[AT, FORMAT],
        answer: Answer::AtOnceOfNow(world::kinds),
    },
    Operation {
        name: "resources",
        method: Method::Get,
        path: "/worlds/{world}/resources",
        summary: "Every resource and its value.",
        scope: Scope::Read,
        parameters: &[AT, FORMAT],
        answer: Answer::AtOnceOfNow(world::resources),
    },
    Operation {
        name: "entities",
        method: Method::Get,
        path: "/worlds/{world}/entities",
        summary: "Entities by what they have, in pages that are all of one tick.",
        scope: Scope::Read,
        parameters: &[
            optional("with", "components that they have, with commas between them"),
            optional("without", "components that they lack"),
            optional(
                "where",
                "mod/Kind.field:op:value, several times for several; op is eq, ne, lt, le, gt, ge, has or begins",
            ),
            optional("select", "components, or fields of them, to show; `*` for all"),
            optional(
                "order",
                "mod/Kind.field or label to order by, with - before it for the greatest first",
            ),
            LIMIT,
            CURSOR,
            COUNT,
            AT,
            FORMAT,
        ],
        answer: Answer::Apart(entities::list),
    },
    Operation {
        name: "columns",
        method: Method::Get,
        path: "/worlds/{world}/columns",
        summary: "All values of a packed component as they are, in MessagePack: entities and values as one run of bytes each.",
        scope: Scope::Read,
        parameters: &[required("kind", "a packed component"), AT],
        answer: Answer::Apart(columns::columns),
    },
    Operation {
        name: "entity",
        method: Method::Get,
        path: "/worlds/{world}/entities/{entity}",
        summary: "One entity: its label, components and relations, of which 1,000 each way.",
        scope: Scope::Read,
        parameters: &[AT],
        answer: Answer::AtOnceOfNow(entities::one),
    },
    Operation {
        name: "history",
        method: Method::Get,
        path: "/worlds/{world}/entities/{entity}/history",
        summary: "What a component of an entity was, and every change since.",
        scope: Scope::History,
        parameters: &[COMPONENT, FROM, TO, FORMAT],
        answer: Answer::Apart(answers::history),
    },
    Operation {
        name: "blame",
        method: Method::Get,
        path: "/worlds/{world}/entities/{entity}/blame",
        summary: "Which mod and system set each field of a component last, and when.",
        scope: Scope::History,
        parameters: &[COMPONENT, FROM, TO, FORMAT],
        answer: Answer::Apart(answers::blame),
    },
    Operation {
        name: "why",
        method: Method::Get,
        path: "/worlds/{world}/why",
        summary: "Why a value is what it is: who set it, what that system saw then, and who had set each of those.",
        scope: Scope::History,
        parameters: &[
            required("entity", "an entity, as 12v3 or by its label"),
            COMPONENT,
            AT,
            optional("seen_by", "a system: the value as that saw it in the tick `at`"),
        ],
        answer: Answer::Apart(answers::why),
    },
    Operation {
        name: "timeline",
        method: Method::Get,
        path: "/worlds/{world}/entities/{entity}/timeline",
        summary: "All that happened to an entity, tick by tick.",
        scope: Scope::History,
        parameters: &[FROM, TO, FORMAT],
        answer: Answer::Apart(answers::timeline),
    },
    Operation {
        name: "relations",
        method: Method::Get,
        path: "/worlds/{world}/relations",
        summary: "Edges between entities, in pages that are all of one tick.",
        scope: Scope::Read,
        parameters: &[
            optional("kind", "of this relation only"),
            optional("from", "from this entity only"),
            optional("to", "to this entity only"),
            LIMIT,
            CURSOR,
            COUNT,
            AT,
            FORMAT,
        ],
        answer: Answer::Apart(relations::list),
    },
    Operation {
        name: "graph",
        method: Method::Get,
        path: "/worlds/{world}/graph",
        summary: "The entities around one, and the edges among them.",
        scope: Scope::Read,
        parameters: &[
            required("around", "an entity, as 12v3 or by its label"),
            optional("kind", "over this relation only"),
            optional("depth", "steps away at most: 1 to 3; else 1"),
            optional("limit", "entities at most: 1 to 500; else 100"),
            AT,
        ],
        answer: Answer::Apart(relations::graph),
    },
    Operation {
        name: "changes",
        method: Method::Get,
        path: "/worlds/{world}/changes",
        summary: "What happened to entities, edges and resources, and by whom, the last first: in one tick, in some, or to one entity.",
        scope: Scope::History,
        parameters: &[
            optional("entity", "of this entity only, as 12v3 or by its label"),
            optional("kind", "of this component, relation or resource only"),
            optional("from", "the first tick; else `to`, and for an entity the first that is kept"),
            TO,
            LIMIT,
            FORMAT,
        ],
        answer: Answer::Apart(answers::changes),
    },
    Operation {
        name: "diff",
        method: Method::Get,
        path: "/worlds/{world}/diff",
        summary: "What is other between two ticks.",
        scope: Scope::History,
        parameters: &[
            required("from", "the earlier tick"),
            TO,
            optional("summary", "`true`: how often there is each action, kind and field instead"),
            FORMAT,
        ],
        answer: Answer::Apart(answers::diff),
    },
    Operation {
        name: "ticks",
        method: Method::Get,
        path: "/worlds/{world}/ticks",
        summary: "What each tick did, the last first.",
        scope: Scope::History,
        parameters: &[FROM, TO, LIMIT, FORMAT],
        answer: Answer::Apart(log::ticks),
    },
    Operation {
        name: "events",
        method: Method::Get,
        path: "/worlds/{world}/events",
        summary: "Events, the last first.",
        scope: Scope::History,
        parameters: &[optional("name", "of this kind only"), FROM, TO, LIMIT, FORMAT],
        answer: Answer::Apart(log::events),
    },
    Operation {
        name: "system-runs",
        method: Method::Get,
        path: "/worlds/{world}/system-runs",
        summary: "What each run of a system did and how long it took, the last first.",
        scope: Scope::History,
        parameters: &[optional("system", "of this system only"), FROM, TO, LIMIT, FORMAT],
        answer: Answer::Apart(log::system_runs),
    },
    Operation {
        name: "logs",
        method: Method::Get,
        path: "/worlds/{world}/logs",
        summary: "What mods logged, the last first.",
        scope: Scope::History,
        parameters: &[optional("mod", "of this mod only"), FROM, TO, LIMIT, FORMAT],
        answer: Answer::Apart(log::logs),
    },
    Operation {
        name: "mods",
        method: Method::Get,
        path: "/worlds/{world}/mods",
        summary: "The mods that run.",
        scope: Scope::Read,
        parameters: &[AT, FORMAT],
        answer: Answer::Apart(log::mods),
    },
    Operation {
        name: "systems",
        method: Method::Get,
        path: "/worlds/{world}/systems",
        summary: "Every system and what it did so far.",
        scope: Scope::Read,
        parameters: &[FORMAT],
        answer: Answer::Apart(log::systems),
    },
    Operation {
        name: "tables",
        method: Method::Get,
        path: "/worlds/{world}/tables",
        summary: "What a SELECT can ask for: every table with its columns.",
        scope: Scope::Sql,
        parameters: &[AT, FORMAT],
        answer: Answer::Apart(sql::tables),
    },
    Operation {
        name: "query",
        method: Method::Get,
        path: "/worlds/{world}/query",
        summary: "The answer to one SELECT.",
        scope: Scope::Sql,
        parameters: &[required("sql", "one SELECT"), LIMIT, AT, FORMAT],
        answer: Answer::Apart(sql::query),
    },
    Operation {
        name: "query-by-body",
        method: Method::Post(Body::Text),
        path: "/worlds/{world}/query",
        summary: "The answer to one SELECT, which is the body.",
        scope: Scope::Sql,
        parameters: &[LIMIT, AT, FORMAT],
        answer: Answer::Apart(sql::query_by_body),
    },
    Operation {
        name: "series",
        method: Method::Get,
        path: "/worlds/{world}/series",
        summary: "The answer to one SELECT as of every nth tick, with the tick in front.",
        scope: Scope::Sql,
        parameters: &[
            required("sql", "one SELECT"),
            required("every", "so many ticks apart"),
            FROM,
            TO,
            FORMAT,
        ],
        answer: Answer::Apart(sql::series),
    },
    Operation {
        name: "stream",
        method: Method::Get,
        path: "/worlds/{world}/stream",
        summary: "Server-sent events: every tick as it comes, by its number, and what is other in it.",
        scope: Scope::Read,
        parameters: &[
            optional(
                "changes",
                "components, relations and resources whose changes are told, with commas between them; `*` for all",
            ),
            optional("entity", "changes of this entity only, as 12v3 or by its label"),
            optional("events", "events that are told, with commas between them; `*` for all"),
        ],
        answer: Answer::Stream,
    },
    Operation {
        name: "column-stream",
        method: Method::Get,
        path: "/worlds/{world}/columns/stream",
        summary: "A packed component as it changes: messages of MessagePack as `columns` gives them, with entities where those are others than before.",
        scope: Scope::Read,
        parameters: &[required("kind", "a packed component")],
        answer: Answer::ColumnStream,
    },
];
