// graphql-yoga on Node's http server, with its own caches of parsed and validated documents (on by default).

import { createServer } from 'node:http'
import { createSchema, createYoga } from 'graphql-yoga'
import { announce, HOST, resolvers, typeDefs } from './workload.js'

const yoga = createYoga({ schema: createSchema({ typeDefs, resolvers }), logging: false, graphiql: false, landingPage: false })
const server = createServer(yoga)
server.listen(0, HOST, () => announce(server.address().port))
