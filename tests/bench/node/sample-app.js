// Workload B: the sample app as one would write it for Node: mercurius with its JIT, the AWS SDK's document client, mssql's pool of as
// many connections as Mayfly's. Arguments: where DynamoDB and SQL Server are.

import { readFileSync } from 'node:fs'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb'
import Fastify from 'fastify'
import mercurius from 'mercurius'
import sql from 'mssql'
import { announce, HOST } from './workload.js'

const [dynamodb, sqlserver] = process.argv.slice(2)
const [server, port] = sqlserver.split(':')

const documents = DynamoDBDocumentClient.from(
  new DynamoDBClient({
    endpoint: `http://${dynamodb}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'embedded', secretAccessKey: 'embedded' },
  }),
)

const pool = await sql.connect({
  server,
  port: Number(port),
  database: 'School',
  user: 'mayfly',
  password: 'mayfly',
  options: { encrypt: false },
  pool: { min: 1, max: 8 },
})

const ASSESSMENTS = `
  SELECT id, student_id, type, score, taken_at
  FROM Assessments
  WHERE student_id = @id
    AND (@type IS NULL OR type = @type)
    AND (@from IS NULL OR taken_at >= @from)
    AND (@to IS NULL OR taken_at < @to)
  ORDER BY taken_at, id`

async function student(_, { id }) {
  const Key = { PK: `STUDENT#${id}`, SK: 'PROFILE' }
  const { Item } = await documents.send(new GetCommand({ TableName: 'Students', Key }))
  return Item ?? null
}

async function assessments(student, { type, dateRange }) {
  // The day after the last one: times of day then need no thought.
  const after = dateRange && new Date(Date.parse(dateRange.to) + 86_400_000)
  const { recordset } = await pool
    .request()
    .input('id', sql.NVarChar(64), student.id)
    .input('type', sql.NVarChar(32), type ?? null)
    .input('from', sql.Date, dateRange ? new Date(dateRange.from) : null)
    .input('to', sql.Date, after ?? null)
    .query(ASSESSMENTS)
  return recordset.map((row) => ({
    id: row.id,
    studentId: row.student_id,
    type: row.type,
    score: row.score,
    takenAt: row.taken_at.toISOString(),
    studentGrade: student.grade,
    readingLevel: student.readingLevel,
    processedAt: new Date().toISOString(),
  }))
}

const schema = readFileSync(new URL('../../../guest/apps/students/schema.graphql', import.meta.url), 'utf8')
const app = Fastify({ logger: false })
app.register(mercurius, { schema, resolvers: { Query: { student }, Student: { assessments } }, jit: 1 })
await app.listen({ host: HOST, port: 0 })
announce(app.server.address().port)
