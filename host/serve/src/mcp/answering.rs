//! From a tool that is called to its answer: which world, for whom, how long.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use serde_json::{Map, Value as Json};

use super::super::apart::Apart;
use super::super::audited::{outcome, write_down};
use super::super::cursor::Secret;
use super::super::guard::Key;
use super::super::on_air::OnAir;
use super::super::operations::Operation;
use super::super::principal::Principal;
use super::super::problem::{Kind, Problem};
use super::super::question::Carried;
use super::super::rights::{Grants, Scope};
use super::super::saved::Saved;
use super::super::served::Served;
use super::super::sight::Sight;
use super::super::trust::Trust;
use super::super::worlds::Worlds;
use super::address;
use super::bounded::{Bounded, bounded};
use super::call::{Call, Given, given, operation};
use super::inbox;
use super::tools::{Answer, MAX_TOKENS, TOKENS_MAX, TOKENS_MIN, TOKENS_USUAL, TOOLS, Tool, WORLD};

/// The tool, operation and place of one entity.
pub const ENTITY: &str = "entity";

/// Where the worlds are that are asked about.
enum Source {
    /// This server has them.
    Server(Worlds),
    /// The save of one is read.
    Save(Arc<Saved>),
}

/// What answers AI clients.
#[derive(Clone)]
pub struct Answering(Arc<Shared>);

struct Shared {
    source: Source,
    /// Who asks, where requests do not say.
    principal: Option<Principal>,
    /// Where it is written down what they do, and what they are refused.
    trust: Option<Arc<Trust>>,
    secret: Secret,
    apart: Apart,
}

impl Answering {
    /// About the worlds of a server.
    pub fn of_server(worlds: Worlds, key: &Key, apart: Apart) -> Self {
        let (source, secret, trust) = (Source::Server(worlds), *key.secret(), key.trust().cloned());
        Self(Arc::new(Shared { source, principal: None, trust, secret, apart }))
    }

    /// About the world of a save, to one who may do what the grants say.
    pub fn of_save(saved: Saved, grants: Grants, secret: Secret) -> Self {
        let principal = Some(Principal::named("mcp", grants));
        let (source, apart) = (Source::Save(Arc::new(saved)), Apart::default());
        Self(Arc::new(Shared { source, principal, trust: None, secret, apart }))
    }

    /// Who asks: as the request says, or as this was started for.
    ///
    /// # Errors
    ///
    /// Neither says it.
    pub fn principal(&self, of_request: Option<&Principal>) -> Result<Principal, Problem> {
        let principal = of_request.or(self.0.principal.as_ref()).cloned();
        principal.ok_or_else(|| Problem::new(Kind::Token, "a token is needed here"))
    }

