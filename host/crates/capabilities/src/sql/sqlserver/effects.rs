//! What running a text does to the session it runs in, read from its tokens when the statement is loaded.
//!
//! A connection whose session may have been altered is closed after use: the driver has no way to reset one. In doubt the answer is
//! yes, because a false alarm costs a login and a miss gives one caller's settings to another. What a text runs as text of its own
//! (`EXEC (…)`, `sp_executesql`) cannot be read, so it counts as altering.

use super::lexer::{Kind, Token};

/// Options of `SET` that end with their scope, and that every procedure sets.
const HARMLESS_OPTIONS: [&str; 2] = ["NOCOUNT", "XACT_ABORT"];
/// Procedures that leave something behind in a session: locks, context, roles, handles, traces.
const ALTERING_PROCEDURES: [&str; 17] = [
    "sp_getapplock",
    "sp_releaseapplock",
    "sp_set_session_context",
    "sp_setapprole",
    "sp_unsetapprole",
    "sp_bindsession",
    "sp_getbindtoken",
    "sp_executesql",
    "sp_prepare",
    "sp_prepexec",
    "sp_cursoropen",
    "sp_cursorprepare",
    "sp_cursorprepexec",
    "sp_xml_preparedocument",
    "sp_oacreate",
    "sp_trace_create",
    "sp_addlinkedsrvlogin",
];
/// Words that begin a statement which leaves something behind.
const ALTERING_WORDS: [&str; 4] = ["SETUSER", "REVERT", "DBCC", "CURSOR"];

/// Words that begin a statement before which another may stand.
const STATEMENTS: [&str; 22] = [
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "MERGE",
    "WITH",
    "SET",
    "IF",
    "WHILE",
    "BEGIN",
    "DECLARE",
    "EXEC",
    "EXECUTE",
    "COMMIT",
    "ROLLBACK",
    "SAVE",
    "PRINT",
    "RETURN",
    "THROW",
    "RAISERROR",
    "TRUNCATE",
    "WAITFOR",
];
/// Words that begin a statement before which none may stand: what follows may be the body of a procedure, to the end of the text.
const DEFINITIONS: [&str; 2] = ["CREATE", "ALTER"];
/// Other words that begin a statement.
const OTHER_STATEMENTS: [&str; 12] = [
    "DROP", "USE", "GRANT", "DENY", "REVOKE", "DBCC", "OPEN", "CLOSE", "FETCH", "BULK", "ENABLE",
    "DISABLE",
];
/// Words of texts that may end a transaction, or begin one: an error that is caught may have ended it.
const TRANSACTION_WORDS: [&str; 6] = [
    "ROLLBACK",
    "SAVE",
    "CATCH",
    "XACT_ABORT",
    "IMPLICIT_TRANSACTIONS",
    "ANSI_DEFAULTS",
];
/// Words of texts that change rows: a trigger may run, and what it does is not known.
const CHANGING_WORDS: [&str; 5] = ["INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE"];
/// Words of texts whose end may not be reached without an error.
const LEAVING_WORDS: [&str; 4] = ["RETURN", "NOEXEC", "PARSEONLY", "FMTONLY"];

/// Whether the session is another one after these tokens (without blanks) ran. `marked` are procedures of the operator's.
pub(super) fn alters_session(tokens: &[Token<'_>], marked: &[String]) -> bool {
    tokens.iter().enumerate().any(|(place, token)| {
        let next = tokens.get(place + 1);
        let next_is = |words: &[&str]| next.is_some_and(|next| next.is_any(words));
        sets_option(tokens, place)
            || (token.is("USE") && next.is_some() && !next_is(&["HINT", "PLAN"]))
            || (token.is_any(&["EXEC", "EXECUTE"])
                && (next_is(&["AS"]) || next.is_some_and(|next| next.is_symbol("("))))
            || (token.is("OPEN") && next_is(&["SYMMETRIC", "MASTER"]))
            || token.name().starts_with('#')
            || token.is_any(&ALTERING_WORDS)
            || is_altering_procedure(token.name(), marked)
    })
}

/// Whether calling this procedure alters the session; the name is without schema and brackets.
pub(super) fn is_altering_procedure(name: &str, marked: &[String]) -> bool {
    let own_name = |name: &str| {
        name.rsplit('.')
            .next()
            .unwrap_or_default()
            .trim_matches(['[', ']', '"'])
            .to_lowercase()
    };
    !name.is_empty()
        && (ALTERING_PROCEDURES
            .iter()
            .any(|procedure| procedure.eq_ignore_ascii_case(name))
            || marked
                .iter()
                .any(|marked| own_name(marked) == name.to_lowercase()))
}

/// What the number of rows that a server says were affected is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// Every row was counted.
    Whole,
    /// Every row was counted, or none: the one procedure that is called may switch counting off.
    UnlessNone,
    /// Some rows may have been counted and others not.
    Unknown,
}

