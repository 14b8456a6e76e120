//! Assemblies as users of edge-js write them, in the worker for .NET: what their methods are given, what happens to their answers, how
//! they are named, and what is said of all that is missing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::{Value, json};

use super::driver::{self, Worker, assembly, dotnet, workshop};

fn as_edge() -> &'static Path {
    static ASSEMBLY: OnceLock<PathBuf> = OnceLock::new();
    ASSEMBLY.get_or_init(|| assembly("assemblies", "AsEdge.dll", "AsEdge.cs", &[]))
}

fn worker() -> Worker {
    Worker::start(dotnet(as_edge())).0
}

#[test]
fn methods_are_called_as_edge_js_calls_them_with_one_instance_for_all_calls() {
    let mut worker = worker();
    for (number, name) in ["AsEdge.Startup.Invoke", "Startup.Invoke", "Invoke"]
        .into_iter()
        .enumerate()
    {
        let answer = worker.call(name, &json!("JavaScript"));
        let expected = format!(".NET welcomes JavaScript, call {}", number + 1);
        assert_eq!(answer, json!(expected), "{name}");
    }
}

#[test]
fn input_has_the_types_that_edge_js_gives() {
    let input = r#"{"small":1,"negative":-2147483648,"large":2147483648,"fraction":1.5,"js":0.30000000000000004,
        "safe":9007199254740991,"long":9007199254740993,"exact":12345678901234567890.5,"exponent":1e300,
        "text":"x","yes":true,"none":null,"list":[1],"object":{"x":1},
        "date":{"$date":"2026-01-31T13:14:15.000Z"},"bytes":{"$binary":"AP+A"},"escaped":{"$$date":1},"other":{"$x":1}}"#;
    let types = json!({
        "small": "Int32", "negative": "Int32", "large": "Double", "fraction": "Double", "js": "Double",
        "safe": "Double", "long": "Int64", "exact": "Decimal", "exponent": "Double",
        "text": "String", "yes": "Boolean", "none": "null", "list": "Object[]", "object": "ExpandoObject",
        "date": "DateTime", "bytes": "Byte[]", "escaped": "ExpandoObject", "other": "ExpandoObject",
    });
    let said = worker().call_text("Types", input);
    assert_eq!(serde_json::from_str::<Value>(&said).unwrap(), types);
}

#[test]
fn dynamic_input_is_used_as_what_it_is() {
    let answer = worker().call(
        "Dynamic",
        &json!({
            "a": 1, "nested": { "b": 2 }, "list": [1, "x"],
            "day": { "$date": "2026-01-31T00:00:00Z" }, "bytes": { "$binary": "AAEC" },
        }),
    );
    let expected = json!({ "sum": 3, "count": 2, "tomorrow": { "$date": "2026-02-01T00:00:00.000Z" }, "last": "2", "kind": "Utc" });
    assert_eq!(answer, expected);
}

#[test]
fn answers_become_what_edge_js_makes_of_them() {
    let answer = worker().call("Answers", &Value::Null);
    let expected = json!({
        "person": { "Home": { "Street": "St James's Square" }, "Name": "Ada", "Age": 36 },
        "anonymous": { "x": 1, "y": "two" },
        "list": [1, 2, 3],
        "lazy": [1, 4, 9],
        "utc": { "$date": "2026-01-31T13:14:15.160Z" },
        "unspecified": { "$date": "2026-01-31T00:00:00.000Z" },
        "bytes": { "$binary": "AP+A" },
        "empty": { "$binary": "" },
        "decimal": "12.50",
        "long": 9_007_199_254_740_993_i64,
        "double": 0.1,
        "nan": null,
        "char": "c",
        "guid": "6f9619ff-8b86-d011-b42d-00cf4fc964ff",
        "uri": "https://example.com/a",
        "color": "Green",
        "texts": { "k": "v" },
        "numbered": { "7": "seven" },
        "nothing": null,
        "tag": { "$$date": 1 },
    });
    assert_eq!(answer, expected);
}

