// What every Node peer serves: the data, the schema and the resolver of workload A, and how it announces where it listens.

import { readFileSync } from 'node:fs'

export const assessments = JSON.parse(readFileSync(new URL('../data/assessments.json', import.meta.url), 'utf8'))

export const STUDENT = 'S1'

export const typeDefs = `
  type Query {
    report(studentId: ID!): [Assessment!]!
  }

  type Assessment {
    id: ID!
    name: String!
    grade: Int!
    readingLevel: String!
    score: Float!
    takenAt: String!
    active: Boolean!
  }
`

export const resolvers = {
  Query: {
    report: (_, { studentId }) => (studentId === STUDENT ? assessments : []),
  },
}

export const HOST = '127.0.0.1'

/** Tells the driver where to send requests. */
export function announce(port) {
  console.log(`listening ${HOST}:${port}`)
}
