//! What goes wrong: each fault strikes again and again while requests are under way.

use serde_json::{Value, json};

use super::dice::Dice;
use super::proxy::{Plan, Proxy};
use super::site::Site;

/// A kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    Nothing,
    SqlCutBefore,
    SqlCutInside,
    SqlCutAfter,
    SqlHalfRowCut,
    SqlHalfRowStall,
    SqlStall,
    SqlSlow,
    SqlLateAcknowledgement,
    SqlSlowLogin,
    SqlLoginFailure,
    SqlLoginsRefused,
    SqlForgotten,
    SqlLenient,
    SqlError,
    SqlErrorMidResult,
    SqlFatalError,
    SqlDown,
    SqlWireCut,
    SqlWireHeld,
    SqlWireTrickles,
    DynamoDbThrottles,
    DynamoDbError500,
    DynamoDbSlow,
    DynamoDbStall,
    DynamoDbUnprocessed,
    DynamoDbCutBefore,
    DynamoDbCutInside,
    DynamoDbCutAfter,
    DynamoDbDown,
    DynamoDbWireCut,
    DynamoDbWireHeld,
    DynamoDbWireTrickles,
    HttpCutBefore,
    HttpCutInside,
    HttpReset,
    HttpHalfStall,
    HttpStall,
    HttpSlow,
    HttpUnavailable,
    HttpOtherProtocol,
    HttpLarge,
    HttpDown,
    HttpWireCut,
    HttpWireHeld,
    HttpWireTrickles,
    ServersKilled,
    ClientsLeave,
    GuestsLeave,
    AllAtOnce,
}

impl Fault {
    pub const ALL: [Self; 50] = [
        Self::Nothing,
        Self::SqlCutBefore,
        Self::SqlCutInside,
        Self::SqlCutAfter,
        Self::SqlHalfRowCut,
        Self::SqlHalfRowStall,
        Self::SqlStall,
        Self::SqlSlow,
        Self::SqlLateAcknowledgement,
        Self::SqlSlowLogin,
        Self::SqlLoginFailure,
        Self::SqlLoginsRefused,
        Self::SqlForgotten,
        Self::SqlLenient,
        Self::SqlError,
        Self::SqlErrorMidResult,
        Self::SqlFatalError,
        Self::SqlDown,
        Self::SqlWireCut,
        Self::SqlWireHeld,
        Self::SqlWireTrickles,
        Self::DynamoDbThrottles,
        Self::DynamoDbError500,
        Self::DynamoDbSlow,
        Self::DynamoDbStall,
        Self::DynamoDbUnprocessed,
        Self::DynamoDbCutBefore,
        Self::DynamoDbCutInside,
        Self::DynamoDbCutAfter,
        Self::DynamoDbDown,
        Self::DynamoDbWireCut,
        Self::DynamoDbWireHeld,
        Self::DynamoDbWireTrickles,
        Self::HttpCutBefore,
        Self::HttpCutInside,
        Self::HttpReset,
        Self::HttpHalfStall,
        Self::HttpStall,
        Self::HttpSlow,
        Self::HttpUnavailable,
        Self::HttpOtherProtocol,
        Self::HttpLarge,
        Self::HttpDown,
        Self::HttpWireCut,
        Self::HttpWireHeld,
        Self::HttpWireTrickles,
        Self::ServersKilled,
        Self::ClientsLeave,
        Self::GuestsLeave,
        Self::AllAtOnce,
    ];

    /// How many requests there are to one strike.
    fn rarity(self) -> u64 {
        match self {
            Self::ServersKilled => 40,
            // After these the pool pauses, or a connection is held for as long as a statement may take.
            Self::SqlStall
            | Self::SqlHalfRowStall
            | Self::DynamoDbStall
            | Self::SqlDown
            | Self::SqlLoginsRefused
            | Self::SqlForgotten
            | Self::DynamoDbDown
            | Self::HttpStall
            | Self::HttpHalfStall
            | Self::HttpDown => 12,
            Self::SqlSlowLogin | Self::SqlLoginFailure | Self::SqlError | Self::SqlFatalError => 12,
            Self::SqlCutBefore
            | Self::SqlCutInside
            | Self::SqlHalfRowCut
            | Self::SqlWireHeld
            | Self::DynamoDbWireHeld => 8,
            _ => 5,
        }
    }

    /// Whether clients stop waiting for answers.
    pub fn clients_leave(self, dice: &mut Dice) -> bool {
        match self {
            Self::ClientsLeave => dice.once_in(2),
            Self::AllAtOnce | Self::SqlLateAcknowledgement => dice.once_in(8),
            _ => false,
        }
    }

    /// Whether guests leave with calls under way and transactions open, rather than now and then.
    pub fn guests_leave(self, dice: &mut Dice) -> bool {
        match self {
            Self::GuestsLeave | Self::SqlLateAcknowledgement => dice.once_in(2),
            Self::Nothing => false,
            _ => dice.once_in(10),
        }
    }

