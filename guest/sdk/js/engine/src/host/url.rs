//! Addresses, as the URL Standard reads and writes them. They need no host, so that a module's top level may use them.
//!
//! An address crosses as the list of its parts in the order of [`parts`]; the class on the side of JavaScript keeps that list.

use rquickjs::prelude::{Func, Opt};
use rquickjs::{Object, Result};
use url::{Url, form_urlencoded, quirks};

use crate::text::Text;

pub(super) fn add(host: &Object<'_>) -> Result<()> {
    host.set("urlRead", Func::from(read))?;
    host.set("urlChange", Func::from(change))?;
    host.set("formRead", Func::from(form_read))?;
    host.set("formWrite", Func::from(form_write))?;
    Ok(())
}

/// The parts of an address, relative to a base if there is one; none when it is not one.
fn read(address: Text, base: Opt<Text>) -> Option<Vec<String>> {
    let base = base.0.map(|base| Url::parse(&base)).transpose().ok()?;
    let url = Url::options()
        .base_url(base.as_ref())
        .parse(&address)
        .ok()?;
    Some(parts(&url))
}

/// The parts after one of them was set; as they were when the value is none for that part.
fn change(address: Text, part: Text, value: Text) -> Option<Vec<String>> {
    let mut url = Url::parse(&address).ok()?;
    // A setter that refuses leaves the address as it is, and so does the standard's.
    let _ = match &*part {
        "protocol" => quirks::set_protocol(&mut url, &value),
        "username" => quirks::set_username(&mut url, &value),
        "password" => quirks::set_password(&mut url, &value),
        "host" => quirks::set_host(&mut url, &value),
        "hostname" => quirks::set_hostname(&mut url, &value),
        "port" => quirks::set_port(&mut url, &value),
        "pathname" => {
            quirks::set_pathname(&mut url, &value);
            Ok(())
        }
        "search" => {
            quirks::set_search(&mut url, &value);
            Ok(())
        }
        "hash" => {
            quirks::set_hash(&mut url, &value);
            Ok(())
        }
        _ => Err(()),
    };
    Some(parts(&url))
}

fn parts(url: &Url) -> Vec<String> {
    let parts = [
        quirks::href(url),
        &quirks::origin(url),
        quirks::protocol(url),
        quirks::username(url),
        quirks::password(url),
        quirks::host(url),
        quirks::hostname(url),
        quirks::port(url),
        quirks::pathname(url),
        quirks::search(url),
        quirks::hash(url),
    ];
    parts.map(str::to_owned).to_vec()
}

/// Names and values of a form or a query, one after the other.
fn form_read(text: Text) -> Vec<String> {
    form_urlencoded::parse(text.as_bytes())
        .flat_map(|(name, value)| [name.into_owned(), value.into_owned()])
        .collect()
}

fn form_write(flat: Vec<Text>) -> String {
    let mut text = form_urlencoded::Serializer::new(String::new());
    let mut flat = flat.into_iter();
    while let (Some(name), Some(value)) = (flat.next(), flat.next()) {
        text.append_pair(&name, &value);
    }
    text.finish()
}
