//! Whose requests are sent where: the region, the credentials that sign them, and the message if there are none.
//!
//! The SDK's chain asks the environment, the profile and the role of the container, and only when none of them has anything the
//! instance metadata service, over the network. Whoever must open no socket looks at the first of these only.

use std::error::Error;

use aws_config::environment::region::EnvironmentVariableRegionProvider;
use aws_config::imds::region::Builder as InstanceRegion;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::{Profile, ProfileFileRegionProvider, load};
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_types::os_shim_internal::{Env, Fs};

/// What may be asked for a region and for credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chain {
    /// Everything the SDK knows.
    Whole,
    /// The environment and files: nothing that opens a socket.
    Offline,
}

/// What a client found when it was made.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) chain: Chain,
    pub(super) has_region: bool,
    /// None where the endpoint takes any.
    pub(super) credentials: Option<SharedCredentialsProvider>,
}

impl Identity {
    /// What is missing, in words for operators.
    pub(super) async fn missing(&self) -> Vec<String> {
        let Some(provider) = &self.credentials else {
            return Vec::new();
        };
        let mut missing = Vec::new();
        if !self.has_region {
            missing.push(self.no_region());
        }
        let credentials = match self.chain {
            Chain::Offline if are_configured(&Env::real(), &Fs::real()).await => None,
            Chain::Offline => Some(format!("{NO_CREDENTIALS}{}", not_asked())),
            Chain::Whole => match provider.provide_credentials().await {
                Ok(_) => None,
                Err(error) => Some(told(&error)),
            },
        };
        missing.extend(credentials);
        missing
    }

    pub(super) fn no_region(&self) -> String {
        let asked = match self.chain {
            Chain::Whole => "",
            Chain::Offline => not_asked(),
        };
        format!("no AWS region found; set `dynamodb.region` or AWS_REGION{asked}")
    }
}

const NO_CREDENTIALS: &str = "no AWS credentials found; set a role, a profile or keys";

/// Where regions come from.
pub(super) fn regions(chain: Chain) -> RegionProviderChain {
    let configured = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(ProfileFileRegionProvider::new());
    match chain {
        Chain::Whole => configured.or_else(InstanceRegion::default().build()),
        Chain::Offline => configured,
    }
}

/// The message about an error whose cause is that there are no credentials; none for another cause.
pub(super) fn problem(error: &(dyn Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref() {
            return Some(told(error));
        }
        cause = error.source();
    }
    None
}

fn told(error: &CredentialsError) -> String {
    let mut why: &dyn Error = error;
    while let Some(cause) = why.source() {
        why = cause;
    }
    format!("no AWS credentials found ({why}); set a role, a profile or keys")
}

fn not_asked() -> &'static str {
    let disabled = std::env::var("AWS_EC2_METADATA_DISABLED");
    if disabled.is_ok_and(|value| value.eq_ignore_ascii_case("true")) {
        ""
    } else {
        " (the instance metadata service, which is asked last, was not asked)"
    }
}

/// Whether the environment or the profile names credentials. Whether they are good is seen when they are used.
async fn are_configured(env: &Env, fs: &Fs) -> bool {
    let is_set = |variable: &str| {
        env.get(variable)
            .is_ok_and(|value| !value.trim().is_empty())
    };
    let has_keys = is_set("AWS_ACCESS_KEY_ID")
        && (is_set("AWS_SECRET_ACCESS_KEY") || is_set("SECRET_ACCESS_KEY"));
    let has_role = is_set("AWS_WEB_IDENTITY_TOKEN_FILE") && is_set("AWS_ROLE_ARN");
    let has_container = is_set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
        || is_set("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if has_keys || has_role || has_container {
        return true;
    }
    let Ok(profiles) = load(fs, env, &Default::default(), None).await else {
        return false;
    };
    let selected = profiles.get_profile(profiles.selected_profile());
    selected.is_some_and(names_credentials)
}

/// Whether a profile says where its credentials come from; one may have a region and no more.
fn names_credentials(profile: &Profile) -> bool {
    const SOURCES: [&str; 6] = [
        "role_arn",
        "credential_source",
        "credential_process",
        "web_identity_token_file",
        "sso_session",
        "sso_start_url",
    ];
    let has = |name: &&str| profile.get(name).is_some_and(|value| !value.is_empty());
    SOURCES.iter().any(&has)
        || ["aws_access_key_id", "aws_secret_access_key"]
            .iter()
            .all(has)
}

#[cfg(test)]
mod tests;
