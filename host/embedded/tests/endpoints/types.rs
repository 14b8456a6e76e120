//! Every type: as a parameter, as a column, and as NULL.

use std::borrow::Cow;

use rust_decimal::Decimal;
use tiberius::numeric::Numeric;
use tiberius::time::chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime};
use tiberius::{ColumnData, ColumnType, FromSql, Row, ToSql};
use uuid::Uuid;

use super::harness::{Sql, connect, server_error, with_script};

const EVERY_TYPE: &str = "CREATE TABLE t (
  id INT NOT NULL PRIMARY KEY, bit_c BIT, tiny_c TINYINT, small_c SMALLINT, int_c INT, big_c BIGINT, real_c REAL, float_c FLOAT,
  dec_c DECIMAL(5,2), num_c NUMERIC(12,4), money_c MONEY, smallmoney_c SMALLMONEY, date_c DATE, time_c TIME(3), sdt_c SMALLDATETIME,
  dt_c DATETIME, dt2_c DATETIME2, dt2s_c DATETIME2(0), dto_c DATETIMEOFFSET, guid_c UNIQUEIDENTIFIER, nv_c NVARCHAR(64),
  nvm_c NVARCHAR(MAX), v_c VARCHAR(20), vm_c VARCHAR(MAX), nc_c NCHAR(5), c_c CHAR(5), vb_c VARBINARY(16), vbm_c VARBINARY(MAX),
  b_c BINARY(4));
INSERT INTO t (id) VALUES (0);";

async fn row(client: &mut Sql, sql: &str, parameters: &[&dyn ToSql]) -> Row {
    client
        .query(sql, parameters)
        .await
        .unwrap()
        .into_row()
        .await
        .unwrap()
        .unwrap()
}

/// Sends a value, has it stored in a column, and reads both back.
async fn round_trip<T>(client: &mut Sql, column: &str, value: T)
where
    T: ToSql + for<'a> FromSql<'a> + PartialEq + std::fmt::Debug,
{
    let echoed = row(client, "SELECT @P1 AS echo", &[&value]).await;
    assert_eq!(
        echoed.get::<T, _>(0).as_ref(),
        Some(&value),
        "as a parameter, for {column}"
    );
    assert_eq!(echoed.columns()[0].name(), "echo");
    let set = client
        .execute(
            format!("UPDATE t SET {column} = @P1 WHERE id = 0"),
            &[&value],
        )
        .await
        .unwrap();
    assert_eq!(set.total(), 1);
    let stored = row(
        client,
        &format!("SELECT {column} FROM t WHERE {column} = @P1"),
        &[&value],
    )
    .await;
    assert_eq!(stored.get::<T, _>(0).as_ref(), Some(&value), "in {column}");
    client
        .execute(format!("UPDATE t SET {column} = NULL"), &[])
        .await
        .unwrap();
    let null = row(
        client,
        &format!("SELECT {column} FROM t WHERE {column} IS NULL"),
        &[],
    )
    .await;
    assert_eq!(null.get::<T, _>(0), None, "NULL in {column}");
}

fn at(text: &str) -> NaiveDateTime {
    text.parse().unwrap()
}

#[tokio::test]
async fn numbers_come_back_as_they_were_sent() {
    let embedded = with_script(EVERY_TYPE).await;
    let mut client = connect(&embedded).await;
    round_trip(&mut client, "bit_c", true).await;
    round_trip(&mut client, "bit_c", false).await;
    round_trip(&mut client, "tiny_c", 255_u8).await;
    round_trip(&mut client, "small_c", i16::MIN).await;
    round_trip(&mut client, "int_c", i32::MAX).await;
    round_trip(&mut client, "int_c", -1_i32).await;
    round_trip(&mut client, "big_c", i64::MIN).await;
    round_trip(&mut client, "big_c", 9_007_199_254_740_993_i64).await;
    round_trip(&mut client, "real_c", 1.5_f32).await;
    round_trip(&mut client, "float_c", -0.1_f64).await;
    round_trip(&mut client, "dec_c", Decimal::new(9350, 2)).await;
    round_trip(&mut client, "dec_c", Decimal::new(-1, 2)).await;
    round_trip(&mut client, "dec_c", Decimal::new(0, 2)).await;
    round_trip(&mut client, "num_c", Decimal::new(123_456_789_012, 4)).await;
    round_trip(&mut client, "num_c", Numeric::new_with_scale(57_705, 4)).await;
    embedded.shutdown().await;
}

