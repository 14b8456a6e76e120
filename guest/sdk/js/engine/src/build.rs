//! What `mayfly build` runs: makes the engine, evaluates the prelude and the module, and says which fields it answers.
//!
//! The host gives its input by [`mayfly_input`], calls [`mayfly_build`] and reads what [`mayfly_output`] and
//! [`mayfly_output_bytes`] show. What is in memory then is what every instance begins with.

use std::cell::RefCell;

use rquickjs::context::EvalOptions;
use rquickjs::module::Evaluated;
use rquickjs::promise::PromiseState;
use rquickjs::{
    CatchResultExt, CaughtError, Context, Ctx, Function, Module, Object, Persistent, Runtime, Value,
};

use crate::trace::{BUNDLE, Lines, translate, whole};
use crate::{ENGINE, Engine, host, memory};

/// The prelude: functions of the host's calls, the module's options, and what they share.
const PRELUDE: [(&str, &str); 19] = [
    ("mayfly:errors", include_str!("prelude/errors.js")),
    ("mayfly:globals", include_str!("prelude/globals.js")),
    ("mayfly:timers", include_str!("prelude/timers.js")),
    ("mayfly:url", include_str!("prelude/url.js")),
    ("mayfly:services", include_str!("prelude/services.js")),
    ("mayfly:appsync", include_str!("prelude/appsync.js")),
    (MAIN, include_str!("prelude/main.js")),
    ("mayfly:kinds", include_str!("prelude/kinds.js")),
    ("mayfly:lines", include_str!("prelude/lines.js")),
    ("mayfly:inspect", include_str!("prelude/inspect.js")),
    ("mayfly:error-text", include_str!("prelude/error_text.js")),
    ("mayfly:format", include_str!("prelude/format.js")),
    ("mayfly:table", include_str!("prelude/table.js")),
    ("mayfly:console", include_str!("prelude/console.js")),
    ("mayfly:sort", include_str!("prelude/sort.js")),
    ("mayfly:collate", include_str!("prelude/collate.js")),
    ("mayfly:fetch", include_str!("prelude/fetch.js")),
    ("mayfly:web-text", include_str!("prelude/web_text.js")),
    ("mayfly:statements", include_str!("prelude/statements.js")),
];

/// The part that gives what the engine calls. Until here the prelude is what invocations use; most never come to what is behind.
const MAIN: &str = "mayfly:main";

/// How deep JavaScript may go, in bytes of the stack, which is linked with 288 KiB. The rest is for what the engine does
/// without asking. The host has another stack, of 1 MiB, for what is in no memory; with more than this, recursion would end there first.
/// Source that is nested more than 100 deep does in any case: the parser's frames are large there and small here.
const STACK_BYTES: usize = 256 << 10;

/// Free memory that an instance begins with, in bytes: asking the host for more takes two system calls each time.
const ROOM_BYTES: usize = 256 << 10;

/// Garbage in circles is collected when an invocation has allocated so much, in bytes. Most end before.
const GARBAGE_BYTES: usize = 4 << 20;

