//! One API call, as an operation sees it.

use crate::{failure::Failure, params::Params};

/// Whose key came with the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// The server, with the secret key: may do everything.
    Secret,
    /// A browser, with the publishable key: may pay for an intent whose client secret it knows.
    Publishable,
}

pub(crate) struct Call {
    pub(crate) caller: Caller,
    /// The `{id}` of the path, or empty.
    pub(crate) id: String,
    pub(crate) params: Params,
    /// Where this sandbox is reached from outside, for links: no slash at the end.
    pub(crate) base_url: String,
}

impl Call {
    /// Takes the parameters that Stripe's browser library adds to everything.
    pub(crate) fn ignore_browser_extras(&mut self) {
        self.params.ignore(&[
            "_stripe_account",
            "_stripe_version",
            "client_attribution_metadata",
            "expected_payment_method_type",
            "guid",
            "muid",
            "pasted_fields",
            "payment_user_agent",
            "radar_options",
            "referrer",
            "sid",
            "time_on_page",
        ]);
    }

    /// A browser must send the intent's client secret; a server may.
    pub(crate) fn client_secret(&mut self) -> Result<Option<String>, Failure> {
        match (self.caller, self.params.text("client_secret")?) {
            (Caller::Publishable, None) => Err(Failure::missing("client_secret")),
            (_, secret) => Ok(secret),
        }
    }
}
