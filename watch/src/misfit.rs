//! An answer that is about one object and reads like a failure of the server.

use kube::core::Status;

/// Whether nothing can be applied to an object (server-side apply), since what is
/// stored does not fit its definition: it is from before a rule, or was written
/// past one. The API server answers that with code 500; whoever takes it for a
/// server that is not well waits, with everything else, for what never comes. A
/// merge patch works, and puts the object right.
#[must_use]
pub fn is_misfit(status: &Status) -> bool {
    status.code == 500
        && status
            .message
            .starts_with("failed to create typed live object")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_is_not_well_is_no_misfit() {
        let of = |code: u16, message: &str| {
            let answer = serde_json::json!({"code": code, "message": message});
            is_misfit(&serde_json::from_value(answer).unwrap())
        };
        let misfit =
            "failed to create typed live object (a/b; isthmus.dev/v1alpha1, Kind=Vpc): errors";
        assert!(of(500, misfit) && !of(503, misfit));
        assert!(!of(500, "etcdserver: request timed out"));
    }
}
