// lodash from npm, over what a query found.
const _ = require('lodash');
const get = require('lodash/get');
const AWS = require('aws-sdk');

const documents = new AWS.DynamoDB.DocumentClient();

exports.handler = async ({ arguments: { customer } }) => {
  const { Items } = await documents.query({
    TableName: process.env.TABLE,
    KeyConditionExpression: 'PK = :pk AND begins_with(SK, :prefix)',
    ExpressionAttributeValues: { ':pk': `CUSTOMER#${customer}`, ':prefix': 'ORDER#' },
  }).promise();
  return {
    counts: _.countBy(Items, 'status'),
    totals: _.mapValues(_.groupBy(Items, 'status'), (orders) => _.sumBy(orders, 'total')),
    top: _.chain(Items).orderBy(['total'], ['desc']).take(3).map('order').value(),
    products: _.uniq(_.flatMap(Items, ({ items }) => _.map(items, 'product'))).sort(),
    first: get(Items, '[0].items[0].count'),
    picked: _.pick(Items[0], ['order', 'total']),
    merged: _.merge({ a: { b: 1, c: [1, 2] } }, { a: { c: [3], d: null } }),
    words: [_.camelCase('order total-value'), _.startCase('snake_case_text'), _.kebabCase('OrderTotal'), _.truncate('a long text indeed', { length: 10 })],
    chunked: _.chunk(_.range(7), 3),
    equal: _.isEqual(_.cloneDeep(Items[0]), Items[0]),
    debounced: typeof _.debounce(() => {}, 10),
    partitioned: _.partition(Items, ({ total }) => total > 50).map(({ length }) => length),
    keyed: Object.keys(_.keyBy(Items, 'order')).length,
    template: _.template('<%- name %> has <%= count %>')({ name: '<Ada>', count: Items.length }),
  };
};