#[test]
fn what_goes_in_comes_out_the_same() {
    let mut worker = worker();
    for text in [
        r#"{"d":{"$date":"2026-01-31T13:14:15.000Z"},"b":{"$binary":"AP+A"}}"#,
        r#"{"$$date":1}"#,
        r#"{"$$$binary":"AA=="}"#,
        r#"{"$x":1}"#,
        r#"{"$date":1,"more":2}"#,
        r#"["😀é\u0001\"\\",0.1,-5,1E+300]"#,
    ] {
        assert_eq!(worker.call_text("Shapes.Same", text), text);
    }
    let many: Vec<String> = (0..1500).map(|n| format!("\"key{n}\":{n}")).collect();
    let object = format!("{{{}}}", many.join(","));
    assert_eq!(worker.call_text("Shapes.Same", &object), object);
}

#[test]
fn methods_answer_at_once_with_typed_tasks_and_with_nothing() {
    let mut worker = worker();
    assert_eq!(
        worker.call("Synchronous", &json!([1])),
        json!({ "got": [1] })
    );
    assert_eq!(worker.call("Typed", &Value::Null), json!(42));
    assert_eq!(worker.call("Nothing", &Value::Null), Value::Null);
}

#[test]
fn an_exception_is_an_error_of_its_type_and_the_worker_goes_on() {
    let mut worker = worker();
    for (method, code, message) in [
        (
            "Later",
            "EXCEPTION",
            "System.InvalidOperationException: it failed later",
        ),
        (
            "AtOnce",
            "EXCEPTION",
            "System.ArgumentException: it failed at once",
        ),
        (
            "Use",
            "EXCEPTION",
            "System.NotSupportedException: no instance today",
        ),
        (
            "MissingFile",
            "EXCEPTION",
            "System.IO.DirectoryNotFoundException: Could not find a part of the path \"/nowhere/at/all\".",
        ),
        (
            "Self",
            "INVALID_ANSWER",
            "the answer is nested more than 128 levels deep, or an object in it refers to itself",
        ),
        (
            "Function",
            "INVALID_ANSWER",
            "the answer has a function in it, which cannot leave the process: answer with data",
        ),
    ] {
        assert_eq!(
            worker.fails(method, "null"),
            (code.to_owned(), message.to_owned()),
            "{method}"
        );
    }
    let end = worker.drained();
    assert_eq!(end.code, Some(0));
    let line = "mayfly worker: Later: System.InvalidOperationException: it failed later\n  at AsEdge.Failing";
    assert!(end.errors.contains(line), "{}", end.errors);
}

