// mercurius on fastify, with its JIT: the first execution compiles the query, all further ones run the compiled function.

import Fastify from 'fastify'
import mercurius from 'mercurius'
import { announce, HOST, resolvers, typeDefs } from './workload.js'

const app = Fastify({ logger: false })
app.register(mercurius, { schema: typeDefs, resolvers, jit: 1 })
await app.listen({ host: HOST, port: 0 })
announce(app.server.address().port)
