//! Workers: methods of legacy code that runs in processes beside the host. Arguments and answers are JSON.

use rquickjs::prelude::Func;
use rquickjs::{Ctx, Object, Promise, Result};

use super::need_host;
use crate::bindings::mayfly::resolver::worker;
use crate::calls::promise;
use crate::text::{Json, Text};

pub(super) fn add(host: &Object<'_>) -> Result<()> {
    host.set("workerCall", Func::from(call))
}

fn call<'js>(
    ctx: Ctx<'js>,
    Text(worker): Text,
    Text(method): Text,
    Json(arguments): Json,
) -> Result<Promise<'js>> {
    need_host(&ctx)?;
    promise(&ctx, move || worker::call(&worker, &method, &arguments))
}
