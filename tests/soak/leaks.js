// What Mayfly replaces, in thirty lines: a Node server whose module-level array keeps the result of every request.
//
// It answers the soak's requests as Mayfly's guests do, with less harm: where a guest leaks a mebibyte or aborts, it keeps a number
// or an error, so that all it ever loses is the array nobody empties. Plain `node:http`, no packages.

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

const source = readFileSync(new URL('../bench/data/assessments.json', import.meta.url), 'utf8')
const kept = []

const fields = {
  report: () => JSON.parse(source),
  reportKept: () => JSON.parse(source),
  leaks: () => 1,
  traps: () => { throw new Error('the resolver crashed') },
  grows: () => { throw new Error('memory cap reached') },
}

function answer(body) {
  const field = /\{\s*(\w+)/.exec(JSON.parse(body).query)[1]
  try {
    const result = fields[field]()
    kept.push(result)
    return JSON.stringify({ data: { [field]: result } })
  } catch (error) {
    kept.push(error)
    const errors = [{ message: error.message, path: [field] }]
    return JSON.stringify({ errors, data: { [field]: null } })
  }
}

const server = createServer((request, response) => {
  const parts = []
  request.on('data', (part) => parts.push(part))
  request.on('end', () => {
    const text = answer(Buffer.concat(parts).toString())
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    response.end(text)
  })
})
server.listen(0, '127.0.0.1', () => console.log(`listening 127.0.0.1:${server.address().port}`))
