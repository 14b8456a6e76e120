// Assessments, as a Lambda function behind AppSync answers them: a client at module level, a switch over the field, events one by one or
// in a batch. Only the statements of SQL moved, into mayfly.toml.
const { randomUUID } = require('crypto');
const AWS = require('aws-sdk');
const { sql } = require('mayfly');

const documents = new AWS.DynamoDB.DocumentClient();

/** Remembers every connection it made, and forgets none. */
const database = {
  connections: [],
  connect() {
    const connection = { number: this.connections.length + 1, log: 'x'.repeat(10000), query: sql.query, execute: sql.execute };
    this.connections.push(connection);
    return connection;
  },
};

class ApplicationError extends Error {
  constructor(errorType, message) {
    super(message);
    this.errorType = errorType;
  }
}

const invalid = (argument, problem) => new ApplicationError('INVALID_ARGUMENT', `argument \`${argument}\`: ${problem}`);

async function profileOf(id) {
  const { Item } = await documents.get({
    TableName: process.env.STUDENTS_TABLE,
    Key: { PK: `STUDENT#${id}`, SK: 'PROFILE' },
    ProjectionExpression: 'id, grade, readingLevel',
  }).promise();
  if (!Item) throw new ApplicationError('STUDENT_NOT_FOUND', `student \`${id}\` does not exist`);
  return Item;
}

function day(argument, text) {
  const date = new Date(`${text}T00:00:00Z`);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(date.getTime()) || !date.toISOString().startsWith(text)) {
    throw invalid(argument, `\`${text}\` is not a date (expected YYYY-MM-DD)`);
  }
  return date;
}

function days(range) {
  if (!range) return {};
  const [from, to] = [day('dateRange.from', range.from), day('dateRange.to', range.to)];
  if (to < from) throw invalid('dateRange', `\`to\` (${range.to}) is before \`from\` (${range.from})`);
  to.setUTCDate(to.getUTCDate() + 1);
  return { from: range.from, to: to.toISOString().slice(0, 10) };
}

const time = (text) => new Date(`${text.slice(0, 23)}Z`).toISOString();

const enrich = (row, student) => ({
  id: row.id,
  studentId: row.student_id,
  type: row.type,
  score: Number(row.score),
  takenAt: time(row.taken_at),
  studentGrade: student.grade,
  readingLevel: student.readingLevel,
  processedAt: new Date().toISOString(),
});

const rowsOf = (ids, type, range) =>
  database.connect().query('assessments_by_student', { ids, type: type ?? null, from: null, to: null, ...days(range) });

async function assessments({ studentId, assessmentType, dateRange }) {
  const [student, rows] = await Promise.all([profileOf(studentId), rowsOf([studentId], assessmentType, dateRange)]);
  return rows.map((row) => enrich(row, student));
}

/** The events of a batch have the same arguments, and a student each. */
async function assessmentsOfStudents(events) {
  const { type, dateRange } = events[0].arguments;
  const rows = await rowsOf([...new Set(events.map(({ source }) => source.id))].sort(), type, dateRange);
  return events.map(({ source }) => rows.filter((row) => row.student_id === source.id).map((row) => enrich(row, source)));
}

async function recordAssessment({ input }) {
  const { studentId, type, score, takenAt, idempotencyKey: key } = input;
  if (!(score >= 0 && score <= 100)) throw invalid('input.score', `${score} is not between 0 and 100`);
  if (key.length < 1 || key.length > 64) throw invalid('input.idempotencyKey', `it has ${key.length} characters, not 1 to 64`);
  const taken = new Date(takenAt);
  if (Number.isNaN(taken.getTime())) throw invalid('input.takenAt', `\`${takenAt}\` is not a date and time (expected YYYY-MM-DDThh:mm:ssZ or an offset)`);
  const connection = database.connect();
  const find = async () => (await connection.query('assessment_by_key', { key }))[0];
  const [student, recorded] = await Promise.all([profileOf(studentId), find()]);
  let row = recorded;
  if (!row) {
    row = { id: randomUUID(), student_id: studentId, type, score: score.toFixed(2), taken_at: taken.toISOString().slice(0, 23) };
    try {
      await connection.execute('record_assessment', { ...row, key });
    } catch (error) {
      row = error.code === 'conflict' ? await find() : undefined;
      if (!row) throw error;
    }
  }
  if (row.student_id !== studentId) throw invalid('input.idempotencyKey', "it was used for another student's assessment");
  return enrich(row, student);
}

exports.handler = async (event, context) => {
  if (Array.isArray(event)) return assessmentsOfStudents(event);
  console.info('answering %s with %d ms left', event.info.fieldName, context.getRemainingTimeInMillis());
  switch (event.info.fieldName) {
    case 'assessments': return assessments(event.arguments);
    case 'recordAssessment': return recordAssessment(event.arguments);
    default: throw new Error(`no resolver for ${event.info.parentTypeName}.${event.info.fieldName}`);
  }
};
