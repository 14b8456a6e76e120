// Apollo Server, standalone, with its own document cache (on by default).

import { ApolloServer } from '@apollo/server'
import { startStandaloneServer } from '@apollo/server/standalone'
import { announce, HOST, resolvers, typeDefs } from './workload.js'

const server = new ApolloServer({ typeDefs, resolvers, includeStacktraceInErrorResponses: false })
const { url } = await startStandaloneServer(server, { listen: { host: HOST, port: 0 } })
announce(new URL(url).port)
