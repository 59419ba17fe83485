//! HTTP: `/metrics`, `/healthz`, `/readyz`.

use std::time::Instant;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::metrics::{Counts, render};
use crate::shared::Shared;

/// Media type of OpenMetrics text.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The routes.
pub fn routes(shared: Shared) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .with_state(shared)
}

async fn metrics(State(shared): State<Shared>) -> Response {
    let report = shared.lock().clone();
    let counts = match report.tables.as_deref().map(Counts::read).transpose() {
        Ok(counts) => counts.unwrap_or_default(),
        Err(error) => return failed(&error.to_string()),
    };
    match render(&report, &counts) {
        Ok(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => failed(&error.to_string()),
    }
}

async fn readyz(State(shared): State<Shared>) -> Response {
    match shared.lock().not_ready(Instant::now()) {
        None => "ready\n".into_response(),
        Some(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")).into_response(),
    }
}

fn failed(reason: &str) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, format!("{reason}\n")).into_response()
}
