//! A packed component as it changes, for renderers: messages of MessagePack, one after
//! the other, each with all values as one run of bytes.
//!
//! A client that falls behind is sent what is so now; nothing is queued for it.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, header};
use futures_util::stream;
use tokio::sync::watch;

use super::metrics::StreamClient;
use super::operations::component;
use super::packed_columns::Columns;
use super::principal::Principal;
use super::problem::Problem;
use super::question::Question;
use super::reply::Format;
use super::sight::Sight;
use super::worlds::Lease;

struct Client {
    world: Lease,
    ticks: watch::Receiver<u64>,
    asker: Principal,
    kind: String,
    last: Option<Arc<Columns>>,
    _counted: StreamClient,
}

/// The kind that is asked for.
///
/// # Errors
///
/// It is no packed component.
pub fn asked(question: &Question<'_>) -> Result<String, Problem> {
    let name = question.parameter("kind").unwrap_or_default();
    let world = question.now().world;
    Columns::of_packed(&world, component(&world, "kind", name)?)?;
    Ok(name.to_owned())
}

/// Answers with the component as it is, and again whenever it is other.
pub fn response(world: Lease, asker: Principal, kind: String) -> Response<Body> {
    let (ticks, counted) = (world.ticks(), world.figures().stream_client());
    let client = Client { world, ticks, asker, kind, last: None, _counted: counted };
    let messages = stream::unfold(client, |mut client| async move {
        let message = client.next().await?;
        Some((Ok::<_, Infallible>(message), client))
    });
    let mut response = Response::new(Body::from_stream(messages));
    let headers = response.headers_mut();
    let media = HeaderValue::from_static(Format::MessagePack.media());
    headers.insert(header::CONTENT_TYPE, media);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

impl Client {
    /// The next message; nothing once the world is served no more, or the component is
    /// none of it.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            self.ticks.borrow_and_update();
            let published = self.world.served().feed().now();
            let sight = Sight::of(&self.asker, self.world.served().name(), &published.config);
            let key = (sight.clone(), self.kind.clone(), published.tick(), published.state);
            let (kind, of) = (self.kind.clone(), self.world.clone());
            let make = move || {
                let world = of.served().part(sight.as_ref(), &published);
                let columns = component(&world, "kind", &kind)
                    .and_then(|id| Columns::of(&world, id, &published.chain))?;
                Ok::<_, Problem>(Arc::new(columns))
            };
            let now = self.world.sent().get(key, make).await.ok()?;
            let message = match &self.last {
                None => Some(now.message(true)),
                Some(last) if now.is_same(last) => None,
                Some(last) => Some(now.message(!now.has_same_entities(last))),
            };
            self.last = Some(now);
            if let Some(message) = message {
                return Some(Bytes::from(message));
            }
            self.ticks.changed().await.ok()?;
        }
    }
}