    /// Strikes, now and then.
    pub async fn may_strike(self, site: &Site, dice: &mut Dice) {
        if dice.once_in(self.rarity()) {
            self.strike(site, dice).await;
        }
    }

    async fn strike(self, site: &Site, dice: &mut Dice) {
        match self {
            Self::Nothing | Self::ClientsLeave | Self::GuestsLeave => {}
            Self::ServersKilled => site.restart().await,
            Self::SqlWireCut => site.sqlserver.strike(a_cut(dice), dice),
            Self::SqlWireHeld => site.sqlserver.strike(held_or_not(dice), dice),
            Self::SqlWireTrickles => site.sqlserver.strike_all(Plan::Trickle),
            Self::DynamoDbWireCut => site.dynamodb.strike(a_cut(dice), dice),
            Self::DynamoDbWireHeld => site.dynamodb.strike(held_or_not(dice), dice),
            Self::DynamoDbWireTrickles => site.dynamodb.strike_all(Plan::Trickle),
            Self::HttpWireCut => site.http.strike(a_cut(dice), dice),
            Self::HttpWireHeld => site.http.strike(held_or_not(dice), dice),
            Self::HttpWireTrickles => site.http.strike_all(Plan::Trickle),
            Self::SqlSlowLogin | Self::SqlLoginFailure | Self::SqlLoginsRefused => {
                site.switch(&switches(&[self], dice)).await;
                // Logins need connections that are gone.
                site.sqlserver.strike(
                    Plan::CutAnswer {
                        after: 0,
                        reset: false,
                    },
                    dice,
                );
            }
            Self::AllAtOnce => everything(site, dice).await,
            _ => site.switch(&switches(&[self], dice)).await,
        }
    }

    /// The backend and the switch of a fault that is one.
    fn switch(self, dice: &mut Dice) -> Option<(&'static str, &'static str, Value)> {
        let times = dice.between(1, 3);
        let (sql, dynamodb, http) = ("sqlserver", "dynamodb", "http");
        // More failures one after another than the circuit lets pass.
        let many = dice.between(1, 20);
        Some(match self {
            Self::SqlCutBefore => (
                sql,
                "drop",
                of_some(json!({ "at": "before", "times": times }), dice),
            ),
            Self::SqlCutInside => (
                sql,
                "drop",
                of_some(json!({ "at": "inside", "times": times }), dice),
            ),
            Self::SqlCutAfter => (
                sql,
                "drop",
                of_some(json!({ "at": "after", "times": times }), dice),
            ),
            Self::SqlHalfRowCut => (sql, "half_row", json!({ "then": "drop", "times": times })),
            Self::SqlHalfRowStall => (sql, "half_row", json!({ "then": "stall", "times": times })),
            Self::SqlStall => (sql, "stall", of_some(json!({ "times": times }), dice)),
            Self::SqlSlow => (
                sql,
                "slow",
                of_some(
                    json!({ "ms": dice.between(0, 600), "row_ms": dice.between(0, 30), "times": times }),
                    dice,
                ),
            ),
            Self::SqlLateAcknowledgement => (
                sql,
                "late_attention_ack",
                json!({ "ms": dice.between(0, 400), "times": times }),
            ),
            Self::SqlSlowLogin => (
                sql,
                "slow_login",
                json!({ "ms": dice.between(0, 1500), "times": times }),
            ),
            Self::SqlLoginFailure => (
                sql,
                "login_failure",
                json!({ "number": 18456, "message": "a secret", "times": times }),
            ),
            // Until the next strike, which may be the end of it.
            Self::SqlLoginsRefused => {
                let times = dice.one_of(&[0, 1000]);
                (
                    sql,
                    "login_failure",
                    json!({ "number": 18456, "message": "a secret", "times": times }),
                )
            }
            // All connections there are, as after a firewall was started again.
            Self::SqlForgotten => (sql, "forget", json!({})),
            Self::SqlLenient => (sql, "no_error_266", json!({})),
            Self::SqlError => (
                sql,
                "sql_error",
                error(dice.one_of(&[1205, 1222, 8134, 40501, 50000]), 16, times),
            ),
            // Of a statement that reads: the server undoes a statement that fails.
            Self::SqlErrorMidResult => {
                let mut error = error(dice.one_of(&[1205, 8134]), 16, times);
                error["after_rows"] = json!(dice.between(0, 8));
                error["matching"] = json!("SELECT");
                (sql, "sql_error", error)
            }
            Self::SqlFatalError => (
                sql,
                "sql_error",
                error(dice.one_of(&[596, 40197]), 21, times),
            ),
            Self::SqlDown => (sql, "refuse", json!(dice.once_in(2))),
            Self::DynamoDbThrottles => {
                (dynamodb, "throttle", json!({ "times": dice.between(1, 8) }))
            }
            Self::DynamoDbError500 => (
                dynamodb,
                "error_500",
                json!({ "times": dice.between(1, 8) }),
            ),
            Self::DynamoDbSlow => (
                dynamodb,
                "slow",
                json!({ "ms": dice.between(0, 700), "times": times }),
            ),
            Self::DynamoDbStall => (dynamodb, "stall", json!({ "times": times })),
            Self::DynamoDbUnprocessed => (
                dynamodb,
                "unprocessed",
                json!({ "keys": dice.between(1, 4), "times": dice.between(1, 8) }),
            ),
            Self::DynamoDbCutBefore => {
                (dynamodb, "drop", json!({ "at": "before", "times": times }))
            }
            Self::DynamoDbCutInside => {
                (dynamodb, "drop", json!({ "at": "inside", "times": times }))
            }
            Self::DynamoDbCutAfter => (dynamodb, "drop", json!({ "at": "after", "times": times })),
            Self::DynamoDbDown => (dynamodb, "refuse", json!(dice.once_in(2))),
            Self::HttpCutBefore => (http, "drop", json!({ "at": "before", "times": many })),
            Self::HttpCutInside => (http, "drop", json!({ "at": "inside", "times": many })),
            Self::HttpReset => {
                let at = dice.one_of(&["before", "inside", "after"]);
                (http, "reset", json!({ "at": at, "times": times }))
            }
            Self::HttpHalfStall => (http, "half", json!({ "then": "stall", "times": times })),
            Self::HttpStall => (http, "stall", json!({ "times": times })),
            Self::HttpSlow => (
                http,
                "slow",
                json!({ "ms": dice.between(0, 700), "times": times }),
            ),
            Self::HttpUnavailable => (http, "unavailable", json!({ "times": many })),
            Self::HttpOtherProtocol => (http, "other_protocol", json!({ "times": times })),
            Self::HttpLarge => (
                http,
                "large",
                json!({ "bytes": 100_000, "chunked": dice.once_in(2), "times": times }),
            ),
            Self::HttpDown => (http, "refuse", json!(dice.once_in(2))),
            _ => return None,
        })
    }
}