#[tokio::test]
async fn dates_and_times_come_back_as_they_were_sent() {
    let embedded = with_script(EVERY_TYPE).await;
    let mut client = connect(&embedded).await;
    round_trip(
        &mut client,
        "date_c",
        NaiveDate::from_ymd_opt(1, 1, 1).unwrap(),
    )
    .await;
    round_trip(
        &mut client,
        "date_c",
        NaiveDate::from_ymd_opt(2026, 2, 28).unwrap(),
    )
    .await;
    round_trip(
        &mut client,
        "date_c",
        NaiveDate::from_ymd_opt(9999, 12, 31).unwrap(),
    )
    .await;
    round_trip(
        &mut client,
        "time_c",
        NaiveTime::from_hms_milli_opt(23, 59, 59, 999).unwrap(),
    )
    .await;
    round_trip(&mut client, "dt2_c", at("2026-03-29T02:30:00.1234567")).await;
    round_trip(&mut client, "dt2_c", at("0001-01-01T00:00:00")).await;
    round_trip(&mut client, "dt2s_c", at("2026-12-31T23:59:59")).await;
    round_trip(&mut client, "dt_c", at("1999-12-31T23:59:59.250")).await;
    round_trip(&mut client, "sdt_c", at("2026-06-06T06:06:00")).await;
    let moment: DateTime<FixedOffset> =
        DateTime::parse_from_rfc3339("2026-03-29T02:30:00.5+05:30").unwrap();
    round_trip(&mut client, "dto_c", moment).await;
    embedded.shutdown().await;
}

#[tokio::test]
async fn text_bytes_and_guids_come_back_as_they_were_sent() {
    let embedded = with_script(EVERY_TYPE).await;
    let mut client = connect(&embedded).await;
    round_trip(
        &mut client,
        "guid_c",
        Uuid::parse_str("6f9619ff-8b86-d011-b42d-00c04fc964ff").unwrap(),
    )
    .await;
    for text in [
        "",
        "O'Brien [x] \"y\"",
        "日本 €uro 🦋",
        "line\r\nline\u{0}end",
    ] {
        let echoed = row(&mut client, "SELECT @P1", &[&text]).await;
        assert_eq!(echoed.get::<&str, _>(0), Some(text));
        for column in ["nv_c", "nvm_c"] {
            client
                .execute(format!("UPDATE t SET {column} = @P1"), &[&text])
                .await
                .unwrap();
            let stored = row(
                &mut client,
                &format!("SELECT {column} FROM t WHERE {column} = @P1"),
                &[&text],
            )
            .await;
            assert_eq!(stored.get::<&str, _>(0), Some(text), "in {column}");
        }
    }
    let long = "ÿ🦋".repeat(100_000);
    client
        .execute(
            "UPDATE t SET nvm_c = @P1, v_c = N'caf\u{e9} €', vm_c = @P2",
            &[&long.as_str(), &"œuvre"],
        )
        .await
        .unwrap();
    let stored = row(&mut client, "SELECT nvm_c, v_c, vm_c FROM t", &[]).await;
    assert_eq!(stored.get::<&str, _>(0), Some(long.as_str()));
    assert_eq!(
        (stored.get::<&str, _>(1), stored.get::<&str, _>(2)),
        (Some("café €"), Some("œuvre"))
    );
    client
        .execute(
            "UPDATE t SET nc_c = 'ab', c_c = 'ab', b_c = 0x0102, vb_c = 0x",
            &[],
        )
        .await
        .unwrap();
    let fixed = row(&mut client, "SELECT nc_c, c_c, b_c, vb_c FROM t", &[]).await;
    assert_eq!(
        (fixed.get::<&str, _>(0), fixed.get::<&str, _>(1)),
        (Some("ab   "), Some("ab   "))
    );
    assert_eq!(
        (fixed.get::<&[u8], _>(2), fixed.get::<&[u8], _>(3)),
        (Some(&[1, 2, 0, 0][..]), Some(&[][..]))
    );
    for bytes in [vec![], vec![0, 255, 7], vec![9; 20_000]] {
        let echoed = row(&mut client, "SELECT @P1", &[&bytes.as_slice()]).await;
        assert_eq!(echoed.get::<&[u8], _>(0), Some(bytes.as_slice()));
        client
            .execute("UPDATE t SET vbm_c = @P1", &[&bytes.as_slice()])
            .await
            .unwrap();
        let stored = row(&mut client, "SELECT vbm_c FROM t", &[]).await;
        assert_eq!(stored.get::<&[u8], _>(0), Some(bytes.as_slice()));
    }
    embedded.shutdown().await;
}

