#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::{Counted, TransactionEffects, alters_session, counted, is_altering_procedure};
use crate::sql::sqlserver::lexer::{Kind, Token, tokens};

fn significant(text: &str) -> Vec<Token<'_>> {
    tokens(text)
        .unwrap()
        .into_iter()
        .filter(|token| token.kind != Kind::Blank)
        .collect()
}

#[test]
fn what_may_alter_the_session_is_recognised() {
    let marked = ["dbo.Prepare_Session".to_owned()];
    for text in [
        "SET LANGUAGE German",
        "set /* x */ datefirst 1; SELECT 1",
        "SET SOME_FUTURE_OPTION ON",
        "SET NOCOUNT, ARITHABORT ON",
        "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "SET CONTEXT_INFO 0x01",
        "SET ROWCOUNT 5",
        "SET DEADLOCK_PRIORITY -5",
        "IF 1 = 1 SET IDENTITY_INSERT t ON",
        "USE Other; SELECT 1",
        "SELECT id INTO #mine FROM t",
        "CREATE TABLE [#mine] (id int)",
        "INSERT tempdb..##everyone VALUES (1)",
        "EXEC sp_getapplock @Resource = 'x', @LockMode = 'Exclusive', @LockOwner = 'Session'",
        "EXEC sys.[sp_getapplock] 'x'",
        "execute sp_set_session_context N'tenant', @id",
        "EXEC sp_setapprole 'role', 'password'",
        "EXECUTE AS USER = 'other'",
        "REVERT",
        "DBCC TRACEON (1204)",
        "DECLARE c CURSOR GLOBAL FOR SELECT 1; OPEN c",
        "OPEN SYMMETRIC KEY k DECRYPTION BY CERTIFICATE c",
        "EXEC ('SET LANGUAGE German')",
        "EXEC sp_executesql N'USE Other'",
        "EXEC [dbo].[prepare_session] @id",
    ] {
        assert!(alters_session(&significant(text), &marked), "{text}");
    }
}

#[test]
fn what_leaves_the_session_alone_is_not_taken_for_more() {
    for text in [
        "SELECT 'SET LANGUAGE German', [SET], \"USE\" FROM t -- USE x",
        "SET NOCOUNT ON; SET XACT_ABORT ON; SELECT 1",
        "SET NOCOUNT, XACT_ABORT ON",
        "SET @x = 1",
        "UPDATE t SET language = @a, rowcount = 2 WHERE id = 1",
        "UPDATE t SET language += 1, a.b = 2",
        "UPDATE t SET a.b = 2",
        "MERGE t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET language = s.language;",
        "CREATE TABLE t (p int REFERENCES q ON DELETE SET NULL ON UPDATE SET DEFAULT)",
        "SELECT 1 OPTION (USE HINT ('DISABLE_OPTIMIZED_NESTED_LOOP'))",
        "EXEC dbo.summary @id",
        "DECLARE @t TABLE (id int); INSERT @t VALUES (1)",
    ] {
        assert!(!alters_session(&significant(text), &[]), "{text}");
    }
}

#[test]
fn procedures_alter_the_session_by_their_own_name() {
    assert!(is_altering_procedure("SP_GetAppLock", &[]));
    assert!(is_altering_procedure(
        "enter",
        &["[dbo].[Enter]".to_owned()]
    ));
    assert!(!is_altering_procedure("enter", &["leave".to_owned()]));
    assert!(!is_altering_procedure("", &[String::new()]));
}

#[test]
fn counts_may_be_hidden_by_the_text_or_by_what_it_calls() {
    for (expected, texts) in [
        (
            Counted::Unknown,
            &[
                "SET NOCOUNT ON; DELETE t",
                "DELETE t; SET NOCOUNT ON; DELETE u",
                "DELETE t; EXEC p",
                "INSERT t EXEC p",
                "EXEC p; EXEC q",
                "p 1; EXEC q",
            ][..],
        ),
        (Counted::UnlessNone, &["EXEC p", "p 1", "[dbo].[p]"]),
        (
            Counted::Whole,
            &[
                "DELETE t",
                "; WITH x AS (SELECT 1 AS n) DELETE x",
                "DROP TABLE t",
                "CREATE TABLE t (n int)",
            ],
        ),
    ] {
        for text in texts {
            assert_eq!(counted(&significant(text)), expected, "{text}");
        }
    }
}

#[test]
fn what_may_change_what_is_open_is_recognised() {
    let effects = |text: &str| {
        let tokens = significant(text);
        TransactionEffects::of(&tokens, alters_session(&tokens, &[]))
    };
    for text in [
        "BEGIN TRAN",
        "begin transaction t",
        "BEGIN DISTRIBUTED TRAN",
        "EXEC p",
        "dbo.p 1",
        "[p] @id",
        "COMMIT",
        "IF @@TRANCOUNT > 0 ROLLBACK",
        "BEGIN TRY SELECT 1 END TRY BEGIN CATCH SELECT 2 END CATCH",
        "SET XACT_ABORT ON; SELECT 1",
        "SET IMPLICIT_TRANSACTIONS ON; INSERT t VALUES (1)",
        "SET ANSI_DEFAULTS ON; INSERT t VALUES (1)",
        // Whatever changes rows may have a trigger.
        "INSERT t VALUES (1)",
        "SET NOCOUNT ON; UPDATE t SET n = 1",
        "; WITH x AS (SELECT 1 AS n) DELETE x",
        "MERGE t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET n = s.n;",
        "TRUNCATE TABLE t",
    ] {
        assert!(effects(text).may_change, "{text}");
    }
    for text in [
        "SELECT 1",
        "; WITH x AS (SELECT 1 AS n) SELECT n FROM x",
        "BEGIN SELECT 1 END",
        "SELECT 'ROLLBACK' -- COMMIT",
        "SELECT [INSERT] FROM t",
    ] {
        assert!(!effects(text).may_change, "{text}");
    }
    for text in ["COMMIT", "EXEC p", "p", "INSERT t EXEC p"] {
        assert!(effects(text).may_commit, "{text}");
    }
    assert!(!effects("IF @@TRANCOUNT > 0 ROLLBACK").may_commit);
    // What is cut off in a transaction did not happen, although a trigger may end it.
    let insert = effects("INSERT t VALUES (1)");
    assert!(insert.may_trigger && !insert.may_commit && insert.takes_prologue);
    assert!(!effects("IF @@TRANCOUNT > 0 ROLLBACK").may_trigger);
    assert!(effects("IF @a = 1 RETURN; BEGIN TRAN").may_return);
    let procedure = effects("CREATE PROCEDURE p AS BEGIN TRAN; EXEC q; COMMIT");
    assert!(procedure.is_definition && procedure.may_change && !procedure.takes_prologue);
    assert!(!effects("CREATE TABLE t (n int)").may_change);
    assert!(!effects("p @id").takes_prologue && effects(";SELECT 1").takes_prologue);
}
