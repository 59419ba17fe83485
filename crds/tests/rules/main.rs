//! The rules of the definitions: as CEL, and as a real API server answers them.

mod api_server;
mod cases;
mod cel;
mod largest;
mod older;
mod place;
mod schema_cases;
mod shown;
