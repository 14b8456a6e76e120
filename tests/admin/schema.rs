//! The schema of the admin API, kept so that a change of it is seen.

use mayfly_tests::mayfly;

#[test]
fn the_schema_is_what_clients_know() {
    let output = mayfly().args(["admin", "schema"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let schema = String::from_utf8(output.stdout).unwrap();
    insta::assert_snapshot!("schema", schema);
}
