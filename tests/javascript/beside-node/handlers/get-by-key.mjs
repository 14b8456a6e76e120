// One item by its key, some of its attributes, and null where there is none.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';

const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}));

export const handler = async (event) => {
  const { id, short } = event.arguments;
  const { Item } = await documents.send(new GetCommand({
    TableName: process.env.TABLE,
    Key: { PK: `CUSTOMER#${id}`, SK: 'PROFILE' },
    ...(short ? { ProjectionExpression: '#id, #name', ExpressionAttributeNames: { '#id': 'id', '#name': 'name' } } : {}),
  }));
  if (!Item) return null;
  const { tags, ...rest } = Item;
  return tags ? { ...rest, tags: [...tags].sort() } : rest;
};
