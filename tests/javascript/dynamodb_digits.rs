//! Numbers of DynamoDB with more digits than JavaScript keeps: written whole, and an error where they cannot be read.

use mayfly_tests::{TestHost, repository};
use serde_json::json;

use super::{built, script};

const CODE: &str = r"
const { DynamoDBClient, GetItemCommand, PutItemCommand, ScanCommand, paginateScan } = require('@aws-sdk/client-dynamodb');
const { DynamoDBDocument } = require('@aws-sdk/lib-dynamodb');
const { DocumentClient } = require('aws-sdk/clients/dynamodb');
const raw = new DynamoDBClient();
const plain = DynamoDBDocument.from(raw);
const TableName = 'Shop';
const Key = { PK: 'DIGITS', SK: 'ONE' };
const rawKey = { PK: { S: 'DIGITS' }, SK: { S: 'ONE' } };
const told = (promise) => promise.catch((error) => error.message);
exports.resolvers = {
  Query: {
    read: async () => {
      await raw.send(new PutItemCommand({ TableName, Item: { ...rawKey, n: { N: '9007199254740993' }, other: { N: '1' } } }));
      return [
        await told(raw.send(new GetItemCommand({ TableName, Key: rawKey }))),
        await told(plain.get({ TableName, Key })),
        (await plain.get({ TableName, Key, ProjectionExpression: 'other' })).Item,
        (await new DocumentClient().get({ TableName, Key }).promise()).Item.n,
      ];
    },
    scans: async () => [
      await told(raw.send(new ScanCommand({ TableName }))),
      await told((async () => { for await (const page of paginateScan({ client: raw }, { TableName })) return page; })()),
    ],
    canceled: async () => {
      const check = { ConditionCheck: { TableName, Key: { PK: 'NONE', SK: 'NONE' }, ConditionExpression: 'attribute_exists(PK)' } };
      const put = { Put: { TableName, Item: { ...Key, SK: 'TWO' }, ConditionExpression: 'attribute_exists(n)' } };
      const failed = await plain.transactWrite({ TransactItems: [put, check] }).catch((error) => error);
      return [failed.name, failed.CancellationReasons ?? null];
    },
  },
};
";

#[tokio::test]
async fn a_number_that_cannot_be_read_whole_is_an_error_and_what_is_not_known_is_not_told() {
    let schema =
        "scalar Any\ntype Query { read: Any @script scans: Any @script canceled: Any @script }";
    let more = format!(
        "[modules.script.grants]\ndynamodb.Shop = [\"get\", \"put\", \"check\"]\n[dynamodb]\nendpoint = \"embedded\"\nregion = \"us-east-1\"\n[embedded]\nseed = \"{}\"",
        repository()
            .join("tests/javascript/beside-node/seed")
            .display()
    );
    let host = TestHost::start(built(script("module.js", CODE, schema, &more))).await;
    let answer = host.query("{ read scans canceled }").await;
    let unreadable = "a number of about 9007199254740992 has more digits than a resolver can read; leave its attribute out with ProjectionExpression, or store it as text";
    assert_eq!(
        answer["data"],
        json!({
            "read": [unreadable, unreadable, { "other": 1 }, 9007199254740992u64],
            "scans": [
                "scan is not available in resolvers; there are get, batchGet, query, put, update, delete, transactWrite",
                "paginateScan is not available in resolvers, which cannot scan a table; use paginateQuery with its key or an index"
            ],
            // Either may be the one whose condition failed.
            "canceled": ["TransactionCanceledException", null]
        }),
        "{answer}"
    );
}
