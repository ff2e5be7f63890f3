//! The metrics that are counted as events happen. Other metrics are read on request (`http/metrics.rs`).

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus::process_collector::ProcessCollector;
use prometheus::{HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry};

/// Seconds. Most answers take milliseconds; a send is given up after 50 s.
const BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0, 30.0, 60.0];

/// More clients than this share a label.
const CLIENTES_MAX: usize = 500;

/// Cheap to clone.
#[derive(Clone)]
pub struct Metrics(Arc<Counted>);

struct Counted {
    registry: Registry,
    sends: IntCounterVec,
    reconnections: IntCounterVec,
    files: IntCounterVec,
    billed: IntCounterVec,
    webhook_refused: IntCounter,
    /// The clients that are labels already.
    clientes: Mutex<HashSet<String>>,
    requests: HistogramVec,
}

impl Metrics {
    /// # Errors
    /// Two metrics of one name, or an invalid name: a mistake in this file.
    pub fn new() -> prometheus::Result<Self> {
        let sends = IntCounterVec::new(
            Opts::new("session_manager_sends_total", "Requests to send, by what came of them"),
            &["outcome"],
        )?;
        let reconnections = IntCounterVec::new(
            Opts::new("session_manager_reconnections_total", "How often the session was lost, by reason"),
            &["reason"],
        )?;
        let files = IntCounterVec::new(
            Opts::new(
                "session_manager_media_fetches_total",
                "Files of messages, by kind and what came of fetching them",
            ),
            &["kind", "outcome"],
        )?;
        let billed = IntCounterVec::new(
            Opts::new(
                "session_manager_cloud_billed_total",
                "Messages that Meta bills, by its category and the client they are billed to",
            ),
            &["category", "cliente_id"],
        )?;
        let webhook_refused = IntCounter::new(
            "session_manager_cloud_webhook_refused_total",
            "Requests to the webhook of the Cloud API without a valid signature of Meta's",
        )?;
        let requests = HistogramVec::new(
            HistogramOpts::new("session_manager_http_request_duration_seconds", "Time to the head of an answer")
                .buckets(BUCKETS.to_vec()),
            &["route", "method", "status"],
        )?;
        let registry = Registry::new();
        for counted in [&sends, &reconnections, &files, &billed] {
            registry.register(Box::new(counted.clone()))?;
        }
        registry.register(Box::new(webhook_refused.clone()))?;
        registry.register(Box::new(requests.clone()))?;
        // The metrics that Prometheus expects of every process: memory, processor time, descriptors, threads, start.
        registry.register(Box::new(ProcessCollector::for_self()))?;
        Ok(Self(Arc::new(Counted {
            registry,
            sends,
            reconnections,
            files,
            billed,
            webhook_refused,
            clientes: Mutex::default(),
            requests,
        })))
    }

    /// Counts a request to send that was answered.
    pub fn send(&self, outcome: &str) {
        self.0.sends.with_label_values(&[outcome]).inc();
    }

    /// Counts a loss of the session.
    pub fn reconnection(&self, reason: &str) {
        self.0.reconnections.with_label_values(&[reason]).inc();
    }

    /// Counts an attempt to fetch the file of a message.
    pub fn file(&self, kind: &str, outcome: &str) {
        self.0.files.with_label_values(&[kind, outcome]).inc();
    }

    /// Counts a message that Meta bills. Callers choose the clients, so only so many become labels.
    pub fn billed(&self, category: &str, cliente_id: &str) {
        let mut clientes = self.0.clientes.lock().unwrap_or_else(PoisonError::into_inner);
        let is_label = clientes.contains(cliente_id) || clientes.len() < CLIENTES_MAX;
        if is_label {
            clientes.insert(cliente_id.to_owned());
        }
        self.0.billed.with_label_values(&[category, if is_label { cliente_id } else { "other" }]).inc();
    }

    /// Counts a request to the webhook of the Cloud API that is not Meta's; how many there were.
    pub fn webhook_refused(&self) -> u64 {
        self.0.webhook_refused.inc();
        self.0.webhook_refused.get()
    }

    /// Counts an answered request. `route` is the pattern, never text of the caller.
    pub fn request(&self, route: &str, method: &str, status: &str, seconds: f64) {
        self.0.requests.with_label_values(&[route, method, status]).observe(seconds);
    }

    /// All metrics counted so far.
    pub fn gather(&self) -> Vec<prometheus::proto::MetricFamily> {
        self.0.registry.gather()
    }
}
