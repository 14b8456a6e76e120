// `aws-sdk/clients/dynamodb`, the second generation.
module.exports = require('./sdk2.cjs').DynamoDB;
