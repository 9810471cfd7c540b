//! What of that which was asked is written down in the audit log, and how.

use super::operations::{Method, Operation};
use super::principal::Principal;
use super::problem::{Kind, Problem};
use super::trust::{Act, Outcome, Trust};
use super::worlds::Worlds;

/// What came of a question, where that is written down.
pub fn outcome<T>(operation: &Operation, answer: &Result<T, Problem>) -> Option<Outcome> {
    match answer {
        Err(problem) if problem.was_begun => Some(Outcome::Done),
        Err(problem) if problem.kind == Kind::Scope => Some(Outcome::Refused),
        _ if !operation.scope.is_to_write() || operation.method == Method::Get => None,
        Err(_) => Some(Outcome::Failed),
        Ok(_) => Some(Outcome::Done),
    }
}

/// Writes down what was done, before the answer goes out. Of what is called a world it has
/// the names of those that there are: any other name is a text of the client.
pub fn write_down(
    operation: &str,
    trust: &Trust,
    worlds: &Worlds,
    asker: &Principal,
    world: Option<&str>,
    outcome: Outcome,
) {
    let world = world.filter(|name| worlds.has(name));
    let open = worlds.on_air();
    let open = open.iter().map(|it| it.served()).find(|it| Some(it.name()) == world);
    let act = Act {
        user: asker.user(),
        token: asker.id(),
        operation,
        world,
        tick: open.map(|served| served.feed().now().tick()),
        outcome,
    };
    match trust.record(act) {
        Ok(who) => tracing::debug!("{operation} by {who}: {}", outcome.word()),
        Err(error) => tracing::error!("`{operation}` is not in the audit log: {error}"),
    }
}