/// The same switch; half of the time only of statements that write or commit, where being cut off matters most.
fn of_some(mut switch: Value, dice: &mut Dice) -> Value {
    if dice.once_in(2) {
        switch["matching"] = json!(dice.one_of(&["INSERT", "INSERT", "UPDATE", "COMMIT"]));
    }
    switch
}

fn error(number: u32, class: u8, times: u64) -> Value {
    json!({ "number": number, "class": class, "message": "a secret", "times": times })
}

/// The switches of several faults; of two on the same switch the later one.
fn switches(faults: &[Fault], dice: &mut Dice) -> Value {
    let mut switches = json!({});
    for (backend, name, switch) in faults.iter().filter_map(|fault| fault.switch(dice)) {
        switches[backend][name] = switch;
    }
    switches
}

/// A few of all faults.
async fn everything(site: &Site, dice: &mut Dice) {
    let faults: Vec<Fault> = (0..dice.between(1, 4))
        .map(|_| dice.one_of(&Fault::ALL))
        .collect();
    // An outage makes everything else invisible.
    let rare = |fault: Fault, dice: &mut Dice| {
        !matches!(
            fault,
            Fault::SqlDown | Fault::DynamoDbDown | Fault::HttpDown
        ) || dice.once_in(4)
    };
    let faults: Vec<Fault> = faults
        .into_iter()
        .filter(|fault| rare(*fault, dice))
        .collect();
    site.switch(&switches(&faults, dice)).await;
    let wires: [(&Proxy, [Fault; 3]); 3] = [
        (
            &site.http,
            [
                Fault::HttpWireCut,
                Fault::HttpWireHeld,
                Fault::HttpWireTrickles,
            ],
        ),
        (
            &site.sqlserver,
            [
                Fault::SqlWireCut,
                Fault::SqlWireHeld,
                Fault::SqlWireTrickles,
            ],
        ),
        (
            &site.dynamodb,
            [
                Fault::DynamoDbWireCut,
                Fault::DynamoDbWireHeld,
                Fault::DynamoDbWireTrickles,
            ],
        ),
    ];
    for (proxy, [cut, held, trickles]) in wires {
        for fault in &faults {
            let plan = match *fault {
                fault if fault == cut => a_cut(dice),
                fault if fault == held => held_or_not(dice),
                fault if fault == trickles => Plan::Trickle,
                _ => continue,
            };
            proxy.strike(plan, dice);
        }
    }
    if faults.contains(&Fault::ServersKilled) && dice.once_in(8) {
        site.restart().await;
    }
}

/// A cut of one connection: at once, inside a request, or somewhere in the answers to come.
fn a_cut(dice: &mut Dice) -> Plan {
    let after = usize::try_from(dice.between(0, 6_000)).unwrap();
    let reset = dice.once_in(2);
    match dice.between(1, 4) {
        1 => Plan::CutAnswer { after: 0, reset },
        2 => Plan::CutAnswer {
            after: after % 64,
            reset,
        },
        3 => Plan::CutAnswer { after, reset },
        _ => Plan::CutRequest { after: after % 600 },
    }
}

fn held_or_not(dice: &mut Dice) -> Plan {
    dice.one_of(&[Plan::HoldAnswer, Plan::HoldAnswer, Plan::Pass])
}
