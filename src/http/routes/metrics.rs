//! `GET /metrics`: Prometheus text. No label holds a number, a body or an address.

use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{Gauge, GaugeVec, IntCounterVec, Opts, TEXT_FORMAT, TextEncoder};

use crate::domain::limits::NewChatsStatus;
use crate::domain::state;
use crate::domain::time::Timestamp;
use crate::host::telemetry;

use crate::http::App;
use crate::http::error::ApiError;
use crate::transport::cloud::Health;

/// Metrics for Prometheus
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics",
    tag = "watching",
    responses((status = 200, content_type = "text/plain", body = String)),
)]
pub async fn metrics(State(app): State<App>) -> Result<Response, ApiError> {
    let browser = app.session.browser_usage().await;
    let mut read = Read(app.metrics.gather());
    session(&app, &mut read);
    limits(&app, &mut read);
    if let Some(usage) = browser {
        self::browser(usage.processes, usage.memory, &mut read);
    }
    profile(&app, &mut read);
    outgoing(&app, &mut read);
    cloud(&app, &mut read);
    connections(&app, &mut read);
    files(&app, &mut read);
    log(&mut read);
    if let Ok(extent) = app.journal.extent().await {
        let messages = [("in", extent.received), ("out", extent.sent)].map(|(direction, n)| (vec![direction], n));
        read.counters("session_manager_messages_total", "Messages stored since the start", &["direction"], &messages);
    }
    deliveries(&app, &mut read);
    // Prometheus' text format has no metric without a sample, so without a target these metrics are left out.
    read.0.retain(|family| !family.get_metric().is_empty());
    read.0.sort_by(|a, b| a.name().cmp(b.name()));
    let text = TextEncoder::new().encode_to_string(&read.0).map_err(|error| {
        tracing::error!(%error, "the metrics could not be written");
        ApiError::of_status(http::StatusCode::INTERNAL_SERVER_ERROR)
    })?;
    Ok(([(header::CONTENT_TYPE, TEXT_FORMAT)], text).into_response())
}

/// Gauges of the moment, made anew for each request.
struct Read(Vec<MetricFamily>);

impl Read {
    fn gauge(&mut self, name: &str, help: &str, value: f64) {
        if let Ok(gauge) = Gauge::new(name, help) {
            gauge.set(value);
            self.0.extend(gauge.collect());
        }
    }

    fn gauges(&mut self, name: &str, help: &str, labels: &[&str], values: &[(Vec<&str>, f64)]) {
        if let Ok(gauges) = GaugeVec::new(Opts::new(name, help), labels) {
            values.iter().for_each(|(labels, value)| gauges.with_label_values(labels).set(*value));
            self.0.extend(gauges.collect());
        }
    }

    fn counters(&mut self, name: &str, help: &str, labels: &[&str], values: &[(Vec<&str>, u64)]) {
        if let Ok(counters) = IntCounterVec::new(Opts::new(name, help), labels) {
            values.iter().for_each(|(labels, value)| counters.with_label_values(labels).inc_by(*value));
            self.0.extend(counters.collect());
        }
    }
}

/// WhatsApp's own limits on this account.
fn limits(app: &App, read: &mut Read) {
    let session = app.session.snapshot();
    let now = app.clock.now();
    let holds = |holds: bool| f64::from(u8::from(holds));
    let limits = session.limits.as_ref();
    let cap = limits.and_then(|limits| limits.new_chats.as_ref());
    let in_force = [
        (vec!["new_chats"], holds(cap.is_some_and(|cap| cap.status == NewChatsStatus::Capped))),
        (vec!["timelock"], holds(limits.is_some_and(|limits| limits.timelock.is_some()))),
        (vec!["ban"], holds(session.ban.as_ref().is_some_and(|ban| ban.until.is_none_or(|until| until > now)))),
    ];
    read.gauges("session_manager_limit", "1 where WhatsApp limits the account", &["limit"], &in_force);
    // Counts are far below what a float holds exactly.
    let count = |n: u64| n.to_string().parse().unwrap_or(f64::MAX);
    if let Some(used) = cap.and_then(|cap| cap.used) {
        read.gauge("session_manager_new_chats_used", "New chats begun in WhatsApp's present cycle", count(used));
    }
    if let Some(quota) = cap.and_then(|cap| cap.quota) {
        read.gauge("session_manager_new_chats_quota", "New chats that WhatsApp allows in a cycle", count(quota));
    }
}

#[expect(clippy::cast_precision_loss, reason = "gauges are floating point")]
fn files(app: &App, read: &mut Read) {
    let usage = app.files.usage();
    read.gauge("session_manager_media_files", "Files on the disk", usage.files as f64);
    read.gauge("session_manager_media_bytes", "What the files on the disk take", usage.bytes as f64);
    read.gauge("session_manager_media_quota_bytes", "The most that they may take", usage.quota as f64);
}

