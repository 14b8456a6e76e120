//! Mistakes in `@auth`, each with its place and a remedy.

use mayfly_graphql::Schema;

/// The problems of a schema whose type `Pupil` has this field, or is this.
fn problems(sdl: &str) -> Vec<String> {
    match Schema::parse(sdl) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

fn of_field(rule: &str) -> Vec<String> {
    problems(&format!(
        "type Query {{ pupil(id: ID!, mode: Mode, first: Int, in: In, many: [ID!]): Pupil @resolve(module: \"m\") }}\n\
         enum Mode {{ ANY ALL }} input In {{ id: ID! }}\n\
         type Pupil {{ id: ID! school: String schools: [String!] mode: Mode best: Pupil busy: Int @resolve(module: \"m\")\n\
         f(id: ID!, mode: Mode, first: Int, in: In, many: [ID!]): Int @resolve(module: \"m\") @auth(requires: \"{rule}\") }}"
    ))
}

#[test]
fn what_a_rule_names_is_there_and_can_be_equal() {
    for good in [
        "claims.sub == args.id",
        "claims.sub == args.in.id",
        "claims.sub in args.many",
        "args.mode == 'ANY'",
        "parent.mode in ['ANY', 'ALL']",
        "args.first == 7",
        "args.id == 7",
        "parent.school in claims.schools",
        "claims.school in parent.schools",
        "parent.school == args.id",
        "caller in ['token', 'api_key']",
    ] {
        assert_eq!(of_field(good), Vec::<String>::new(), "{good}");
    }
    for (rule, column, message) in [
        (
            "claims.sub == args.idd",
            14,
            "\"Pupil.f\" has no argument \"idd\"; did you mean \"id\"?",
        ),
        (
            "claims.sub == args.in.idd",
            14,
            "\"In\" has no field \"idd\"; did you mean \"id\"?",
        ),
        (
            "claims.sub == args.in",
            14,
            "\"in\" is an object; compare one of its fields",
        ),
        (
            "claims.sub == args.id.x",
            14,
            "\"id\" has no fields in a rule",
        ),
        (
            "claims.sub == parent.scool",
            14,
            "\"Pupil\" has no field \"scool\"; did you mean \"school\"?",
        ),
        (
            "claims.sub == parent.busy",
            14,
            "\"Pupil.busy\" is answered by a module of its own; compare a field that the parent's module answers",
        ),
        (
            "claims.sub == parent.best",
            14,
            "\"Pupil.best\" is an object; compare a field that holds one value, or a list of them",
        ),
        (
            "caller == 'tokn'",
            10,
            "\"tokn\" is never found there; did you mean \"token\"?",
        ),
        (
            "args.mode == 'ANYY'",
            13,
            "\"ANYY\" is never found there; did you mean \"ANY\"?",
        ),
        (
            "parent.school == 7",
            0,
            "a text is never equal to a number; compare things of the same kind",
        ),
        (
            "args.first == 'x'",
            0,
            "a number is never equal to a text; compare things of the same kind",
        ),
        (
            "parent.school in claims.x && 'a' == 'a'",
            29,
            "both sides are constants, so the answer is always the same; compare something of the caller",
        ),
        (
            "claims.school == parent.schools",
            17,
            "a list is never equal to one value; write VALUE in LIST",
        ),
        (
            "groups == 'a'",
            0,
            "a list is never equal to one value; write VALUE in LIST",
        ),
        (
            "claims.school in parent.school",
            17,
            "what follows \"in\" must be a list; write == to compare with one value",
        ),
        (
            "'a' in group",
            7,
            "unknown word \"group\"; did you mean \"groups\"?",
        ),
    ] {
        // The rule begins in column 101.
        let expected = format!("4:{}: the rule of \"Pupil.f\": {message}", 101 + column);
        assert_eq!(of_field(rule), [expected], "{rule}");
    }
}

#[test]
fn a_rule_knows_its_place() {
    let query = "type Query { a: T @resolve(module: \"m\") }\n";
    for (sdl, expected) in [
        (
            format!("{query}type T @auth(requires: \"claims.sub == args.id\") {{ id: ID }}"),
            "2:39: the rule of \"T\": a type has no arguments to compare; put the rule on its fields",
        ),
        (
            format!("{query}type T @auth(requires: \"claims.sub == parent.id\") {{ id: ID }}"),
            "2:39: the rule of \"T\": a type has no parent to compare; put the rule on its fields",
        ),
        (
            format!("{query}type T {{ id(a: ID): ID @auth(requires: \"claims.sub == args.a\") }}"),
            "2:55: the rule of \"T.id\": \"T.id\" has no @resolve, and only fields that have one can compare arguments",
        ),
        (
            "type Query { a: Int @resolve(module: \"m\") @auth(requires: \"claims.a == parent.a\") }".to_owned(),
            "1:72: the rule of \"Query.a\": fields of \"Query\" have no parent",
        ),
        (
            format!("{query}type T {{ id: ID @auth(requires: \"\"\"\n  groups\n\"\"\") }}"),
            "2:40: the rule of \"T.id\": expected ==, != or in, found the end",
        ),
        (
            format!("{query}type T {{ id: ID @auth }}"),
            "2:17: \"@auth\" lacks the argument \"requires\" of type \"String!\", which is required; add it",
        ),
        (
            format!("{query}type T {{ id: ID }} union U @auth(requires: \"caller == 'token'\") = T"),
            "2:27: directive \"@auth\" may not be used on UNION; it may be used on FIELD_DEFINITION, OBJECT, INTERFACE",
        ),
        (
            format!("{query}type T {{ id: ID @aws_iam }}"),
            "2:17: \"@aws_iam\" lets in whoever signs requests for AWS, which is not supported here; remove it, or write @auth(requires: \"...\")",
        ),
        (
            format!("{query}type T {{ id: ID @aws_lambda }}"),
            "2:17: \"@aws_lambda\" calls a function of yours, which is not supported here; remove it, or write @auth(requires: \"...\")",
        ),
        (
            format!("{query}type T @aws_oidc {{ id: ID @aws_api_key }}"),
            "2:27: \"@aws_api_key\" on \"T.id\" replaces the rule of its type in AppSync, but would add to it here; write both as @auth(requires: \"...\")",
        ),
        (
            format!("{query}type T @aws_cognito_user_pools(cognito_groups: []) {{ id: ID }}"),
            "2:8: \"@aws_cognito_user_pools\" names no group, so AppSync lets nobody in; name one, or remove it",
        ),
    ] {
        assert_eq!(problems(&sdl), [expected], "{sdl}");
    }
}
