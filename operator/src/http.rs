//! HTTP: `/metrics`, `/healthz`, `/readyz`.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::metrics::Metrics;

/// Media type of OpenMetrics text.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the HTTP server tells; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Telling {
    /// Numbers.
    pub metrics: Arc<Metrics>,
    /// Why the operator is not ready; `None` where it is.
    unready: Arc<Mutex<Option<String>>>,
}

impl Telling {
    /// Nothing is known yet.
    #[must_use]
    pub fn new() -> Self {
        let telling = Self::default();
        telling.set_unready(Some("nothing was listed yet".to_owned()));
        telling
    }

    /// Says why the operator is not ready, or that it is.
    pub fn set_unready(&self, why: Option<String>) {
        *self.unready.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    fn unready(&self) -> Option<String> {
        let unready = self.unready.lock();
        unready.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The routes.
pub fn routes(telling: Telling) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .with_state(telling)
}

async fn metrics(State(telling): State<Telling>) -> Response {
    match telling.metrics.render() {
        Ok(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}

async fn readyz(State(telling): State<Telling>) -> Response {
    match telling.unready() {
        None => "ready\n".into_response(),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response(),
    }
}
