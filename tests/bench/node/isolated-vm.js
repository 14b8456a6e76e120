// A fresh isolate per request: mercurius with its JIT, as in mercurius.js, whose resolver runs in an isolate of its own.
//
// Made as cheap as isolated-vm allows: resolver and data come from a heap snapshot instead of being compiled per request, the calls
// are the synchronous ones (no hop to another thread), and what crosses is one JSON text. The isolate is disposed of before the
// answer is written. The memory limit is that of the Mayfly modules.

import Fastify from 'fastify'
import ivm from 'isolated-vm'
import mercurius from 'mercurius'
import { announce, assessments, HOST, STUDENT, typeDefs } from './workload.js'

const MEMORY_LIMIT_MIB = 16

const code = `
  const assessments = ${JSON.stringify(assessments)};
  function report({ studentId }) {
    return studentId === ${JSON.stringify(STUDENT)} ? assessments : [];
  }
  function resolve(text) {
    return JSON.stringify(report(JSON.parse(text)));
  }
`
const snapshot = ivm.Isolate.createSnapshot([{ code }])

const resolvers = {
  Query: {
    report(_, args) {
      const isolate = new ivm.Isolate({ memoryLimit: MEMORY_LIMIT_MIB, snapshot })
      try {
        const context = isolate.createContextSync()
        const resolve = context.global.getSync('resolve', { reference: true })
        return JSON.parse(resolve.applySync(undefined, [JSON.stringify(args)]))
      } finally {
        isolate.dispose()
      }
    },
  },
}

const app = Fastify({ logger: false })
app.register(mercurius, { schema: typeDefs, resolvers, jit: 1 })
await app.listen({ host: HOST, port: 0 })
announce(app.server.address().port)
