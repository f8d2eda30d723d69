//! The two services, and their guards.

use portal_sdk::authorization::Role;
use portal_sdk::instance::Instance;
use portal_tower::{Auth, AuthenticateLayer, RequireAuthLayer};
use tokio::net::TcpListener;
use tonic::service::LayerExt as _;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use crate::messages::{Empty, User};
use crate::services::profile_server::{Profile, ProfileServer};
use crate::services::team_server::{Team, TeamServer};

/// Serves until an error of the listener.
pub(crate) async fn serve(listener: TcpListener, instance: Instance) -> Result<(), tonic::transport::Error> {
    Server::builder()
        // For every call. The token is in the metadata `authorization`, as `Bearer …`.
        .layer(AuthenticateLayer::new(instance))
        .layer(RequireAuthLayer::signed_in())
        .add_service(ProfileServer::new(Services))
        // For one service: PERMISSION_DENIED unless the user is an administrator of the active organization.
        .add_service(RequireAuthLayer::with(Role::new("org:admin")).named_layer(TeamServer::new(Services)))
        .serve_with_incoming(TcpIncoming::from(listener))
        .await
}

struct Services;

#[tonic::async_trait]
impl Profile for Services {
    async fn show(&self, request: Request<Empty>) -> Result<Response<User>, Status> {
        user_of(&request)
    }
}

#[tonic::async_trait]
impl Team for Services {
    async fn owner(&self, request: Request<Empty>) -> Result<Response<User>, Status> {
        user_of(&request)
    }
}

fn user_of(request: &Request<Empty>) -> Result<Response<User>, Status> {
    let user = request.extensions().get::<Auth>().and_then(Auth::signed_in);
    // The guard admits signed-in users only; without it, a call must not succeed.
    let user = user.ok_or_else(|| Status::unauthenticated("the call is signed out"))?;
    Ok(Response::new(User {
        id: user.user_id().to_string(),
    }))
}
