use crate::backends::*;
use mayfly_embedded::Options;
#[tokio::test]
async fn scratch() {
    let e = mayfly_embedded::Embedded::start(Options { seed: Some("/work/main/guest/apps/students/seed".into()), ..Options::default() }).await.unwrap();
    use mayfly_config::*;
    let p = |n: &str, t, list| Parameter { name: n.into(), sql_type: t, list, output: false };
    let st = Statement { name: "a".into(), backend: "school".into(), body: Body::Text("SELECT id, student_id, type, score, taken_at
FROM Assessments
WHERE student_id IN (@ids)
  AND (@type IS NULL OR type = @type)
  AND (@from IS NULL OR taken_at >= @from)
  AND (@to IS NULL OR taken_at < @to)
ORDER BY student_id, taken_at, id".into()), access: Access::Read,
        parameters: vec![p("ids", SqlType::NVarChar(Some(64)), true), p("type", SqlType::NVarChar(Some(32)), false), p("from", SqlType::Date, false), p("to", SqlType::Date, false)],
        columns: vec![("score".into(), SqlType::Decimal { precision: 5, scale: 2 }), ("taken_at".into(), SqlType::DateTime2)], max_rows: 10000, timeout: std::time::Duration::from_secs(5), bigint_as_string: false, alters_session: false };
    let rec = Statement { name: "r".into(), body: Body::Text("INSERT INTO Assessments (id, student_id, type, score, taken_at, idempotency_key)
VALUES (@id, @student_id, @type, @score, @taken_at, @key)".into()), access: Access::Write, columns: vec![], parameters: vec![p("id", SqlType::NVarChar(Some(64)), false), p("student_id", SqlType::NVarChar(Some(64)), false), p("type", SqlType::NVarChar(Some(32)), false), p("score", SqlType::Decimal { precision: 5, scale: 2 }, false), p("taken_at", SqlType::DateTime2, false), p("key", SqlType::NVarChar(Some(64)), false)], ..st.clone() };
    let s = mayfly_pools::SqlServer::new(&sqlserver_config(), Some(e.addresses().sqlserver), &[st, rec]).unwrap();
    let d = e.addresses();
    let s = session(&s);
    let dynamo = mayfly_pools::DynamoDb::connect(&mayfly_config::DynamoDb { endpoint: Place::Embedded, region: None, max_in_flight: 4, coalesce: true, timeout: std::time::Duration::from_secs(3), max_attempts: 2 }, Some(d.dynamodb)).await;
    println!("{:?}", dynamo.get("Students", r#"{"PK":"STUDENT#S1","SK":"PROFILE"}"#, &all(), soon()).await);
    println!("{:?}", s.execute("r", r#"{"id":"zz","student_id":"zz","type":"FLUENCY","score":"12.5","taken_at":"2026-03-01T10:11:12.5","key":"k1"}"#, soon()).await);
    println!("{:?}", s.execute("r", r#"{"id":"zz2","student_id":"zz","type":"FLUENCY","score":null,"taken_at":"2026-03-01T10:11:12.5","key":"k1"}"#, soon()).await);
    println!("{:?}", s.query("a", r#"{"ids":["zz"],"type":"FLUENCY","from":"2026-03-01","to":"2026-03-02"}"#, soon()).await);
    println!("{:?}", s.query("a", r#"{"ids":["zz","a","b"],"type":null,"from":null,"to":"2026-03-01"}"#, soon()).await);
    let all = s.query("a", r#"{"ids":["S1","S2","S3"],"type":null,"from":null,"to":null}"#, soon()).await.unwrap();
    println!("{}", &all[..all.len().min(400)]);
}
