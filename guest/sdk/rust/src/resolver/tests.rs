//! Every shape of resolver, called as the host calls it.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use super::*;
use crate::bindings::exports::mayfly::resolver::handler::Guest;
use crate::executor::tests::call;

#[derive(Deserialize)]
struct Name {
    name: String,
}

#[derive(Deserialize)]
struct Times {
    times: usize,
}

fn version() -> Result<u32> {
    Ok(7)
}

fn greet(arguments: Name) -> Result<String> {
    if arguments.name.is_empty() {
        return Err(Error::argument("name", "it is empty"));
    }
    Ok(format!("Hello, {}!", arguments.name))
}

async fn fetch(arguments: Name) -> Result<Option<String>> {
    let answer = call("fetched").await?;
    Ok((answer != arguments.name).then_some(answer))
}

fn shout(parent: Name) -> Result<String> {
    Ok(parent.name.to_uppercase())
}

async fn repeat(parent: Name, arguments: Times) -> Result<String> {
    Ok(parent.name.repeat(arguments.times))
}

fn lengths(parents: Vec<Name>) -> Result<Vec<usize>> {
    Ok(parents.iter().map(|parent| parent.name.len()).collect())
}

mod deep {
    use super::*;

    pub(super) async fn checked(parents: Vec<Name>, limit: Times) -> Result<Vec<Result<usize>>> {
        if limit.times == 0 {
            return Err(Error::argument("times", "0 is not a limit").retryable());
        }
        Ok(parents
            .iter()
            .map(|parent| {
                if parent.name.len() > limit.times {
                    Err(Error::new("LONG", "too long"))
                } else {
                    Ok(1)
                }
            })
            .collect())
    }
}

crate::resolvers! {
    Query.version => version,
    Query.greet => greet,
    Query.fetch => fetch,
    Thing.type => shout,
    Thing.repeat => repeat,
    Thing.lengths => batch lengths,
    Thing.checked => batch deep::checked,
}

fn ask(
    type_name: &str,
    field_name: &str,
    arguments: &str,
    parents: &[&str],
) -> Vec<std::result::Result<String, String>> {
    let invocation = Invocation {
        type_name: type_name.into(),
        field_name: field_name.into(),
        arguments: arguments.into(),
        parents: parents.iter().map(|parent| (*parent).to_owned()).collect(),
    };
    let answers = MayflyResolvers::resolve(invocation);
    answers
        .into_iter()
        .map(|answer| answer.map_err(|error| Error::from(error).to_string()))
        .collect()
}

#[test]
fn a_root_resolver_may_have_no_arguments() {
    assert_eq!(ask("Query", "version", "{}", &[]), [Ok("7".into())]);
}

#[test]
fn a_root_resolver_reads_its_arguments_and_answers_json() {
    assert_eq!(
        ask("Query", "greet", r#"{"name":"A\"da"}"#, &[]),
        [Ok(r#""Hello, A\"da!""#.into())]
    );
    assert_eq!(
        ask("Query", "fetch", r#"{"name":"fetched"}"#, &[]),
        [Ok("null".into())]
    );
    assert_eq!(
        ask("Query", "fetch", r#"{"name":"x"}"#, &[]),
        [Ok(r#""fetched""#.into())]
    );
}

#[test]
fn an_error_of_a_resolver_and_arguments_that_do_not_fit_are_errors_of_that_parent() {
    assert_eq!(
        ask("Query", "greet", r#"{"name":""}"#, &[]),
        [Err("INVALID_ARGUMENT: argument `name`: it is empty".into())]
    );
    assert_eq!(
        ask("Query", "greet", "{}", &[]),
        [Err(
            "INVALID_DATA: arguments: missing field `name` at line 1 column 2".into()
        )]
    );
    assert_eq!(
        ask(
            "Thing",
            "repeat",
            r#"{"times":2}"#,
            &[r#"{"name":"ab"}"#, "{}", r#"{"name":"c"}"#]
        ),
        [
            Ok(r#""abab""#.into()),
            Err("INVALID_DATA: parent: missing field `name` at line 1 column 2".into()),
            Ok(r#""cc""#.into())
        ]
    );
}

#[test]
fn a_field_of_an_object_may_have_no_arguments_and_any_name() {
    assert_eq!(
        ask(
            "Thing",
            "type",
            "{}",
            &[r#"{"name":"a"}"#, r#"{"name":"b"}"#]
        ),
        [Ok(r#""A""#.into()), Ok(r#""B""#.into())]
    );
}

#[test]
fn a_batch_answers_for_each_parent_by_value_or_by_result() {
    let parents = [r#"{"name":"a"}"#, r#"{"name":"bcd"}"#];
    assert_eq!(
        ask("Thing", "lengths", "{}", &parents),
        [Ok("1".into()), Ok("3".into())]
    );
    assert_eq!(
        ask("Thing", "checked", r#"{"times":2}"#, &parents),
        [Ok("1".into()), Err("LONG: too long".into())]
    );
}

#[test]
fn an_error_of_a_whole_batch_is_every_parents() {
    let answers = ask(
        "Thing",
        "checked",
        r#"{"times":0}"#,
        &[r#"{"name":"a"}"#, r#"{"name":"b"}"#],
    );
    assert_eq!(
        answers,
        vec![
            Err::<String, _>("INVALID_ARGUMENT: argument `times`: 0 is not a limit".to_owned());
            2
        ]
    );
}

#[test]
fn a_field_the_module_does_not_have_is_refused_at_every_parent() {
    let refusal = || Err("not-found: this module has no resolver for `Thing.other`".to_owned());
    assert_eq!(
        ask("Thing", "other", "{}", &["{}", "{}"]),
        [refusal(), refusal()]
    );
    assert_eq!(ask("Thing", "other", "{}", &[]), [refusal()]);
}

#[test]
fn the_list_of_fields_is_one_a_line() {
    const LIST: &str =
        crate::__resolvers!(@fields "", Query.a => version, Thing.type => batch lengths,);
    assert_eq!(LIST, "Query.a\nThing.type\n");
    assert_eq!(section::<{ LIST.len() }>(LIST), LIST.as_bytes());
}
