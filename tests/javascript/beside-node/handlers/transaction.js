// An order and the stock it takes, both or neither.
const { DocumentClient } = require('aws-sdk/clients/dynamodb');

const documents = new DocumentClient({ apiVersion: '2012-08-10' });
const TableName = process.env.TABLE;

exports.handler = async ({ arguments: { customer, product, count, order } }) => {
  const stock = { PK: `PRODUCT#${product}`, SK: 'PRODUCT' };
  try {
    await documents.transactWrite({
      TransactItems: [
        { Put: { TableName, Item: { PK: `CUSTOMER#${customer}`, SK: `ORDER#${order}`, order, items: [{ product, count }] }, ConditionExpression: 'attribute_not_exists(PK)' } },
        { Update: { TableName, Key: stock, UpdateExpression: 'SET stock = stock - :count', ConditionExpression: 'stock >= :count', ExpressionAttributeValues: { ':count': count } } },
        { ConditionCheck: { TableName, Key: { PK: `CUSTOMER#${customer}`, SK: 'PROFILE' }, ConditionExpression: 'attribute_exists(id)' } },
      ],
    }).promise();
  } catch (error) {
    if (error.code !== 'TransactionCanceledException') throw error;
    return { placed: false, stock: (await documents.get({ TableName, Key: stock }).promise()).Item.stock };
  }
  const { Attributes } = await documents.update({
    TableName,
    Key: stock,
    UpdateExpression: 'SET lastOrder = :order ADD sold :count REMOVE obsolete',
    ExpressionAttributeValues: { ':order': order, ':count': count },
    ReturnValues: 'ALL_NEW',
  }).promise();
  return { placed: true, stock: Attributes.stock, sold: Attributes.sold, lastOrder: Attributes.lastOrder };
};
