use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::json;

use crate::office::{Office, Refused};

#[derive(Deserialize)]
struct NewShow {
    seats: u32,
}

#[derive(Deserialize)]
struct NewReservation {
    buyer: String,
}

/// Returns the HTTP interface of the office.
pub fn router(office: Arc<Office>) -> Router {
    Router::new()
        .route("/shows/{show}", post(add_show))
        .route("/shows/{show}/reservations", post(reserve))
        .route("/shows/{show}/sales", get(sales))
        .route("/reservations/{reservation}/payment", post(pay))
        .with_state(office)
}

async fn add_show(
    State(office): State<Arc<Office>>,
    Path(show): Path<String>,
    Json(NewShow { seats }): Json<NewShow>,
) -> Result<Response, Refused> {
    office.add_show(&show, seats)?;
    Ok((StatusCode::CREATED, Json(json!({ "show": show }))).into_response())
}

async fn reserve(
    State(office): State<Arc<Office>>,
    Path(show): Path<String>,
    Json(NewReservation { buyer }): Json<NewReservation>,
) -> Result<Response, Refused> {
    let reservation = office.reserve(&show, &buyer)?;
    Ok((
        StatusCode::CREATED,
        Json(json!({ "reservation": reservation })),
    )
        .into_response())
}

async fn pay(
    State(office): State<Arc<Office>>,
    Path(reservation): Path<i64>,
) -> Result<Response, Refused> {
    office.pay(reservation)?;
    Ok(Json(json!({})).into_response())
}

async fn sales(
    State(office): State<Arc<Office>>,
    Path(show): Path<String>,
) -> Result<Response, Refused> {
    let sales = office.sales(&show)?.ok_or(Refused::UnknownShow)?;
    Ok(Json(sales).into_response())
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, reason) = match self {
            Self::SoldOut => (StatusCode::CONFLICT, "sold out".to_owned()),
            Self::UnknownShow => (StatusCode::NOT_FOUND, "no such show".to_owned()),
            Self::UnknownReservation => (StatusCode::NOT_FOUND, "no such reservation".to_owned()),
            Self::Database(err) => (StatusCode::INTERNAL_SERVER_ERROR, err.to_string()),
        };
        (status, Json(json!({ "error": reason }))).into_response()
    }
}
