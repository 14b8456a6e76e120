// Errors of every kind, told in the words of this API.
const AWS = require('aws-sdk');

const documents = new AWS.DynamoDB.DocumentClient({ maxRetries: 0 });

class NotFound extends Error {
  constructor(what) {
    super(`${what} was not found`);
    this.name = 'NotFound';
    this.statusCode = 404;
  }
}

const known = {
  ValidationException: () => new Error('the request was malformed'),
  ResourceNotFoundException: (error) => new Error(`no such table: ${error.code} ${error.statusCode}`),
};

exports.handler = (event, context, callback) => {
  const fail = (error) => callback((known[error.code] || ((other) => other))(error));
  switch (event.arguments.kind) {
    case 'absent':
      documents.get({ TableName: process.env.TABLE, Key: { PK: 'CUSTOMER#none', SK: 'PROFILE' } }, (error, data) => {
        if (error) return fail(error);
        return data.Item ? callback(null, data.Item) : callback(new NotFound('customer none'));
      });
      break;
    case 'malformed':
      documents.query({ TableName: process.env.TABLE, KeyConditionExpression: 'PK = :pk AND', ExpressionAttributeValues: { ':pk': 'x' } }, (error) => fail(error));
      break;
    case 'text': callback('only a text'); break;
    case 'cause':
      callback(new Error('outer', { cause: new RangeError('inner') }));
      break;
    case 'aggregate':
      Promise.any([Promise.reject(new Error('one')), Promise.reject(new Error('two'))]).catch((error) => callback(new Error(`${error.name}: ${error.errors.map(({ message }) => message).join(' and ')}`)));
      break;
    case 'type': callback(new TypeError('of a type')); break;
    default: callback(null, { fine: true });
  }
};
