// Greetings, from DynamoDB. `mayfly codegen --out modules/greetings/schema.ts` writes the types after a change of the schema.
import { dynamodb } from 'mayfly';
import type { Greeting, GreetingsResolvers } from './schema';

export const resolvers: GreetingsResolvers = {
  Query: {
    greeting: ({ language }) => dynamodb.table('Greetings').get<Greeting>({ language }),
  },
};
