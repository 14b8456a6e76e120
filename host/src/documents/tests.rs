#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests end by panicking"
)]

use std::fs;

use super::*;

fn documents(config: mayfly_config::Documents) -> Documents {
    Documents::load(&config).unwrap()
}

fn by_hash(text: &str) -> Named {
    Named {
        hash: Some(DocumentHash::of(text)),
        ..Named::default()
    }
}

/// Documents with this manifest.
fn with_manifest(text: &str, trusted_only: bool) -> Result<Documents, String> {
    let directory = tempfile::tempdir().unwrap();
    let manifest = directory.path().join("manifest.json");
    fs::write(&manifest, text).unwrap();
    let config = mayfly_config::Documents {
        manifest: Some(manifest),
        trusted_only,
        ..mayfly_config::Documents::default()
    };
    Documents::load(&config).map_err(|problem| problem.message)
}

#[test]
fn a_document_is_found_by_its_hash_once_it_was_kept() {
    let documents = documents(mayfly_config::Documents::default());
    let text = "{ a }";
    assert_eq!(
        documents.find(by_hash(text)),
        Err(Error::PersistedQueryNotFound)
    );
    let sent = Named {
        text: Some(text.to_owned()),
        ..by_hash(text)
    };
    let found = documents.find(sent).unwrap();
    assert_eq!(found.keep_as, Some(DocumentHash::of(text)));
    assert_eq!(
        documents.find(by_hash(text)),
        Err(Error::PersistedQueryNotFound),
        "nothing is kept before it is known to be valid"
    );
    documents.keep(DocumentHash::of(text), text, None);
    assert_eq!(documents.find(by_hash(text)).unwrap().text, text);
}

#[test]
fn a_hash_of_another_document_is_refused() {
    let documents = documents(mayfly_config::Documents::default());
    let sent = Named {
        text: Some("{ a }".to_owned()),
        ..by_hash("{ b }")
    };
    assert!(matches!(documents.find(sent), Err(Error::BadRequest(_))));
}

#[test]
fn a_hash_beside_a_document_is_its_sha_256() {
    let documents = documents(mayfly_config::Documents::default());
    let text = "{ a }";
    let hash = DocumentHash::of(text).to_string();
    let find = |name: &str| {
        let mut sent = Named {
            text: Some(text.to_owned()),
            ..Named::default()
        };
        sent.name(Some(name.to_owned()));
        documents.find(sent)
    };
    for name in ["abc", "", &hash[1..], &format!("{hash}0"), "{ a }"] {
        let Err(Error::BadRequest(message)) = find(name) else {
            panic!("{name:?} is not a SHA-256");
        };
        assert!(message.contains("64 hexadecimal digits"), "{message}");
    }
    for name in [hash.clone(), hash.to_uppercase(), format!("sha256:{hash}")] {
        assert_eq!(find(&name).unwrap().keep_as, Some(DocumentHash::of(text)));
    }
}

#[test]
fn a_caller_fills_half_of_the_memory_and_the_least_used_go_first() {
    let persisted = PersistedQueries::new(100_000);
    let text = |index: usize| format!("{index:1000}");
    let keep = |index: usize, caller: &str| {
        let caller = Account::ApiKey(caller.to_owned());
        persisted.keep(DocumentHash::of(&text(index)), &text(index), Some(&caller));
    };
    let is_kept = |index: usize| persisted.get(&DocumentHash::of(&text(index))).is_some();
    keep(0, "quiet");
    (1..1_000).for_each(|index| keep(index, "loud"));
    let (_, bytes) = persisted.stats();
    assert!(bytes <= 100_000 / 2 + 2_000, "{bytes}");
    assert!(is_kept(0) && is_kept(999) && !is_kept(1));
    (1_000..3_000).for_each(|index| {
        // It is used all the time.
        assert!(is_kept(0));
        keep(index, &index.to_string());
    });
    let (kept, bytes) = persisted.stats();
    assert!(bytes <= 100_000 && kept > 70, "{kept} of {bytes}");
    persisted.keep(DocumentHash::of("large"), &"x".repeat(60_000), None);
    assert!(is_kept(2_999), "what is larger than a share is not kept");
}