thread_local! {
    static INPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static OUTPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Makes room for this many bytes of input and says where.
#[allow(unsafe_code, reason = "an export by a name is an unsafe attribute")]
#[unsafe(no_mangle)]
extern "C" fn mayfly_input(bytes: usize) -> *mut u8 {
    INPUT.with_borrow_mut(|input| {
        *input = vec![0; bytes];
        input.as_mut_ptr()
    })
}

/// Evaluates the module.
#[allow(unsafe_code, reason = "an export by a name is an unsafe attribute")]
#[unsafe(no_mangle)]
extern "C" fn mayfly_build() {
    let output = match make(&INPUT.take()) {
        Ok(fields) => format!("+{fields}"),
        Err(error) => format!("-{error}"),
    };
    OUTPUT.set(output.into_bytes());
}

/// Where the output is: `+` and the fields, one a line, and perhaps warnings, each behind a byte of 1; or `-` and why there are none.
#[allow(unsafe_code, reason = "an export by a name is an unsafe attribute")]
#[unsafe(no_mangle)]
extern "C" fn mayfly_output() -> *const u8 {
    OUTPUT.with_borrow(Vec::as_ptr)
}

/// How long it is.
#[allow(unsafe_code, reason = "an export by a name is an unsafe attribute")]
#[unsafe(no_mangle)]
extern "C" fn mayfly_output_bytes() -> usize {
    OUTPUT.with_borrow(Vec::len)
}

fn make(input: &[u8]) -> Result<String, String> {
    let plain = |error: rquickjs::Error| error.to_string();
    let runtime = Runtime::new().map_err(plain)?;
    runtime.set_max_stack_size(STACK_BYTES);
    let context = Context::full(&runtime).map_err(plain)?;
    let Started {
        code,
        is_common_js,
        prelude,
    } = context.with(|ctx| start(&ctx, input).catch(&ctx).map_err(explain))?;
    // Not while the context is in use.
    tell_of_rejections(&context, &prelude).map_err(plain)?;
    let (engine, fields) = context.with(|ctx| {
        evaluate(&ctx, &context, &prelude, code, is_common_js)
            .catch(&ctx)
            .map_err(explain)
    })?;
    runtime.run_gc();
    let made = usize::try_from(runtime.memory_usage().malloc_size).unwrap_or_default();
    runtime.set_gc_threshold(made + GARBAGE_BYTES);
    // The allocator keeps what was once its own.
    drop(std::hint::black_box(Vec::<u8>::with_capacity(ROOM_BYTES)));
    memory::note_made();
    ENGINE.with(|made| {
        made.set(engine)
            .map_err(|_| "it was built already".to_owned())
    })?;
    Ok(fields)
}

/// The module's code, what it is, and the functions of the prelude.
struct Started {
    code: String,
    is_common_js: bool,
    prelude: Persistent<Object<'static>>,
}

fn start(ctx: &Ctx<'_>, input: &[u8]) -> rquickjs::Result<Started> {
    let input: Object<'_> = ctx.json_parse(input)?.get()?;
    let numbers: Vec<u32> = input.get("lines")?;
    Lines::new(input.get("sources")?, &numbers, input.get("mappings")?).keep_while_making();
    let code: String = input.get("code")?;
    let is_common_js = input.get("common_js")?;
    // The rest is the module's options; these are large, and would stay.
    for taken in ["code", "lines", "sources", "mappings"] {
        input.remove(taken)?;
    }
    let prelude = prelude(ctx, &input)?;
    Ok(Started {
        code,
        is_common_js,
        prelude: Persistent::save(ctx, prelude),
    })
}

/// Tells the prelude of promises that are rejected while nobody listens.
fn tell_of_rejections(
    context: &Context,
    prelude: &Persistent<Object<'static>>,
) -> rquickjs::Result<()> {
    let rejected = context.with(|ctx| {
        let rejected: Function<'_> = prelude.clone().restore(&ctx)?.get("rejected")?;
        Ok::<_, rquickjs::Error>(Persistent::save(&ctx, rejected))
    })?;
    context
        .runtime()
        .set_host_promise_rejection_tracker(Some(Box::new(
            move |ctx, promise, reason, handled| {
                // It is about errors already; there is nobody to tell of another.
                let _ = rejected
                    .clone()
                    .restore(&ctx)
                    .and_then(|rejected| rejected.call::<_, ()>((promise, reason, handled)));
            },
        )));
    Ok(())
}

fn evaluate(
    ctx: &Ctx<'_>,
    context: &Context,
    prelude: &Persistent<Object<'static>>,
    code: String,
    is_common_js: bool,
) -> rquickjs::Result<(Engine, String)> {
    let prelude = prelude.clone().restore(ctx)?;
    let exports = if is_common_js {
        run_common_js(ctx, &code)?
    } else {
        run(ctx, code)?.namespace()?
    };
    host::check_top_level(ctx)?;
    let register: Function<'_> = prelude.get("register")?;
    let fields = register.call((exports,))?;
    let function = |name: &str| -> rquickjs::Result<Persistent<Function<'static>>> {
        let function: Function<'_> = prelude.get(name)?;
        Ok(Persistent::save(ctx, function))
    };
    let engine = Engine {
        context: context.clone(),
        dispatch: function("dispatch")?,
        host_error: function("hostError")?,
        turn: function("turn")?,
        last: function("last")?,
        finish: function("finish")?,
        lines: Lines::made(),
    };
    Ok((engine, fields))
}

