// Many items at once, in the order they were asked for, each key once.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchGetCommand, DynamoDBDocument } from '@aws-sdk/lib-dynamodb';

const documents = DynamoDBDocument.from(new DynamoDBClient({ region: process.env.AWS_REGION }), { marshallOptions: { removeUndefinedValues: true } });

export async function handler({ arguments: { ids } }) {
  const TableName = process.env.TABLE;
  const unique = [...new Set(ids)];
  const found = new Map();
  for (let at = 0; at < unique.length; at += 3) {
    let wanted = { [TableName]: { Keys: unique.slice(at, at + 3).map((id) => ({ PK: `PRODUCT#${id}`, SK: 'PRODUCT' })), ConsistentRead: true } };
    while (wanted && Object.keys(wanted).length > 0) {
      const { Responses, UnprocessedKeys } = await documents.send(new BatchGetCommand({ RequestItems: wanted }));
      for (const item of Responses[TableName]) found.set(item.id, item);
      wanted = UnprocessedKeys;
    }
  }
  return ids.map((id) => {
    const item = found.get(id);
    return item ? { id: item.id, title: item.title, price: item.price, available: item.stock > 0 } : null;
  });
}