#[tokio::test]
async fn money_is_exact_to_its_last_digit() {
    let embedded = with_script(EVERY_TYPE).await;
    let mut client = connect(&embedded).await;
    client
        .execute(
            "UPDATE t SET money_c = -12345678.9012, smallmoney_c = 0.0001",
            &[],
        )
        .await
        .unwrap();
    let stored = row(&mut client, "SELECT money_c, smallmoney_c FROM t", &[]).await;
    assert_eq!(
        (stored.get::<f64, _>(0), stored.get::<f64, _>(1)),
        (Some(-12_345_678.901_2), Some(0.0001))
    );
    embedded.shutdown().await;
}

#[tokio::test]
async fn a_null_of_every_kind_is_taken_typed_and_untyped() {
    let embedded = with_script(EVERY_TYPE).await;
    let mut client = connect(&embedded).await;
    let nulls: [(&str, ColumnData<'_>); 14] = [
        ("bit_c", ColumnData::Bit(None)),
        ("tiny_c", ColumnData::U8(None)),
        ("small_c", ColumnData::I16(None)),
        ("int_c", ColumnData::I32(None)),
        ("big_c", ColumnData::I64(None)),
        ("real_c", ColumnData::F32(None)),
        ("float_c", ColumnData::F64(None)),
        ("guid_c", ColumnData::Guid(None)),
        ("nv_c", ColumnData::String(None)),
        ("vb_c", ColumnData::Binary(None)),
        ("dec_c", ColumnData::Numeric(None)),
        ("date_c", ColumnData::Date(None)),
        ("dt2_c", ColumnData::DateTime2(None)),
        ("dto_c", ColumnData::DateTimeOffset(None)),
    ];
    for (column, null) in nulls {
        let parameters: [&dyn ToSql; 1] = [&null];
        client
            .execute(format!("UPDATE t SET {column} = @P1"), &parameters)
            .await
            .unwrap();
        let echoed = row(&mut client, "SELECT @P1 AS x, 7 AS y", &parameters).await;
        assert_eq!(
            echoed.get::<i32, _>(1),
            Some(7),
            "behind a NULL for {column}"
        );
    }
    let all = row(&mut client, "SELECT * FROM t", &[]).await;
    assert_eq!(all.len(), 29);
    assert_eq!(all.get::<i32, _>("id"), Some(0));
    assert_eq!(all.get::<&str, _>("nv_c"), None);
    embedded.shutdown().await;
}

#[tokio::test]
async fn columns_have_the_types_their_table_declares() {
    let embedded = with_script(EVERY_TYPE).await;
    let mut client = connect(&embedded).await;
    let mut stream = client
        .query("SELECT * FROM t WHERE 1 = 0", &[])
        .await
        .unwrap();
    let types: Vec<ColumnType> = stream
        .columns()
        .await
        .unwrap()
        .unwrap()
        .iter()
        .map(|column| column.column_type())
        .collect();
    use ColumnType as C;
    assert_eq!(
        types,
        [
            C::Int4,
            C::Bitn,
            C::Int1,
            C::Int2,
            C::Int4,
            C::Int8,
            C::Float4,
            C::Float8,
            C::Numericn,
            C::Numericn,
            C::Money,
            C::Money,
            C::Daten,
            C::Timen,
            C::Datetimen,
            C::Datetimen,
            C::Datetime2,
            C::Datetime2,
            C::DatetimeOffsetn,
            C::Guid,
            C::NVarchar,
            C::NVarchar,
            C::BigVarChar,
            C::BigVarChar,
            C::NChar,
            C::BigChar,
            C::BigVarBin,
            C::BigVarBin,
            C::BigBinary,
        ]
    );
    assert!(stream.into_row().await.unwrap().is_none());
    embedded.shutdown().await;
}

#[tokio::test]
async fn expressions_have_the_types_t_sql_gives_them() {
    let embedded = with_script(EVERY_TYPE).await;
    let mut client = connect(&embedded).await;
    client
        .execute(
            "UPDATE t SET dec_c = 93.5, nv_c = 'abc', dt2_c = '2026-01-02 03:04:05'",
            &[],
        )
        .await
        .unwrap();
    let sql = "SELECT COUNT(*), SUM(dec_c) AS total, MAX(dt2_c) AS latest, CAST(dec_c AS INT), ISNULL(dec_c, 0) AS score, \
        CAST('1.005' AS DECIMAL(5,2)) AS rounded, LEN(nv_c + '  '), 'a' + nv_c AS joined, 1.50, 12345678901 AS large, \
        CONVERT(NVARCHAR(10), dec_c) + '!' AS text, GETDATE() AS today, NEWID() AS id, AVG(dec_c) AS mean FROM t GROUP BY dec_c, nv_c";
    let row = row(&mut client, sql, &[]).await;
    let names: Vec<&str> = row.columns().iter().map(tiberius::Column::name).collect();
    assert_eq!(
        names,
        [
            "", "total", "latest", "", "score", "rounded", "", "joined", "", "large", "text",
            "today", "id", "mean"
        ]
    );
    assert_eq!(row.get::<i32, _>(0), Some(1));
    assert_eq!(row.get::<Decimal, _>("total"), Some(Decimal::new(9350, 2)));
    assert_eq!(
        row.get::<NaiveDateTime, _>("latest"),
        Some(at("2026-01-02T03:04:05"))
    );
    assert_eq!(row.get::<i32, _>(3), Some(93));
    assert_eq!(row.get::<Decimal, _>("score"), Some(Decimal::new(9350, 2)));
    assert_eq!(row.get::<Decimal, _>("rounded"), Some(Decimal::new(101, 2)));
    assert_eq!(row.get::<i32, _>(6), Some(3));
    assert_eq!(row.get::<&str, _>("joined"), Some("aabc"));
    assert_eq!(row.get::<Decimal, _>(8), Some(Decimal::new(150, 2)));
    assert_eq!(
        row.get::<Decimal, _>("large"),
        Some(Decimal::from(12_345_678_901_i64))
    );
    assert_eq!(row.get::<&str, _>("text"), Some("93.50!"));
    assert!(row.get::<NaiveDateTime, _>("today").unwrap() > at("2020-01-01T00:00:00"));
    assert!(row.get::<Uuid, _>("id").is_some());
    assert_eq!(
        row.get::<Decimal, _>("mean"),
        Some(Decimal::new(93_500_000, 6))
    );
    embedded.shutdown().await;
}

#[tokio::test]
async fn an_expression_whose_first_rows_are_null_or_small_has_a_type_for_all_rows() {
    let embedded = with_script("CREATE TABLE n (v INT); INSERT INTO n VALUES (1), (2), (3);").await;
    let mut client = connect(&embedded).await;
    let sql = "SELECT CASE v WHEN 1 THEN NULL WHEN 2 THEN 5 ELSE CAST(5000000000 AS BIGINT) END AS x, \
        CASE v WHEN 1 THEN NULL ELSE 'text' + CAST(v AS NVARCHAR(5)) END AS y FROM n ORDER BY v";
    let rows = client
        .query(sql, &[])
        .await
        .unwrap()
        .into_first_result()
        .await
        .unwrap();
    let seen: Vec<(Option<i64>, Option<&str>)> =
        rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(
        seen,
        [
            (None, None),
            (Some(5), Some("text2")),
            (Some(5_000_000_000), Some("text3"))
        ]
    );
    embedded.shutdown().await;
}

#[tokio::test]
async fn a_value_too_large_for_its_column_is_an_error_not_another_value() {
    let embedded = with_script(
        "CREATE TABLE n (v TINYINT, t NVARCHAR(3)); INSERT INTO n VALUES (300, 'abcd');",
    )
    .await;
    let mut client = connect(&embedded).await;
    let result = client
        .query("SELECT v FROM n", &[])
        .await
        .unwrap()
        .into_first_result()
        .await;
    assert_eq!(server_error(result).0, 8115);
    let result = client
        .query("SELECT t FROM n", &[])
        .await
        .unwrap()
        .into_first_result()
        .await;
    assert_eq!(server_error(result).0, 8152);
    assert_eq!(
        row(&mut client, "SELECT 1", &[]).await.get::<i32, _>(0),
        Some(1)
    );
    embedded.shutdown().await;
}

#[tokio::test]
async fn a_parameter_may_be_used_twice_and_in_any_order() {
    let embedded = with_script(EVERY_TYPE).await;
    let mut client = connect(&embedded).await;
    let text: Cow<'_, str> = "b".into();
    let row = row(
        &mut client,
        "SELECT @p2 AS second, @P1 AS first, @P2 + N'-' + @P2 AS twice",
        &[&1_i32, &text],
    )
    .await;
    assert_eq!(row.get::<&str, _>("second"), Some("b"));
    assert_eq!(row.get::<i32, _>("first"), Some(1));
    assert_eq!(row.get::<&str, _>("twice"), Some("b-b"));
    embedded.shutdown().await;
}
