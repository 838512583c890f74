//! What programs ask for over HTTP. Must not know what it is.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// A label of the routes that there are, so that its values are few.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    route: &'static str,
    status: u16,
}

/// Requests by their route and the status of their answer.
#[derive(Debug, Clone, Default)]
pub struct RequestMetrics(Family<Answer, Counter>);

impl RequestMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let requests = Self::default();
        let help = "Requests of programs under /v1";
        registry.register("offhook_api_requests", help, requests.0.clone());
        requests
    }

    /// Counts a request.
    pub fn count(&self, route: &'static str, status: u16) {
        self.0.get_or_create(&Answer { route, status }).inc();
    }
}
