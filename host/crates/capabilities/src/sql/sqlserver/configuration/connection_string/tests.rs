#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end by panicking")]

use proptest::prelude::*;

use super::super::client::{ApplicationIntent, Encryption};
use super::{ConnectionString, DEFAULT_PORT};

fn parse(text: &str) -> ConnectionString {
    ConnectionString::parse(text).unwrap_or_else(|problems| panic!("{text}: {problems:?}"))
}

#[test]
fn a_string_says_where_and_as_whom_to_connect() {
    let string = parse(
        "Data Source=tcp:db.internal,14330; Initial Catalog = School ;uid=mayfly;PWD='it''s;=\"ok\" ';Encrypt=True;\
         Connect Timeout=15;Max Pool Size=20;min pool size=2;HostNameInCertificate=sql.example;MultipleActiveResultSets=True;;",
    );
    assert_eq!(string.address.as_deref(), Some("db.internal:14330"));
    assert_eq!(
        (string.database.as_deref(), string.user.as_deref()),
        (Some("School"), Some("mayfly"))
    );
    assert_eq!(string.password.unwrap().expose(), "it's;=\"ok\" ");
    assert_eq!(string.encryption, Some(Encryption::Required));
    assert_eq!(string.connect_timeout.unwrap().as_secs(), 15);
    assert_eq!(
        (string.max_connections, string.min_connections),
        (Some(20), Some(2))
    );
    assert_eq!(
        string.host_name_in_certificate.as_deref(),
        Some("sql.example")
    );
}

#[test]
fn what_an_availability_group_needs_is_honoured() {
    let rest = "Server=listener;Database=d;User ID=u;Password=p";
    let plain = parse(rest);
    assert_eq!(plain.application_intent, None);
    let string = parse(&format!(
        "{rest};ApplicationIntent=ReadOnly;MultiSubnetFailover=True;Application Name=school;Load Balance Timeout=60"
    ));
    assert_eq!(string.application_intent, Some(ApplicationIntent::ReadOnly));
    assert_eq!(string.application_name.as_deref(), Some("school"));
    assert_eq!(string.max_age.unwrap().as_secs(), 60);
    assert_eq!(
        parse(&format!("{rest};Connection Lifetime=0")).max_age,
        None
    );
}

#[test]
fn what_asks_for_nothing_is_taken() {
    parse(
        "Server=db;Database=d;User ID=u;Password=p;Network Library=DBMSSOCN;Authentication=Sql Password;Failover Partner=;\
         Column Encryption Setting=Disabled;TrustServerCertificate=False;Pooling=true;Persist Security Info=False;Packet Size=8000",
    );
}

#[test]
fn hosts_are_written_in_several_ways() {
    for (server, address) in [
        ("db", format!("db:{DEFAULT_PORT}")),
        ("(local)", format!("localhost:{DEFAULT_PORT}")),
        (".,7", "localhost:7".to_owned()),
        ("tcp:10.0.0.1,1", "10.0.0.1:1".to_owned()),
        ("[::1],1", "[::1]:1".to_owned()),
    ] {
        let string = parse(&format!("Server={server};Database=d;User ID=u;Password=p"));
        assert_eq!(string.address.unwrap(), address);
    }
}

