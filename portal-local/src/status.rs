//! The HTTP status of a refusal, for pages and APIs.

use axum::http::StatusCode;

use crate::flow::FlowError;

/// Returns the status of the response to a refused step.
pub(crate) fn of(error: &FlowError) -> StatusCode {
    match error {
        FlowError::TooManyRequests { .. } => StatusCode::TOO_MANY_REQUESTS,
        FlowError::Locked { .. }
        | FlowError::NotAMember
        | FlowError::Banned
        | FlowError::SignUpRestricted
        | FlowError::SignUpWaitlist
        | FlowError::AddressNotAdmitted { .. }
        | FlowError::SubaddressBlocked
        | FlowError::UndottedExists
        | FlowError::DeletionDisabled
        | FlowError::SoleManager { .. }
        | FlowError::OrganizationsDisabled
        | FlowError::CreationDisabled
        | FlowError::PermissionMissing { .. }
        | FlowError::LastManager
        | FlowError::QuotaExceeded { .. } => StatusCode::FORBIDDEN,
        FlowError::RoleUnknown | FlowError::MemberUnknown | FlowError::UserUnknown => StatusCode::NOT_FOUND,
        FlowError::AlreadyMember { .. } | FlowError::AlreadyInvited { .. } => StatusCode::BAD_REQUEST,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}
