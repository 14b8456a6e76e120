// A page put together of several reads that overlap.
import { DynamoDBClient, GetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';

const client = new DynamoDBClient({});
const TableName = process.env.TABLE;

const get = async (key) => {
  const { Item } = await client.send(new GetItemCommand({ TableName, Key: marshall(key) }));
  return Item && unmarshall(Item);
};

const orders = async (customer) => {
  const { Items, Count } = await client.send(new QueryCommand({
    TableName,
    KeyConditionExpression: 'PK = :pk AND SK BETWEEN :from AND :to',
    ExpressionAttributeValues: marshall({ ':pk': `CUSTOMER#${customer}`, ':from': 'ORDER#2026-02', ':to': 'ORDER#2026-06' }),
  }));
  return { count: Count, items: Items.map((item) => unmarshall(item)) };
};

export const handler = async ({ arguments: { customer } }) => {
  const [profile, { count, items }] = await Promise.all([get({ PK: `CUSTOMER#${customer}`, SK: 'PROFILE' }), orders(customer)]);
  const wanted = [...new Set(items.flatMap((order) => order.items.map(({ product }) => product)))];
  const products = Object.fromEntries(await Promise.all(wanted.map(async (id) => [id, await get({ PK: `PRODUCT#${id}`, SK: 'PRODUCT' })])));
  const priced = items.map((order) => ({
    order: order.order,
    value: order.items.reduce((sum, { product, count: many }) => sum + products[product].price * many, 0),
  }));
  return {
    name: profile?.name ?? null,
    city: profile?.address?.city,
    lines: profile?.address?.lines,
    count,
    orders: priced,
    average: priced.reduce((sum, { value }) => sum + value, 0) / priced.length,
    largest: priced.toSorted((one, other) => other.value - one.value)[0],
  };
};
