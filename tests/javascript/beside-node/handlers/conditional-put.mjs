// Created once: the second time is a conflict, in the words of this API.
import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';

const documents = DynamoDBDocumentClient.from(new DynamoDBClient(), { marshallOptions: { removeUndefinedValues: true, convertClassInstanceToMap: true } });

class Money {
  constructor(amount, currency) {
    this.amount = amount;
    this.currency = currency;
  }
}

export const handler = async ({ arguments: { input } }) => {
  const TableName = process.env.TABLE;
  const Key = { PK: `PRODUCT#${input.id}`, SK: 'PRODUCT' };
  const Item = { ...Key, ...input, price: new Money(input.price, 'EUR'), labels: new Set(['new', 'sale']), note: undefined, sizes: [1.5, 2] };
  try {
    await documents.send(new PutCommand({ TableName, Item, ConditionExpression: 'attribute_not_exists(PK)' }));
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException && error.name === 'ConditionalCheckFailedException') {
      throw new Error(`product ${input.id} exists already (${error.message}, ${error.$metadata.httpStatusCode})`);
    }
    throw error;
  }
  const stored = await documents.send(new GetCommand({ TableName, Key, ConsistentRead: true }));
  return { ...stored.Item, labels: [...stored.Item.labels].sort() };
};