#[test]
fn arguments_that_net_cannot_hold_are_refused() {
    let mut worker = worker();
    let when = "`$date` takes a point in time such as 2026-01-31T13:14:15.000Z";
    for (arguments, message) in [
        (r#"{"$date":"soon"}"#, when),
        (r#"[{"$date":1}]"#, when),
        (r#"{"$binary":"*"}"#, "`$binary` takes base64"),
        ("1e999", "the number 1e999 is larger than any of .NET"),
    ] {
        let expected = ("INVALID_ARGUMENTS".to_owned(), message.to_owned());
        assert_eq!(worker.fails("Shapes.Same", arguments), expected);
    }
}

#[test]
fn what_the_assembly_prints_is_logged_and_it_reads_no_frames() {
    let mut worker = worker();
    // The method reads all of standard input, and finds nothing.
    assert_eq!(worker.call("Print", &Value::Null), json!(0));
    assert_eq!(worker.drained().output, "printed by the assembly\n");
}

#[test]
fn a_method_that_does_not_exist_is_answered_with_those_that_do() {
    let mut worker = worker();
    let mut unknown = |name: &str| {
        let (code, message) = worker.fails(name, "null");
        assert_eq!(code, "UNKNOWN_METHOD");
        message
    };
    assert_eq!(
        unknown("Same"),
        "`Same` is more than one method of AsEdge.dll: AsEdge.Shapes.Same, AsEdge.Other.Same"
    );
    assert_eq!(
        unknown("AsEdge.Startup.Add"),
        "type `AsEdge.Startup` of AsEdge.dll has no public method `Add` that takes one object; it has AsEdge.Startup.Invoke"
    );
    assert_eq!(
        unknown("Other.Gone"),
        "type `Other` of AsEdge.dll has no public method `Gone` that takes one object; it has AsEdge.Other.Same"
    );
    assert!(
        unknown("Gone.Invoke").starts_with(
            "AsEdge.dll has no public type `Gone` with methods that take one object; it has Answers, AtOnce, "
        )
    );
    assert!(
        unknown("Gone").starts_with("AsEdge.dll has no method `Gone`; it has Answers, AtOnce, ")
    );
}

/// What a worker says that never says hello.
fn refused(command: Command) -> String {
    let end = Worker::silent(command).ended();
    assert_eq!(end.code, Some(1), "{end:?}");
    end.errors
}

#[test]
fn an_assembly_that_is_not_there_or_not_one_is_refused_with_the_remedy() {
    assert_eq!(
        refused(dotnet(Path::new("/nowhere/LegacyApi.dll"))),
        "mayfly worker: there is no assembly /nowhere/LegacyApi.dll: build it, or correct its path\n"
    );
    let text = workshop().join("text.dll");
    fs::write(&text, "not an assembly").unwrap();
    assert_eq!(
        refused(dotnet(&text)),
        format!(
            "mayfly worker: {} is not an assembly of .NET that can run here: name the DLL that the methods are in, built for 64 bits or any processor\n",
            text.display()
        )
    );
}

#[test]
fn an_assembly_without_a_method_to_call_is_refused_with_what_one_looks_like() {
    let nothing = assembly("nothing", "Nothing.dll", "Nothing.cs", &[]);
    assert_eq!(
        refused(dotnet(&nothing)),
        "mayfly worker: Nothing.dll has no method to call: a public class needs a public method that takes one object, such as `public Task<object> Invoke(object input)`, and a constructor without parameters\n"
    );
}

#[test]
fn an_assembly_finds_what_it_needs_beside_it() {
    let dependency = assembly("beside", "Dependency.dll", "Dependency.cs", &[]);
    let dependent = assembly("beside", "Dependent.dll", "Dependent.cs", &[&dependency]);
    let (mut worker, _) = Worker::start(dotnet(&dependent));
    assert_eq!(
        worker.call("Startup.Invoke", &Value::Null),
        json!("the dependency")
    );
    assert_eq!(
        worker.call("Derived.Invoke", &Value::Null),
        json!("derived")
    );
}

#[test]
fn an_assembly_that_is_needed_and_missing_is_named_with_where_it_belongs() {
    let dependency = assembly("dependency", "Dependency.dll", "Dependency.cs", &[]);
    let dependent = assembly("missing", "Dependent.dll", "Dependent.cs", &[&dependency]);
    let (mut worker, _) = Worker::start(dotnet(&dependent));
    let remedy = "the assembly Dependency, Version=0.0.0.0, Culture=neutral, PublicKeyToken=null is needed and cannot be loaded: put Dependency.dll in that version beside the assembly that needs it";
    let (code, message) = worker.fails("Startup.Invoke", "null");
    assert_eq!(
        (code.as_str(), message.as_str()),
        ("MISSING_ASSEMBLY", remedy)
    );
    let end = worker.drained();
    let line = format!("mayfly worker: a type of Dependent.dll cannot be loaded: {remedy}\n");
    assert!(end.errors.starts_with(&line), "{}", end.errors);
}

#[test]
fn a_native_library_or_a_function_of_it_that_is_missing_is_named_with_the_remedy() {
    let mut worker = worker();
    let (code, message) = worker.fails("MissingLibrary", "null");
    assert_eq!(
        (code.as_str(), message.as_str()),
        (
            "MISSING_LIBRARY",
            "a native library cannot be loaded: asedge_missing; put it beside the assembly with everything it links to (`ldd` lists that), or name its directory in LD_LIBRARY_PATH"
        )
    );
    let (code, message) = worker.fails("MissingFunction", "null");
    assert_eq!(
        (code.as_str(), message.as_str()),
        (
            "MISSING_LIBRARY",
            "a native library lacks a function: no_such_function_of_libc; put the version beside the assembly that it was built for"
        )
    );
}

#[test]
fn a_command_line_that_makes_no_sense_is_answered_with_the_right_one() {
    for arguments in [
        &[][..],
        &["a.dll", "b.dll"],
        &["a.dll", "--listen"],
        &["a.dll", "--listen", "127.0.0.1:0"],
        &["a.dll", "--what", "1"],
    ] {
        let mut command = Command::new("mono");
        command.arg(driver::dotnet_program()).args(arguments);
        let end = Worker::silent(command).ended();
        assert_eq!(
            (end.code, end.errors.as_str()),
            (
                Some(2),
                "usage: mayfly-worker.exe ASSEMBLY [--listen ADDRESS:PORT --certificate SERVER.pfx --client-ca CA.pem [--connections N]]\n"
            ),
            "{arguments:?}"
        );
    }
}