/// What is counted of the rows that a text affects: `SET NOCOUNT ON` hides them, in the text or in a procedure that it calls.
pub(super) fn counted(tokens: &[Token<'_>]) -> Counted {
    let has = |words: &[&str]| tokens.iter().any(|token| token.is_any(words));
    match calls(tokens) {
        _ if has(&["NOCOUNT"]) => Counted::Unknown,
        0 => Counted::Whole,
        1 if !has(&CHANGING_WORDS) => Counted::UnlessNone,
        _ => Counted::Unknown,
    }
}

/// How many calls of procedures a text has: a batch that begins with no statement's word begins with one without EXEC.
fn calls(tokens: &[Token<'_>]) -> usize {
    let begins_with_call = ![&STATEMENTS[..], &DEFINITIONS, &OTHER_STATEMENTS]
        .iter()
        .any(|words| begins_with(tokens, words));
    let named = tokens
        .iter()
        .filter(|token| token.is_any(&["EXEC", "EXECUTE"]));
    named.count() + usize::from(begins_with_call)
}

fn begins_with(tokens: &[Token<'_>], words: &[&str]) -> bool {
    let first = tokens.iter().find(|token| !token.is_symbol(";"));
    first.is_some_and(|first| first.is_any(words))
}

/// What running a text may do to the transaction it runs in. In doubt it may: a false alarm costs a comparison.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct TransactionEffects {
    /// Begin or end one. What fails may end one too, whatever the text.
    pub(super) may_change: bool,
    /// Commit one.
    pub(super) may_commit: bool,
    /// Change rows, so that a trigger runs whose text nobody here has seen.
    pub(super) may_trigger: bool,
    /// Leave the text before its end, so that nothing behind it runs.
    pub(super) may_return: bool,
    /// Whether a declaration may stand before the text.
    pub(super) takes_prologue: bool,
    /// Whether it may be the definition of a procedure, of which all that follows would be a part.
    pub(super) is_definition: bool,
}

impl TransactionEffects {
    /// Calling a procedure in a batch of the host's: what it does is not known.
    pub(super) const PROCEDURE: Self = Self {
        may_change: true,
        may_commit: true,
        may_trigger: true,
        may_return: false,
        takes_prologue: true,
        is_definition: false,
    };

    /// What these tokens (without blanks) may do.
    pub(super) fn of(tokens: &[Token<'_>], alters_session: bool) -> Self {
        let has = |words: &[&str]| tokens.iter().any(|token| token.is_any(words));
        let begins = tokens.windows(2).any(|pair| {
            matches!(pair, [first, second] if first.is("BEGIN")
                && second.is_any(&["TRAN", "TRANSACTION", "DISTRIBUTED"]))
        });
        let may_commit = calls(tokens) > 0 || has(&["COMMIT"]);
        let may_trigger = has(&CHANGING_WORDS);
        Self {
            may_change: may_commit
                || may_trigger
                || begins
                || alters_session
                || has(&TRANSACTION_WORDS),
            may_commit,
            may_trigger,
            may_return: has(&LEAVING_WORDS),
            takes_prologue: begins_with(tokens, &STATEMENTS),
            is_definition: begins_with(tokens, &DEFINITIONS),
        }
    }
}

/// Whether this is the `SET` of an option, and not that of `UPDATE`, of a variable or of a foreign key.
fn sets_option(tokens: &[Token<'_>], place: usize) -> bool {
    let (Some(token), Some(option)) = (tokens.get(place), tokens.get(place + 1)) else {
        return false;
    };
    let symbol = |at: usize, symbols: &[&str]| {
        tokens
            .get(at)
            .is_some_and(|token| symbols.iter().any(|symbol| token.is_symbol(symbol)))
    };
    // `=`, `+=` and its kin, and the point of a name or method; a sign alone belongs to an option's value.
    let assigns = symbol(place + 2, &["=", "."])
        || (symbol(place + 2, &["+", "-", "*", "/", "%", "&", "^", "|"])
            && symbol(place + 3, &["="]));
    let is_action = place > 1
        && tokens
            .get(place - 1)
            .is_some_and(|before| before.is_any(&["DELETE", "UPDATE"]))
        && tokens.get(place - 2).is_some_and(|before| before.is("ON"));
    token.is("SET")
        && option.kind == Kind::Word
        && !assigns
        && !is_action
        && !only_harmless(tokens, place + 1)
}

/// Whether a list of options, `NOCOUNT, XACT_ABORT ON`, has none that matters.
fn only_harmless(tokens: &[Token<'_>], mut place: usize) -> bool {
    loop {
        if !tokens
            .get(place)
            .is_some_and(|option| option.is_any(&HARMLESS_OPTIONS))
        {
            return false;
        }
        if !tokens
            .get(place + 1)
            .is_some_and(|after| after.is_symbol(","))
        {
            return true;
        }
        place += 2;
    }
}

#[cfg(test)]
mod tests;
