//! What the routes answer: one file a resource.

pub mod capabilities;
pub mod connect;
pub mod contacts;
pub mod deliveries;
pub mod document;
pub mod events;
pub mod health;
pub mod messages;
pub mod metrics;
pub mod numbers;
pub mod qr;
pub mod send;
pub mod status;

use std::collections::HashMap;

/// A parameter of the query. An empty value is as if it were not given: forms and generated clients send such.
fn given<'a>(query: &'a HashMap<String, String>, name: &str) -> Option<&'a str> {
    query.get(name).map(String::as_str).filter(|value| !value.is_empty())
}