    /// The tools that there are for them who ask.
    pub fn tools(&self, principal: &Principal) -> Vec<&'static Tool> {
        let worlds = match &self.0.source {
            Source::Server(worlds) => worlds.clone(),
            Source::Save(saved) => saved.worlds().clone(),
        };
        let served = worlds.only().map(OnAir::served);
        let sight = served.and_then(|it| Sight::of(principal, it.name(), &it.feed().now().config));
        let is_for = |tool: &&Tool| {
            tool.is_for(principal, served.map(Served::name))
                && sight.as_ref().is_none_or(|sight| tool.is_answered_to(sight))
        };
        TOOLS.iter().filter(is_for).collect()
    }

    /// Answers a tool.
    ///
    /// # Errors
    ///
    /// What the operations say that it is answered by.
    pub async fn answer(
        &self,
        principal: Principal,
        tool: &'static Tool,
        arguments: Map<String, Json>,
    ) -> Result<Bounded, Problem> {
        let asked = arguments.get(WORLD).and_then(Json::as_str).map(str::to_owned);
        let asker = principal.clone();
        let answer = self.told(principal, tool, arguments).await;
        self.note(tool.first(), asker, asked, &answer).await;
        answer
    }

    /// Writes down what came of a question, where that is written down.
    async fn note<T>(
        &self,
        operation: Option<&'static Operation>,
        asker: Principal,
        world: Option<String>,
        answer: &Result<T, Problem>,
    ) {
        if let (Some(operation), Some(trust)) = (operation, self.0.trust.clone())
            && let Some(outcome) = outcome(operation, answer)
            && let Ok(worlds) = self.look().await
        {
            let write = move || {
                let world = named(&worlds, world).ok();
                write_down(operation.name, &trust, &worlds, &asker, world.as_deref(), outcome);
            };
            let _ = tokio::task::spawn_blocking(write).await;
        }
    }

    async fn told(
        &self,
        principal: Principal,
        tool: &'static Tool,
        mut arguments: Map<String, Json>,
    ) -> Result<Bounded, Problem> {
        let world = arguments.remove(WORLD).filter(|world| !world.is_null());
        let world = world.map(|world| world.as_str().unwrap_or_default().to_owned());
        let tokens = tokens(arguments.remove(MAX_TOKENS))?;
        let given = given(arguments)?;
        tool.check(&given)?;
        if let Some(answer) = tool.of_all() {
            let (worlds, is_saved) = (self.look().await?, self.0.source.is_save());
            let answer =
                move || Ok(bounded(&answer(&worlds, principal, is_saved)?, tokens, tool.rest));
            return self.0.apart.run(answer).await;
        }
        if let Answer::Send = tool.answer {
            let told = self.send(principal, world, given).await?;
            return Ok(bounded(&told, tokens, tool.rest));
        }
        self.enter(principal, world, tool.first(), given, move |call| {
            let mut answer = tool.answer(call, tokens)?;
            let of = |name: &str| answer.members.get(name).and_then(Json::as_str);
            if tool.name == ENTITY
                && let (Some(entity), Some(at)) = (of(ENTITY), of("at"))
            {
                let uri = address::uri(&call.world, entity, at);
                answer.members.insert("uri".to_owned(), uri.into());
            }
            Ok(answer)
        })
        .await
    }

    /// Gives a world an input.
    async fn send(
        &self,
        principal: Principal,
        world: Option<String>,
        given: Given,
    ) -> Result<Map<String, Json>, Problem> {
        let worlds = self.look().await?;
        let world = named(&worlds, world)?;
        if let Source::Save(saved) = &self.0.source {
            let saved = saved.clone();
            let leave = move || {
                let here = worlds.only().filter(|it| it.served().name() == world);
                let here = here.ok_or_else(|| {
                    Problem::new(Kind::NotFound, format!("there is no world `{world}` here"))
                })?;
                let at = here.served().now().at();
                let mut told = Map::from_iter([("at".to_owned(), Json::from(at))]);
                told.extend(inbox::leave(saved.path(), &world, &principal, &given)?);
                Ok(told)
            };
            return self.0.apart.run(leave).await;
        }
        principal.check(Scope::Send, Some(&world))?;
        let lease = worlds.enter(&world).await?;
        let places = BTreeMap::from([(WORLD.to_owned(), world)]);
        let (body, secret) = (Bytes::new(), self.0.secret);
        let carried = Carried { principal, trust: None, places, given, body, secret };
        inbox::hand(lease, carried, &self.0.apart).await
    }

    /// An entity at a tick, whole.
    ///
    /// # Errors
    ///
    /// There is none of this address.
    pub async fn resource(&self, principal: Principal, asked: &str) -> Result<String, Problem> {
        let (world, entity, at) = address::parts(asked)?;
        let mut given = vec![(ENTITY.to_owned(), entity)];
        given.extend(at.map(|at| ("at".to_owned(), at)));
        let asker = principal.clone();
        let answer = self.enter(principal, Some(world.clone()), operation(ENTITY), given, |call| {
            let answer = bounded(&call.ask_all(ENTITY, call.given.clone())?, TOKENS_MAX, "");
            Ok(Json::Object(answer.members).to_string())
        });
        let answer = answer.await;
        self.note(operation(ENTITY), asker, Some(world), &answer).await;
        answer
    }

    /// Does something with a world, beside what reads and writes messages. None is opened
    /// for them who may not ask for it.
    async fn enter<T: Send + 'static>(
        &self,
        principal: Principal,
        world: Option<String>,
        operation: Option<&'static Operation>,
        given: Vec<(String, String)>,
        work: impl FnOnce(&mut Call<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let worlds = self.look().await?;
        let world = named(&worlds, world)?;
        if let Some(operation) = operation {
            operation.allow(&principal, Some(&world), &given)?;
        }
        let lease = worlds.enter(&world).await?;
        let shared = self.0.clone();
        let work = move || {
            let (served, secret) = (lease.served(), shared.secret);
            let done = work(&mut Call { served, world, principal, secret, given, answered: None });
            if shared.source.is_save() {
                // What is open of a save holds the log of the process back that runs it.
                served.forget_connections();
            }
            done
        };
        self.0.apart.run(work).await
    }

    /// The worlds as they are now.
    async fn look(&self) -> Result<Worlds, Problem> {
        match &self.0.source {
            Source::Server(worlds) => Ok(worlds.clone()),
            Source::Save(saved) => {
                let saved = saved.clone();
                self.0.apart.run(move || Ok(saved.look().map(|()| saved.worlds().clone())?)).await
            }
        }
    }
}

impl Source {
    fn is_save(&self) -> bool {
        matches!(self, Source::Save(_))
    }
}

/// Which world is meant, where there may be several.
fn named(worlds: &Worlds, world: Option<String>) -> Result<String, Problem> {
    let only = || worlds.only().map(|world| world.served().name().to_owned());
    let missing =
        || Problem::parameter(WORLD, "is missing: there are several, which `worlds` lists");
    world.or_else(only).ok_or_else(missing)
}

/// How long the answer may be.
fn tokens(given: Option<Json>) -> Result<usize, Problem> {
    let given = match given {
        None | Some(Json::Null) => return Ok(TOKENS_USUAL),
        Some(given) => given,
    };
    let tokens = given.as_u64().or_else(|| given.as_str()?.parse().ok());
    let tokens = tokens.and_then(|tokens| usize::try_from(tokens).ok());
    tokens.filter(|tokens| (TOKENS_MIN..=TOKENS_MAX).contains(tokens)).ok_or_else(|| {
        let what = format!("is {given}: give {TOKENS_MIN} to {TOKENS_MAX}");
        Problem::parameter(MAX_TOKENS, what)
    })
}