#[test]
fn each_mistake_is_told_without_a_word_of_the_password() {
    let rest = "Server=db;Database=d;User ID=u;Password=hunter2";
    for (text, expected) in [
        (
            "Server=db;Database=d;User ID=u;Password=a;hunter2",
            "pair 5 has no `=`; put the value before it in quotes if it holds a `;`",
        ),
        (
            "Server=db;Database=d;User ID=u;Password=a;hunter2=b",
            "key 5 is unknown; remove it, or put the value before it in quotes if it holds a `;`",
        ),
        (
            "Server=db;Database=d;User ID=u;Password='hunter2",
            "the value of pair 4 has an unclosed quote; close it",
        ),
        (
            "Server=db;Database=d;User ID=u;Password='a'hunter2",
            "the value of pair 4 continues after its closing quote; put all of it in quotes",
        ),
        (
            "Server=db;Database=d;User ID=u;Password={hunter2}",
            "the value of pair 4 begins with `{`; put it in quotes",
        ),
        (
            &format!("{rest};Data Source=other"),
            "`Server` is given twice, perhaps under two names; keep one",
        ),
        (
            &format!("{rest};uid=other"),
            "`User ID` is given twice, perhaps under two names; keep one",
        ),
        (
            &format!("{rest};TrustServerCertificate=true"),
            "`TrustServerCertificate` accepts any certificate; remove it, and name the server's CA in `ca_file`",
        ),
        (
            &format!("{rest};Trusted_Connection=yes"),
            "`Integrated Security` is not supported; use `User ID` and `Password` of a SQL Server login",
        ),
        (
            &format!("{rest};Pooling=false"),
            "`Pooling` cannot be off; remove it",
        ),
        (
            &format!("{rest};Encrypt=strict"),
            "`Encrypt` must be true or false; `strict` is not supported",
        ),
        (
            &format!("{rest};Connect Timeout=soon"),
            "`Connect Timeout` must be a whole number from 1 to 120",
        ),
        (
            &format!("{rest};Connect Timeout=0"),
            "`Connect Timeout` must be a whole number from 1 to 120",
        ),
        (
            &format!("{rest};Application Intent=Reads"),
            "`ApplicationIntent` must be ReadOnly or ReadWrite",
        ),
        (
            &format!("{rest};Failover Partner=other"),
            "`Failover Partner` is not supported; remove it, and name the listener of an availability group in `Server`",
        ),
        (
            &format!("{rest};Authentication=Active Directory Default"),
            "`Authentication` is supported as SqlPassword only; use `User ID` and `Password` of a SQL Server login",
        ),
        (
            &format!("{rest};Command Timeout=30"),
            "`Command Timeout` is not supported; remove it, and set `deadline` of the modules that call",
        ),
        (
            "Server=db;User ID=u;Password=hunter2",
            "lacks `Database`; add it",
        ),
        (
            "Database=d;User ID=u;Password=hunter2",
            "lacks `Server`; add it",
        ),
        (
            "Server=db\\SQLEXPRESS;Database=d;User ID=u;Password=hunter2",
            "`Server` names an instance, which is not supported; write `Server=host,port`",
        ),
        (
            "Server=np:\\\\db\\pipe;Database=d;User ID=u;Password=hunter2",
            "`Server` names an instance, which is not supported; write `Server=host,port`",
        ),
        (
            "Server=lpc:db;Database=d;User ID=u;Password=hunter2",
            "`Server` names a protocol other than TCP; write `Server=host,port`",
        ),
        (
            "Server=db,x;Database=d;User ID=u;Password=hunter2",
            "`Server` has no valid port after its comma; write `Server=host,port`",
        ),
    ] {
        let problems = ConnectionString::parse(text).unwrap_err();
        assert_eq!(problems, [expected], "{text}");
    }
    assert!(!format!("{:?}", parse(rest)).contains("hunter2"));
}

proptest! {
    #[test]
    fn any_password_survives_its_quotes(password in "\\PC{0,20}", quote in prop::sample::select(vec!['\'', '"'])) {
        let doubled = password.replace(quote, &format!("{quote}{quote}"));
        let string = parse(&format!("Password={quote}{doubled}{quote};Server=db;Database=d;User ID=u"));
        let read = string.password.unwrap();
        prop_assert_eq!(read.expose(), password);
    }

    #[test]
    fn no_text_is_told_again(text in "[a-z=;'\"{} ]{0,30}zzsecretzz[a-z=;'\"{} ]{0,30}") {
        if let Err(problems) = ConnectionString::parse(&text) {
            prop_assert!(problems.iter().all(|problem| !problem.contains("zzsecretzz")));
        }
    }
}
