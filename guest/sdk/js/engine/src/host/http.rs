//! Services over HTTP. A request is an object with the names of the WIT file's record; pairs are flat lists of names and values.

use rquickjs::prelude::Func;
use rquickjs::{Ctx, Object, Promise, Result};

use super::need_host;
use crate::bindings::mayfly::resolver::http::{self, Pair, Request};
use crate::calls::promise;
use crate::text::{Text, optional_text, text};

pub(super) fn add(host: &Object<'_>) -> Result<()> {
    host.set("httpSend", Func::from(send))
}

fn send<'js>(ctx: Ctx<'js>, Text(service): Text, request: Object<'js>) -> Result<Promise<'js>> {
    need_host(&ctx)?;
    let request = Request {
        method: text(&request, "method")?,
        path: text(&request, "path")?,
        values: pairs(&request, "values")?,
        query: pairs(&request, "query")?,
        headers: pairs(&request, "headers")?,
        body: body(&request)?,
    };
    promise(&ctx, move || http::send(&service, &request))
}

fn pairs(request: &Object<'_>, name: &str) -> Result<Vec<Pair>> {
    let flat: Vec<Text> = request.get(name)?;
    let mut flat = flat.into_iter().map(|Text(text)| text);
    let mut pairs = Vec::with_capacity(flat.len() / 2);
    while let (Some(name), Some(value)) = (flat.next(), flat.next()) {
        pairs.push(Pair { name, value });
    }
    Ok(pairs)
}

/// The body: a text, or a list of bytes.
fn body(request: &Object<'_>) -> Result<Option<Vec<u8>>> {
    match optional_text(request, "text")? {
        Some(text) => Ok(Some(text.into_bytes())),
        None => request.get("bytes"),
    }
}