fn prelude<'js>(ctx: &Ctx<'js>, options: &Object<'js>) -> rquickjs::Result<Object<'js>> {
    let (host, parts) = (host::object(ctx)?, Object::new(ctx.clone())?);
    let mut called = Value::new_undefined(ctx.clone());
    for (name, source) in PRELUDE {
        let mut evaluation = EvalOptions::default();
        evaluation.filename = Some(name.to_owned());
        let part: Function<'_> = ctx.eval_with_options(source, evaluation)?;
        let given = part.call((host.clone(), options.clone(), parts.clone()))?;
        if name == MAIN {
            called = given;
            memory::note_written();
        }
    }
    called.get()
}

/// Evaluates the module's code; it may wait with `await`, but for nothing that takes time.
fn run<'js>(ctx: &Ctx<'js>, code: String) -> rquickjs::Result<Module<'js, Evaluated>> {
    let (module, promise) = Module::declare(ctx.clone(), BUNDLE, code)?.eval()?;
    while ctx.execute_pending_job() {}
    match promise.state() {
        PromiseState::Pending => Err(rquickjs::Exception::throw_message(
            ctx,
            "the module's top level waits for a promise that nothing settles",
        )),
        PromiseState::Resolved | PromiseState::Rejected => {
            promise.finish::<Value<'_>>()?;
            Ok(module)
        }
    }
}

/// What a bundle of CommonJS is given, as in Node; its lines stay what they are. Everything that it requires is in it.
const COMMON_JS: [&str; 2] = ["(function (exports, require, module) {", "\n})"];

/// Evaluates a bundle of CommonJS, in which `this` and `var` are what they are in Node; it gives its exports, as `import` would see them.
fn run_common_js<'js>(ctx: &Ctx<'js>, code: &str) -> rquickjs::Result<Object<'js>> {
    let [before, after] = COMMON_JS;
    let mut evaluation = EvalOptions::default();
    evaluation.strict = false;
    evaluation.filename = Some(BUNDLE.to_owned());
    // A line that names an interpreter is a comment.
    let code = code
        .strip_prefix("#!")
        .map_or_else(|| code.to_owned(), |rest| format!("//{rest}"));
    let function: Function<'_> =
        ctx.eval_with_options(format!("{before}{code}{after}"), evaluation)?;
    let module = Object::new(ctx.clone())?;
    module.set("exports", Object::new(ctx.clone())?)?;
    let require = Function::new(ctx.clone(), |ctx: Ctx<'js>, name: Value<'js>| {
        let name: rquickjs::Coerced<String> = name.get()?;
        let message = format!("Dynamic require of \"{}\" is not supported", name.0);
        Err::<(), _>(rquickjs::Exception::throw_message(&ctx, &message))
    })?;
    let exports: Object<'_> = module.get("exports")?;
    function.call::<_, ()>((
        rquickjs::function::This(exports.clone()),
        exports,
        require,
        module.clone(),
    ))?;
    while ctx.execute_pending_job() {}
    let seen = Object::new(ctx.clone())?;
    seen.set("default", module.get::<_, Value<'_>>("exports")?)?;
    Ok(seen)
}

/// An error for whoever builds, with the place in the sources.
fn explain(error: CaughtError<'_>) -> String {
    let text = match error {
        error if is_out_of_memory(&error) => {
            "its top level needs more memory than the module may have: raise `memory` in its section, or load less there".to_owned()
        }
        CaughtError::Exception(exception) => {
            let name: String = exception
                .as_object()
                .get("name")
                .unwrap_or_else(|_| "Error".to_owned());
            let message = exception.message().unwrap_or_default();
            let stack = exception.stack().unwrap_or_default();
            whole(&format!("{name}: {message}"), stack)
        }
        CaughtError::Value(value) => format!(
            "it threw {}",
            value
                .ctx()
                .json_stringify(&value)
                .ok()
                .flatten()
                .and_then(|text| text.to_string().ok())
                .unwrap_or_else(|| "something that is not an error".to_owned())
        ),
        CaughtError::Error(error) => error.to_string(),
    };
    translate(text).trim_end().to_owned()
}

/// Where there is no memory left to make an error of, the engine throws null.
fn is_out_of_memory(error: &CaughtError<'_>) -> bool {
    match error {
        CaughtError::Exception(exception) => {
            exception.message().as_deref() == Some(memory::OUT_OF_MEMORY)
        }
        CaughtError::Value(value) => value.is_null(),
        CaughtError::Error(_) => false,
    }
}
