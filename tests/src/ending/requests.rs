//! Checks of the requests during a journey.

use portal_local::RequestRecord;

use super::{Expected, Findings};
use crate::browser::{Visit, longest_chain};

pub(super) fn check(log: &[RequestRecord], history: &[Visit], expected: &Expected, findings: &mut Findings) {
    for request in log {
        let asked = || {
            format!(
                "{} {} was answered with {}",
                request.method, request.path, request.status
            )
        };
        findings.expect(request.status < 500 && !matches!(request.status, 404 | 405), asked);
    }
    for visit in history {
        findings.expect(visit.status.is_none_or(|status| status < 500), || {
            format!("{} was answered with {:?}", visit.url, visit.status)
        });
    }
    let handshakes = log.iter().filter(|request| request.is_handshake());
    let reasons: Vec<_> = handshakes.map(|request| request.handshake_reason()).collect();
    findings.expect(expected.handshakes.is_none_or(|count| count == reasons.len()), || {
        format!("there were {} handshakes: {reasons:?}", reasons.len())
    });
    let refreshes = log.iter().filter(|request| request.is_refresh()).count();
    findings.expect(expected.refreshes.is_none_or(|count| count == refreshes), || {
        format!("there were {refreshes} refreshes")
    });
    let chain = longest_chain(history);
    findings.expect(chain.len() <= expected.most_redirects + 1, || {
        format!("one way led through {} redirects: {chain:#?}", chain.len() - 1)
    });
}
