// Pages of a partition, newest first, with a token that clients send back.
const AWS = require('aws-sdk');

const documents = new AWS.DynamoDB.DocumentClient();
const encode = (key) => Buffer.from(JSON.stringify(key, Object.keys(key).sort())).toString('base64');
const decode = (token) => JSON.parse(Buffer.from(token, 'base64').toString('utf-8'));

exports.handler = async ({ arguments: { customer, limit = 5, nextToken, status } }) => {
  const request = {
    TableName: process.env.TABLE,
    KeyConditionExpression: 'PK = :pk AND begins_with(SK, :prefix)',
    ExpressionAttributeValues: { ':pk': `CUSTOMER#${customer}`, ':prefix': 'ORDER#' },
    ScanIndexForward: false,
    Limit: limit,
  };
  if (status) {
    request.FilterExpression = '#status = :status';
    request.ExpressionAttributeNames = { '#status': 'status' };
    request.ExpressionAttributeValues[':status'] = status;
  }
  if (nextToken) request.ExclusiveStartKey = decode(nextToken);
  const items = [];
  do {
    const page = await documents.query(request).promise();
    items.push(...page.Items);
    request.ExclusiveStartKey = page.LastEvaluatedKey;
  } while (status && request.ExclusiveStartKey && items.length < limit);
  return {
    items: items.map(({ order, total, placedAt }) => ({ order, total, placedAt })),
    nextToken: request.ExclusiveStartKey ? encode(request.ExclusiveStartKey) : null,
  };
};
