//! SQL Server as `sql` asks for it: each request with the module here that answers it.

use std::sync::atomic::Ordering;

use mayfly_error::CallError;
use tiberius::error::Error;

use super::client::{Client, first_row};
use super::failure::Fail;
use super::filled::{Bound, Filled, MAX_VALUES};
use super::login::{SECTION, SqlServerEngine};
use super::pages::Pages;
use super::sql_type::SqlType;
use super::text::{Statement, Text};
use super::trancount::{self, Begun, Open};
use super::{answer, describe};
use crate::sql::bounds::Bounds;
use crate::sql::connection::Connection;
use crate::sql::declared;
use crate::sql::engine::{Engine, Transactions};
use crate::sql::parameters::Most;
use crate::sql::statement::{Complaint, Effects, StatementProblem, Way};
use crate::sql::wire::Wire;

impl Transactions for SqlServerEngine {
    type Client = Client;
    type Error = Error;
    type Begun = Begun;
    type Open = Open;

    async fn begin(client: &mut Client) -> Result<Begun, Error> {
        trancount::begin(client).await
    }

    async fn commit(client: &mut Client, begun: Begun) -> Result<(), Error> {
        trancount::commit(&mut client.driver, begun).await
    }

    async fn roll_back(client: &mut Client) -> Result<(), Error> {
        trancount::roll_back(&mut client.driver).await
    }

    async fn ask(client: &mut Client) -> Result<Option<Open>, Error> {
        trancount::ask(client).await
    }

    fn is_as_begun(open: Open, within: Option<Begun>) -> bool {
        open.is(within)
    }

    fn disturbed(what: &str, effects: Effects, within: Option<Begun>, open: Open) -> CallError {
        trancount::disturbed(what, effects, within, open)
    }

    fn not_committed(begun: Begun, open: Option<Open>) -> CallError {
        trancount::not_committed(begun, open)
    }
}

impl Engine for SqlServerEngine {
    const SECTION: &'static str = SECTION;
    const MOST_VALUES: Most = Most {
        values: MAX_VALUES,
        told: "more than 2098 values; SQL Server takes no more, so pass shorter lists",
    };

    type Type = SqlType;
    type Text = Text;
    type Filled = Filled;
    type Pages<'a> = Pages<'a>;

    fn prepare(
        statement: &declared::Statement<SqlType>,
        session_procedures: &[String],
    ) -> Result<(Text, Effects), Vec<Complaint>> {
        Text::read(statement, session_procedures)
    }

    fn adopt<'a>(&self, mut statements: impl Iterator<Item = &'a Statement>) {
        if statements.any(|statement| statement.lossy) {
            self.lossy.store(true, Ordering::Relaxed);
        }
    }

    fn fill(statement: &Statement, values: &[Bound]) -> Option<Filled> {
        let filled = statement.text.fill(&statement.parameters, values);
        (filled.values.len() <= MAX_VALUES).then_some(filled)
    }

    fn address(&self) -> &str {
        &self.address
    }

    async fn open(&self) -> Result<(Client, Wire), String> {
        Self::open(self)
            .await
            .map_err(|refused| refused.to_string())
    }

    fn is_outdated(&self, client: &Client) -> bool {
        client.is_lossy != self.is_lossy()
    }

    async fn ping(client: &mut Client) -> Result<(), Error> {
        first_row(&mut client.driver, "SELECT 1").await.map(drop)
    }

    async fn stop(client: &mut Client) {
        // Whether the server acknowledged does not matter.
        let _ = client.driver.cancel_query().await;
    }

    fn guard(client: &Client, statement: &Statement, filled: &mut Filled, within: Option<Begun>) {
        let effects = statement.text.effects();
        if !effects.is_definition {
            let names = client.names_transactions;
            filled.text = trancount::guarded(&filled.text, effects, within, names);
        }
    }

    async fn run(
        client: &mut Client,
        way: Way,
        statement: &Statement,
        filled: Filled,
        bounds: &Bounds,
    ) -> Result<String, Fail> {
        answer::run(client, way, statement, filled, bounds).await
    }

    async fn pages<'a>(
        client: &'a mut Client,
        statement: &'a Statement,
        filled: Filled,
        bounds: &'a Bounds,
    ) -> Result<Pages<'a>, Error> {
        Pages::open(client, statement, filled, bounds).await
    }

    async fn describe(
        connection: &mut Connection<Client>,
        statement: &Statement,
        problems: &mut Vec<StatementProblem>,
    ) -> Result<(), Error> {
        describe::compare(connection, statement, problems).await
    }
}
