//! Workers: methods of legacy code that runs in processes beside the host. Arguments and answers are JSON.

use rquickjs::prelude::Func;
use rquickjs::{Ctx, Object, Promise, Result};

use super::need_host;
use crate::bindings::mayfly::resolver::worker;
use crate::calls::promise;

pub(super) fn add(host: &Object<'_>) -> Result<()> {
    host.set("workerCall", Func::from(call))
}

fn call<'js>(
    ctx: Ctx<'js>,
    worker: String,
    method: String,
    arguments: String,
) -> Result<Promise<'js>> {
    need_host(&ctx)?;
    promise(&ctx, worker::call(&worker, &method, &arguments))
}
