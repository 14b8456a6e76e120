#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::{Begun, Open, committing, guarded};
use crate::sql::sqlserver::effects::TransactionEffects;

const BEGUN: Begun = Begun { id: Some(7) };

#[test]
fn what_is_open_is_compared_by_count_and_by_number() {
    let open = |count, id| Open {
        count,
        id: Some(id),
    };
    assert!(open(2, 7).is(Some(BEGUN)) && open(0, 9).is(None));
    assert!(!open(1, 7).is(Some(BEGUN)) && !open(3, 7).is(Some(BEGUN)));
    assert!(!open(2, 8).is(Some(BEGUN)) && !open(1, 7).is(None));
}

#[test]
fn the_comparison_stands_behind_the_text_whatever_it_ends_in() {
    let plain = TransactionEffects::PROCEDURE;
    assert_eq!(
        guarded("EXEC p -- done", plain, None, true),
        "EXEC p -- done\n;IF @@TRANCOUNT <> 0 RAISERROR(N'mayfly: @@TRANCOUNT is not as expected', 16, 1)"
    );
    assert_eq!(
        guarded("EXEC p", plain, Some(BEGUN), true),
        "DECLARE @mayfly_transaction bigint = CURRENT_TRANSACTION_ID(); EXEC p\n;IF @@TRANCOUNT <> 2 \
         OR CURRENT_TRANSACTION_ID() <> @mayfly_transaction RAISERROR(N'mayfly: @@TRANCOUNT is not as expected', 16, 1)"
    );
}

#[test]
fn a_commit_names_the_transaction_where_it_has_a_number() {
    let rest = "BEGIN COMMIT TRANSACTION; COMMIT TRANSACTION; END ELSE RAISERROR(N'mayfly: @@TRANCOUNT is not as expected', 16, 1)";
    assert_eq!(
        committing(BEGUN),
        format!("IF @@TRANCOUNT = 2 AND CURRENT_TRANSACTION_ID() = 7 {rest}")
    );
    assert_eq!(
        committing(Begun { id: None }),
        format!("IF @@TRANCOUNT = 2 {rest}")
    );
}

#[test]
fn nothing_stands_before_a_procedure_that_is_called_without_exec_nor_where_there_is_no_number() {
    let call = TransactionEffects {
        takes_prologue: false,
        ..TransactionEffects::PROCEDURE
    };
    for (effects, names) in [(call, true), (TransactionEffects::PROCEDURE, false)] {
        assert_eq!(
            guarded("p", effects, Some(BEGUN), names),
            "p\n;IF @@TRANCOUNT <> 2 RAISERROR(N'mayfly: @@TRANCOUNT is not as expected', 16, 1)"
        );
    }
}
