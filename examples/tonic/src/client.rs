//! A client that makes both calls, with or without a token.

use std::error::Error;
use std::io::{self, Write as _};

use tonic::metadata::AsciiMetadataValue;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status};

use crate::messages::{Empty, User};
use crate::services::profile_client::ProfileClient;
use crate::services::team_client::TeamClient;

/// Makes both calls and prints their results.
pub(crate) async fn call(url: String, token: Option<&str>) -> Result<(), Box<dyn Error>> {
    let channel: Channel = Endpoint::from_shared(url)?.connect().await?;
    let shown = ProfileClient::new(channel.clone()).show(request(token)?).await;
    let owner = TeamClient::new(channel).owner(request(token)?).await;
    let mut out = io::stdout();
    writeln!(out, "Profile.Show: {}", in_words(shown))?;
    writeln!(out, "Team.Owner: {}", in_words(owner))?;
    Ok(())
}

fn request(token: Option<&str>) -> Result<Request<Empty>, Box<dyn Error>> {
    let mut request = Request::new(Empty {});
    if let Some(token) = token {
        let value: AsciiMetadataValue = format!("Bearer {token}").parse()?;
        request.metadata_mut().insert("authorization", value);
    }
    Ok(request)
}

fn in_words(result: Result<Response<User>, Status>) -> String {
    match result {
        Ok(response) => response.into_inner().id,
        Err(status) => format!("{:?}: {}", status.code(), status.message()),
    }
}
