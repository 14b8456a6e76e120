use aws_types::os_shim_internal::{Env, Fs};

use super::are_configured;

/// Whether credentials are found in these variables and this file of configuration.
async fn found(variables: &[(&str, &str)], config: &str) -> bool {
    let home = [("HOME", "/home/me"), ("USERPROFILE", "/home/me")];
    let env = Env::from_slice(&[&home[..], variables].concat());
    are_configured(&env, &Fs::from_slice(&[("/home/me/.aws/config", config)])).await
}

#[tokio::test]
async fn a_region_or_half_a_key_is_not_taken_for_credentials() {
    for variables in [
        &[][..],
        &[("AWS_ACCESS_KEY_ID", "id")],
        &[("AWS_SECRET_ACCESS_KEY", "key")],
        &[("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", " ")],
        &[("AWS_WEB_IDENTITY_TOKEN_FILE", "/token")],
        &[("AWS_PROFILE", "other")],
    ] {
        for config in [
            "",
            "[default]\nregion = eu-central-1\n",
            "[default]\naws_access_key_id = id\n",
            "[default]\nregion = eu-central-1\n[profile mine]\nrole_arn = arn\n",
            "[default",
        ] {
            assert!(!found(variables, config).await, "{variables:?} {config}");
        }
    }
}

#[tokio::test]
async fn keys_roles_processes_and_sso_are_taken_for_credentials() {
    for variables in [
        &[
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "key"),
        ][..],
        &[
            ("AWS_WEB_IDENTITY_TOKEN_FILE", "/token"),
            ("AWS_ROLE_ARN", "arn"),
        ],
        &[("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2")],
    ] {
        assert!(found(variables, "").await, "{variables:?}");
    }
    for profile in [
        "aws_access_key_id = id\naws_secret_access_key = key\n",
        "role_arn = arn\nsource_profile = other\n",
        "credential_process = /bin/keys\n",
        "sso_session = mine\n",
    ] {
        assert!(
            found(&[], &format!("[default]\n{profile}")).await,
            "{profile}"
        );
        let named = format!("[profile mine]\n{profile}");
        assert!(found(&[("AWS_PROFILE", "mine")], &named).await, "{profile}");
        assert!(!found(&[], &named).await, "{profile}");
    }
}
