//! Spans of ticks, their stages and systems, sent to a collector of OpenTelemetry.
//!
//! Where `OTEL_EXPORTER_OTLP_ENDPOINT` or the one for traces is set, and as the other
//! variables of OpenTelemetry say: over HTTP, by a thread of its own, which drops what
//! comes faster than it can be sent. Log lines are not sent, since mods write them.

use std::sync::OnceLock;

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

/// Either says where the collector is.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
/// What the program calls itself there, where it is not told.
const NAME: &str = "sandtable";

/// What sends the spans of this process.
static PROVIDER: OnceLock<SdkTracerProvider> = OnceLock::new();

/// What hands spans on, where there is a collector; says why, where that cannot be.
pub fn layer<S>(warn: impl FnOnce(&str)) -> Option<impl Layer<S>>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if !ENDPOINTS.into_iter().any(is_set) {
        return None;
    }
    let exporter = SpanExporter::builder().with_http().build();
    let exporter = exporter.map_err(|error| warn(&format!("warning: no traces are sent: {error}")));
    // The detector of the environment gives another name, where one is set.
    let resource = Resource::builder();
    let resource = match std::env::var_os("OTEL_SERVICE_NAME") {
        Some(_) => resource,
        None => resource.with_service_name(NAME),
    };
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter.ok()?)
        .with_resource(resource.build())
        .build();
    let provider = PROVIDER.get_or_init(|| provider);
    let ours = filter_fn(|of| of.is_span() && of.target().starts_with(NAME));
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer(NAME));
    Some(layer.with_location(false).with_threads(false).with_filter(ours))
}

/// Sends what is left.
pub fn flush() {
    if let Some(provider) = PROVIDER.get() {
        // What cannot be sent is lost with the process.
        let _ = provider.shutdown();
    }
}