#[test]
fn shares_are_of_those_whom_rate_limits_tell_apart_too_however_long_their_names_are() {
    let long = "s".repeat(8_000);
    let token = |issuer: &str, subject: Option<&str>| {
        Some(Account::Token(issuer.into(), subject.map(str::to_owned)))
    };
    let accounts = [
        token("https://a.example", Some(&long)),
        token("https://b.example", Some(&long)),
        token("https://a.example", None),
        Some(Account::ApiKey("nightly".to_owned())),
        None,
    ];
    let persisted = PersistedQueries::new(1_000_000);
    let text = |who: usize, index: usize| format!("{who} {index:1000}");
    for (who, account) in accounts.iter().enumerate() {
        for index in 0..50 {
            let text = text(who, index);
            persisted.keep(DocumentHash::of(&text), &text, account.as_ref());
        }
    }
    let (kept, bytes) = persisted.stats();
    assert_eq!(kept, 250, "nobody used up the share of another");
    assert!(bytes < 250 * 1_300, "{bytes}");
    // Each has a share: of one who fills it, the oldest go, and nobody else's.
    for index in 50..1_000 {
        let text = text(0, index);
        persisted.keep(DocumentHash::of(&text), &text, accounts[0].as_ref());
    }
    let is_kept = |who, index| {
        persisted
            .get(&DocumentHash::of(&text(who, index)))
            .is_some()
    };
    assert!(!is_kept(0, 0) && is_kept(0, 999));
    assert!((1..5).all(|who| (0..50).all(|index| is_kept(who, index))));
}

#[test]
fn manifests_of_all_tools_are_read() {
    let text = "query Q { a }";
    let hash = DocumentHash::of(text).to_string();
    let apollo = format!(
        r#"{{"format": "apollo-persisted-query-manifest", "version": 1,
            "operations": [{{"id": "{hash}", "name": "Q", "type": "query", "body": "{text}"}}]}}"#
    );
    let relay = format!(r#"{{"0123456789abcdef": "{text}"}}"#);
    for (manifest, id) in [(apollo, hash.as_str()), (relay, "0123456789abcdef")] {
        let documents = with_manifest(&manifest, true).unwrap();
        let named = |id: &str| {
            let mut named = Named::default();
            named.name(Some(id.to_owned()));
            named
        };
        assert_eq!(documents.find(named(id)).unwrap().text, text);
        let sent = Named {
            text: Some(text.to_owned()),
            ..Named::default()
        };
        assert_eq!(documents.find(sent).unwrap().text, text);
        let other = Named {
            text: Some("{ b }".to_owned()),
            ..by_hash("{ b }")
        };
        assert_eq!(
            documents.find(other).unwrap_err(),
            Error::DocumentNotTrusted
        );
        assert_eq!(
            documents.find(named("other")).unwrap_err(),
            Error::DocumentNotTrusted
        );
    }
}

#[test]
fn a_document_that_is_not_in_the_manifest_runs_where_that_is_only_measured() {
    let documents = with_manifest(r#"{"1": "{ a }"}"#, false).unwrap();
    let text = "{ b }";
    let sent = Named {
        text: Some(text.to_owned()),
        ..by_hash(text)
    };
    let found = documents.find(sent).unwrap();
    documents.keep(found.keep_as.unwrap(), &found.text, None);
    assert_eq!(documents.find(by_hash(text)).unwrap().text, text);
}

#[test]
fn a_document_that_is_listed_twice_is_one() {
    let operation = r#"{"id": "a", "body": "{ b }"}"#;
    let manifest = format!(
        r#"{{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [{operation}, {operation}]}}"#
    );
    let documents = with_manifest(&manifest, true).unwrap();
    let trusted = documents.trusted().unwrap();
    assert_eq!(trusted.iter().collect::<Vec<_>>(), [("a", "{ b }")]);
    assert!(trusted.held_bytes() > 6);
}

#[test]
fn a_manifest_in_no_known_form_is_refused_with_a_remedy() {
    for (text, why) in [
        ("", "is not JSON"),
        ("[]", "is an array"),
        ("{}", "has no document"),
        (r#"{"a": 1}"#, "has a number in place of the document \"a\""),
        (
            r#"{"format": "other", "version": 1, "operations": []}"#,
            "unknown format",
        ),
        (
            r#"{"format": "apollo-persisted-query-manifest", "version": 2}"#,
            "not of version 1",
        ),
        (
            r#"{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [{"id": "1"}]}"#,
            "lacks `id` or `body` in operation 1",
        ),
        (
            r#"{"format": "apollo-persisted-query-manifest", "version": 1,
                "operations": [{"id": "a", "body": "{ b }"}, {"id": "a", "body": "{ c }"}]}"#,
            "has two different documents with the id \"a\"",
        ),
        (r#"{"a": "{ b }", "a": "{ c }"}"#, "duplicate key"),
    ] {
        let problem = with_manifest(text, true).err().unwrap();
        assert!(
            problem.contains(why) && problem.contains("; write the file with"),
            "{problem}"
        );
    }
}
