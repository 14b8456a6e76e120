// Greetings, from DynamoDB.
import { dynamodb } from 'mayfly';

export const resolvers = {
  Query: {
    greeting: ({ language }) => dynamodb.table('Greetings').get({ language }),
  },
};
