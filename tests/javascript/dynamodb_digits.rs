//! Numbers of DynamoDB with more digits than JavaScript keeps are written and read whole; and what the SDK of AWS cannot have here.

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
        (await raw.send(new GetItemCommand({ TableName, Key: rawKey }))).Item.n,
        String((await plain.get({ TableName, Key })).Item.n),
        (await new DocumentClient().get({ TableName, Key }).promise()).Item.n,
      ];
    },
    scans: async () => [
      await told(raw.send(new ScanCommand({ TableName }))),
      await told((async () => { for await (const page of paginateScan({ client: raw }, { TableName })) return page; })()),
    ],
    refused: async () => {
      const ReturnValuesOnConditionCheckFailure = 'ALL_OLD';
      const given = { TableName, Key, ConditionExpression: 'attribute_exists(n)', ReturnValuesOnConditionCheckFailure };
      const middleware = async () => raw.middlewareStack.add((next) => next, { step: 'build' });
      const event = async () => new DocumentClient().get({ TableName, Key }).on('build', () => {});
      return [
        await told(plain.put({ ...given, Item: Key })),
        await told(plain.update(given)),
        await told(plain.delete(given)),
        await told(plain.transactWrite({ TransactItems: [{ ConditionCheck: given }] })),
        await told(plain.put({ TableName, Item: { ...Key, SK: 'THREE' }, ReturnValuesOnConditionCheckFailure: 'NONE' }).then(() => 'written')),
        await told(middleware()),
        await told(event()),
      ];
    },
    canceled: async () => {
      const check = { ConditionCheck: { TableName, Key: { PK: 'NONE', SK: 'NONE' }, ConditionExpression: 'attribute_exists(PK)' } };
      const put = { Put: { TableName, Item: { ...Key, SK: 'TWO' }, ConditionExpression: 'attribute_exists(n)' } };
      const failed = await plain.transactWrite({ TransactItems: [put, check] }).catch((error) => error);
      return [failed.name, failed.CancellationReasons.map(({ Code }) => Code)];
    },
  },
};
";

#[tokio::test]
async fn numbers_are_read_whole_and_what_there_is_not_says_so() {
    let schema = "scalar Any\ntype Query { read: Any @script scans: Any @script refused: Any @script canceled: Any @script }";
    let more = format!(
        "[modules.script.grants]\ndynamodb.Shop = [\"get\", \"put\", \"update\", \"delete\", \"check\"]\n[dynamodb]\nendpoint = \"embedded\"\nregion = \"us-east-1\"\n[embedded]\nseed = \"{}\"",
        repository()
            .join("tests/javascript/beside-node/seed")
            .display()
    );
    let host = TestHost::start(built(script("module.js", CODE, schema, &more))).await;
    let answer = host.query("{ read scans refused canceled }").await;
    assert_eq!(
        answer["data"],
        json!({
            "read": [{ "N": "9007199254740993" }, "9007199254740993", 9007199254740992u64],
            "scans": [
                "scan is not available in resolvers; there are get, batchGet, query, put, update, delete, transactWrite",
                "paginateScan is not available in resolvers, which cannot scan a table; use paginateQuery with its key or an index"
            ],
            "refused": [
                "ReturnValuesOnConditionCheckFailure \"ALL_OLD\" of put is not available in resolvers; leave it out, and read the item after the condition failed",
                "ReturnValuesOnConditionCheckFailure \"ALL_OLD\" of update is not available in resolvers; leave it out, and read the item after the condition failed",
                "ReturnValuesOnConditionCheckFailure \"ALL_OLD\" of delete is not available in resolvers; leave it out, and read the item after the condition failed",
                "ReturnValuesOnConditionCheckFailure \"ALL_OLD\" of ConditionCheck in transactWrite is not available in resolvers; leave it out, and read the item after the condition failed",
                "written",
                "middleware of the step \"build\" is not available in resolvers, which send no HTTP requests of their own; there is \"initialize\"",
                "the event \"build\" of a request is not available in resolvers; there are validate, send, extractData, extractError, success, error, complete"
            ],
            "canceled": ["TransactionCanceledException", ["ConditionalCheckFailed", "ConditionalCheckFailed"]]
        }),
        "{answer}"
    );
}