fn session(app: &App, read: &mut Read) {
    let session = app.session.snapshot();
    let states = state::State::ALL.map(|state| (vec![state.name()], f64::from(u8::from(state == session.state))));
    read.gauges("session_manager_state", "1 for the state the session is in", &["state"], &states);
    let since = seconds_since(session.since, app.clock.now());
    read.gauge("session_manager_state_seconds", "Time in the present state", since);
    read.gauge("session_manager_uptime_seconds", "Time since the start", app.started.elapsed().as_secs_f64());
    let version = [(vec![crate::http::VERSION], 1.0)];
    read.gauges("session_manager_info", "The version that runs", &["version"], &version);
    if let Some(latency) = app.session.heartbeat() {
        let help = "Time the renderer took for its last heartbeat";
        read.gauge("session_manager_heartbeat_seconds", help, latency.as_secs_f64());
    }
}

#[expect(clippy::cast_precision_loss, reason = "gauges are floating point")]
fn browser(processes: u64, memory: u64, read: &mut Read) {
    let help = "Memory of the browser's processes (PSS)";
    read.gauge("session_manager_browser_memory_bytes", help, memory as f64);
    read.gauge("session_manager_browser_processes", "The browser's processes", processes as f64);
}

/// The profile's size is measured every ten minutes; before the first measurement the metric is absent.
#[expect(clippy::cast_precision_loss, reason = "gauges are floating point")]
fn profile(app: &App, read: &mut Read) {
    if let Some(size) = app.session.profile_size() {
        let rest = size.total.saturating_sub(size.caches);
        let parts = [(vec!["caches"], size.caches as f64), (vec!["login"], rest as f64)];
        let help = "Size of the browser's profile on the disk, by what Chrome makes anew and what it does not";
        read.gauges("session_manager_profile_bytes", help, &["part"], &parts);
    }
}

#[expect(clippy::cast_precision_loss, reason = "gauges are floating point")]
fn outgoing(app: &App, read: &mut Read) {
    read.gauge("session_manager_send_queue", "Sends that wait for their turn", app.outbound.queued() as f64);
}

#[expect(clippy::cast_precision_loss, reason = "gauges are floating point")]
fn connections(app: &App, read: &mut Read) {
    let count = app.connections.count();
    let open = [(vec!["busy"], count.busy as f64), (vec!["waiting"], count.waiting as f64)];
    let help = "Open connections, by whether the service works for them or waits for their callers";
    read.gauges("session_manager_http_connections", help, &["state"], &open);
    let help = "Connections closed while their callers were waited for, because others wanted room or memory";
    read.counters("session_manager_http_connections_closed_total", help, &[], &[(Vec::new(), count.closed)]);
}

/// Whether the Cloud API accepts the token; absent where it is not configured.
fn cloud(app: &App, read: &mut Read) {
    let Some(cloud) = &app.cloud else { return };
    let accepted = f64::from(u8::from(!matches!(cloud.health(), Health::Unauthorized(_))));
    let help = "0 while the Cloud API does not accept CLOUD_API_TOKEN";
    read.gauge("session_manager_cloud_token_accepted", help, accepted);
}

fn log(read: &mut Read) {
    let help = "Log lines dropped because standard output was not read";
    let dropped = telemetry::dropped_lines().try_into().unwrap_or(u64::MAX);
    read.counters("session_manager_log_lines_dropped_total", help, &[], &[(Vec::new(), dropped)]);
}

#[expect(clippy::cast_precision_loss, reason = "gauges are floating point")]
fn deliveries(app: &App, read: &mut Read) {
    let (targets, now) = (app.deliveries.status(), app.clock.now());
    let each = |value: &dyn Fn(&crate::delivery::TargetStatus) -> f64| -> Vec<(Vec<&str>, f64)> {
        targets.iter().map(|target| (vec![target.target.as_str()], value(target))).collect()
    };
    let labels = ["target"];
    let backlog = each(&|target| target.backlog as f64);
    read.gauges("session_manager_delivery_backlog", "Events that a target has not got yet", &labels, &backlog);
    let age = each(&|target| target.oldest_at.map_or(0.0, |at| seconds_since(at, now)));
    read.gauges("session_manager_delivery_backlog_age_seconds", "Age of the oldest of them", &labels, &age);
    let dead = each(&|target| target.dead_letters as f64);
    read.gauges("session_manager_dead_letters", "Deliveries given up", &labels, &dead);
    let attempts: Vec<_> = targets
        .iter()
        .flat_map(|target| {
            [("delivered", target.delivered), ("failed", target.failed_attempts), ("dead", target.given_up)]
                .map(|(outcome, n)| (vec![target.target.as_str(), outcome], n))
        })
        .collect();
    let help = "Deliveries since the start, by what came of them";
    read.counters("session_manager_delivery_attempts_total", help, &["target", "outcome"], &attempts);
    let timeouts: Vec<_> = targets.iter().map(|target| (vec![target.target.as_str()], target.timeouts)).collect();
    let help = "Deliveries that got no answer in time";
    read.counters("session_manager_delivery_timeouts_total", help, &labels, &timeouts);
}

fn seconds_since(at: Timestamp, now: Timestamp) -> f64 {
    Duration::from_millis(now.as_millis().saturating_sub(at.as_millis())).as_secs_f64()
}
