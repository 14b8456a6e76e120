//! Why a server let nobody in, for whoever has to mend it: the thing and the remedy. It goes to the log and to `mayfly check`, never
//! to a client, and holds no password: neither the driver nor the server repeats it.

use tiberius::error::Error;

use crate::sql::wire::LOGIN_BYTES;

/// The driver's advice to its own users begins here; it is about its functions.
const ADVICE: &str = " To connect anyway";

/// What failed while logging in to `backend`; `encrypts` says whether the configuration asks for encryption.
pub(super) fn reason(backend: &str, encrypts: bool, error: &Error) -> String {
    match error {
        Error::Server(error) => {
            let said = error.message();
            match error.code() {
                18456 | 18452 => {
                    format!("{said} correct the user or the password of `sqlserver.{backend}`")
                }
                4060 | 911 => {
                    format!(
                        "{said} correct the database of `sqlserver.{backend}`, or let its user open it"
                    )
                }
                code => format!("{said} (error {code})"),
            }
        }
        // The driver encrypts where a server demands it, whatever it was told.
        Error::Tls(_) if !encrypts => {
            format!(
                "the server demands encryption; set `sqlserver.{backend}.encryption` to \"required\", and name the CA of its \
                 certificate in `sqlserver.{backend}.ca_file` unless the system trusts it already"
            )
        }
        Error::Io { .. } if !encrypts => {
            format!(
                "{error}; if the server demands encryption, set `sqlserver.{backend}.encryption` to \"required\""
            )
        }
        Error::Tls(text) => certificate(backend, text.split(ADVICE).next().unwrap_or(text)),
        other => {
            let text = other.to_string();
            if text.to_ascii_lowercase().contains("encrypt") {
                return format!(
                    "{text}; let the server encrypt, or set `sqlserver.{backend}.encryption` to \"off\""
                );
            }
            text
        }
    }
}

/// What ended the login to `backend`: the server sent more than a login takes.
pub(super) fn said_too_much(backend: &str) -> String {
    let limit = LOGIN_BYTES >> 10;
    format!(
        "the server sent more than {limit} KiB before the login was done, which SQL Server does not; check `sqlserver.{backend}.address`"
    )
}

/// rustls names the fault by its variant or in words, by version.
fn certificate(backend: &str, text: &str) -> String {
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&["UnknownIssuer", "unknown issuer"]) {
        format!(
            "the server's certificate is not signed by a trusted CA; name a PEM file with its CA in `sqlserver.{backend}.ca_file`"
        )
    } else if has(&["NotValidForName", "not valid for name"]) {
        format!(
            "the server's certificate is for another host; connect by a name that it has, or write that in \
             `sqlserver.{backend}.host_name_in_certificate` ({text})"
        )
    } else if has(&["Expired", "expired"]) {
        format!("the server's certificate has expired; renew it ({text})")
    } else {
        format!("{text}; check the server's certificate and `sqlserver.{backend}.ca_file`")
    }
}

#[cfg(test)]
mod tests {
    use super::{Error, reason};

    #[test]
    fn the_drivers_advice_is_not_ours() {
        let text = "the server's certificate was rejected: Expired. To connect anyway you can call Config::trust_cert()";
        let said = reason("school", true, &Error::Tls(text.to_owned()));
        assert_eq!(
            said,
            "the server's certificate has expired; renew it (the server's certificate was rejected: Expired.)"
        );
    }
}
