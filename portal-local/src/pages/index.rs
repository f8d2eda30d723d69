//! `/` and `/__local/`: the portal's keys and URLs, and one-click sign-in as any user.

use askama::Template;

use super::errors::{self, PageResult};
use super::fields::UserEntry;
use super::form::Submission;
use super::form_page::FormFrame;
use super::path;
use super::person::name_and_address;
use super::visit::Visit;
use crate::flow::{FlowError, SIGN_IN_TOKEN_SECS};
use crate::seed::{self, SeedError};
use crate::store::users;
use crate::{admin, env_file};

const SIGN_IN_AS: &str = "/__local/sign-in-as";
const ADD_DEMO: &str = "/__local/add-demo-data";
const MOST_PEOPLE: usize = 12;

#[derive(Template)]
#[template(path = "index.html")]
struct IndexPage {
    frame: FormFrame,
    environment: String,
    people: Vec<PersonView>,
    /// The number of further entries.
    more: usize,
}

struct PersonView {
    id: String,
    name: String,
    /// Empty if the name is the address.
    address: String,
}

pub(super) async fn show(visit: Visit) -> PageResult {
    let (people, total) = visit
        .app
        .flows
        .transaction(|db| {
            let all = users::search(db, "")?;
            let total = all.len();
            let mut people = Vec::new();
            for user in all.into_iter().take(MOST_PEOPLE) {
                let (name, address) = name_and_address(db, &user)?;
                let id = user.id;
                people.push(PersonView { id, name, address });
            }
            Ok((people, total))
        })
        .await?;
    let home = visit.known.browser.home_origin.as_deref();
    let target = home.and_then(|origin| visit.app.redirects.absolute(origin).ok());
    let page = visit.form_page("Local portal", "/", &[]).target(target);
    Ok(page.render(|frame| IndexPage {
        frame,
        environment: env_file::block(&visit.app),
        more: total - people.len(),
        people,
    }))
}

/// Signs in as any user. Every client of the portal can do that anyway, by reading codes.
pub(super) async fn sign_in_as(Submission { visit, form }: Submission<UserEntry>) -> PageResult {
    let (user_id, session) = (form.user_id, visit.session.clone());
    let signed_in = visit.flow(move |flow| {
        let (_, text) = flow.issue_sign_in_token(&user_id, None, SIGN_IN_TOKEN_SECS)?;
        flow.redeem_ticket(&text, &user_id, session.as_ref())
    });
    Ok(match signed_in.await {
        Ok(step) => visit.proceed(&step),
        Err(failure) => match failure.refusal()? {
            error @ FlowError::Banned => errors::not_allowed(&visit.app, &error),
            // Deleted since the page was loaded.
            _ => visit.see_other("/"),
        },
    })
}

pub(super) async fn add_demo(Submission { visit, .. }: Submission) -> PageResult {
    match admin::seed(&visit.app, seed::demo()).await {
        Ok(()) => {}
        Err(SeedError::Store(error)) => return Err(error.into()),
        Err(SeedError::Refused(refused)) => {
            // Data that the demo data depend on were renamed. Add nothing instead of a part.
            tracing::warn!(
                what = refused.what,
                reason = refused.reason,
                "the demonstration data do not fit"
            );
        }
    }
    Ok(visit.see_other("/"))
}
